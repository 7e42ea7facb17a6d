/* floor 4 */
/*
 * result.h - whether all that an input had was read, which is checked at its end.
 */
#ifndef AVS_REMUX_RESULT_H
#define AVS_REMUX_RESULT_H

#include "../session.h"

/* Warns of packets that the input's index names, and that lie behind its end. */
void warn_cut_off(struct session *session);
/* An error where neither sound nor a moving picture was written, though that was wanted. */
int check_result(struct session *session);

#endif
