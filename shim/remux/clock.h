/* floor 4 */
/*
 * clock.h - makes the times of an input continuous if its timestamps jump or wrap, as the ffmpeg command does: packets after
 * a jump continue where the previous ones have ended.
 */
#ifndef AVS_REMUX_CLOCK_H
#define AVS_REMUX_CLOCK_H

#include <stdbool.h>

#include <libavformat/avformat.h>

struct log;

/* The state of an input. Times are in AV_TIME_BASE; AV_NOPTS_VALUE: not known yet. */
struct clock {
  int64_t offset; /* added to times, because of the jumps so far */
  int64_t last;   /* dts of the last packet, or where the input begins */
};

/* The state of one stream. */
struct stream_clock {
  int64_t dts, next_dts; /* of the last packet, and expected of the next one */
  bool begun;
  bool unrolled; /* its times have passed the wrap, or there is none */
};

void clock_forget(struct clock *clock);
/*
 * An input that is read from its beginning: if its first packet is far from the start of the stream that begins first, it is of
 * another clock than that (MPEG-TS with several programs). Without effect after the first packet.
 */
void clock_begin(struct clock *clock, int64_t start);
void stream_clock_forget(struct stream_clock *clock);
/* Corrects the times of a packet of `input`; `log` gets a warning for each jump. */
void clock_correct(struct clock *clock, struct stream_clock *own, const AVFormatContext *input, AVPacket *packet,
                   struct log *log);

#endif
