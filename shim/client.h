/* floor 1 */
/*
 * client.h - clients: the copies of avio's modules that use this library, each on the thread on which it was loaded. A
 * program may have several on one thread, such as two versions of the package; to keep them apart, each has its own function
 * that answers its sessions' requests, and its own queue of events. A client lives as long as its thread; if other threads
 * still have references, until the last of them is dropped.
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
  avs_callback callback; /* used on that thread only, as is `next` */
  struct client *next;   /* client of the same thread */

  mutex lock; /* of all below */
  condition arrived;
  struct event *events;
  atomic_size_t event_count;
  size_t event_capacity, events_reserved; /* reserved: for the ends of operations that run */
  void (*watch)(void *); /* called once, when there are events */
  void *watch_opaque;
  bool nudged;    /* avs_wait_events() is to return */
  bool dead;      /* the thread has ended: there will be no answers */
  int references; /* of the thread, of its sessions, and of calls that wait for events */
};

/* With one reference, for its thread; NULL if there is no memory. */
struct client *client_new(void);
void client_ref(struct client *client);
void client_unref(struct client *client);
/* Its thread ends: avs_wait_events() returns, and `watch` is not called any more. */
void client_end(struct client *client);

/* Adds an event; false if there is no memory: it is lost. */
bool client_push(struct client *client, struct event event);
/* Reserves room for one event that must not be lost: client_push_reserved() uses it, client_release() frees it. */
bool client_reserve(struct client *client);
void client_push_reserved(struct client *client, struct event event);
void client_release(struct client *client);

/*
 * `watch` is called once, on any thread, when there are events, with the lock held. False: there are some already. NULL
 * removes it.
 */
bool client_watch(struct client *client, void (*watch)(void *), void *opaque);

#endif
