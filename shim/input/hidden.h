/* floor 4 */
/*
 * hidden.h - what a source that can't seek does not show, or shows in another order: what lies behind its packets, or before
 * them. A short one is read to its end for it; asked of every other one, as its packets are not to wait for nothing.
 */
#ifndef AVS_INPUT_HIDDEN_H
#define AVS_INPUT_HIDDEN_H

#include "input.h"

/* What mp4 and its kin begin with lies before where their header has ended: its byte, or -1. */
int64_t first_behind(const AVFormatContext *context);
/* Is there more in it than was found, or in another order, for who can seek? Of an open input that can't. */
bool hides_something(const struct input *input);

#endif
