/* floor 4 */
/*
 * headers.h - reads a stream's own header: extradata, or the beginning of its first packet. It finds what a decoder would,
 * for the codecs that have none here, and corrects what the container says otherwise than the codec.
 *
 * Each codec is a row of the table in headers.c; its reader is with its family: h264.c, video.c (that moves), images.c,
 * audio.c.
 */
#ifndef AVS_HEADERS_HEADERS_H
#define AVS_HEADERS_HEADERS_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>

/* Fills in what the codec's header has, and its extradata. */
void read_extradata(AVCodecParameters *parameters);
/* Whether the first packet has what is still not known, or what the container may state wrongly. */
bool wants_packet(const AVCodecParameters *parameters, bool is_doubted);
void read_first_packet(AVCodecParameters *parameters, const AVPacket *packet);

#endif
