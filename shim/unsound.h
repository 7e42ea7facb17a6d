/* floor 1 */
/*
 * unsound.h - what comes of C structures (structures.h) in an input or an output: codecs are refused, side data that is not
 * sound and that FFmpeg itself has made is left out.
 */
#ifndef AVS_UNSOUND_H
#define AVS_UNSOUND_H

#include <libavformat/avformat.h>

#include "log.h"

/* Of a packet or a stream; the log, which may be NULL, gets a line for each that is left out. */
void drop_unsound(struct log *log, int stream, AVPacketSideData *list, int *count);

/* An error where a stream's packets are C structures. */
int refuse_structures(struct log *log, const AVFormatContext *context);

#endif
