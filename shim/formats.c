#include "formats.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "avs.h"
#include "contain.h"

#ifndef AVS_CONFIGURATION
#define AVS_CONFIGURATION avformat_configuration()
#endif

uint32_t avs_abi_version(void) { return AVS_ABI_VERSION; }

static void json_version(struct text *text, const char *name, unsigned version) {
  json_key(text, name);
  text_format(text, "\"%u.%u.%u\"", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version), AV_VERSION_MICRO(version));
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

static const struct {
  int flag;
  const char *name;
} flag_names[] = {
    {AVFMT_GLOBALHEADER, "globalHeader"}, {AVFMT_NOTIMESTAMPS, "noTimestamps"}, {AVFMT_TS_DISCONT, "discontinuous"},
    {AVFMT_VARIABLE_FPS, "variableFrameRate"}, {AVFMT_NODIMENSIONS, "noDimensions"}, {AVFMT_NOSTREAMS, "noStreams"},
    {AVFMT_NOBINSEARCH, "noBinarySearch"}, {AVFMT_NOGENSEARCH, "noGenericSearch"}, {AVFMT_NO_BYTE_SEEK, "noByteSeek"},
    {AVFMT_TS_NONSTRICT, "equalTimestamps"}, {AVFMT_TS_NEGATIVE, "negativeTimestamps"}, {AVFMT_NOFILE, "opensFiles"},
    {AVFMT_NEEDNUMBER, "needsNumber"}, {AVFMT_GENERIC_INDEX, "genericIndex"},
};

static void json_flags(struct text *text, int flags) {
  json_key(text, "flags");
  text_append(text, "[", 1);
  for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
    if (!(flags & flag_names[i].flag)) continue;
    json_item(text);
    json_string(text, flag_names[i].name);
  }
  text_append(text, "]", 1);
}

/* Writes "mov,mp4" as an array. */
static void json_list(struct text *text, const char *name, const char *list) {
  json_key(text, name);
  text_append(text, "[", 1);
  for (const char *at = list ? list : ""; *at;) {
    char item[128];
    at += strspn(at, " ,");
    size_t length = strcspn(at, ","), size = length;
    while (size && at[size - 1] == ' ') size--;
    snprintf(item, sizeof(item), "%.*s", (int)size, at);
    if (size) json_item(text), json_string(text, item);
    at += length;
  }
  text_append(text, "]", 1);
}

static void json_format(struct text *text, const char *name, const char *long_name, const char *extensions,
                        const char *mime_type, int flags) {
  text_append(text, "{", 1);
  json_field(text, "name", name);
  json_field(text, "longName", long_name);
  json_list(text, "extensions", extensions);
  json_list(text, "mimeTypes", mime_type);
  json_flags(text, flags);
}

static void json_codec(struct text *text, const char *type, enum AVCodecID codec) {
  if (codec != AV_CODEC_ID_NONE) json_field(text, type, avcodec_get_name(codec));
}

void json_input_format(struct text *text, const AVInputFormat *format) {
  json_format(text, format->name, format->long_name, format->extensions, format->mime_type, format->flags);
  text_append(text, "}", 1);
}

void json_output_format(struct text *text, const AVOutputFormat *format) {
  json_format(text, format->name, format->long_name, format->extensions, format->mime_type, format->flags);
  json_key(text, "defaultCodecs");
  text_append(text, "{", 1);
  json_codec(text, "video", format->video_codec);
  json_codec(text, "audio", format->audio_codec);
  json_codec(text, "subtitle", format->subtitle_codec);
  text_append(text, "}}", 2);
}

int32_t avs_formats(uint32_t direction, char *out, uint32_t capacity) {
  struct text text = {0};
  void *position = NULL;
  const AVInputFormat *input;
  const AVOutputFormat *output;
  text_append(&text, "[", 1);
  while (direction == AVS_INPUT && (input = av_demuxer_iterate(&position))) {
    json_item(&text);
    json_input_format(&text, input);
  }
  while (direction == AVS_OUTPUT && (output = av_muxer_iterate(&position))) {
    json_item(&text);
    json_output_format(&text, output);
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

#define ERRNO_CODES(X)                                                                                               \
  X(E2BIG) X(EACCES) X(EAGAIN) X(EBADF) X(EBUSY) X(ECANCELED) X(ECONNREFUSED) X(ECONNRESET) X(EDOM) X(EEXIST)         \
  X(EFAULT) X(EFBIG) X(EINTR) X(EINVAL) X(EIO) X(EISDIR) X(EMSGSIZE) X(ENODEV) X(ENOENT) X(ENOMEM) X(ENOSPC)          \
  X(ENOSYS) X(ENOTDIR) X(ENOTSUP) X(ENXIO) X(EPERM) X(EPIPE) X(EPROTO) X(ERANGE) X(EROFS) X(ESPIPE) X(ETIMEDOUT)
#define APPEND(name) text_format(&text, #name " %d\n", AVERROR(name));

int32_t avs_error_codes(char *out, uint32_t capacity) {
  struct text text = {0};
  ERRNO_CODES(APPEND)
  return text_deliver(&text, out, capacity);
}
