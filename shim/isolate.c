/*
 * isolate.c - isolates: the threads that JavaScript runs on. Each has a table of handles, the callback of the sync
 * engine, and a queue of events for the async engine. All of it goes when its thread ends; what other threads still
 * hold goes with the last of them.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#if defined(__x86_64__) || defined(__i386__)
#define pause_processor() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pause_processor() __asm__ volatile("yield")
#else
#define pause_processor() ((void)0)
#endif

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct isolate *current;

/* Isolates by number, for threads that are not theirs. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct isolate **registry;
static size_t registry_count;
static uint32_t last_id;

static bool registry_add(struct isolate *isolate) {
  pthread_mutex_lock(&registry_lock);
  struct isolate **grown = realloc(registry, (registry_count + 1) * sizeof(*grown));
  if (grown) {
    registry = grown;
    registry[registry_count++] = isolate;
    isolate->id = ++last_id;
  }
  pthread_mutex_unlock(&registry_lock);
  return grown != NULL;
}

static void registry_remove(const struct isolate *isolate) {
  pthread_mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count; i++)
    if (registry[i] == isolate) registry[i] = registry[--registry_count];
  pthread_mutex_unlock(&registry_lock);
}

/* With a reference. */
static struct isolate *registry_find(uint32_t id) {
  struct isolate *found = NULL;
  pthread_mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count && !found; i++)
    if (registry[i]->id == id) found = registry[i];
  if (found) isolate_ref(found);
  pthread_mutex_unlock(&registry_lock);
  return found;
}

void isolate_ref(struct isolate *isolate) {
  pthread_mutex_lock(&isolate->lock);
  isolate->references++;
  pthread_mutex_unlock(&isolate->lock);
}

void isolate_unref(struct isolate *isolate) {
  pthread_mutex_lock(&isolate->lock);
  bool last = --isolate->references == 0;
  pthread_mutex_unlock(&isolate->lock);
  if (!last) return;
  pthread_cond_destroy(&isolate->arrived);
  pthread_mutex_destroy(&isolate->lock);
  free(isolate->events);
  free(isolate);
}

/* The thread ends: waiting sessions get AVERROR_EXIT, and free themselves. */
static void isolate_end(void *data) {
  struct isolate *isolate = data;
  current = isolate;
  registry_remove(isolate);
  pthread_mutex_lock(&isolate->lock);
  isolate->dead = true;
  pthread_cond_broadcast(&isolate->arrived);
  pthread_mutex_unlock(&isolate->lock);
  for (uint32_t i = 0; i < isolate->slot_count; i++) {
    struct object *object = isolate->slots[i].object;
    if (object && object->kind == KIND_SESSION) avs_session_close(object->handle);
  }
  free(isolate->slots);
  isolate->slots = NULL;
  current = NULL;
  isolate_unref(isolate);
}

static int processors = 1;

/* One piece of memory at most: an index of 1 KB in an mp4 can claim 2 GB. */
enum { MOST_ALLOCATED = 512 * 1024 * 1024 };

static void initialize(void) {
  av_max_alloc(MOST_ALLOCATED);
  processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
  pthread_key_create(&key, isolate_end);
  log_install();
}

static struct isolate *isolate_new(void) {
  struct isolate *isolate = calloc(1, sizeof(*isolate));
  if (!isolate) return NULL;
  isolate->first_free = isolate->last_free = NO_SLOT;
  isolate->references = 1;
  pthread_mutex_init(&isolate->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__) /* which has no such setting, and a call of its own for relative times */
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(&isolate->arrived, &attributes);
  pthread_condattr_destroy(&attributes);
  if (registry_add(isolate)) return isolate;
  isolate_unref(isolate);
  return NULL;
}

struct isolate *this_isolate(void) {
  if (current) return current;
  pthread_once(&once, initialize);
  current = isolate_new();
  if (current) pthread_setspecific(key, current);
  return current;
}

void avs_set_callback(avs_callback callback) {
  struct isolate *self = this_isolate();
  if (self) self->callback = callback;
}

/* ---------------------------------------------------------------------------------------- events */

static int64_t now(void) { /* in nanoseconds */
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void spin(bool (*arrived)(const void *), const void *opaque) {
  enum { NANOSECONDS = 30000, TURNS = 20 };
  static atomic_int spinning;
  /* One processor is left to those who are waited for. */
  if (atomic_fetch_add(&spinning, 1) < processors - 1) {
    int64_t end = now() + NANOSECONDS;
    do
      for (int i = 0; i < TURNS && !arrived(opaque); i++) pause_processor();
    while (!arrived(opaque) && now() < end);
  }
  atomic_fetch_sub(&spinning, 1);
}

/* Is there room for one more, beside what is reserved? */
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
  pthread_cond_signal(&isolate->arrived);
}

bool isolate_push(struct isolate *isolate, struct event event) {
  bool room = has_room(isolate);
  if (room) push(isolate, event);
  return room;
}

bool isolate_reserve(struct isolate *isolate) {
  bool room = has_room(isolate);
  if (room) isolate->events_reserved++;
  return room;
}

void isolate_release(struct isolate *isolate) { isolate->events_reserved--; }

void isolate_push_reserved(struct isolate *isolate, struct event event) {
  isolate_release(isolate);
  push(isolate, event);
}

uint32_t avs_isolate(void) {
  struct isolate *self = this_isolate();
  return self ? self->id : 0;
}

/* With the lock held: waits for events, this many microseconds at most. */
static void wait_for_events(struct isolate *isolate, int64_t microseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  int64_t end = (int64_t)until.tv_sec * 1000000 + until.tv_nsec / 1000 + microseconds;
  while (!isolate->event_count && !isolate->dead && !isolate->nudged) {
#if defined(__APPLE__)
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t left = end - ((int64_t)until.tv_sec * 1000000 + until.tv_nsec / 1000);
    if (left <= 0) return;
    struct timespec relative = {left / 1000000, left % 1000000 * 1000};
    pthread_cond_timedwait_relative_np(&isolate->arrived, &isolate->lock, &relative);
#else
    until = (struct timespec){end / 1000000, end % 1000000 * 1000};
    if (pthread_cond_timedwait(&isolate->arrived, &isolate->lock, &until) == ETIMEDOUT) return;
#endif
  }
}

int32_t avs_wait_events(uint32_t id, uint32_t milliseconds) {
  struct isolate *isolate = registry_find(id);
  if (!isolate) return AVERROR(EBADF);
  pthread_mutex_lock(&isolate->lock);
  if (milliseconds) { /* who only looks takes nothing from who waits */
    wait_for_events(isolate, (milliseconds < AVS_WAIT_MS ? milliseconds : AVS_WAIT_MS) * INT64_C(1000));
    isolate->nudged = false;
  }
  int32_t count = isolate->dead ? AVERROR_EXIT : (int32_t)isolate->event_count;
  pthread_mutex_unlock(&isolate->lock);
  isolate_unref(isolate);
  return count;
}

void avs_wake_events(void) {
  struct isolate *self = this_isolate();
  if (!self) return;
  pthread_mutex_lock(&self->lock);
  self->nudged = true;
  pthread_cond_signal(&self->arrived);
  pthread_mutex_unlock(&self->lock);
}

static bool has_events(const void *opaque) { return ((const struct isolate *)opaque)->event_count > 0; }

int32_t avs_take_events(double *out, uint32_t most, uint32_t patience) {
  struct isolate *self = this_isolate();
  if (!self) return 0;
  if (patience) spin(has_events, self);
  pthread_mutex_lock(&self->lock);
  if (patience) wait_for_events(self, patience);
  size_t count = self->event_count < most ? self->event_count : most;
  if (count) memcpy(out, self->events, count * sizeof(struct event));
  if (count) memmove(self->events, self->events + count, (self->event_count - count) * sizeof(struct event));
  self->event_count -= count;
  pthread_mutex_unlock(&self->lock);
  return (int32_t)count;
}
