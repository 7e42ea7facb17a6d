/* floor 2 */
/*
 * channel.h - the object through which a session makes requests to JavaScript: its lock, its cancellation, its first failure,
 * its opener and transformer. It is the part of a session that the I/O contexts know.
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
  struct account *account; /* of what is allocated while it works */

  bool running;  /* an operation runs; used on the isolate's thread only */
  bool called;   /* and it runs on that thread's stack */
  bool threaded; /* it has a thread of its own: until then no lock is needed */

  mutex lock; /* of all down to `out`, and of the fields that io.h names */
  condition wake; /* for that thread */
  struct io *ios;
  struct io *stand_ins;   /* I/O contexts that libavformat has open and JavaScript does not know */
  struct io *opener;      /* one of `ios`; NULL: nothing can be opened */
  struct io *transformer; /* one of `ios`; NULL: packets are not changed */
  bool out;               /* an operation runs on that thread, or is about to */
  bool prefetches;        /* reads may be requested before they are needed */
  struct {
    bool wanted;   /* JavaScript waits for packets */
    bool ready;    /* there are some, and no event has said so yet */
    int64_t since; /* time from which they are wanted */
  } packets;
  atomic_bool canceled;   /* changed under the lock: pending requests fail, and no new ones are made */
  atomic_bool stopping;   /* AVS_OP_READ is to end */

  atomic_llong failed; /* the first error that was the answer to a request */
  int64_t requests;    /* answers waited for so far */
  int64_t operations;  /* operations begun so far */
  struct sleeping {
    int64_t seen, worked;  /* time of the last call of the interrupt callback, and the thread's processor time then */
    int64_t requests;      /* at that time */
    atomic_llong duration; /* nanoseconds since the last request */
    int64_t total;         /* in this operation */
  } sleeping;
  int nested_open;
  struct endpoint *endpoints[2]; /* of the input (AVS_INPUT) and the output (AVS_OUTPUT); NULL: none */
  struct endpoint plain;         /* of neither: plain I/O */
  struct endpoint *acting;       /* the one of these that libavformat works for */
  int64_t bytes_before[2];       /* read and written by inputs and outputs that were closed */
  const uint8_t *source;   /* lent to memory inputs while an operation runs */
  size_t source_size;
};

/* False if there is no client, or no memory. */
bool channel_init(struct channel *channel, struct client *client);
/* Frees all but its handle, which belongs to the isolate's thread. */
void channel_free(struct channel *channel);
struct channel *find_channel(double handle);
/* On the isolate's thread: frees its handle and those of its I/O contexts. */
void channel_free_handles(struct channel *channel);

/* From now on this thread works for that session (NULL: none); returns the previous one. */
struct channel *channel_enter(struct channel *channel);
/* The session that this thread works for; some demuxers don't pass on the `opaque` of their context. */
struct channel *channel_current(void);

/* Makes this thread the session's own, until it ends. */
void channel_adopt(struct channel *channel);
bool is_own_thread(const struct channel *channel);

void channel_lock(struct channel *channel);
void channel_unlock(struct channel *channel);
/* With the lock held: wakes the session's thread. */
void channel_wake(struct channel *channel);
/* With the lock held, on the session's thread: waits to be woken; false if the session was canceled. */
bool channel_wait(struct channel *channel);
/* With the lock held: adds an event for JavaScript. */
void channel_post(struct channel *channel, double io, double kind, double a, double b, double c);
/* With the lock held: adds the event for packets that JavaScript waits for, if there are some. */
void channel_post_packets(struct channel *channel);

/* Makes the endpoint the session's for its direction; and removes it, keeping the count of its bytes. */
void channel_attach(struct channel *channel, struct endpoint *endpoint);
void channel_detach(struct channel *channel, struct endpoint *endpoint);
/* Bytes that the endpoint has read, or written. */
int64_t endpoint_bytes(const struct endpoint *endpoint);
/* The same for all inputs, or outputs, that the session has had. */
int64_t channel_bytes(const struct channel *channel, uint32_t direction);
/* Whether an I/O context has a request that is not answered yet. */
bool has_pending_request(const struct channel *channel);

/* To be called from the interrupt callback, which libavformat polls while it sleeps before it reloads a playlist. */
void channel_note_sleep(struct channel *channel);
/* Whether it works on the program's own thread: while it waits there, the program can do nothing, nor cancel it. */
bool channel_stops_program(const struct channel *channel);

/* Whether it has failed, was canceled, or has exceeded its memory: then nothing more is read for it. */
bool is_over(const struct channel *channel);
/* The error to return then: the failure, or AVERROR_EXIT; 0 if it is not over. */
int over_error(const struct channel *channel);
/* Ends every wait. */
void channel_cancel(struct channel *channel);
/* Records a failure, of a request or of an allocation; only the first is kept. */
void channel_fail(struct channel *channel, int64_t error);

#endif
