/* floor 4 */
/*
 * frames.h - takes packets apart that hold several frames, for muxers that take one frame in a packet.
 */
#ifndef AVS_FRAMES_H
#define AVS_FRAMES_H

#include <libavformat/avformat.h>

#include "../log.h"

/*
 * The number of whole frames in the packet, if it has to be taken apart; -1: the muxer takes it as it is. What is no frame is to be
 * left out, with a warning: the muxer would end with an error.
 */
int frames_to_part(const AVOutputFormat *format, const AVCodecParameters *parameters, const AVPacket *packet, struct log *log);
/*
 * The packet's frame with this index, which begins at the byte `at`; moves `at` to the next one. The packet's side data goes with the
 * first one.
 */
int frame_of(AVPacket *packet, AVRational time_base, int index, int *at, AVPacket *part);

#endif
