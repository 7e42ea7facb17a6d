/* floor 2 */
/*
 * behind.h - write-behind of the async engine: a queue of pending writes. The session's thread continues meanwhile, up to a
 * bound. The first write is the open request of its I/O context; the next one becomes it when that is answered.
 */
#ifndef AVS_BEHIND_H
#define AVS_BEHIND_H

#include <stddef.h>
#include <stdint.h>

struct io;

/* All of it belongs to whoever holds the channel's lock. */
struct behind {
  struct piece *first, *last; /* the first is the open request of the I/O context */
  struct piece *spare;        /* memory to be reused */
  size_t bytes, count;        /* of pending writes */
  size_t reserved;            /* bytes of memory, spare pieces included */
};

/* On the session's own thread: queues a write, and waits only if there is no room. Returns what request() returns. */
int64_t behind_write(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time);
/* With the lock held: the first piece has its answer. */
void behind_answered(struct io *io);
/* On the session's own thread: waits until all is taken. */
void behind_drain(struct io *io);
/* With the lock held: copies what was not taken to `out`, unless that is NULL; returns the number of bytes. */
size_t behind_copy(const struct io *io, uint8_t *out);
void behind_free(struct io *io);

#endif
