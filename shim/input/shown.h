/* floor 4 */
/*
 * shown.h - when pictures are shown whose container has no such times: AVI has times of decoding alone, MPEG-PS and MPEG-TS
 * may have one time for several pictures. A picture that others are coded from is shown when the next such is decoded, so
 * packets wait for that one. av_read_frame() does it with AVFMT_FLAG_GENPTS, but keeps a stream's end and all that
 * comes after it in memory.
 */
#ifndef AVS_INPUT_SHOWN_H
#define AVS_INPUT_SHOWN_H

#include <libavcodec/packet.h>

#include "../session.h"

/* The next packet, from that reader; with a pts, if one can be found. What the reader returns after the last packet comes after it. */
int next_shown(struct session *session, AVPacket *packet, int (*read)(struct session *session, AVPacket *packet));

#endif
