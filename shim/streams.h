/* floor 0 */
/*
 * streams.h - kinds of streams.
 */
#ifndef AVS_STREAMS_H
#define AVS_STREAMS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

/* Whether the stream is a cover: one picture, without a time. */
bool is_picture(const AVStream *stream);
/* Whether it lasts as long as the file does: audio, or video that is no cover. */
bool is_sound_or_motion(const AVStream *stream);

#endif
