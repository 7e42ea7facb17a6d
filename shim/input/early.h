/* floor 4 */
/*
 * early.h - packets that are read while the input is opened, to read their headers, and wait to be requested
 * (backlog.h). libavformat's own such packets can't be looked at.
 */
#ifndef AVS_INPUT_EARLY_H
#define AVS_INPUT_EARLY_H

struct input;

/* Reads on until each stream that needs one has had a packet, or that takes too much. */
void read_early(struct input *input);

#endif
