/*
 * streams.h - the streams of an input, from avs_describe(), for avs_add_stream() and avs_set_bytes(), as addStreamLike() gives
 * them.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The JSON of the stream after that one in avs_describe(), or of the first one; NULL: none. */
static inline char *next_stream(char *json, const char *before) {
  return strstr(before ? (char *)before + 1 : json, "{\"index\":");
}

/* Writes the fields that a muxer needs, as name NUL value NUL; returns their size. */
static inline size_t fields_of_stream(const char *stream, char *out, size_t capacity) {
  static const char *const fields[] = {"type",       "codec",  "width",     "height",  "pixelFormat",
                                       "sampleRate", "sampleFormat", "channelLayout", "channels", "frameSize",
                                       "blockAlign", "bitsPerCodedSample", NULL};
  const char *end = strstr(stream + 1, "{\"index\":");
  size_t used = 0;
  for (int i = 0; fields[i]; i++) {
    char key[64];
    snprintf(key, sizeof(key), "\"%s\":", fields[i]);
    const char *value = strstr(stream, key);
    if (!value || (end && value > end) || !strncmp(value + strlen(key), "null", 4)) continue;
    value += strlen(key);
    bool quoted = *value == '"';
    if (quoted) value++;
    size_t length = strcspn(value, quoted ? "\"" : ",}"), name = strlen(fields[i]) + 1;
    if (capacity - used < name + length + 1) break;
    memcpy(out + used, fields[i], name);
    memcpy(out + used + name, value, length);
    used += name + length;
    out[used++] = 0;
  }
  return used;
}

/* The bytes that follow the JSON. */
static inline const uint8_t *described_bytes(const char *json) { return (const uint8_t *)json + strlen(json) + 1; }

/* The end of the next key, before `end`, whose value is a size of bytes; NULL: none. */
static inline const char *next_size(const char *json, const char *key, const char *end) {
  for (const char *at = json; (at = strstr(at, key)) && (!end || at < end);)
    if (*(at += strlen(key)) >= '0' && *at <= '9') return at;
  return NULL;
}

/* The size of a stream's extradata, the next of `bytes`, which are moved to those of the next stream. */
static inline uint32_t next_extradata(const char *stream, const uint8_t **bytes) {
  const char *end = strstr(stream + 1, "{\"index\":"), *number = next_size(stream, "\"extradata\":", end);
  uint32_t size = number ? (uint32_t)strtoul(number, NULL, 10) : 0;
  *bytes += size;
  for (const char *at = stream; (at = next_size(at, "\"data\":", end));) *bytes += strtoul(at, NULL, 10);
  return size;
}

/* Gives a stream of the output the extradata of a stream of the input. */
static inline int32_t set_extradata(double session, int32_t index, const char *stream, const uint8_t **bytes) {
  const uint8_t *data = *bytes;
  return avs_set_bytes(session, index, "extradata", 9, data, next_extradata(stream, bytes));
}

#endif
