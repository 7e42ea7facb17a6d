/* floor 4 */
/*
 * early.h - packets that are read while the input is opened, to look at what their headers say, and wait to be asked for
 * (backlog.h). libavformat's own such packets can't be looked at.
 */
#ifndef AVS_INPUT_EARLY_H
#define AVS_INPUT_EARLY_H

struct input;

/* Reads on until each stream has shown the packet that it wants to be told by, or that takes too much. */
void read_early(struct input *input);

#endif
