/* floor 4 */
/*
 * dts.c - DTS: the core frame, and the extension substream after it or instead of it, which shows whether a stream is
 * DTS-HD, lossless, or Express. Parts of the substream are found by their sync words, since tables lie before them.
 */
#include <libavutil/channel_layout.h>

#include "../compat.h"
#include "readers.h"

enum { CORE = 0x7ffe8001, SUBSTREAM = 0x64582025, EXPRESS = 0x0a801921, LOSSLESS = 0x41a29547, OBJECTS = 0x02000850 };
enum { MORE_CHANNELS = 0x47004a03, MORE_RATE = 0x1d95f262, MORE_BITS = 0x655e315e };
#define OBJECTS_IMAX 0xf14000d0u
enum profile { DTS = 20, DTS_ES = 30, DTS_96_24 = 40, DTS_HD_HRA = 50, DTS_HD_MA = 60, DTS_HD_MA_X, DTS_HD_MA_IMAX, DTS_EXPRESS = 70 };

static void set_mask(AVCodecParameters *parameters, uint64_t mask) {
  av_channel_layout_uninit(&parameters->ch_layout);
  av_channel_layout_from_mask(&parameters->ch_layout, mask);
}

/* ---------------------------------------------------------------------------------------- the core */

/* Big-endian only, as in files. Returns the offset of its end, 0 if there is no core. */
static int read_core(AVCodecParameters *parameters, struct bits *header) {
  enum { AMODES = 10 };
  static const uint8_t channels[AMODES] = {1, 2, 2, 2, 2, 3, 3, 4, 4, 5};
  static const uint64_t masks[AMODES] = {AV_CH_LAYOUT_MONO,    AV_CH_LAYOUT_STEREO, AV_CH_LAYOUT_STEREO,  AV_CH_LAYOUT_STEREO, AV_CH_LAYOUT_STEREO,
                                         AV_CH_LAYOUT_SURROUND, AV_CH_LAYOUT_2_1,   AV_CH_LAYOUT_4POINT0, AV_CH_LAYOUT_2_2,    AV_CH_LAYOUT_5POINT0};
  static const int rates[16] = {0, 8000, 16000, 32000, 0, 0, 11025, 22050, 44100, 0, 0, 12000, 24000, 48000};
  static const int bit_rates[] = {32000,   56000,   64000,   96000,   112000,  128000,  192000,  224000,
                                  256000,  320000,  384000,  448000,  512000,  576000,  640000,  768000,
                                  896000,  1024000, 1152000, 1280000, 1344000, 1408000, 1411200, 1472000,
                                  1536000, 1920000, 2048000, 3072000, 3840000};
  static const enum profile extensions[8] = {DTS_ES, DTS, DTS_96_24, DTS, DTS, DTS, DTS_ES, DTS};
  enum { BIT_RATES = sizeof(bit_rates) / sizeof(*bit_rates) };
  if (read_bits(header, 32) != CORE) return 0;
  skip_bits(header, 1 + 5 + 1 + 7);
  unsigned size = read_bits(header, 14) + 1, amode = read_bits(header, 6), rate = read_bits(header, 4), bit_rate = read_bits(header, 5);
  skip_bits(header, 1 + 4); /* dynamic range, time stamp and other flags */
  unsigned kind = read_bits(header, 3);
  bool extended = read_bit(header);
  skip_bits(header, 1);
  bool lfe = read_bits(header, 2);
  bool whole = !extended && size >= (unsigned)header->size;
  parameters->format = AV_SAMPLE_FMT_FLTP;
  if (rates[rate]) parameters->sample_rate = rates[rate] << (extended && extensions[kind] == DTS_96_24);
  if (whole && bit_rate < BIT_RATES) parameters->bit_rate = bit_rates[bit_rate];
  if (parameters->profile == PROFILE_UNKNOWN) parameters->profile = extended ? extensions[kind] : DTS;
  if (amode < AMODES && parameters->ch_layout.nb_channels <= channels[amode] + lfe)
    set_mask(parameters, masks[amode] | (lfe ? AV_CH_LOW_FREQUENCY : 0));
  return (int)(size + 3) & ~3;
}

/* ---------------------------------------------------------------------------------------- the extension substream */

/* The offset of a sync word from `place` on; -1: not found. */
static int find_word(const struct bits *header, int place, unsigned word, int step) {
  for (; place + 4 <= header->size; place += step)
    if (be32_at(header, place) == word) return place;
  return -1;
}

/* Each bit of the speaker mask is a pair of speakers, or one. */
static uint64_t mask_of_speakers(unsigned speakers) {
  enum { FRONT_WIDE = 1 << 10, FIVE = 7, LFE = 8 };
  static const uint64_t masks[] = {
      AV_CH_FRONT_CENTER, AV_CH_LAYOUT_STEREO, AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT, AV_CH_LOW_FREQUENCY, AV_CH_BACK_CENTER,
      AV_CH_TOP_FRONT_LEFT | AV_CH_TOP_FRONT_RIGHT, AV_CH_BACK_LEFT | AV_CH_BACK_RIGHT, AV_CH_TOP_FRONT_CENTER, AV_CH_TOP_CENTER,
      AV_CH_FRONT_LEFT_OF_CENTER | AV_CH_FRONT_RIGHT_OF_CENTER, AV_CH_FRONT_LEFT_OF_CENTER | AV_CH_FRONT_RIGHT_OF_CENTER,
      AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT};
  uint64_t mask = 0;
  for (unsigned i = 0; i < sizeof(masks) / sizeof(*masks); i++)
    if (speakers >> i & 1) mask |= masks[i];
  if ((speakers & ~(unsigned)LFE) == (FRONT_WIDE | FIVE))
    mask ^= AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT | AV_CH_BACK_LEFT | AV_CH_BACK_RIGHT;
  return mask;
}

/* The header of the substream and of the only asset in it. */
struct asset {
  int end; /* of the header, in bytes */
  int bits, rate;
  uint64_t mask;
};

static void skip_mixes(struct bits *header) {
  if (!read_bit(header)) return;
  skip_bits(header, 2);
  int speaker_bits = (int)(read_bits(header, 2) + 1) * 4, count = (int)read_bits(header, 2) + 1;
  skip_bits(header, speaker_bits * count);
}

static void read_asset(struct bits *header, struct asset *asset) {
  static const int rates[16] = {8000,  16000, 32000, 64000, 128000, 22050, 44100, 88200, 176400, 352800, 12000, 24000, 48000, 96000, 192000, 384000};
  skip_bits(header, 9 + 3);
  if (read_bit(header)) skip_bits(header, 4);
  if (read_bit(header)) skip_bits(header, 24);
  if (read_bit(header)) skip_bits(header, (int)(read_bits(header, 10) + 1) * 8);
  asset->bits = (int)read_bits(header, 5) + 1;
  asset->rate = rates[read_bits(header, 4)];
  unsigned channels = read_bits(header, 8) + 1;
  if (!read_bit(header)) return; /* no mapping of channels to speakers */
  if (channels > 2) skip_bits(header, 1);
  if (channels > 6) skip_bits(header, 1);
  if (read_bit(header)) asset->mask = mask_of_speakers(read_bits(header, ((int)read_bits(header, 2) + 1) * 4));
}

/* False for several presentations or assets: it is not known which of them would be played. */
static bool read_substream(struct bits *header, int place, struct asset *asset) {
  *asset = (struct asset){0};
  header->position = (place + 5) * 8;
  int index = (int)read_bits(header, 2);
  bool wide = read_bit(header);
  asset->end = place + (int)read_bits(header, wide ? 12 : 8) + 1;
  int size_bits = wide ? 20 : 16;
  skip_bits(header, size_bits);
  if (!read_bit(header)) return true; /* no static fields */
  skip_bits(header, 5);
  if (read_bit(header)) skip_bits(header, 36);
  if (read_bits(header, 6)) return false;
  for (unsigned active = read_bits(header, index + 1); active; active >>= 1)
    if (active & 1) skip_bits(header, 8);
  skip_mixes(header);
  skip_bits(header, size_bits);
  read_asset(header, asset);
  return !overrun(header);
}

static void take_lossless(AVCodecParameters *parameters, const struct bits *header, int place, const struct asset *asset) {
  bool imax = find_word(header, place, OBJECTS_IMAX, 4) >= 0 || find_word(header, place, OBJECTS_IMAX | 1, 4) >= 0;
  parameters->profile = imax ? DTS_HD_MA_IMAX : find_word(header, place, OBJECTS, 4) >= 0 ? DTS_HD_MA_X : DTS_HD_MA;
  if (!asset->bits) return;
  parameters->bits_per_raw_sample = asset->bits <= 16 ? 16 : 24;
  parameters->format = asset->bits <= 16 ? AV_SAMPLE_FMT_S16P : AV_SAMPLE_FMT_S32P;
  parameters->sample_rate = asset->rate;
  if (asset->mask) set_mask(parameters, asset->mask);
}

/* DTS Express (low bit rate) has a header of its own. */
static void take_express(AVCodecParameters *parameters, const struct bits *header, int place) {
  enum { WITH_HEADER = 2, LFE = 2 };
  static const uint64_t masks[8] = {0, AV_CH_LAYOUT_MONO, AV_CH_LAYOUT_STEREO, AV_CH_LAYOUT_SURROUND, AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT,
                                    AV_CH_FRONT_CENTER | AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT, AV_CH_LAYOUT_2_2, AV_CH_LAYOUT_5POINT0};
  static const int rates[] = {8000, 16000, 32000, 0, 0, 22050, 44100, 0, 0, 0, 12000, 24000, 48000};
  parameters->profile = DTS_EXPRESS;
  parameters->format = AV_SAMPLE_FMT_FLTP;
  unsigned rate = byte_at(header, place + 5);
  uint64_t mask = masks[le16_at(header, place + 6) & 7];
  if (byte_at(header, place + 4) != WITH_HEADER || !mask || rate >= sizeof(rates) / sizeof(*rates) || !rates[rate]) return;
  parameters->sample_rate = rates[rate];
  set_mask(parameters, mask | (byte_at(header, place + 10) & LFE ? AV_CH_LOW_FREQUENCY : 0));
}

void read_dts(AVCodecParameters *parameters, struct bits *header) {
  int place = read_core(parameters, header);
  struct asset asset;
  if (be32_at(header, place) != SUBSTREAM || !read_substream(header, place, &asset)) return;
  int lossless = find_word(header, asset.end, LOSSLESS, 1), express = find_word(header, asset.end, EXPRESS, 1);
  bool more = find_word(header, asset.end, MORE_CHANNELS, 1) >= 0 || find_word(header, asset.end, MORE_RATE, 1) >= 0 ||
              find_word(header, asset.end, MORE_BITS, 1) >= 0;
  if (lossless >= 0) take_lossless(parameters, header, lossless, &asset);
  else if (express >= 0) take_express(parameters, header, express);
  else if (more) parameters->profile = DTS_HD_HRA;
}
