/* floor 4 */
/*
 * window.h - a seek forward, or to a time between an earliest and a latest one, which libavformat does not always respect.
 * Its result is checked; if it is no key frame in that range, one is searched for by reading on.
 */
#ifndef AVS_INPUT_WINDOW_H
#define AVS_INPUT_WINDOW_H

#include "places.h"

/* Whether the seek is one by time, other than backward without an earliest time (landing.h). */
bool has_window(const AVFormatContext *input, const struct seek *seek);
/* Below zero if there is no such frame. */
int seek_in_window(struct session *session, const struct seek *seek);

#endif
