/* floor 4 */
/*
 * open.h - opening an input: choosing its format, and finding out what is in it.
 */
#ifndef AVS_INPUT_OPEN_H
#define AVS_INPUT_OPEN_H

#include "../session.h"

operation input_op_open;
/*
 * Opens the same source again at its beginning, whatever libavformat has made of the first time: what is read then is what was
 * read then. Below zero nothing has changed: the source or the format can't, or there are other streams than now.
 */
int input_reopen(struct session *session);

#endif
