/* floor 4 */
/*
 * batch.h - packets as they cross to JavaScript: rows of numbers and bytes, gathered while JavaScript works on those before.
 */
#ifndef AVS_INPUT_BATCH_H
#define AVS_INPUT_BATCH_H

#include "../session.h"

struct AVPacket;

struct batch {
  double *rows;
  size_t count, row_capacity;
  uint8_t *bytes;
  size_t size, capacity;
};

/* All of it belongs to whoever holds the channel's lock. */
struct batches {
  struct batch ready;
  struct batch taken; /* what avs_take_packets() is about to copy */
  bool wanted;        /* JavaScript waits for packets */
};

void batches_free(struct batches *batches);
/* What was read and not taken is of no use any more. */
void batches_clear(struct session *session);
/* Adds the packet, of the input, to those that JavaScript can take; false without memory. */
bool batches_add(struct session *session, const struct AVPacket *packet);
bool batches_are_full(const struct batches *batches, double max_packets, double max_bytes);
operation input_op_read;

#endif
