#include "gaps.h"

#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/intreadwrite.h>

#include "../headers/flac_frame.h"
#include "input.h"

/* Old files whose frames are not all of one length count samples without saying so. */
static bool has_one_length(const AVCodecParameters *parameters) {
  const uint8_t *info = parameters->extradata;
  return parameters->extradata_size >= 4 && AV_RB16(info) == AV_RB16(info + 2);
}

/* A frame of FLAC says its number, or that of its first sample. Its length is its own: a container's rate may be another one. */
static int64_t samples_of_flac(const struct input *input, const AVPacket *packet, bool *is_placed) {
  struct flac_frame frame;
  if (!read_flac_frame(&frame, packet->data, packet->size)) return 0;
  bool has_number = frame.samples == input->gaps.samples && has_one_length(input->context->streams[0]->codecpar);
  *is_placed = frame.counts_samples || has_number; /* FFmpeg multiplies the number by the length of this frame */
  return frame.samples;
}

/* The samples of a packet that says where it belongs; 0: it doesn't, or it is no packet but what is between two. */
static int64_t samples_of(const struct input *input, const AVPacket *packet, bool *is_placed) {
  const char *name = input->context->iformat->name;
  *is_placed = true;
  if (packet->pts == AV_NOPTS_VALUE || packet->duration <= 0) return 0;
  if (!strcmp(name, "flac")) return samples_of_flac(input, packet, is_placed);
  return !strcmp(name, "wv") ? packet->duration : 0;
}

void note_gap(struct session *session, const AVPacket *packet) {
  struct input *input = session->input;
  struct gaps *gaps = &input->gaps;
  if (packet->stream_index) return;
  bool is_first = !input->places.count || !input->places.list[0].given, is_placed;
  if (is_first) *gaps = (struct gaps){0};
  int64_t samples = samples_of(input, packet, &is_placed);
  if (!samples) return;
  int64_t missing = gaps->has_end && is_placed ? av_sat_sub64(packet->pts, gaps->end) : 0;
  gaps->end = av_sat_add64(packet->pts, samples);
  gaps->samples = samples;
  gaps->has_end = true;
  if (missing <= 0) return;
  gaps->missing = av_sat_add64(gaps->missing, missing);
  AVRational unit = input->context->streams[0]->time_base;
  warn(&session->channel.log, AVS_WARNING_DAMAGED, 0, 1, "sound is missing between two packets",
       "stream 0: %.3f seconds before %.3f are missing", (double)missing * av_q2d(unit), (double)packet->pts * av_q2d(unit));
}
