#include "handles.h"

#include <stdlib.h>

enum { INDEX_BITS = 20, INDEX_MASK = (1 << INDEX_BITS) - 1 };
#define NO_SLOT UINT32_MAX
#define HANDLE_END ((double)(UINT64_C(1) << (32 + INDEX_BITS)))

void handles_init(struct handles *handles) { handles->first_free = handles->last_free = NO_SLOT; }

void handles_free(struct handles *handles) {
  free(handles->slots);
  *handles = (struct handles){.first_free = NO_SLOT, .last_free = NO_SLOT};
}

static bool grow(struct handles *handles) {
  uint32_t capacity = handles->capacity ? handles->capacity * 2 : 64;
  if (capacity > INDEX_MASK) return false;
  struct slot *slots = realloc(handles->slots, capacity * sizeof(*slots));
  if (!slots) return false;
  handles->slots = slots;
  handles->capacity = capacity;
  return true;
}

/* Takes the slot that has been free for the longest time, so that generations are used up as slowly as possible. */
static uint32_t take_free_slot(struct handles *handles) {
  uint32_t index = handles->first_free;
  if (index == NO_SLOT) return NO_SLOT;
  handles->first_free = handles->slots[index].next_free;
  if (handles->first_free == NO_SLOT) handles->last_free = NO_SLOT;
  return index;
}

static void add_free_slot(struct handles *handles, uint32_t index) {
  handles->slots[index].next_free = NO_SLOT;
  if (handles->last_free == NO_SLOT) handles->first_free = index;
  else handles->slots[handles->last_free].next_free = index;
  handles->last_free = index;
}

bool handle_new(struct handles *handles, struct object *object, enum kind kind) {
  uint32_t index = take_free_slot(handles);
  if (index == NO_SLOT) {
    if (handles->count == handles->capacity && !grow(handles)) return false;
    index = handles->count++;
    handles->slots[index] = (struct slot){.generation = 1};
  }
  handles->slots[index].object = object;
  object->kind = kind;
  object->handle = (double)((uint64_t)handles->slots[index].generation << INDEX_BITS | index);
  return true;
}

struct object *handle_find(const struct handles *handles, double handle, enum kind kind) {
  if (!(handle >= 1 && handle < HANDLE_END)) return NULL;
  uint32_t index = (uint64_t)handle & INDEX_MASK;
  struct object *object = index < handles->count ? handles->slots[index].object : NULL;
  return object && object->handle == handle && object->kind == kind ? object : NULL; /* a number with a fraction is no handle */
}

void handle_free(struct handles *handles, struct object *object) {
  if (!object->handle) return;
  uint32_t index = (uint64_t)object->handle & INDEX_MASK;
  struct slot *slot = &handles->slots[index];
  slot->object = NULL;
  if (++slot->generation == 0) slot->generation = 1; /* a handle is never 0 */
  add_free_slot(handles, index);
  object->handle = 0;
}
