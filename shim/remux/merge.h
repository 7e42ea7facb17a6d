/* floor 4 */
/*
 * merge.h - several inputs of a session, whose packets go to one output: one of them is the session's at a time, with what
 * the remuxer knows of it; the others are set aside.
 */
#ifndef AVS_REMUX_MERGE_H
#define AVS_REMUX_MERGE_H

#include "../session.h"

/* An input that is set aside; of the one that is the session's both are NULL. */
struct part {
  struct input *input;
  struct remux *remux;
};

/* Whether there are several. */
bool is_merged(const struct session *session);
/* Makes another one the session's; it has one from then on. Each before it is there. */
void select_part(struct session *session, unsigned index);
/* Before packets are read of any. */
void begin_parts(struct session *session);
/* The next packet is to come from the input with the earliest time; false where all have come to their end. */
bool select_next_part(struct session *session);
/* What all of them have written and read. */
void count_parts(struct session *session, double *slot);
void parts_free(struct session *session);
/* They may be in no state to be freed. */
void parts_abandon(struct session *session);

#endif
