#include "data_url.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/base64.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes "%2B" to "+", in place. Returns the number of bytes. */
static size_t decode_percents(char *text) {
  size_t size = 0;
  for (const char *from = text; *from; size++) {
    int high = *from == '%' ? digit(from[1]) : -1, low = high < 0 ? -1 : digit(from[2]);
    text[size] = low < 0 ? *from : (char)(high << 4 | low);
    from += low < 0 ? 1 : 3;
  }
  text[size] = 0;
  return size;
}

static int decode_base64(const char *text, size_t size, uint8_t **bytes) {
  *bytes = av_malloc(AV_BASE64_DECODE_SIZE(size) + 1);
  int result = *bytes ? av_base64_decode(*bytes, text, (int)AV_BASE64_DECODE_SIZE(size) + 1) : AVERROR(ENOMEM);
  if (result < 0) av_freep(bytes);
  return result;
}

int data_url_decode(const char *url, uint8_t **bytes) {
  static const char mark[] = ";base64";
  const char *comma = strchr(url, ',');
  const ptrdiff_t length = sizeof(mark) - 1;
  *bytes = NULL;
  if (!comma || strlen(comma) > INT32_MAX / 4) return AVERROR_INVALIDDATA;
  bool base64 = comma - url >= length && !av_strncasecmp(comma - length, mark, (size_t)length);
  char *text = av_strdup(comma + 1);
  if (!text) return AVERROR(ENOMEM);
  size_t size = decode_percents(text);
  if (!base64) {
    *bytes = (uint8_t *)text;
    return (int)size;
  }
  int result = decode_base64(text, size, bytes);
  av_free(text);
  return result;
}
