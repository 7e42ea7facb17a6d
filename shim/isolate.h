/* floor 1 */
/*
 * isolate.h - isolates: the threads that JavaScript runs on. Each has a table of handles, and its clients: the copies of
 * avio's modules that were loaded on it. All of it goes when its thread ends, but what other threads hold of a client.
 */
#ifndef AVS_ISOLATE_H
#define AVS_ISOLATE_H

#include "client.h"
#include "handles.h"

struct isolate {
  struct handles handles;
  struct client *clients;
};

/* This thread's; NULL without memory. */
struct isolate *this_isolate(void);
/* This thread's clients, by number, and one more; NULL where there is none, or no memory. */
struct client *isolate_client(uint32_t id);
struct client *isolate_new_client(void);
/* Spins for some microseconds, until `arrived` is true: to sleep and be woken takes longer than most answers. */
void spin(bool (*arrived)(const void *), const void *opaque);

#endif
