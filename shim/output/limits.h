/* floor 4 */
/*
 * limits.h - values of streams and options with which FFmpeg's muxers divide by 0, overflow an int, read beyond packets or write
 * without end: they are refused, or replaced where the file does not hold them.
 */
#ifndef AVS_OUTPUT_LIMITS_H
#define AVS_OUTPUT_LIMITS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "../session.h"

/* What of the stream is beyond the limits of the format ("needs its frame rate"); NULL: nothing. */
const char *beyond_limits(const AVOutputFormat *files, const AVStream *stream);
/* Replaces what the format does not write. */
void keep_limits(const AVFormatContext *output, const AVOutputFormat *files);
/* After avformat_init_output: the options with which `segment` and `dash` can't be used. */
int check_segments(struct session *session);

/* Refuses subtitles in hls that its muxer has no place for; before it is initialized. */
int check_hls(struct session *session);
/* What the packet lacks for the format ("a whole VP8X chunk"); NULL: nothing. */
const char *lacking_in_packet(const AVOutputFormat *files, const AVStream *stream, const AVPacket *packet);

/*
 * mp4 states how long each sample lasts, in 31 bits of ticks: the system's muxer moves a packet that comes later to the tick after
 * the one before it, and all that follow with it (5.1 to 9.0). The embedded one returns the error itself, as it knows where a
 * fragment begins anew.
 */
int check_gap(struct session *session, const AVStream *stream, int64_t last, int64_t dts);

#endif
