/* floor 4 */
/*
 * filter.h - what a packet goes through between whoever writes it and the muxer: its stream's bitstream filters, which are
 * the caller's, or start codes for muxers that neither put them in nor ask libavformat to; and what is checked on the way.
 */
#ifndef AVS_OUTPUT_FILTER_H
#define AVS_OUTPUT_FILTER_H

#include <libavformat/avformat.h>

#include "../session.h"
#include "latm.h"

/* Of a stream of the output; its times are in the output's time base. */
struct filter {
  struct AVBSFContext *context; /* NULL: none */
  struct latm latm;
  bool begun;       /* there has been a packet */
  int64_t last_dts; /* of what the muxer has had */
  int64_t next;     /* when the packet after the last one is due, where that is known */
};

struct filters {
  struct filter *list;
  unsigned count;
};

/* Packets of the stream go through these: "a=option=value,b". With no stream there (-1) only looks whether there are such. */
int filter_set(struct session *session, int stream, const char *description);
/* Before the header: the streams become what comes out of them. */
int filters_open(struct session *session);
/* Writes the packet, by way of its stream's filters. Takes its reference. */
int filter_write(struct session *session, AVPacket *packet);
/* What they hold back, at the end. */
int filters_drain(struct session *session);
void filters_free(struct filters *filters);

#endif
