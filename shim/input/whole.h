/* floor 4 */
/*
 * whole.h - warnings if a source is incomplete: packets beyond its end, and streams that appear too late.
 */
#ifndef AVS_INPUT_WHOLE_H
#define AVS_INPUT_WHOLE_H

#include "../session.h"

struct AVFormatContext;
struct AVIOContext;
struct AVPacket;
struct AVStream;

/* Size of the source in bytes; -1: unknown. May call the callback. */
int64_t source_size(struct AVIOContext *pb);
/* The number of packets in the index that lie beyond the end of a source of this size; only of mp4 and mov. */
int missing_packets(const struct AVFormatContext *input, struct AVStream *stream, int64_t size);
/* Warns of such packets of a stream. */
void warn_missing_packets(struct session *session, unsigned stream, int64_t size);
/* Warns if all packets have been read, and there is less sound, or fewer pictures, than the header says. */
void warn_less_than_stated(struct session *session);
/* Both for all streams that are read, when the last packet has been: only then the fragments are all in the index. */
void warn_missing_at_end(struct session *session);
/* Warns if the source ended within the packet. */
void warn_cut_packet(struct session *session, const struct AVPacket *packet);
/* Warns of streams that appeared after the input was opened: their packets are not written. */
void warn_late_streams(struct session *session);

#endif
