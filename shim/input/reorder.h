/* floor 4 */
/*
 * reorder.h - presentation times of H.264 and HEVC in AVI, which has decoding times only. Pictures are sorted by their picture
 * order counts; each is presented `video_delay` pictures after the one with the same number was decoded. For one stream.
 */
#ifndef AVS_INPUT_REORDER_H
#define AVS_INPUT_REORDER_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

/* A picture whose presentation time is not known yet. */
struct picture {
  int64_t sequence, dts;
  int order; /* picture order count */
};

enum { MAX_REORDERED = 16 };

struct reorder {
  AVCodecParserContext *parser; /* NULL: no packet was added yet */
  AVCodecContext *codec;
  int stream, delay, max_order;
  int64_t sequence; /* number of picture order count resets so far */
  struct picture pictures[MAX_REORDERED + 1];
  int count;
};

/* Whether the pts of a packet without one can be found this way. */
bool can_reorder(const struct reorder *reorder, const AVFormatContext *input, const AVPacket *packet);
/* Adds a packet for which can_reorder() is true. Returns whether a picture is presented when this one is decoded; `shown`: its dts. */
bool reorder_add(struct reorder *reorder, const AVStream *stream, const AVPacket *packet, int64_t *shown);
/* At the end: the dts of the next picture that remains; false if there is none. */
bool reorder_rest(struct reorder *reorder, int64_t *shown);
/* Before packets from another position. */
void reorder_clear(struct reorder *reorder);

#endif
