/* floor 4 */
/*
 * remux.h - copies packets from the session's input to its output without passing them to JavaScript: chooses streams, cuts at
 * key frames. Input and output may be replaced on the way, to join and to split.
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
  bool begun;        /* it has begun with a key frame: packets before can't be decoded */
  bool damaged;      /* the demuxer has marked one of its packets as damaged */
  struct leading leading;    /* those packets */
  struct missing missing;    /* state of the input stream */
  bool is_searched;          /* for the earliest of its pictures */
  struct stream_clock clock; /* state of the input stream */
  struct order order;        /* state of the output stream */
  int64_t packets, bytes; /* written to this output */
  int64_t delay;          /* AV_TIME_BASE: added to its times */
  double first, last;     /* seconds of the output, NaN before the first packet */
  double latest;          /* the same: when the last of its packets begins */
  bool lacks_length;      /* that packet has no duration */
  int64_t start;          /* AV_TIME_BASE, of the input: when its pictures begin; AV_NOPTS_VALUE: not searched, or not found */
};

struct remux {
  struct route *routes;
  unsigned count;
  double start;      /* seconds; NaN: from the beginning */
  bool keeps_times;  /* jumps are not removed */
  struct clock clock;
  int64_t end;       /* AV_TIME_BASE; AV_NOPTS_VALUE: to the end */
  int64_t shift;     /* AV_TIME_BASE: subtracted from the input's times */
  int64_t min_time;  /* AV_TIME_BASE: packets presented before are left out; AV_NOPTS_VALUE: none */
  int64_t until;     /* AV_TIME_BASE: the first key frame from there on ends AVS_OP_REMUX; AV_NOPTS_VALUE: none does */
  int64_t max_bytes; /* bytes of packets of this output, after which a key frame ends it, too; 0: no limit */
  AVPacket *held;    /* that key frame, not written yet */
  bool holds;        /* `held` has a packet */
  int64_t packets;
  int64_t read;      /* packets of mapped audio and video streams */
  int64_t media;     /* those of them that were written */
  int64_t requests; /* number of the session's requests when a batch was last transformed */
  int64_t reached;  /* AV_TIME_BASE, of the output: latest time read */
  bool finished;    /* the input has ended */
};

void remux_free(struct session *session);
/* The input is closed: drops what does not apply to the next one. */
void remux_forget_input(struct remux *remux);
void remux_forget_output(struct remux *remux);
/* Discards the streams that are not mapped. */
void discard_unmapped(struct session *session);
bool has_mapped_video(const struct session *session);
/* Whether nothing but texts is mapped, of which any part can be kept: a cut can begin anywhere. */
bool has_only_cues(const struct session *session);
/* Whether a cut can begin with the packet: a key frame of video, if there is video; otherwise any key frame. */
bool can_begin(const struct session *session, bool has_video, const AVPacket *packet);
operation remux_op;

#endif
