/* floor 0 */
/*
 * escape.h - leaves what libavformat was called for when it fails an assertion and would end the process: a longjmp() to where
 * the operation, or other call, began. There is no target while JavaScript is called.
 */
#ifndef AVS_ESCAPE_H
#define AVS_ESCAPE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

/* Sets the target of this thread's jumps (NULL: none); returns the previous one. */
jmp_buf *escape_to(jmp_buf *target);
/* Runs `work`; false if it was left: what it worked on is then to be neither used nor freed. */
bool run_guarded(void (*work)(void *), void *argument);
/* Jumps; returns if there is no target. */
void escape(void);

#endif
