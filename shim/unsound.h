/* floor 1 */
/*
 * unsound.h - applies structures.h to an input or an output: codecs whose packets are C structures are refused, faulty side data
 * that FFmpeg itself has made is left out.
 */
#ifndef AVS_UNSOUND_H
#define AVS_UNSOUND_H

#include <libavformat/avformat.h>

#include "log.h"

/* Removes faulty side data of a packet or a stream; the log, which may be NULL, gets a warning for each. */
void drop_unsound(struct log *log, int stream, AVPacketSideData *list, int *count);

/* An error if a stream's packets are C structures. */
int refuse_structures(struct log *log, const AVFormatContext *context);

#endif
