/* floor 4 */
/*
 * frames.h - takes packets apart that hold several frames, for muxers that take one frame in a packet.
 */
#ifndef AVS_FRAMES_H
#define AVS_FRAMES_H

#include <libavformat/avformat.h>

#include "../session.h"

/*
 * The number of whole frames in the packet, if it has to be taken apart; -1: the muxer takes it as it is. What is no frame is to be
 * left out, with a warning: the muxer would end with an error.
 */
int frames_to_part(const AVOutputFormat *format, const AVCodecParameters *parameters, const AVPacket *packet, struct log *log);
/* Takes a frame; `taker` is its own. */
typedef int (*take_frame)(struct session *session, void *taker, AVPacket *frame);

/* Hands out the packet's frames as packets of their own, with times in this unit. The packet's side data goes with the first one. */
int part_frames(struct session *session, AVPacket *packet, int count, AVRational time_base, take_frame take, void *taker);

#endif
