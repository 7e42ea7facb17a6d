#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/bsf.h>
#include <libavcodec/codec_desc.h>
#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>

#include "../compat.h"
#include "../contain.h"
#include "../input/input.h"
#include "../streams.h"
#include "../unsound.h"
#include "framing.h"
#include "limits.h"
#include "output.h"
#include "quirks.h"
#include "segments.h"

static bool reserve(struct filters *filters, unsigned count) {
  if (count <= filters->count) return true;
  struct filter *list = realloc(filters->list, count * sizeof(*list));
  if (!list) return false;
  for (; filters->count < count; filters->count++)
    list[filters->count] = (struct filter){.last_dts = AV_NOPTS_VALUE, .last_end = INT64_MIN, .next = AV_NOPTS_VALUE};
  filters->list = list;
  return true;
}

/*
 * `noise` divides by what the expression of `drop` results in, `filter_units` writes beyond its list of types (5.1): the embedded
 * FFmpeg is patched.
 */
static bool is_unsound(const char *filter) {
  bool ranges = av_strstart(filter, "filter_units", NULL) && strchr(filter, '-'), drops = false;
  for (const char *at = av_strstart(filter, "noise", NULL) ? filter : NULL; at && (at = strstr(at, "drop")); at++)
    drops |= !av_strstart(at, "dropamount", NULL);
  return ranges || drops;
}

static int refuse_unsound(struct session *session, const char *description) {
  int result = 0;
  for (const char *at = description; !EMBEDDED && result >= 0 && *at; at += *at == ',') {
    char *filter = av_get_token(&at, ",");
    result = !filter ? AVERROR(ENOMEM) : is_unsound(filter) ? AVERROR(EINVAL) : 0;
    av_free(filter);
  }
  if (result == AVERROR(EINVAL)) log_error(session, "bitstreamFilter: drop of noise and ranges of filter_units are not allowed");
  return result;
}

int filter_set(struct session *session, int stream, const char *description) {
  AVBSFContext *context = NULL;
  if (contain_text(session, "bitstreamFilter", description) < 0) return AVERROR(EINVAL);
  int unsound = refuse_unsound(session, description);
  if (unsound < 0) return unsound;
  struct channel *entered = channel_enter(&session->channel); /* FFmpeg logs the name of an unknown option */
  int result = av_bsf_list_parse_str(description, &context);
  channel_enter(entered);
  if (result == AVERROR_OPTION_NOT_FOUND) result = AVERROR(EINVAL);
  if (result >= 0 && stream >= 0 && !reserve(&session->output->filters, (unsigned)stream + 1)) result = AVERROR(ENOMEM);
  if (result < 0 || stream < 0) {
    av_bsf_free(&context);
    return result;
  }
  av_bsf_free(&session->output->filters.list[stream].context);
  session->output->filters.list[stream].context = context;
  return 0;
}

static int open_filter(struct session *session, AVBSFContext *context, AVStream *stream) {
  int result = avcodec_parameters_copy(context->par_in, stream->codecpar);
  context->time_base_in = stream->time_base;
  if (result >= 0) result = av_bsf_init(context);
  if (result >= 0) result = avcodec_parameters_copy(stream->codecpar, context->par_out);
  if (result < 0) log_error(session, "bitstreamFilter: it can't be used for stream %d", stream->index);
  return result;
}

/* The filter that inserts start codes, for muxers that need them and don't insert them themselves; NULL if none is needed. */
static const char *start_codes_for(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  bool h264 = parameters->codec_id == AV_CODEC_ID_H264, hevc = parameters->codec_id == AV_CODEC_ID_HEVC;
  bool has_lengths = parameters->extradata_size > 6 && parameters->extradata[0] == 1;
  uint32_t tag = parameters->codec_tag;
  if (!has_lengths || !(h264 || hevc)) return NULL;
  if (!strcmp(format->name, "avi")) return h264 && (!tag || tag == MKTAG('H', '2', '6', '4')) ? "h264_mp4toannexb" : NULL;
  if (!av_match_name(format->name, "wtv,mpeg,vcd,svcd,dvd,vob")) return NULL;
  return h264 ? "h264_mp4toannexb" : "hevc_mp4toannexb";
}

/* In the other formats packets have their headers inside. */
static bool is_from_container(const struct input *input) {
  return input && !av_match_name(input->context->iformat->name, "mpegts,mpegtsraw,hls,mpeg,h264");
}

/* The format that writes the packets: hls has another muxer inside. */
static const AVOutputFormat *writing_format(const struct session *session, const AVCodecParameters *parameters) {
  const AVOutputFormat *format = session->output->context->oformat;
  return strcmp(format->name, "hls") ? format : segment_format(session, parameters);
}

/*
 * A container may have a codec's headers only in extradata; in formats without extradata they are inserted before key frames.
 * mpegts does that itself, except for MPEG-4.
 */
static bool lacks_headers(const struct session *session, const AVCodecParameters *parameters) {
  const AVOutputFormat *format = writing_format(session, parameters);
  const uint8_t *data = parameters->extradata;
  bool start_codes = parameters->extradata_size > 4 && !data[0] && !data[1] && (data[2] == 1 || (!data[2] && data[3] == 1));
  switch (parameters->codec_id) {
  case AV_CODEC_ID_MPEG4: return start_codes && av_match_name(format->name, "mpegts,mpeg,vcd,svcd,dvd,vob,m4v");
  case AV_CODEC_ID_H264:
    if (start_codes && TS_LACKS_HEADERS && !strcmp(format->name, "mpegts")) return is_from_container(session->input);
    /* fall through */
  case AV_CODEC_ID_HEVC: return start_codes && av_match_name(format->name, "wtv,mpeg,vcd,svcd,dvd,vob,h264,hevc");
  default: return false;
  }
}

/* mp4 with the index first does not remove ADTS headers; neither does mp4 inside hls, whose check_bitstream is not called. */
static bool keeps_adts(const struct session *session, const AVStream *stream) {
  const AVOutputFormat *format = writing_format(session, stream->codecpar);
  bool in_hls = format != session->output->context->oformat;
  return is_index_first(session) || (in_hls && !strcmp(format->name, "mp4"));
}

static const char *needed_for(const struct session *session, const AVStream *stream) {
  bool aac = stream->codecpar->codec_id == AV_CODEC_ID_AAC;
  if (aac && lacks_extradata(session->output->context, stream) && keeps_adts(session, stream)) return "aac_adtstoasc";
  if (lacks_headers(session, stream->codecpar)) return "dump_extra";
  return start_codes_for(session->output->context->oformat, stream->codecpar);
}

static int add_needed(struct session *session) {
  int result = 0;
  for (unsigned i = 0; i < session->output->context->nb_streams && result >= 0; i++) {
    bool chosen = i < session->output->filters.count && session->output->filters.list[i].context;
    const char *needed = needed_for(session, session->output->context->streams[i]);
    if (chosen || !needed) continue;
    result = filter_set(session, (int)i, needed);
    if (result >= 0) session->output->filters.list[i].adds_headers = !strcmp(needed, "dump_extra");
  }
  return result;
}

/* For formats, also those of segments, that have H.264's parameter sets in packets. */
static int open_sets(struct session *session, struct filter *filter, const AVStream *stream) {
  const AVOutputFormat *format = segment_format(session, stream->codecpar);
  bool has_them = start_codes_for(format, stream->codecpar) || av_match_name(format->name, "mpegts,h264");
  return has_them ? parameter_sets_read(&filter->sets, stream->codecpar) : 0;
}

static int open_unpacking(struct session *session, struct filter *filter, AVStream *stream) {
  const AVOutputFormat *format = segment_format(session, stream->codecpar);
  return unpacks_latm(format, stream->codecpar) ? latm_open(&filter->latm, stream->codecpar) : 0;
}

/* The header describes the streams after filtering. */
int filters_open(struct session *session) {
  if (!reserve(&session->output->filters, session->output->context->nb_streams)) return AVERROR(ENOMEM);
  int needed = add_needed(session);
  if (needed < 0) return needed;
  for (unsigned i = 0; i < session->output->context->nb_streams; i++) {
    struct filter *filter = &session->output->filters.list[i];
    AVStream *stream = session->output->context->streams[i];
    int result = open_sets(session, filter, stream);
    if (result < 0) return result;
    result = filter->context ? open_filter(session, filter->context, stream) : open_unpacking(session, filter, stream);
    if (result < 0) return result;
  }
  return 0;
}

/* ---------------------------------------------------------------------------------------- packets */

/* Without this, libavformat would space packets without times by one tick instead of by their durations. */
static void time_missing(struct filter *filter, const AVStream *stream, AVPacket *packet) {
  bool untimed = packet->pts == AV_NOPTS_VALUE && packet->dts == AV_NOPTS_VALUE;
  bool cover = is_picture(stream);
  if (untimed && !cover && !stream->codecpar->video_delay) packet->pts = packet->dts = filter->next;
  int64_t start = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
  if (start == AV_NOPTS_VALUE && !filter->begun) start = 0; /* libavformat starts at 0 */
  filter->next = start != AV_NOPTS_VALUE && packet->duration > 0 ? av_sat_add64(start, packet->duration) : AV_NOPTS_VALUE;
}

/* libavformat would refuse the packet without logging a reason. */
static int check_time(struct session *session, const AVStream *stream, const AVPacket *packet) {
  int delay = stream->codecpar->video_delay;
  bool timed = packet->pts != AV_NOPTS_VALUE || packet->dts != AV_NOPTS_VALUE;
  if (timed || !delay || session->output->context->oformat->flags & AVFMT_NOTIMESTAMPS) return 0;
  log_error(session, "stream %d: a packet has neither pts nor dts, and with B-frames (videoDelay %d) needs one",
           stream->index, delay);
  return AVERROR(EINVAL);
}

/* libavformat checks that dts increase, but not after a dts of 0, which it takes for unknown. */
static int check_order(struct session *session, struct filter *filter, const AVStream *stream, const AVPacket *packet) {
  int64_t last = filter->last_dts, dts = packet->dts;
  if (dts == AV_NOPTS_VALUE && !stream->codecpar->video_delay) dts = packet->pts;
  if (dts != AV_NOPTS_VALUE) filter->last_dts = dts;
  int result = check_gap(session, stream, last, dts);
  if (result < 0) return result;
  if (last != 0 || dts == AV_NOPTS_VALUE || session->output->context->oformat->flags & AVFMT_NOTIMESTAMPS) return 0;
  enum AVMediaType type = stream->codecpar->codec_type;
  bool may_stay = session->output->context->oformat->flags & AVFMT_TS_NONSTRICT || type == AVMEDIA_TYPE_SUBTITLE ||
                  type == AVMEDIA_TYPE_DATA;
  if (may_stay ? dts >= 0 : dts > 0) return 0;
  log_error(session, "non monotonically increasing dts in stream %d: 0 >= %lld", stream->index,
           (long long)dts);
  return AVERROR(EINVAL);
}

/* Removes the flags by which libavformat marks data as a pointer (uncoded frame), or as trusted. */
static void keep_plain_flags(AVPacket *packet) {
  packet->flags &= AV_PKT_FLAG_KEY | AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD | AV_PKT_FLAG_DISPOSABLE;
}

/*
 * The mpeg muxer loops for ever on a packet without data (5.1 to 9.0), also on one that a filter has made. From PCM of DVDs it
 * first removes a header of three bytes.
 */
static bool is_empty_for(const struct output *output, const AVPacket *packet) {
  enum AVCodecID codec = output->context->streams[packet->stream_index]->codecpar->codec_id;
  return packet->size <= (codec == AV_CODEC_ID_PCM_DVD ? 3 : 0) && has_quirk(output->files, NO_EMPTY_PACKETS);
}

/*
 * dvd begins a pack with each key frame. If fewer bytes than those of two times follow what is before it, it writes nothing but
 * padding, for ever (5.1 to 9.0): a frame that is so short gets no pack of its own. That can't be where all frames are key frames,
 * as libavformat marks them again.
 */
static int hide_short_key(struct session *session, AVPacket *packet) {
  enum { TIMES = 10 };
  if (packet->size >= TIMES || !has_quirk(session->output->files, ALIGNED)) return 0;
  const AVCodecParameters *parameters = session->output->context->streams[packet->stream_index]->codecpar;
  const AVCodecDescriptor *codec = avcodec_descriptor_get(parameters->codec_id);
  packet->flags &= ~AV_PKT_FLAG_KEY;
  if (parameters->codec_type != AVMEDIA_TYPE_VIDEO || !codec || !(codec->props & AV_CODEC_PROP_INTRA_ONLY)) return 0;
  log_error(session, "stream %d: a picture of %d bytes, and dvd needs at least %d", packet->stream_index, packet->size, TIMES);
  return AVERROR_INVALIDDATA;
}

/*
 * dash divides by the length of a segment, from where the one before ends to where one of its packets does: at least a
 * microsecond. The embedded one does not divide by 0.
 */
static void give_length(const AVFormatContext *output, struct filter *filter, AVPacket *packet) {
  if (!has_quirk(output->oformat, DIVIDES)) return;
  int64_t min = av_rescale_q_rnd(1, AV_TIME_BASE_Q, output->streams[packet->stream_index]->time_base, AV_ROUND_UP);
  if (packet->duration < min) packet->duration = min;
  if (!filter || packet->pts == AV_NOPTS_VALUE) return;
  int64_t end = av_sat_add64(packet->pts, packet->duration);
  bool may_begin = packet->flags & AV_PKT_FLAG_KEY && !EMBEDDED;
  if (may_begin && end <= filter->last_end) packet->duration = av_sat_add64(av_sat_sub64(filter->last_end, packet->pts), min);
  filter->last_end = FFMAX(filter->last_end, av_sat_add64(packet->pts, packet->duration));
}

/* aac_adtstoasc reads on behind a frame that is cut off, and leaves less than nothing of it (5.1 to 9.0): the embedded one is patched. */
static int check_size(struct session *session, const AVPacket *packet) {
  if (EMBEDDED || packet->size >= 0) return 0;
  log_error(session, "stream %d: a packet is cut off", packet->stream_index);
  return AVERROR_INVALIDDATA;
}

static int check_header(struct session *session, const AVPacket *packet) {
  const struct output *output = session->output;
  const AVStream *stream = output->context->streams[packet->stream_index];
  const char *lacking = lacking_in_packet(output->files, stream, packet);
  if (lacking) log_error(session, "stream %d: a packet without %s", packet->stream_index, lacking);
  return lacking ? AVERROR_INVALIDDATA : 0;
}

/*
 * All frames of TTA but the last one have the same length, which none states: a decoder can't read a shorter one elsewhere, as where
 * two files are joined. Muxers don't check that, but for tta's own.
 */
static int check_tta(struct session *session, struct filter *filter, const AVStream *stream, const AVPacket *packet) {
  const AVCodecParameters *parameters = stream->codecpar;
  enum { MAX_RATE = 0x7fffff, ROUNDED = 500 }; /* times may be rounded to milliseconds: 2 ms are the 500th part of a second */
  int rate = parameters->sample_rate;
  if (parameters->codec_id != AV_CODEC_ID_TTA || rate <= 0 || rate > MAX_RATE) return 0;
  if (filter->has_short_tta) {
    log_error(session, "stream %d: a frame of TTA before the last one is shorter than the others: it could not be decoded", stream->index);
    return AVERROR_INVALIDDATA;
  }
  int64_t samples = av_rescale_q(packet->duration, stream->time_base, (AVRational){1, rate});
  filter->has_short_tta = packet->duration > 0 && samples < rate * 256 / 245 - FFMAX(rate / ROUNDED, 1);
  return 0;
}

/* Writes a packet that has passed the filters. Takes the packet's reference. */
static int write_out(struct session *session, AVPacket *packet) {
  unsigned index = (unsigned)packet->stream_index;
  keep_plain_flags(packet);
  drop_new_tags(session->output->context->oformat, packet);
  drop_unsound(&session->channel.log, packet->stream_index, packet->side_data, &packet->side_data_elems);
  if (is_empty_for(session->output, packet)) {
    av_packet_unref(packet);
    return 0;
  }
  struct filter *filter = index < session->output->filters.count ? &session->output->filters.list[index] : NULL;
  give_length(session->output->context, filter, packet);
  int result = check_size(session, packet);
  if (result >= 0) result = hide_short_key(session, packet);
  if (result >= 0) result = check_header(session, packet);
  if (result >= 0 && filter) {
    const AVStream *stream = session->output->context->streams[index];
    drop_known_extradata(stream->codecpar, packet);
    result = check_order(session, filter, stream, packet);
    if (result >= 0) result = check_tta(session, filter, stream, packet);
  }
  if (result < 0) {
    av_packet_unref(packet);
    return result;
  }
  return av_interleaved_write_frame(session->output->context, packet);
}

static int write_filtered(struct session *session, AVBSFContext *context, AVPacket *packet) {
  int stream = packet->stream_index;
  int result = av_bsf_send_packet(context, packet);
  while (result >= 0) {
    result = av_bsf_receive_packet(context, packet);
    session->channel.log.filter_failed |= result == AVERROR_INVALIDDATA || result == AVERROR_PATCHWELCOME;
    if (result < 0) break;
    packet->stream_index = stream;
    result = write_out(session, packet);
  }
  return result == AVERROR(EAGAIN) || result == AVERROR_EOF ? 0 : result;
}

int filter_write(struct session *session, AVPacket *packet) {
  unsigned index = (unsigned)packet->stream_index;
  struct filter *filter = index < session->output->filters.count ? &session->output->filters.list[index] : NULL;
  if (filter) {
    const AVStream *stream = session->output->context->streams[index];
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT) { /* it is a cover, which is already in the header */
      av_packet_unref(packet);
      return 0;
    }
    struct log *log = &session->channel.log;
    int result = filter->latm.open ? latm_unpack(log, stream->index, &filter->latm, stream->codecpar, packet) : 0;
    if (result >= 0 && !filter->begun) {
      result = check_framing(session, stream, filter->context, packet);
      log->unframed |= result < 0;
    }
    if (result >= 0) result = check_time(session, stream, packet);
    if (result >= 0) result = parameter_sets_insert(&filter->sets, packet);
    if (result >= 0 && !strcmp(session->output->files->name, "flac")) result = flac_renumber(&filter->flac, stream, packet);
    if (result < 0) {
      av_packet_unref(packet);
      return result;
    }
    time_missing(filter, stream, packet);
    filter->begun = true;
  }
  bool passes = !filter || !filter->context || (filter->adds_headers && has_headers(filter->context->par_in, packet));
  return passes ? write_out(session, packet) : write_filtered(session, filter->context, packet);
}

int filters_drain(struct session *session) {
  AVPacket *packet = session->output->outgoing;
  int first = 0;
  for (unsigned i = 0; i < session->output->filters.count; i++) {
    AVBSFContext *context = session->output->filters.list[i].context;
    const struct latm *latm = &session->output->filters.list[i].latm;
    packet->stream_index = (int)i;
    int result = context ? write_filtered(session, context, packet) : latm_end(&session->channel.log, (int)i, latm);
    if (result < 0 && first >= 0) first = result;
  }
  return first;
}

void filters_free(struct filters *filters) {
  for (unsigned i = 0; i < filters->count; i++) {
    av_bsf_free(&filters->list[i].context);
    parameter_sets_free(&filters->list[i].sets);
  }
  free(filters->list);
}
