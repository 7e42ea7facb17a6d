/* floor 1 */
/*
 * isolate.h - isolates: the threads that JavaScript runs on. Each has a table of handles, and its clients: the copies of
 * avio's modules that were loaded on it. All of it is freed when its thread ends, except clients that other threads still use.
 */
#ifndef AVS_ISOLATE_H
#define AVS_ISOLATE_H

#include "client.h"
#include "handles.h"

struct isolate {
  struct handles handles;
  struct client *clients;
};

/* This thread's isolate; NULL if there is no memory. */
struct isolate *this_isolate(void);
/* A client of this thread by its number, and a new one; NULL if there is none, or no memory. */
struct client *isolate_client(uint32_t id);
struct client *isolate_new_client(void);
/* Spins for some microseconds, until `arrived` returns true: sleeping and waking up takes longer than most answers. */
void spin(bool (*arrived)(const void *), const void *opaque);

#endif
