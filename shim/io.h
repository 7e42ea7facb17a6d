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
 * The maximum size of a short source: one that can't seek is kept in memory while it is opened, and read to its end if its format
 * needs that. All of 1,431 public test files are shorter, 98 % of them by half; a phone's photograph (HEIC) has 1 to 3 MB. Songs
 * and films have ten times as much or more: a limit that included them would be too much memory for each upload.
 */
enum { MAX_KEPT = 4 * 1024 * 1024 };

struct io {
  struct object object; /* first: see find_io() */
  struct channel *channel;
  struct io *next; /* of the same session */
  AVIOContext *context; /* NULL: it is an opener or transformer (AVS_IO_OPENER, AVS_IO_TRANSFORMER) */
  uint32_t kind, flags;
  bool used;    /* by an input or an output */
  bool offered; /* created while an open request was pending, to answer it */
  bool nested;  /* opened by libavformat, through JavaScript */
  bool stands_in; /* opened by libavformat, without JavaScript: it has no handle, and is in the list of stand-ins */
  char *url;    /* of a memory output that is nested */
  struct location location;
  const struct io *copied; /* what a stand-in reads from; NULL: nothing, or it was freed */
  struct decipher *decipher;
  int64_t base;        /* position of the device that is libavformat's position 0 */
  int64_t transferred; /* bytes read */
  struct kept {
    bool open;            /* all bytes from `base` on are kept so far */
    bool whole;           /* the whole source is kept: reads and seeks use that */
    bool again;           /* the source was too long: the kept bytes are read again, then the rest of the source */
    struct memory memory;
  } kept;
  struct {
    int64_t position, operation; /* where the end was seen, and in which operation; 0: not seen */
  } ended;
  /* The size that the callback returned while an input was being opened. */
  struct {
    int64_t result;
    int64_t operation;
  } size;
  /* The first bytes of a source, until the end of the operation. */
  struct {
    struct memory bytes;
    int64_t operation;
  } head;

  /* From here on: to be used with the channel's lock held. */
  struct request request;
  atomic_bool pending; /* `request` waits for its answer; read by a thread that spins */
  struct ahead ahead;
  int full_reads;      /* consecutive answers that filled the request */
  bool is_over;        /* the result after the bytes ahead is known: */
  int64_t over_result; /* 0 the end, or an error */
  struct behind behind;
  int64_t go_to;        /* where the next read is to go first; -1: it goes on */
  int64_t device;       /* position of the next read or write of the device */
  int64_t position;     /* of the next read or write; changed by the thread that runs the operation */
  int64_t end;          /* of what was written */
  struct memory memory; /* of a memory output, or of a copy */
};

struct io *find_io(double handle);
/* On any thread: the session's I/O context with this handle; NULL if there is none, or if it is an opener or transformer. */
struct io *io_of(struct channel *channel, double handle);
void io_free(struct io *io);
/* With the lock held: removes it from its session's list. */
void io_unlink(struct io *io);
/* Without JavaScript: a context that reads what was written to a memory output so far; NULL if there is no memory. */
struct io *io_stand_in(struct channel *channel, const struct io *output);
/* The same over a copy of the bytes. */
struct io *io_over_bytes(struct channel *channel, const uint8_t *bytes, size_t size);
/* A context that discards what is written. */
struct io *io_discard(struct channel *channel);
/* The read and seek callbacks of its AVIOContext, without decryption. */
int io_read(struct io *io, uint8_t *buffer, int size);
int64_t io_seek(struct io *io, int64_t offset, int whence);
/* Reads on until that many bytes are in the buffer of its AVIOContext, in which the first are: as far as it has room. */
void io_fill(struct io *io, size_t size);
/* Makes `base`, a position of the device, position 0. */
void io_rebase(struct io *io, int64_t base);
/* From now on bytes of a source that can't seek are kept, up to MAX_KEPT, to be read again. */
void io_keep(struct io *io);
/* Reads on to the end, if all bytes were kept so far; false if the source is too long: then the kept bytes are read again. */
bool io_keep_rest(struct io *io);
/* Whether the source has ended and all of it is kept. */
bool io_has_kept_all(struct io *io);
/* Starts again at the beginning of the whole source that was kept; now it can seek. */
void io_restart(struct io *io);
/* Drops what was kept, and keeps nothing more. */
void io_keep_nothing(struct io *io);
/* On the session's own thread: waits for all of its writes. */
void drain_writes(struct channel *channel);

#endif
