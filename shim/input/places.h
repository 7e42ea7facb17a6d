/* floor 4 */
/*
 * places.h - how far the packets of an input have been delivered. libavformat drops the packets that it has read before it
 * checks whether it can seek, so after a failed seek delivered packets are read again, and must be skipped.
 */
#ifndef AVS_INPUT_PLACES_H
#define AVS_INPUT_PLACES_H

#include <libavformat/avformat.h>

#include "../session.h"

/* The arguments of avformat_seek_file(); by bytes, only `target` counts. */
struct seek {
  int stream, flags;
  int64_t min, target, max;
};

/* The last packet of a stream that was delivered: how it is recognized when it is read again. */
struct place {
  int64_t given;  /* packets delivered since reading began */
  int64_t length; /* the sum of their durations */
  int64_t first;  /* time of the first of them; 0: unknown */
  int64_t end; /* where the last of them with a time ended; AV_NOPTS_VALUE: unknown */
  int64_t pts, dts, pos;
  uint64_t begins; /* its first bytes */
  int size;
  int64_t seen; /* packets of the stream read while it is searched for */
  bool passed;
};

struct places {
  struct place *list;
  unsigned count;
  int64_t bytes;      /* delivered since reading began */
  struct seek origin; /* the seek with which reading began */
  bool has_origin;    /* otherwise it began with the first packet of the file */
  bool lost;          /* the position could not be restored */
};

/* Forgets what was delivered: reading begins anew, after this seek (NULL: at the beginning). */
void places_forget(struct places *places, const struct seek *origin);
void places_free(struct places *places);
/* Records that the packet is delivered now; false: no memory. */
bool note_given(struct places *places, const AVPacket *packet);
/* The time, in AV_TIME_BASE, that all audio and video streams have reached; AV_NOPTS_VALUE: unknown. */
int64_t time_of_places(const struct places *places, const AVFormatContext *input);

/* How a packet is recognized. */
enum known_by {
  BY_NUMBER, /* by its times and the number of packets of its stream, from where reading began */
  BY_TIMES,
  BY_POSITION
};

/* Reads on from the demuxer's position until all delivered packets have come again. Other packets go into the backlog. */
int pass_over_given(struct session *session, enum known_by known_by, int64_t max_bytes);

#endif
