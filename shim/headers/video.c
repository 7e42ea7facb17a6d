/* floor 4 */
/*
 * video.c - H.263, Flash's codecs, VP6, VP9, AV1, DV, ProRes, DNxHD, Theora, Dirac and lossless ones.
 */
#include <libavcodec/dirac.h>
#include <libavcodec/dv_profile.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/mem.h>

#include "../compat.h"
#include "readers.h"

/* ---------------------------------------------------------------------------------------- H.263 and its variants */

static const AVRational h263_aspects[] = {{0, 1}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}};
enum { ASPECTS = sizeof(h263_aspects) / sizeof(*h263_aspects) };

/* The picture's start code: 22 bits, aligned to a byte. */
static bool find_h263_picture(struct bits *header) {
  enum { LOOKED_AT = 64 };
  for (int i = 0; i < header->size - 2 && i < LOOKED_AT; i++) {
    if (header->data[i] || header->data[i + 1] || (header->data[i + 2] & 0xfc) != 0x80) continue;
    header->position = i * 8 + 22;
    return true;
  }
  return false;
}

/* PLUSPTYPE, the header of version 2: only key pictures have the size. */
static void read_h263_plus(AVCodecParameters *parameters, struct bits *header, const uint16_t (*sizes)[2]) {
  enum { CUSTOM = 6, EXTENDED_ASPECT = 15 };
  if (read_bits(header, 3) != 1) return;
  unsigned format = read_bits(header, 3);
  skip_bits(header, 15 + 9); /* modes, picture type */
  if (read_bit(header)) skip_bits(header, 2); /* continuous presence */
  if (format != CUSTOM) {
    set_picture(parameters, sizes[format & 7][0], sizes[format & 7][1], AV_PIX_FMT_YUV420P);
    return;
  }
  unsigned aspect = read_bits(header, 4), width = (read_bits(header, 9) + 1) * 4;
  skip_bits(header, 1);
  unsigned height = read_bits(header, 9) * 4;
  set_picture(parameters, width, height, AV_PIX_FMT_YUV420P);
  if (aspect == EXTENDED_ASPECT) {
    unsigned num = read_bits(header, 8);
    set_aspect(parameters, num, read_bits(header, 8));
  } else if (aspect < ASPECTS) {
    set_aspect(parameters, (unsigned)h263_aspects[aspect].num, (unsigned)h263_aspects[aspect].den);
  }
}

void read_h263(AVCodecParameters *parameters, struct bits *header) {
  enum { PLUS = 7 };
  static const uint16_t sizes[8][2] = {{0, 0}, {128, 96}, {176, 144}, {352, 288}, {704, 576}, {1408, 1152}};
  if (!find_h263_picture(header)) return;
  skip_bits(header, 8 + 5); /* temporal reference, marker bits, split screen and other flags */
  unsigned format = read_bits(header, 3);
  parameters->chroma_location = AVCHROMA_LOC_CENTER;
  if (format == PLUS) {
    read_h263_plus(parameters, header, sizes);
    return;
  }
  set_picture(parameters, sizes[format][0], sizes[format][1], AV_PIX_FMT_YUV420P);
  if (sizes[format][0]) set_aspect(parameters, 12, 11);
}

void read_sorenson(AVCodecParameters *parameters, struct bits *header) {
  static const uint16_t sizes[8][2] = {{0, 0}, {0, 0}, {352, 288}, {176, 144}, {128, 96}, {320, 240}, {160, 120}};
  if (read_bits(header, 17) != 1 || read_bits(header, 5) > 1) return;
  skip_bits(header, 8);
  unsigned format = read_bits(header, 3), width = sizes[format][0], height = sizes[format][1];
  if (format < 2) {
    width = read_bits(header, format ? 16 : 8);
    height = read_bits(header, format ? 16 : 8);
  }
  set_picture(parameters, width, height, AV_PIX_FMT_YUV420P);
}

/* ---------------------------------------------------------------------------------------- VP6, VP9 */

/* In Flash a byte of extradata has the cropping. */
void read_vp6(AVCodecParameters *parameters, struct bits *header) {
  bool alpha = parameters->codec_id == AV_CODEC_ID_VP6A;
  int place = alpha ? 3 : 0;
  if (byte_at(header, place) & 0x80) return; /* no key frame */
  bool longer = byte_at(header, place) & 1 || !(byte_at(header, place + 1) & 6);
  if (longer) place += 2;
  unsigned height = byte_at(header, place + 2) * 16, width = byte_at(header, place + 3) * 16;
  unsigned cut = parameters->extradata_size == 1 ? parameters->extradata[0] : 0;
  if (!width || !height) return;
  set_picture(parameters, width - (cut >> 4), height - (cut & 15), alpha ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUV420P);
}

static enum AVPixelFormat vp9_format(AVCodecParameters *parameters, struct bits *header, unsigned profile) {
  enum { RGB = 7 };
  static const enum AVColorSpace spaces[] = {AVCOL_SPC_UNSPECIFIED, AVCOL_SPC_BT470BG,    AVCOL_SPC_BT709,    AVCOL_SPC_SMPTE170M,
                                             AVCOL_SPC_SMPTE240M,   AVCOL_SPC_BT2020_NCL, AVCOL_SPC_RESERVED, AVCOL_SPC_RGB};
  int depth = profile < 2 ? 8 : read_bit(header) ? 12 : 10;
  unsigned space = read_bits(header, 3);
  if (spaces[space] != AVCOL_SPC_UNSPECIFIED) parameters->color_space = spaces[space];
  if (space == RGB) {
    parameters->color_range = AVCOL_RANGE_JPEG;
    return deeper("gbrp", depth);
  }
  parameters->color_range = read_bit(header) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  if (!(profile & 1)) return deeper("yuv420p", depth);
  bool half_width = read_bit(header), half_height = read_bit(header);
  return deeper(half_width ? "yuv422p" : half_height ? "yuv440p" : "yuv444p", depth);
}

void read_vp9(AVCodecParameters *parameters, struct bits *header) {
  enum { SYNC = 0x498342 };
  if (read_bits(header, 2) != 2) return;
  unsigned profile = read_bits(header, 1);
  profile |= read_bits(header, 1) << 1;
  if (profile == 3) profile += read_bits(header, 1);
  if (profile > 3 || read_bit(header) || read_bit(header)) return; /* a repeated frame, or no key frame */
  skip_bits(header, 2);
  if (read_bits(header, 24) != SYNC) return;
  parameters->profile = (int)profile;
  enum AVPixelFormat format = vp9_format(parameters, header, profile);
  if (profile & 1) skip_bits(header, 1);
  unsigned width = read_bits(header, 16) + 1;
  set_picture(parameters, width, read_bits(header, 16) + 1, format);
}

/* ---------------------------------------------------------------------------------------- AV1 */

static enum AVPixelFormat av1_format(int depth, bool gray, bool half_width, bool half_height) {
  if (gray) return deeper("gray", depth);
  return deeper(half_width ? half_height ? "yuv420p" : "yuv422p" : "yuv444p", depth);
}

/* uvlc(): zeros, a one, then as many bits as there were zeros. */
static void skip_uvlc(struct bits *bits) {
  int zeros = 0;
  while (zeros < 32 && !overrun(bits) && !read_bit(bits)) zeros++;
  skip_bits(bits, zeros < 32 ? zeros : 0);
}

/* Returns the level of the first operating point. */
static unsigned read_operating_points(struct bits *bits) {
  unsigned level = 0, delay_bits = 0;
  bool decoder_model = false;
  if (read_bit(bits)) { /* timing */
    skip_bits(bits, 64);
    if (read_bit(bits)) skip_uvlc(bits);
    decoder_model = read_bit(bits);
    if (decoder_model) {
      delay_bits = read_bits(bits, 5) + 1;
      skip_bits(bits, 32 + 10);
    }
  }
  bool display_delay = read_bit(bits);
  unsigned count = read_bits(bits, 5) + 1;
  for (unsigned i = 0; i < count; i++) {
    skip_bits(bits, 12);
    unsigned own = read_bits(bits, 5);
    if (!i) level = own;
    if (own > 7) skip_bits(bits, 1);
    if (decoder_model && read_bit(bits)) skip_bits(bits, (int)delay_bits * 2 + 1);
    if (display_delay && read_bit(bits)) skip_bits(bits, 4);
  }
  return level;
}

static void skip_av1_tools(struct bits *bits, bool reduced) {
  enum { CHOOSE = 2 };
  if (!reduced && read_bit(bits)) skip_bits(bits, 7); /* frame numbers */
  skip_bits(bits, 3);
  if (!reduced) {
    skip_bits(bits, 4);
    bool order = read_bit(bits);
    if (order) skip_bits(bits, 2);
    unsigned screen = read_bit(bits) ? CHOOSE : read_bits(bits, 1);
    if (screen && !read_bit(bits)) skip_bits(bits, 1);
    if (order) skip_bits(bits, 3);
  }
  skip_bits(bits, 3);
}

static void read_av1_color(AVCodecParameters *parameters, struct bits *bits, unsigned profile) {
  enum { PROFESSIONAL = 2 };
  bool high = read_bit(bits);
  int depth = profile == PROFESSIONAL && high ? read_bit(bits) ? 12 : 10 : high ? 10 : 8;
  bool gray = profile != 1 && read_bit(bits);
  unsigned primaries = AVCOL_PRI_UNSPECIFIED, transfer = AVCOL_TRC_UNSPECIFIED, matrix = AVCOL_SPC_UNSPECIFIED;
  if (read_bit(bits)) {
    primaries = read_bits(bits, 8);
    transfer = read_bits(bits, 8);
    matrix = read_bits(bits, 8);
    if (primaries != AVCOL_PRI_UNSPECIFIED) parameters->color_primaries = (enum AVColorPrimaries)primaries;
    if (transfer != AVCOL_TRC_UNSPECIFIED) parameters->color_trc = (enum AVColorTransferCharacteristic)transfer;
    if (matrix != AVCOL_SPC_UNSPECIFIED) parameters->color_space = (enum AVColorSpace)matrix;
  }
  bool rgb = !gray && primaries == AVCOL_PRI_BT709 && transfer == AVCOL_TRC_IEC61966_2_1 && matrix == AVCOL_SPC_RGB;
  parameters->color_range = rgb || read_bit(bits) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  bool half_width = !rgb && profile != 1, half_height = !rgb && profile == 0;
  if (!gray && profile == PROFESSIONAL && depth == 12) {
    half_width = read_bit(bits);
    half_height = half_width && read_bit(bits);
  }
  unsigned position = half_width && half_height && !gray ? read_bits(bits, 2) : 0;
  if (position) parameters->chroma_location = position == 1 ? AVCHROMA_LOC_LEFT : AVCHROMA_LOC_TOPLEFT;
  parameters->format = rgb ? deeper("gbrp", depth) : av1_format(depth, gray, half_width, half_height);
}

static void read_sequence(AVCodecParameters *parameters, struct bits bits) {
  unsigned profile = read_bits(&bits, 3), level;
  skip_bits(&bits, 1);
  bool reduced = read_bit(&bits);
  level = reduced ? read_bits(&bits, 5) : read_operating_points(&bits);
  int width_bits = (int)read_bits(&bits, 4) + 1, height_bits = (int)read_bits(&bits, 4) + 1;
  unsigned width = read_bits(&bits, width_bits) + 1, height = read_bits(&bits, height_bits) + 1;
  skip_av1_tools(&bits, reduced);
  if (overrun(&bits) || profile > 2) return;
  parameters->profile = (int)profile;
  parameters->level = (int)level;
  read_av1_color(parameters, &bits, profile);
  set_picture(parameters, width, height, (enum AVPixelFormat)parameters->format);
}

/* leb128(): up to eight bytes with seven bits each. */
static unsigned read_leb128(struct bits *bits) {
  unsigned value = 0;
  for (int i = 0; i < 8; i++) {
    unsigned byte = read_bits(bits, 8);
    if (i < 4) value |= (byte & 127) << (7 * i);
    if (!(byte & 128)) break;
  }
  return value;
}

/* Searches the OBUs for the sequence header. */
void read_av1(AVCodecParameters *parameters, struct bits *header) {
  enum { SEQUENCE = 1 };
  while (header->size - header->position / 8 > 1) {
    skip_bits(header, 1);
    unsigned kind = read_bits(header, 4);
    bool extended = read_bit(header), sized = read_bit(header);
    skip_bits(header, extended ? 9 : 1);
    unsigned left = (unsigned)(header->size - header->position / 8), size = sized ? read_leb128(header) : left;
    int place = header->position / 8;
    if (place >= header->size || size > (unsigned)(header->size - place)) return;
    if (kind == SEQUENCE) {
      read_sequence(parameters, bits_of(header->data + place, (int)size));
      return;
    }
    header->position = (place + (int)size) * 8;
  }
}

/* av1C: profile, level, and the sequence header; if that is missing here, the first packet has it. */
void read_av1_configuration(AVCodecParameters *parameters, struct bits *header) {
  if (header->size < 4 || header->data[0] != 0x81) return;
  if (parameters->profile == PROFILE_UNKNOWN) parameters->profile = header->data[1] >> 5;
  if (parameters->level == LEVEL_UNKNOWN) parameters->level = header->data[1] & 31;
  struct bits units = bits_of(header->data + 4, header->size - 4);
  read_av1(parameters, &units);
}

enum AVPixelFormat av1_configured_format(const AVCodecParameters *parameters) {
  if (parameters->extradata_size < 4 || parameters->extradata[0] != 0x81) return AV_PIX_FMT_NONE;
  unsigned bits = parameters->extradata[2];
  bool high = bits & 0x40, twelve = bits & 0x20, gray = bits & 0x10, half_width = bits & 8, half_height = bits & 4;
  return av1_format(high ? twelve ? 12 : 10 : 8, gray, half_width, half_height);
}

/* ---------------------------------------------------------------------------------------- DV, ProRes, DNxHD, Dirac */

void read_dv(AVCodecParameters *parameters, struct bits *header) {
  const AVDVProfile *profile = av_dv_frame_profile(NULL, header->data, (unsigned)header->size);
  if (!profile) return;
  set_picture(parameters, (unsigned)profile->width, (unsigned)profile->height, profile->pix_fmt);
  parameters->chroma_location = AVCHROMA_LOC_TOPLEFT;
  if (!parameters->bit_rate && profile->time_base.num)
    parameters->bit_rate = av_rescale(profile->frame_size * 8, profile->time_base.den, profile->time_base.num);
}

/* Its codec tag is the profile, in containers that have the tag. */
void read_prores_tag(AVCodecParameters *parameters, struct bits *header) {
  static const char tags[][5] = {"apco", "apcs", "apcn", "apch", "ap4h", "ap4x"}; /* by profile */
  (void)header;
  for (int i = 0; i < 6; i++)
    if (parameters->codec_tag == AV_RL32(tags[i]) && parameters->profile == PROFILE_UNKNOWN) parameters->profile = i;
}

void read_prores(AVCodecParameters *parameters, struct bits *header) {
  enum { FRAME = 8 };
  if (!has_text(header, 4, "icpf")) return;
  uint32_t tag = parameters->codec_tag;
  int depth = tag == MKTAG('a', 'p', '4', 'h') || tag == MKTAG('a', 'p', '4', 'x') ? 12 : 10;
  bool alpha = byte_at(header, FRAME + 17) & 15, whole = (byte_at(header, FRAME + 12) & 0xc0) == 0xc0;
  const char *format = whole ? alpha ? "yuva444p" : "yuv444p" : alpha ? "yuva422p" : "yuv422p";
  set_picture(parameters, be16_at(header, FRAME + 8), be16_at(header, FRAME + 10), deeper(format, depth));
  parameters->bits_per_raw_sample = depth;
  parameters->color_range = AVCOL_RANGE_MPEG;
  parameters->color_primaries = (enum AVColorPrimaries)byte_at(header, FRAME + 14);
  parameters->color_trc = (enum AVColorTransferCharacteristic)byte_at(header, FRAME + 15);
  parameters->color_space = (enum AVColorSpace)byte_at(header, FRAME + 16);
}

void read_dnxhd(AVCodecParameters *parameters, struct bits *header) {
  enum { FIRST_HR = 1270, LAST_HR = 1274 };
  static const uint8_t depths[8] = {0, 8, 10, 12};
  if (header->size < 0x280) return;
  int compression = (int)be32_at(header, 0x28), depth = depths[byte_at(header, 0x21) >> 5];
  bool interlaced = byte_at(header, 5) & 2, whole = byte_at(header, 0x2c) >> 6 & 1, rgb = !(byte_at(header, 0x2c) & 1);
  if (!depth) return;
  parameters->profile = compression >= FIRST_HR && compression <= LAST_HR ? LAST_HR - compression + 1 : 0;
  static const enum AVColorSpace spaces[] = {AVCOL_SPC_BT709, AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL, AVCOL_SPC_UNSPECIFIED};
  enum AVColorSpace space = spaces[byte_at(header, 0x2c) >> 1 & 3];
  if (parameters->color_space == AVCOL_SPC_UNSPECIFIED) parameters->color_space = space;
  parameters->bits_per_raw_sample = depth;
  unsigned height = be16_at(header, 0x18);
  if (!interlaced && parameters->height) parameters->height = (int)height; /* MXF has it rounded up to whole blocks */
  set_picture(parameters, be16_at(header, 0x1a), interlaced ? height * 2 : height,
              deeper(whole ? rgb ? "gbrp" : "yuv444p" : "yuv422p", depth));
}

void read_cfhd(AVCodecParameters *parameters, struct bits *header) {
  enum { ENCODED_FORMAT = 84, WIDTH = 20, HEIGHT = 21, TAGS = 100 };
  static const enum AVPixelFormat formats[] = {AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_BAYER_RGGB16,
                                               AV_PIX_FMT_GBRP12, AV_PIX_FMT_GBRAP12};
  unsigned format = 0, width = 0, height = 0;
  for (int i = 0; i < TAGS && i * 4 + 4 <= header->size; i++) {
    int tag = (int16_t)be16_at(header, i * 4);
    unsigned value = be16_at(header, i * 4 + 2);
    if (tag < 0) tag = -tag;
    if (tag == ENCODED_FORMAT) format = value;
    if (tag == WIDTH) width = value;
    if (tag == HEIGHT) height = value;
  }
  if (!width || format >= sizeof(formats) / sizeof(*formats)) return;
  set_picture(parameters, width, height, formats[format]);
  parameters->bits_per_raw_sample = format > 1 ? 12 : 10;
}

void read_dirac(AVCodecParameters *parameters, struct bits *header) {
  enum { PREFIX = 13 }; /* "BBCD", parse code, offsets */
  if (!has_text(header, 0, "BBCD") || byte_at(header, 4) || header->size <= PREFIX) return;
  AVDiracSeqHeader *sequence = NULL;
  if (av_dirac_parse_sequence_header(&sequence, header->data + PREFIX, (size_t)(header->size - PREFIX), NULL) < 0) return;
  set_picture(parameters, sequence->width, sequence->height, sequence->pix_fmt);
  parameters->profile = sequence->profile;
  parameters->level = sequence->level;
  parameters->color_range = sequence->color_range;
  parameters->color_primaries = sequence->color_primaries;
  parameters->color_trc = sequence->color_trc;
  parameters->color_space = sequence->colorspace;
  av_free(sequence);
}

/* ---------------------------------------------------------------------------------------- the rest */

/* Flash's screen video: size of the blocks, and of the picture. */
void read_screen(AVCodecParameters *parameters, struct bits *header) {
  skip_bits(header, 4);
  unsigned width = read_bits(header, 12);
  skip_bits(header, 4);
  set_picture(parameters, width, read_bits(header, 12), AV_PIX_FMT_BGR24);
}

/* The first of three headers, in any lacing. */
void read_theora(AVCodecParameters *parameters, struct bits *header) {
  enum { LOOKED_AT = 16 };
  static const enum AVPixelFormat formats[] = {AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P};
  int place = 0;
  while (place < LOOKED_AT && !has_text(header, place, "theora")) place++;
  if (place == LOOKED_AT) return;
  struct bits bits = *header;
  bits.position = (place + 6 + 3 + 4) * 8; /* the version, size in blocks */
  unsigned width = read_bits(&bits, 24), height = read_bits(&bits, 24);
  skip_bits(&bits, 16 + 64 + 48);
  unsigned colors = read_bits(&bits, 8);
  skip_bits(&bits, 24 + 6 + 5);
  set_picture(parameters, width, height, formats[read_bits(&bits, 2)]);
  parameters->chroma_location = AVCHROMA_LOC_CENTER;
  if (colors != 1 && colors != 2) return;
  parameters->color_primaries = colors == 1 ? AVCOL_PRI_BT470M : AVCOL_PRI_BT470BG;
  parameters->color_trc = AVCOL_TRC_BT709;
  parameters->color_space = AVCOL_SPC_BT470BG;
}

/* Three versions: bits per sample from the container, from a byte of extradata, or from three fields of it. */
void read_huffyuv(AVCodecParameters *parameters, struct bits *header) {
  int coded = parameters->bits_per_coded_sample;
  bool first = coded & 7 && coded != 12;
  unsigned bits = byte_at(header, 1) ? byte_at(header, 1) : (unsigned)coded & ~7u;
  if (first || !header->size) bits = (unsigned)coded & ~7u;
  if (first || !header->size || !byte_at(header, 3)) {
    if (coded == 12 || bits == 12) parameters->format = AV_PIX_FMT_YUV420P;
    else if (bits == 16) parameters->format = AV_PIX_FMT_YUV422P;
    else if (bits == 24) parameters->format = AV_PIX_FMT_0RGB32;
    else if (bits == 32) parameters->format = AV_PIX_FMT_RGB32;
    return;
  }
  static const char *const sampling[4][4] = {{"yuv444p", "yuv422p", "yuv411p"}, {"yuv440p", "yuv420p"}, {NULL, NULL, "yuv410p"}};
  int depth = (int)(byte_at(header, 1) >> 4) + 1;
  bool yuv = byte_at(header, 2) & 1, chroma = byte_at(header, 2) & 3, alpha = byte_at(header, 2) & 4;
  const char *name = sampling[byte_at(header, 1) >> 2 & 3][byte_at(header, 1) & 3];
  if (!chroma) name = "gray";
  else if (!yuv) name = alpha ? "gbrap" : "gbrp";
  char with_alpha[16] = "yuva";
  if (name && yuv && chroma && alpha) {
    for (int i = 3; i < 8; i++) with_alpha[i + 1] = name[i];
    name = with_alpha;
  }
  parameters->format = name ? deeper(name, depth) : AV_PIX_FMT_NONE;
}

void read_magicyuv(AVCodecParameters *parameters, struct bits *header) {
  static const struct {
    uint8_t code, depth;
    const char *name;
  } formats[] = {{0x65, 8, "gbrp"},      {0x66, 8, "gbrap"},     {0x67, 8, "yuv444p"}, {0x68, 8, "yuv422p"}, {0x69, 8, "yuv420p"},
                 {0x6a, 8, "yuva444p"},  {0x6b, 8, "gray"},      {0x6c, 10, "yuv422p"}, {0x76, 10, "yuv444p"}, {0x6d, 10, "gbrp"},
                 {0x6e, 10, "gbrap"},    {0x6f, 12, "gbrp"},     {0x70, 12, "gbrap"},  {0x71, 14, "gbrp"},    {0x72, 14, "gbrap"},
                 {0x73, 10, "gray"},     {0x7b, 10, "yuv420p"}};
  if (!has_text(header, 0, "MAGY")) return;
  for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
    if (formats[i].code == byte_at(header, 9)) parameters->format = deeper(formats[i].name, formats[i].depth);
}

void read_zmbv(AVCodecParameters *parameters, struct bits *header) {
  static const enum AVPixelFormat formats[] = {AV_PIX_FMT_PAL8,     AV_PIX_FMT_RGB555LE, AV_PIX_FMT_RGB565LE,
                                               AV_PIX_FMT_BGR24, AV_PIX_FMT_BGR0};
  unsigned format = byte_at(header, 4);
  bool key = byte_at(header, 0) & 1;
  if (key && format >= 4 && format < 4 + sizeof(formats) / sizeof(*formats)) parameters->format = formats[format - 4];
}
