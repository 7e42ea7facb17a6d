#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "platform.h"

/*
 * Chunks that never move: growing one block by realloc() would copy it, or split its huge pages. Huge pages, because
 * touching 88 MB of new memory for the first time took 120 ms in pages of 4 KiB (longer than a muxer needs to fill it) and
 * 28 ms in huge pages. The first chunk grows by realloc(), so that small outputs stay small.
 */
enum { CHUNK = 4 * 1024 * 1024, FIRST = 64 * 1024 };

void memory_free(struct memory *memory) {
  for (size_t i = 0; i < memory->chunk_count; i++) free(memory->chunks[i]);
  free(memory->chunks);
}

static bool grow_first(struct memory *memory, size_t size) {
  size_t capacity = memory->first_capacity ? memory->first_capacity : FIRST;
  while (capacity < size && capacity < CHUNK) capacity *= 2;
  if (capacity == memory->first_capacity) return true;
  uint8_t *chunk = realloc(memory->chunks[0], capacity);
  if (!chunk) return false;
  memory->chunks[0] = chunk;
  memory->first_capacity = capacity;
  return true;
}

/* Room for one more chunk in the list, whose capacity is a power of two. */
static bool grow_list(struct memory *memory) {
  size_t count = memory->chunk_count;
  if (count & (count - 1)) return true;
  uint8_t **chunks = realloc(memory->chunks, (count ? count * 2 : 1) * sizeof(*chunks));
  if (!chunks) return false;
  memory->chunks = chunks;
  return true;
}

static bool reserve(struct memory *memory, size_t size) {
  while (memory->chunk_count * CHUNK < size) {
    if (!grow_list(memory)) return false;
    uint8_t *chunk = memory->chunk_count ? large_pages(CHUNK) : malloc(1);
    if (!chunk) return false;
    memory->chunks[memory->chunk_count++] = chunk;
  }
  return !size || grow_first(memory, size);
}

/* For each piece of a range: copies in, copies out, or clears. */
static void each_piece(const struct memory *memory, size_t position, size_t size, const uint8_t *in, uint8_t *out) {
  while (size) {
    size_t at = position % CHUNK, part = CHUNK - at < size ? CHUNK - at : size;
    uint8_t *piece = memory->chunks[position / CHUNK] + at;
    if (in) memcpy(piece, in, part), in += part;
    else if (out) memcpy(out, piece, part), out += part;
    else memset(piece, 0, part);
    position += part;
    size -= part;
  }
}

bool memory_store(struct memory *memory, size_t position, const uint8_t *data, size_t size) {
  enum { MAX_GAP = 256 * 1024 * 1024 }; /* muxers leave room for a header or an index; more is a position that makes no sense */
  if (position > memory->size && position - memory->size > MAX_GAP) return false;
  size_t end = position + size;
  if (!reserve(memory, end)) return false;
  if (position > memory->size) each_piece(memory, memory->size, position - memory->size, NULL, NULL);
  each_piece(memory, position, size, data, NULL);
  if (end > memory->size) memory->size = end;
  return true;
}

size_t memory_fetch(const struct memory *memory, size_t position, uint8_t *out, size_t size) {
  if (position >= memory->size) return 0;
  if (size > memory->size - position) size = memory->size - position;
  each_piece(memory, position, size, NULL, out);
  return size;
}
