/* floor 4 */
/*
 * places.h - how far an input has been given out: libavformat drops what it has read before it looks whether it can seek, so
 * that after a seek that failed what was given out is read again, and passed over.
 */
#ifndef AVS_INPUT_PLACES_H
#define AVS_INPUT_PLACES_H

#include <libavformat/avformat.h>

#include "../session.h"

/* A seek as avformat_seek_file() takes it; by bytes, `target` alone counts. */
struct seek {
  int stream, flags;
  int64_t min, target, max;
};

/* The last packet of a stream that was given out: what it is known by when it comes again. */
struct place {
  int64_t given; /* packets since reading began; 0: there was none */
  int64_t pts, dts, pos;
  uint64_t begins; /* its first bytes */
  int size;
  int64_t seen; /* while it is looked for: packets of the stream */
  bool passed;
};

struct places {
  struct place *list;
  unsigned count;
  int64_t bytes;      /* given out since reading began */
  struct seek origin; /* by which reading began */
  bool has_origin;    /* else it began with the first packet of all */
  bool lost;          /* the way back was not found */
};

/* What was given out so far is of no meaning any more: reading begins at another place (NULL: the beginning). */
void places_forget(struct places *places, const struct seek *origin);
void places_free(struct places *places);
/* For who reads: the packet is given out now. */
void note_given(struct places *places, const AVPacket *packet);
/* The last time, in AV_TIME_BASE, that all streams with steady packets have come to; AV_NOPTS_VALUE: unknown. */
int64_t time_of_places(const struct places *places, const AVFormatContext *input);

/* How a packet is known again. */
enum known_by {
  BY_NUMBER, /* by its times, and so many packets of its stream as there were: libavformat is where reading began */
  BY_TIMES,
  BY_POSITION
};

/* Reads on from where libavformat is until what was given out has come again. What else comes is in the backlog then. */
int pass_over_given(struct session *session, enum known_by known_by, int64_t max_bytes);

#endif
