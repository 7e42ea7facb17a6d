#include "frames.h"

#include <libavutil/mathematics.h>

#include "../avs.h"
#include "quirks.h"

/* The length of a frame of AMR-NB, by the mode in its first byte; 0: there is no such mode. */
static int amr_length(uint8_t first) {
  static const uint8_t lengths[16] = {13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1};
  return lengths[first >> 3 & 15];
}

/* Phones write a second of AMR as one packet of 3gp; mov's muxer takes a frame, and ends with an error at more. */
int frames_to_part(const AVOutputFormat *format, const AVCodecParameters *parameters, const AVPacket *packet, struct log *log) {
  if (parameters->codec_id != AV_CODEC_ID_AMR_NB || !has_quirk(format, MP4) || !packet->size) return -1;
  int count = 0, at = 0;
  for (int length; at < packet->size && (length = amr_length(packet->data[at])) && length <= packet->size - at; at += length) count++;
  if (at < packet->size)
    warn(log, AVS_WARNING_DROPPED, packet->stream_index, 1, "the end of a packet is left out: it is not a frame of AMR",
         "stream %d: %d of %d bytes of a packet are not a frame of AMR", packet->stream_index, packet->size - at, packet->size);
  return count == 1 && at == packet->size ? -1 : count;
}

static int64_t later(int64_t time, int64_t units) { return time == AV_NOPTS_VALUE ? time : av_sat_add64(time, units); }

/* The packet's frame with this index, which begins at the byte `at`; moves `at` to the next one. */
static int frame_of(AVPacket *packet, AVRational time_base, int index, int *at, AVPacket *part) {
  int result = av_packet_ref(part, packet);
  if (result < 0) return result;
  av_packet_free_side_data(packet); /* otherwise it would be copied for each frame */
  const AVRational frames = {1, 50}; /* of 20 ms */
  int64_t begin = av_rescale_q(index, frames, time_base), end = av_rescale_q(index + 1, frames, time_base);
  part->data += *at;
  part->size = amr_length(*part->data);
  *at += part->size;
  part->pts = later(packet->pts, begin);
  part->dts = later(packet->dts, begin);
  part->duration = end - begin;
  return 0;
}

int part_frames(struct session *session, AVPacket *packet, int count, AVRational time_base, take_frame take, void *taker) {
  AVPacket *part = av_packet_alloc();
  int result = part ? 0 : AVERROR(ENOMEM), at = 0;
  for (int i = 0; i < count && result >= 0; i++) {
    result = over_error(&session->channel);
    if (result >= 0) result = frame_of(packet, time_base, i, &at, part);
    if (result >= 0) result = take(session, taker, part);
    av_packet_unref(part);
  }
  av_packet_free(&part);
  return result;
}
