/*
 * streams.h - the streams of an input as text for avs_add_stream(), as addStreamLike() makes it.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The JSON of the stream after that one in avs_describe(), or of the first one; NULL: none. */
static inline char *next_stream(char *json, const char *before) {
  return strstr(before ? (char *)before + 1 : json, "{\"index\":");
}

/* Writes the fields that a muxer needs, as name NUL value NUL; returns their size. */
static inline size_t fields_of_stream(const char *stream, char *out, size_t capacity) {
  static const char *const fields[] = {"type",       "codec",  "extradata",   "width",     "height",  "pixelFormat",
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

#endif
