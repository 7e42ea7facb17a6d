/* floor 4 */
/*
 * carries.h - which codecs come out of a format as they went in, where libavformat's own result (avformat_query_codec()) is
 * another one: muxers that take more than their list says, and muxers that take what no demuxer finds again.
 */
#ifndef AVS_REMUX_CARRIES_H
#define AVS_REMUX_CARRIES_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* Does it carry the codec by a code of another container's, which is not in its list? */
bool carries_more(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Does it write the stream so that its packets, or what it is, are not found again? */
bool loses(const AVOutputFormat *format, const AVCodecParameters *parameters);
/* Has it a place for a cover that is such a picture? Below zero: it has none of its own, a cover is a stream like others. */
int carries_cover(const AVOutputFormat *format, enum AVCodecID picture);

#endif
