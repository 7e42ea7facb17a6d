#include "clock.h"

#include <libavutil/mathematics.h>

#include "../avs.h"
#include "../compat.h"
#include "../log.h"

/* As ts_fixup() of fftools/ffmpeg_demux.c; times are in AV_TIME_BASE unless noted otherwise. */
enum {
  MAX_JUMP = 10 * AV_TIME_BASE, /* in formats with AVFMT_TS_DISCONT: -dts_delta_threshold */
  MAX_STEP_BACK = AV_TIME_BASE / 10,
  MAX_DISTANCE = 30 * AV_TIME_BASE, /* not in ffmpeg: of subtitles and data from audio and video */
};
#define MAX_ERROR (INT64_C(30) * 3600 * AV_TIME_BASE) /* in other formats: -dts_error_threshold */

void clock_forget(struct clock *clock) { *clock = (struct clock){.last = AV_NOPTS_VALUE}; }

void clock_begin(struct clock *clock, int64_t start) {
  if (clock->last == AV_NOPTS_VALUE) clock->last = start;
}

void stream_clock_forget(struct stream_clock *clock) {
  *clock = (struct stream_clock){.dts = AV_NOPTS_VALUE, .next_dts = AV_NOPTS_VALUE};
}

static int64_t in_clock(int64_t time, const AVStream *stream) {
  return av_rescale_q_rnd(time, stream->time_base, AV_TIME_BASE_Q, AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
}

static void add(AVPacket *packet, const AVStream *stream, int64_t offset) {
  int64_t units = av_rescale_q(offset, AV_TIME_BASE_Q, stream->time_base);
  if (packet->pts != AV_NOPTS_VALUE) packet->pts = av_sat_add64(packet->pts, units);
  if (packet->dts != AV_NOPTS_VALUE) packet->dts = av_sat_add64(packet->dts, units);
}

/* If a file begins shortly before a wrap of timestamps, libavformat gives it a start time below zero. */
static void unroll(struct stream_clock *own, const AVFormatContext *input, const AVStream *stream, AVPacket *packet) {
  int bits = stream->pts_wrap_bits;
  if (own->unrolled || input->start_time == AV_NOPTS_VALUE || bits < 1 || bits > 62) return;
  int64_t start = av_rescale_q(input->start_time, AV_TIME_BASE_Q, stream->time_base);
  int64_t max = av_sat_add64(start, INT64_C(1) << (bits - 1));
  own->unrolled = true;
  int64_t *times[] = {&packet->dts, &packet->pts};
  for (int i = 0; i < 2; i++) {
    if (*times[i] == AV_NOPTS_VALUE || *times[i] <= max) continue;
    *times[i] = av_sat_sub64(*times[i], INT64_C(1) << bits);
    own->unrolled = false;
  }
}

static int64_t negative(int64_t time) { return av_sat_sub64(0, time); }

static int64_t length(int64_t jump) { return jump < 0 ? negative(jump) : jump; }

/* The jump of a dts; below zero: backward; 0: none. */
static int64_t jump_of(const struct clock *clock, const struct stream_clock *own, int64_t dts) {
  if (own->next_dts == AV_NOPTS_VALUE) {
    int64_t jump = clock->last == AV_NOPTS_VALUE ? 0 : av_sat_sub64(dts, clock->last);
    return length(jump) > MAX_JUMP ? jump : 0;
  }
  int64_t jump = av_sat_sub64(dts, own->next_dts);
  return length(jump) > MAX_JUMP || av_sat_add64(dts, MAX_STEP_BACK) < own->dts ? jump : 0;
}

/* Drops a time that is too far from the expected one; returns the jump, 0: none. */
static int64_t drop_error(const struct stream_clock *own, const AVStream *stream, int64_t *time) {
  if (own->next_dts == AV_NOPTS_VALUE || *time == AV_NOPTS_VALUE) return 0;
  int64_t jump = av_sat_sub64(in_clock(*time, stream), own->next_dts);
  if (length(jump) <= MAX_ERROR) return 0;
  *time = AV_NOPTS_VALUE;
  return jump;
}

static void drop_errors(const struct stream_clock *own, const AVStream *stream, AVPacket *packet, struct log *log) {
  int64_t of_dts = drop_error(own, stream, &packet->dts), of_pts = drop_error(own, stream, &packet->pts);
  int64_t jump = of_dts ? of_dts : of_pts;
  if (jump)
    warn(log, AVS_WARNING_CORRECTED, stream->index, 1, "its times jump by more than 30 hours: the jump is removed",
         "stream %d: its times jump by %.3f seconds: the jump is removed", stream->index, (double)jump / AV_TIME_BASE);
}

static void correct_jump(struct clock *clock, const struct stream_clock *own, const AVFormatContext *input,
                         const AVStream *stream, AVPacket *packet, struct log *log) {
  int64_t dts = in_clock(packet->dts, stream);
  if (input->iformat->flags & AVFMT_TS_DISCONT) {
    int64_t jump = jump_of(clock, own, dts);
    clock->offset = av_sat_sub64(clock->offset, jump);
    add(packet, stream, negative(jump));
    if (jump && own->next_dts != AV_NOPTS_VALUE)
      warn(log, AVS_WARNING_CORRECTED, stream->index, 1, "its times jump: the jump is removed",
           "stream %d: its times jump by %.3f seconds: the jump is removed", stream->index, (double)jump / AV_TIME_BASE);
  } else {
    drop_errors(own, stream, packet, log);
  }
  if (packet->dts != AV_NOPTS_VALUE) clock->last = in_clock(packet->dts, stream);
}

/*
 * Subtitles and data have few packets, whose times can't be compared with the previous one. If the time of a packet is far from
 * those of audio and video around it, it is damaged, or the packet comes before their jump. It gets the time of audio and video.
 */
static void correct_distance(const struct clock *clock, const AVFormatContext *input, const AVStream *stream, AVPacket *packet,
                             struct log *log) {
  int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
  if (time == AV_NOPTS_VALUE || clock->last == AV_NOPTS_VALUE || !(input->iformat->flags & AVFMT_TS_DISCONT)) return;
  int64_t distance = av_sat_sub64(clock->last, in_clock(time, stream));
  if (length(distance) <= MAX_DISTANCE) return;
  add(packet, stream, distance);
  log_line(log, AV_LOG_WARNING, "stream %d: the time of a packet is %.3f seconds away from those around it: it gets their time",
           stream->index, (double)length(distance) / AV_TIME_BASE);
}

/* The dts of the first packet: its pts minus the delay of reordering. */
static int64_t first_dts(const AVStream *stream, const AVPacket *packet) {
  AVRational rate = stream->avg_frame_rate;
  int64_t lead = rate.num > 0 && rate.den > 0
                     ? av_rescale(stream->codecpar->video_delay, (int64_t)AV_TIME_BASE * rate.den, rate.num)
                     : 0;
  return packet->pts == AV_NOPTS_VALUE ? -lead : av_sat_sub64(in_clock(packet->pts, stream), lead);
}

static int64_t length_of(AVStream *stream, const AVPacket *packet) {
  const AVCodecParameters *parameters = stream->codecpar;
  AVRational rate = *codec_frame_rate(stream);
  if (parameters->codec_type == AVMEDIA_TYPE_AUDIO && parameters->sample_rate > 0)
    return av_rescale(AV_TIME_BASE, FFMAX(parameters->frame_size, 0), parameters->sample_rate);
  if (parameters->codec_type != AVMEDIA_TYPE_AUDIO && parameters->codec_type != AVMEDIA_TYPE_VIDEO) return 0;
  if (packet->duration > 0) return in_clock(packet->duration, stream);
  bool known = parameters->codec_type == AVMEDIA_TYPE_VIDEO && rate.num > 0 && rate.den > 0;
  return known ? av_rescale_q(1, av_inv_q(rate), AV_TIME_BASE_Q) : 0;
}

static void go_on(struct stream_clock *own, AVStream *stream, const AVPacket *packet) {
  if (!own->begun) own->dts = first_dts(stream, packet);
  own->begun = true;
  if (own->next_dts == AV_NOPTS_VALUE) own->next_dts = own->dts;
  if (packet->dts != AV_NOPTS_VALUE) own->next_dts = in_clock(packet->dts, stream);
  own->dts = own->next_dts;
  own->next_dts = av_sat_add64(own->next_dts, length_of(stream, packet));
}

void clock_correct(struct clock *clock, struct stream_clock *own, const AVFormatContext *input, AVPacket *packet,
                   struct log *log) {
  AVStream *stream = input->streams[packet->stream_index];
  enum AVMediaType type = stream->codecpar->codec_type;
  unroll(own, input, stream, packet);
  add(packet, stream, clock->offset);
  bool is_media = type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO;
  if (!is_media) correct_distance(clock, input, stream, packet, log);
  else if (packet->dts != AV_NOPTS_VALUE) correct_jump(clock, own, input, stream, packet, log);
  go_on(own, stream, packet);
}
