#include "order.h"

#include <math.h>
#include <stdbool.h>

#include <libavcodec/avcodec.h>
#include <libavutil/mathematics.h>

#include "../avs.h"
#include "../log.h"

/* As mux_fixup_ts() of fftools/ffmpeg_mux.c. */

void order_forget(struct order *order) {
  *order = (struct order){.last_dts = AV_NOPTS_VALUE, .next_sample = AV_NOPTS_VALUE};
}

/* av_rescale_delta() adds to samples, and doubles its arguments, without checks for overflows. */
static bool can_count_samples(const AVCodecParameters *parameters, AVRational from, int64_t time) {
  const double max = (double)(INT64_C(1) << 60);
  double seconds = (double)time * av_q2d(from);
  return parameters->codec_type == AVMEDIA_TYPE_AUDIO && parameters->sample_rate > 0 && fabs((double)time) < max &&
         fabs(seconds * parameters->sample_rate) < max;
}

/* Milliseconds are too coarse for audio: packets continue, to the sample, where the previous one has ended. */
static void rescale(struct order *order, const AVStream *stream, AVRational from, AVPacket *packet) {
  const AVCodecParameters *parameters = stream->codecpar;
  if (!can_count_samples(parameters, from, packet->dts)) {
    av_packet_rescale_ts(packet, from, stream->time_base);
    int64_t dts = av_sat_sub64(packet->dts, av_rescale_q(order->rest, AV_TIME_BASE_Q, stream->time_base));
    if (packet->pts == AV_NOPTS_VALUE || dts <= packet->pts) packet->dts = dts;
    order->next_sample = AV_NOPTS_VALUE;
    return;
  }
  int length = av_get_audio_frame_duration2((AVCodecParameters *)parameters, packet->size);
  if (length <= 0) length = parameters->frame_size > 0 ? parameters->frame_size : 0;
  AVRational samples = {1, parameters->sample_rate};
  packet->pts = packet->dts =
      av_rescale_delta(from, packet->dts, samples, length, &order->next_sample, stream->time_base);
  packet->duration = av_rescale_q(packet->duration, from, stream->time_base);
}

static int64_t middle_of(int64_t a, int64_t b, int64_t c) { return FFMAX(FFMIN(a, b), FFMIN(FFMAX(a, b), c)); }

static void mend_dts_after_pts(const struct order *order, AVPacket *packet, struct log *log) {
  if (packet->pts == AV_NOPTS_VALUE || packet->dts <= packet->pts) return;
  int64_t next = order->last_dts == AV_NOPTS_VALUE ? INT64_MIN : av_sat_add64(order->last_dts, 1);
  int64_t time = middle_of(packet->pts, packet->dts, next);
  warn(log, AVS_WARNING_CORRECTED, order->stream, 1, "packets have a dts after their pts: their times are changed",
       "stream %d: dts %lld is after pts %lld: both set to %lld", order->stream, (long long)packet->dts, (long long)packet->pts, (long long)time);
  packet->pts = packet->dts = time;
}

/* Muxers refuse a dts that does not increase; it may result from rounding to a coarser time base, or from a damaged file. */
static void mend_order(const struct order *order, const AVOutputFormat *format, enum AVMediaType type, AVPacket *packet,
                       struct log *log) {
  if (order->last_dts == AV_NOPTS_VALUE) return;
  bool may_stay = format->flags & AVFMT_TS_NONSTRICT || type == AVMEDIA_TYPE_DATA;
  int64_t min = av_sat_add64(order->last_dts, !may_stay);
  if (packet->dts >= min) return;
  bool is_rounding = av_sat_sub64(min, packet->dts) <= 2 && type != AVMEDIA_TYPE_VIDEO;
  if (is_rounding)
    log_line(log, AV_LOG_VERBOSE, "stream %d: dts %lld after %lld set to %lld", order->stream, (long long)packet->dts,
             (long long)order->last_dts, (long long)min);
  else
    warn(log, AVS_WARNING_CORRECTED, order->stream, 1, "its times do not increase: they are changed", "stream %d: dts %lld after %lld set to %lld",
         order->stream, (long long)packet->dts, (long long)order->last_dts, (long long)min);
  if (packet->pts >= packet->dts && packet->pts < min) packet->pts = min;
  packet->dts = min;
}

void order_packet(struct order *order, const AVOutputFormat *format, const AVStream *stream, AVRational from,
                  AVPacket *packet, struct log *log) {
  rescale(order, stream, from, packet);
  if (!(format->flags & AVFMT_NOTIMESTAMPS)) {
    mend_dts_after_pts(order, packet, log);
    mend_order(order, format, stream->codecpar->codec_type, packet, log);
  }
  order->last_dts = packet->dts;
}
