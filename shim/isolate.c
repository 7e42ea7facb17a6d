#include "isolate.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "account.h"
#include "log.h"

static _Thread_local struct isolate *current;

/* Isolates by number, for threads that are not theirs. */
static mutex registry_lock = MUTEX_INITIALIZER;
static struct isolate **registry;
static size_t registry_count;
static uint32_t last_id;

static bool registry_add(struct isolate *isolate) {
  mutex_lock(&registry_lock);
  struct isolate **grown = realloc(registry, (registry_count + 1) * sizeof(*grown));
  if (grown) {
    registry = grown;
    registry[registry_count++] = isolate;
    isolate->id = ++last_id;
  }
  mutex_unlock(&registry_lock);
  return grown != NULL;
}

static void registry_remove(const struct isolate *isolate) {
  mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count; i++)
    if (registry[i] == isolate) registry[i] = registry[--registry_count];
  mutex_unlock(&registry_lock);
}

/* With a reference. */
static struct isolate *registry_find(uint32_t id) {
  struct isolate *found = NULL;
  mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count && !found; i++)
    if (registry[i]->id == id) found = registry[i];
  if (found) isolate_ref(found);
  mutex_unlock(&registry_lock);
  return found;
}

void isolate_ref(struct isolate *isolate) {
  mutex_lock(&isolate->lock);
  isolate->references++;
  mutex_unlock(&isolate->lock);
}

void isolate_unref(struct isolate *isolate) {
  mutex_lock(&isolate->lock);
  bool last = --isolate->references == 0;
  mutex_unlock(&isolate->lock);
  if (!last) return;
  condition_free(&isolate->arrived);
  mutex_free(&isolate->lock);
  free(isolate->events);
  free(isolate);
}

/* The thread ends: its sessions are closed, and whoever waits for events is told. */
static void isolate_end(void *opaque) {
  struct isolate *isolate = opaque;
  current = isolate;
  registry_remove(isolate);
  mutex_lock(&isolate->lock);
  isolate->dead = true;
  isolate->watch = NULL;
  condition_broadcast(&isolate->arrived);
  mutex_unlock(&isolate->lock);
  for (uint32_t i = 0; i < isolate->handles.count; i++) {
    struct object *object = isolate->handles.slots[i].object;
    if (object && object->kind == KIND_SESSION) avs_session_close(object->handle);
  }
  handles_free(&isolate->handles);
  current = NULL;
  isolate_unref(isolate);
}

static int processors = 1;

/* One piece of memory at most: an index of 1 KB in an mp4 can claim 2 GB. */
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
  if (!isolate) return NULL;
  handles_init(&isolate->handles);
  isolate->references = 1;
  mutex_init(&isolate->lock);
  condition_init(&isolate->arrived);
  if (registry_add(isolate)) return isolate;
  isolate_unref(isolate);
  return NULL;
}

struct isolate *this_isolate(void) {
  static once initialized = ONCE_INITIALIZER;
  if (current) return current;
  run_once(&initialized, initialize);
  current = isolate_new();
  if (current) thread_at_end(isolate_end, current);
  return current;
}

void avs_set_callback(avs_callback callback) {
  struct isolate *self = this_isolate();
  if (self) self->callback = callback;
}

/* ---------------------------------------------------------------------------------------- events */

void spin(bool (*arrived)(const void *), const void *opaque) {
  enum { NANOSECONDS = 30000, TURNS = 20 };
  static atomic_int spinning;
  /* One processor is left to those who are waited for. */
  if (atomic_fetch_add(&spinning, 1) < processors - 1) {
    int64_t end = time_now() + NANOSECONDS;
    do
      for (int i = 0; i < TURNS && !arrived(opaque); i++) pause_processor();
    while (!arrived(opaque) && time_now() < end);
  }
  atomic_fetch_sub(&spinning, 1);
}

/* With the lock held: is there room for one more, beside what is reserved? */
static bool has_room(struct isolate *isolate) {
  if (isolate->event_count + isolate->events_reserved < isolate->event_capacity) return true;
  size_t capacity = isolate->event_capacity ? isolate->event_capacity * 2 : 64;
  struct event *events = realloc(isolate->events, capacity * sizeof(*events));
  if (!events) return false;
  isolate->events = events;
  isolate->event_capacity = capacity;
  return true;
}

static void push(struct isolate *isolate, struct event event) {
  isolate->events[isolate->event_count] = event;
  isolate->event_count++;
  condition_signal(&isolate->arrived);
  if (isolate->watch) isolate->watch(isolate->watch_opaque);
  isolate->watch = NULL;
}

bool isolate_watch(struct isolate *isolate, void (*watch)(void *), void *opaque) {
  mutex_lock(&isolate->lock);
  bool has_none = !isolate->event_count;
  isolate->watch = has_none ? watch : NULL;
  isolate->watch_opaque = opaque;
  mutex_unlock(&isolate->lock);
  return has_none;
}

bool isolate_push(struct isolate *isolate, struct event event) {
  mutex_lock(&isolate->lock);
  bool room = !isolate->dead && has_room(isolate);
  if (room) push(isolate, event);
  mutex_unlock(&isolate->lock);
  return room;
}

bool isolate_reserve(struct isolate *isolate) {
  mutex_lock(&isolate->lock);
  bool room = has_room(isolate);
  if (room) isolate->events_reserved++;
  mutex_unlock(&isolate->lock);
  return room;
}

void isolate_release(struct isolate *isolate) {
  mutex_lock(&isolate->lock);
  isolate->events_reserved--;
  mutex_unlock(&isolate->lock);
}

void isolate_push_reserved(struct isolate *isolate, struct event event) {
  mutex_lock(&isolate->lock);
  isolate->events_reserved--;
  push(isolate, event);
  mutex_unlock(&isolate->lock);
}

uint32_t avs_isolate(void) {
  struct isolate *self = this_isolate();
  return self ? self->id : 0;
}

/* With the lock held: waits for events, this many microseconds at most. */
static void wait_for_events(struct isolate *isolate, int64_t microseconds) {
  int64_t end = time_now() + microseconds * 1000;
  while (!isolate->event_count && !isolate->dead && !isolate->nudged)
    if (!condition_wait_until(&isolate->arrived, &isolate->lock, end)) return;
}

int32_t avs_wait_events(uint32_t id, uint32_t milliseconds) {
  struct isolate *isolate = registry_find(id);
  if (!isolate) return AVERROR(EBADF);
  mutex_lock(&isolate->lock);
  if (milliseconds) { /* who only looks takes nothing from who waits */
    wait_for_events(isolate, (milliseconds < AVS_WAIT_MS ? milliseconds : AVS_WAIT_MS) * INT64_C(1000));
    isolate->nudged = false;
  }
  int32_t count = isolate->dead ? AVERROR_EXIT : (int32_t)isolate->event_count;
  mutex_unlock(&isolate->lock);
  isolate_unref(isolate);
  return count;
}

void avs_wake_events(void) {
  struct isolate *self = this_isolate();
  if (!self) return;
  mutex_lock(&self->lock);
  self->nudged = true;
  condition_signal(&self->arrived);
  mutex_unlock(&self->lock);
}

static bool has_events(const void *opaque) { return ((const struct isolate *)opaque)->event_count > 0; }

int32_t avs_take_events(double *out, uint32_t max, uint32_t patience) {
  struct isolate *self = this_isolate();
  if (!self) return 0;
  if (patience) spin(has_events, self);
  mutex_lock(&self->lock);
  if (patience) wait_for_events(self, patience);
  size_t count = self->event_count < max ? self->event_count : max;
  if (count) memcpy(out, self->events, count * sizeof(struct event));
  if (count) memmove(self->events, self->events + count, (self->event_count - count) * sizeof(struct event));
  self->event_count -= count;
  mutex_unlock(&self->lock);
  return (int32_t)count;
}
