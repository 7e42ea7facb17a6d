/* floor 4 */
/*
 * vvc.c - H.266: the pixel format, from a vvcC box or from the sequence parameter set before the first picture.
 */
#include <stdio.h>

#include "../compat.h"
#include "readers.h"

static enum AVPixelFormat format_of(unsigned chroma, unsigned depth) {
  static const char *const names[] = {"gray", "yuv420p", "yuv422p", "yuv444p"};
  return depth == 8 || depth == 10 || depth == 12 ? deeper(names[chroma & 3], (int)depth) : AV_PIX_FMT_NONE;
}

/* The vvcC box has the fields if its ptl_present_flag is set. */
static enum AVPixelFormat configured_format(struct bits *header) {
  skip_bits(header, 5 + 2);
  if (!read_bit(header)) return AV_PIX_FMT_NONE;
  skip_bits(header, 9 + 3 + 2);
  unsigned chroma = read_bits(header, 2);
  return format_of(chroma, read_bits(header, 3) + 8);
}

static void align(struct bits *bits) { skip_bits(bits, -bits->position & 7); }

static void skip_profile(struct bits *bits, unsigned sublayers) {
  enum { CONSTRAINTS = 71 };
  bool has_level[8] = {false};
  skip_bits(bits, 7 + 1 + 8 + 2);
  if (read_bit(bits)) {
    skip_bits(bits, CONSTRAINTS);
    skip_bits(bits, (int)read_bits(bits, 8));
  }
  align(bits);
  for (unsigned i = 0; i < sublayers; i++) has_level[i] = read_bit(bits);
  align(bits);
  for (unsigned i = 0; i < sublayers; i++)
    if (has_level[i]) skip_bits(bits, 8);
  skip_bits(bits, (int)read_bits(bits, 8) * 32);
}

/* None if the picture has subpictures: the bit depth comes after their fields, which are not parsed. */
static enum AVPixelFormat read_sps(struct bits *bits) {
  skip_bits(bits, 4 + 4);
  unsigned sublayers = read_bits(bits, 3), chroma = read_bits(bits, 2);
  skip_bits(bits, 2);
  if (read_bit(bits)) skip_profile(bits, sublayers);
  skip_bits(bits, 1);
  if (read_bit(bits)) skip_bits(bits, 1); /* reference pictures of other sizes */
  read_ue(bits);
  read_ue(bits);
  if (read_bit(bits))
    for (int i = 0; i < 4; i++) read_ue(bits); /* cropping */
  if (read_bit(bits)) return AV_PIX_FMT_NONE;
  unsigned depth = read_ue(bits) + 8;
  return overrun(bits) ? AV_PIX_FMT_NONE : format_of(chroma, depth);
}

/* The first sequence parameter set after a start code. */
static enum AVPixelFormat find_sps(const struct bits *header) {
  enum { SPS = 15, LARGEST = 512 };
  for (int i = 0; i + 5 < header->size; i++) {
    bool is_sps = be32_at(header, i) >> 8 == 1 && byte_at(header, i + 4) >> 3 == SPS;
    if (!is_sps) continue;
    uint8_t plain[LARGEST];
    struct bits bits = bits_of(plain, unescape_nal(plain, LARGEST, header->data + i + 5, header->size - i - 5));
    return read_sps(&bits);
  }
  return AV_PIX_FMT_NONE;
}

void read_vvc(AVCodecParameters *parameters, struct bits *header) {
  bool start_codes = be32_at(header, 0) == 1 || be32_at(header, 0) >> 8 == 1;
  if (parameters->format == AV_PIX_FMT_NONE) parameters->format = start_codes ? find_sps(header) : configured_format(header);
}
