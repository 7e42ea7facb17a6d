/* floor 4 */
/*
 * hidden.h - finds out whether a demuxer would read more from a seekable source, or in another order: data after its packets,
 * or before them. Then a short source is read to its end first (open.c); others are not, so that their packets need not wait.
 */
#ifndef AVS_INPUT_HIDDEN_H
#define AVS_INPUT_HIDDEN_H

#include "input.h"

/* The offset of mp4's first packet, if it lies before the end of its header and the source can't seek; otherwise -1. */
int64_t first_behind(const AVFormatContext *context);
/* Whether an open input that can't seek has more, or another order, than was found. */
bool hides_something(const struct input *input);

#endif
