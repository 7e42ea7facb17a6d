#include "behind.h"

#include <stdlib.h>
#include <string.h>

#include "io.h"

/* Limits: pending bytes, pending pieces, and bytes of memory allocated for pieces, spare ones included. */
enum { MAX_BYTES = 1024 * 1024, MAX_PIECES = 64, MAX_RESERVED = 2 * MAX_BYTES };

struct piece {
  struct piece *next;
  int64_t position, time;
  int marker;
  size_t size, capacity;
  uint8_t *data;
};

static void piece_free(struct behind *behind, struct piece *piece) {
  behind->reserved -= piece->capacity;
  free(piece->data);
  free(piece);
}

static struct piece *piece_new(struct behind *behind, size_t capacity) {
  struct piece *piece = calloc(1, sizeof(*piece));
  if (!piece || !(piece->data = malloc(capacity))) {
    free(piece);
    return NULL;
  }
  piece->capacity = capacity;
  behind->reserved += capacity;
  return piece;
}

/* Memory is reused: to touch new memory costs more than the copy. */
static struct piece *take_spare(struct behind *behind, size_t capacity) {
  struct piece **link = &behind->spare;
  while (*link && (*link)->capacity < capacity) link = &(*link)->next;
  struct piece *piece = *link;
  if (piece) *link = piece->next;
  return piece;
}

static void drop_spares(struct behind *behind) {
  while (behind->spare) {
    struct piece *piece = behind->spare;
    behind->spare = piece->next;
    piece_free(behind, piece);
  }
}

static void pieces_free(struct piece *piece) {
  while (piece) {
    struct piece *next = piece->next;
    free(piece->data);
    free(piece);
    piece = next;
  }
}

size_t behind_copy(const struct io *io, uint8_t *out) {
  size_t size = 0;
  for (const struct piece *piece = io->behind.first; piece; piece = piece->next) {
    if (piece == io->behind.first && io->request.taken) continue;
    if (out) memcpy(out + size, piece->data, piece->size);
    size += piece->size;
  }
  return size;
}

void behind_free(struct io *io) {
  pieces_free(io->behind.first);
  pieces_free(io->behind.spare);
  io->behind = (struct behind){0};
}

static void ask(struct io *io) {
  const struct piece *piece = io->behind.first;
  struct request write = {
      .kind = AVS_REQUEST_WRITE, .written = piece->data, .size = (int64_t)piece->size, .time = piece->time};
  request_begin(io, &write);
  channel_post(io->channel, io->object.handle, AVS_REQUEST_WRITE, (double)piece->size, (double)piece->position, piece->marker);
}

/*
 * Whether data can be appended to the last piece: not to the first, which has been requested. Markers don't count: a sink that
 * takes large writes has no use for them, and a muxer may change them with every cluster of a few kilobytes, which would take
 * a megabyte of memory each.
 */
static bool can_grow(const struct io *io, size_t size) {
  const struct piece *last = io->behind.last;
  return io->flags & AVS_IO_BULK && io->behind.first && last != io->behind.first &&
         last->position + (int64_t)last->size == io->position && last->capacity - last->size >= size;
}

/*
 * Appends an empty piece; NULL if there is no memory, or if too much is allocated: then pending pieces must be taken first.
 * If none is pending there is always room.
 */
static struct piece *add_piece(struct io *io, size_t size) {
  struct behind *behind = &io->behind;
  bool bulk = io->flags & AVS_IO_BULK && behind->first;
  size_t capacity = bulk && size < MAX_BYTES ? MAX_BYTES : size;
  struct piece *piece = take_spare(behind, capacity);
  if (!piece && behind->reserved + capacity > MAX_RESERVED) drop_spares(behind);
  if (!piece && (!behind->first || behind->reserved + capacity <= MAX_RESERVED)) piece = piece_new(behind, capacity);
  if (!piece) return NULL;
  piece->next = NULL;
  piece->size = 0;
  if (behind->first) behind->last->next = piece;
  else behind->first = piece;
  behind->last = piece;
  behind->count++;
  return piece;
}

/* False if there is no room. */
static bool append(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct behind *behind = &io->behind;
  struct piece *piece = behind->last;
  if (behind->first && (behind->bytes + size > MAX_BYTES || behind->count >= MAX_PIECES)) return false;
  if (!can_grow(io, size)) {
    piece = add_piece(io, size);
    if (!piece) return false;
    piece->position = io->position;
    piece->marker = marker;
    piece->time = time;
  }
  if (size) memcpy(piece->data + piece->size, data, size);
  piece->size += size;
  behind->bytes += size;
  return true;
}

int64_t behind_write(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct channel *channel = io->channel;
  bool added = false, idle = false;
  channel_lock(channel);
  while (!added && !idle && !channel->failed && !channel->canceled) {
    idle = !io->behind.first;
    added = append(io, data, size, marker, time);
    if (added && idle) ask(io);
    if (!added && !idle) channel_wait(channel);
  }
  if (channel->canceled) channel_fail(channel, AVERROR_EXIT);
  if (!added) channel_fail(channel, AVERROR(ENOMEM)); /* unless it has failed before */
  int64_t result = channel->failed ? channel->failed : (int64_t)size;
  channel_unlock(channel);
  return result;
}

/* If one piece failed, the rest is dropped. */
void behind_answered(struct io *io) {
  struct behind *behind = &io->behind;
  if (io->request.result < 0) channel_fail(io->channel, io->request.result);
  do {
    struct piece *piece = behind->first;
    behind->bytes -= piece->size;
    behind->count--;
    behind->first = piece->next;
    if (piece->capacity > MAX_BYTES) {
      piece_free(behind, piece); /* larger than those that are kept */
    } else {
      piece->next = behind->spare;
      behind->spare = piece;
    }
  } while (behind->first && io->channel->failed);
  io->request = (struct request){0};
  if (behind->first) ask(io);
}

void behind_drain(struct io *io) {
  struct channel *channel = io->channel;
  channel_lock(channel);
  while (io->behind.first && channel_wait(channel)) continue;
  channel_unlock(channel);
}
