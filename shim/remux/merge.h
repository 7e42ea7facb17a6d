/* floor 4 */
/*
 * merge.h - several inputs of a session, whose packets go to one output. One of them at a time is selected: it is session->input,
 * with its remux; the others are set aside.
 */
#ifndef AVS_REMUX_MERGE_H
#define AVS_REMUX_MERGE_H

#include "../session.h"

/* An input that is set aside; both members are NULL for the selected one. */
struct part {
  struct input *input;
  struct remux *remux;
};

/* Whether there are several. */
bool is_merged(const struct session *session);
/* Selects an input; all with smaller numbers must exist. */
void select_part(struct session *session, unsigned index);
/* To be called before packets are read from any of them. */
void begin_parts(struct session *session);
/* Selects the input with the earliest time; false if all have ended. */
bool select_next_part(struct session *session);
/* Sums up what all of them have written and read. */
void count_parts(struct session *session, double *slot);
/* Their streams are mapped to those of an output that is closed: they are mapped no longer. */
void parts_forget_output(struct session *session);
void parts_free(struct session *session);
/* Drops them without freeing, if they may be in an inconsistent state. */
void parts_abandon(struct session *session);

#endif
