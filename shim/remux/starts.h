/* floor 4 */
/*
 * starts.h - finds when the pictures of an input begin. With open groups of pictures some are shown before the first key frame,
 * though they come after it; libavformat's start time may be that of the key frame.
 */
#ifndef AVS_REMUX_STARTS_H
#define AVS_REMUX_STARTS_H

#include "remux.h"

operation remux_op_starts;
/* If the packet, which was just read, has no dts: it depends on the pictures that follow, which stay in the backlog. */
int find_first_dts(struct session *session, const struct route *route, const AVPacket *packet);

#endif
