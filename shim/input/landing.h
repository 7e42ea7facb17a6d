/* floor 4 */
/*
 * landing.h - a seek that lands on the last key frame at or before a time, whatever libavformat's own search finds: it goes
 * back far enough, reads on to the time, and keeps what it has read from that key frame on (backlog.h). That is what is read next, with
 * the times that it has where the whole file is read.
 */
#ifndef AVS_INPUT_LANDING_H
#define AVS_INPUT_LANDING_H

#include <libavformat/avformat.h>

#include "../session.h"

struct seek;

/* A time in AV_TIME_BASE as one of a stream, down or up to its time base. */
int64_t to_stream(int64_t time, const AVStream *stream, enum AVRounding rounding);
/* mp4 without fragments lists all of its frames, by decoding time: none behind is presented earlier. */
bool has_whole_index(const AVFormatContext *input, const AVStream *stream);
/* It is PCM, whose packets begin wherever a search goes to: so many samples are in those of the whole file. 0: it is not. */
int64_t samples_of_packet(const AVFormatContext *input, const AVStream *stream);
/* A search back by time, to no more than a latest place: libavformat does all others. */
bool can_land(const AVFormatContext *input, const struct seek *seek);
/* As input_seek(). Where no key frame is found in a bounded number of bytes and steps, it is where libavformat has landed. */
int land(struct session *session, const struct seek *seek);
/* The same by reading on from where the input is, before anything was given out: for what can't seek. */
int land_ahead(struct session *session, const struct seek *seek);

#endif
