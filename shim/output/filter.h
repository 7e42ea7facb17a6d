/* floor 4 */
/*
 * filter.h - the steps between writing a packet and the muxer: bitstream filters of the stream, either the caller's or those that
 * the muxer needs and does not insert itself; and checks of the packet.
 */
#ifndef AVS_OUTPUT_FILTER_H
#define AVS_OUTPUT_FILTER_H

#include <libavformat/avformat.h>

#include "../session.h"
#include "flac_numbers.h"
#include "latm.h"
#include "parameter_sets.h"

/* The state of one output stream; times are in its time base. */
struct filter {
  struct AVBSFContext *context; /* NULL: none */
  struct latm latm;
  struct parameter_sets sets;
  struct flac_numbers flac;
  bool adds_headers; /* the context inserts those of the stream before key frames */
  bool begun;       /* at least one packet was written */
  bool has_short_tta; /* a frame of TTA was shorter than the others, as the last one of a file is */
  int64_t last_dts; /* of the last packet that was passed to the muxer */
  int64_t last_end; /* where the picture or sound of one of them ends last */
  int64_t next;     /* expected time of the next packet; AV_NOPTS_VALUE: unknown */
};

struct filters {
  struct filter *list;
  unsigned count;
};

/* Sets the filters of a stream: "a=option=value,b". With -1 it only checks that they exist. */
int filter_set(struct session *session, int stream, const char *description);
/* Before the header: opens the filters, and updates the parameters of the streams. */
int filters_open(struct session *session);
/* Writes the packet through its stream's filters. Takes its reference. */
int filter_write(struct session *session, AVPacket *packet);
/* At the end: writes the packets that filters still hold. */
int filters_drain(struct session *session);
void filters_free(struct filters *filters);

#endif
