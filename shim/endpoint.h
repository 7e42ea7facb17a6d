/* floor 2 */
/*
 * endpoint.h - for whom libavformat is at work: the input or the output of a session. What it opened, was refused and has
 * read is counted here, and goes with it.
 */
#ifndef AVS_ENDPOINT_H
#define AVS_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

/* More than a playlist of playlists needs; one that names itself has no end. While it opens, and from packet to packet. */
enum { MAX_OPENS = 2000 };

struct AVFormatContext;

/* What opening an input may take, until all is known of it. */
struct opening {
  bool running, exceeded;
  int64_t bytes, max_bytes; /* read so far, and allowed; 0: any */
  int opens;
};

struct endpoint {
  uint32_t direction;  /* AVS_INPUT, AVS_OUTPUT */
  uint32_t number;     /* of an input: which of several */
  struct AVFormatContext *const *context; /* of an input; NULL: of none */
  struct io *io;       /* what it reads or writes; NULL: it opens all of it */
  const char *url;     /* what it is called, NULL: nothing */
  char *refused_url;   /* the first that it could not open */
  int refusals;        /* things that it could not open */
  bool lacks;          /* since the last packet something was refused, or, before the first, was missing */
  bool strict;         /* nothing that is named may be missing */
  bool missing;        /* something was, and its demuxer was let go on */
  bool delivered;      /* there has been a packet */
  int opens;           /* requests to open a file since then */
  bool open_refused;   /* some muxers go on without */
  bool seek_refused;   /* by its I/O context: of an input in this operation, of an output ever */
  int64_t seek_target; /* of that */
  bool discards;       /* what it opens now to write is of no use to anyone */
  int64_t nested_bytes; /* that went through what it had opened and closed again */
  struct opening opening;
};

void endpoint_free(struct endpoint *endpoint);
void refuse_seek(struct endpoint *endpoint, int64_t target);
/* Opening has read, or requested, more than is allowed: from then on nothing is read. */
bool opening_exceeds(struct endpoint *endpoint, int64_t bytes, int opens);

#endif
