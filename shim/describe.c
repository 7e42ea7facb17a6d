/*
 * describe.c - streams, chapters, programs and metadata as JSON, and back: the fields of a stream are one
 * table that drives both directions, so a new field is one line here.
 */
#include <stddef.h>

#include <libavutil/avstring.h>
#include <libavutil/base64.h>
#include <libavutil/channel_layout.h>
#include <libavutil/parseutils.h>
#include <libavutil/pixdesc.h>

#include "internal.h"

/* ---------------------------------------------------------------------------------------- enums by name */

struct naming {
  const char *(*name)(int value);
  int (*value)(const char *name); /* below zero where unknown */
};

static const char *codec_name(int id) { return avcodec_get_name((enum AVCodecID)id); }

static int codec_id(const char *name) {
  if (!strcmp(name, codec_name(AV_CODEC_ID_NONE))) return AV_CODEC_ID_NONE; /* attachments of any kind */
  const AVCodecDescriptor *descriptor = avcodec_descriptor_get_by_name(name);
  return descriptor ? (int)descriptor->id : -1;
}

static const char *media_type_name(int type) {
  const char *name = av_get_media_type_string((enum AVMediaType)type);
  return name ? name : "unknown";
}

static int media_type(const char *name) {
  for (int type = 0; type < AVMEDIA_TYPE_NB; type++)
    if (!strcmp(media_type_name(type), name)) return type;
  return strcmp(name, "unknown") ? -2 : AVMEDIA_TYPE_UNKNOWN;
}

static const char *pixel_format_name(int format) { return av_get_pix_fmt_name((enum AVPixelFormat)format); }
static int pixel_format(const char *name) { return av_get_pix_fmt(name); }
static const char *sample_format_name(int format) { return av_get_sample_fmt_name((enum AVSampleFormat)format); }
static int sample_format(const char *name) { return av_get_sample_fmt(name); }

/* Colour properties have a value that means "not said". */
#define COLOR_NAMING(property, unspecified)                                                                 \
  static const char *property##_name(int value) {                                                           \
    return value == unspecified ? NULL : av_##property##_name(value);                                       \
  }                                                                                                         \
  static int property##_value(const char *name) { return av_##property##_from_name(name); }
COLOR_NAMING(color_space, AVCOL_SPC_UNSPECIFIED)
COLOR_NAMING(color_range, AVCOL_RANGE_UNSPECIFIED)
COLOR_NAMING(color_primaries, AVCOL_PRI_UNSPECIFIED)
COLOR_NAMING(color_transfer, AVCOL_TRC_UNSPECIFIED)
COLOR_NAMING(chroma_location, AVCHROMA_LOC_UNSPECIFIED)

static const char *const field_orders[] = {NULL, "progressive", "tt", "bb", "tb", "bt"};
enum { FIELD_ORDERS = sizeof(field_orders) / sizeof(*field_orders) };

static const char *field_order_name(int order) {
  return order > 0 && order < FIELD_ORDERS ? field_orders[order] : NULL;
}

static int field_order(const char *name) {
  for (int i = 1; i < FIELD_ORDERS; i++)
    if (!strcmp(field_orders[i], name)) return i;
  return -1;
}

static const struct naming codec_names = {codec_name, codec_id}, media_types = {media_type_name, media_type},
                           pixel_formats = {pixel_format_name, pixel_format},
                           sample_formats = {sample_format_name, sample_format},
                           color_spaces = {color_space_name, color_space_value},
                           color_ranges = {color_range_name, color_range_value},
                           color_primaries = {color_primaries_name, color_primaries_value},
                           color_transfers = {color_transfer_name, color_transfer_value},
                           chroma_locations = {chroma_location_name, chroma_location_value},
                           field_order_names = {field_order_name, field_order};

/* ---------------------------------------------------------------------------------------- the table */

enum base { OF_STREAM, OF_PARAMETERS };
enum media { ANY, AUDIO, VIDEO };
enum type {
  INT,
  INT64,
  OPTIONAL, /* int, -99 (FF_PROFILE_UNKNOWN) is null */
  TIMESTAMP, /* in the stream's time base; AV_NOPTS_VALUE is null */
  SECONDS,   /* the same, as seconds */
  RATIONAL,
  ASPECT,     /* rational; the stream's and the codec's are one */
  FRAME_RATE, /* the same; of an input it is guessed */
  NAME,     /* enum by name */
  FOURCC,
  EXTRADATA,
  LAYOUT,
  CHANNELS, /* the layout says it; set only without one */
  DISPOSITION,
  PROFILE_NAME, /* what follows from codec and profile, in FFmpeg's words */
  SAMPLE_BITS,
};

struct field {
  const char *name;
  enum base base;
  size_t offset;
  enum type type;
  double min, max; /* of integers, where they are set */
  enum media media;
  const struct naming *naming;
  bool read_only;
};

#define STREAM(field) .base = OF_STREAM, .offset = offsetof(AVStream, field)
#define PARAMETER(field) .base = OF_PARAMETERS, .offset = offsetof(AVCodecParameters, field)
#define MAX_SAFE 9007199254740991.0 /* JavaScript's */

/* In the order in which they are described and are to be set; `type` must be set before what depends on it. */
static const struct field fields[] = {
    {"type", PARAMETER(codec_type), NAME, .naming = &media_types},
    {"codec", PARAMETER(codec_id), NAME, .naming = &codec_names},
    {"tag", PARAMETER(codec_tag), FOURCC},
    {"bitRate", PARAMETER(bit_rate), INT64, 0, MAX_SAFE},
    {"profile", PARAMETER(profile), OPTIONAL, -99, INT32_MAX},
    {"profileName", PARAMETER(profile), PROFILE_NAME, .read_only = true},
    {"level", PARAMETER(level), OPTIONAL, -99, INT32_MAX},
    {"extradata", PARAMETER(extradata), EXTRADATA},
    {"width", PARAMETER(width), INT, 0, INT32_MAX},
    {"height", PARAMETER(height), INT, 0, INT32_MAX},
    {"pixelFormat", PARAMETER(format), NAME, .media = VIDEO, .naming = &pixel_formats},
    {"sampleAspectRatio", PARAMETER(sample_aspect_ratio), ASPECT},
    {"frameRate", PARAMETER(codec_id), FRAME_RATE},
    {"colorSpace", PARAMETER(color_space), NAME, .naming = &color_spaces},
    {"colorRange", PARAMETER(color_range), NAME, .naming = &color_ranges},
    {"colorPrimaries", PARAMETER(color_primaries), NAME, .naming = &color_primaries},
    {"colorTransfer", PARAMETER(color_trc), NAME, .naming = &color_transfers},
    {"chromaLocation", PARAMETER(chroma_location), NAME, .naming = &chroma_locations},
    {"fieldOrder", PARAMETER(field_order), NAME, .naming = &field_order_names},
    {"videoDelay", PARAMETER(video_delay), INT, 0, 16},
    {"sampleRate", PARAMETER(sample_rate), INT, 0, INT32_MAX},
    {"sampleFormat", PARAMETER(format), NAME, .media = AUDIO, .naming = &sample_formats},
    {"channels", PARAMETER(ch_layout), CHANNELS, 0, 1024},
    {"channelLayout", PARAMETER(ch_layout), LAYOUT},
    {"frameSize", PARAMETER(frame_size), INT, 0, INT32_MAX},
    {"blockAlign", PARAMETER(block_align), INT, 0, INT32_MAX},
    {"bitsPerSample", PARAMETER(codec_id), SAMPLE_BITS, .read_only = true},
    {"bitsPerCodedSample", PARAMETER(bits_per_coded_sample), INT, 0, INT32_MAX},
    {"bitsPerRawSample", PARAMETER(bits_per_raw_sample), INT, 0, INT32_MAX},
    {"initialPadding", PARAMETER(initial_padding), INT, 0, INT32_MAX},
    {"trailingPadding", PARAMETER(trailing_padding), INT, 0, INT32_MAX},
    {"seekPreroll", PARAMETER(seek_preroll), INT, 0, INT32_MAX},
    {"id", STREAM(id), INT, INT32_MIN, INT32_MAX},
    {"timeBase", STREAM(time_base), RATIONAL},
    {"startTime", STREAM(start_time), SECONDS, .read_only = true},
    {"startPts", STREAM(start_time), TIMESTAMP, .read_only = true},
    {"duration", STREAM(duration), SECONDS, .read_only = true},
    {"durationTs", STREAM(duration), TIMESTAMP, .read_only = true},
    {"ptsWrapBits", STREAM(pts_wrap_bits), INT, .read_only = true},
    {"frames", STREAM(nb_frames), INT64, .read_only = true},
    {"averageFrameRate", STREAM(avg_frame_rate), RATIONAL},
    {"realFrameRate", STREAM(r_frame_rate), RATIONAL, .read_only = true},
    {"disposition", STREAM(disposition), DISPOSITION},
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static void *address_of(AVStream *stream, const struct field *field) {
  return (char *)(field->base == OF_STREAM ? (void *)stream : (void *)stream->codecpar) + field->offset;
}

static bool applies(const AVStream *stream, const struct field *field) {
  enum AVMediaType type = stream->codecpar->codec_type;
  return field->media == ANY || (field->media == AUDIO && type == AVMEDIA_TYPE_AUDIO) ||
         (field->media == VIDEO && type == AVMEDIA_TYPE_VIDEO);
}

/* ---------------------------------------------------------------------------------------- describing */

static void describe_fourcc(struct text *text, uint32_t tag) {
  char name[AV_FOURCC_MAX_STRING_SIZE] = "";
  if (tag) av_fourcc_make_string(name, tag);
  json_string(text, name);
}

static void describe_layout(struct text *text, const AVChannelLayout *layout) {
  char name[256];
  if (!layout->nb_channels || layout->order == AV_CHANNEL_ORDER_UNSPEC ||
      av_channel_layout_describe(layout, name, sizeof(name)) < 0)
    text_append(text, "null", 4);
  else
    json_string(text, name);
}

static void describe_rational(struct text *text, AVRational value) {
  text_format(text, "{\"num\":%d,\"den\":%d}", value.num, value.den);
}

static void describe_disposition(struct text *text, int disposition) {
  text_append(text, "[", 1);
  for (int bit = 0; bit < 31; bit++) {
    const char *name = disposition >> bit & 1 ? av_disposition_to_string(1 << bit) : NULL;
    if (!name) continue;
    json_item(text);
    json_string(text, name);
  }
  text_append(text, "]", 1);
}

static void describe_name(struct text *text, const char *name) {
  if (name) json_string(text, name);
  else text_append(text, "null", 4);
}

static void describe_extradata(struct text *text, const AVCodecParameters *parameters) {
  if (parameters->extradata_size > 0) json_base64(text, parameters->extradata, (size_t)parameters->extradata_size);
  else text_append(text, "null", 4);
}

/* Guessed from an input's packets; an output has only what was set. */
static AVRational frame_rate_of(AVFormatContext *context, AVStream *stream) {
  AVRational rate = av_guess_frame_rate(context, stream, NULL);
  if (!rate.num) rate = *codec_frame_rate(stream);
  return rate.num ? rate : stream->avg_frame_rate;
}

static void describe_seconds(struct text *text, int64_t timestamp, AVRational time_base) {
  json_number(text, timestamp == AV_NOPTS_VALUE ? NAN : (double)timestamp * time_base.num / time_base.den);
}

static void describe_field(struct text *text, AVFormatContext *context, AVStream *stream, const struct field *field) {
  const AVCodecParameters *parameters = stream->codecpar;
  void *place = address_of(stream, field);
  json_key(text, field->name);
  if (!applies(stream, field)) return text_append(text, "null", 4);
  switch (field->type) {
  case INT: text_format(text, "%d", *(int *)place); break;
  case INT64: text_format(text, "%lld", (long long)*(int64_t *)place); break;
  case OPTIONAL:
    if (*(int *)place == PROFILE_UNKNOWN) text_append(text, "null", 4);
    else text_format(text, "%d", *(int *)place);
    break;
  case TIMESTAMP: json_number(text, from_timestamp(*(int64_t *)place)); break;
  case SECONDS: describe_seconds(text, *(int64_t *)place, stream->time_base); break;
  case RATIONAL: describe_rational(text, *(AVRational *)place); break;
  case ASPECT: describe_rational(text, av_guess_sample_aspect_ratio(context, stream, NULL)); break;
  case FRAME_RATE: describe_rational(text, frame_rate_of(context, stream)); break;
  case NAME: describe_name(text, field->naming->name(*(int *)place)); break;
  case FOURCC: describe_fourcc(text, *(uint32_t *)place); break;
  case EXTRADATA: describe_extradata(text, parameters); break;
  case LAYOUT: describe_layout(text, place); break;
  case CHANNELS: text_format(text, "%d", ((AVChannelLayout *)place)->nb_channels); break;
  case DISPOSITION: describe_disposition(text, *(int *)place); break;
  case PROFILE_NAME: describe_name(text, avcodec_profile_name(parameters->codec_id, parameters->profile)); break;
  case SAMPLE_BITS: text_format(text, "%d", av_get_bits_per_sample(parameters->codec_id)); break;
  }
}

static void describe_metadata(struct text *text, const AVDictionary *metadata) {
  json_key(text, "metadata");
  text_append(text, "{", 1);
  const AVDictionaryEntry *entry = NULL;
  while ((entry = av_dict_get(metadata, "", entry, AV_DICT_IGNORE_SUFFIX))) {
    json_key(text, entry->key);
    json_string(text, entry->value);
  }
  text_append(text, "}", 1);
}

static void describe_side_data(struct text *text, const AVStream *stream) {
  json_key(text, "sideData");
  text_append(text, "[", 1);
  for (int i = 0; i < (int)STREAM_SIDE_DATA_COUNT(stream); i++) {
    const AVPacketSideData *side = &STREAM_SIDE_DATA(stream)[i];
    json_item(text);
    text_append(text, "{", 1);
    json_key(text, "type");
    json_string(text, side_data_name(side->type));
    json_key(text, "data");
    json_base64(text, side->data, side->size);
    text_append(text, "}", 1);
  }
  text_append(text, "]", 1);
}

static void describe_fields(struct text *text, AVFormatContext *context, AVStream *stream, enum base base) {
  for (int i = 0; i < FIELDS; i++)
    if (fields[i].base == base) describe_field(text, context, stream, &fields[i]);
}

static void describe_stream(struct text *text, AVFormatContext *context, AVStream *stream) {
  json_item(text);
  text_format(text, "{\"index\":%d", stream->index);
  json_key(text, "type");
  json_string(text, media_type_name(stream->codecpar->codec_type));
  json_key(text, "codecParameters");
  text_append(text, "{", 1);
  describe_fields(text, context, stream, OF_PARAMETERS);
  text_append(text, "}", 1);
  describe_fields(text, context, stream, OF_STREAM);
  describe_metadata(text, stream->metadata);
  describe_side_data(text, stream);
  text_append(text, "}", 1);
}

static void describe_chapter(struct text *text, const AVChapter *chapter) {
  json_item(text);
  text_format(text, "{\"id\":%lld", (long long)chapter->id);
  json_key(text, "timeBase");
  describe_rational(text, chapter->time_base);
  json_key(text, "start");
  describe_seconds(text, chapter->start, chapter->time_base);
  json_key(text, "end");
  describe_seconds(text, chapter->end, chapter->time_base);
  describe_metadata(text, chapter->metadata);
  text_append(text, "}", 1);
}

static void describe_program(struct text *text, const AVProgram *program) {
  json_item(text);
  text_format(text, "{\"id\":%d,\"number\":%d,\"pmtPid\":%d,\"pcrPid\":%d,\"streamIndexes\":[", program->id,
              program->program_num, program->pmt_pid, program->pcr_pid);
  for (unsigned i = 0; i < program->nb_stream_indexes; i++)
    text_format(text, i ? ",%u" : "%u", program->stream_index[i]);
  text_append(text, "]", 1);
  describe_metadata(text, program->metadata);
  text_append(text, "}", 1);
}

static void describe_lists(struct text *text, AVFormatContext *context) {
  json_key(text, "streams");
  text_append(text, "[", 1);
  for (unsigned i = 0; i < context->nb_streams; i++) describe_stream(text, context, context->streams[i]);
  text_append(text, "]", 1);
  json_key(text, "chapters");
  text_append(text, "[", 1);
  for (unsigned i = 0; i < context->nb_chapters; i++) describe_chapter(text, context->chapters[i]);
  text_append(text, "]", 1);
  json_key(text, "programs");
  text_append(text, "[", 1);
  for (unsigned i = 0; i < context->nb_programs; i++) describe_program(text, context->programs[i]);
  text_append(text, "]", 1);
}

static void describe_format(struct text *text, const AVFormatContext *context) {
  json_key(text, "format");
  if (context->iformat) json_input_format(text, context->iformat);
  else json_output_format(text, context->oformat);
}

int32_t avs_describe(double handle, uint32_t direction, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  AVFormatContext *context = !session ? NULL : direction == AVS_INPUT ? session->input : session->output;
  if (!context) return AVERROR(EBADF);
  struct text text = {0};
  text_append(&text, "{", 1);
  describe_format(&text, context);
  json_key(&text, "duration");
  describe_seconds(&text, context->duration, AV_TIME_BASE_Q);
  json_key(&text, "startTime");
  describe_seconds(&text, context->start_time, AV_TIME_BASE_Q);
  json_key(&text, "bitRate");
  json_number(&text, context->bit_rate > 0 ? (double)context->bit_rate : NAN);
  json_key(&text, "probeScore");
  text_format(&text, "%d", context->probe_score);
  describe_metadata(&text, context->metadata);
  describe_lists(&text, context);
  text_append(&text, "}", 1);
  return text_deliver(&text, out, capacity);
}

/* ---------------------------------------------------------------------------------------- setting */

const char *side_data_name(enum AVPacketSideDataType type) {
  const char *name = av_packet_side_data_name(type);
  return name ? name : "unknown";
}

enum AVPacketSideDataType side_data_type(const char *name) {
  int type = 0;
  while (type < AV_PKT_DATA_NB && strcmp(side_data_name((enum AVPacketSideDataType)type), name)) type++;
  return (enum AVPacketSideDataType)type;
}

/* Decoded with the padding that FFmpeg wants behind extradata. */
static uint8_t *decode_base64(const char *text, int *size) {
  size_t capacity = AV_BASE64_DECODE_SIZE(strlen(text));
  uint8_t *data = av_mallocz(capacity + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!data) return NULL;
  *size = av_base64_decode(data, text, (int)capacity);
  if (*size >= 0) return data;
  av_free(data);
  return NULL;
}

static int decode_extradata(AVCodecParameters *parameters, const char *value) {
  int size = 0;
  uint8_t *data = decode_base64(value, &size);
  if (!data) return AVERROR(EINVAL);
  av_freep(&parameters->extradata);
  parameters->extradata = data;
  parameters->extradata_size = size;
  return 0;
}

static int set_integer(const char *value, double min, double max, int64_t *result) {
  char *end;
  double number = strtod(value, &end);
  if (end == value || *end || !(number >= min && number <= max)) return AVERROR(EINVAL);
  *result = (int64_t)number;
  return 0;
}

static int set_rational(AVRational *rational, const char *value) {
  int num, den, used = 0;
  if (sscanf(value, "%d/%d%n", &num, &den, &used) != 2 || value[used] || num < 0 || den < 0) return AVERROR(EINVAL);
  *rational = (AVRational){num, den};
  return 0;
}

/* "avc1", or with bytes that are no letters "[0][0][0][1]", as av_fourcc_make_string() writes it. */
static int set_fourcc(uint32_t *tag, const char *value) {
  uint8_t bytes[4] = {0};
  for (int i = 0; i < 4 && *value; i++) {
    unsigned number;
    int used = 0;
    if (sscanf(value, "[%u]%n", &number, &used) == 1 && used && number < 256) {
      bytes[i] = (uint8_t)number;
      value += used;
    } else {
      bytes[i] = (uint8_t)*value++;
    }
  }
  if (*value) return AVERROR(EINVAL);
  *tag = MKTAG(bytes[0], bytes[1], bytes[2], bytes[3]);
  return 0;
}

static int set_layout(AVChannelLayout *layout, const char *value) {
  AVChannelLayout parsed = {0};
  int result = av_channel_layout_from_string(&parsed, value);
  if (result < 0) return AVERROR(EINVAL);
  av_channel_layout_uninit(layout);
  *layout = parsed;
  return 0;
}

static int set_channels(AVChannelLayout *layout, int channels) {
  if (layout->nb_channels == channels) return 0;
  av_channel_layout_uninit(layout);
  if (channels) av_channel_layout_default(layout, channels);
  return 0;
}

static int set_disposition(int *disposition, const char *value) {
  *disposition = 0;
  while (*value) {
    char name[64];
    size_t length = strcspn(value, ",");
    if (length >= sizeof(name)) return AVERROR(EINVAL);
    av_strlcpy(name, value, length + 1);
    int flag = av_disposition_from_string(name);
    if (flag < 0) return AVERROR(EINVAL);
    *disposition |= flag;
    value += length + (value[length] == ',');
  }
  return 0;
}

/* avformat keeps the container's frame rate in the stream, and newer ones the codec's beside it. */
static int set_frame_rate(AVStream *stream, const char *value) {
  AVRational rate;
  int result = set_rational(&rate, value);
  if (result < 0 || !rate.num || !rate.den) return result;
  *codec_frame_rate(stream) = rate;
  if (!stream->avg_frame_rate.num) stream->avg_frame_rate = rate;
  return 0;
}

/* Some muxers look at the stream's, some at the codec's. */
static int set_aspect(AVStream *stream, const char *value) {
  int result = set_rational(&stream->sample_aspect_ratio, value);
  stream->codecpar->sample_aspect_ratio = stream->sample_aspect_ratio;
  return result;
}

static int set_name(int *place, const struct naming *naming, const char *value) {
  int number = naming->value(value);
  if (number < 0 && !(naming == &media_types && number == AVMEDIA_TYPE_UNKNOWN)) return AVERROR(EINVAL);
  *place = number;
  return 0;
}

static bool is_integer(const struct field *field) {
  return field->type == INT || field->type == OPTIONAL || field->type == INT64 || field->type == CHANNELS;
}

static int set_field(AVStream *stream, const struct field *field, const char *value) {
  void *place = address_of(stream, field);
  int64_t number = 0;
  if (field->read_only || (is_integer(field) && set_integer(value, field->min, field->max, &number) < 0))
    return AVERROR(EINVAL);
  switch (field->type) {
  case INT:
  case OPTIONAL: *(int *)place = (int)number; return 0;
  case INT64: *(int64_t *)place = number; return 0;
  case CHANNELS: return set_channels(place, (int)number);
  case RATIONAL: return set_rational(place, value);
  case ASPECT: return set_aspect(stream, value);
  case FRAME_RATE: return set_frame_rate(stream, value);
  case NAME: return set_name(place, field->naming, value);
  case FOURCC: return set_fourcc(place, value);
  case EXTRADATA: return decode_extradata(stream->codecpar, value);
  case LAYOUT: return set_layout(place, value);
  case DISPOSITION: return set_disposition(place, value);
  case TIMESTAMP:
  case SECONDS:
  case PROFILE_NAME:
  case SAMPLE_BITS: break;
  }
  return AVERROR(EINVAL);
}

static int set_stream_field(AVStream *stream, const char *name, const char *value) {
  for (int i = 0; i < FIELDS; i++)
    if (!strcmp(fields[i].name, name)) return applies(stream, &fields[i]) ? set_field(stream, &fields[i], value) : 0;
  return AVERROR_OPTION_NOT_FOUND;
}

static const char *kind_of(const struct field *field) {
  switch (field->type) {
  case RATIONAL:
  case ASPECT:
  case FRAME_RATE: return "rational";
  case EXTRADATA: return "bytes";
  case DISPOSITION: return "names";
  default: return is_integer(field) ? "integer" : "name";
  }
}

int32_t avs_stream_fields(char *out, uint32_t capacity) {
  struct text text = {0};
  text_append(&text, "[", 1);
  for (int i = 0; i < FIELDS; i++) {
    if (fields[i].read_only) continue;
    json_item(&text);
    text_format(&text, "{\"name\":\"%s\",\"kind\":\"%s\"", fields[i].name, kind_of(&fields[i]));
    if (is_integer(&fields[i])) text_format(&text, ",\"min\":%.17g,\"max\":%.17g", fields[i].min, fields[i].max);
    text_append(&text, "}", 1);
  }
  text_append(&text, "]", 1);
  return text_deliver(&text, out, capacity);
}

static int set_side_data(AVStream *stream, const char *name, const char *value) {
  enum AVPacketSideDataType type = side_data_type(name);
  if (type == AV_PKT_DATA_NB) return 0; /* one that this FFmpeg does not know */
  int size = 0;
  uint8_t *data = decode_base64(value, &size);
  if (!data) return AVERROR(EINVAL);
  int result = stream_add_side_data(stream, type, data, (size_t)size);
  if (result < 0) av_free(data);
  return result;
}

/* "url" and "format" of what is to be opened. */
static int set_opening(char **url, char **format, const char *name, const char *value) {
  char **place = !strcmp(name, "url") ? url : !strcmp(name, "format") ? format : NULL;
  if (!place) return AVERROR_OPTION_NOT_FOUND;
  free(*place);
  return (*place = strdup(value)) ? 0 : AVERROR(ENOMEM);
}

static AVStream *output_stream(struct session *session, int32_t index) {
  AVFormatContext *output = session->output;
  return output && index >= 0 && index < (int32_t)output->nb_streams ? output->streams[index] : NULL;
}

/* An input's fourcc, kept where the output's format knows it for this codec; what `ffmpeg -c copy` does. */
static int set_source_tag(const AVOutputFormat *format, AVStream *stream, const char *value) {
  uint32_t tag;
  unsigned other;
  int result = set_fourcc(&tag, value);
  if (result < 0) return result;
  enum AVCodecID codec = stream->codecpar->codec_id;
  if (!format->codec_tag || av_codec_get_id(format->codec_tag, tag) == codec ||
      !av_codec_get_tag2(format->codec_tag, codec, &other))
    stream->codecpar->codec_tag = tag;
  return 0;
}

static int set_of_stream(struct session *session, uint32_t what, int32_t index, const char *name, const char *value) {
  AVStream *stream = output_stream(session, index);
  if (!stream) return AVERROR(EINVAL);
  if (session->header_tried && what != AVS_SET_STREAM_METADATA) return AVERROR(EINVAL); /* the muxer goes by them */
  if (what == AVS_SET_STREAM && !strcmp(name, "bitstreamFilter")) return filter_set(session, index, value);
  if (what == AVS_SET_STREAM && !strcmp(name, "sourceTag"))
    return set_source_tag(session->output->oformat, stream, value);
  if (what == AVS_SET_STREAM) return set_stream_field(stream, name, value);
  if (what == AVS_SET_SIDE_DATA) return set_side_data(stream, name, value);
  return av_dict_set(&stream->metadata, name, value, 0);
}

static int set_one(struct session *session, uint32_t what, int32_t index, const char *name, const char *value) {
  AVFormatContext *output = session->output;
  switch (what) {
  case AVS_SET_INPUT:
    if (!strcmp(name, "maxPacketSize")) return session->most_packet_bytes = strtoll(value, NULL, 10), 0;
    if (!strcmp(name, "maxOpenSize")) return session->opening.most_bytes = strtoll(value, NULL, 10), 0;
    return set_opening(&session->input_url, &session->input_format, name, value);
  case AVS_SET_OUTPUT:
    if (!strcmp(name, "bitstreamFilter")) return filter_set(session, -1, value);
    return set_opening(&session->output_url, &session->output_format, name, value);
  case AVS_SET_OPTIONS: return av_dict_set(&session->options, name, value, 0);
  case AVS_SET_METADATA: return output ? av_dict_set(&output->metadata, name, value, 0) : AVERROR(EINVAL);
  case AVS_SET_CHAPTER_METADATA:
    if (!output || index < 0 || index >= (int32_t)output->nb_chapters) return AVERROR(EINVAL);
    return av_dict_set(&output->chapters[index]->metadata, name, value, 0);
  case AVS_SET_STREAM:
  case AVS_SET_STREAM_METADATA:
  case AVS_SET_SIDE_DATA: return set_of_stream(session, what, index, name, value);
  }
  return AVERROR(EINVAL);
}

/* Calls `set` for each pair of names and values; what it doesn't take is logged. */
typedef int set_pair(void *target, const char *name, const char *value);

static int set_pairs(struct session *session, const char *text, uint32_t size, set_pair *set, void *target) {
  const char *end = text + size;
  while (text < end) {
    const char *value = memchr(text, 0, (size_t)(end - text));
    const char *next = value ? memchr(value + 1, 0, (size_t)(end - value - 1)) : NULL;
    if (!next) return AVERROR(EINVAL);
    int result = set(target, text, value + 1);
    if (result == AVERROR_OPTION_NOT_FOUND) log_line(session, AV_LOG_ERROR, "%s: no such field", text);
    else if (result < 0) log_line(session, AV_LOG_ERROR, "%s: bad value '%.200s'", text, value + 1);
    if (result < 0) return result;
    text = next + 1;
  }
  return 0;
}

/* Where a pair goes. */
struct target {
  struct session *session;
  uint32_t what;
  int32_t index;
};

static int set_at_target(void *opaque, const char *name, const char *value) {
  const struct target *target = opaque;
  return set_one(target->session, target->what, target->index, name, value);
}

int32_t avs_set(double handle, uint32_t what, int32_t index, const char *text, uint32_t size) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  struct target target = {session, what, index};
  return set_pairs(session, text, size, set_at_target, &target);
}

static int set_on_stream(void *stream, const char *name, const char *value) {
  return set_stream_field(stream, name, value);
}

/* libavformat can't take a stream back, so the fields are tried on one of another context first. */
int32_t avs_add_stream(double handle, const char *text, uint32_t size) {
  struct session *session = find_session(handle);
  if (session && session->running) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  if (session->header_tried) return AVERROR(EINVAL);
  AVFormatContext *trial = avformat_alloc_context();
  AVStream *stream = trial ? avformat_new_stream(trial, NULL) : NULL;
  int result = stream ? set_pairs(session, text, size, set_on_stream, stream) : AVERROR(ENOMEM);
  avformat_free_context(trial);
  if (result < 0) return result;
  stream = avformat_new_stream(session->output, NULL);
  if (!stream) return AVERROR(ENOMEM);
  result = set_pairs(session, text, size, set_on_stream, stream);
  return result < 0 ? result : stream->index;
}
