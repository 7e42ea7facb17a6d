/* floor 4 */
/*
 * ended.h - the dash demuxer sets AVDISCARD_ALL on streams that have ended, like on those that the program discards. These
 * functions distinguish the two: the last packets of ended streams are delivered, and a seek makes the streams active again.
 */
#ifndef AVS_INPUT_ENDED_H
#define AVS_INPUT_ENDED_H

#include <stdbool.h>

#include <libavformat/avformat.h>

struct seek;

/* A bit for each of the first 64 streams; later ones are not tracked. */
struct ended {
  uint64_t streams;
  bool is_tracked; /* the demuxer is one that does so */
};

/* To be called when the input is open. */
void ended_begin(struct ended *ended, const AVFormatContext *context);

/* av_read_frame(), noting which streams have ended. */
int read_noting_ends(AVFormatContext *context, struct ended *ended, AVPacket *packet);
/* avformat_seek_file() with all ended streams active; it may read to the end without finding anything. */
int seek_wanting_all(AVFormatContext *context, struct ended *ended, const struct seek *seek);
bool has_ended(const struct ended *ended, int stream);
/* The program discards the stream. */
void forget_end(struct ended *ended, int stream);
bool is_stream_wanted(const AVFormatContext *context, const struct ended *ended, int stream);
/* Makes ended streams active again, for a seek. */
void want_ended(AVFormatContext *context, struct ended *ended);

#endif
