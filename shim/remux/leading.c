#include "leading.h"

#include <libavcodec/codec_desc.h>

bool can_be_first(const AVCodecParameters *parameters, const AVPacket *packet) {
  const AVCodecDescriptor *codec = avcodec_descriptor_get(parameters->codec_id);
  bool needs_key = parameters->codec_type == AVMEDIA_TYPE_VIDEO || parameters->codec_type == AVMEDIA_TYPE_AUDIO;
  bool stands_alone = codec && (codec->props & AV_CODEC_PROP_INTRA_ONLY || codec->mime_types); /* a MIME type: an image format */
  return packet->flags & AV_PKT_FLAG_KEY || !needs_key || stands_alone;
}

int leading_add(struct leading *leading, AVPacket *packet) {
  int size = packet->size;
  int result = av_packet_make_refcounted(packet); /* its data may be valid only until the next read */
  if (result < 0) return result;
  if (!packets_push(&leading->packets, packet)) return AVERROR(ENOMEM);
  leading->bytes += size;
  return 0;
}

bool leading_is_long(const struct leading *leading) {
  enum { PACKETS = 300, BYTES = 8 * 1024 * 1024 }; /* ten seconds of video: encoders place key frames at smaller distances */
  return leading->packets.count >= PACKETS || leading->bytes >= BYTES;
}

bool leading_take(struct leading *leading, AVPacket *packet) {
  AVPacket *first = packets_first(&leading->packets);
  if (!first) return false;
  av_packet_move_ref(packet, first);
  packets_drop_first(&leading->packets);
  return true;
}

void leading_clear(struct leading *leading) {
  packets_clear(&leading->packets);
  leading->bytes = 0;
}
