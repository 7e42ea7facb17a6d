#include "packet.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/error.h>

#include "structures.h"

const char *side_data_name(enum AVPacketSideDataType type) {
  const char *name = av_packet_side_data_name(type);
  return name ? name : "unknown";
}

/* Ignoring case, in which versions of FFmpeg differ. */
static bool is_called(enum AVPacketSideDataType type, const char *name) {
  const char *own = av_packet_side_data_name(type);
  return own && !av_strcasecmp(own, name);
}

enum AVPacketSideDataType side_data_type(const char *name) {
  int type = 0;
  while (type < AV_PKT_DATA_NB && !is_called((enum AVPacketSideDataType)type, name)) type++;
  return (enum AVPacketSideDataType)type;
}

int64_t side_data_bytes(const AVPacket *packet) {
  int64_t bytes = 0;
  for (int i = 0; i < packet->side_data_elems; i++)
    bytes += (int64_t)(strlen(side_data_name(packet->side_data[i].type)) + 1 + 4 + packet->side_data[i].size);
  return bytes;
}

static uint8_t *copy_out(uint8_t *out, const void *data, size_t size) {
  if (size) memcpy(out, data, size);
  return out + size;
}

uint8_t *write_side_data(uint8_t *out, const AVPacket *packet) {
  for (int i = 0; i < packet->side_data_elems; i++) {
    const AVPacketSideData *side = &packet->side_data[i];
    const char *name = side_data_name(side->type);
    uint32_t size = (uint32_t)side->size;
    uint8_t length[4] = {size & 0xff, size >> 8 & 0xff, size >> 16 & 0xff, size >> 24};
    out = copy_out(out, name, strlen(name) + 1);
    out = copy_out(out, length, sizeof(length));
    out = copy_out(out, side->data, side->size);
  }
  return out;
}

static uint32_t read_length(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int read_side_data(AVPacket *packet, const uint8_t *side, size_t size) {
  if (!size) return 0;
  const uint8_t *end = side + size;
  while (side < end) {
    const uint8_t *name_end = memchr(side, 0, (size_t)(end - side));
    if (!name_end || end - name_end < 5) return AVERROR(EINVAL);
    enum AVPacketSideDataType type = side_data_type((const char *)side);
    uint32_t length = read_length(name_end + 1);
    side = name_end + 5;
    if (length > (size_t)(end - side)) return AVERROR(EINVAL);
    if (!is_sound_side_data(type, side, length, NULL)) return AVERROR(EINVAL);
    uint8_t *data = av_packet_new_side_data(packet, type, length);
    if (!data) return AVERROR(ENOMEM);
    if (length) memcpy(data, side, length);
    side += length;
  }
  return 0;
}
