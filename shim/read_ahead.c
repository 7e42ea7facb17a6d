/*
 * read_ahead.c - bytes that a source gave beyond what libavformat asked for. A source that has them anyway saves many
 * requests so.
 */
#include "internal.h"

void ahead_forget(struct ahead *ahead) { ahead->start = ahead->size = 0; }

size_t ahead_left(const struct ahead *ahead) { return ahead->size - ahead->start; }

bool ahead_keep(struct ahead *ahead, const uint8_t *data, size_t size) {
  ahead_forget(ahead);
  if (size > ahead->capacity) {
    free(ahead->data);
    ahead->data = malloc(size);
    ahead->capacity = ahead->data ? size : 0;
    if (!ahead->data) return false;
  }
  if (size) memcpy(ahead->data, data, size);
  ahead->size = size;
  return true;
}

size_t ahead_take(struct ahead *ahead, uint8_t *out, size_t size) {
  size_t left = ahead_left(ahead);
  if (size > left) size = left;
  if (size) memcpy(out, ahead->data + ahead->start, size);
  ahead->start += size;
  return size;
}

bool ahead_move(struct ahead *ahead, int64_t distance) {
  int64_t start = av_sat_add64((int64_t)ahead->start, distance);
  bool inside = ahead->size && start >= 0 && start <= (int64_t)ahead->size;
  if (inside) ahead->start = (size_t)start;
  return inside;
}
