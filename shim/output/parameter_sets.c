#include "parameter_sets.h"

#include <string.h>

#include <libavutil/intreadwrite.h>
#include <libavutil/mem.h>

enum { IDR = 5, SPS = 7, PPS = 8 };

static void put_length(uint8_t *out, int bytes, int length) {
  for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(length >> 8 * (bytes - 1 - i));
}

/* Copies a set with its length of two bytes; false: it is cut off, or too long for a length of that many bytes. */
static bool add_set(struct parameter_sets *sets, const uint8_t **data, const uint8_t *end) {
  if (end - *data < 2) return false;
  int length = AV_RB16(*data);
  if (length > end - *data - 2 || (sets->prefix == 1 && length > UINT8_MAX)) return false;
  put_length(sets->data + sets->size, sets->prefix, length);
  memcpy(sets->data + sets->size + sets->prefix, *data + 2, (size_t)length);
  sets->size += sets->prefix + length;
  *data += 2 + length;
  return true;
}

/* Adds sets, whose number is masked by `mask` in the byte before them. */
static bool add_sets(struct parameter_sets *sets, const uint8_t **data, const uint8_t *end, int mask) {
  if (*data >= end) return false;
  int count = *(*data)++ & mask;
  bool is_whole = count > 0;
  for (int i = 0; i < count && is_whole; i++) is_whole = add_set(sets, data, end);
  return is_whole;
}

int parameter_sets_read(struct parameter_sets *sets, const AVCodecParameters *parameters) {
  enum { HEAD = 5, LONGEST_PREFIX = 4 };
  const uint8_t *data = parameters->extradata;
  if (parameters->codec_id != AV_CODEC_ID_H264 || parameters->extradata_size <= HEAD || data[0] != 1) return 0;
  const uint8_t *end = data + parameters->extradata_size;
  sets->prefix = (data[4] & 3) + 1;
  sets->data = av_malloc((size_t)parameters->extradata_size * (LONGEST_PREFIX - 1)); /* a set of no bytes takes two, and then four */
  if (!sets->data) return AVERROR(ENOMEM);
  data += HEAD;
  if (!add_sets(sets, &data, end, 0x1f) || !add_sets(sets, &data, end, 0xff)) parameter_sets_free(sets);
  return 0;
}

/* Whether the packet has parameter sets, or FFmpeg's filter will insert them. */
static bool is_complete(const struct parameter_sets *sets, const AVPacket *packet) {
  const uint8_t *data = packet->data, *end = data + packet->size;
  while (end - data > sets->prefix) {
    uint32_t length = 0;
    for (int i = 0; i < sets->prefix; i++) length = length << 8 | *data++;
    int type = *data & 0x1f;
    if (type == IDR || type == SPS || type == PPS || length > (uint32_t)(end - data)) return true;
    data += length;
  }
  return false;
}

int parameter_sets_insert(const struct parameter_sets *sets, AVPacket *packet) {
  if (!sets->size || !(packet->flags & AV_PKT_FLAG_KEY) || !packet->size || is_complete(sets, packet)) return 0;
  int before = packet->size;
  int result = av_grow_packet(packet, sets->size);
  if (result >= 0) result = av_packet_make_writable(packet);
  if (result < 0) return result;
  memmove(packet->data + sets->size, packet->data, (size_t)before);
  memcpy(packet->data, sets->data, (size_t)sets->size);
  return 0;
}

void parameter_sets_free(struct parameter_sets *sets) {
  av_freep(&sets->data);
  *sets = (struct parameter_sets){0};
}
