/* floor 4 */
/*
 * early.h - packets that were read while the input was opened, to look at what their headers say: they wait here, and
 * come first when packets are read. libavformat's own such packets can't be looked at.
 */
#ifndef AVS_INPUT_EARLY_H
#define AVS_INPUT_EARLY_H

#include <libavformat/avformat.h>

#include "../output/packets.h"

struct input;

struct early {
  struct packets packets;
  int result; /* what came after them, where that was no packet */
};

/* Reads on until each stream has shown the packet that it wants to be told by, or that takes too much. */
void read_early(struct input *input);
/* av_read_frame(), with those that wait before. */
int early_or_next(struct input *input, AVPacket *packet);
/* After a seek. */
void early_forget(struct input *input);
void early_free(struct input *input);

#endif
