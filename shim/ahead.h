/* floor 0 */
/*
 * ahead.h - bytes of a source that were read before anybody requested them: what it returned beyond the request, and what
 * was prefetched.
 */
#ifndef AVS_AHEAD_H
#define AVS_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ahead {
  uint8_t *data;
  size_t start, size, capacity; /* bytes before `start` were taken */
};

/* How many there are. */
size_t ahead_left(const struct ahead *ahead);
/* They come after those that are there. False without memory. */
bool ahead_add(struct ahead *ahead, const uint8_t *data, size_t size);
/* At most `size` bytes; 0 where there are none. */
size_t ahead_take(struct ahead *ahead, uint8_t *out, size_t size);
/* Moves by `distance`, back to bytes that were taken too, where that is inside. */
bool ahead_move(struct ahead *ahead, int64_t distance);
void ahead_forget(struct ahead *ahead);
void ahead_free(struct ahead *ahead);

#endif
