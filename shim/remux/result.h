/* floor 4 */
/*
 * result.h - checks at the end of an input: whether all of it was read, and whether anything was written.
 */
#ifndef AVS_REMUX_RESULT_H
#define AVS_REMUX_RESULT_H

#include "../session.h"

/* Warns of packets in the input's index that lie beyond its end. */
void warn_cut_off(struct session *session);
/* An error if neither audio nor video was written, although the whole input was to be copied. */
int check_result(struct session *session);

#endif
