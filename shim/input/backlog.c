#include "backlog.h"

bool backlog_is_empty(const struct backlog *backlog) { return !backlog->packets.count && !backlog->waiting.packets.count; }

int backlog_add(struct backlog *backlog, AVPacket *packet) {
  return packets_push(&backlog->packets, packet) ? 0 : AVERROR(ENOMEM);
}

int backlog_take(struct backlog *backlog, const AVFormatContext *input, const struct ended *ended, AVPacket *packet) {
  bool wanted = false;
  for (AVPacket *first; !wanted && (first = packets_first(&backlog->packets)); packets_drop_first(&backlog->packets)) {
    wanted = is_stream_wanted(input, ended, first->stream_index);
    if (wanted) av_packet_move_ref(packet, first);
  }
  if (wanted) return 0;
  int result = backlog->result ? backlog->result : AVERROR(EAGAIN);
  backlog->result = 0;
  return result;
}

static int64_t bytes_of(const struct packets *packets) {
  int64_t bytes = 0;
  for (size_t i = 0; i < packets->count; i++) bytes += packets_at(packets, i)->size;
  return bytes;
}

/* What waits for a pts goes on waiting: the order of its pictures depends on those before. */
int backlog_put_first(struct backlog *backlog, struct packets *packets) {
  if (backlog->waiting.packets.count) backlog->waiting.bytes += bytes_of(packets);
  struct packets *rest = backlog->waiting.packets.count ? &backlog->waiting.packets : &backlog->packets;
  bool is_moved = packets_append(packets, rest);
  packets_free(is_moved ? rest : packets);
  if (is_moved) *rest = *packets;
  *packets = (struct packets){0};
  return is_moved ? 0 : AVERROR(ENOMEM);
}

void backlog_clear(struct backlog *backlog) {
  packets_clear(&backlog->packets);
  packets_clear(&backlog->waiting.packets);
  reorders_clear(&backlog->waiting.reorders);
  backlog->waiting.bytes = backlog->waiting.result = backlog->result = 0;
}

void backlog_free(struct backlog *backlog) {
  packets_free(&backlog->packets);
  packets_free(&backlog->waiting.packets);
  reorders_clear(&backlog->waiting.reorders);
}
