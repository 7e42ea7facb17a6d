/* floor 4 */
/*
 * input.h - an input: all that belongs to one source, and reading packets from it. Made when it is opened, freed whole.
 */
#ifndef AVS_INPUT_INPUT_H
#define AVS_INPUT_INPUT_H

#include <libavformat/avformat.h>

#include "../session.h"
#include "backlog.h"
#include "batch.h"
#include "ended.h"
#include "places.h"

struct input {
  struct endpoint endpoint;
  AVFormatContext *context;
  int64_t max_packet_bytes; /* with side data; 0: any */
  AVPacket *packet;         /* on its way */
  int64_t behind;           /* byte of the first packet, where a source that can't seek has passed it already; -1: none */
  bool has_given;           /* a packet */
  unsigned serial;          /* which of the inputs that the session has opened: of whom it is warned */
  uint8_t first[2048];      /* bytes of the source, and a zero */
  size_t first_size;
  AVDictionary *options;    /* and whether more than its header was looked at: how it was opened */
  bool is_looked_at;
  int64_t looked_at;        /* bytes of it, while it was opened */
  bool held;                /* it came with streams that JavaScript does not know yet, and waits */
  struct places places;
  bool is_sought;           /* now: what is refused then makes it fail */
  struct backlog backlog;
  struct ended ended;
  bool adds_pts;            /* to pictures that lack it: for an output, not for JavaScript, which gets the file's own */

  /* Below the channel's lock: JavaScript takes packets, and chooses streams, while others are read. */
  unsigned stream_count; /* that JavaScript knows */
  struct batches batches;
  bool discards_changed;
  uint8_t *discards; /* by stream: 0 as it is, else 1 + whether it is discarded */
  size_t discard_count;
};

/* The session's from now on, over that I/O context (NULL: it opens all of it); NULL without memory. */
struct input *input_new(struct session *session, struct io *io);
void input_free(struct session *session);
/* The next packet, of the backlog or of libavformat; the result of av_read_frame(), or its reason. */
int input_next_packet(struct session *session, AVPacket *packet);
/* Reads one packet for whoever wants it; AVERROR_EOF is the true end of the input. */
int input_read_packet(struct session *session, AVPacket *packet);
/* The number of streams now, which JavaScript gets. */
unsigned note_streams(struct session *session);
void apply_discards(struct session *session);
/* The packet that is held is of no use any more. */
void forget_held(struct input *input);
bool can_seek_input(const struct input *input);
operation input_op_close;

#endif
