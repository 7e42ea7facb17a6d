/* floor 4 */
/*
 * segments.h - the muxers that hls and dash have inside of them: they decide what a segment can hold and needs.
 */
#ifndef AVS_OUTPUT_SEGMENTS_H
#define AVS_OUTPUT_SEGMENTS_H

#include <libavformat/avformat.h>

#include "../session.h"

/* The format of the segments that a stream with these parameters goes to; the output's own, where it has no segments. */
const AVOutputFormat *segment_format(const struct session *session, const AVCodecParameters *parameters);

#endif
