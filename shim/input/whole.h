/* floor 4 */
/*
 * whole.h - whether a source has all that it claims to have.
 */
#ifndef AVS_INPUT_WHOLE_H
#define AVS_INPUT_WHOLE_H

#include "../session.h"

struct AVFormatContext;
struct AVIOContext;
struct AVPacket;
struct AVStream;

/* Bytes of the source; -1 if unknown. May call the callback. */
int64_t source_size(struct AVIOContext *pb);
/* Packets of the container's index that lie behind the end of a source of this size: of mp4 and its kin, whose index has them all. */
int missing_packets(const struct AVFormatContext *input, struct AVStream *stream, int64_t size);
/* Warns of such packets of a stream. */
void warn_missing_packets(struct session *session, unsigned stream, int64_t size);
/* Warns where the source ended within the packet. */
void warn_cut_packet(struct session *session, const struct AVPacket *packet);
/* Warns of streams that came up after the input was open: their packets go nowhere. */
void warn_late_streams(struct session *session);

#endif
