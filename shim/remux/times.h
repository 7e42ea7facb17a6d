/* floor 4 */
/*
 * times.h - fills in missing timestamps of packets between an input and an output, as stream copy needs them.
 */
#ifndef AVS_REMUX_TIMES_H
#define AVS_REMUX_TIMES_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* The time of a packet in AV_TIME_BASE, by which ranges are cut. */
int64_t packet_time(const AVPacket *packet, AVRational time_base);
/* In seconds; if the packet has no duration, that of a frame of video. */
double packet_duration(const AVStream *stream, const AVPacket *packet);
/* The state of an input's stream. */
struct missing {
  int64_t next_dts; /* the dts for a packet without one; AV_NOPTS_VALUE: unknown */
  int64_t rest;     /* in AV_TIME_BASE: how much earlier than dts it is, if dts is derived from the first one */
  bool had_pts;     /* at least one packet had a pts */
  int64_t earliest; /* the pts of the first picture that is shown, which may come after a key frame; AV_NOPTS_VALUE: unknown */
};

/*
 * Sets the missing times of the packet. With `may_lack_pts`, frames of a stream with B-frames get no invented pts, unless no
 * packet before had one.
 */
void mend_missing_times(const AVStream *stream, struct missing *missing, bool may_lack_pts, AVPacket *packet);

#endif
