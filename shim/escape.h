/* floor 0 */
/*
 * escape.h - the way out of an operation in which libavformat finds that it is wrong and would end the process: a jump
 * to where the operation began. It leads nowhere while JavaScript is called, and outside of operations.
 */
#ifndef AVS_ESCAPE_H
#define AVS_ESCAPE_H

#include <setjmp.h>
#include <stddef.h>

/* Where this thread jumps to from now on, NULL: nowhere; where it did before is the result. */
jmp_buf *escape_to(jmp_buf *target);
/* Jumps; returns where there is nowhere to go. */
void escape(void);

#endif
