/*
 * formats.c - what this library is: versions, input and output formats, texts of error codes.
 */
#include "internal.h"

#ifndef AVS_CONFIGURATION
#define AVS_CONFIGURATION avformat_configuration()
#endif

uint32_t avs_abi_version(void) { return AVS_ABI_VERSION; }

static void json_version(struct text *text, const char *name, unsigned version) {
  json_key(text, name);
  text_format(text, "\"%u.%u.%u\"", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version), AV_VERSION_MICRO(version));
}

static void json_field(struct text *text, const char *name, const char *value) {
  json_key(text, name);
  json_string(text, value);
}

int32_t avs_library_info(char *out, uint32_t capacity) {
  struct text text = {0};
  text_append(&text, "{", 1);
  json_field(&text, "ffmpeg", av_version_info());
  json_version(&text, "libavformat", avformat_version());
  json_version(&text, "libavcodec", avcodec_version());
  json_version(&text, "libavutil", avutil_version());
  json_field(&text, "license", avformat_license());
  json_field(&text, "build", AVS_BUILD);
  json_field(&text, "configuration", AVS_CONFIGURATION);
  text_append(&text, "}", 1);
  return text_deliver(&text, out, capacity);
}

#ifdef AVS_HAS_LICENSE
extern const char avs_license[]; /* written by scripts/build_shim.sh */
#else
static const char avs_license[] = "See the licence of the FFmpeg libraries that are installed on this machine.\n";
#endif

int32_t avs_license_text(char *out, uint32_t capacity) {
  struct text text = {0};
  text_append(&text, avs_license, strlen(avs_license));
  return text_deliver(&text, out, capacity);
}

void json_format(struct text *text, const char *name, const char *long_name, const char *extensions,
                           const char *mime_type) {
  text_append(text, "{", 1);
  json_field(text, "name", name);
  json_field(text, "longName", long_name);
  json_field(text, "extensions", extensions);
  json_field(text, "mimeTypes", mime_type);
  text_append(text, "}", 1);
}

int32_t avs_formats(uint32_t direction, char *out, uint32_t capacity) {
  struct text text = {0};
  void *position = NULL;
  const AVInputFormat *input;
  const AVOutputFormat *output;
  text_append(&text, "[", 1);
  while (direction == AVS_INPUT && (input = av_demuxer_iterate(&position))) {
    json_item(&text);
    json_format(&text, input->name, input->long_name, input->extensions, input->mime_type);
  }
  while (direction == AVS_OUTPUT && (output = av_muxer_iterate(&position))) {
    json_item(&text);
    json_format(&text, output->name, output->long_name, output->extensions, output->mime_type);
  }
  text_append(&text, "]", 1);
  return text_deliver(&text, out, capacity);
}

/* ---------------------------------------------------------------------------------------- errors */

int32_t avs_error_text(int32_t code, char *out, uint32_t capacity) {
  char line[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(code, line, sizeof(line));
  struct text text = {0};
  text_append(&text, line, strlen(line));
  return text_deliver(&text, out, capacity);
}
