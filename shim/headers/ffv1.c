/* floor 4 */
/*
 * ffv1.c - FFV1: its header is range coded, as its pictures are. It is in extradata, before version 2 in the first packet.
 */
#include <string.h>

#include "../compat.h"
#include "readers.h"

/* The range decoder of RFC 9043. */
struct ranges {
  struct bits *source;
  unsigned low, range;
  uint8_t zero[256], one[256]; /* the next state, after each bit */
};

enum { SYMBOL_STATES = 32, FIRST_STATE = 128, LARGEST_STATE = 256 - 8 };

static unsigned next_byte(struct ranges *ranges) { return read_bits(ranges->source, 8); }

static int probable(int64_t chance) { return (int)((256 * chance + ((int64_t)1 << 31)) >> 32); }

static void fill_states(struct ranges *ranges) {
  const int64_t one = (int64_t)1 << 32, factor = (int64_t)(0.05 * (double)one);
  int64_t chance = one / 2;
  for (int i = 0, last = 0; i < 128; i++) {
    int state = probable(chance) > last ? probable(chance) : last + 1;
    if (last && last < 256 && state <= LARGEST_STATE) ranges->one[last] = (uint8_t)state;
    chance += ((one - chance) * factor + one / 2) >> 32;
    last = state;
  }
  for (int i = 256 - LARGEST_STATE; i <= LARGEST_STATE; i++) {
    if (ranges->one[i]) continue;
    chance = (i * one + 128) >> 8;
    chance += ((one - chance) * factor + one / 2) >> 32;
    int state = probable(chance) > i ? probable(chance) : i + 1;
    ranges->one[i] = (uint8_t)(state > LARGEST_STATE ? LARGEST_STATE : state);
  }
  for (int i = 1; i < 255; i++) ranges->zero[i] = (uint8_t)(256 - ranges->one[256 - i]);
}

static struct ranges ranges_of(struct bits *source) {
  struct ranges ranges = {.source = source, .range = 0xff00};
  fill_states(&ranges);
  ranges.low = next_byte(&ranges) << 8;
  ranges.low |= next_byte(&ranges);
  return ranges;
}

static bool read_coded_bit(struct ranges *ranges, uint8_t *state) {
  unsigned upper = ranges->range * *state >> 8;
  ranges->range -= upper;
  bool bit = ranges->low >= ranges->range;
  if (bit) {
    ranges->low -= ranges->range;
    ranges->range = upper;
  }
  *state = bit ? ranges->one[*state] : ranges->zero[*state];
  if (ranges->range < 0x100) {
    ranges->range <<= 8;
    ranges->low = ranges->low << 8 | next_byte(ranges);
  }
  return bit;
}

/* A symbol: the number of bits, the bits, the sign. */
static unsigned read_symbol(struct ranges *ranges, uint8_t *states, bool with_sign) {
  int size = 0;
  unsigned value = 1;
  if (read_coded_bit(ranges, states)) return 0;
  while (size < 31 && read_coded_bit(ranges, states + 1 + (size < 9 ? size : 9))) size++;
  for (int i = size - 1; i >= 0; i--) value = value << 1 | read_coded_bit(ranges, states + 22 + (i < 9 ? i : 9));
  if (with_sign) read_coded_bit(ranges, states + 11 + (size < 10 ? size : 10));
  return value;
}

static enum AVPixelFormat format_of(unsigned space, int bits, bool chroma, unsigned across, unsigned down, bool alpha) {
  enum { YUV, RGB };
  if (bits > 16 || space > RGB) return AV_PIX_FMT_NONE;
  if (space == RGB && bits <= 8) return alpha ? AV_PIX_FMT_RGB32 : AV_PIX_FMT_0RGB32;
  if (space == RGB) return deeper(alpha ? "gbrap" : "gbrp", bits);
  if (!chroma) return alpha ? AV_PIX_FMT_YA8 : deeper("gray", bits < 8 ? 8 : bits);
  static const char *const names[3][3][2] = {{{"yuv444p", "yuva444p"}, {"yuv440p"}},
                                             {{"yuv422p", "yuva422p"}, {"yuv420p", "yuva420p"}},
                                             {{"yuv411p"}, {NULL}, {"yuv410p"}}};
  const char *name = across < 3 && down < 3 ? names[across][down][alpha] : NULL;
  return name ? deeper(name, bits < 8 ? 8 : bits) : AV_PIX_FMT_NONE;
}

static void read_header(AVCodecParameters *parameters, struct ranges *ranges) {
  enum { CUSTOM_STATES = 2 };
  uint8_t states[SYMBOL_STATES];
  memset(states, FIRST_STATE, sizeof(states));
  unsigned version = read_symbol(ranges, states, false);
  if (version > 4) return;
  if (version > 2) read_symbol(ranges, states, false); /* micro_version */
  if (read_symbol(ranges, states, false) == CUSTOM_STATES)
    for (int i = 1; i < 256; i++) read_symbol(ranges, states, true);
  unsigned space = read_symbol(ranges, states, false);
  int bits = version ? (int)(read_symbol(ranges, states, false) & 63) : 8;
  bool chroma = read_coded_bit(ranges, states);
  unsigned across = read_symbol(ranges, states, false), down = read_symbol(ranges, states, false);
  bool alpha = read_coded_bit(ranges, states);
  if (overrun(ranges->source)) return;
  parameters->format = format_of(space, bits ? bits : 8, chroma, across, down, alpha);
  if (bits > 8) parameters->bits_per_raw_sample = bits;
}

void read_ffv1_extradata(AVCodecParameters *parameters, struct bits *header) {
  struct ranges ranges = ranges_of(header);
  if (header->size) read_header(parameters, &ranges);
}

/* The first bit of a frame is set in key frames, which have the header. */
void read_ffv1(AVCodecParameters *parameters, struct bits *header) {
  uint8_t key = FIRST_STATE;
  struct ranges ranges = ranges_of(header);
  if (!parameters->extradata_size && read_coded_bit(&ranges, &key)) read_header(parameters, &ranges);
}
