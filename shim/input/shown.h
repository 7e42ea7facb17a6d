/* floor 4 */
/*
 * shown.h - finds the pts of pictures that have none: AVI has only dts, MPEG-PS and MPEG-TS may have one timestamp for several
 * pictures. A reference picture is presented when the next reference picture is decoded, so packets wait for that one.
 * av_read_frame() does this with AVFMT_FLAG_GENPTS, but from the end of a stream on it keeps all packets in memory.
 */
#ifndef AVS_INPUT_SHOWN_H
#define AVS_INPUT_SHOWN_H

#include <libavcodec/packet.h>

#include "../session.h"

/* The next packet from `read`, with a pts if one can be found; an error or the end is returned after the waiting packets. */
int next_shown(struct session *session, AVPacket *packet, int (*read)(struct session *session, AVPacket *packet));

#endif
