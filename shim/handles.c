/*
 * handles.c - an isolate's table of handles. A handle is a slot's index and generation, so one that is stale or made
 * up finds nothing. Each isolate has a table of its own, used on its own thread only: no lock, and no worker can
 * reach another one's objects.
 */
#include "internal.h"

enum { INDEX_BITS = 20, INDEX_MASK = (1 << INDEX_BITS) - 1 };

static bool grow(struct isolate *self) {
  uint32_t capacity = self->slot_capacity ? self->slot_capacity * 2 : 64;
  if (capacity > INDEX_MASK) return false;
  struct slot *slots = realloc(self->slots, capacity * sizeof(*slots));
  if (!slots) return false;
  self->slots = slots;
  self->slot_capacity = capacity;
  return true;
}

bool handle_new(struct object *object, enum kind kind) {
  struct isolate *self = this_isolate();
  if (!self) return false;
  uint32_t index = self->free_slot;
  if (index != NO_SLOT) {
    self->free_slot = self->slots[index].next_free;
  } else {
    if (self->slot_count == self->slot_capacity && !grow(self)) return false;
    index = self->slot_count++;
    self->slots[index] = (struct slot){.generation = 1};
  }
  self->slots[index].object = object;
  object->kind = kind;
  object->handle = self->slots[index].generation << INDEX_BITS | index;
  return true;
}

static struct object *find(uint32_t handle, enum kind kind) {
  struct isolate *self = this_isolate();
  uint32_t index = handle & INDEX_MASK;
  if (!self || index >= self->slot_count) return NULL;
  struct object *object = self->slots[index].object;
  return object && object->handle == handle && object->kind == kind ? object : NULL;
}

void handle_free(struct object *object) {
  if (!object->handle) return;
  struct isolate *self = this_isolate();
  uint32_t index = object->handle & INDEX_MASK;
  struct slot *slot = &self->slots[index];
  slot->object = NULL;
  slot->generation = (slot->generation + 1) & (UINT32_MAX >> INDEX_BITS);
  if (!slot->generation) slot->generation = 1; /* a handle is never 0 */
  slot->next_free = self->free_slot;
  self->free_slot = index;
  object->handle = 0;
}

struct session *find_session(uint32_t handle) { return (struct session *)find(handle, KIND_SESSION); }

struct io *find_io(uint32_t handle) { return (struct io *)find(handle, KIND_IO); }
