/* floor 0 */
/*
 * escape.h - the way out of an operation in which libavformat finds that it is wrong and would end the process: a jump
 * to where the operation began. It leads nowhere while JavaScript is called, and outside of operations.
 */
#ifndef AVS_ESCAPE_H
#define AVS_ESCAPE_H

#include <setjmp.h>
#include <stddef.h>

/*
 * setjmp(). On Windows without the frame that it takes otherwise: with that longjmp() would unwind what lies between as an
 * exception does, and nothing there has to be unwound.
 */
#if defined(_WIN32)
#define mark_place(place) _setjmp((place), NULL)
#else
#define mark_place(place) setjmp(place)
#endif

/* Where this thread jumps to from now on, NULL: nowhere; where it did before is the result. */
jmp_buf *escape_to(jmp_buf *target);
/* Jumps; returns where there is nowhere to go. */
void escape(void);

#endif
