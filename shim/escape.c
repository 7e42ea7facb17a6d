#include "escape.h"

/*
 * setjmp(). On Windows without a frame: with one, longjmp() would unwind the stack as an exception does, which is not needed.
 */
#if defined(_WIN32)
#define mark_place(place) _setjmp((place), NULL)
#else
#define mark_place(place) setjmp(place)
#endif

static _Thread_local jmp_buf *current;

jmp_buf *escape_to(jmp_buf *target) {
  jmp_buf *before = current;
  current = target;
  return before;
}

bool run_guarded(void (*work)(void *), void *argument) {
  jmp_buf here, *target = escape_to(&here);
  if (mark_place(here)) {
    escape_to(target);
    return false;
  }
  work(argument);
  escape_to(target);
  return true;
}

void escape(void) {
  if (current) longjmp(*current, 1);
}
