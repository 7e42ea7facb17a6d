/* floor 1 */
/*
 * handles.h - a table of handles. A handle is a slot's index (20 bits) and its generation (32 bits), so a stale or made-up
 * one finds nothing. Each isolate has a table of its own, used on its own thread only: it needs no lock, and no other thread
 * can reach its objects.
 */
#ifndef AVS_HANDLES_H
#define AVS_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

enum kind { KIND_SESSION = 1, KIND_IO };

/* First member of everything that has a handle; 0: it has none. */
struct object {
  enum kind kind;
  double handle;
};

struct slot {
  struct object *object; /* NULL: free */
  uint32_t generation, next_free;
};

struct handles {
  struct slot *slots;
  uint32_t count, capacity;
  uint32_t first_free, last_free; /* free slots, in the order in which they became free */
};

void handles_init(struct handles *handles);
void handles_free(struct handles *handles);
/* Gives the object a handle; false if there is no memory. */
bool handle_new(struct handles *handles, struct object *object, enum kind kind);
void handle_free(struct handles *handles, struct object *object);
/* NULL if it is no handle, or one of another kind. */
struct object *handle_find(const struct handles *handles, double handle, enum kind kind);

#endif
