/* floor 2 */
/*
 * behind.h - writes of the async engine that wait to be taken: the session's thread goes on meanwhile, up to a bound. The
 * first of them is the open request of its I/O context; the next follows when that one is answered.
 */
#ifndef AVS_BEHIND_H
#define AVS_BEHIND_H

#include <stddef.h>
#include <stdint.h>

struct io;

/* All of it belongs to whoever holds the channel's lock. */
struct behind {
  struct piece *first, *last; /* the first one is the I/O context's open request */
  struct piece *spare;        /* memory that was used before */
  size_t bytes, count;        /* that wait */
  size_t reserved;            /* bytes of memory, spare ones too */
};

/* On the session's own thread: leaves a write to be taken, and goes on where there is room. As request(). */
int64_t behind_write(struct io *io, const uint8_t *data, size_t size, int marker, int64_t time);
/* With the lock held: the first piece has its answer. */
void behind_answered(struct io *io);
/* On the session's own thread: waits until all is taken. */
void behind_drain(struct io *io);
/* With the lock held: what was not taken, into `out` where that is not NULL; how many bytes. */
size_t behind_copy(const struct io *io, uint8_t *out);
void behind_free(struct io *io);

#endif
