/* floor 4 */
/*
 * batch.h - batches of packets in the form in which JavaScript takes them, rows of numbers and bytes. A batch is filled while
 * JavaScript works on the previous one.
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
};

void batches_free(struct batches *batches);
/* Drops what was read and not taken. */
void batches_clear(struct session *session);
/* Adds a packet of the input to those that JavaScript can take; false if there is no memory. */
bool batches_add(struct session *session, const struct AVPacket *packet);
bool batches_are_full(const struct batches *batches, double max_packets, double max_bytes);
operation input_op_read;

#endif
