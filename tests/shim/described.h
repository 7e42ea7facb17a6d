/*
 * described.h - the extradata and the side data of avs_describe(), put into its JSON as base64: avs_add_stream() and avs_set()
 * take that.
 */
#ifndef DESCRIBED_H
#define DESCRIBED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline char *put_base64(char *out, const uint8_t *data, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  *out++ = '"';
  for (size_t i = 0; i < size; i += 3) {
    uint32_t bits = (uint32_t)data[i] << 16;
    if (i + 1 < size) bits |= (uint32_t)data[i + 1] << 8;
    if (i + 2 < size) bits |= data[i + 2];
    for (size_t digit = 0; digit < 4; digit++) *out++ = i + digit > size ? '=' : digits[bits >> (18 - 6 * digit) & 63];
  }
  *out++ = '"';
  return out;
}

/* The end of the first key of bytes in `json` whose value is a size; NULL: none. */
static inline char *next_size(char *json) {
  static const char *const keys[] = {"\"extradata\":", "\"data\":"};
  char *first = NULL;
  for (int i = 0; i < 2; i++) {
    char *at = json;
    while ((at = strstr(at, keys[i])) && (at += strlen(keys[i])) && (*at < '0' || *at > '9')) {}
    if (at && (!first || at < first)) first = at;
  }
  return first;
}

/* Puts the bytes into `text`, which holds `size` bytes of a description, and ends it with a NUL; false: they don't fit. */
static inline int put_bytes(char *text, size_t size, size_t capacity) {
  char *copy = malloc(size + 1), *at = copy, *out = text, *end;
  if (!copy) return 0;
  memcpy(copy, text, size);
  copy[size] = 0;
  const uint8_t *bytes = (uint8_t *)copy + strlen(copy) + 1;
  int fits = 1;
  for (char *number; fits && (number = next_size(at)); at = end) {
    size_t count = strtoul(number, &end, 10);
    fits = (size_t)(out - text) + (size_t)(number - at) + count / 3 * 4 + 8 + strlen(end) < capacity &&
           bytes + count <= (uint8_t *)copy + size;
    if (!fits) break;
    memcpy(out, at, (size_t)(number - at));
    out = put_base64(out + (number - at), bytes, count);
    bytes += count;
  }
  if (fits) strcpy(out, at);
  free(copy);
  return fits;
}

#endif
