/* floor 1 */
/*
 * handles.h - a table of handles. A handle is a slot's index (20 bits) and its generation (32 bits), so one that is stale or
 * made up finds nothing. Each isolate has a table of its own, used on its own thread only: no lock, and no other thread
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
  uint32_t first_free, last_free; /* slots that are free, in the order in which they became so */
};

void handles_init(struct handles *handles);
void handles_free(struct handles *handles);
/* Gives the object a handle; false without memory. */
bool handle_new(struct handles *handles, struct object *object, enum kind kind);
void handle_free(struct handles *handles, struct object *object);
/* NULL where it is none, or another kind's. */
struct object *handle_find(const struct handles *handles, double handle, enum kind kind);

#endif
