/* floor 1 */
/*
 * client.h - clients: the copies of avio's modules that use this library, each on the thread that it was loaded on. A program
 * may have several on one thread, such as two versions of the package, and none is to get what is another's: each has the
 * function that answers its sessions' requests, and a queue of events. It lives as long as its thread; what other threads
 * still hold goes with the last of them.
 */
#ifndef AVS_CLIENT_H
#define AVS_CLIENT_H

#include <stdatomic.h>

#include "avs.h"
#include "platform.h"

struct event {
  double values[AVS_EVENT_LENGTH];
};

struct client {
  uint32_t id;
  avs_callback callback; /* the thread's own, as is `next` */
  struct client *next;   /* of the same thread */

  mutex lock; /* of all below */
  condition arrived;
  struct event *events;
  atomic_size_t event_count;
  size_t event_capacity, events_reserved; /* reserved: for the ends of operations that run */
  void (*watch)(void *); /* called once, when there are events */
  void *watch_opaque;
  bool nudged;    /* whoever waits for events is to stop waiting */
  bool dead;      /* the thread has ended: there will be no answers */
  int references; /* the thread's, its sessions', and of those who wait for events */
};

/* With a reference, its thread's; NULL without memory. */
struct client *client_new(void);
void client_ref(struct client *client);
void client_unref(struct client *client);
/* Its thread ends: whoever waits for events returns, and nobody calls `watch` any more. */
void client_end(struct client *client);

/* An event that finds no memory is lost, and false. */
bool client_push(struct client *client, struct event event);
/* Sets room aside for one event that must not be lost: client_push_reserved() uses it, client_release() gives it back. */
bool client_reserve(struct client *client);
void client_push_reserved(struct client *client, struct event event);
void client_release(struct client *client);

/*
 * `watch` is called once, on whatever thread, when there are events, with the lock held. False: there are some now. NULL:
 * nobody is called any more.
 */
bool client_watch(struct client *client, void (*watch)(void *), void *opaque);

#endif
