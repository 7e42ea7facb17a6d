/* floor 2 */
/*
 * endpoint.h - the side that libavformat works for: the input or the output of a session. Counts what it has opened and read,
 * and what was refused.
 */
#ifndef AVS_ENDPOINT_H
#define AVS_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Max files opened while opening, and from packet to packet: more than a playlist of playlists needs.
 * One that names itself never ends.
 */
enum { MAX_OPENS = 2000 };

struct AVFormatContext;

/* The limits of opening an input, until it is described. */
struct opening {
  bool running, exceeded;
  int64_t bytes, max_bytes; /* read so far, and the limit; 0: none */
  int opens;
};

struct endpoint {
  uint32_t direction;  /* AVS_INPUT, AVS_OUTPUT */
  uint32_t number;     /* of an input: its number among several */
  struct AVFormatContext *const *context; /* of an input; NULL: of an output */
  struct io *io;       /* what it reads or writes; NULL: the format opens its files itself */
  char *url;           /* its name; NULL: none */
  char *refused_url;   /* the first URL that it could not open */
  int refusals;        /* number of URLs that it could not open */
  bool lacks;          /* an open was refused since the last packet, or found nothing before the first */
  bool strict;         /* a missing file is an error */
  bool missing;        /* a file was missing, and the demuxer continued */
  bool delivered;      /* at least one packet */
  int opens;           /* requests to open a file since then */
  bool open_refused;   /* some muxers ignore that */
  bool seek_refused;   /* by its I/O context: of an input in this operation, of an output ever */
  int64_t seek_target; /* target of that seek */
  bool discards;       /* what it opens to write now is discarded */
  int64_t nested_bytes; /* read or written through nested I/O contexts that were closed */
  struct opening opening;
};

void endpoint_free(struct endpoint *endpoint);
void refuse_seek(struct endpoint *endpoint, int64_t target);
/* Adds to what opening has read and opened; true if that exceeds the limits: from then on nothing is read. */
bool opening_exceeds(struct endpoint *endpoint, int64_t bytes, int opens);

#endif
