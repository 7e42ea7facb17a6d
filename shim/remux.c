/*
 * remux.c - packets from the session's input to its output without leaving C: choosing streams, cutting at
 * key frames, mending timestamps the way stream copy needs it. Input and output may be replaced on the way, to join
 * and to split.
 */
#include <libavutil/avstring.h>
#include <libavutil/time.h>

#include "internal.h"

struct route {
  int output_stream; /* -1: dropped */
  bool ended;
  int64_t next_dts;  /* input time base: what dts a packet without one gets */
  int64_t last_dts;  /* output time base */
  int64_t packets, bytes; /* that went to this output */
  double first, last;     /* seconds of the output, NaN before the first packet */
};

struct remux {
  struct route *routes;
  unsigned count;
  double start;      /* seconds, NaN where open */
  int64_t end;       /* AV_TIME_BASE; AV_NOPTS_VALUE where open */
  int64_t shift;     /* AV_TIME_BASE: taken from the input's times */
  int64_t least;     /* AV_TIME_BASE: what is shown before is left out; AV_NOPTS_VALUE: nothing */
  int64_t until;     /* AV_TIME_BASE: a place to begin with, from there on, ends AVS_OP_REMUX; AV_NOPTS_VALUE: none does */
  AVPacket *held;    /* that place, not written yet */
  bool holds;        /* there is one */
  int64_t packets;
  int64_t requests; /* of the session's, when a batch was last transformed */
};

static struct remux *remux_of(struct session *session) {
  if (!session->remux && (session->remux = calloc(1, sizeof(struct remux)))) {
    session->remux->start = NAN;
    session->remux->end = session->remux->until = session->remux->least = AV_NOPTS_VALUE;
  }
  return session->remux;
}

void remux_free(struct session *session) {
  if (!session->remux) return;
  av_packet_free(&session->remux->held);
  free(session->remux->routes);
  free(session->remux);
}

/* ---------------------------------------------------------------------------------------- preparation */

static struct route route_to(int output_stream) {
  return (struct route){.output_stream = output_stream, .next_dts = AV_NOPTS_VALUE, .last_dts = AV_NOPTS_VALUE,
                        .first = NAN, .last = NAN};
}

static void drop_held(struct remux *remux) {
  if (remux->holds) av_packet_unref(remux->held);
  remux->holds = false;
}

void remux_forget_input(struct session *session) {
  struct remux *remux = session->remux;
  if (!remux) return;
  drop_held(remux);
  for (unsigned i = 0; i < remux->count; i++) remux->routes[i].next_dts = AV_NOPTS_VALUE;
}

void remux_forget_output(struct session *session) {
  struct remux *remux = session->remux;
  for (unsigned i = 0; remux && i < remux->count; i++) remux->routes[i].output_stream = -1;
}

static struct route *route_of(struct remux *remux, unsigned stream) {
  if (stream >= remux->count) {
    struct route *routes = realloc(remux->routes, (stream + 1) * sizeof(*routes));
    if (!routes) return NULL;
    remux->routes = routes;
    for (; remux->count <= stream; remux->count++) routes[remux->count] = route_to(-1);
  }
  return &remux->routes[stream];
}

/* Where packets of the input's stream go; NULL: nowhere. */
static struct route *mapped_route(const struct session *session, struct remux *remux, int stream) {
  unsigned index = (unsigned)stream;
  bool is_there = index < remux->count && index < session->input->nb_streams;
  return is_there && remux->routes[index].output_stream >= 0 ? &remux->routes[index] : NULL;
}

int32_t avs_map_stream(double handle, int32_t input_stream, int32_t output_stream) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->input || !session->output) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->input->nb_streams || output_stream < 0 ||
      output_stream >= (int32_t)session->output->nb_streams)
    return AVERROR(EINVAL);
  struct remux *remux = remux_of(session);
  struct route *route = remux ? route_of(remux, (unsigned)input_stream) : NULL;
  if (!route) return AVERROR(ENOMEM);
  int64_t next_dts = route->next_dts;
  *route = route_to(output_stream);
  route->next_dts = next_dts; /* the input goes on where it is */
  const AVPacket *picture = &session->input->streams[input_stream]->attached_pic;
  AVStream *stream = session->output->streams[output_stream];
  bool cover = picture->size && is_cover_to_attach(session->output, stream);
  return cover ? attach_cover(stream, picture->data, (uint32_t)picture->size) : 0;
}

int32_t avs_route(double handle, int32_t input_stream, double *out) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->remux) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->remux->count) return AVERROR(EINVAL);
  const struct route *route = &session->remux->routes[input_stream];
  out[AVS_ROUTE_PACKETS] = (double)route->packets;
  out[AVS_ROUTE_BYTES] = (double)route->bytes;
  out[AVS_ROUTE_FIRST] = route->first;
  out[AVS_ROUTE_LAST] = route->last;
  return 0;
}

static int64_t from_seconds(double seconds) { return to_timestamp(round(seconds * AV_TIME_BASE)); }

int32_t avs_set_range(double handle, double start, double end) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  struct remux *remux = remux_of(session);
  if (!remux) return AVERROR(ENOMEM);
  remux->start = start;
  remux->end = from_seconds(end);
  for (unsigned i = 0; i < remux->count; i++) {
    remux->routes[i].ended = false;
    remux->routes[i].next_dts = AV_NOPTS_VALUE;
  }
  return 0;
}

int32_t avs_set_shift(double handle, double shift, double least) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  struct remux *remux = remux_of(session);
  if (!remux) return AVERROR(ENOMEM);
  remux->shift = isnan(shift) ? 0 : from_seconds(shift);
  remux->least = from_seconds(least);
  return 0;
}

static int discard_write(void *opaque, avs_write_bytes *buffer, int size) {
  (void)opaque, (void)buffer;
  return size;
}

static AVIOContext *discarding_context(void) {
  enum { SIZE = 4096 };
  uint8_t *buffer = av_malloc(SIZE);
  AVIOContext *context = buffer ? avio_alloc_context(buffer, SIZE, 1, NULL, NULL, discard_write, NULL) : NULL;
  if (!context) av_free(buffer);
  else context->seekable = AVIO_SEEKABLE_NORMAL;
  return context;
}

/* The muxer's own answer, for formats that have no list of codecs: does it take a file of this one stream? */
static bool try_header(struct session *session, const AVStream *stream) {
  AVFormatContext *trial = NULL;
  AVIOContext *pb = discarding_context();
  bool taken = false;
  if (pb && avformat_alloc_output_context2(&trial, session->output->oformat, NULL, "") >= 0) {
    trial->pb = pb;
    trial->flags |= AVFMT_FLAG_CUSTOM_IO;
    trial->protocol_whitelist = av_strdup("none");
    trial->io_open = session->output->io_open;
    trial->io_close2 = session->output->io_close2;
    trial->opaque = session;
    AVStream *copy = avformat_new_stream(trial, NULL);
    if (copy && avcodec_parameters_copy(copy->codecpar, stream->codecpar) >= 0) {
      copy->codecpar->codec_tag = 0;
      copy->time_base = stream->time_base;
      taken = avformat_init_output(trial, NULL) >= 0;
    }
  }
  avformat_free_context(trial);
  if (pb) av_freep(&pb->buffer);
  avio_context_free(&pb);
  return taken;
}

/* A muxer with no codec of its own for pictures or sound holds none: FFmpeg 5.1's srt says so only in its header. */
static bool has_place_for(const AVOutputFormat *format, enum AVMediaType type) {
  if (type == AVMEDIA_TYPE_VIDEO) return format->video_codec != AV_CODEC_ID_NONE;
  if (type == AVMEDIA_TYPE_AUDIO) return format->audio_codec != AV_CODEC_ID_NONE;
  return true;
}

/* A cover: one picture, without a time. */
static bool is_picture(const AVStream *stream) { return stream->disposition & AV_DISPOSITION_ATTACHED_PIC; }

/* What these muxers have no code for they write all the same, as private data in which no demuxer finds it again. */
static bool would_be_lost(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  enum AVCodecID codec = parameters->codec_id;
  if (!strcmp(format->name, "flv") && codec == AV_CODEC_ID_PCM_S16BE) return true; /* read as little-endian */
  if (av_match_name(format->name, "wav,w64") && codec == AV_CODEC_ID_AAC) return true; /* without where its packets end */
  if (!strcmp(format->name, "wtv") && codec == AV_CODEC_ID_AAC && parameters->extradata_size) return true; /* the same */
  static const struct {
    const char *formats, *codecs;
  } lists[] = {
      {"mpegts",
       "mpeg1video,mpeg2video,mpeg4,h264,hevc,vvc,cavs,avs2,avs3,dirac,vc1,mp1,mp2,mp3,aac,aac_latm,ac3,eac3,dts,truehd,"
       "opus,s302m,pcm_bluray,timed_id3,klv,smpte_2038,dvb_subtitle,dvb_teletext,arib_caption,hdmv_pgs_subtitle,"
       "hdmv_text_subtitle"},
      {"mpeg,vcd,svcd,dvd,vob",
       "mpeg1video,mpeg2video,mpeg4,h264,hevc,cavs,mp1,mp2,mp3,ac3,dts,mlp,truehd,pcm_s16be,pcm_dvd,dvd_subtitle,dvd_nav_packet"},
  };
  for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
    if (av_match_name(format->name, lists[i].formats)) return !av_match_name(avcodec_get_name(codec), lists[i].codecs);
  return false;
}

/* Takes a cover for a cover, which it has no place for: it is mp4 that has one. */
static bool loses_pictures(const AVOutputFormat *format, const AVStream *stream) {
  return is_picture(stream) && !strcmp(format->name, "mov");
}

/* One codec as it is, without a container: FFmpeg 5.1 takes any other one too, and writes what nobody can read. */
static bool is_raw(const AVOutputFormat *format) {
  return format->flags & AVFMT_NOTIMESTAMPS &&
         !av_match_name(format->name, "mp3,image2pipe,data,null,crc,hash,md5,streamhash,latm,spdif,ffmetadata,ico,rawvideo");
}

int32_t avs_can_hold(double handle, int32_t input_stream) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->input || !session->output) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->input->nb_streams) return AVERROR(EINVAL);
  const AVStream *stream = session->input->streams[input_stream];
  /* No list of codecs has attachments, and only Matroska has attachments. */
  if (stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT)
    return !strcmp(session->output->oformat->name, "matroska");
  if (stream->codecpar->codec_id == AV_CODEC_ID_NONE || is_misnamed(stream->codecpar)) return 0;
  /* segment and its like: the format of their files is not chosen yet. */
  const AVOutputFormat *output = session->output->oformat;
  if (output->flags & AVFMT_NOFILE && output->audio_codec == AV_CODEC_ID_NONE && output->video_codec == AV_CODEC_ID_NONE)
    return 1;
  int known = avformat_query_codec(session->output->oformat, stream->codecpar->codec_id, FF_COMPLIANCE_NORMAL);
  if (would_be_lost(output, stream->codecpar) || loses_pictures(output, stream)) return 0;
  /* Their list is mp4's; what mp4 alone may hold they refuse in the header. */
  if (known > 0 && av_match_name(output->name, "mov,ismv")) return try_header(session, stream);
  if (known >= 0) return known > 0;
  if (is_raw(output)) return 0;
  return has_place_for(session->output->oformat, stream->codecpar->codec_type) && try_header(session, stream);
}

/* ---------------------------------------------------------------------------------------- one packet */


/* What a packet's time is, in AV_TIME_BASE: decoding order is what cutting goes by. */
static int64_t packet_time(const AVPacket *packet, AVRational time_base) {
  int64_t timestamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  return timestamp == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : av_rescale_q(timestamp, time_base, AV_TIME_BASE_Q);
}

/* By how much the first frame of video is decoded before it is shown: the time of the frames that come between. */
static int64_t decoding_lead(const AVStream *stream, const AVPacket *packet) {
  int frames = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? stream->codecpar->video_delay : 0;
  AVRational rate = stream->avg_frame_rate;
  if (frames <= 0) return 0;
  if (rate.num > 0 && rate.den > 0) return av_rescale_q(frames, av_inv_q(rate), stream->time_base);
  return packet->duration > 0 && packet->duration < INT32_MAX ? frames * packet->duration : 0;
}

/*
 * Some demuxers leave dts out: go on from the packet before. Matroska does not have them, and the first ones of a
 * stream with B-frames can't be told from pts; raw streams have none.
 */
static void mend_missing_dts(const AVStream *stream, struct route *route, AVPacket *packet) {
  if (packet->dts == AV_NOPTS_VALUE && packet->pts != AV_NOPTS_VALUE && route->next_dts == AV_NOPTS_VALUE)
    packet->dts = av_sat_sub64(packet->pts, decoding_lead(stream, packet));
  if (packet->dts == AV_NOPTS_VALUE)
    packet->dts = route->next_dts != AV_NOPTS_VALUE && (packet->pts == AV_NOPTS_VALUE || route->next_dts <= packet->pts)
                      ? route->next_dts
                      : packet->pts;
  if (packet->dts == AV_NOPTS_VALUE) packet->dts = 0;
  if (packet->pts == AV_NOPTS_VALUE) packet->pts = packet->dts;
  route->next_dts = av_sat_add64(packet->dts, packet->duration > 0 ? packet->duration : 1);
}

/* Muxers refuse a dts that does not grow; rounding to a coarser time base and broken files both make such. */
static void mend_order(struct session *session, struct route *route, AVPacket *packet) {
  bool strict = !(session->output->oformat->flags & AVFMT_TS_NONSTRICT);
  int64_t least = route->last_dts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : av_sat_add64(route->last_dts, strict);
  if (least != AV_NOPTS_VALUE && packet->dts < least && !(session->output->oformat->flags & AVFMT_NOTIMESTAMPS)) {
    log_line(session, AV_LOG_WARNING, "stream %d: dts %lld after %lld made %lld", packet->stream_index,
             (long long)packet->dts, (long long)route->last_dts, (long long)least);
    if (packet->pts >= packet->dts && packet->pts < least) packet->pts = least;
    packet->dts = least;
  }
  route->last_dts = packet->dts;
}

/* Seconds; where the container does not say it, of a frame of video. */
static double packet_duration(const AVStream *stream, const AVPacket *packet) {
  AVRational rate = stream->avg_frame_rate;
  if (packet->duration > 0) return (double)packet->duration * av_q2d(stream->time_base);
  bool known = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && rate.num > 0 && rate.den > 0;
  return known ? av_q2d(av_inv_q(rate)) : 0;
}

/* The end of its stream in the source before, which may have been shorter than the others, is where the packet is shown. */
static bool fills_gap(const struct remux *remux, const struct route *route, const AVStream *stream,
                      const AVPacket *packet, int64_t time) {
  double shown = (double)av_sat_sub64(time, remux->shift) / AV_TIME_BASE;
  return shown >= route->last - packet_duration(stream, packet) / 2;
}

/* Is the packet inside the range? */
static bool in_range(struct remux *remux, struct route *route, const AVStream *stream, const AVPacket *packet) {
  AVRational time_base = stream->time_base;
  int64_t time = packet_time(packet, time_base);
  if (route->ended) return false;
  if (remux->end != AV_NOPTS_VALUE && time != AV_NOPTS_VALUE && time >= remux->end) {
    /* With B-frames, packets that are shown earlier may still come. */
    int64_t dts = packet->dts == AV_NOPTS_VALUE ? time : av_rescale_q(packet->dts, time_base, AV_TIME_BASE_Q);
    route->ended = dts >= remux->end;
    return false;
  }
  /* What is shown before the key frame that the cut begins with can't be decoded, or is not wanted. */
  return remux->least == AV_NOPTS_VALUE || time == AV_NOPTS_VALUE || time >= remux->least ||
         fills_gap(remux, route, stream, packet, time);
}

static bool all_ended(const struct remux *remux) {
  if (remux->end == AV_NOPTS_VALUE) return false;
  for (unsigned i = 0; i < remux->count; i++)
    if (remux->routes[i].output_stream >= 0 && !remux->routes[i].ended) return false;
  return true;
}

static void note_packet(struct route *route, const AVStream *stream, const AVPacket *packet) {
  route->packets++;
  route->bytes += packet->size;
  if (is_picture(stream)) return; /* which has no time */
  double first = (double)packet->pts * av_q2d(stream->time_base), last = first + packet_duration(stream, packet);
  if (!(route->first <= first)) route->first = first;
  if (!(route->last >= last)) route->last = last;
}

static int pass_on(struct session *session, struct remux *remux, struct route *route, AVPacket *packet) {
  const AVStream *source = session->input->streams[packet->stream_index];
  AVRational from = source->time_base;
  AVStream *stream = session->output->streams[route->output_stream];
  mend_missing_dts(source, route, packet);
  if (!is_picture(source)) {
    int64_t shift = av_rescale_q(remux->shift, AV_TIME_BASE_Q, from);
    packet->pts = av_sat_sub64(packet->pts, shift);
    packet->dts = av_sat_sub64(packet->dts, shift);
  } else if (route->packets) {
    return 0; /* of another source, which came before */
  }
  note_packet(route, source, packet);
  packet->stream_index = route->output_stream;
  packet->pos = -1;
  av_packet_rescale_ts(packet, from, stream->time_base);
  mend_order(session, route, packet);
  remux->packets++;
  return output_write_packet(session, packet);
}

/* ---------------------------------------------------------------------------------------- by way of JavaScript */

bool is_transforming(const struct session *session) {
  const struct request *open = session->transformer ? &session->transformer->request : NULL;
  return open && open->kind == AVS_REQUEST_TRANSFORM && !open->answered;
}

/* What has been gathered, and then what has become of it. */
static int transform(struct session *session, struct remux *remux) {
  struct packets *queued = &session->queued;
  if (!session->batches.ready.count) return 0;
  int64_t answer = request(session->transformer, (struct request){.kind = AVS_REQUEST_TRANSFORM}, 0, 0, 0);
  int result = answer < 0 ? (int)answer : 0;
  for (AVPacket *packet; result >= 0 && (packet = packets_first(queued));) {
    struct route *route = mapped_route(session, remux, packet->stream_index);
    if (route) result = pass_on(session, remux, route, packet);
    packets_drop_first(queued);
  }
  packets_clear(queued); /* their streams are the input's: AVS_OP_WRITE must not find any */
  return result;
}

/* Packets are asked about together; but what is there does not wait for what the source would have to be asked for. */
static int gather(struct session *session, struct remux *remux, AVPacket *packet) {
  enum { PACKETS = 512, BYTES = 256 * 1024 };
  if (!batches_add(session, packet)) return AVERROR(ENOMEM);
  av_packet_unref(packet); /* JavaScript's own go through it */
  bool asked = session->requests != remux->requests;
  if (!asked && !batches_are_full(&session->batches, PACKETS, BYTES)) return 0;
  int result = transform(session, remux);
  remux->requests = session->requests;
  return result;
}

/* ---------------------------------------------------------------------------------------- where to begin */

static void discard_unmapped(struct session *session, const struct remux *remux) {
  for (unsigned i = 0; i < session->input->nb_streams; i++)
    if (i >= remux->count || remux->routes[i].output_stream < 0) session->input->streams[i]->discard = AVDISCARD_ALL;
}

static bool is_mapped_video(const struct session *session, unsigned index) {
  const struct remux *remux = session->remux;
  const AVStream *stream = session->input->streams[index];
  return index < remux->count && remux->routes[index].output_stream >= 0 &&
         stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture(stream);
}

static bool has_mapped_video(const struct session *session) {
  for (unsigned i = 0; i < session->input->nb_streams; i++)
    if (is_mapped_video(session, i)) return true;
  return false;
}

/* A cut can begin with the key frames of video, where there is one; else with any packet. */
static bool can_begin(const struct session *session, bool has_video, const AVPacket *packet) {
  return packet->flags & AV_PKT_FLAG_KEY && (!has_video || is_mapped_video(session, (unsigned)packet->stream_index));
}

/* ---------------------------------------------------------------------------------------- one after the other */

enum { HELD = 1 }; /* a result */

/* A place to begin with, at or after the one where the output is to end. */
static bool is_break(const struct session *session, const struct remux *remux, const AVPacket *packet) {
  if (remux->until == AV_NOPTS_VALUE || !can_begin(session, has_mapped_video(session), packet)) return false;
  int64_t time = packet_time(packet, session->input->streams[packet->stream_index]->time_base);
  return time != AV_NOPTS_VALUE && time >= remux->until;
}

static double time_of_held(const struct session *session, const struct remux *remux) {
  AVRational time_base = session->input->streams[remux->held->stream_index]->time_base;
  return (double)packet_time(remux->held, time_base) / AV_TIME_BASE;
}

static int write_or_gather(struct session *session, struct remux *remux, AVPacket *packet) {
  struct route *route = &remux->routes[packet->stream_index];
  return session->transformer ? gather(session, remux, packet) : pass_on(session, remux, route, packet);
}

/* The packet ends what is written now: it is held until the output that it begins is there. */
static int hold(struct remux *remux, AVPacket *packet) {
  if (!remux->held && !(remux->held = av_packet_alloc())) return AVERROR(ENOMEM);
  av_packet_move_ref(remux->held, packet);
  remux->holds = true;
  return HELD;
}

static int remux_packet(struct session *session, struct remux *remux, AVPacket *packet) {
  int result = input_read_packet(session, packet);
  if (result < 0) return result;
  struct route *route = mapped_route(session, remux, packet->stream_index);
  if (!route || !in_range(remux, route, session->input->streams[packet->stream_index], packet)) return 0;
  return is_break(session, remux, packet) ? hold(remux, packet) : write_or_gather(session, remux, packet);
}

/* ---------------------------------------------------------------------------------------- cutting */

static int seek_back(struct session *session, int64_t target) {
  int result = input_seek(session->input, -1, INT64_MIN, target, target, AVSEEK_FLAG_BACKWARD);
  if (result < 0) result = input_seek(session->input, -1, INT64_MIN, target, INT64_MAX, AVSEEK_FLAG_BACKWARD);
  return result;
}

/*
 * Reads on for the last place at or before `start` that a cut can begin with; AV_NOPTS_VALUE in `found` where the
 * first one is later. `first` is that first one.
 */
static int scan(struct session *session, bool has_video, int64_t start, int64_t *found, int64_t *first) {
  /* A search in mpegts lands anywhere; the others have an index, and land on the place. */
  bool exact = !(session->input->iformat->flags & AVFMT_TS_DISCONT);
  AVPacket *packet = session->scratch;
  *found = *first = AV_NOPTS_VALUE;
  for (int result; (result = input_read_packet(session, packet)) != AVERROR_EOF; av_packet_unref(packet)) {
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) return result;
    if (!can_begin(session, has_video, packet)) continue;
    int64_t time = packet_time(packet, session->input->streams[packet->stream_index]->time_base);
    if (time == AV_NOPTS_VALUE) continue;
    if (*first == AV_NOPTS_VALUE) *first = time;
    if (time <= start) *found = time;
    if (time > start || exact) break;
  }
  av_packet_unref(packet);
  return 0;
}

/* Where the container says how long it is, not where that was guessed from the bit rate. */
static bool is_past_end(const AVFormatContext *input, int64_t beginning, int64_t start) {
  return input->duration > 0 && input->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE &&
         start >= av_sat_add64(beginning, input->duration);
}

/* Goes back in growing steps until a place to begin with is at or before the start, or the media begins later. */
int remux_op_cut(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct remux *remux = session->remux;
  if (!session->input || !remux || isnan(remux->start)) return AVERROR(EINVAL);
  if (!session->scratch && !(session->scratch = av_packet_alloc())) return AVERROR(ENOMEM);
  forget_held(session);
  forget_places(session, NULL);
  session->acting = AVS_INPUT;
  discard_unmapped(session, remux);
  bool has_video = has_mapped_video(session);
  int64_t start = from_seconds(remux->start);
  int64_t found = AV_NOPTS_VALUE, first = AV_NOPTS_VALUE;
  int64_t beginning = session->input->start_time == AV_NOPTS_VALUE ? 0 : session->input->start_time;
  slot[2] = is_past_end(session->input, beginning, start);
  if (slot[2]) return 0;
  for (int64_t back = 0;; back = back ? av_sat_add64(back, back) : AV_TIME_BASE) {
    int64_t earlier = av_sat_sub64(start, back), target = earlier > beginning ? earlier : beginning;
    int result = seek_back(session, target);
    if (result >= 0) result = scan(session, has_video, start, &found, &first);
    if (result >= 0 && found == AV_NOPTS_VALUE && target > beginning) continue;
    if (result >= 0) result = seek_back(session, target);
    struct seek origin = {.stream = -1, .flags = AVSEEK_FLAG_BACKWARD, .min = INT64_MIN, .target = target, .max = target};
    forget_places(session, &origin);
    if (result < 0) return session->source_seek_refused || !can_seek_input(session) ? AVERROR(ESPIPE) : result;
    remux->least = found != AV_NOPTS_VALUE ? found : first;
    remux->shift = remux->least != AV_NOPTS_VALUE ? remux->least : 0;
    slot[1] = remux->least == AV_NOPTS_VALUE ? NAN : (double)remux->least / AV_TIME_BASE;
    return 0;
  }
}

/* ---------------------------------------------------------------------------------------- the loop */

/* A cover comes once, with the first packets of the input; each output has it. */
static int repeat_pictures(struct session *session, struct remux *remux) {
  AVPacket *packet = session->scratch;
  int result = 0;
  for (unsigned i = 0; i < remux->count && i < session->input->nb_streams && result >= 0; i++) {
    const AVStream *stream = session->input->streams[i];
    const struct route *route = &remux->routes[i];
    if (route->output_stream < 0 || route->packets || !is_picture(stream) || !stream->attached_pic.size) continue;
    result = av_packet_ref(packet, &stream->attached_pic);
    packet->stream_index = (int)i;
    if (result >= 0) result = write_or_gather(session, remux, packet);
    av_packet_unref(packet);
  }
  return result;
}

static int write_held(struct session *session, struct remux *remux) {
  int result = repeat_pictures(session, remux);
  bool wanted = mapped_route(session, remux, remux->held->stream_index); /* to this output, too */
  if (result >= 0 && wanted) result = write_or_gather(session, remux, remux->held);
  drop_held(remux);
  return result;
}

static int remux_loop(struct session *session, struct remux *remux, double *slot) {
  enum { PACKETS_PER_CLOCK = 64 };
  double most = slot[1];
  int64_t until = slot[2] > 0 ? av_gettime_relative() + to_timestamp(slot[2] * 1000) : 0;
  if (remux->holds) {
    int result = write_held(session, remux);
    if (result < 0) return result;
  }
  for (int64_t n = 0; (double)n < most; n++) {
    if (until && n % PACKETS_PER_CLOCK == 0 && n && av_gettime_relative() >= until) return 0;
    int result = all_ended(remux) ? AVERROR_EOF : remux_packet(session, remux, session->scratch);
    av_packet_unref(session->scratch);
    if (result == AVERROR(EAGAIN)) continue;
    if (result) return result;
  }
  return 0;
}

/* Seconds from the first packet's time to the last one's end, of all streams of the output. */
static double seconds_written(const struct remux *remux) {
  double first = NAN, last = NAN;
  for (unsigned i = 0; i < remux->count; i++) {
    first = fmin(first, remux->routes[i].first);
    last = fmax(last, remux->routes[i].last);
  }
  return last - first;
}

int remux_op(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct remux *remux = session->remux;
  bool writes = session->output && session->header_written && !session->trailer_written;
  if (!session->input || !writes || !remux) return AVERROR(EINVAL);
  if (!session->scratch && !(session->scratch = av_packet_alloc())) return AVERROR(ENOMEM);
  forget_held(session);
  discard_unmapped(session, remux);
  remux->until = from_seconds(slot[3]);
  int result = remux_loop(session, remux, slot);
  if ((result == AVERROR_EOF || result == HELD) && session->transformer) {
    int rest = transform(session, remux);
    if (rest < 0) result = rest;
  }
  slot[1] = result == HELD ? AVS_REMUX_BREAK : result == AVERROR_EOF ? AVS_REMUX_END : AVS_REMUX_GOES_ON;
  slot[2] = (double)remux->packets;
  slot[3] = seconds_written(remux);
  slot[4] = (double)(session->read_before + (session->input_io ? session->input_io->transferred : 0));
  slot[5] = result == HELD ? time_of_held(session, remux) : NAN;
  return result == AVERROR_EOF ? 0 : result < 0 ? result : 0;
}
