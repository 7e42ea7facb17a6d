/* floor 4 */
/*
 * remux.h - packets from the session's input to its output without leaving C: choosing streams, cutting at key frames.
 * Input and output may be replaced on the way, to join and to split.
 */
#ifndef AVS_REMUX_REMUX_H
#define AVS_REMUX_REMUX_H

#include "../session.h"
#include "clock.h"
#include "leading.h"
#include "order.h"
#include "times.h"

struct route {
  int output_stream; /* -1: dropped */
  bool ended;
  bool begun;        /* with a key frame: what comes before can't be decoded */
  struct leading leading;    /* that */
  struct missing missing;    /* of the input */
  struct stream_clock clock; /* the same */
  struct order order;        /* of the output */
  int64_t packets, bytes; /* that went to this output */
  int64_t delay;          /* AV_TIME_BASE: added to its times */
  double first, last;     /* seconds of the output, NaN before the first packet */
};

struct remux {
  struct route *routes;
  unsigned count;
  double start;      /* seconds, NaN where open */
  bool keeps_times;  /* as they are, jumps and all */
  struct clock clock;
  int64_t end;       /* AV_TIME_BASE; AV_NOPTS_VALUE where open */
  int64_t shift;     /* AV_TIME_BASE: taken from the input's times */
  int64_t min_time;  /* AV_TIME_BASE: what is shown before is left out; AV_NOPTS_VALUE: nothing */
  int64_t until;     /* AV_TIME_BASE: a place to begin with, from there on, ends AVS_OP_REMUX; AV_NOPTS_VALUE: none does */
  int64_t max_bytes; /* of packets, that went to this output: a place to begin with behind them ends it, too; 0: any */
  AVPacket *held;    /* that place, not written yet */
  bool holds;        /* there is one */
  int64_t packets;
  int64_t read;      /* of sound and of moving pictures, that go somewhere */
  int64_t media;     /* of these, that were written */
  int64_t requests; /* of the session's, when a batch was last transformed */
  int64_t reached;  /* AV_TIME_BASE, of the output: how far reading has come */
  bool finished;    /* it has come to its end */
};

void remux_free(struct session *session);
/* It is closed: what was kept of it does not go with the next one. */
void remux_forget_input(struct remux *remux);
void remux_forget_output(struct remux *remux);
/* Streams that go nowhere are not read. */
void discard_unmapped(struct session *session);
bool has_mapped_video(const struct session *session);
/* A cut can begin with the key frames of video, where there is one; else with any packet. */
bool can_begin(const struct session *session, bool has_video, const AVPacket *packet);
operation remux_op;

#endif
