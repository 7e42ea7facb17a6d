/* floor 4 */
/*
 * cues.h - subtitles at the ends of what is kept. A packet of them lasts as long as it is shown, also beyond the packets around it.
 */
#ifndef AVS_REMUX_CUES_H
#define AVS_REMUX_CUES_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* Whether packets are texts without times of their own: any part of their duration can be kept. */
bool has_cues(const AVStream *stream);
/* Cuts off what is shown outside of the range, in AV_TIME_BASE; AV_NOPTS_VALUE: no limit. */
void keep_shown(const AVStream *stream, int64_t begin, int64_t end, AVPacket *packet);

/* What the text of a mp4 does before the output begins. */
enum before {
  SHOWN,   /* it goes on */
  PAUSES,  /* it is nothing but a pause, or one without a duration, which would end the last subtitle of another piece */
  HAS_ENDED
};
/*
 * What is shown of it before the output begins is cut off: readers of mp4 (FFmpeg's, 5.1 to 9.0) show subtitles behind an edit that
 * begins within one too early, and its muxer lets the last one stay for longer by as much as the first begins before 0.
 */
enum before cut_before(const AVStream *subtitles, AVPacket *packet);

#endif
