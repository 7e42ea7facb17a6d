/* floor 4 */
/*
 * window.h - a seek on, or to a place between an earliest and a latest one: libavformat takes these for a wish. What it finds
 * is looked at; where that is no key frame between them, one is looked for by reading on.
 */
#ifndef AVS_INPUT_WINDOW_H
#define AVS_INPUT_WINDOW_H

#include "places.h"

/* A search by time to a key frame, and not back to the last one before a time (landing.h). */
bool has_window(const AVFormatContext *input, const struct seek *seek);
/* Below zero where there is none. */
int seek_in_window(struct session *session, const struct seek *seek);

#endif
