/* floor 2 */
/*
 * io.h - I/O contexts: AVIOContext over callbacks of JavaScript, over memory lent by it, and over memory of our own.
 */
#ifndef AVS_IO_H
#define AVS_IO_H

#include <libavformat/avformat.h>

#include "ahead.h"
#include "behind.h"
#include "channel.h"
#include "location.h"
#include "memory.h"
#include "request.h"

/*
 * A source that can't seek is short up to here: kept in memory while it is opened, and read whole where its format needs that.
 * Of 1,431 public test files all are shorter, 98 % by half; it is more than a photograph of a phone has (HEIC, 1 to 3 MB).
 * Songs and films have ten times as much and more: no bound would take them in that every upload could be given.
 */
enum { MAX_KEPT = 4 * 1024 * 1024 };

struct io {
  struct object object; /* first: see find_io() */
  struct channel *channel;
  struct io *next; /* in its session */
  AVIOContext *context; /* NULL: it is who is asked (AVS_IO_OPENER, AVS_IO_TRANSFORMER) */
  uint32_t kind, flags;
  bool used;    /* by an input or an output */
  bool offered; /* made while JavaScript was asked to open something */
  bool nested;  /* opened by libavformat, by way of JavaScript */
  bool stands_in; /* the same, without: it has no handle, and is in the list of stand-ins */
  char *url;    /* of a memory output that is nested */
  struct location location;
  const struct io *copied; /* by a stand-in; NULL: nothing, or what is no more */
  struct decipher *decipher;
  int64_t base;        /* where libavformat's position 0 is */
  int64_t transferred; /* bytes read */
  struct kept {
    bool open;            /* what is read is kept, from `base` on: nothing is lost yet */
    bool whole;           /* all that there is: it is read from there, and can be sought */
    bool again;           /* it was too long: what was read on is read again from there, and then the rest of the source */
    struct memory memory;
  } kept;
  struct {
    int64_t position, operation; /* where this operation has seen the end; 0: none has */
  } ended;
  /* The size that the callback returned while an input was being opened. */
  struct {
    int64_t result;
    int64_t operation;
  } size;

  /* From here on it belongs to whoever holds the channel's lock. */
  struct request request;
  atomic_bool pending; /* `request` waits for its answer; read by a thread that spins */
  struct ahead ahead;
  int full_reads;      /* answers in a row that filled the request */
  bool is_over;        /* what comes after the bytes ahead is known: */
  int64_t over_result; /* 0 the end, or an error */
  struct behind behind;
  int64_t device;       /* position of the next read or write of the device */
  int64_t position;     /* of what is read or written next; changed by the thread at work */
  int64_t end;          /* of what was written */
  struct memory memory; /* of a memory output, or of a copy */
};

struct io *find_io(double handle);
/* On any thread: the session's I/O context of this handle, but for those who are asked; NULL where there is none. */
struct io *io_of(struct channel *channel, double handle);
void io_free(struct io *io);
/* With the lock held: takes it from its session's list. */
void io_unlink(struct io *io);
/* Without JavaScript: reads what a memory output has been given so far; nothing where it is NULL. NULL without memory. */
struct io *io_stand_in(struct channel *channel, const struct io *output);
/* The same of a copy of the bytes. */
struct io *io_over_bytes(struct channel *channel, const uint8_t *bytes, size_t size);
/* Forgets with it what is written. */
struct io *io_discard(struct channel *channel);
/* What its AVIOContext calls, but for the cipher. */
int io_read(struct io *io, uint8_t *buffer, int size);
int64_t io_seek(struct io *io, int64_t offset, int whence);
/* Makes `base`, a position of the device, position 0. */
void io_rebase(struct io *io, int64_t base);
/* From now on what is read of a source that can't seek is kept, as far as it is short: it may be needed again. */
void io_keep(struct io *io);
/* Reads on to the end, where nothing is lost so far; false where it is too long: nothing is lost then either. */
bool io_keep_rest(struct io *io);
/* The source has ended, and all of it is kept: now it is whole. */
bool io_has_kept_all(struct io *io);
/* Begins again with what was kept whole, which can be sought. */
void io_restart(struct io *io);
/* Keeps nothing any more. */
void io_keep_nothing(struct io *io);
/* On the session's own thread: waits for all of its writes. */
void drain_writes(struct channel *channel);

#endif
