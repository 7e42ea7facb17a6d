/* floor 4 */
/*
 * gaps.h - what lacks between two packets, in formats of sound without gaps whose packets say where they belong. It is found
 * there and then, so that a part of a source tells as much as all of it; what lacks at the end is in whole.h.
 */
#ifndef AVS_INPUT_GAPS_H
#define AVS_INPUT_GAPS_H

#include <stdbool.h>
#include <stdint.h>

struct AVPacket;
struct session;

struct gaps {
  int64_t end;     /* where the last packet with a time ended */
  int64_t samples; /* how many it had */
  int64_t missing; /* all that was missing, in the stream's time base */
  bool has_end;
};

/* Warns if packets lack before this one, which is the next of the input. */
void note_gap(struct session *session, const struct AVPacket *packet);

#endif
