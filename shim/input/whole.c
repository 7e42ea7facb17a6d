#include "whole.h"

#include <string.h>

#include <libavformat/avformat.h>

#include "input.h"

int64_t source_size(AVIOContext *pb) {
  if (!pb) return -1;
  int64_t size = pb->seekable ? avio_size(pb) : pb->eof_reached ? avio_tell(pb) : -1;
  return size < 0 ? -1 : size;
}

int missing_packets(const AVFormatContext *input, AVStream *stream, int64_t size) {
  bool is_known = size >= 0 && !strncmp(input->iformat->name, "mov,", 4);
  int missing = 0, count = is_known ? avformat_index_get_entries_count(stream) : 0;
  for (int i = 0; i < count; i++) {
    const AVIndexEntry *entry = avformat_index_get_entry(stream, i);
    missing += entry->pos > size - entry->size;
  }
  return missing;
}

void warn_missing_packets(struct session *session, unsigned index, int64_t size) {
  AVStream *stream = session->input->context->streams[index];
  int missing = missing_packets(session->input->context, stream, size);
  if (missing)
    warn(&session->channel.log, AVS_WARNING_TRUNCATED, (int)index, missing, "the source is cut off before the last of its packets",
         "stream %u: the source is cut off before %d of its %d packets", index, missing,
         avformat_index_get_entries_count(stream));
}

void warn_cut_packet(struct session *session, const AVPacket *packet) {
  const AVIOContext *pb = session->input->context->pb;
  if (!(packet->flags & AV_PKT_FLAG_CORRUPT) || !pb || !pb->eof_reached) return;
  warn(&session->channel.log, AVS_WARNING_TRUNCATED, packet->stream_index, 1, "the source ends within a packet",
       "stream %d: the source ends within a packet of %d bytes", packet->stream_index, packet->size);
}

void warn_late_streams(struct session *session) {
  const struct input *input = session->input;
  for (unsigned i = input->stream_count; i < input->context->nb_streams; i++)
    warn(&session->channel.log, AVS_WARNING_SKIPPED, (int)i, 1, "it appears only after the output has begun, and is left out",
         "stream %u: it appears after the output has begun", i);
}
