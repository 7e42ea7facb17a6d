/* floor 4 */
/*
 * output.h - an output: all that belongs to one sink. Made when its format is chosen, freed whole.
 */
#ifndef AVS_OUTPUT_OUTPUT_H
#define AVS_OUTPUT_OUTPUT_H

#include <libavformat/avformat.h>

#include "../session.h"
#include "filter.h"
#include "packets.h"

struct output {
  struct endpoint endpoint;
  AVFormatContext *context;
  struct packets queued; /* below the channel's lock */
  bool accepts;          /* the same: packets may be put while an operation runs, from the header to the trailer */
  struct filters filters;
  AVPacket *incoming; /* of the isolate's thread: one that avs_put_packet() makes */
  AVPacket *outgoing; /* of who runs an operation: one that a filter held back */
  bool header_tried, header_written, trailer_written;
};

void output_free(struct session *session);
/* Between header and trailer. */
bool is_written(const struct output *output);
/* Whether packets may be put while an operation runs. */
void output_accept(struct session *session, bool accepts);
/* Whatever libavformat does from now on is for the output. */
void act_for_output(struct session *session);
/* Muxers report many of the errors of their I/O only in the I/O context. */
int output_error(const struct session *session);
/* With the lock held: JavaScript has packets to transform, and has not returned them yet. */
bool is_transforming(const struct session *session);
operation output_op_open, output_op_close;

#endif
