/* floor 4 */
/*
 * dolby.c - AC-3, E-AC-3 and TrueHD: channels, sample rate, and whether the stream has Atmos.
 */
#include <libavutil/channel_layout.h>

#include "../compat.h"
#include "readers.h"

enum { ATMOS = 30 }; /* the profile, of E-AC-3 and TrueHD */

/* ---------------------------------------------------------------------------------------- AC-3 and E-AC-3 */

enum kind { INDEPENDENT, DEPENDENT, CONVERTED };
enum { STEREO = 2, MAX_AC3 = 10, MAX_EAC3 = 16 };

static void skip_if_present(struct bits *bits, int count) {
  if (read_bit(bits)) skip_bits(bits, count);
}

/* Mixing levels: for a downmix, and for mixing with other streams. */
static void skip_mixing(struct bits *bits, enum kind kind, unsigned mode, bool lfe, int blocks) {
  if (!read_bit(bits)) return;
  int programs = mode ? 1 : 2;
  if (mode > STEREO) skip_bits(bits, 2 + (mode & 1 ? 6 : 0) + (mode & 4 ? 6 : 0));
  if (lfe) skip_if_present(bits, 5);
  if (kind != INDEPENDENT) return;
  for (int i = 0; i < programs + 1; i++) skip_if_present(bits, 6);
  switch (read_bits(bits, 2)) {
  case 1: skip_bits(bits, 5); break;
  case 2: skip_bits(bits, 12); break;
  case 3: skip_bits(bits, (int)(read_bits(bits, 5) + 2) * 8); break;
  }
  for (int i = 0; i < programs && mode < STEREO; i++) skip_if_present(bits, 14);
  if (!read_bit(bits)) return;
  for (int i = 0; i < blocks; i++)
    if (blocks == 1 || read_bit(bits)) skip_bits(bits, 5);
}

static void skip_information(struct bits *bits, unsigned mode, bool reduced_rate) {
  if (!read_bit(bits)) return;
  skip_bits(bits, 5 + (mode == STEREO ? 4 : 0) + (mode >= 6 ? 2 : 0));
  for (int i = 0; i < (mode ? 1 : 2); i++) skip_if_present(bits, 8);
  if (!reduced_rate) skip_bits(bits, 1);
}

/* The marker of Atmos is at the very end of an E-AC-3 frame's header. */
static bool has_atmos(struct bits bits) {
  static const uint8_t counts[] = {1, 2, 3, 6};
  bits.position = 16;
  enum kind kind = (enum kind)read_bits(&bits, 2);
  skip_bits(&bits, 3 + 11);
  bool reduced_rate = read_bits(&bits, 2) == 3;
  unsigned count = read_bits(&bits, 2), mode = read_bits(&bits, 3);
  int blocks = reduced_rate ? 6 : counts[count];
  bool lfe = read_bit(&bits);
  skip_bits(&bits, 5);
  for (int i = 0; i < (mode ? 1 : 2); i++) {
    skip_bits(&bits, 5);
    skip_if_present(&bits, 8);
  }
  if (kind == DEPENDENT) skip_if_present(&bits, 16);
  skip_mixing(&bits, kind, mode, lfe, blocks);
  skip_information(&bits, mode, reduced_rate);
  if (kind == INDEPENDENT && blocks != 6) skip_bits(&bits, 1);
  if (kind == CONVERTED && (blocks == 6 || read_bit(&bits))) skip_bits(&bits, 6);
  if (!read_bit(&bits)) return false;
  skip_bits(&bits, 6 + 7);
  return read_bit(&bits) && !overrun(&bits);
}

/* A packet of E-AC-3 has several frames: the marker may be in any of them. */
void read_atmos(AVCodecParameters *parameters, struct bits *header) {
  enum { FRAMES = 16 * 6 }; /* the maximum of substreams, with frames of one block each */
  int place = 0;
  for (int i = 0; i < FRAMES && place + 8 <= header->size && be16_at(header, place) == 0x0b77; i++) {
    int size = (int)(be16_at(header, place + 2) & 0x7ff) * 2 + 2;
    bool is_eac3 = byte_at(header, place + 5) >> 3 > MAX_AC3;
    if (is_eac3 && has_atmos(bits_of(header->data + place, header->size - place))) parameters->profile = ATMOS;
    place += size;
  }
}

/* AC-3's first frame, and E-AC-3's if it is the only one: further frames may add channels. */
void read_ac3(AVCodecParameters *parameters, struct bits *header) {
  static const uint64_t layouts[] = {AV_CH_LAYOUT_STEREO,   AV_CH_LAYOUT_MONO,    AV_CH_LAYOUT_STEREO, AV_CH_LAYOUT_SURROUND,
                                     AV_CH_LAYOUT_2_1,      AV_CH_LAYOUT_4POINT0, AV_CH_LAYOUT_2_2,    AV_CH_LAYOUT_5POINT0};
  static const int rates[] = {48000, 44100, 32000};
  unsigned version = byte_at(header, 5) >> 3, rate = byte_at(header, 4) >> 6, mode, lfe;
  if (header->size < 8 || be16_at(header, 0) != 0x0b77 || rate == 3 || version > MAX_EAC3) return;
  if (version > MAX_AC3) {
    int frame = (int)(be16_at(header, 2) & 0x7ff) * 2 + 2;
    if (byte_at(header, 2) >> 6 || frame != header->size) return;
    mode = byte_at(header, 4) >> 1 & 7;
    lfe = byte_at(header, 4) & 1;
  } else {
    header->position = 6 * 8;
    mode = read_bits(header, 3);
    if (mode & 1 && mode != 1) skip_bits(header, 2);
    if (mode & 4) skip_bits(header, 2);
    if (mode == 2) skip_bits(header, 2);
    lfe = read_bit(header);
  }
  parameters->sample_rate = rates[rate] >> (version > 8 && version <= MAX_AC3 ? version - 8 : 0);
  av_channel_layout_uninit(&parameters->ch_layout);
  av_channel_layout_from_mask(&parameters->ch_layout, layouts[mode] | (lfe ? AV_CH_LOW_FREQUENCY : 0));
}

/* ---------------------------------------------------------------------------------------- TrueHD */

/* A fourth substream of sixteen channels. */
void read_truehd(AVCodecParameters *parameters, struct bits *header) {
  enum { SYNC = 4, SUBSTREAMS = SYNC + 16, CHANNELS = SYNC + 17 };
  if (!has_text(header, SYNC, "\xf8\x72\x6f\xba")) return;
  if (byte_at(header, SUBSTREAMS) >> 4 == 4 && byte_at(header, CHANNELS) & 0x80) parameters->profile = ATMOS;
}
