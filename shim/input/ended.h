/* floor 4 */
/*
 * ended.h - dash discards the streams that have come to their end, as if nobody wanted them: their last packets do count,
 * and a search wants all of them again.
 */
#ifndef AVS_INPUT_ENDED_H
#define AVS_INPUT_ENDED_H

#include <stdbool.h>

#include <libavformat/avformat.h>

struct seek;

/* Streams, the first 64: a manifest with more has no more of them at a time. */
struct ended {
  uint64_t streams;
};

/* av_read_frame(). */
int read_noting_ends(AVFormatContext *context, struct ended *ended, AVPacket *packet);
/* avformat_seek_file(), which may read to the end to find nothing. */
int seek_wanting_all(AVFormatContext *context, struct ended *ended, const struct seek *seek);
bool has_ended(const struct ended *ended, int stream);
/* Nobody wants it. */
void forget_end(struct ended *ended, int stream);
bool is_stream_wanted(const AVFormatContext *context, const struct ended *ended, int stream);
/* Before a search. */
void want_ended(AVFormatContext *context, struct ended *ended);

#endif
