/* floor 4 */
/*
 * carries.h - corrections of avformat_query_codec(): codecs that a muxer takes although they are not in its list, and codecs that
 * it takes although no demuxer can read them back.
 */
#ifndef AVS_REMUX_CARRIES_H
#define AVS_REMUX_CARRIES_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* Whether it takes a codec that is not in its list, by the tag of another container. */
bool carries_more(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Whether the stream, as it writes it, can't be read back. */
bool loses(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Whether it has a place for a cover with this picture codec. Below zero: a cover is a stream like any other. */
int carries_cover(const AVOutputFormat *format, enum AVCodecID picture);

#endif
