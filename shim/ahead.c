#include "ahead.h"

#include <stdlib.h>
#include <string.h>

void ahead_forget(struct ahead *ahead) { ahead->start = ahead->size = 0; }

void ahead_free(struct ahead *ahead) { free(ahead->data); }

size_t ahead_left(const struct ahead *ahead) { return ahead->size - ahead->start; }

/* Reuses the room of bytes that were taken. */
static bool reserve(struct ahead *ahead, size_t more) {
  if (ahead->capacity - ahead->size >= more) return true;
  size_t left = ahead_left(ahead);
  if (ahead->start && left) memmove(ahead->data, ahead->data + ahead->start, left);
  ahead->start = 0;
  ahead->size = left;
  if (ahead->capacity - left >= more) return true;
  uint8_t *data = realloc(ahead->data, left + more);
  if (!data) return false;
  ahead->data = data;
  ahead->capacity = left + more;
  return true;
}

bool ahead_add(struct ahead *ahead, const uint8_t *data, size_t size) {
  if (!ahead_left(ahead)) ahead_forget(ahead); /* the taken bytes no longer lie directly before the new ones */
  if (!size) return true;
  if (!reserve(ahead, size)) return false;
  memcpy(ahead->data + ahead->size, data, size);
  ahead->size += size;
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
  bool inside = ahead->size && distance >= -(int64_t)ahead->start && distance <= (int64_t)ahead_left(ahead);
  if (inside) ahead->start = (size_t)((int64_t)ahead->start + distance);
  return inside;
}
