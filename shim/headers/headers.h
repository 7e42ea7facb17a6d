/* floor 4 */
/*
 * headers.h - reads a codec's header, in extradata or at the beginning of the first packet. It fills in what otherwise a
 * decoder would find (there are nearly none here), and corrects parameters of the container that differ from the codec's.
 *
 * Each codec is a row of the table in headers.c; its reader is in the file of its family: h264.c, video.c, images.c, audio.c
 * and others.
 */
#ifndef AVS_HEADERS_HEADERS_H
#define AVS_HEADERS_HEADERS_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>

/* Fills in what extradata has, and what the codec implies. */
void read_extradata(AVCodecParameters *parameters);
/* Whether the first packet has what is still unknown, or what the container may have wrong. */
bool wants_packet(const AVCodecParameters *parameters, bool is_doubted);
void read_first_packet(AVCodecParameters *parameters, const AVPacket *packet);

#endif
