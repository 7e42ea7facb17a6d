/* floor 4 */
/*
 * images.c - still pictures: BMP, PCX, TIFF, JPEG 2000, OpenEXR and others that otherwise need a decoder.
 */
#include <stdio.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "../compat.h"
#include "readers.h"

/* ---------------------------------------------------------------------------------------- fixed fields */

static enum AVPixelFormat bmp_bitfields(const struct bits *header, int depth, bool alpha) {
  static const struct {
    int depth;
    uint32_t red, green, blue;
    enum AVPixelFormat format, with_alpha;
  } masks[] = {{32, 0xff000000, 0xff0000, 0xff00, AV_PIX_FMT_0BGR, AV_PIX_FMT_ABGR},
               {32, 0xff0000, 0xff00, 0xff, AV_PIX_FMT_BGR0, AV_PIX_FMT_BGRA},
               {32, 0xff00, 0xff0000, 0xff000000, AV_PIX_FMT_0RGB, AV_PIX_FMT_ARGB},
               {32, 0xff, 0xff00, 0xff0000, AV_PIX_FMT_RGB0, AV_PIX_FMT_RGBA},
               {16, 0xf800, 0x7e0, 0x1f, AV_PIX_FMT_RGB565, AV_PIX_FMT_RGB565},
               {16, 0x7c00, 0x3e0, 0x1f, AV_PIX_FMT_RGB555, AV_PIX_FMT_RGB555},
               {16, 0xf00, 0xf0, 0xf, AV_PIX_FMT_RGB444, AV_PIX_FMT_RGB444}};
  for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++)
    if (masks[i].depth == depth && masks[i].red == le32_at(header, 54) && masks[i].green == le32_at(header, 58) &&
        masks[i].blue == le32_at(header, 62))
      return alpha ? masks[i].with_alpha : masks[i].format;
  return AV_PIX_FMT_NONE;
}

void read_bmp(AVCodecParameters *parameters, struct bits *header) {
  enum { OLD = 12, BITFIELDS = 3 };
  if (!has_text(header, 0, "BM")) return;
  unsigned offset = le32_at(header, 10), size = le32_at(header, 14);
  bool old = size == OLD, palette = offset > size && offset - size > 14;
  int depth = (int)le16_at(header, old ? 24 : 28);
  int height = old ? (int)le16_at(header, 20) : (int)le32_at(header, 22);
  enum AVPixelFormat format = AV_PIX_FMT_NONE;
  if (!old && le32_at(header, 30) == BITFIELDS) format = bmp_bitfields(header, depth, size > 40 && le32_at(header, 66));
  else if (depth == 32) format = AV_PIX_FMT_BGRA;
  else if (depth == 16) format = AV_PIX_FMT_RGB555;
  if (depth == 24) format = AV_PIX_FMT_BGR24;
  if (depth <= 8) format = palette || depth < 8 ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_GRAY8;
  set_picture(parameters, old ? le16_at(header, 18) : le32_at(header, 18), (unsigned)(height < 0 ? -(int64_t)height : height), format);
}

void read_pcx(AVCodecParameters *parameters, struct bits *header) {
  if (byte_at(header, 0) != 10 || byte_at(header, 1) > 5) return;
  unsigned planes = byte_at(header, 65), bits = byte_at(header, 3);
  set_picture(parameters, le16_at(header, 8) - le16_at(header, 4) + 1, le16_at(header, 10) - le16_at(header, 6) + 1,
              planes == 3 && bits == 8 ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_PAL8);
  set_aspect(parameters, le16_at(header, 12), le16_at(header, 14));
}

void read_sgi(AVCodecParameters *parameters, struct bits *header) {
  if (be16_at(header, 0) != 474) return;
  bool wide = byte_at(header, 3) == 2;
  unsigned components = be16_at(header, 10);
  enum AVPixelFormat format = components == 1   ? wide ? AV_PIX_FMT_GRAY16BE : AV_PIX_FMT_GRAY8
                              : components == 3 ? wide ? AV_PIX_FMT_GBRP16BE : AV_PIX_FMT_GBRP
                                                : wide ? AV_PIX_FMT_GBRAP16BE : AV_PIX_FMT_GBRAP;
  set_picture(parameters, be16_at(header, 6), be16_at(header, 8), format);
}

void read_targa(AVCodecParameters *parameters, struct bits *header) {
  enum { RUNS = 8, GRAY = 3 };
  bool gray = (byte_at(header, 2) & ~RUNS) == GRAY;
  enum AVPixelFormat format = AV_PIX_FMT_NONE;
  switch (byte_at(header, 16)) {
  case 8: format = gray ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_PAL8; break;
  case 15:
  case 16: format = AV_PIX_FMT_RGB555LE; break;
  case 24: format = AV_PIX_FMT_BGR24; break;
  case 32: format = AV_PIX_FMT_BGRA; break;
  }
  if (format != AV_PIX_FMT_NONE) set_picture(parameters, le16_at(header, 12), le16_at(header, 14), format);
}

void read_sunrast(AVCodecParameters *parameters, struct bits *header) {
  enum { MAGIC = 0x59a66a95, RGB = 3 };
  if (be32_at(header, 0) != MAGIC) return;
  bool rgb = be32_at(header, 20) == RGB, map = be32_at(header, 28);
  enum AVPixelFormat format = map ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_NONE;
  unsigned depth = be32_at(header, 12);
  if (depth == 1 && !map) format = AV_PIX_FMT_MONOWHITE;
  if (depth == 8 && !map) format = AV_PIX_FMT_GRAY8;
  if (depth == 24) format = rgb ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_BGR24;
  if (depth == 32) format = rgb ? AV_PIX_FMT_0RGB : AV_PIX_FMT_0BGR;
  set_picture(parameters, be32_at(header, 4), be32_at(header, 8), format);
}

void read_qoi(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "qoif")) return;
  set_picture(parameters, be32_at(header, 4), be32_at(header, 8), byte_at(header, 12) == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24);
}

void read_alias(AVCodecParameters *parameters, struct bits *header) {
  unsigned bits = be16_at(header, 8);
  if (bits == 8 || bits == 24)
    set_picture(parameters, be16_at(header, 0), be16_at(header, 2), bits == 8 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_BGR24);
}

void read_xwd(AVCodecParameters *parameters, struct bits *header) {
  enum { STATIC_COLOR = 2, TRUE_COLOR = 4 };
  if (be32_at(header, 4) != 7) return;
  bool big = be32_at(header, 28) == 1, red_first = be32_at(header, 56) > be32_at(header, 64);
  unsigned depth = be32_at(header, 12), bits = be32_at(header, 44), visual = be32_at(header, 52);
  enum AVPixelFormat format = AV_PIX_FMT_NONE;
  if (visual < STATIC_COLOR) format = bits == 1 ? AV_PIX_FMT_MONOWHITE : AV_PIX_FMT_GRAY8;
  else if (visual < TRUE_COLOR) format = AV_PIX_FMT_PAL8;
  else if (bits == 24) format = red_first == big ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_BGR24;
  else if (bits == 32 && red_first) format = big ? AV_PIX_FMT_ARGB : AV_PIX_FMT_BGRA;
  else if (bits == 32) format = big ? AV_PIX_FMT_ABGR : AV_PIX_FMT_RGBA;
  else if (bits == 16 && red_first)
    format = depth == 15 ? big ? AV_PIX_FMT_RGB555BE : AV_PIX_FMT_RGB555LE : big ? AV_PIX_FMT_RGB565BE : AV_PIX_FMT_RGB565LE;
  else if (bits == 16)
    format = depth == 15 ? big ? AV_PIX_FMT_BGR555BE : AV_PIX_FMT_BGR555LE : big ? AV_PIX_FMT_BGR565BE : AV_PIX_FMT_BGR565LE;
  set_picture(parameters, be32_at(header, 16), be32_at(header, 20), format);
}

void read_dpx(AVCodecParameters *parameters, struct bits *header) {
  enum { SIZE = 0x304, DESCRIPTOR = 0x320, ASPECT = 0x65c, GRAY = 6, RGB = 50, RGBA = 51, ABGR = 52, UYVY = 100, YUV444 = 102 };
  bool big = has_text(header, 0, "SDPX");
  if (!big && !has_text(header, 0, "XPDS")) return;
  unsigned (*number_at)(const struct bits *, int) = big ? be32_at : le32_at;
  unsigned kind = byte_at(header, DESCRIPTOR), transfer = byte_at(header, DESCRIPTOR + 1);
  int depth = (int)byte_at(header, DESCRIPTOR + 3);
  enum AVPixelFormat format = AV_PIX_FMT_NONE;
  bool rgb = kind == RGB || kind == RGBA || kind == ABGR;
  if (kind == GRAY && depth <= 16) format = depth == 16 && big ? AV_PIX_FMT_GRAY16BE : deeper("gray", depth);
  if (kind == RGB) format = depth == 8 ? AV_PIX_FMT_RGB24 : depth == 16 ? big ? AV_PIX_FMT_RGB48BE : AV_PIX_FMT_RGB48LE : deeper("gbrp", depth);
  if (kind == RGBA) format = depth == 8 ? AV_PIX_FMT_RGBA : depth == 16 ? big ? AV_PIX_FMT_RGBA64BE : AV_PIX_FMT_RGBA64LE : deeper("gbrap", depth);
  if (kind == ABGR) format = AV_PIX_FMT_ABGR;
  if (kind == UYVY) format = AV_PIX_FMT_UYVY422;
  if (kind == YUV444) format = AV_PIX_FMT_YUV444P;
  set_picture(parameters, number_at(header, SIZE), number_at(header, SIZE + 4), format);
  set_aspect(parameters, number_at(header, ASPECT), number_at(header, ASPECT + 4));
  parameters->bits_per_raw_sample = depth;
  if (rgb) parameters->color_space = AVCOL_SPC_RGB;
  if (transfer == 2) parameters->color_trc = AVCOL_TRC_LINEAR;
}

/* ---------------------------------------------------------------------------------------- text */

/* Returns the next number of a text from `place` on, and moves `place` past it; -1 if there is none. */
static int64_t number_after(const struct bits *header, int *place) {
  int64_t value = 0;
  int i = *place;
  while (i < header->size && (header->data[i] < '0' || header->data[i] > '9')) i++;
  if (i >= header->size) return -1;
  for (; i < header->size && header->data[i] >= '0' && header->data[i] <= '9'; i++)
    if (value < INT32_MAX) value = value * 10 + header->data[i] - '0';
  *place = i;
  return value;
}

/* The offset of a text, before a limit; -1: not found. */
static int find_text(const struct bits *header, int from, int limit, const char *text) {
  for (int i = from; i < limit && i < header->size; i++)
    if (has_text(header, i, text)) return i;
  return -1;
}

/* The first number after a word; 0 if there is none. */
static unsigned number_of(const struct bits *header, int limit, const char *word) {
  int place = find_text(header, 0, limit, word);
  if (place < 0) return 0;
  place += (int)strlen(word);
  int64_t number = number_after(header, &place);
  return number < 0 || number > INT32_MAX ? 0 : (unsigned)number;
}

enum { TEXT = 8192 };

/* Lines, an empty line, then "-Y height +X width", or the two in the other order. */
void read_hdr(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "#?RADIANCE\n") && !has_text(header, 0, "#?RGBE\n")) return;
  int place = find_text(header, 0, TEXT, "\n\n");
  if (place < 0) return;
  place += 2;
  bool height_first = byte_at(header, place + 1) == 'Y';
  int64_t first = number_after(header, &place), second = number_after(header, &place);
  if (first < 1 || second < 1 || first > INT32_MAX || second > INT32_MAX) return;
  set_picture(parameters, (unsigned)(height_first ? second : first), (unsigned)(height_first ? first : second), AV_PIX_FMT_GBRPF32);
}

void read_xbm(AVCodecParameters *parameters, struct bits *header) {
  set_picture(parameters, number_of(header, TEXT, "_width"), number_of(header, TEXT, "_height"), AV_PIX_FMT_MONOWHITE);
}

/* PAM; libavformat's parser reads the others of its family. */
void read_pnm(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "P7\n")) return;
  unsigned depth = number_of(header, TEXT, "\nDEPTH"), max = number_of(header, TEXT, "\nMAXVAL");
  static const enum AVPixelFormat formats[4][2] = {{AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY16BE},
                                                   {AV_PIX_FMT_YA8, AV_PIX_FMT_YA16BE},
                                                   {AV_PIX_FMT_RGB24, AV_PIX_FMT_RGB48BE},
                                                   {AV_PIX_FMT_RGBA, AV_PIX_FMT_RGBA64BE}};
  if (depth < 1 || depth > 4 || !max) return;
  set_picture(parameters, number_of(header, TEXT, "\nWIDTH"), number_of(header, TEXT, "\nHEIGHT"),
              max == 1 ? AV_PIX_FMT_MONOBLACK : formats[depth - 1][max > 255]);
}

/* Cards of 80 characters: "NAXIS1  =   176". libavformat's demuxer drops the first one. */
void read_fits(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "SIMPLE") && !has_text(header, 0, "BITPIX")) return;
  unsigned planes = number_of(header, TEXT, "NAXIS3  ="), bits = number_of(header, TEXT, "BITPIX  =");
  bool wide = bits > 8;
  enum AVPixelFormat format = planes == 3   ? wide ? AV_PIX_FMT_GBRP16 : AV_PIX_FMT_GBRP
                              : planes == 4 ? wide ? AV_PIX_FMT_GBRAP16 : AV_PIX_FMT_GBRAP
                                            : wide ? AV_PIX_FMT_GRAY16 : AV_PIX_FMT_GRAY8;
  set_picture(parameters, number_of(header, TEXT, "NAXIS1  ="), number_of(header, TEXT, "NAXIS2  ="), format);
}

/* ---------------------------------------------------------------------------------------- chunks */

enum {
  TIFF_WIDTH = 256,
  TIFF_HEIGHT = 257,
  TIFF_BITS = 258,
  TIFF_PHOTOMETRIC = 262,
  TIFF_PLANES = 284,
  TIFF_PALETTE = 320,
  TIFF_SAMPLING = 530,
  TIFF_MOSAIC = 33422,
};

struct tiff {
  unsigned width, height, bits, count, photometric, planar, sampling[2], mosaic;
  bool little, palette, is_mosaic;
};

static enum AVPixelFormat tiff_yuv(const struct tiff *tiff) {
  switch (tiff->sampling[0] * 10 + tiff->sampling[1]) {
  case 11: return AV_PIX_FMT_YUV444P;
  case 21: return AV_PIX_FMT_YUV422P;
  case 41: return AV_PIX_FMT_YUV411P;
  case 12: return AV_PIX_FMT_YUV440P;
  case 22: return AV_PIX_FMT_YUV420P;
  case 44: return AV_PIX_FMT_YUV410P;
  }
  return AV_PIX_FMT_NONE;
}

/* Raw pixels of a camera's sensor, as in DNG: `mosaic` has the colors of 2x2 pixels. */
static enum AVPixelFormat tiff_mosaic(const struct tiff *tiff) {
  bool wide = tiff->bits > 8;
  if (tiff->count != 1 || tiff->bits < 8 || tiff->bits > 16 || tiff->bits & 1) return AV_PIX_FMT_NONE;
  switch (tiff->mosaic) {
  case 0x02010100: return wide ? AV_PIX_FMT_BAYER_RGGB16 : AV_PIX_FMT_BAYER_RGGB8;
  case 0x00010102: return wide ? AV_PIX_FMT_BAYER_BGGR16 : AV_PIX_FMT_BAYER_BGGR8;
  case 0x01000201: return wide ? AV_PIX_FMT_BAYER_GBRG16 : AV_PIX_FMT_BAYER_GBRG8;
  case 0x01020001: return wide ? AV_PIX_FMT_BAYER_GRBG16 : AV_PIX_FMT_BAYER_GRBG8;
  }
  return AV_PIX_FMT_NONE;
}

static enum AVPixelFormat tiff_format(const struct tiff *tiff) {
  enum { SEPARATED = 5, YCBCR = 6 };
  bool little = tiff->little;
  if (tiff->is_mosaic) return tiff_mosaic(tiff);
  if (tiff->bits == 24 && tiff->count == 3 && tiff->photometric == YCBCR && !tiff->planar) return tiff_yuv(tiff);
  switch (tiff->planar * 10000 + tiff->bits * 10 + tiff->count) {
  case 11: return tiff->palette ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_MONOBLACK;
  case 21:
  case 41: return AV_PIX_FMT_PAL8;
  case 81: return tiff->palette ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_GRAY8;
  case 161: return little ? AV_PIX_FMT_GRAY16LE : AV_PIX_FMT_GRAY16BE;
  case 162: return AV_PIX_FMT_YA8;
  case 243: return AV_PIX_FMT_RGB24;
  case 322: return little ? AV_PIX_FMT_YA16LE : AV_PIX_FMT_YA16BE;
  case 324: return tiff->photometric == SEPARATED ? AV_PIX_FMT_RGB0 : AV_PIX_FMT_RGBA;
  case 483: return little ? AV_PIX_FMT_RGB48LE : AV_PIX_FMT_RGB48BE;
  case 644: return little ? AV_PIX_FMT_RGBA64LE : AV_PIX_FMT_RGBA64BE;
  case 10243: return AV_PIX_FMT_GBRP;
  case 10324: return AV_PIX_FMT_GBRAP;
  case 10483: return little ? AV_PIX_FMT_GBRP16LE : AV_PIX_FMT_GBRP16BE;
  case 10644: return little ? AV_PIX_FMT_GBRAP16LE : AV_PIX_FMT_GBRAP16BE;
  }
  return AV_PIX_FMT_NONE;
}

/* The sum of the bits of all samples; if they don't fit into the entry, it has their offset. */
static unsigned tiff_bits(const struct bits *header, bool little, unsigned count, unsigned value, int place) {
  enum { SAMPLES = 8 };
  unsigned sum = 0;
  if (count < 2) return value;
  if (count > 2) place = (int)((little ? le32_at(header, place) : be32_at(header, place)) & INT32_MAX);
  for (unsigned i = 0; i < count && i < SAMPLES && place < header->size; i++, place += 2)
    sum += little ? le16_at(header, place) : be16_at(header, place);
  return sum;
}

static void note_tiff_entry(const struct bits *header, int place, struct tiff *tiff) {
  enum { SHORT = 3 };
  bool little = tiff->little;
  unsigned tag = little ? le16_at(header, place) : be16_at(header, place);
  unsigned kind = little ? le16_at(header, place + 2) : be16_at(header, place + 2);
  unsigned count = little ? le32_at(header, place + 4) : be32_at(header, place + 4);
  bool is_short = kind == SHORT;
  unsigned value = is_short ? little ? le16_at(header, place + 8) : be16_at(header, place + 8)
                            : little ? le32_at(header, place + 8) : be32_at(header, place + 8);
  switch (tag) {
  case TIFF_WIDTH: tiff->width = value; break;
  case TIFF_HEIGHT: tiff->height = value; break;
  case TIFF_BITS:
    tiff->bits = tiff_bits(header, little, count, value, place + 8) & 255;
    tiff->count = count & 15;
    break;
  case TIFF_PHOTOMETRIC: tiff->photometric = value; break;
  case TIFF_PLANES: tiff->planar = value == 2; break;
  case TIFF_PALETTE: tiff->palette = true; break;
  case TIFF_MOSAIC:
    tiff->is_mosaic = true;
    tiff->mosaic = le32_at(header, place + 8);
    break;
  case TIFF_SAMPLING:
    tiff->sampling[0] = value & 15;
    tiff->sampling[1] = (little ? le16_at(header, place + 10) : be16_at(header, place + 10)) & 15;
    break;
  }
}

void read_tiff(AVCodecParameters *parameters, struct bits *header) {
  enum { ENTRIES = 256, ENTRY = 12 };
  struct tiff tiff = {.bits = 1, .count = 1, .sampling = {2, 2}, .little = has_text(header, 0, "II")};
  if (!tiff.little && !has_text(header, 0, "MM")) return;
  unsigned at = tiff.little ? le32_at(header, 4) : be32_at(header, 4);
  if (at >= (unsigned)header->size) return;
  int place = (int)at;
  unsigned entries = tiff.little ? le16_at(header, place) : be16_at(header, place);
  place += 2;
  for (unsigned i = 0; i < entries && i < ENTRIES && place < header->size; i++, place += ENTRY)
    note_tiff_entry(header, place, &tiff);
  set_picture(parameters, tiff.width, tiff.height, tiff_format(&tiff));
}

/* `header` begins after the SIZ marker; in a JP2 file there are boxes before it. */
static enum AVPixelFormat jpeg2000_format(const struct bits *header, int components, int depth, unsigned space) {
  enum { YUV = 18 };
  static const char *const sampling[3][3] = {{NULL}, {NULL, "yuv444p", "yuv440p"}, {NULL, "yuv422p", "yuv420p"}};
  unsigned width = byte_at(header, 4), height = byte_at(header, 5); /* of the second component */
  bool wide = depth > 8, sampled = width != 1 || height != 1;
  if (depth > 16) return AV_PIX_FMT_NONE;
  if (components == 1) return wide ? deeper("gray", depth < 10 ? 10 : depth + (depth & 1)) : AV_PIX_FMT_GRAY8;
  if (components == 2) return wide ? AV_PIX_FMT_YA16 : AV_PIX_FMT_YA8;
  if (components == 3 && (sampled || space == YUV))
    return width <= 2 && height <= 2 && sampling[width][height] ? deeper(sampling[width][height], depth) : AV_PIX_FMT_NONE;
  if (components == 3) return wide ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24;
  return components == 4 && !sampled ? wide ? AV_PIX_FMT_RGBA64 : AV_PIX_FMT_RGBA : AV_PIX_FMT_NONE;
}

void read_jpeg2000(AVCodecParameters *parameters, struct bits *header) {
  enum { START = 0xff4f, SIZE = 0xff51, FIXED = 42 };
  int place = 0;
  while (place < TEXT && place < header->size && !(be16_at(header, place) == START && be16_at(header, place + 2) == SIZE)) place++;
  if (place == TEXT || place >= header->size - FIXED) return;
  int colour = find_text(header, 0, place, "colr");
  unsigned space = colour >= 0 && byte_at(header, colour + 4) == 1 ? be32_at(header, colour + 7) : 0;
  place += 4;
  unsigned width = be32_at(header, place + 4) - be32_at(header, place + 12);
  unsigned height = be32_at(header, place + 8) - be32_at(header, place + 16);
  int components = (int)be16_at(header, place + 36), depth = (int)(byte_at(header, place + 38) & 127) + 1;
  struct bits samples = bits_of(header->data + place + 38, header->size - place - 38);
  parameters->profile = (int)be16_at(header, place + 2);
  parameters->bits_per_raw_sample = depth;
  set_picture(parameters, width, height, jpeg2000_format(&samples, components, depth, space));
}

void read_jpegls(AVCodecParameters *parameters, struct bits *header) {
  enum { FRAME = 0xf7 };
  if (be16_at(header, 0) != 0xffd8) return;
  int place = 2;
  while (place < header->size - 8 && byte_at(header, place) == 0xff && byte_at(header, place + 1) != FRAME)
    place += 2 + (int)be16_at(header, place + 2);
  if (place >= header->size - 8 || byte_at(header, place + 1) != FRAME) return;
  int depth = (int)byte_at(header, place + 4);
  bool gray = byte_at(header, place + 9) == 1, wide = depth > 8;
  set_picture(parameters, be16_at(header, place + 7), be16_at(header, place + 5),
              gray ? wide ? AV_PIX_FMT_GRAY16 : AV_PIX_FMT_GRAY8 : wide ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24);
  parameters->bits_per_raw_sample = depth;
  parameters->color_space = AVCOL_SPC_BT470BG;
  parameters->chroma_location = AVCHROMA_LOC_CENTER;
}

/* The picture's chunk begins with its size; in an extended file the first chunk has that of the canvas. */
void read_webp(AVCodecParameters *parameters, struct bits *header) {
  if (!has_text(header, 0, "RIFF") || !has_text(header, 8, "WEBP")) return;
  bool extended = has_text(header, 12, "VP8X"), alpha = extended && byte_at(header, 20) & 16;
  int lossy = find_text(header, 12, TEXT, "VP8 "), lossless = lossy < 0 ? find_text(header, 12, TEXT, "VP8L") : -1;
  unsigned width = 0, height = 0;
  if (extended) {
    width = (le32_at(header, 24) & 0xffffff) + 1;
    height = (le32_at(header, 27) & 0xffffff) + 1;
  } else if (lossy >= 0) {
    width = le16_at(header, lossy + 14) & 0x3fff;
    height = le16_at(header, lossy + 16) & 0x3fff;
  } else if (lossless >= 0) {
    width = (le32_at(header, lossless + 9) & 0x3fff) + 1;
    height = (le32_at(header, lossless + 9) >> 14 & 0x3fff) + 1;
  }
  set_picture(parameters, width, height, lossless >= 0 ? AV_PIX_FMT_ARGB : alpha ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUV420P);
  if (lossless >= 0) return;
  parameters->color_range = AVCOL_RANGE_MPEG;
  parameters->color_space = AVCOL_SPC_BT470BG;
}

/* ---------------------------------------------------------------------------------------- OpenEXR */

/* The offset after a NUL-terminated text, or the end of the header. */
static int after_text(const struct bits *header, int place) {
  while (place < header->size && header->data[place]) place++;
  return place < header->size ? place + 1 : header->size;
}

struct channels {
  bool color, alpha, gray, half;
};

/* For each channel a name, a type (0: integers, 1: half floats, 2: floats) and 12 more bytes. */
static struct channels read_channels(const struct bits *header, int place, int end) {
  enum { HALF = 1 };
  struct channels channels = {0};
  while (place < end && header->data[place]) {
    int next = after_text(header, place), last = next - 2;
    int letter = last >= place ? header->data[last] : 0;
    if (letter == 'R' || letter == 'G' || letter == 'B') channels.color = true;
    if (letter == 'A') channels.alpha = true;
    if (letter == 'Y') channels.gray = true;
    channels.half = le32_at(header, next) == HALF;
    place = next + 16;
  }
  return channels;
}

/* FFmpeg has pixel formats of half floats since 8.0. */
static enum AVPixelFormat exr_format(struct channels channels) {
  const char *name = channels.color ? channels.alpha ? "gbrap" : "gbrp" : "gray";
  char format[16];
  snprintf(format, sizeof(format), "%sf%d", name, channels.half && LIBAVFORMAT_VERSION_MAJOR >= 62 ? 16 : 32);
  return av_get_pix_fmt(format);
}

void read_exr(AVCodecParameters *parameters, struct bits *header) {
  enum { MAGIC = 0x01312f76, ATTRIBUTES = 64, ONE = 0x3f800000 };
  if (le32_at(header, 0) != MAGIC) return;
  unsigned width = 0, height = 0;
  struct channels channels = {0};
  int place = 8;
  for (int i = 0; i < ATTRIBUTES && place < header->size && header->data[place]; i++) {
    int kind = after_text(header, place), value = after_text(header, kind);
    unsigned size = le32_at(header, value);
    value += 4;
    if (value > header->size || size > (unsigned)(header->size - value)) return;
    if (has_text(header, place, "displayWindow")) {
      width = le32_at(header, value + 8) - le32_at(header, value) + 1;
      height = le32_at(header, value + 12) - le32_at(header, value + 4) + 1;
    }
    if (has_text(header, place, "pixelAspectRatio") && le32_at(header, value) == ONE) set_aspect(parameters, 1, 1);
    if (has_text(header, kind, "chlist")) channels = read_channels(header, value, value + (int)size);
    place = value + (int)size;
  }
  set_picture(parameters, width, height, exr_format(channels));
  parameters->color_trc = AVCOL_TRC_LINEAR;
}
