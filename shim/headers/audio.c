/* floor 4 */
/*
 * audio.c - reads sample format, channels and sample rate from extradata, or from the first bytes of a packet.
 */
#include <libavutil/channel_layout.h>

#include "../compat.h"
#include "readers.h"

static void set_channels(AVCodecParameters *parameters, int channels) {
  if (channels < 1 || channels == parameters->ch_layout.nb_channels) return;
  av_channel_layout_uninit(&parameters->ch_layout);
  av_channel_layout_default(&parameters->ch_layout, channels);
}

/* Sets the layout that a codec has for the number of channels, if `masks` has one. */
static void set_layout(AVCodecParameters *parameters, const uint64_t *masks, int count) {
  int channels = parameters->ch_layout.nb_channels;
  if (channels < 1 || channels > count || !masks[channels - 1]) return;
  av_channel_layout_uninit(&parameters->ch_layout);
  av_channel_layout_from_mask(&parameters->ch_layout, masks[channels - 1]);
}

/* ---------------------------------------------------------------------------------------- AAC */

/* Returns the number of channels of a program_config_element. */
static unsigned read_program(struct bits *bits) {
  skip_bits(bits, 4 + 2 + 4);
  unsigned counts[3], lfe, channels;
  for (int i = 0; i < 3; i++) counts[i] = read_bits(bits, 4);
  channels = lfe = read_bits(bits, 2);
  skip_bits(bits, 3 + 4);
  if (read_bit(bits)) skip_bits(bits, 4);
  if (read_bit(bits)) skip_bits(bits, 4);
  if (read_bit(bits)) skip_bits(bits, 3);
  for (unsigned i = 0; i < counts[0] + counts[1] + counts[2]; i++) {
    channels += 1 + read_bits(bits, 1);
    skip_bits(bits, 4);
  }
  return overrun(bits) ? 0 : channels;
}

/* The extension after what older decoders read: spectral band replication (SBR), and parametric stereo. */
static int extended_profile(struct bits *bits) {
  enum { SYNC = 0x2b7, PS_SYNC = 0x548, SBR = 5, HE = 4, HE_V2 = 28, EXPLICIT_RATE = 15 };
  if (read_bits(bits, 11) != SYNC || read_bits(bits, 5) != SBR || !read_bit(bits)) return PROFILE_UNKNOWN;
  if (read_bits(bits, 4) == EXPLICIT_RATE) skip_bits(bits, 24);
  bool stereo = read_bits(bits, 11) == PS_SYNC && read_bit(bits);
  return stereo ? HE_V2 : HE;
}

/* AudioSpecificConfig, its first fields: object type, sample rate, channels, frame length. */
void read_aac(AVCodecParameters *parameters, struct bits *header) {
  enum { LC = 2, SBR = 5, PS = 29, ESCAPE = 31, FIRST_ESCAPED = 32, EXPLICIT_RATE = 15 };
  if (header->size < 2) return;
  unsigned object_type = read_bits(header, 5);
  if (object_type == ESCAPE) object_type = FIRST_ESCAPED + read_bits(header, 6);
  unsigned rate_index = read_bits(header, 4);
  if (rate_index == EXPLICIT_RATE) skip_bits(header, 24);
  unsigned channels = read_bits(header, 4);
  bool doubled = object_type == SBR || object_type == PS;
  if (parameters->profile == PROFILE_UNKNOWN || doubled) parameters->profile = (int)object_type - 1;
  if (object_type >= FIRST_ESCAPED) return; /* these have other frame lengths */
  bool short_frames = read_bit(header);
  if (!parameters->frame_size) parameters->frame_size = doubled ? 2048 : short_frames ? 960 : 1024;
  if (object_type > LC + 2) return;
  if (read_bit(header)) skip_bits(header, 14); /* dependsOnCoreCoder: its delay */
  skip_bits(header, 1);
  if (channels) {
    int profile = extended_profile(header);
    if (profile != PROFILE_UNKNOWN) parameters->profile = profile;
  } else if (!parameters->ch_layout.nb_channels) {
    set_channels(parameters, (int)read_program(header));
  }
}

/* ---------------------------------------------------------------------------------------- codecs with a header in extradata */

static const uint64_t xiph_layouts[] = {AV_CH_LAYOUT_MONO,          AV_CH_LAYOUT_STEREO,       AV_CH_LAYOUT_SURROUND,
                                        AV_CH_LAYOUT_QUAD,          AV_CH_LAYOUT_5POINT0_BACK, AV_CH_LAYOUT_5POINT1_BACK,
                                        AV_CH_LAYOUT_5POINT1 | AV_CH_BACK_CENTER, AV_CH_LAYOUT_7POINT1};

/* STREAMINFO. mp4 has only 16 bits for the sample rate, and some files have 48000 there for any higher one. */
void read_flac(AVCodecParameters *parameters, struct bits *header) {
  if (header->size < 34) return;
  header->position = 10 * 8;
  int rate = (int)read_bits(header, 20), channels = (int)read_bits(header, 3) + 1, bits = (int)read_bits(header, 5) + 1;
  if (!rate) return;
  bool is_layout_known = parameters->ch_layout.order != AV_CHANNEL_ORDER_UNSPEC && parameters->ch_layout.nb_channels == channels;
  parameters->sample_rate = rate;
  set_channels(parameters, channels);
  if (!is_layout_known) set_layout(parameters, xiph_layouts, 8);
  parameters->format = bits <= 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
  if (!parameters->bits_per_raw_sample) parameters->bits_per_raw_sample = bits;
}

void read_alac(AVCodecParameters *parameters, struct bits *header) {
  static const uint64_t layouts[] = {AV_CH_LAYOUT_MONO,         AV_CH_LAYOUT_STEREO,       AV_CH_LAYOUT_SURROUND,     AV_CH_LAYOUT_4POINT0,
                                     AV_CH_LAYOUT_5POINT0_BACK, AV_CH_LAYOUT_5POINT1_BACK, AV_CH_LAYOUT_6POINT1_BACK, AV_CH_LAYOUT_7POINT1_WIDE_BACK};
  int bits = header->size >= 36 ? (int)byte_at(header, 17) : 0;
  if (!bits || bits > 32) return;
  set_channels(parameters, (int)byte_at(header, 21));
  unsigned rate = be32_at(header, 32);
  if (rate && rate < INT32_MAX) parameters->sample_rate = (int)rate;
  set_layout(parameters, layouts, 8);
  set_samples(parameters, bits, true);
  unsigned samples = be32_at(header, 12);
  if (!parameters->frame_size && samples && samples < INT16_MAX) parameters->frame_size = (int)samples;
}

/* The sample rate is always 48,000. The number of channels is that of the codec's header: mp4's may be wrong. */
void read_opus(AVCodecParameters *parameters, struct bits *header) {
  parameters->sample_rate = 48000;
  parameters->format = AV_SAMPLE_FMT_FLTP;
  unsigned channels = byte_at(header, 9), family = byte_at(header, 18);
  if (!has_text(header, 0, "OpusHead") || !channels || family > 1 || (int)channels == parameters->ch_layout.nb_channels) return;
  set_channels(parameters, (int)channels);
  set_layout(parameters, xiph_layouts, 8);
}

/* The identification header, in any lacing with the two others. */
void read_vorbis(AVCodecParameters *parameters, struct bits *header) {
  enum { LOOKED_AT = 16 };
  int place = 0;
  while (place < LOOKED_AT && !(byte_at(header, place) == 1 && has_text(header, place + 1, "vorbis"))) place++;
  unsigned channels = byte_at(header, place + 11), rate = le32_at(header, place + 12);
  if (place == LOOKED_AT || !channels || !rate || rate > INT32_MAX) return;
  parameters->sample_rate = (int)rate;
  set_channels(parameters, (int)channels);
  set_layout(parameters, xiph_layouts, 8);
  parameters->format = AV_SAMPLE_FMT_FLTP;
}

void read_tta(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "TTA1")) return;
  int channels = (int)le16_at(header, 6), bits = (int)le16_at(header, 8);
  unsigned rate = le32_at(header, 10);
  if (bits < 1 || bits > 24) return;
  set_channels(parameters, channels);
  if (rate && rate < INT32_MAX) parameters->sample_rate = (int)rate;
  parameters->format = bits <= 8 ? AV_SAMPLE_FMT_U8 : bits <= 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
  parameters->bits_per_raw_sample = bits;
}

void read_wavpack(AVCodecParameters *parameters, struct bits *header) {
  enum { FLOAT = 0x80 };
  const unsigned DSD = 0x80000000;
  if (!has_text(header, 0, "wvpk")) return;
  unsigned flags = le32_at(header, 24);
  int bits = (int)((flags & 3) + 1) * 8;
  parameters->format = flags & (FLOAT | DSD) ? AV_SAMPLE_FMT_FLTP : bits <= 16 ? AV_SAMPLE_FMT_S16P : AV_SAMPLE_FMT_S32P;
  parameters->bits_per_raw_sample = bits;
}

/* Monkey's Audio and TAK: unlike other lossless decoders, these output 8 bits as 8 bits. */
void read_coded_bits(AVCodecParameters *parameters, struct bits *header) {
  (void)header;
  int bits = parameters->bits_per_coded_sample;
  if (bits == 8) parameters->format = AV_SAMPLE_FMT_U8P;
  if (bits == 16) parameters->format = AV_SAMPLE_FMT_S16P;
  if (bits == 24) parameters->format = AV_SAMPLE_FMT_S32P;
}

void read_wma_lossless(AVCodecParameters *parameters, struct bits *header) {
  int bits = header->size >= 18 ? (int)le16_at(header, 0) : 0;
  if (bits == 16 || bits == 24) set_samples(parameters, bits, true);
}

/* ---------------------------------------------------------------------------------------- codecs with a header in each packet */

/* MPEG audio: mp4 may have two channels for a mono stream. */
void read_mpeg_audio(AVCodecParameters *parameters, struct bits *header) {
  enum { MONO = 3 };
  static const int rates[] = {44100, 48000, 32000};
  if (read_bits(header, 11) != 0x7ff) return;
  unsigned version = read_bits(header, 2), layer = read_bits(header, 2);
  skip_bits(header, 1);
  unsigned bit_rate = read_bits(header, 4), rate = read_bits(header, 2);
  skip_bits(header, 2);
  unsigned mode = read_bits(header, 2);
  if (version == 1 || !layer || bit_rate == 15 || rate == 3) return;
  parameters->sample_rate = rates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  set_channels(parameters, mode == MONO ? 1 : 2);
}

/* AES3 in MPEG-TS. */
void read_s302m(AVCodecParameters *parameters, struct bits *header) {
  enum { RATE = 48000, PREFIX = 4 };
  static const uint64_t layouts[] = {0, AV_CH_LAYOUT_STEREO, 0, AV_CH_LAYOUT_QUAD, 0, AV_CH_LAYOUT_5POINT1_BACK, 0,
                                     AV_CH_LAYOUT_5POINT1_BACK | AV_CH_LAYOUT_STEREO_DOWNMIX};
  int size = (int)read_bits(header, 16), channels = (int)read_bits(header, 2) * 2 + 2;
  skip_bits(header, 8);
  int bits = (int)read_bits(header, 2) * 4 + 16;
  if (size + PREFIX != header->size || bits > 24) return;
  set_channels(parameters, channels);
  set_layout(parameters, layouts, 8);
  parameters->sample_rate = RATE;
  parameters->format = bits > 16 ? AV_SAMPLE_FMT_S32 : AV_SAMPLE_FMT_S16;
  parameters->bits_per_raw_sample = bits;
  int samples = size * 8 / (channels * (bits + 4));
  parameters->bit_rate = (int64_t)RATE * channels * (bits + 4) + (samples ? 32 * RATE / samples : 0);
}

/* Four bytes before the samples. */
void read_pcm_bluray(AVCodecParameters *parameters, struct bits *header) {
  static const uint64_t layouts[16] = {0, AV_CH_LAYOUT_MONO, 0, AV_CH_LAYOUT_STEREO, AV_CH_LAYOUT_SURROUND, AV_CH_LAYOUT_2_1,
                                       AV_CH_LAYOUT_4POINT0, AV_CH_LAYOUT_2_2, AV_CH_LAYOUT_5POINT0, AV_CH_LAYOUT_5POINT1,
                                       AV_CH_LAYOUT_7POINT0, AV_CH_LAYOUT_7POINT1};
  static const int rates[16] = {0, 48000, 0, 0, 96000, 192000}, depths[4] = {0, 16, 20, 24};
  uint64_t layout = layouts[byte_at(header, 2) >> 4];
  int rate = rates[byte_at(header, 2) & 15], bits = depths[byte_at(header, 3) >> 6];
  if (!layout || !rate || !bits) return;
  av_channel_layout_uninit(&parameters->ch_layout);
  av_channel_layout_from_mask(&parameters->ch_layout, layout);
  int stored = parameters->ch_layout.nb_channels + (parameters->ch_layout.nb_channels & 1);
  parameters->sample_rate = rate;
  parameters->bits_per_coded_sample = bits;
  parameters->bit_rate = (int64_t)stored * rate * bits;
  parameters->format = bits == 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
  if (bits > 16) parameters->bits_per_raw_sample = bits;
}

/* Three bytes before the samples. */
void read_pcm_dvd(AVCodecParameters *parameters, struct bits *header) {
  static const int rates[] = {48000, 96000, 44100, 32000};
  unsigned kind = byte_at(header, 1);
  int bits = 16 + (int)(kind >> 6) * 4;
  if (header->size < 3 || bits > 24) return;
  parameters->sample_rate = rates[kind >> 4 & 3];
  set_channels(parameters, 1 + (int)(kind & 7));
  parameters->bits_per_coded_sample = parameters->bits_per_raw_sample = bits;
  parameters->bit_rate = (int64_t)parameters->ch_layout.nb_channels * parameters->sample_rate * bits;
  parameters->format = bits == 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
}

/* ---------------------------------------------------------------------------------------- Shorten */

/* A Rice code: its high bits as zeros before a one, then `low` bits. */
static unsigned read_rice(struct bits *bits, int low) {
  unsigned high = 0;
  while (high < 1 << 16 && !overrun(bits) && !read_bit(bits)) high++;
  return high << low | read_bits(bits, low);
}

/* A number whose count of low bits is coded before it. */
static unsigned read_sized(struct bits *bits) {
  enum { LARGEST = 16 };
  unsigned low = read_rice(bits, 2);
  return read_rice(bits, low < LARGEST ? (int)low : LARGEST);
}

/* The sample rate in the header of the WAVE or AIFF file that was compressed; 0: none. */
static unsigned rate_in(const struct bits *file) {
  bool wave = has_text(file, 0, "RIFF"), aiff = has_text(file, 0, "FORM");
  for (int at = 12; (wave || aiff) && at >= 0 && at < file->size; at += 8) {
    unsigned size = wave ? le32_at(file, at + 4) : be32_at(file, at + 4);
    if (has_text(file, at, "fmt ")) return le32_at(file, at + 12);
    if (has_text(file, at, "COMM")) { /* 80 bits; of the fraction these 32 are enough */
      int exponent = (int)be16_at(file, at + 16) - 16383;
      return exponent >= 0 && exponent < 32 ? be32_at(file, at + 18) >> (31 - exponent) : 0;
    }
    if (size > (unsigned)file->size) return 0;
    at += (int)(aiff ? size + (size & 1) : size);
  }
  return 0;
}

/* "ajkg", version, type of samples, channels, sizes, and as the first command that file's header, literally. */
void read_shorten(AVCodecParameters *parameters, struct bits *header) {
  enum { UNSIGNED_8 = 2, SIGNED_16_BE = 3, SIGNED_16_LE = 5, MAX_CHANNELS = 8, LITERAL = 9, CAPACITY = 512 };
  uint8_t bytes[CAPACITY];
  if (!has_text(header, 0, "ajkg") || byte_at(header, 4) < 1) return;
  header->position = 5 * 8;
  unsigned type = read_sized(header), channels = read_sized(header);
  for (int i = 0; i < 3; i++) read_sized(header); /* of blocks, of the predictor, of means */
  unsigned skipped = read_sized(header);
  if (skipped > (unsigned)header->size) return;
  skip_bits(header, (int)skipped * 8);
  if (overrun(header) || !channels || channels > MAX_CHANNELS) return;
  if (read_rice(header, 2) != LITERAL) return;
  unsigned size = read_rice(header, 5);
  if (size > CAPACITY) size = CAPACITY;
  for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)read_rice(header, 8);
  struct bits file = bits_of(bytes, (int)size);
  unsigned rate = rate_in(&file);
  if (overrun(header) || !rate || rate > INT32_MAX) return;
  set_channels(parameters, (int)channels);
  parameters->sample_rate = (int)rate;
  if (type == UNSIGNED_8) parameters->format = AV_SAMPLE_FMT_U8P;
  if (type == SIGNED_16_BE || type == SIGNED_16_LE) parameters->format = AV_SAMPLE_FMT_S16P;
}
