/* floor 5 */
/*
 * options.c - the AVOptions of formats, and all codecs that have a name, as JSON.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "avs.h"
#include "text.h"

static void json_value(struct text *text, const char *name, double value) {
  json_key(text, name);
  json_number(text, value);
}

/* Since libavutil 59 arrays have a flag in their type. */
static enum AVOptionType base_type(const AVOption *option) {
  return (enum AVOptionType)((int)option->type & 0xffff);
}

static const char *type_name(const AVOption *option) {
  switch (base_type(option)) {
  case AV_OPT_TYPE_FLAGS: return "flags";
  case AV_OPT_TYPE_INT:
  case AV_OPT_TYPE_INT64:
  case AV_OPT_TYPE_UINT64: return "integer";
  case AV_OPT_TYPE_DOUBLE:
  case AV_OPT_TYPE_FLOAT: return "number";
  case AV_OPT_TYPE_STRING: return "string";
  case AV_OPT_TYPE_RATIONAL: return "rational";
  case AV_OPT_TYPE_BINARY: return "binary";
  case AV_OPT_TYPE_DICT: return "dictionary";
  case AV_OPT_TYPE_IMAGE_SIZE: return "image size";
  case AV_OPT_TYPE_VIDEO_RATE: return "video rate";
  case AV_OPT_TYPE_DURATION: return "duration";
  case AV_OPT_TYPE_COLOR: return "color";
  case AV_OPT_TYPE_BOOL: return "boolean";
  case AV_OPT_TYPE_PIXEL_FMT: return "pixel format";
  case AV_OPT_TYPE_SAMPLE_FMT: return "sample format";
  default: return "string";
  }
}

static bool is_number(const AVOption *option) {
  const char *type = type_name(option);
  return !strcmp(type, "integer") || !strcmp(type, "number") || !strcmp(type, "flags") || !strcmp(type, "duration");
}

static void json_default(struct text *text, const AVOption *option) {
  enum AVOptionType type = base_type(option);
  bool is_array = (int)option->type != (int)type;
  json_key(text, "default");
  if (is_array) json_null(text);
  else if (type == AV_OPT_TYPE_DOUBLE || type == AV_OPT_TYPE_FLOAT) json_number(text, option->default_val.dbl);
  else if (type == AV_OPT_TYPE_BOOL && option->default_val.i64 >= 0)
    text_format(text, option->default_val.i64 ? "true" : "false");
  else if (is_number(option)) json_number(text, (double)option->default_val.i64);
  else if (type == AV_OPT_TYPE_STRING || type == AV_OPT_TYPE_COLOR || type == AV_OPT_TYPE_IMAGE_SIZE ||
           type == AV_OPT_TYPE_VIDEO_RATE || type == AV_OPT_TYPE_DICT)
    json_string_or_null(text, option->default_val.str);
  else json_null(text);
}

/* The named values of `option`. */
static void json_constants(struct text *text, const AVClass *class, const AVOption *option) {
  json_key(text, "constants");
  text_append(text, "[", 1);
  const AVOption *other = NULL;
  while (option->unit && (other = av_opt_next(&class, other))) {
    if (other->type != AV_OPT_TYPE_CONST || !other->unit || strcmp(other->unit, option->unit)) continue;
    json_item(text);
    text_append(text, "{", 1);
    json_field(text, "name", other->name);
    json_field(text, "help", other->help ? other->help : "");
    json_value(text, "value", (double)other->default_val.i64);
    text_append(text, "}", 1);
  }
  text_append(text, "]", 1);
}

static void json_option(struct text *text, const AVClass *class, const AVOption *option, bool generic) {
  json_item(text);
  text_append(text, "{", 1);
  json_field(text, "name", option->name);
  json_field(text, "help", option->help ? option->help : "");
  json_field(text, "type", type_name(option));
  json_default(text, option);
  json_value(text, "min", is_number(option) ? option->min : NAN);
  json_value(text, "max", is_number(option) ? option->max : NAN);
  json_key(text, "generic");
  text_format(text, generic ? "true" : "false");
  json_constants(text, class, option);
  text_append(text, "}", 1);
}

static void json_options(struct text *text, const AVClass *class, int flag, bool generic) {
  const AVOption *option = NULL;
  while (class && (option = av_opt_next(&class, option))) {
    bool applies = !option->flags || option->flags & flag;
    if (option->type != AV_OPT_TYPE_CONST && applies && !(option->flags & AV_OPT_FLAG_DEPRECATED))
      json_option(text, class, option, generic);
  }
}

int32_t avs_format_options(uint32_t direction, const char *name, uint32_t size, char *out, uint32_t capacity) {
  char format[64];
  snprintf(format, sizeof(format), "%.*s", (int)(size < sizeof(format) ? size : sizeof(format) - 1), name);
  const AVInputFormat *input = direction == AVS_INPUT ? av_find_input_format(format) : NULL;
  const AVOutputFormat *output = direction == AVS_OUTPUT ? av_guess_format(format, NULL, NULL) : NULL;
  if (!input && !output) return direction == AVS_INPUT ? AVERROR_DEMUXER_NOT_FOUND : AVERROR_MUXER_NOT_FOUND;
  int flag = input ? AV_OPT_FLAG_DECODING_PARAM : AV_OPT_FLAG_ENCODING_PARAM;
  struct text text = {0};
  text_append(&text, "[", 1);
  json_options(&text, input ? input->priv_class : output->priv_class, flag, false);
  json_options(&text, avformat_get_class(), flag, true);
  text_append(&text, "]", 1);
  return text_deliver(&text, out, capacity);
}

int32_t avs_codecs(char *out, uint32_t capacity) {
  struct text text = {0};
  const AVCodecDescriptor *codec = NULL;
  text_append(&text, "[", 1);
  while ((codec = avcodec_descriptor_next(codec))) {
    const char *type = av_get_media_type_string(codec->type);
    json_item(&text);
    text_append(&text, "{", 1);
    json_field(&text, "name", codec->name);
    json_field(&text, "longName", codec->long_name ? codec->long_name : "");
    json_field(&text, "type", type ? type : "unknown");
    json_key(&text, "isLossless");
    text_format(&text, codec->props & AV_CODEC_PROP_LOSSLESS ? "true" : "false");
    json_key(&text, "isIntraOnly");
    text_format(&text, codec->props & AV_CODEC_PROP_INTRA_ONLY ? "true" : "false");
    text_append(&text, "}", 1);
  }
  text_append(&text, "]", 1);
  return text_deliver(&text, out, capacity);
}
