/* floor 4 */
/*
 * whole.h - whether a source has all that it claims to have.
 */
#ifndef AVS_INPUT_WHOLE_H
#define AVS_INPUT_WHOLE_H

#include "../session.h"

struct AVFormatContext;
struct AVPacket;
struct AVStream;

/* Packets of the container's index that lie behind the end of the source: of mp4 and its kin, whose index has them all. */
int missing_packets(const struct AVFormatContext *input, struct AVStream *stream);
/* Warns of such packets of a stream. */
void warn_missing_packets(struct session *session, unsigned stream);
/* Warns where the source ended within the packet. */
void warn_cut_packet(struct session *session, const struct AVPacket *packet);
/* Warns of streams that came up after the input was open: their packets go nowhere. */
void warn_late_streams(struct session *session);
operation input_op_check;

#endif
