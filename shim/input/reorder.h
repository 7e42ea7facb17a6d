/* floor 4 */
/*
 * reorder.h - presentation times of H.264 and HEVC in AVI, which has decoding times only. Pictures are sorted by their picture
 * order counts; each is presented `video_delay` pictures after the one with the same number was decoded. If the next picture is
 * far away, or there is none, the time at which it is decoded is predicted. For each stream separately.
 */
#ifndef AVS_INPUT_REORDER_H
#define AVS_INPUT_REORDER_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

/* A picture whose turn has not come yet. */
struct picture {
  int64_t sequence, dts;
  int order; /* picture order count */
};

enum { MAX_REORDERED = 16 };

/* The state of one stream. */
struct reorder {
  AVCodecParserContext *parser; /* NULL: no packet was added yet */
  AVCodecContext *codec;
  int delay, max_order;
  bool is_anchored; /* a picture has come on which the order counts of the following ones are based */
  int64_t sequence; /* number of picture order count resets so far */
  struct picture pictures[MAX_REORDERED + 1];
  int count;
  struct picture shown;    /* the last one whose turn has come */
  bool has_shown;
  int64_t last_dts, step;  /* of the last picture; ticks from one picture to the next */
  int64_t unit, compared;  /* what the order count grows by from one picture to the next; number of pictures that are known from */
};

/* The states of all streams, by stream index. */
struct reorders {
  struct reorder **list;
  unsigned count;
};

/* Whether the pts of a packet without one can be found this way. */
bool can_reorder(const AVFormatContext *input, const AVPacket *packet);
/*
 * Adds a packet for which can_reorder() is true. Returns 1 if a picture is presented when this one is decoded (`shown`: its dts),
 * 0 if none is; AVERROR(ENOMEM).
 */
int reorder_add(struct reorders *reorders, const AVStream *stream, const AVPacket *packet, int64_t *shown);
/* The predicted pts of an added picture, whose turn will come all the same; AV_NOPTS_VALUE: it is not known. */
int64_t reorder_predict(const struct reorders *reorders, const AVPacket *packet);
/* At the end: the dts and pts of the next picture of a stream that remains; false if there is none. */
bool reorder_rest(struct reorders *reorders, unsigned stream, int64_t *shown, int64_t *pts);
/* Before packets from another position. */
void reorders_clear(struct reorders *reorders);

#endif
