/* floor 4 */
/*
 * readers.h - the readers of headers, one for each codec or for several that are alike, and their helpers. A reader must
 * accept bytes of any length and contents.
 */
#ifndef AVS_HEADERS_READERS_H
#define AVS_HEADERS_READERS_H

#include <libavcodec/avcodec.h>

#include "bits.h"

typedef void reader(AVCodecParameters *parameters, struct bits *header);

/* Sets the size and the format if they are unknown; an impossible size is ignored. */
void set_picture(AVCodecParameters *parameters, unsigned width, unsigned height, enum AVPixelFormat format);
/* Of "yuv420p" and 10: that format with so many bits per sample, in native byte order. */
enum AVPixelFormat deeper(const char *format, int bits);
void set_aspect(AVCodecParameters *parameters, unsigned num, unsigned den);
/* Sets the integer sample format that has room for so many bits. */
void set_samples(AVCodecParameters *parameters, int bits, bool planar);

reader read_h264, read_vvc, read_ffv1_extradata, read_ffv1;

/* The format in av1C, if nothing else has one. */
enum AVPixelFormat av1_configured_format(const AVCodecParameters *parameters);

reader read_h263, read_sorenson, read_vp6, read_vp9, read_av1_configuration, read_av1, read_dv, read_prores_tag, read_prores, read_dnxhd,
    read_screen, read_theora, read_dirac, read_huffyuv, read_magicyuv, read_cfhd, read_zmbv;

reader read_bmp, read_pcx, read_tiff, read_jpeg2000, read_hdr, read_exr, read_dpx, read_sgi, read_targa, read_sunrast, read_qoi,
    read_xwd, read_alias, read_jpegls, read_webp, read_pnm, read_xbm, read_fits;

reader read_ac3, read_atmos, read_truehd, read_dts;

reader read_dvd_subtitle, read_pgs;

reader read_aac, read_flac, read_alac, read_opus, read_vorbis, read_tta, read_wavpack, read_coded_bits, read_mpeg_audio, read_s302m,
    read_wma_lossless, read_pcm_bluray, read_pcm_dvd, read_shorten;

#endif
