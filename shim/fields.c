#include "fields.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>

#include "avs.h"
#include "output/header.h"
#include "text.h"

/* ---------------------------------------------------------------------------------------- enums by name */

static const char *codec_name(int id) { return avcodec_get_name((enum AVCodecID)id); }

static int codec_id(const char *name) {
  if (!strcmp(name, codec_name(AV_CODEC_ID_NONE))) return AV_CODEC_ID_NONE; /* for attachments */
  const AVCodecDescriptor *descriptor = avcodec_descriptor_get_by_name(name);
  return descriptor ? (int)descriptor->id : -1;
}

const char *media_type_name(int type) {
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

/* Colour properties have a value that means "unspecified". */
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

#define STREAM(field) .base = OF_STREAM, .offset = offsetof(AVStream, field)
#define PARAMETER(field) .base = OF_PARAMETERS, .offset = offsetof(AVCodecParameters, field)
#define MAX_SAFE 9007199254740991.0 /* Number.MAX_SAFE_INTEGER */

const struct field fields[] = {
    {"type", PARAMETER(codec_type), NAME, .naming = &media_types},
    {"codec", PARAMETER(codec_id), NAME, .naming = &codec_names},
    {"tag", PARAMETER(codec_tag), FOURCC},
    {"bitRate", PARAMETER(bit_rate), INT64, 0, MAX_SAFE},
    {"profile", PARAMETER(profile), OPTIONAL, -99, INT32_MAX},
    {"profileName", PARAMETER(profile), PROFILE_NAME, .read_only = true},
    {"level", PARAMETER(level), OPTIONAL, -99, INT32_MAX},
    {"extradata", PARAMETER(extradata), EXTRADATA, .read_only = true}, /* set by avs_set_bytes() */
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
    {"channels", PARAMETER(ch_layout), CHANNELS, 0, MAX_CHANNELS},
    {"channelLayout", PARAMETER(ch_layout), LAYOUT},
    {"frameSize", PARAMETER(frame_size), INT, 0, INT32_MAX},
    {"blockAlign", PARAMETER(block_align), INT, 0, INT32_MAX},
    {"bitsPerSample", PARAMETER(codec_id), SAMPLE_BITS, .read_only = true},
    {"bitsPerCodedSample", PARAMETER(bits_per_coded_sample), INT, 0, 1024},
    {"bitsPerRawSample", PARAMETER(bits_per_raw_sample), INT, 0, 1024},
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
const int field_count = sizeof(fields) / sizeof(*fields);

void *field_address(AVStream *stream, const struct field *field) {
  return (char *)(field->base == OF_STREAM ? (void *)stream : (void *)stream->codecpar) + field->offset;
}

bool field_applies(const AVStream *stream, const struct field *field) {
  enum AVMediaType type = stream->codecpar->codec_type;
  return field->media == ANY || (field->media == AUDIO && type == AVMEDIA_TYPE_AUDIO) ||
         (field->media == VIDEO && type == AVMEDIA_TYPE_VIDEO);
}

bool is_integer(const struct field *field) {
  return field->type == INT || field->type == OPTIONAL || field->type == INT64 || field->type == CHANNELS;
}

static const char *kind_of(const struct field *field) {
  switch (field->type) {
  case RATIONAL:
  case ASPECT:
  case FRAME_RATE: return "rational";
  case DISPOSITION: return "names";
  default: return is_integer(field) ? "integer" : "name";
  }
}

int32_t avs_stream_fields(char *out, uint32_t capacity) {
  struct text text = {0};
  text_append(&text, "[", 1);
  for (int i = 0; i < field_count; i++) {
    if (fields[i].read_only) continue;
    json_item(&text);
    text_format(&text, "{\"name\":\"%s\",\"kind\":\"%s\"", fields[i].name, kind_of(&fields[i]));
    if (is_integer(&fields[i])) text_format(&text, ",\"min\":%.17g,\"max\":%.17g", fields[i].min, fields[i].max);
    text_append(&text, "}", 1);
  }
  text_append(&text, "]", 1);
  return text_deliver(&text, out, capacity);
}
