/* floor 4 */
/*
 * write.h - packets, flush and trailer of an output.
 */
#ifndef AVS_OUTPUT_WRITE_H
#define AVS_OUTPUT_WRITE_H

#include "../session.h"

struct AVPacket;

/* Takes the packet's reference. */
int output_write_packet(struct session *session, struct AVPacket *packet);
operation output_op_write, output_op_flush, output_op_trailer;

#endif
