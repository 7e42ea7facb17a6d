#include "shown.h"

#include "input.h"

/* Not in H.264, HEVC and VVC, where reference pictures may be reordered, too. (see reorder.h). */
static bool is_shown_when_next_is_decoded(enum AVCodecID codec) {
  return codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC && codec != AV_CODEC_ID_VVC;
}

static bool lacks_pts(const AVFormatContext *input, const AVPacket *packet) {
  const AVStream *stream = input->streams[packet->stream_index];
  const AVCodecParameters *parameters = stream->codecpar;
  if (packet->pts != AV_NOPTS_VALUE || packet->dts == AV_NOPTS_VALUE || parameters->codec_type != AVMEDIA_TYPE_VIDEO) return false;
  if (parameters->video_delay <= 0) return false;
  return is_shown_when_next_is_decoded(parameters->codec_id) || can_reorder(input, packet);
}

/* Whether there is a jump between the times. */
static bool is_jump(const AVStream *stream, const AVPacket *before, const AVPacket *packet) {
  enum { MAX_SECONDS = 10 };
  int64_t step = av_sat_sub64(packet->dts, before->dts);
  return step < 0 || (double)step * av_q2d(stream->time_base) > MAX_SECONDS;
}

/* The pts of the first waiting packet; AV_NOPTS_VALUE: more packets are needed. `is_last`: there won't be more. */
static int64_t pts_of_first(const AVFormatContext *input, const struct packets *waiting, bool is_last) {
  const AVPacket *first = packets_at(waiting, 0);
  int64_t last = first->dts;
  for (size_t i = 1; i < waiting->count; i++) {
    const AVPacket *packet = packets_at(waiting, i);
    if (packet->stream_index != first->stream_index || packet->dts == AV_NOPTS_VALUE) continue;
    if (is_jump(input->streams[first->stream_index], first, packet)) return av_sat_add64(last, first->duration);
    if (packet->dts > first->dts && packet->pts != packet->dts) return packet->dts;
    last = packet->dts;
  }
  return is_last ? av_sat_add64(last, first->duration) : AV_NOPTS_VALUE;
}

/* Sets the pts of the waiting picture with that dts; it is gone if its pts was predicted. */
static void set_pts(struct waiting *waiting, int stream, int64_t dts, int64_t pts) {
  for (size_t i = 0; i < waiting->packets.count; i++) {
    AVPacket *packet = packets_at(&waiting->packets, i);
    if (packet->stream_index != stream || packet->dts != dts || packet->pts != AV_NOPTS_VALUE) continue;
    packet->pts = FFMAX(pts, dts);
    return;
  }
}

static int reorder(struct session *session, struct waiting *waiting, const AVPacket *packet) {
  struct log_mark mark = log_mark(&session->channel.log); /* the demuxer reports damage itself */
  const AVStream *stream = session->input->context->streams[packet->stream_index];
  int64_t shown;
  int result = reorder_add(&waiting->reorders, stream, packet, &shown);
  if (result > 0) set_pts(waiting, stream->index, shown, packet->dts);
  log_rewind(&session->channel.log, mark);
  return result;
}

/* At the end: the remaining pictures of each stream are shown one after the other. */
static void reorder_last(struct waiting *waiting) {
  int64_t dts, pts;
  for (unsigned i = 0; i < waiting->reorders.count; i++)
    while (reorder_rest(&waiting->reorders, i, &dts, &pts)) set_pts(waiting, (int)i, dts, pts);
}

/* Whether so many packets wait that the next packet of the first one's stream is too far away, or never comes. */
static bool is_long(const struct waiting *waiting) {
  enum { PACKETS = 1000, BYTES = 8 * 1024 * 1024 };
  return waiting->packets.count >= PACKETS || waiting->bytes >= BYTES;
}

static int64_t find_pts(const AVFormatContext *input, const struct waiting *waiting, const AVPacket *first) {
  bool is_last = waiting->result || is_long(waiting);
  if (!can_reorder(input, first)) return pts_of_first(input, &waiting->packets, is_last);
  int64_t pts = is_last ? reorder_predict(&waiting->reorders, first) : AV_NOPTS_VALUE;
  return is_last ? FFMAX(pts, first->dts) : AV_NOPTS_VALUE;
}

/* Takes the first packet, if its pts is known. */
static bool take_first(const AVFormatContext *input, struct waiting *waiting, AVPacket *packet) {
  AVPacket *first = packets_first(&waiting->packets);
  if (!first) return false;
  if (lacks_pts(input, first)) first->pts = find_pts(input, waiting, first);
  if (lacks_pts(input, first)) return false;
  av_packet_move_ref(packet, first);
  packets_drop_first(&waiting->packets);
  waiting->bytes -= packet->size;
  return true;
}

static int put_off(struct session *session, struct waiting *waiting, AVPacket *packet) {
  const AVFormatContext *input = session->input->context;
  int result = av_packet_make_refcounted(packet); /* its data may be valid only until the next read */
  int size = packet->size;
  bool wants_order = lacks_pts(input, packet) && can_reorder(input, packet);
  AVPacket *last = result >= 0 ? packets_push(&waiting->packets, packet) : NULL;
  av_packet_unref(packet); /* if it was not moved */
  if (!last) return result < 0 ? result : AVERROR(ENOMEM);
  waiting->bytes += size;
  return wants_order ? reorder(session, waiting, last) : 0;
}

static int take_result(struct waiting *waiting) {
  int result = waiting->result;
  waiting->result = 0;
  return result;
}

int next_shown(struct session *session, AVPacket *packet, int (*read)(struct session *session, AVPacket *packet)) {
  for (;;) {
    struct waiting *waiting = &session->input->backlog.waiting;
    if (take_first(session->input->context, waiting, packet)) return 0;
    if (waiting->result) return take_result(waiting);
    int result = read(session, packet);
    bool is_empty = !waiting->packets.count;
    if (is_empty && (result < 0 || !lacks_pts(session->input->context, packet))) return result;
    if (result == AVERROR(EAGAIN)) return result;
    if (result >= 0) result = put_off(session, waiting, packet);
    if (result >= 0) continue;
    waiting->result = result;
    reorder_last(waiting);
  }
}
