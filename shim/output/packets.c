#include "packets.h"

#include <stdlib.h>

static bool packets_grow(struct packets *packets) {
  size_t capacity = packets->capacity ? packets->capacity * 2 : 64;
  AVPacket **ring = malloc(capacity * sizeof(*ring));
  if (!ring) return false;
  for (size_t i = 0; i < packets->capacity; i++)
    ring[i] = packets->ring[(packets->first + i) & (packets->capacity - 1)];
  for (size_t i = packets->capacity; i < capacity; i++) ring[i] = NULL;
  free(packets->ring);
  packets->ring = ring;
  packets->first = 0;
  packets->capacity = capacity;
  return true;
}

static AVPacket **packets_place(const struct packets *packets, size_t index) {
  return &packets->ring[(packets->first + index) & (packets->capacity - 1)];
}

AVPacket *packets_push(struct packets *packets, AVPacket *packet) {
  if (packets->count == packets->capacity && !packets_grow(packets)) return NULL;
  AVPacket **place = packets_place(packets, packets->count);
  if (!*place && !(*place = av_packet_alloc())) return NULL;
  av_packet_move_ref(*place, packet);
  packets->count++;
  return *place;
}

bool packets_append(struct packets *packets, struct packets *from) {
  while (packets->capacity - packets->count < from->count)
    if (!packets_grow(packets)) return false;
  for (; from->count; from->count--) {
    AVPacket **to = packets_place(packets, packets->count++), **place = packets_place(from, 0), *empty = *to;
    *to = *place;
    *place = empty;
    from->first = (from->first + 1) & (from->capacity - 1);
  }
  return true;
}

AVPacket *packets_at(const struct packets *packets, size_t index) { return *packets_place(packets, index); }

AVPacket *packets_first(struct packets *packets) {
  return packets->count ? packets->ring[packets->first] : NULL;
}

void packets_drop_first(struct packets *packets) {
  av_packet_unref(packets->ring[packets->first]);
  packets->first = (packets->first + 1) & (packets->capacity - 1);
  packets->count--;
}

void packets_filter(struct packets *packets, size_t count, bool (*stays)(const AVPacket *packet, const void *context), const void *context) {
  size_t kept = 0;
  for (size_t i = 0; i < packets->count; i++) {
    AVPacket **from = packets_place(packets, i), **to = packets_place(packets, kept), *packet = *from;
    if (i < count && !stays(packet, context)) {
      av_packet_unref(packet);
      continue;
    }
    *from = *to;
    *to = packet;
    kept++;
  }
  packets->count = kept;
}

void packets_clear(struct packets *packets) {
  while (packets->count) packets_drop_first(packets);
}

void packets_free(struct packets *packets) {
  packets_clear(packets);
  for (size_t i = 0; i < packets->capacity; i++) av_packet_free(&packets->ring[i]);
  free(packets->ring);
}
