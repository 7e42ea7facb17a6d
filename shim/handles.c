/*
 * handles.c - the isolate (the thread that JavaScript runs on) and its table of handles. A handle is a slot's
 * index and generation, so one that is stale or made up finds nothing. Each thread has a table of its own:
 * no lock, and no worker can reach another one's objects. The table goes when its thread ends.
 */
#include <pthread.h>

#include "internal.h"

enum { INDEX_BITS = 20, INDEX_MASK = (1 << INDEX_BITS) - 1, NO_SLOT = UINT32_MAX };

struct slot {
  struct object *object;
  uint32_t generation;
  uint32_t next_free;
};

struct isolate {
  struct slot *slots;
  uint32_t count, capacity, free;
  avs_callback callback;
};

static pthread_key_t isolate_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct isolate *current;

static void isolate_free(void *data) {
  struct isolate *isolate = data;
  current = isolate;
  for (uint32_t i = 0; i < isolate->count; i++) {
    struct object *object = isolate->slots[i].object;
    if (object && object->kind == KIND_SESSION) avs_session_close(object->handle);
  }
  current = NULL;
  free(isolate->slots);
  free(isolate);
}

static void initialize(void) {
  pthread_key_create(&isolate_key, isolate_free);
  log_install();
}

static struct isolate *isolate(void) {
  if (current) return current;
  pthread_once(&once, initialize);
  current = calloc(1, sizeof(*current));
  if (!current) return NULL;
  current->free = NO_SLOT;
  pthread_setspecific(isolate_key, current);
  return current;
}

void avs_set_callback(avs_callback callback) {
  struct isolate *self = isolate();
  if (self) self->callback = callback;
}

avs_callback isolate_callback(void) {
  struct isolate *self = isolate();
  return self ? self->callback : NULL;
}

static bool grow(struct isolate *self) {
  uint32_t capacity = self->capacity ? self->capacity * 2 : 64;
  if (capacity > INDEX_MASK) return false;
  struct slot *slots = realloc(self->slots, capacity * sizeof(*slots));
  if (!slots) return false;
  self->slots = slots;
  self->capacity = capacity;
  return true;
}

bool handle_new(struct object *object, enum kind kind) {
  struct isolate *self = isolate();
  if (!self) return false;
  uint32_t index = self->free;
  if (index != NO_SLOT) {
    self->free = self->slots[index].next_free;
  } else {
    if (self->count == self->capacity && !grow(self)) return false;
    index = self->count++;
    self->slots[index] = (struct slot){.generation = 1};
  }
  self->slots[index].object = object;
  object->kind = kind;
  object->handle = self->slots[index].generation << INDEX_BITS | index;
  return true;
}

static struct object *find(uint32_t handle, enum kind kind) {
  struct isolate *self = isolate();
  uint32_t index = handle & INDEX_MASK;
  if (!self || index >= self->count) return NULL;
  struct object *object = self->slots[index].object;
  return object && object->handle == handle && object->kind == kind ? object : NULL;
}

void handle_free(struct object *object) {
  struct isolate *self = isolate();
  uint32_t index = object->handle & INDEX_MASK;
  struct slot *slot = &self->slots[index];
  slot->object = NULL;
  slot->generation = (slot->generation + 1) & (UINT32_MAX >> INDEX_BITS);
  if (!slot->generation) slot->generation = 1; /* a handle is never 0 */
  slot->next_free = self->free;
  self->free = index;
}

struct session *find_session(uint32_t handle) { return (struct session *)find(handle, KIND_SESSION); }

struct io *find_io(uint32_t handle) { return (struct io *)find(handle, KIND_IO); }
