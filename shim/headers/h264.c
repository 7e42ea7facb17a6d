/* floor 4 */
/*
 * h264.c - H.264: reads the sequence parameter set in extradata.
 */
#include <string.h>

#include "bits.h"
#include "readers.h"

static void skip_scaling_list(struct bits *bits, int size) {
  int last = 8, next = 8;
  for (int i = 0; i < size && !overrun(bits); i++) {
    if (next) next = (int)(((unsigned)last + (unsigned)read_se(bits)) & 0xff);
    last = next ? next : last;
  }
}

static void skip_scaling_matrix(struct bits *bits, unsigned chroma) {
  if (!read_bits(bits, 1)) return;
  for (int i = 0; i < (chroma == 3 ? 12 : 8); i++)
    if (read_bits(bits, 1)) skip_scaling_list(bits, i < 6 ? 16 : 64);
}

static void skip_picture_order(struct bits *bits) {
  unsigned type = read_ue(bits);
  if (type == 0) read_ue(bits);
  if (type != 1) return;
  read_bits(bits, 1);
  read_se(bits);
  read_se(bits);
  for (unsigned i = read_ue(bits); i > 0 && !overrun(bits); i--) read_se(bits);
}

static bool skip_hrd(struct bits *bits) {
  if (!read_bits(bits, 1)) return false;
  unsigned count = read_ue(bits) + 1;
  read_bits(bits, 8);
  for (; count > 0 && !overrun(bits); count--) {
    read_ue(bits);
    read_ue(bits);
    read_bits(bits, 1);
  }
  read_bits(bits, 20);
  return true;
}

/* The fields of a sequence parameter set that are used here. */
struct sps {
  unsigned width, height, chroma, depth;
  AVRational aspect;
  enum AVColorRange range;
  unsigned primaries, transfer, matrix;
  enum AVChromaLocation location;
  int reorder; /* frames; -1: unknown */
};

/* Size in blocks, minus the cropping; both stay 0 if nothing is left. */
static void read_picture_size(struct bits *bits, struct sps *sps) {
  enum { BLOCK = 16, MAX_BLOCKS = 1 << 12 };
  read_ue(bits);      /* reference frames */
  read_bits(bits, 1); /* gaps in frame numbers */
  unsigned width = read_ue(bits) + 1, height = read_ue(bits) + 1, frames = read_bits(bits, 1);
  if (!frames) read_bits(bits, 1); /* mb_adaptive_frame_field */
  read_bits(bits, 1);              /* direct 8x8 inference */
  unsigned cut[4] = {0};
  if (read_bits(bits, 1))
    for (int i = 0; i < 4; i++) cut[i] = read_ue(bits);
  unsigned cut_width = (cut[0] + cut[1]) * (sps->chroma == 1 || sps->chroma == 2 ? 2 : 1);
  unsigned cut_height = (cut[2] + cut[3]) * (sps->chroma == 1 ? 2 : 1) * (2 - frames);
  if (width > MAX_BLOCKS || height > MAX_BLOCKS || cut_width / BLOCK >= width || cut_height / BLOCK >= height * (2 - frames)) return;
  sps->width = width * BLOCK - cut_width;
  sps->height = height * BLOCK * (2 - frames) - cut_height;
}

static AVRational read_aspect(struct bits *bits) {
  static const uint8_t ratios[][2] = {{0, 1},   {1, 1},   {12, 11}, {10, 11}, {16, 11}, {40, 33},
                                      {24, 11}, {20, 11}, {32, 11}, {80, 33}, {18, 11}, {15, 11},
                                      {64, 33}, {160, 99}, {4, 3},  {3, 2},   {2, 1}};
  enum { EXTENDED = 255, KNOWN = sizeof(ratios) / sizeof(*ratios) };
  unsigned index = read_bits(bits, 8);
  if (index < KNOWN) return (AVRational){ratios[index][0], ratios[index][1]};
  if (index != EXTENDED) return (AVRational){0, 1};
  int num = (int)read_bits(bits, 16), den = (int)read_bits(bits, 16);
  return (AVRational){num, den ? den : 1};
}

static void read_color(struct bits *bits, struct sps *sps) {
  read_bits(bits, 3);
  sps->range = read_bits(bits, 1) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  if (!read_bits(bits, 1)) return;
  sps->primaries = read_bits(bits, 8);
  sps->transfer = read_bits(bits, 8);
  sps->matrix = read_bits(bits, 8);
}

static void read_usability(struct bits *bits, struct sps *sps) {
  if (read_bits(bits, 1)) sps->aspect = read_aspect(bits);
  if (read_bits(bits, 1)) read_bits(bits, 1); /* overscan */
  if (read_bits(bits, 1)) read_color(bits, sps);
  if (read_bits(bits, 1)) {
    sps->location = (enum AVChromaLocation)(read_ue(bits) + 1);
    read_ue(bits);
  }
  if (read_bits(bits, 1)) read_bits(bits, 32), read_bits(bits, 32), read_bits(bits, 1); /* timing */
  bool nal = skip_hrd(bits), vcl = skip_hrd(bits);
  if (nal || vcl) read_bits(bits, 1);
  read_bits(bits, 1);
  if (!read_bits(bits, 1)) return;
  read_bits(bits, 1);
  for (int i = 0; i < 4; i++) read_ue(bits);
  sps->reorder = (int)read_ue(bits);
}

static bool has_chroma_fields(unsigned profile) {
  static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  return memchr(profiles, (int)profile, sizeof(profiles)) != NULL;
}

static bool read_sps(const uint8_t *nal, int size, struct sps *sps) {
  enum { LARGEST = 1024 };
  uint8_t plain[LARGEST];
  struct bits bits = bits_of(plain, unescape_nal(plain, LARGEST, nal + 1, size - 1)); /* without the header of the NAL unit */
  *sps = (struct sps){.chroma = 1, .depth = 8, .aspect = {0, 1}, .primaries = 2, .transfer = 2, .matrix = 2,
                      .location = AVCHROMA_LOC_LEFT, .reorder = -1};
  unsigned profile = read_bits(&bits, 8);
  read_bits(&bits, 16);
  read_ue(&bits);
  if (has_chroma_fields(profile)) {
    sps->chroma = read_ue(&bits);
    if (sps->chroma == 3) read_bits(&bits, 1);
    sps->depth = read_ue(&bits) + 8;
    read_ue(&bits);
    read_bits(&bits, 1);
    skip_scaling_matrix(&bits, sps->chroma);
  }
  read_ue(&bits);
  skip_picture_order(&bits);
  read_picture_size(&bits, sps);
  if (read_bits(&bits, 1)) read_usability(&bits, sps);
  return !overrun(&bits) && sps->chroma <= 3 && sps->depth <= 14;
}

static enum AVPixelFormat pixel_format_of(const struct sps *sps) {
  bool full = sps->range == AVCOL_RANGE_JPEG, rgb = sps->matrix == AVCOL_SPC_RGB;
  bool wide = sps->chroma == 2, whole = sps->chroma == 3;
  switch (sps->depth) {
  case 8:
    if (whole) return rgb ? AV_PIX_FMT_GBRP : full ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUV444P;
    if (wide) return full ? AV_PIX_FMT_YUVJ422P : AV_PIX_FMT_YUV422P;
    return full ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  case 9:
    if (whole) return rgb ? AV_PIX_FMT_GBRP9 : AV_PIX_FMT_YUV444P9;
    return wide ? AV_PIX_FMT_YUV422P9 : AV_PIX_FMT_YUV420P9;
  case 10:
    if (whole) return rgb ? AV_PIX_FMT_GBRP10 : AV_PIX_FMT_YUV444P10;
    return wide ? AV_PIX_FMT_YUV422P10 : AV_PIX_FMT_YUV420P10;
  case 12:
    if (whole) return rgb ? AV_PIX_FMT_GBRP12 : AV_PIX_FMT_YUV444P12;
    return wide ? AV_PIX_FMT_YUV422P12 : AV_PIX_FMT_YUV420P12;
  case 14:
    if (whole) return rgb ? AV_PIX_FMT_GBRP14 : AV_PIX_FMT_YUV444P14;
    return wide ? AV_PIX_FMT_YUV422P14 : AV_PIX_FMT_YUV420P14;
  }
  return AV_PIX_FMT_NONE;
}

/* The first sequence parameter set after a start code. */
static bool find_started_sps(const struct bits *header, struct sps *sps) {
  enum { SPS = 7 };
  for (int i = 0; i + 8 < header->size; i++)
    if (be32_at(header, i) >> 8 == 1 && (byte_at(header, i + 3) & 31) == SPS)
      return read_sps(header->data + i + 3, header->size - i - 3, sps);
  return false;
}

/* The first sequence parameter set of an avcC box, or of NAL units with start codes, which some write there. */
static bool find_sps(const struct bits *header, struct sps *sps) {
  if (be32_at(header, 0) == 1 || be32_at(header, 0) >> 8 == 1) return find_started_sps(header, sps);
  if (header->size < 8 || header->data[0] != 1 || !(header->data[5] & 0x1f)) return false;
  int size = (int)be16_at(header, 6);
  return size > 4 && size <= header->size - 8 && read_sps(header->data + 8, size, sps);
}

/* Size and colours of the stream replace those of the container. */
void read_h264(AVCodecParameters *parameters, struct bits *header) {
  struct sps sps;
  if (!find_sps(header, &sps)) return;
  if (sps.width && sps.height) {
    parameters->width = (int)sps.width;
    parameters->height = (int)sps.height;
  }
  parameters->format = pixel_format_of(&sps);
  parameters->bits_per_raw_sample = (int)sps.depth;
  parameters->chroma_location = sps.location;
  if (sps.reorder > parameters->video_delay && sps.reorder <= 16) parameters->video_delay = sps.reorder;
  if (!parameters->sample_aspect_ratio.num) parameters->sample_aspect_ratio = sps.aspect;
  if (sps.range != AVCOL_RANGE_UNSPECIFIED) parameters->color_range = sps.range;
  if (sps.primaries != AVCOL_PRI_UNSPECIFIED) parameters->color_primaries = (enum AVColorPrimaries)sps.primaries;
  if (sps.transfer != AVCOL_TRC_UNSPECIFIED) parameters->color_trc = (enum AVColorTransferCharacteristic)sps.transfer;
  if (sps.matrix != AVCOL_SPC_UNSPECIFIED) parameters->color_space = (enum AVColorSpace)sps.matrix;
}
