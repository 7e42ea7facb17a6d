/* floor 4 */
/*
 * seek.h - seeking in an input, and the way back where that fails: libavformat drops what it has read before it looks
 * whether it can seek. So the last packet of each stream that was given out is remembered. After a seek that failed the
 * input is sought to a place before these, and packets that come again are passed over.
 */
#ifndef AVS_INPUT_SEEK_H
#define AVS_INPUT_SEEK_H

#include <libavformat/avformat.h>

#include "../session.h"

/* How far a stream has been given out, for whoever must get back there. Times are its own. */
struct place {
  bool given, passed;       /* there was a packet; going back has come to what was not given out yet */
  int64_t first, time, end; /* dts, else pts: of the first packet and the last; where that one ends */
  int64_t pos;              /* byte of the last one */
};

/* A seek as avformat_seek_file() takes it; by bytes, `target` alone counts. */
struct seek {
  int stream, flags;
  int64_t min, target, max;
};

struct places {
  struct place *list;
  unsigned count;
  struct seek origin; /* where reading began: a seek back to it brings again what was given out, from the first packet on */
  bool has_origin;    /* else it is the beginning */
  bool going_back;    /* packets that were given out already are passed over */
  bool from_origin;   /* from where reading began */
  int anchor;         /* the last packet of this stream must come again. -1: none must */
  bool lost;          /* the way back was not found */
};

/* What was given out so far is of no meaning any more: reading begins at another place (NULL: the beginning). */
void places_forget(struct places *places, const struct seek *origin);
void places_free(struct places *places);
/* For who reads: the packet is given out now. */
void note_given(struct places *places, const AVPacket *packet);
/* After a seek that failed: the packet was given out before. It is dropped. */
bool is_passed_over(struct session *session, AVPacket *packet);
/* At the end of the input, on the way back: where what was to come has not come, another way is tried, and true. */
bool is_anchor_missing(struct session *session);
/* A cover that was never given out, and that libavformat has dropped. */
bool has_lost_picture(struct session *session, AVPacket *packet);

/* To a key frame at or before a time, AV_TIME_BASE. */
struct seek seek_back_to(int64_t time);
/* avformat_seek_file(), mended. */
int input_seek(AVFormatContext *context, const struct seek *seek);
/* By time, else by the index of the stream, else by bytes: some formats find no time before their first, some none at all. */
int seek_to_beginning(AVFormatContext *input, int stream);
operation input_op_seek;

#endif
