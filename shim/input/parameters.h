/* floor 4 */
/*
 * parameters.h - finding out how an input's streams are coded: avformat_find_stream_info() with as little decoding as
 * possible, and then the fields that only a decoder would have found, from headers and tables (../headers/).
 *
 * Opening and running decoders takes nearly all the time of avformat_find_stream_info(): 6 ms of 6.4 for a 720p mp4.
 * In mov and mp4 only those fields depend on decoders; in other containers also dts (matroska), or sample rate and
 * channels (AAC in mpegts).
 */
#ifndef AVS_INPUT_PARAMETERS_H
#define AVS_INPUT_PARAMETERS_H

struct input;

int find_stream_info(struct input *input);

#endif
