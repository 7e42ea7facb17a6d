/* floor 1 */
/*
 * unsound.h - leaving out side data that is not sound (structures.h), where FFmpeg itself has made it.
 */
#ifndef AVS_UNSOUND_H
#define AVS_UNSOUND_H

#include <libavcodec/packet.h>

#include "log.h"

/* Of a packet or a stream; the log, which may be NULL, gets a line for each that is left out. */
void drop_unsound(struct log *log, int stream, AVPacketSideData *list, int *count);

#endif
