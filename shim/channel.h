/* floor 2 */
/*
 * channel.h - the one object by which a session asks JavaScript: its lock, its cancellation, its first failure, who is
 * asked. It is the part of a session that the I/O contexts know.
 */
#ifndef AVS_CHANNEL_H
#define AVS_CHANNEL_H

#include <stdatomic.h>

#include "account.h"
#include "endpoint.h"
#include "isolate.h"
#include "log.h"

struct channel {
  struct object object; /* the session's handle */
  struct isolate *isolate; /* used on its thread only */
  struct client *client;
  struct log log;
  struct account *account; /* of what is allocated while it is at work */

  bool running;  /* an operation; known to the isolate's thread only */
  bool called;   /* and it is on the stack of that thread */
  bool threaded; /* it has a thread of its own: until then there is nothing to lock */

  mutex lock; /* of all down to `out`, and of the fields that io.h names */
  condition wake; /* for that thread */
  struct io *ios;
  struct io *stand_ins;   /* what libavformat has open that JavaScript does not know */
  struct io *opener;      /* one of them; NULL: nothing is opened */
  struct io *transformer; /* the same; NULL: packets go on as they are */
  bool out;               /* an operation runs on that thread, or is about to */
  bool prefetches;        /* reads may be requested before they are needed */
  atomic_bool canceled;   /* changed under the lock: whatever waits is over, and nothing is asked any more */
  atomic_bool stopping;   /* AVS_OP_READ is to end */

  atomic_llong failed; /* the first error that was the answer to a request */
  int64_t requests;    /* waited for so far */
  int64_t operations;  /* begun so far */
  struct sleeping {
    int64_t seen, worked;  /* when libavformat asked last whether to go on, and what its thread had worked by then */
    int64_t requests;      /* at that time */
    atomic_llong duration; /* nanoseconds since the last request */
    int64_t total;         /* in this operation */
  } sleeping;
  int nested_open;
  struct endpoint *endpoints[2]; /* of its input (AVS_INPUT) and its output (AVS_OUTPUT); NULL: it has none */
  struct endpoint plain;         /* of nobody: plain I/O */
  struct endpoint *acting;       /* one of these: for whom libavformat is at work */
  int64_t bytes_before[2];       /* that inputs and outputs have read and written that are no more */
  const uint8_t *source;   /* lent to memory inputs while an operation runs */
  size_t source_size;
};

/* False without a client, or memory. */
bool channel_init(struct channel *channel, struct client *client);
/* All but its handle, which belongs to the isolate's thread. */
void channel_free(struct channel *channel);
struct channel *find_channel(double handle);
/* On the isolate's thread: those of its I/O contexts, too. */
void channel_free_handles(struct channel *channel);

/* From now on this thread is at work for that session (NULL: none); the one before is the result. */
struct channel *channel_enter(struct channel *channel);
/* Which it is; some demuxers don't hand down their context's. */
struct channel *channel_current(void);

/* This thread is the session's own, for good. */
void channel_adopt(struct channel *channel);
bool is_own_thread(const struct channel *channel);

void channel_lock(struct channel *channel);
void channel_unlock(struct channel *channel);
/* With the lock held: the session's thread goes on. */
void channel_wake(struct channel *channel);
/* With the lock held, on the session's thread: waits to be woken; false where the session was canceled. */
bool channel_wait(struct channel *channel);
/* With the lock held: an event for JavaScript. */
void channel_tell(struct channel *channel, double io, double kind, double a, double b, double c);

/* The endpoint is the session's for its direction; and no more, with what it has read or written. */
void channel_attach(struct channel *channel, struct endpoint *endpoint);
void channel_detach(struct channel *channel, struct endpoint *endpoint);
/* Bytes that it has read, or written. */
int64_t endpoint_bytes(const struct endpoint *endpoint);
/* The same of the session's inputs, or outputs, that were, and of the one that is. */
int64_t channel_bytes(const struct channel *channel, uint32_t direction);
/* An I/O context has one that waits for its answer. */
bool has_pending_request(const struct channel *channel);

/* libavformat asks whether to go on, which it does again and again where it sleeps: before a playlist is loaded again. */
void channel_note_sleep(struct channel *channel);
/* True where it is at work on the program's own thread: as long as it waits there nothing else happens, nor can anything end it. */
bool channel_stops_program(const struct channel *channel);

/* It has failed, was canceled, or has taken more memory than it may: nothing is read for it any more. */
bool is_over(const struct channel *channel);
/* What is returned for it then: the failure, or AVERROR_EXIT; 0 where it is not over. */
int over_error(const struct channel *channel);
/* Whatever waits is over. */
void channel_cancel(struct channel *channel);
/* The first failure is kept: of an answer, or of memory. */
void channel_fail(struct channel *channel, int64_t error);

#endif
