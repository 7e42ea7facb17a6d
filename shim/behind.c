#include "behind.h"

#include <stdlib.h>
#include <string.h>

#include "io.h"

enum { MOST = 1024 * 1024, MOST_PIECES = 64 };

struct piece {
  struct piece *next;
  int64_t position, time;
  int marker;
  size_t size, capacity;
  uint8_t *data;
};

/* Used again and again: memory that is new costs more than the copy. */
static struct piece *piece_new(struct behind *behind, size_t size) {
  struct piece *piece = behind->spare;
  if (piece) behind->spare = piece->next;
  else if (!(piece = calloc(1, sizeof(*piece)))) return NULL;
  piece->next = NULL;
  piece->size = 0;
  if (piece->capacity >= size) return piece;
  free(piece->data);
  piece->data = malloc(size);
  piece->capacity = piece->data ? size : 0;
  if (piece->data) return piece;
  free(piece);
  return NULL;
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
  channel_tell(io->channel, io->object.handle, AVS_REQUEST_WRITE, (double)piece->size, (double)piece->position, piece->marker);
}

/* Can the last piece become longer? The first one is under way. */
static bool can_grow(const struct io *io, size_t size, int marker) {
  const struct piece *last = io->behind.last;
  return io->flags & AVS_IO_BULK && io->behind.first && last != io->behind.first && last->marker == marker &&
         last->position + (int64_t)last->size == io->position && last->capacity - last->size >= size;
}

static bool append(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct behind *behind = &io->behind;
  struct piece *piece = behind->last;
  if (!can_grow(io, size, marker)) {
    bool bulk = io->flags & AVS_IO_BULK && behind->first;
    piece = piece_new(behind, bulk && size < MOST ? MOST : size);
    if (!piece) return false;
    piece->position = io->position;
    piece->marker = marker;
    piece->time = time;
    if (behind->first) behind->last->next = piece;
    else behind->first = piece;
    behind->last = piece;
    behind->count++;
  }
  if (size) memcpy(piece->data + piece->size, data, size);
  piece->size += size;
  behind->bytes += size;
  return true;
}

static bool is_full(const struct behind *behind, size_t more) {
  return behind->first && (behind->bytes + more > MOST || behind->count >= MOST_PIECES);
}

int64_t behind_write(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct channel *channel = io->channel;
  struct behind *behind = &io->behind;
  int64_t result = (int64_t)size;
  channel_lock(channel);
  while (is_full(behind, size) && channel_wait(channel)) continue;
  if (channel->canceled) channel_fail(channel, AVERROR_EXIT);
  bool idle = !behind->first;
  if (channel->failed) result = channel->failed;
  else if (!append(io, data, size, marker, time)) channel_fail(channel, result = AVERROR(ENOMEM));
  else if (idle) ask(io);
  channel_unlock(channel);
  return result;
}

/* The rest is of no use to anyone when one of them failed. */
void behind_answered(struct io *io) {
  struct behind *behind = &io->behind;
  if (io->request.result < 0) channel_fail(io->channel, io->request.result);
  do {
    struct piece *piece = behind->first;
    behind->bytes -= piece->size;
    behind->count--;
    behind->first = piece->next;
    piece->next = behind->spare;
    behind->spare = piece;
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
