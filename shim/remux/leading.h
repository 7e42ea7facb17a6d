/* floor 4 */
/*
 * leading.h - packets of a stream before its first key frame. They are kept until a key frame comes, and then dropped; or until
 * it is clear that the stream marks no key frames, as in some files of rpza, Dirac or DFPWM.
 */
#ifndef AVS_REMUX_LEADING_H
#define AVS_REMUX_LEADING_H

#include <stdbool.h>

#include <libavcodec/codec_par.h>

#include "../output/packets.h"

/* The state of one input stream. */
struct leading {
  struct packets packets;
  int64_t bytes;
};

/* Whether the stream can begin with the packet. */
bool can_be_first(const AVCodecParameters *parameters, const AVPacket *packet);
/* Takes the packet. */
int leading_add(struct leading *leading, AVPacket *packet);
/* Whether there are so many that no key frame is to be expected. */
bool leading_is_long(const struct leading *leading);
/* Moves out the first of them; false if there is none. */
bool leading_take(struct leading *leading, AVPacket *packet);
void leading_clear(struct leading *leading);

#endif
