/* floor 4 */
/*
 * leading.h - what comes of a stream before its first key frame: kept until that is there, and then dropped, or until it
 * is clear that the stream marks none, as some files of rpza, Dirac or DFPWM do.
 */
#ifndef AVS_REMUX_LEADING_H
#define AVS_REMUX_LEADING_H

#include <stdbool.h>

#include <libavcodec/codec_par.h>

#include "../output/packets.h"

/* Of a stream of the input. */
struct leading {
  struct packets packets;
  int64_t bytes;
};

/* Can the stream begin with it? */
bool can_be_first(const AVCodecParameters *parameters, const AVPacket *packet);
/* Takes the packet. */
int leading_add(struct leading *leading, AVPacket *packet);
/* So much without a key frame that there is none to wait for. */
bool leading_is_long(const struct leading *leading);
/* Is there one? Moves the first of them. */
bool leading_take(struct leading *leading, AVPacket *packet);
void leading_clear(struct leading *leading);

#endif
