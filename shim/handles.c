/*
 * handles.c - an isolate's table of handles. A handle is a slot's index and generation, so one that is stale or made
 * up finds nothing. Each isolate has a table of its own, used on its own thread only: no lock, and no worker can
 * reach another one's objects.
 */
#include "internal.h"

enum { INDEX_BITS = 20, INDEX_MASK = (1 << INDEX_BITS) - 1 };
#define HANDLE_END ((double)(UINT64_C(1) << (32 + INDEX_BITS)))

static bool grow(struct isolate *self) {
  uint32_t capacity = self->slot_capacity ? self->slot_capacity * 2 : 64;
  if (capacity > INDEX_MASK) return false;
  struct slot *slots = realloc(self->slots, capacity * sizeof(*slots));
  if (!slots) return false;
  self->slots = slots;
  self->slot_capacity = capacity;
  return true;
}

/* The slot that has been free for the longest time: its generations last as long as they can. */
static uint32_t take_free_slot(struct isolate *self) {
  uint32_t index = self->first_free;
  if (index == NO_SLOT) return NO_SLOT;
  self->first_free = self->slots[index].next_free;
  if (self->first_free == NO_SLOT) self->last_free = NO_SLOT;
  return index;
}

static void add_free_slot(struct isolate *self, uint32_t index) {
  self->slots[index].next_free = NO_SLOT;
  if (self->last_free == NO_SLOT) self->first_free = index;
  else self->slots[self->last_free].next_free = index;
  self->last_free = index;
}

bool handle_new(struct object *object, enum kind kind) {
  struct isolate *self = this_isolate();
  if (!self) return false;
  uint32_t index = take_free_slot(self);
  if (index == NO_SLOT) {
    if (self->slot_count == self->slot_capacity && !grow(self)) return false;
    index = self->slot_count++;
    self->slots[index] = (struct slot){.generation = 1};
  }
  self->slots[index].object = object;
  object->kind = kind;
  object->handle = (double)((uint64_t)self->slots[index].generation << INDEX_BITS | index);
  return true;
}

static struct object *find(double handle, enum kind kind) {
  struct isolate *self = this_isolate();
  if (!self || !(handle >= 1 && handle < HANDLE_END)) return NULL;
  uint32_t index = (uint64_t)handle & INDEX_MASK;
  if (index >= self->slot_count) return NULL;
  struct object *object = self->slots[index].object;
  return object && object->handle == handle && object->kind == kind ? object : NULL; /* one with a fraction is no handle */
}

void handle_free(struct object *object) {
  if (!object->handle) return;
  struct isolate *self = this_isolate();
  uint32_t index = (uint64_t)object->handle & INDEX_MASK;
  struct slot *slot = &self->slots[index];
  slot->object = NULL;
  if (++slot->generation == 0) slot->generation = 1; /* a handle is never 0 */
  add_free_slot(self, index);
  object->handle = 0;
}

struct session *find_session(double handle) { return (struct session *)find(handle, KIND_SESSION); }

struct io *find_io(double handle) { return (struct io *)find(handle, KIND_IO); }
