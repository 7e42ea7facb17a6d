/* floor 4 */
/*
 * header.h - what is checked and mended before a muxer writes its header, and that.
 */
#ifndef AVS_OUTPUT_HEADER_H
#define AVS_OUTPUT_HEADER_H

#include <libavformat/avformat.h>

#include "../session.h"

/* Is the codec of another type than the stream? */
bool is_misnamed(const AVCodecParameters *parameters);
/* Is it audio of no channels? */
bool lacks_channels(const AVCodecParameters *parameters);
/* Would the muxer look at the pixels of a stream that has none? It ends the process. */
bool lacks_pixels(const AVFormatContext *output);
/* Logs what a muxer found invalid without a word: a stream that needs extradata. */
void explain_invalid(struct session *session);
operation output_op_header;

#endif
