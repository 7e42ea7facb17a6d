/* floor 0 */
/*
 * packet.h - side data of packets by name, and as bytes: for each name NUL, size in 4 bytes (little endian), data.
 */
#ifndef AVS_PACKET_H
#define AVS_PACKET_H

#include <libavcodec/packet.h>

const char *side_data_name(enum AVPacketSideDataType type);
/* AV_PKT_DATA_NB if this FFmpeg does not know it. */
enum AVPacketSideDataType side_data_type(const char *name);

int64_t side_data_bytes(const AVPacket *packet);
/* Returns the end of what was written. */
uint8_t *write_side_data(uint8_t *out, const AVPacket *packet);
/* Unknown types, and data with a fault (structures.h), are errors. */
int read_side_data(AVPacket *packet, const uint8_t *side, size_t size);

#endif
