/* floor 0 */
/*
 * structures.h - checks bytes that FFmpeg interprets as its C structures: packets of some codecs, and most types of side data.
 * FFmpeg trusts them, so they are all checked here before they reach it.
 */
#ifndef AVS_STRUCTURES_H
#define AVS_STRUCTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/packet.h>
#include <libavcodec/codec_id.h>

/* Whether its packets are a structure with pointers, by which a packet could choose the memory that is read. */
bool is_structure_codec(enum AVCodecID codec);
/* Why such a codec is refused; follows its name in messages. */
extern const char STRUCTURE_CODEC_FAULT[];

enum { SIDE_DATA_FAULT_SIZE = 128 };
/* Whether it can be passed to FFmpeg; if not, the reason is written to `fault`, which may be NULL. */
bool is_sound_side_data(enum AVPacketSideDataType type, const uint8_t *data, size_t size, char *fault);

#endif
