#include "header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "../compat.h"
#include "../contain.h"
#include "../io.h"
#include "../unsound.h"
#include "chapters.h"
#include "framing.h"
#include "limits.h"
#include "output.h"
#include "quirks.h"
#include "segments.h"

static int check_pixel_formats(struct session *session, const AVFormatContext *output, const AVOutputFormat *files) {
  if (!has_quirk(files, NEEDS_PIXELS)) return 0;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    if ((parameters->codec_id != AV_CODEC_ID_VP9 && parameters->codec_id != AV_CODEC_ID_VP8) || parameters->format >= 0)
      continue;
    log_error(session, "stream %u: %s needs its pixelFormat", i, avcodec_get_name(parameters->codec_id));
    return AVERROR(EINVAL);
  }
  return 0;
}

/* avif uses the pixel format of streams that have none, also inside of image2, and so does mxf for FFV1 (FFmpeg 5.1 and 7.1). */
static bool lacks_pixels(const AVFormatContext *output, const AVOutputFormat *files) {
  bool avif = !strcmp(files->name, "avif"), mxf = !strncmp(files->name, "mxf", 3), images = av_match_name(files->name, "image2,image2pipe");
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    bool pixels = parameters->codec_type == AVMEDIA_TYPE_VIDEO && av_pix_fmt_desc_get(parameters->format);
    if (pixels) continue;
    if (avif || (mxf && parameters->codec_id == AV_CODEC_ID_FFV1) || (images && parameters->codec_id == AV_CODEC_ID_AV1)) return true;
  }
  return false;
}

/* These muxers read extradata without checking its size (FFmpeg 5.1 to 9.0). */
static const struct needed_extradata {
  const char *format;
  int size;
  const char *what;
} needed_extradata[] = {
    {"apng", 1, "the chunks before the first frame"},
    {"vc1test", 4, "the sequence header"},
};

/* The row that the output's first stream does not satisfy; NULL: none. */
static const struct needed_extradata *lacking_extradata(const AVFormatContext *output, const AVOutputFormat *files) {
  for (size_t i = 0; i < sizeof(needed_extradata) / sizeof(*needed_extradata); i++) {
    const struct needed_extradata *needed = &needed_extradata[i];
    if (strcmp(files->name, needed->format) || !output->nb_streams) continue;
    return output->streams[0]->codecpar->extradata_size < needed->size ? needed : NULL;
  }
  return NULL;
}

/*
 * Muxers go by the codec, and may divide by a field that a stream of another type lacks: mpegts by Opus's sample rate. Or they read
 * what only video has through a null pointer: mxf the pixel format, mp4 the place of a cover. Attached pictures are only bytes.
 */
bool is_misnamed(const AVCodecParameters *parameters) {
  enum AVMediaType own = avcodec_get_type(parameters->codec_id), type = parameters->codec_type;
  if (parameters->codec_id == AV_CODEC_ID_NONE || own == type) return false;
  if (own == AVMEDIA_TYPE_AUDIO || type == AVMEDIA_TYPE_AUDIO) return true;
  return own == AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_ATTACHMENT;
}

/*
 * Muxers divide by the number of channels, or by values derived from it: aiff, adx, ast, caf, argo_asf (FFmpeg 5.1 to 9.0). Of very
 * many channels the bits of a sample overflow an int, to 0 too.
 */
bool lacks_channels(const AVCodecParameters *parameters) {
  bool has_objects = parameters->codec_id == AV_CODEC_ID_MPEGH_3D_AUDIO; /* mp4 declares 0 channels for it */
  int channels = parameters->ch_layout.nb_channels;
  return parameters->codec_type == AVMEDIA_TYPE_AUDIO && (channels < !has_objects || channels > MAX_CHANNELS);
}

/* flv begins with these, and its muxer fails an assertion without them. */
bool lacks_header(const AVOutputFormat *output, const AVCodecParameters *parameters) {
  bool has_one = parameters->codec_id == AV_CODEC_ID_FLAC || parameters->codec_id == AV_CODEC_ID_OPUS;
  return has_one && !parameters->extradata_size && !strcmp(output->name, "flv");
}

/* For more, nut writes past its table of frame codes, and so changes the lengths of what it copies to the output (5.1 to 9.0). */
enum { MAX_NUT_STREAMS = 125 };

static bool lacks_bits(const AVOutputFormat *files, const AVCodecParameters *parameters) {
  int bits = parameters->bits_per_coded_sample;
  return parameters->codec_id == AV_CODEC_ID_PCM_DVD && has_quirk(files, NEEDS_BITS) && (bits < 16 || bits > 24);
}

/* The system's caf divides by the number of packets minus one when a file ends: as a segment, it may have one. */
static bool divides_in_segments(const AVFormatContext *output, const AVOutputFormat *files) {
  return CAF_DIVIDES && files != output->oformat && !strcmp(files->name, "caf");
}

/* Checks the streams again after filtering. */
static int check_filtered(struct session *session) {
  const AVFormatContext *output = session->output->context;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVStream *stream = output->streams[i];
    drop_unsound(&session->channel.log, (int)i, STREAM_SIDE_DATA(stream), &STREAM_SIDE_DATA_COUNT(stream));
  }
  return refuse_structures(&session->channel.log, output);
}

int check_streams(struct session *session, const AVFormatContext *output, const AVOutputFormat *files) {
  int refused = refuse_structures(&session->channel.log, output);
  if (refused < 0) return refused;
  const struct needed_extradata *needed = lacking_extradata(output, files);
  if (needed) {
    log_error(session, "stream 0: %s needs extradata (%s)", needed->format, needed->what);
    return AVERROR(EINVAL);
  }
  if (divides_in_segments(output, files)) {
    log_error(session, "segments of caf can't be written with this libavformat");
    return AVERROR(ENOSYS);
  }
  if (!strcmp(files->name, "nut") && output->nb_streams > MAX_NUT_STREAMS) {
    log_error(session, "nut holds at most %d streams, not %u", MAX_NUT_STREAMS, output->nb_streams);
    return AVERROR(EINVAL);
  }
  if (lacks_pixels(output, files)) {
    log_error(session, "%s needs to know the pixel format of its streams", files->name);
    return AVERROR(EINVAL);
  }
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVCodecParameters *parameters = output->streams[i]->codecpar;
    const char *wrong = is_misnamed(parameters)           ? "is of another type than the stream"
                        : lacks_channels(parameters)      ? "needs its channels"
                        : lacks_header(files, parameters) ? "needs its extradata"
                        : lacks_bits(files, parameters)   ? "needs its bitsPerCodedSample"
                                                          : beyond_limits(files, output->streams[i]);
    if (!wrong) continue;
    log_error(session, "stream %u: %s %s", i, avcodec_get_name(parameters->codec_id), wrong);
    return AVERROR(EINVAL);
  }
  return check_pixel_formats(session, output, files);
}

static int name_languages(AVFormatContext *output) {
  static const char *const codes[][2] = {
      {"bod", "tib"}, {"cym", "wel"}, {"cze", "ces"}, {"deu", "ger"}, {"ell", "gre"}, {"eus", "baq"}, {"fas", "per"},
      {"fre", "fra"}, {"hye", "arm"}, {"isl", "ice"}, {"kat", "geo"}, {"mkd", "mac"}, {"msa", "may"}, {"mya", "bur"},
      {"nld", "dut"}, {"rum", "ron"}, {"slo", "slk"}, {"sqi", "alb"}, {"zho", "chi"}};
  if (!has_quirk(output->oformat, LANGUAGE_CODES)) return 0;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVDictionary **metadata = &output->streams[i]->metadata;
    const AVDictionaryEntry *language = av_dict_get(*metadata, "language", NULL, 0);
    size_t k = 0, count = language ? sizeof(codes) / sizeof(*codes) : 0;
    while (k < count && strcmp(language->value, codes[k][0])) k++;
    int result = k < count ? av_dict_set(metadata, "language", codes[k][1], 0) : 0;
    if (result < 0) return result;
  }
  return 0;
}

/* mp4 takes a layout of channels from a tag, which an input may have; the embedded FFmpeg is patched. */
static int leave_out_layouts(AVFormatContext *output) {
  int result = 0;
  for (unsigned i = 0; i < output->nb_streams && result >= 0; i++) {
    AVDictionary **metadata = &output->streams[i]->metadata;
    const AVDictionaryEntry *layout = av_dict_get(*metadata, "SA3D", NULL, 0);
    if (layout && has_nested_layout(layout->value)) result = av_dict_set(metadata, "SA3D", NULL, 0);
  }
  return result;
}

static void mark_adts(const AVFormatContext *output) {
  enum { WAVE_FORMAT_AAC_ADTS = 0x1600 };
  if (!has_quirk(output->oformat, ADTS_TAG)) return;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVCodecParameters *parameters = output->streams[i]->codecpar;
    if (parameters->codec_id == AV_CODEC_ID_AAC && !parameters->extradata_size && !parameters->codec_tag)
      parameters->codec_tag = WAVE_FORMAT_AAC_ADTS;
  }
}

static void limit_peak(AVPacketSideData *side, int64_t limit) {
  AVCPBProperties properties;
  if (side->type != AV_PKT_DATA_CPB_PROPERTIES || side->size < sizeof(properties)) return;
  memcpy(&properties, side->data, sizeof(properties));
  if (properties.max_bitrate < 0 || properties.max_bitrate > limit) properties.max_bitrate = 0;
  memcpy(side->data, &properties, sizeof(properties));
}

/* Above the rate that these muxers take for a stream whose rate is unknown, it counts as unknown. */
static void limit_bit_rates(const struct session *session) {
  enum { MAX_SUM = (1 << 21) * 8 * 50 };
  const AVFormatContext *output = session->output->context;
  if (!has_quirk(session->output->files, SUMS_RATES) || !output->nb_streams) return;
  const int64_t limit = MAX_SUM / output->nb_streams;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVStream *stream = output->streams[i];
    int64_t *rate = &stream->codecpar->bit_rate;
    if (*rate < 0 || *rate > limit) *rate = 0;
    for (int k = 0; k < STREAM_SIDE_DATA_COUNT(stream); k++) limit_peak(&STREAM_SIDE_DATA(stream)[k], limit);
  }
}

/* Writes chapters as tags, with exact times. The embedded libavutil takes 1,000 tags, some of which are for the muxer. */
static int tag_chapters(struct session *session) {
  enum { MAX_TAGS = 900 };
  AVFormatContext *output = session->output->context;
  if (!has_quirk(output->oformat, CHAPTER_TAGS)) return 0;
  int result = 0;
  for (unsigned i = 0; i < output->nb_chapters && result >= 0; i++) {
    if (EMBEDDED && av_dict_count(output->metadata) >= MAX_TAGS) {
      warn(&session->channel.log, AVS_WARNING_DROPPED, -1, output->nb_chapters - i, "there are too many chapters: the last ones are left out",
           "%u chapters are left out: the format has them as tags, of which it takes %d", output->nb_chapters - i, MAX_TAGS);
      break;
    }
    const AVChapter *chapter = output->chapters[i];
    const AVDictionaryEntry *title = av_dict_get(chapter->metadata, "title", NULL, 0);
    long long time = av_rescale_q(FFMAX(chapter->start, 0), chapter->time_base, (AVRational){1, 1000});
    char name[32], value[64];
    snprintf(name, sizeof(name), "CHAPTER%03u", i);
    snprintf(value, sizeof(value), "%02lld:%02lld:%02lld.%03lld", time / 3600000, time / 60000 % 60, time / 1000 % 60,
             time % 1000);
    result = av_dict_set(&output->metadata, name, value, 0);
    snprintf(name, sizeof(name), "CHAPTER%03uNAME", i);
    if (result >= 0 && title) result = av_dict_set(&output->metadata, name, title->value, 0);
  }
  drop_chapters(output, 0);
  return result;
}

/* Whether what the index needs of the codec is only in its packets. */
static bool is_described_by_packets(const AVFormatContext *output, const AVStream *stream) {
  enum AVCodecID codec = stream->codecpar->codec_id;
  return lacks_extradata(output, stream) || codec == AV_CODEC_ID_AC3 || codec == AV_CODEC_ID_EAC3 ||
         codec == AV_CODEC_ID_TRUEHD;
}

/* If the index needs data from packets, it is written with the first fragment. */
static int delay_index(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (!is_index_first(session)) return 0;
  unsigned i = 0;
  while (i < output->nb_streams && !is_described_by_packets(output, output->streams[i])) i++;
  session->output->delays_index = i < output->nb_streams;
  return i < output->nb_streams ? av_dict_set(&session->options, "movflags", "+delay_moov", AV_DICT_APPEND) : 0;
}

int undescribed_stream(const struct output *output) {
  for (unsigned i = 0; output->delays_index && i < output->context->nb_streams; i++) {
    const AVStream *stream = output->context->streams[i];
    if (!stream->nb_frames && is_described_by_packets(output->context, stream)) return (int)i;
  }
  return -1;
}

/* In mp4 covers are tags, which a fragmented one writes before any packet; as a track, a cover has no codec. */
static int check_covers(struct session *session) {
  const AVFormatContext *output = session->output->context;
  for (unsigned i = 0; i < output->nb_streams && is_fragmented(session); i++) {
    if (output->streams[i]->disposition != AV_DISPOSITION_ATTACHED_PIC) continue;
    log_error(session, "stream %u: %s in fragments has no place for a cover", i, output->oformat->name);
    return AVERROR(EINVAL);
  }
  return 0;
}

/* aiff has chunks for these tags; the others, covers and chapters need an ID3 tag, which is an option. */
static bool needs_id3(const AVFormatContext *output) {
  for (unsigned i = 0; i < output->nb_streams; i++)
    if (output->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return true;
  const AVDictionaryEntry *tag = NULL;
  while ((tag = av_dict_get(output->metadata, "", tag, AV_DICT_IGNORE_SUFFIX)))
    if (!av_match_name(tag->key, "title,author,copyright,comment,encoder")) return true;
  return output->nb_chapters > 0;
}

static int enable_id3(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (strcmp(output->oformat->name, "aiff") || !needs_id3(output)) return 0;
  return av_dict_set(&session->options, "write_id3v2", "1", AV_DICT_DONT_OVERWRITE);
}

/* tta writes bits_per_raw_sample, which demuxers leave to decoders; without it no file can be read. */
static int note_bits(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (strcmp(session->output->files->name, "tta") || output->nb_streams != 1) return 0;
  enum { BITS = 8 }; /* offset in the file's header, which is the extradata */
  AVCodecParameters *parameters = output->streams[0]->codecpar;
  int bits = parameters->bits_per_raw_sample;
  if (bits <= 0 && parameters->extradata_size >= BITS + 2) bits = AV_RL16(parameters->extradata + BITS);
  if (bits <= 0) bits = parameters->bits_per_coded_sample;
  parameters->bits_per_raw_sample = bits;
  if (bits > 0) return 0;
  log_error(session, "stream 0: tta needs its bitsPerRawSample");
  return AVERROR(EINVAL);
}

/*
 * If block_align is set, caf takes it for the length of each packet, and writes no table of lengths; in these codecs lengths
 * differ. And it takes times for samples, in any time base.
 */
static void prepare_caf(const AVFormatContext *output, const AVOutputFormat *files) {
  if (strcmp(files->name, "caf") || output->nb_streams != 1) return;
  AVCodecParameters *parameters = output->streams[0]->codecpar;
  const char *codec = avcodec_get_name(parameters->codec_id);
  if (av_match_name(codec, "alac,mp1,mp2,mp3,ac3,aac,opus,flac,qcelp,amr_nb")) parameters->block_align = 0;
  int rate = parameters->codec_id == AV_CODEC_ID_OPUS ? 48000 : parameters->sample_rate;
  if (rate > 0) output->streams[0]->time_base = (AVRational){1, rate};
}

/*
 * The muxer of mp4 takes the ticks of a track of subtitles from its time base, and between two cues it has room for 2^31 of them: of
 * a microsecond, as mp4 by the ffmpeg command has them, 35 minutes. Milliseconds last 24 days.
 */
static void lengthen_ticks(const AVFormatContext *output, const AVOutputFormat *files) {
  enum { HALF_A_DAY = 43200 };
  if (!has_quirk(files, MP4)) return;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVStream *stream = output->streams[i];
    bool is_short = stream->time_base.den > INT32_MAX / HALF_A_DAY;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE && is_short) stream->time_base = (AVRational){1, EMBEDDED ? 1000 : 48000};
  }
}

static bool has_id(const AVFormatContext *output, int first, int count) {
  for (unsigned i = 0; i < output->nb_streams; i++)
    if (output->streams[i]->id >= first && output->streams[i]->id < first + count) return true;
  return false;
}

/* mpegts numbers the tables of programs from PID 4096 on, which may also be the PID of a stream. */
static int move_tables(struct session *session) {
  const AVFormatContext *output = session->output->context;
  if (strcmp(output->oformat->name, "mpegts")) return 0;
  int programs = (int)FFMAX(output->nb_programs, 1), first = 4096;
  while (first < 4096 + 64 && has_id(output, first, programs)) first++;
  return first == 4096 ? 0 : av_dict_set_int(&session->options, "mpegts_pmt_start_pid", first, AV_DICT_DONT_OVERWRITE);
}

/* Blu-ray's kind has packets of 192 bytes, and the table of its program at a place of its own. */
static bool is_m2ts(const struct session *session) {
  const AVFormatContext *output = session->output->context;
  const AVDictionaryEntry *mode = av_dict_get(session->options, "mpegts_m2ts_mode", NULL, 0);
  if (strcmp(output->oformat->name, "mpegts")) return false;
  if (mode && strcmp(mode->value, "-1") && strcmp(mode->value, "auto")) return atoi(mode->value) > 0 || av_match_name(mode->value, "true,y,yes,enable,enabled,on");
  return output->url && av_match_ext(output->url, "m2ts");
}

/* The first free number from *next on, which is behind it afterwards: the next search begins there. */
static int free_id(const AVFormatContext *output, int *next) {
  while (has_id(output, *next, 1)) ++*next;
  return (*next)++;
}

/*
 * Where the tables can't be moved, a stream that has the number of one gets another number: with these muxers it would be an
 * error, of which the source has the fault.
 */
static void move_ids(const struct session *session) {
  enum { M2TS_TABLE = 256, TABLE = 4096, M2TS_VIDEO = 0x1011, M2TS_AUDIO = 0x1100, M2TS_OTHER = 0x1200, FIRST = 256 };
  const AVFormatContext *output = session->output->context;
  bool m2ts = is_m2ts(session);
  if (!m2ts && !av_match_name(output->oformat->name, "hls,segment,stream_segment,ssegment")) return;
  int table = m2ts ? M2TS_TABLE : TABLE, tables = m2ts ? 1 : (int)FFMAX(output->nb_programs, 1);
  int video = M2TS_VIDEO, audio = M2TS_AUDIO, other = m2ts ? M2TS_OTHER : FIRST;
  for (unsigned i = 0; i < output->nb_streams; i++) {
    AVStream *stream = output->streams[i];
    enum AVMediaType type = stream->codecpar->codec_type;
    int *next = m2ts && type == AVMEDIA_TYPE_VIDEO ? &video : m2ts && type == AVMEDIA_TYPE_AUDIO ? &audio : &other;
    if (stream->id >= table && stream->id < table + tables) stream->id = free_id(output, next);
  }
}

/* Codecs whose extradata is needed, and can't be derived from packets. */
static bool needs_description(enum AVCodecID codec) {
  return codec == AV_CODEC_ID_FLAC || codec == AV_CODEC_ID_ALAC || codec == AV_CODEC_ID_VORBIS || codec == AV_CODEC_ID_THEORA;
}

void explain_invalid(struct session *session) {
  const AVFormatContext *output = session->output->context;
  bool matroska = av_match_name(output->oformat->name, "matroska,webm");
  for (unsigned i = 0; i < output->nb_streams; i++) {
    const AVStream *stream = output->streams[i];
    enum AVCodecID codec = stream->codecpar->codec_id;
    const char *name = avcodec_get_name(codec);
    if (matroska && (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC) && lacks_extradata(output, stream))
      log_error(session, "stream %u: %s needs extradata, or a first packet with start codes and parameter sets", i, name);
    if (matroska && codec == AV_CODEC_ID_AAC && lacks_extradata(output, stream) && !(output->pb->seekable & AVIO_SEEKABLE_NORMAL))
      log_error(session, "stream %u: the configuration of %s is in its packets, so that a sink that can seek is needed", i, name);
    if (needs_description(codec) && !stream->codecpar->extradata_size)
      log_error(session, "stream %u: %s needs extradata, and the source has none for it", i, name);
  }
}

/* It has no use for an id: 0 is no address. */
static void clear_id(const struct output *output) {
  if (has_quirk(output->files, LOGS_STREAM) && output->context->nb_streams) output->context->streams[0]->id = 0;
}

/* Prepares and writes the header. If unknown options are left, nothing is written. */
static int write_header(struct session *session, bool *written) {
  AVFormatContext *output = session->output->context;
  int result = contain(session, output); /* options have been set since */
  if (has_quirk(output->oformat, FROM_ZERO)) output->avoid_negative_ts = AVFMT_AVOID_NEG_TS_MAKE_ZERO;
  if (result >= 0) result = contain_output_options(session, output->oformat, session->output->files);
  if (result >= 0) result = name_languages(output);
  if (result >= 0 && !EMBEDDED) result = leave_out_layouts(output);
  if (result >= 0) result = filters_open(session);
  if (result >= 0) result = check_filtered(session);
  if (result >= 0) result = check_covers(session);
  if (result >= 0) result = enable_id3(session);
  if (result >= 0) result = note_bits(session);
  mark_adts(output);
  limit_bit_rates(session);
  prepare_caf(output, session->output->files);
  lengthen_ticks(output, session->output->files);
  keep_limits(output, session->output->files);
  if (result >= 0) result = delay_index(session);
  move_ids(session);
  clear_id(session->output);
  if (result >= 0) result = move_tables(session);
  if (result >= 0) result = arrange_chapters(session);
  if (result >= 0) result = tag_chapters(session);
  if (result >= 0) result = check_hls(session);
  if (result >= 0) result = avformat_init_output(output, &session->options);
  if (result >= 0) result = check_segments(session);
  *written = result >= 0 && !av_dict_count(session->options);
  note_unused(session);
  if (*written) result = avformat_write_header(output, NULL);
  if (result == AVERROR_INVALIDDATA || result == AVERROR(EINVAL)) explain_invalid(session);
  return result;
}

int output_op_header(struct session *session, double *slot, uint8_t *data, size_t size) {
  (void)data, (void)size;
  struct output *output = session->output;
  struct io *io = io_of(&session->channel, slot[1]);
  if (!output || output->header_tried) return AVERROR(EINVAL);
  AVFormatContext *context = output->context;
  bool opens_files = context->oformat->flags & AVFMT_NOFILE;
  if (!io && (slot[1] || !opens_files)) return AVERROR(EBADF);
  if (io && opens_files) return AVERROR(EINVAL); /* the format would not write to it, but flush it at its end */
  if (io && !(io->context->seekable & AVIO_SEEKABLE_NORMAL) && has_quirk(context->oformat, NEEDS_SEEKING)) {
    log_error(session, "%s needs a sink that can seek", context->oformat->name);
    return AVERROR(EINVAL);
  }
  /* libavformat would loop for ever if it wrote to a source. */
  if (io && (io->used || io->nested || !io->context->write_flag)) return AVERROR(EINVAL);
  output->files = file_format(session);
  int result = contain_output_format(session, output->files);
  if (result >= 0) result = check_streams(session, context, output->files);
  if (result < 0) return result;
  output->header_tried = true; /* after a failed header, the muxer has freed its state */
  output->endpoint.io = io;
  context->pb = io ? io->context : NULL;
  channel_attach(&session->channel, &output->endpoint);
  bool written = false;
  result = write_header(session, &written);
  slot[1] = context->nb_streams;
  if (result < 0) return output->endpoint.refused_url ? AVERROR(EPERM) : result;
  if (!written) return 0; /* there are unknown options: the output can't be used */
  output->header_written = true;
  output_accept(session, true);
  if (has_quirk(output->files, SORTED)) context->max_interleave_delta = 0; /* it interleaves all streams, without a limit of time */
  return output_error(session);
}
