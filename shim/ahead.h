/* floor 0 */
/*
 * ahead.h - bytes of a source that were read before they were requested: what it returned beyond the request, and what was
 * prefetched.
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

/* The number of bytes left. */
size_t ahead_left(const struct ahead *ahead);
/* Appends bytes. False if there is no memory. */
bool ahead_add(struct ahead *ahead, const uint8_t *data, size_t size);
/* Takes at most `size` bytes; returns their number, 0 if there are none. */
size_t ahead_take(struct ahead *ahead, uint8_t *out, size_t size);
/* Moves by `distance`, also back over bytes that were taken; false if that leads outside what is kept. */
bool ahead_move(struct ahead *ahead, int64_t distance);
void ahead_forget(struct ahead *ahead);
void ahead_free(struct ahead *ahead);

#endif
