/* floor 4 */
/*
 * backlog.h - packets that were read before they were requested, while the input was opened or during a seek: they are
 * delivered first, then the result that reading had after them.
 */
#ifndef AVS_INPUT_BACKLOG_H
#define AVS_INPUT_BACKLOG_H

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "../output/packets.h"
#include "ended.h"
#include "reorder.h"

/* Packets after others that still lack a pts (shown.h). They come before the unexamined ones. */
struct waiting {
  struct packets packets;
  int64_t bytes;
  int result; /* the result after them, if it was no packet; 0: not known yet */
  struct reorders reorders;
};

struct backlog {
  struct packets packets;
  int result; /* the result after these */
  struct waiting waiting;
};

bool backlog_is_empty(const struct backlog *backlog);
/* Appends the packet, which is moved. */
int backlog_add(struct backlog *backlog, AVPacket *packet);
/* Takes the next packet of a stream that is not discarded, or the result after the last; AVERROR(EAGAIN): neither. */
int backlog_take(struct backlog *backlog, const AVFormatContext *input, const struct ended *ended, AVPacket *packet);
/*
 * Moves these packets before its own; `packets` is empty afterwards. If others wait for a pts, these had one, or can't have one.
 * AVERROR(ENOMEM): packets are lost.
 */
int backlog_put_first(struct backlog *backlog, struct packets *packets);
void backlog_clear(struct backlog *backlog);
void backlog_free(struct backlog *backlog);

#endif
