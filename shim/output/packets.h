/* floor 4 */
/*
 * packets.h - a queue of packets: a ring that grows.
 */
#ifndef AVS_OUTPUT_PACKETS_H
#define AVS_OUTPUT_PACKETS_H

#include <stdbool.h>

#include <libavcodec/packet.h>

struct packets {
  AVPacket **ring;
  size_t capacity, first, count;
};

/* Moves the packet to the end of the queue; returns the packet in the queue, or NULL if there is no memory. */
AVPacket *packets_push(struct packets *packets, AVPacket *packet);
/* Moves all packets of one queue to the end of another; false: there is no memory, and nothing was moved. */
bool packets_append(struct packets *packets, struct packets *from);
/* `index` must be less than the number of packets. */
AVPacket *packets_at(const struct packets *packets, size_t index);
AVPacket *packets_first(struct packets *packets);
void packets_drop_first(struct packets *packets);
/* Removes those of the first `count` packets for which `stays` returns false; the others keep their order. */
void packets_filter(struct packets *packets, size_t count, bool (*stays)(const AVPacket *packet, const void *context), const void *context);
void packets_clear(struct packets *packets);
void packets_free(struct packets *packets);

#endif
