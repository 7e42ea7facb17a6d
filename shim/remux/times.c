#include "times.h"

#include "../streams.h"

int64_t packet_time(const AVPacket *packet, AVRational time_base) {
  int64_t timestamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  return timestamp == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : av_rescale_q(timestamp, time_base, AV_TIME_BASE_Q);
}

/* The delay between dts and pts of the first frame of video, in AV_TIME_BASE: the duration of video_delay frames. */
static int64_t decoding_lead(const AVStream *stream, const AVPacket *packet) {
  int frames = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? stream->codecpar->video_delay : 0;
  AVRational rate = stream->avg_frame_rate;
  if (frames <= 0) return 0;
  if (rate.num > 0 && rate.den > 0) return av_rescale_q(frames, av_inv_q(rate), AV_TIME_BASE_Q);
  int64_t duration = packet->duration > 0 && packet->duration < INT32_MAX ? packet->duration : 0;
  return av_rescale_q(frames * duration, stream->time_base, AV_TIME_BASE_Q);
}

/* The first dts of a stream with B-frames. Milliseconds are too coarse for it: what is rounded off is kept. */
static void set_first_dts(const AVStream *stream, struct missing *missing, AVPacket *packet) {
  int64_t lead = decoding_lead(stream, packet);
  int64_t units = av_rescale_q(lead, AV_TIME_BASE_Q, stream->time_base);
  missing->rest = lead - av_rescale_q(units, stream->time_base, AV_TIME_BASE_Q);
  bool is_later = missing->earliest != AV_NOPTS_VALUE && missing->earliest < packet->pts;
  packet->dts = av_sat_sub64(is_later ? missing->earliest : packet->pts, units);
}

/*
 * If a demuxer leaves dts out, they continue from the previous packet. Matroska does not store them, and the first ones of a
 * stream with B-frames can't be derived from pts; raw streams have no times.
 */
void mend_missing_times(const AVStream *stream, struct missing *missing, bool may_lack_pts, AVPacket *packet) {
  int64_t *next_dts = &missing->next_dts;
  missing->had_pts |= packet->pts != AV_NOPTS_VALUE;
  if (packet->dts != AV_NOPTS_VALUE) missing->rest = 0;
  if (packet->dts == AV_NOPTS_VALUE && packet->pts != AV_NOPTS_VALUE && *next_dts == AV_NOPTS_VALUE)
    set_first_dts(stream, missing, packet);
  if (packet->dts == AV_NOPTS_VALUE && *next_dts != AV_NOPTS_VALUE && (packet->pts == AV_NOPTS_VALUE || *next_dts <= packet->pts))
    packet->dts = *next_dts;
  if (packet->dts == AV_NOPTS_VALUE) {
    packet->dts = packet->pts != AV_NOPTS_VALUE ? packet->pts : 0;
    missing->rest = 0;
  }
  bool is_reordered = stream->codecpar->video_delay > 0;
  if (packet->pts == AV_NOPTS_VALUE && !(may_lack_pts && missing->had_pts && is_reordered)) packet->pts = packet->dts;
  *next_dts = av_sat_add64(packet->dts, packet->duration > 0 ? packet->duration : 1);
}

double packet_duration(const AVStream *stream, const AVPacket *packet) {
  AVRational rate = stream->avg_frame_rate;
  if (packet->duration > 0) return (double)packet->duration * av_q2d(stream->time_base);
  bool known = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && rate.num > 0 && rate.den > 0;
  return known ? av_q2d(av_inv_q(rate)) : 0;
}
