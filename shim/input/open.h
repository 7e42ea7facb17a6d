/* floor 4 */
/*
 * open.h - opening an input: choosing its format, and finding out what is in it.
 */
#ifndef AVS_INPUT_OPEN_H
#define AVS_INPUT_OPEN_H

#include "../session.h"

operation input_op_open;
/*
 * Opens the same source again at its beginning, with a new demuxer, so that the same packets are read as the first time. If it
 * returns an error, nothing has changed: the source or the format can't do it, or the streams would be different ones.
 */
int input_reopen(struct session *session);

#endif
