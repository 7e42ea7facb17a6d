/* floor 4 */
/*
 * landing.h - a seek that lands on the last key frame at or before a time, which libavformat's own seek does not guarantee.
 * It goes back far enough, reads up to the time, and keeps the packets from that key frame on (backlog.h). They are delivered
 * next, with the same times as when the whole file is read.
 */
#ifndef AVS_INPUT_LANDING_H
#define AVS_INPUT_LANDING_H

#include <libavformat/avformat.h>

#include "../session.h"

struct seek;

/* Converts from AV_TIME_BASE to the time base of a stream, rounded down or up. */
int64_t to_stream(int64_t time, const AVStream *stream, enum AVRounding rounding);
/* Whether the index has all frames, by decoding time, as in mp4 without fragments. */
bool has_whole_index(const AVFormatContext *input, const AVStream *stream);
/*
 * The samples in each packet of PCM when the whole file is read. After a seek, packets of PCM begin at its target instead. 0: the
 * stream is not such PCM.
 */
int64_t samples_of_packet(const AVFormatContext *input, const AVStream *stream);
/* Whether the seek is one by time, backward, without an earliest time. */
bool can_land(const AVFormatContext *input, const struct seek *seek);
/* As input_seek(). If it finds no key frame within its limits, the position is that of libavformat's own seek. */
int land(struct session *session, const struct seek *seek);
/* The same for an input that can't seek, by reading on; before any packet was delivered. */
int land_ahead(struct session *session, const struct seek *seek);

#endif
