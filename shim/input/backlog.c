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

static void move_all(struct packets *from, struct packets *to) {
  for (AVPacket *packet; (packet = packets_first(from)); packets_drop_first(from)) packets_push(to, packet);
}

void backlog_put_first(struct backlog *backlog, struct packets *packets) {
  move_all(&backlog->waiting.packets, packets);
  reorder_clear(&backlog->waiting.reorder);
  move_all(&backlog->packets, packets);
  if (backlog->waiting.result) backlog->result = backlog->waiting.result;
  backlog->waiting.bytes = backlog->waiting.result = 0;
  packets_free(&backlog->packets);
  backlog->packets = *packets;
  *packets = (struct packets){0};
}

void backlog_clear(struct backlog *backlog) {
  packets_clear(&backlog->packets);
  packets_clear(&backlog->waiting.packets);
  reorder_clear(&backlog->waiting.reorder);
  backlog->waiting.bytes = backlog->waiting.result = backlog->result = 0;
}

void backlog_free(struct backlog *backlog) {
  packets_free(&backlog->packets);
  packets_free(&backlog->waiting.packets);
  reorder_clear(&backlog->waiting.reorder);
}
