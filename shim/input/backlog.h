/* floor 4 */
/*
 * backlog.h - packets that were read before they were requested, while the input was opened or sought in: they come
 * first when packets are read, and then what reading said after them.
 */
#ifndef AVS_INPUT_BACKLOG_H
#define AVS_INPUT_BACKLOG_H

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "../output/packets.h"
#include "ended.h"

/* Behind others that still lack a pts (shown.h). They come before those that have not been looked at. */
struct waiting {
  struct packets packets;
  int64_t bytes;
  int result; /* what came after them, where that was no packet; 0: none did */
};

struct backlog {
  struct packets packets;
  int result; /* the same of these */
  struct waiting waiting;
};

bool backlog_is_empty(const struct backlog *backlog);
/* Moves the packet to its end. */
int backlog_add(struct backlog *backlog, AVPacket *packet);
/* The next packet of a stream of the input that is wanted, or what came after the last; AVERROR(EAGAIN): nothing did. */
int backlog_take(struct backlog *backlog, const AVFormatContext *input, const struct ended *ended, AVPacket *packet);
/* Moves these packets before its own; `packets` is empty then. */
void backlog_put_first(struct backlog *backlog, struct packets *packets);
void backlog_clear(struct backlog *backlog);
void backlog_free(struct backlog *backlog);

#endif
