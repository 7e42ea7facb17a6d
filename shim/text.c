#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/error.h>

static bool text_reserve(struct text *text, size_t more) {
  if (text->failed) return false;
  if (text->capacity - text->size > more) return true;
  size_t capacity = text->capacity ? text->capacity * 2 : 1024;
  while (capacity - text->size <= more) capacity *= 2;
  char *data = realloc(text->data, capacity);
  if (!data) {
    text->failed = true;
    return false;
  }
  text->data = data;
  text->capacity = capacity;
  return true;
}

void text_append(struct text *text, const char *data, size_t size) {
  if (!size || !text_reserve(text, size)) return;
  memcpy(text->data + text->size, data, size);
  text->size += size;
}

void text_format(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char line[512];
  int size = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (size > 0) text_append(text, line, size < (int)sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

void text_free(struct text *text) {
  free(text->data);
  *text = (struct text){0};
}

int32_t text_deliver(struct text *text, char *out, size_t capacity) {
  int32_t result = text->failed || text->size > MAX_STRING ? AVERROR(ENOMEM) : (int32_t)text->size;
  if (result > 0 && capacity) memcpy(out, text->data, text->size < capacity ? text->size : capacity);
  text_free(text);
  return result;
}

/* Text in media files may contain any bytes: invalid UTF-8 is copied, and TextDecoder replaces it. */
void json_string(struct text *text, const char *value) {
  text_append(text, "\"", 1);
  const char *start = value ? value : "", *end = start;
  for (; *end; end++) {
    unsigned char c = (unsigned char)*end;
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    text_append(text, start, (size_t)(end - start));
    static const char digits[] = "0123456789abcdef";
    char escaped[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    text_append(text, escaped, sizeof(escaped));
    start = end + 1;
  }
  text_append(text, start, (size_t)(end - start));
  text_append(text, "\"", 1);
}

void json_item(struct text *text) {
  if (!text->size) return;
  char last = text->data[text->size - 1];
  if (last != '{' && last != '[') text_append(text, ",", 1);
}

void json_key(struct text *text, const char *name) {
  json_item(text);
  json_string(text, name);
  text_append(text, ":", 1);
}

void json_null(struct text *text) { text_append(text, "null", 4); }

void json_number(struct text *text, double value) {
  if (isfinite(value)) text_format(text, "%.17g", value);
  else json_null(text);
}

void json_string_or_null(struct text *text, const char *value) {
  if (value) json_string(text, value);
  else json_null(text);
}

void json_field(struct text *text, const char *name, const char *value) {
  json_key(text, name);
  json_string(text, value);
}
