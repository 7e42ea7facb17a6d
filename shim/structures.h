/* floor 0 */
/*
 * structures.h - what FFmpeg reads as one of its C structures, though it comes as bytes: packets of some codecs, and most
 * kinds of side data. It trusts them, so nothing reaches it that was not checked here.
 */
#ifndef AVS_STRUCTURES_H
#define AVS_STRUCTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/packet.h>
#include <libavcodec/codec_id.h>

/* Packets of it are a structure with pointers: whoever writes one chooses what memory is read. */
bool is_structure_codec(enum AVCodecID codec);
/* Why such a codec is refused, behind its name. */
extern const char STRUCTURE_CODEC_FAULT[];

enum { SIDE_DATA_FAULT_SIZE = 128 };
/* Whether FFmpeg may be given it; what is wrong with it goes into `fault`, which may be NULL. */
bool is_sound_side_data(enum AVPacketSideDataType type, const uint8_t *data, size_t size, char *fault);

#endif
