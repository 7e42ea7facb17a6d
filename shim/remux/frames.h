/* floor 4 */
/*
 * frames.h - takes packets apart that hold several frames, for muxers that take one frame in a packet.
 */
#ifndef AVS_REMUX_FRAMES_H
#define AVS_REMUX_FRAMES_H

#include <libavformat/avformat.h>

/* How many frames the muxer needs the packet to be taken apart into; 1: it stays as it is. */
int frames_to_part(const AVOutputFormat *format, const AVStream *source, const AVPacket *packet);
/* Makes `part` the frame of that index; `at` is where it begins, and then where the next one does. */
int frame_of(const AVPacket *packet, AVRational time_base, int index, int *at, AVPacket *part);

#endif
