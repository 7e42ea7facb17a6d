/* floor 4 */
/*
 * times.h - timestamps of packets on their way from an input to an output, mended the way stream copy needs it.
 */
#ifndef AVS_REMUX_TIMES_H
#define AVS_REMUX_TIMES_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* A cover: one picture, without a time. */
bool is_picture(const AVStream *stream);
bool is_sound_or_motion(const AVStream *stream);
/* What a packet's time is, in AV_TIME_BASE: decoding order is what cutting goes by. */
int64_t packet_time(const AVPacket *packet, AVRational time_base);
/* Seconds; if the container has none, that of a frame of video. */
double packet_duration(const AVStream *stream, const AVPacket *packet);
/* Of an input's stream. */
struct missing {
  int64_t next_dts; /* what dts a packet without one gets; AV_NOPTS_VALUE: not known */
  bool had_pts;     /* some packet */
};

/*
 * Gives the packet both times; with `may_lack_pts` none that is made up to a frame of a stream with B-frames, except where
 * no packet before had one.
 */
void mend_missing_times(const AVStream *stream, struct missing *missing, bool may_lack_pts, AVPacket *packet);

#endif
