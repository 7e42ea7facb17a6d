/* floor 4 */
/*
 * segments.h - the muxers inside hls and dash, which determine what a segment can hold and needs.
 */
#ifndef AVS_OUTPUT_SEGMENTS_H
#define AVS_OUTPUT_SEGMENTS_H

#include <libavformat/avformat.h>

#include "../session.h"

/* The format of the segments for a stream with these parameters; the output's own format if it has no segments. */
const AVOutputFormat *segment_format(const struct session *session, const AVCodecParameters *parameters);
/*
 * The format of the files that `segment` and its kin write, as these choose it; the output's own format if it is another one.
 * The faults of a muxer are there, too, when it is inside of them. Before the header.
 */
const AVOutputFormat *file_format(const struct session *session);

#endif
