/* floor 4 */
/*
 * input.h - an input: the state of one source, and reading packets from it. Created when it is opened, freed as a whole.
 */
#ifndef AVS_INPUT_INPUT_H
#define AVS_INPUT_INPUT_H

#include <libavformat/avformat.h>

#include "../session.h"
#include "backlog.h"
#include "batch.h"
#include "ended.h"
#include "gaps.h"
#include "places.h"

struct input {
  struct endpoint endpoint;
  AVFormatContext *context;
  int64_t max_packet_bytes; /* with side data; 0: no limit */
  AVPacket *packet;         /* being read, or held */
  int64_t behind;           /* offset of the first packet, if a source that can't seek has passed it already; -1: not so */
  bool has_given;           /* at least one packet was delivered */
  bool is_cut_reported;     /* there is a warning of packets beyond the end */
  unsigned serial;          /* number of the input, in the order of opening: for warnings */
  uint8_t first[2048];      /* the first bytes of the source, and a zero */
  size_t first_size;
  AVDictionary *options;    /* how it was opened: with these options, and with or without avformat_find_stream_info() */
  bool is_looked_at;
  int64_t looked_at;        /* bytes read while it was opened */
  bool held;                /* `packet` waits: it came with streams that JavaScript does not know yet */
  struct places places;
  struct gaps gaps;
  bool is_sought;           /* a seek is running: a refused seek of the source makes it fail */
  struct backlog backlog;
  struct ended ended;
  bool adds_pts;            /* to pictures that lack it: when remuxing; JavaScript gets the timestamps of the file */

  /* Under the channel's lock: JavaScript takes packets, and discards streams, while others are read. */
  unsigned stream_count; /* known to JavaScript */
  struct batches batches;
  bool discards_changed;
  uint8_t *discards; /* by stream: 0 unchanged, 1 delivered, 2 discarded */
  size_t discard_count;
};

/* Creates the session's input over that I/O context (NULL: the format opens its files itself); NULL if there is no memory. */
struct input *input_new(struct session *session, struct io *io);
void input_free(struct session *session);
/* Reads the next packet, from the backlog or from libavformat; returns the result of av_read_frame(), or its reason. */
int input_next_packet(struct session *session, AVPacket *packet);
/* Reads one packet for JavaScript or the remux; AVERROR_EOF is the real end of the input. */
int input_read_packet(struct session *session, AVPacket *packet);
/*
 * Moves a packet to the end of those that input_give_back() makes the next ones of the input. Without memory, packets are lost, and
 * so the session has failed.
 */
void input_keep_packet(struct session *session, struct packets *packets, AVPacket *packet);
void input_give_back(struct session *session, struct packets *packets);
/* Records and returns the present number of streams, which JavaScript gets. */
unsigned note_streams(struct session *session);
void apply_discards(struct session *session);
/* Drops the packet that is held. */
void forget_held(struct input *input);
bool can_seek_input(const struct input *input);
operation input_op_close;

#endif
