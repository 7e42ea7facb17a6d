/* floor 4 */
/*
 * clock.h - one line of time for an input whose timestamps jump or roll over, as the ffmpeg command makes it: what is read
 * after a jump goes on where what came before has ended.
 */
#ifndef AVS_REMUX_CLOCK_H
#define AVS_REMUX_CLOCK_H

#include <stdbool.h>

#include <libavformat/avformat.h>

struct log;

/* Of an input. Times are in AV_TIME_BASE, AV_NOPTS_VALUE where not known yet. */
struct clock {
  int64_t offset; /* what jumps so far have added to times */
  int64_t last;   /* dts of the last packet */
};

/* Of one of its streams. */
struct stream_clock {
  int64_t dts, next_dts; /* of its last packet, and of the one that is due */
  bool begun;
  bool unrolled; /* its times are past the roll-over by now, or there is none */
};

void clock_forget(struct clock *clock);
void stream_clock_forget(struct stream_clock *clock);
/* Changes the times of a packet where they jump. `input` is where it was read; `log` gets a warning for each jump. */
void clock_correct(struct clock *clock, struct stream_clock *own, const AVFormatContext *input, AVPacket *packet,
                   struct log *log);

#endif
