#include "isolate.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <libavutil/mem.h>

#include "account.h"
#include "log.h"

static _Thread_local struct isolate *current;

/* The thread ends: closes its sessions, and ends waits for events. */
static void isolate_end(void *opaque) {
  struct isolate *isolate = opaque;
  current = isolate;
  for (struct client *client = isolate->clients; client; client = client->next) client_end(client);
  for (uint32_t i = 0; i < isolate->handles.count; i++) {
    struct object *object = isolate->handles.slots[i].object;
    if (object && object->kind == KIND_SESSION) avs_session_close(object->handle);
  }
  handles_free(&isolate->handles);
  current = NULL;
  for (struct client *client = isolate->clients, *next; client; client = next) {
    next = client->next;
    client_unref(client);
  }
  free(isolate);
}

static int processors = 1;

/* Maximum of one allocation by FFmpeg: an index of 1 KB in an mp4 can claim 2 GB. */
enum { MAX_ALLOCATED = 512 * 1024 * 1024 };

static void initialize(void) {
  pin_library();
  av_max_alloc(MAX_ALLOCATED);
  account_install();
  processors = processor_count();
  log_install();
}

static struct isolate *isolate_new(void) {
  struct isolate *isolate = calloc(1, sizeof(*isolate));
  if (isolate) handles_init(&isolate->handles);
  return isolate;
}

struct isolate *this_isolate(void) {
  static once initialized = ONCE_INITIALIZER;
  if (current) return current;
  run_once(&initialized, initialize);
  struct isolate *isolate = isolate_new();
  if (isolate && thread_at_end(isolate_end, isolate)) return current = isolate;
  free(isolate);
  return NULL;
}

struct client *isolate_client(uint32_t id) {
  struct client *client = current ? current->clients : NULL;
  while (client && client->id != id) client = client->next;
  return client;
}

struct client *isolate_new_client(void) {
  struct isolate *isolate = this_isolate();
  struct client *client = isolate ? client_new() : NULL;
  if (!client) return NULL;
  client->next = isolate->clients;
  return isolate->clients = client;
}

void spin(bool (*arrived)(const void *), const void *opaque) {
  enum { NANOSECONDS = 30000, TURNS = 20 };
  static atomic_int spinning;
  /* One processor is left to the threads that are waited for. */
  if (atomic_fetch_add(&spinning, 1) < processors - 1) {
    int64_t end = time_now() + NANOSECONDS;
    do
      for (int i = 0; i < TURNS && !arrived(opaque); i++) pause_processor();
    while (!arrived(opaque) && time_now() < end);
  }
  atomic_fetch_sub(&spinning, 1);
}
