#include "fit.h"

#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/opt.h>

#include "../compat.h"
#include "../escape.h"
#include "../input/input.h"
#include "../output/cover.h"
#include "../output/framing.h"
#include "../output/header.h"
#include "../output/latm.h"
#include "../output/output.h"
#include "../output/segments.h"
#include "../streams.h"
#include "../structures.h"
#include "../unsound.h"
#include "carries.h"
#include "times.h"

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

static bool has_video(const AVFormatContext *input) {
  unsigned i = 0;
  while (i < input->nb_streams && (input->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || is_picture(input->streams[i])))
    i++;
  return i < input->nb_streams;
}

/* mxf takes no audio without a video stream before it. */
static int add_companion(AVFormatContext *trial, const AVFormatContext *input, const AVStream *stream) {
  bool video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
  bool alone = video || strcmp(trial->oformat->name, "mxf") || !has_video(input);
  if (alone) return 0;
  AVStream *pictures = avformat_new_stream(trial, NULL);
  if (!pictures) return AVERROR(ENOMEM);
  AVCodecParameters *parameters = pictures->codecpar;
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = AV_CODEC_ID_MPEG2VIDEO;
  parameters->format = AV_PIX_FMT_YUV420P;
  parameters->width = parameters->height = 16;
  pictures->time_base = (AVRational){1, 25};
  pictures->avg_frame_rate = (AVRational){25, 1};
  return 0;
}

/* The codec of a stream in the output: LATM that is unpacked becomes AAC. */
static enum AVCodecID held_codec(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  return unpacks_latm(format, parameters) ? AV_CODEC_ID_AAC : parameters->codec_id;
}

static void free_trial(AVFormatContext *trial) {
  AVIOContext *pb = trial ? trial->pb : NULL;
  avformat_free_context(trial);
  if (pb) av_freep(&pb->buffer);
  avio_context_free(&pb);
}

/* An output of that format whose bytes are discarded; to be freed after an error, too. */
static int new_trial(struct session *session, const AVOutputFormat *format, AVFormatContext **made) {
  int result = avformat_alloc_output_context2(made, format, NULL, "");
  if (result < 0) return result;
  AVFormatContext *trial = *made;
  trial->pb = discarding_context();
  trial->flags |= AVFMT_FLAG_CUSTOM_IO;
  trial->protocol_whitelist = av_strdup("none");
  trial->io_open = session->output->context->io_open;
  trial->io_close2 = session->output->context->io_close2;
  trial->opaque = session;
  if (!trial->pb || !trial->protocol_whitelist) return AVERROR(ENOMEM);
  const AVDictionaryEntry *strict = av_dict_get(session->options, "strict", NULL, 0); /* the caller may allow experimental codecs */
  result = strict ? av_opt_set(trial, "strict", strict->value, 0) : 0;
  return result == AVERROR(ENOMEM) ? result : 0;
}

static int add_copy(AVFormatContext *trial, const AVStream *stream) {
  AVStream *copy = avformat_new_stream(trial, NULL);
  int result = copy ? avcodec_parameters_copy(copy->codecpar, stream->codecpar) : AVERROR(ENOMEM);
  if (result < 0) return result;
  drop_unsound(NULL, 0, STREAM_SIDE_DATA(copy), &STREAM_SIDE_DATA_COUNT(copy));
  copy->codecpar->codec_id = held_codec(trial->oformat, stream->codecpar);
  copy->codecpar->codec_tag = 0;
  copy->time_base = stream->time_base;
  copy->avg_frame_rate = stream->avg_frame_rate;
  copy->r_frame_rate = stream->r_frame_rate;
  copy->disposition = stream->disposition & AV_DISPOSITION_ATTACHED_PIC;
  bool is_attachment = copy->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT; /* its name and type are tags */
  return is_attachment ? av_dict_copy(&copy->metadata, stream->metadata, 0) : 0;
}

/* Whether the muxer has accepted it; a lack of memory is an error. */
static int answer_of(int result) { return result == AVERROR(ENOMEM) ? result : result >= 0; }

struct attempt {
  struct session *session;
  AVFormatContext *trial;
  int (*begin)(AVFormatContext *trial, AVDictionary **options); /* avformat_init_output(), or avformat_write_header() */
  int result;
};

static void try_to_begin(void *opaque) {
  struct attempt *attempt = opaque;
  attempt->result = check_streams(attempt->session, attempt->trial, attempt->trial->oformat);
  if (attempt->result >= 0) attempt->result = attempt->begin(attempt->trial, NULL);
  free_trial(attempt->trial);
}

/* Whether the muxer accepts the streams of the trial, which is freed. It does not if it fails an assertion about them. */
static int accepts(struct attempt attempt) {
  struct session *session = attempt.session;
  struct log_mark mark = log_mark(&session->channel.log);
  struct channel *entered = channel_enter(&session->channel);
  bool ended = run_guarded(try_to_begin, &attempt);
  channel_enter(entered);
  log_rewind(&session->channel.log, mark);
  return ended ? answer_of(attempt.result) : 0;
}

/* Whether the muxer accepts a header with this one stream; for formats that have no list of codecs. */
static int try_header(struct session *session, const AVOutputFormat *format, const AVStream *stream) {
  AVFormatContext *trial = NULL;
  int result = new_trial(session, format, &trial);
  if (result >= 0) result = add_companion(trial, session->input->context, stream);
  if (result >= 0) result = add_copy(trial, stream);
  if (result >= 0) return accepts((struct attempt){.session = session, .trial = trial, .begin = avformat_init_output});
  free_trial(trial);
  return answer_of(result);
}

/* A muxer without a default codec for video, or audio, takes none: FFmpeg 5.1's srt fails only in its header. */
static bool has_place_for(const AVOutputFormat *format, enum AVMediaType type) {
  if (type == AVMEDIA_TYPE_VIDEO) return format->video_codec != AV_CODEC_ID_NONE;
  if (type == AVMEDIA_TYPE_AUDIO) return format->audio_codec != AV_CODEC_ID_NONE;
  return true;
}

/* AAC in flv has no ADTS headers: without its AudioSpecificConfig it can't be decoded. */
static bool lacks_config(const AVInputFormat *input, const AVCodecParameters *parameters) {
  return parameters->codec_id == AV_CODEC_ID_AAC && !parameters->extradata_size && av_match_name("flv", input->name);
}

/* RealMedia's demuxer delivers frames with headers that its muxer would write again. */
static bool comes_wrapped(const AVInputFormat *input, const AVOutputFormat *output, const AVCodecParameters *parameters) {
  bool video = parameters->codec_id == AV_CODEC_ID_RV10 || parameters->codec_id == AV_CODEC_ID_RV20;
  return video && !strcmp(output->name, "rm") && av_match_name("rm", input->name);
}

/* A parameter that every muxer needs and that is unknown, since the stream has no valid packet; NULL: none. */
static const char *unknown_of(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  bool has_size = parameters->width > 0 && parameters->height > 0;
  if (parameters->codec_type == AVMEDIA_TYPE_AUDIO && parameters->sample_rate <= 0) return "sample rate";
  if (lacks_channels(parameters)) return "channels";
  if (parameters->codec_type == AVMEDIA_TYPE_VIDEO && !has_size && !(format->flags & AVFMT_NODIMENSIONS)) return "size";
  return NULL;
}

static bool is_undescribed(struct session *session, const AVStream *stream) {
  const char *unknown = unknown_of(session->output->context->oformat, stream->codecpar);
  if (lacks_config(session->input->context->iformat, stream->codecpar)) unknown = "configuration (AudioSpecificConfig)";
  if (lacks_header(session->output->context->oformat, stream->codecpar)) unknown = "header (extradata)";
  if (unknown)
    log_line(&session->channel.log, AV_LOG_WARNING, "stream %d: %s of unknown %s, which %s does not hold", stream->index,
             avcodec_get_name(stream->codecpar->codec_id), unknown, session->output->context->oformat->name);
  return unknown;
}

/* Whether it is a raw stream without a container: FFmpeg 5.1 accepts any codec there, and writes files that can't be read. */
static bool is_raw(const AVOutputFormat *format) {
  return format->flags & AVFMT_NOTIMESTAMPS &&
         !av_match_name(format->name, "mp3,image2pipe,data,null,crc,hash,md5,streamhash,latm,spdif,ffmetadata,ico,rawvideo,mxf,mxf_d10,mxf_opatom");
}

/* Matroska needs the type and the name of an attachment; those from tags of WavPack and Monkey's Audio have only a name. */
static bool is_named(const AVStream *attachment) {
  bool has_type = av_dict_get(attachment->metadata, "mimetype", NULL, 0) || attachment->codecpar->codec_id != AV_CODEC_ID_NONE;
  return has_type && av_dict_get(attachment->metadata, "filename", NULL, 0);
}

/* The titles of chapters, which are written as chapters: libavformat delivers no packets of it. */
static bool is_chapter_track(const AVFormatContext *input, const AVStream *stream) {
  const AVCodecParameters *parameters = stream->codecpar;
  bool is_text = parameters->codec_id == AV_CODEC_ID_BIN_DATA && parameters->codec_tag == MKTAG('t', 'e', 'x', 't');
  return is_text && parameters->codec_type == AVMEDIA_TYPE_DATA && input->nb_chapters;
}

/* Matroska for sound alone (.mka) has a list of codecs of its own, in which some are missing that it writes as the other one does. */
static const AVOutputFormat *with_whole_list(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  bool is_mka = !strcmp(format->name, "matroska") && parameters->codec_type == AVMEDIA_TYPE_AUDIO;
  const AVOutputFormat *first = is_mka ? av_guess_format("matroska", NULL, NULL) : NULL;
  return first ? first : format;
}

int32_t avs_can_hold(double handle, int32_t input_stream) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->input || !session->output) return AVERROR(EBADF);
  if (input_stream < 0 || input_stream >= (int32_t)session->input->context->nb_streams) return AVERROR(EINVAL);
  const AVStream *stream = session->input->context->streams[input_stream];
  /* Attachments are in no list of codecs; only Matroska has them. */
  if (stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT)
    return !strcmp(session->output->context->oformat->name, "matroska") && is_named(stream);
  if (stream->codecpar->codec_id == AV_CODEC_ID_NONE || is_misnamed(stream->codecpar)) return 0;
  if (is_structure_codec(stream->codecpar->codec_id) || is_chapter_track(session->input->context, stream)) return 0;
  /* segment and similar muxers: the format of their files is not known yet. */
  const AVOutputFormat *output = session->output->context->oformat;
  if (output->flags & AVFMT_NOFILE && output->audio_codec == AV_CODEC_ID_NONE && output->video_codec == AV_CODEC_ID_NONE)
    return 1;
  int cover = is_picture(stream) ? carries_cover(output, stream->codecpar->codec_id) : -1;
  if (cover >= 0 && (!cover || is_fragmented(session))) return 0;
  if (cover > 0) return !is_cover_to_attach(session->output->context, stream) && is_undescribed(session, stream) ? AVS_HOLDS_DESCRIBED : 1;
  output = segment_format(session, stream->codecpar);
  AVCodecParameters held = *stream->codecpar;
  held.codec_id = held_codec(output, stream->codecpar);
  int known = avformat_query_codec(with_whole_list(output, &held), held.codec_id, FF_COMPLIANCE_NORMAL);
  if (known <= 0 && carries_more(output, &held)) known = 1;
  if (loses(output, &held) || comes_wrapped(session->input->context->iformat, output, stream->codecpar)) return 0;
  if (known && is_undescribed(session, stream)) return AVS_HOLDS_DESCRIBED;
  /* These check more than the codec, or have the list of another format: only the header shows what they refuse. */
  if (known > 0 && av_match_name(output->name, "mov,mp4,ipod,3gp,3g2,psp,f4v,ismv,mxf,mpeg,vcd,svcd,dvd,vob")) return try_header(session, output, stream);
  if (known >= 0) return known > 0;
  if (is_raw(output)) return 0;
  return has_place_for(output, stream->codecpar->codec_type) ? try_header(session, output, stream) : 0;
}

/* Whether a stream is one of those wanted; all are without `wanted`. */
static bool is_wanted(const uint8_t *wanted, uint32_t count, unsigned i) { return !wanted || (i < count && wanted[i]); }

/* Whether the muxer accepts a header with all wanted streams of the context. */
static int try_all(struct session *session, const AVFormatContext *context, const uint8_t *wanted, uint32_t count) {
  AVFormatContext *trial = NULL;
  int result = new_trial(session, session->output->context->oformat, &trial);
  for (unsigned i = 0; i < context->nb_streams && result >= 0; i++)
    if (is_wanted(wanted, count, i)) result = add_copy(trial, context->streams[i]);
  if (result >= 0 && is_raw(session->output->context->oformat) && trial->nb_streams > 1) result = AVERROR(EINVAL); /* 5.1's adts does not mind */
  if (result >= 0) return accepts((struct attempt){.session = session, .trial = trial, .begin = avformat_write_header});
  free_trial(trial);
  return answer_of(result);
}

/* These take several streams in their header, and then write them as one: nothing tells whose packet it is. */
static bool mixes(const AVFormatContext *context, const AVOutputFormat *format, const uint8_t *wanted, uint32_t count) {
  unsigned all = 0, sounds = 0, pictures = 0;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    if (!is_wanted(wanted, count, i)) continue;
    all++;
    sounds += context->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    pictures += context->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
  }
  if (!strcmp(format->name, "rm")) return sounds > 1 || pictures > 1;
  return all > 1 && av_match_name(format->name, "rawvideo,mpjpeg,image2,image2pipe");
}

int32_t avs_can_hold_all(double handle, const uint8_t *wanted, uint32_t count) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->input || !session->output) return AVERROR(EBADF);
  const AVOutputFormat *format = session->output->context->oformat;
  const AVFormatContext *context = wanted ? session->input->context : session->output->context;
  if (mixes(context, format, wanted, count)) return 0;
  if (format->flags & AVFMT_NOFILE) return 1; /* it opens files in its header */
  return try_all(session, context, wanted, count);
}
