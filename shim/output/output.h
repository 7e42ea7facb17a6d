/* floor 4 */
/*
 * output.h - an output: the state of one sink. Created when its format is chosen, freed as a whole.
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
  const AVOutputFormat *files; /* the format of the files that it writes: its own, except for segments */
  struct packets queued; /* under the channel's lock */
  bool accepts;          /* under the lock: packets may be put while an operation runs, from the header to the trailer */
  struct filters filters;
  AVPacket *incoming; /* for the isolate's thread: avs_put_packet() fills it */
  AVPacket *outgoing; /* for the thread that runs an operation */
  bool header_tried, header_written, trailer_written;
  bool delays_index; /* until there are packets, which describe the codec of a stream */
};

void output_free(struct session *session);
/* Whether the header was written, and the trailer was not. */
bool is_written(const struct output *output);
/* Sets whether packets may be put while an operation runs. */
void output_accept(struct session *session, bool accepts);
/* From now on, libavformat works for the output. */
void act_for_output(struct session *session);
/* The error in the I/O context: muxers don't return many of the errors of their I/O. */
int output_error(const struct session *session);
/* With the lock held: whether JavaScript is transforming packets. */
bool is_transforming(const struct session *session);
operation output_op_open, output_op_close;

#endif
