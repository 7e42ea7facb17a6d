/* floor 4 */
/*
 * early.h - reads the first packets while the input is opened, for the headers in them; they stay in the backlog until
 * they are requested. The packets that avformat_find_stream_info() keeps can't be examined.
 */
#ifndef AVS_INPUT_EARLY_H
#define AVS_INPUT_EARLY_H

struct input;

/* Reads until each stream that needs one has had a packet, or a limit is reached. */
int read_early(struct input *input);

#endif
