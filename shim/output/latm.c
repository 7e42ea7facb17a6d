#include "latm.h"

#include <libavutil/avstring.h>

#include "../headers/bits.h"
#include "framing.h"

/* ---------------------------------------------------------------------------------------- the configuration */

/* GASpecificConfig, without the fields of object types that are not supported here. */
static void skip_general_audio(struct bits *bits) {
  skip_bits(bits, 1); /* frames of 960 samples */
  if (read_bit(bits)) skip_bits(bits, 14); /* coreCoderDelay */
  skip_bits(bits, 1); /* extensionFlag, unused by these object types */
}

static void skip_rate(struct bits *bits) {
  enum { EXPLICIT = 15 };
  if (read_bits(bits, 4) == EXPLICIT) skip_bits(bits, 24);
}

/* Skips an AudioSpecificConfig; false: it is cut off, or of an unsupported object type. */
static bool skip_config(struct bits *bits) {
  enum { MAIN = 1, LTP = 4, SBR = 5, PS = 29 };
  unsigned object_type = read_bits(bits, 5);
  skip_rate(bits);
  unsigned channels = read_bits(bits, 4);
  if (object_type == SBR || object_type == PS) {
    skip_rate(bits);
    object_type = read_bits(bits, 5);
  }
  if (object_type < MAIN || object_type > LTP || !channels) return false;
  skip_general_audio(bits);
  return !overrun(bits);
}

static bool is_same(struct bits a, struct bits b, int count) {
  while (count > 0 && read_bit(&a) == read_bit(&b)) count--;
  return !count;
}

bool unpacks_latm(const AVOutputFormat *format, const AVCodecParameters *parameters) {
  if (parameters->codec_id != AV_CODEC_ID_AAC_LATM) return false;
  struct bits bits = bits_of(parameters->extradata, parameters->extradata_size);
  return av_match_name(format->name, "mp4,mov,ipod,3gp,3g2,psp,f4v,ismv,flv,matroska,adts") && skip_config(&bits);
}

int latm_open(struct latm *latm, AVCodecParameters *parameters) {
  struct bits bits = bits_of(parameters->extradata, parameters->extradata_size), copied = bits;
  uint8_t config[16] = {0};
  if (!skip_config(&bits) || bits.position > (int)sizeof(config) * 8) return AVERROR(EINVAL);
  for (int i = 0; i < bits.position; i++) config[i / 8] |= (uint8_t)(read_bit(&copied) << (7 - i % 8));
  int result = set_extradata(parameters, config, (size_t)(bits.position + 7) / 8);
  if (result < 0) return result;
  parameters->codec_id = AV_CODEC_ID_AAC;
  parameters->codec_tag = 0;
  *latm = (struct latm){.open = true};
  return 0;
}

/* ---------------------------------------------------------------------------------------- packets */

/* Reads a StreamMuxConfig. Returns the name of an unsupported feature; NULL: none. */
static const char *read_mux_config(struct bits *bits, const AVCodecParameters *parameters) {
  if (read_bit(bits)) return "audioMuxVersion 1";
  if (!read_bit(bits)) return "streams whose frames differ in length"; /* allStreamsSameTimeFraming */
  if (read_bits(bits, 6)) return "several frames in a packet";
  if (read_bits(bits, 4)) return "several programs";
  if (read_bits(bits, 3)) return "several layers";
  struct bits config = *bits;
  if (!skip_config(bits)) return "an unsupported AudioSpecificConfig";
  int size = bits->position - config.position;
  if (!is_same(config, bits_of(parameters->extradata, parameters->extradata_size), size))
    return "another AudioSpecificConfig than at the beginning";
  if (read_bits(bits, 3)) return "frames without a length"; /* frameLengthType */
  skip_bits(bits, 8); /* latmBufferFullness */
  if (read_bit(bits)) { /* otherData comes after the frame; this is its length */
    bool more = true;
    while (more && !overrun(bits)) {
      more = read_bit(bits);
      skip_bits(bits, 8);
    }
  }
  if (read_bit(bits)) skip_bits(bits, 8); /* crcCheckSum */
  return NULL;
}

static int read_frame_size(struct bits *bits) {
  unsigned part = 255;
  int size = 0;
  for (; part == 255 && !overrun(bits); size += (int)part) part = read_bits(bits, 8);
  return size;
}

static int unfit(struct log *log) {
  log->filter_failed = true;
  return AVERROR_INVALIDDATA;
}

int latm_end(struct log *log, int stream, const struct latm *latm) {
  if (!latm->rare || latm->known) return 0;
  log_line(log, AV_LOG_ERROR, "stream %d: LATM with %s can't be unpacked", stream, latm->rare);
  return AVERROR(ENOSYS);
}

/* Stores whether a packet's StreamMuxConfig is supported (`rare` is NULL), and returns it. */
static bool takes_config(struct latm *latm, const char *rare) {
  latm->other = rare != NULL;
  if (!rare) latm->known = true;
  if (rare && !latm->rare) latm->rare = rare;
  return !rare;
}

/* Whether only padding bits follow the frame. */
static bool ends_with_frame(const struct bits *bits, int size) {
  int rest = bits->size * 8 - bits->position - size * 8;
  return rest >= 0 && rest < 8;
}

/*
 * AudioSyncStream with one AudioMuxElement: moves to the frame in it, and returns the frame's size. After a cut the first packets
 * may have no StreamMuxConfig: each is taken as one frame if that fills the packet.
 */
static int find_frame(struct log *log, int stream, struct latm *latm, const AVCodecParameters *parameters, struct bits *bits) {
  enum { SYNC = 0x2b7, PATIENCE = 100 };
  if (read_bits(bits, 11) != SYNC || (int)read_bits(bits, 13) != bits->size - 3) return unfit(log);
  bool stated = !read_bit(bits);
  const char *rare = stated ? read_mux_config(bits, parameters) : NULL;
  if (overrun(bits)) return unfit(log);
  bool taken = stated ? takes_config(latm, rare) : !latm->other;
  if (!taken && !latm->known && ++latm->refused >= PATIENCE) return latm_end(log, stream, latm);
  if (!taken && !latm->known) latm_end(log, stream, latm); /* a Muxer's error says which kind */
  if (!taken) return unfit(log);
  int size = read_frame_size(bits);
  if (!latm->known && !ends_with_frame(bits, size)) return unfit(log);
  return size > 0 && size <= (bits->size * 8 - bits->position) / 8 ? size : unfit(log);
}

int latm_unpack(struct log *log, int stream, struct latm *latm, const AVCodecParameters *parameters, AVPacket *packet) {
  int result = av_packet_make_writable(packet);
  if (result < 0) return result;
  struct bits bits = bits_of(packet->data, packet->size);
  int size = find_frame(log, stream, latm, parameters, &bits);
  if (size < 0) return size;
  for (int i = 0; i < size; i++) packet->data[i] = (uint8_t)read_bits(&bits, 8); /* in place: it reads ahead of where it writes */
  av_shrink_packet(packet, size);
  return 0;
}
