/* floor 4 */
/*
 * header.h - the header of an output, and the checks and corrections before a muxer writes it.
 */
#ifndef AVS_OUTPUT_HEADER_H
#define AVS_OUTPUT_HEADER_H

#include <libavformat/avformat.h>

#include "../session.h"

struct output;

/* Whether the codec is of another media type than the stream. */
bool is_misnamed(const AVCodecParameters *parameters);
/* A file may claim any number of channels. */
enum { MAX_CHANNELS = 1024 };
/* Whether it is audio without channels, or with more than MAX_CHANNELS. */
bool lacks_channels(const AVCodecParameters *parameters);
/* Whether the muxer fails an assertion, as the stream has no extradata. */
bool lacks_header(const AVOutputFormat *output, const AVCodecParameters *parameters);
/* Refuses streams that lack what the muxer uses unchecked, which may end the process: for each context before its header. */
/* `files`: the format of the files that it writes. */
int check_streams(struct session *session, const AVFormatContext *output, const AVOutputFormat *files);
/* Logs the reason of a muxer's AVERROR_INVALIDDATA if that has logged none: a stream that lacks extradata. */
void explain_invalid(struct session *session);
/* A stream that has no packet although the muxer describes its codec by one, so that nothing reads the output; -1: none. */
int undescribed_stream(const struct output *output);
operation output_op_header;

#endif
