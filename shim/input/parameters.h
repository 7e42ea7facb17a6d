/* floor 4 */
/*
 * parameters.h - finding out how an input's streams are coded: avformat_find_stream_info() with as little
 * decoding as will do, and then the fields that only a decoder would have found, from headers and tables (../headers/).
 *
 * Opening and running decoders is nearly all that avformat_find_stream_info() costs: 6 ms of 6.4 for a 720p mp4.
 * In mov and mp4 nothing but those fields depends on them; in other containers dts (matroska), or sample rate and
 * channels (AAC in mpegts) do.
 */
#ifndef AVS_INPUT_PARAMETERS_H
#define AVS_INPUT_PARAMETERS_H

struct input;

int find_stream_info(struct input *input);

#endif
