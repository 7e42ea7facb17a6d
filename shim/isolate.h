/* floor 1 */
/*
 * isolate.h - isolates: the threads that JavaScript runs on. Each has a table of handles, the callback of the sync engine,
 * and a queue of events for the async engine. All of it goes when its thread ends; what other threads still hold goes with
 * the last of them.
 */
#ifndef AVS_ISOLATE_H
#define AVS_ISOLATE_H

#include <stdatomic.h>

#include "avs.h"
#include "handles.h"
#include "platform.h"

struct event {
  double values[AVS_EVENT_LENGTH];
};

struct isolate {
  uint32_t id;
  struct handles handles; /* the thread's own, as is `callback` */
  avs_callback callback;

  mutex lock; /* of all below */
  condition arrived;
  struct event *events;
  atomic_size_t event_count;
  size_t event_capacity, events_reserved; /* reserved: for the ends of operations that run */
  void (*watch)(void *); /* called once, when there are events */
  void *watch_opaque;
  bool nudged;    /* whoever waits for events is to stop waiting */
  bool dead;      /* the thread has ended: nobody will answer */
  int references; /* the thread's, its sessions', and of those who wait for events */
};

/* This thread's; NULL without memory. */
struct isolate *this_isolate(void);
void isolate_ref(struct isolate *isolate);
void isolate_unref(struct isolate *isolate);

/* An event that finds no memory is lost, and false. */
bool isolate_push(struct isolate *isolate, struct event event);
/* Sets room aside for one event that must not be lost: isolate_push_reserved() uses it, isolate_release() gives it back. */
bool isolate_reserve(struct isolate *isolate);
void isolate_push_reserved(struct isolate *isolate, struct event event);
void isolate_release(struct isolate *isolate);

/*
 * Of this thread's: `watch` is called once, on whatever thread, when there are events, with the lock held. False: there are
 * some now. NULL: nobody is called any more.
 */
bool isolate_watch(struct isolate *isolate, void (*watch)(void *), void *opaque);

/* Busy for some microseconds, until `arrived` says so: to sleep and to be woken takes longer than most answers. */
void spin(bool (*arrived)(const void *), const void *opaque);

#endif
