/* floor 0 */
/*
 * memory.h - bytes that grow without moving: what a memory output is written to.
 */
#ifndef AVS_MEMORY_H
#define AVS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory {
  uint8_t **chunks;
  size_t chunk_count, first_capacity, size;
};

void memory_free(struct memory *memory);
/* Anywhere: what is between is zero. False without memory. */
bool memory_store(struct memory *memory, size_t position, const uint8_t *data, size_t size);
/* At most `size` bytes from `position` on; how many. */
size_t memory_fetch(const struct memory *memory, size_t position, uint8_t *out, size_t size);

#endif
