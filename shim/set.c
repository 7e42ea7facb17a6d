/* floor 5 */
/*
 * set.c - avs_set(), avs_set_bytes() and avs_add_stream(): sets what is to be opened, options, fields of streams, tags.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "compat.h"
#include "contain.h"
#include "fields.h"
#include "output/filter.h"
#include "output/header.h"
#include "output/output.h"
#include "output/segments.h"
#include "packet.h"
#include "structures.h"

/* FFmpeg adds padding to an int. */
enum { MAX_DATA = INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE };

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

/* "avc1", or "[0][0][0][1]" for bytes that are no letters, as av_fourcc_make_string() writes it. */
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
  if (has_nested_layout(value)) return AVERROR(EINVAL);
  int result = av_channel_layout_from_string(&parsed, value);
  if (result < 0) return result == AVERROR(ENOMEM) ? result : AVERROR(EINVAL);
  if (parsed.nb_channels > MAX_CHANNELS) { /* "268435456C" */
    av_channel_layout_uninit(&parsed);
    return AVERROR(EINVAL);
  }
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

/* Sets the frame rate of the stream, and that of the codec, which newer versions of libavcodec have. */
static int set_frame_rate(AVStream *stream, const char *value) {
  AVRational rate;
  int result = set_rational(&rate, value);
  if (result < 0 || !rate.num || !rate.den) return result;
  *codec_frame_rate(stream) = rate;
  if (!stream->avg_frame_rate.num) stream->avg_frame_rate = rate;
  return 0;
}

/* Sets both: some muxers use the stream's, some the codec's. */
static int set_aspect(AVStream *stream, const char *value) {
  int result = set_rational(&stream->sample_aspect_ratio, value);
  stream->codecpar->sample_aspect_ratio = stream->sample_aspect_ratio;
  return result;
}

static int set_name(int *place, const struct naming *naming, const char *value) {
  int number = naming->value(value);
  if (number < 0 && !(number == AVMEDIA_TYPE_UNKNOWN && !strcmp(value, media_type_name(number)))) return AVERROR(EINVAL);
  *place = number;
  return 0;
}

static bool is_refused_codec(const struct field *field, const char *value) {
  return !strcmp(field->name, "codec") && is_structure_codec((enum AVCodecID)field->naming->value(value));
}

static int set_field(AVStream *stream, const struct field *field, const char *value) {
  void *place = field_address(stream, field);
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
  case NAME: return is_refused_codec(field, value) ? AVERROR(EPERM) : set_name(place, field->naming, value);
  case FOURCC: return set_fourcc(place, value);
  case LAYOUT: return set_layout(place, value);
  case DISPOSITION: return set_disposition(place, value);
  case EXTRADATA:
  case TIMESTAMP:
  case SECONDS:
  case PROFILE_NAME:
  case SAMPLE_BITS: break;
  }
  return AVERROR(EINVAL);
}

static int set_stream_field(AVStream *stream, const char *name, const char *value) {
  for (int i = 0; i < field_count; i++)
    if (!strcmp(fields[i].name, name)) return field_applies(stream, &fields[i]) ? set_field(stream, &fields[i], value) : 0;
  return AVERROR_OPTION_NOT_FOUND;
}

/* Takes the data. */
static int set_extradata(AVCodecParameters *parameters, uint8_t *data, uint32_t size) {
  av_freep(&parameters->extradata);
  parameters->extradata = data;
  parameters->extradata_size = (int)size;
  return 0;
}

/* Takes the data, or frees it. */
static int set_side_data(AVStream *stream, const char *name, uint8_t *data, uint32_t size) {
  enum AVPacketSideDataType type = side_data_type(name);
  int result = is_sound_side_data(type, data, size, NULL) ? stream_add_side_data(stream, type, data, size) : AVERROR(EINVAL);
  if (result < 0) av_free(data);
  return result;
}

static void append_kinds(struct text *text) {
  const char *separator = "";
  for (int type = 0; type < AV_PKT_DATA_NB; type++) {
    const char *name = av_packet_side_data_name((enum AVPacketSideDataType)type);
    if (name) text_format(text, "%s%s", separator, name);
    if (name) separator = ", ";
  }
}

int32_t avs_side_data_fault(const char *type, uint32_t type_size, const uint8_t *data, uint32_t size, char *out,
                            uint32_t capacity) {
  char name[128], fault[SIDE_DATA_FAULT_SIZE];
  struct text text = {0};
  bool fits = type_size < sizeof(name);
  snprintf(name, sizeof(name), "%.*s", fits ? (int)type_size : 0, type ? type : "");
  enum AVPacketSideDataType kind = side_data_type(name);
  if (kind == AV_PKT_DATA_NB) {
    text_format(&text, "type: there is no such side data; known types are ");
    append_kinds(&text);
  } else if (!is_sound_side_data(kind, data, size, fault)) {
    text_format(&text, "data: of %s %s", side_data_name(kind), fault);
  }
  return text_deliver(&text, out, capacity);
}

static char **text_of_target(struct target *target, const char *name) {
  if (!strcmp(name, "url")) return &target->url;
  if (!strcmp(name, "format")) return &target->format;
  return strcmp(name, "formats") ? NULL : &target->formats;
}

/* Sets a field of what is to be opened. */
static int set_target(struct target *target, const char *name, const char *value) {
  if (!strcmp(name, "maxPacketSize")) return target->max_packet_size = strtoll(value, NULL, 10), 0;
  if (!strcmp(name, "maxOpenSize")) return target->max_open_size = strtoll(value, NULL, 10), 0;
  if (!strcmp(name, "strict")) return target->strict = !strcmp(value, "1"), 0;
  char **place = text_of_target(target, name);
  if (!place) return AVERROR_OPTION_NOT_FOUND;
  free(*place);
  *place = *value ? strdup(value) : NULL;
  return *place || !*value ? 0 : AVERROR(ENOMEM);
}

static AVStream *output_stream(struct session *session, int32_t index) {
  const AVFormatContext *output = session->output ? session->output->context : NULL;
  return output && index >= 0 && index < (int32_t)output->nb_streams ? output->streams[index] : NULL;
}

/* Keeps an input's fourcc if the output's format has it for this codec, as `ffmpeg -c copy` does. */
static int set_source_tag(const AVOutputFormat *format, AVStream *stream, const char *value) {
  uint32_t tag;
  unsigned other;
  int result = set_fourcc(&tag, value);
  if (result < 0) return result;
  enum AVCodecID codec = stream->codecpar->codec_id;
  const struct AVCodecTag *const own[] = {avformat_get_mov_video_tags(), NULL};
  /* Matroska also has QuickTime's tags, for codecs that are not in its list. */
  if (!strcmp(format->name, "matroska") && av_codec_get_id(own, av_codec_get_tag(own, codec)) == codec &&
      av_codec_get_id(own, tag) != codec && av_codec_get_id(format->codec_tag, tag) != codec)
    return 0;
  if (!format->codec_tag || av_codec_get_id(format->codec_tag, tag) == codec ||
      !av_codec_get_tag2(format->codec_tag, codec, &other))
    stream->codecpar->codec_tag = tag;
  return 0;
}

static int set_of_stream(struct session *session, uint32_t what, int32_t index, const char *name, const char *value) {
  AVStream *stream = output_stream(session, index);
  if (!stream) return AVERROR(EINVAL);
  if (session->output->header_tried && what != AVS_SET_STREAM_METADATA) return AVERROR(EINVAL); /* the muxer has read them */
  if (what == AVS_SET_STREAM && !strcmp(name, "bitstreamFilter")) return filter_set(session, index, value);
  if (what == AVS_SET_STREAM && !strcmp(name, "sourceTag"))
    return set_source_tag(segment_format(session, stream->codecpar), stream, value);
  if (what == AVS_SET_STREAM) return set_stream_field(stream, name, value);
  return av_dict_set(&stream->metadata, name, value, 0);
}

/* The fuzzer's build takes any limit: there each allocation may be the first that fails. */
#ifdef AVIO_FUZZER
enum { MIN_MEMORY = 1 };
#else
enum { MIN_MEMORY = AVS_MEMORY_MIN };
#endif

static int set_max_memory(struct session *session, const char *value) {
  long long bytes = strtoll(value, NULL, 10);
  if (bytes < MIN_MEMORY) return AVERROR(EINVAL);
  account_limit(session->channel.account, bytes);
  return 0;
}

static int set_one(struct session *session, uint32_t what, int32_t index, const char *name, const char *value) {
  AVFormatContext *output = session->output ? session->output->context : NULL;
  if (what <= AVS_SET_OUTPUT && !strcmp(name, "maxMemory")) return set_max_memory(session, value);
  switch (what) {
  case AVS_SET_INPUT: return set_target(&session->targets[AVS_INPUT], name, value);
  case AVS_SET_OUTPUT:
    if (!strcmp(name, "bitstreamFilter")) return filter_set(session, -1, value);
    return set_target(&session->targets[AVS_OUTPUT], name, value);
  case AVS_SET_OPTIONS: return av_dict_set(&session->options, name, value, 0);
  case AVS_SET_METADATA: return output ? av_dict_set(&output->metadata, name, value, 0) : AVERROR(EINVAL);
  case AVS_SET_CHAPTER_METADATA:
    if (!output || index < 0 || index >= (int32_t)output->nb_chapters) return AVERROR(EINVAL);
    return av_dict_set(&output->chapters[index]->metadata, name, value, 0);
  case AVS_SET_STREAM:
  case AVS_SET_STREAM_METADATA: return set_of_stream(session, what, index, name, value);
  }
  return AVERROR(EINVAL);
}

/* Calls `set` for each pair of name and value; errors are logged. */
typedef int set_pair(void *target, const char *name, const char *value);

static int set_pairs(struct session *session, const char *text, uint32_t size, set_pair *set, void *target) {
  const char *end = text + size;
  while (text < end) {
    const char *value = memchr(text, 0, (size_t)(end - text));
    const char *next = value ? memchr(value + 1, 0, (size_t)(end - value - 1)) : NULL;
    if (!next) return AVERROR(EINVAL);
    int result = set(target, text, value + 1);
    if (result == AVERROR_OPTION_NOT_FOUND) log_error(session, "%s: no such field", text);
    else if (result == AVERROR(EPERM)) log_error(session, "%s: %.64s is refused: %s", text, value + 1, STRUCTURE_CODEC_FAULT);
    else if (result < 0 && result != AVERROR(ENOMEM)) log_error(session, "%s: bad value '%.200s'", text, value + 1);
    if (result < 0) return result;
    text = next + 1;
  }
  return 0;
}

/* What a pair is set on. */
struct place {
  struct session *session;
  uint32_t what;
  int32_t index;
};

static int set_at_place(void *opaque, const char *name, const char *value) {
  const struct place *place = opaque;
  return set_one(place->session, place->what, place->index, name, value);
}

int32_t avs_set(double handle, uint32_t what, int32_t index, const char *text, uint32_t size) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  struct place place = {session, what, index};
  return set_pairs(session, text, size, set_at_place, &place);
}

int32_t avs_set_bytes(double handle, int32_t index, const char *name, uint32_t name_size, const uint8_t *data, uint32_t size) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  AVStream *stream = output_stream(session, index);
  char text[128];
  if (!stream || session->output->header_tried || name_size >= sizeof(text) || size > MAX_DATA) return AVERROR(EINVAL);
  snprintf(text, sizeof(text), "%.*s", (int)name_size, name ? name : "");
  uint8_t *copy = av_mallocz((size_t)size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!copy) {
    channel_fail(&session->channel, AVERROR(ENOMEM)); /* part of a stream stays behind */
    return AVERROR(ENOMEM);
  }
  if (size) memcpy(copy, data, size);
  if (!strcmp(text, "extradata")) return set_extradata(stream->codecpar, copy, size);
  int result = set_side_data(stream, text, copy, size);
  if (result == AVERROR(EINVAL)) log_error(session, "%s: bad value", text);
  return result;
}

static int set_on_stream(void *stream, const char *name, const char *value) {
  return set_stream_field(stream, name, value);
}

/* libavformat can't remove a stream, so the fields are tried first on a stream of another context. */
int32_t avs_add_stream(double handle, const char *text, uint32_t size) {
  struct session *session = find_session(handle);
  if (session && session->channel.running) return AVERROR(EBUSY);
  if (!session || !session->output) return AVERROR(EBADF);
  if (session->output->header_tried) return AVERROR(EINVAL);
  AVFormatContext *trial = avformat_alloc_context();
  AVStream *stream = trial ? avformat_new_stream(trial, NULL) : NULL;
  int result = stream ? set_pairs(session, text, size, set_on_stream, stream) : AVERROR(ENOMEM);
  avformat_free_context(trial);
  if (result < 0) return result;
  AVFormatContext *output = session->output->context;
  if (output->nb_streams >= (unsigned)output->max_streams) {
    log_error(session, "from: an output has at most %d streams", output->max_streams);
    return AVERROR(EINVAL);
  }
  stream = avformat_new_stream(output, NULL);
  if (!stream) return AVERROR(ENOMEM);
  result = set_pairs(session, text, size, set_on_stream, stream);
  if (result < 0) channel_fail(&session->channel, result); /* no memory: part of a stream stays behind */
  return result < 0 ? result : stream->index;
}
