/*
 * write_behind.c - writes of the async engine that wait to be taken: the session's thread goes on meanwhile, up to a
 * bound. The first of them is the open request of its I/O context; the next follows when that one is answered.
 */
#include "internal.h"

enum { MOST = 1024 * 1024, MOST_PIECES = 64 };

struct piece {
  struct piece *next;
  int64_t position, time;
  int marker;
  size_t size, capacity;
  uint8_t *data;
};

/* Used again and again: memory that is new costs more than the copy. */
static struct piece *piece_new(struct write_behind *behind, size_t size) {
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

size_t write_behind_copy(const struct io *io, uint8_t *out) {
  size_t size = 0;
  for (const struct piece *piece = io->behind.first; piece; piece = piece->next) {
    if (piece == io->behind.first && io->request.taken) continue;
    if (out) memcpy(out + size, piece->data, piece->size);
    size += piece->size;
  }
  return size;
}

void write_behind_free(struct io *io) {
  pieces_free(io->behind.first);
  pieces_free(io->behind.spare);
  io->behind = (struct write_behind){0};
}

static void ask(struct io *io) {
  const struct piece *piece = io->behind.first;
  io->request = (struct request){
      .kind = AVS_REQUEST_WRITE, .written = piece->data, .size = (int64_t)piece->size, .time = piece->time,
      .result = AVERROR_EXTERNAL};
  worker_tell(io->session, io->object.handle, AVS_REQUEST_WRITE, (double)piece->size, (double)piece->position,
              piece->marker);
}

/* Can the last piece become longer? The first one is under way. */
static bool can_grow(const struct io *io, size_t size, int marker) {
  const struct piece *last = io->behind.last;
  return io->flags & AVS_IO_BULK && io->behind.first && last != io->behind.first && last->marker == marker &&
         last->position + (int64_t)last->size == io->position && last->capacity - last->size >= size;
}

static bool append(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct write_behind *behind = &io->behind;
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

static bool is_full(const struct write_behind *behind, size_t more) {
  return behind->first && (behind->bytes + more > MOST || behind->count >= MOST_PIECES);
}

int64_t write_behind(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time) {
  struct session *session = io->session;
  struct write_behind *behind = &io->behind;
  int64_t result = (int64_t)size;
  worker_lock(session);
  while (is_full(behind, size) && worker_wait(session)) continue;
  if (session->canceled) session_fail(session, AVERROR_EXIT);
  bool idle = !behind->first;
  if (session->failed) result = session->failed;
  else if (!append(io, data, size, marker, time)) session_fail(session, result = AVERROR(ENOMEM));
  else if (idle) ask(io);
  worker_unlock(session);
  return result;
}

/* The rest is of no use to anyone when one of them failed. */
void write_behind_answered(struct io *io) {
  struct write_behind *behind = &io->behind;
  if (io->request.result < 0) session_fail(io->session, io->request.result);
  do {
    struct piece *piece = behind->first;
    behind->bytes -= piece->size;
    behind->count--;
    behind->first = piece->next;
    piece->next = behind->spare;
    behind->spare = piece;
  } while (behind->first && io->session->failed);
  io->request = (struct request){0};
  if (behind->first) ask(io);
}

void write_behind_drain(struct io *io) {
  struct session *session = io->session;
  worker_lock(session);
  while (io->behind.first && worker_wait(session)) continue;
  worker_unlock(session);
}
