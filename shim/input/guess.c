#include "guess.h"

#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/mem.h>

static const struct {
  const char *bytes;
  size_t size;
  const char *name;
} signs[] = {
#define SIGN(bytes, name) {bytes, sizeof(bytes) - 1, name}
  SIGN("PK\3\4", "a zip archive"),
  SIGN("%PDF", "PDF"),
  SIGN("\x1f\x8b", "gzip"),
  SIGN("BZh", "bzip2"),
  SIGN("\xfd" "7zXZ", "xz"),
  SIGN("7z\xbc\xaf", "a 7-Zip archive"),
  SIGN("Rar!", "a RAR archive"),
  SIGN("\x28\xb5\x2f\xfd", "Zstandard"),
  SIGN("\x7f" "ELF", "a program"),
  SIGN("MZ", "a program"),
  SIGN("SQLite format 3", "an SQLite database"),
  SIGN("version https://git-lfs", "a pointer of Git LFS, not the file itself"),
  SIGN("#!", "a script"),
#undef SIGN
};

static const struct {
  const char *beginning, *name;
} texts[] = {{"<!doctype html", "HTML"}, {"<html", "HTML"}, {"<?xml", "XML"}, {"<", "XML"}, {"{", "JSON"}, {"[", "JSON"}};

static bool is_text(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] < 0x20 && !strchr("\t\n\r\f", bytes[i])) return false;
  return size > 0;
}

static bool is_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i]) return false;
  return size > 0;
}

/* Recognizes files that are no media by their first bytes. */
static const char *sign_of(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
    if (size >= signs[i].size && !memcmp(bytes, signs[i].bytes, signs[i].size)) return signs[i].name;
  return NULL;
}

/* What the bytes look like; NULL: unknown. A zero byte follows them. */
static const char *likeness(const uint8_t *bytes, size_t size) {
  if (is_zero(bytes, size)) return "nothing but zeros";
  if (!is_text(bytes, size)) return NULL;
  const char *text = (const char *)bytes;
  if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) text += 3;
  text += strspn(text, " \t\n\r\f");
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
    if (av_stristart(text, texts[i].beginning, NULL)) return texts[i].name;
  return "text";
}

/* The format that libavformat would choose; NULL: none. */
static const char *format_of(const char *bytes, size_t size) {
  uint8_t *padded = av_mallocz(size + AVPROBE_PADDING_SIZE);
  if (!padded) return NULL;
  memcpy(padded, bytes, size);
  AVProbeData data = {.filename = "", .buf = padded, .buf_size = (int)size};
  const AVInputFormat *format = av_probe_input_format(&data, 1);
  av_free(padded);
  return format ? format->name : NULL;
}

/* The same, without the lines that libavformat logs meanwhile. */
static const char *quiet_format_of(struct session *session, const uint8_t *bytes, size_t size) {
  struct log_mark mark = log_mark(&session->channel.log);
  const char *format = format_of((const char *)bytes, size);
  log_rewind(&session->channel.log, mark);
  return format;
}

bool looks_like_media(const uint8_t *bytes, size_t size) {
  return size && !sign_of(bytes, size) && format_of((const char *)bytes, size);
}

/* It may be a playlist or subtitles. */
static bool may_be_text(const char *looks, const uint8_t *bytes) {
  return (!strcmp(looks, "text") && bytes[0] == '#') || !strcmp(looks, "XML");
}

void log_misnamed(struct session *session, const uint8_t *bytes, size_t size) {
  const char *looks = size ? sign_of(bytes, size) : NULL;
  if (size && !looks && !quiet_format_of(session, bytes, size)) looks = likeness(bytes, size);
  if (looks && !may_be_text(looks, bytes)) log_error(session, "it looks like %s, whatever its name says", looks);
}

void log_guess(struct session *session, int result, const char *format, const uint8_t *bytes, size_t size) {
  if (!size) return log_error(session, "the source is empty");
  const char *looks = sign_of(bytes, size);
  if (!format && !looks) format = quiet_format_of(session, bytes, size);
  if (format && result == AVERROR_EOF) return log_error(session, "%s: it ends within its header", format);
  if (format) return log_error(session, "%s: its header is damaged, or it is cut off", format);
  if (!looks) looks = likeness(bytes, size);
  if (looks) log_error(session, "not a media format that avio knows; it looks like %s", looks);
  else log_error(session, "not a media format that avio knows");
}
