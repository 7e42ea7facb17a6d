/* floor 0 */
/*
 * memory.h - a byte array that grows without moving: the storage of memory outputs.
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
/* Bytes between what is stored and the position are zero. False if there is no memory, or if they are very many. */
bool memory_store(struct memory *memory, size_t position, const uint8_t *data, size_t size);
/* Copies at most `size` bytes from `position` on; returns their number. */
size_t memory_fetch(const struct memory *memory, size_t position, uint8_t *out, size_t size);

#endif
