#include "headers.h"

#include <stdio.h>
#include <string.h>

#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>

#include "../compat.h"
#include "readers.h"

/* ---------------------------------------------------------------------------------------- helpers of the readers */

void set_picture(AVCodecParameters *parameters, unsigned width, unsigned height, enum AVPixelFormat format) {
  if (av_image_check_size(width, height, 0, NULL) < 0) return;
  if (!parameters->width || !parameters->height) {
    parameters->width = (int)width;
    parameters->height = (int)height;
  }
  if (parameters->format == AV_PIX_FMT_NONE) parameters->format = format;
}

void set_aspect(AVCodecParameters *parameters, unsigned num, unsigned den) {
  AVRational *aspect = &parameters->sample_aspect_ratio;
  if (!aspect->num && num && den) av_reduce(&aspect->num, &aspect->den, num, den, 255);
}

enum AVPixelFormat deeper(const char *format, int bits) {
  char name[24];
  if (bits == 8) return av_get_pix_fmt(format);
  snprintf(name, sizeof(name), "%s%d", format, bits);
  return av_get_pix_fmt(name);
}

void set_samples(AVCodecParameters *parameters, int bits, bool planar) {
  parameters->format = bits <= 16 ? planar ? AV_SAMPLE_FMT_S16P : AV_SAMPLE_FMT_S16 : planar ? AV_SAMPLE_FMT_S32P : AV_SAMPLE_FMT_S32;
  if (!parameters->bits_per_raw_sample) parameters->bits_per_raw_sample = bits;
}

/* ---------------------------------------------------------------------------------------- the table of readers */

/* It has some codecs that 5.0 lacks. */
#define IS_5_1_OR_NEWER (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 37, 100))

enum source { EXTRADATA, PACKET };
enum when { LACKING, DOUBTED, ALWAYS };

/*
 * When a row is used. LACKING: if the container lacks the size or the format. ALWAYS: the codec's header replaces what the
 * container has. DOUBTED: the same, in containers whose demuxers describe streams without reading packets.
 */
static const struct row {
  enum AVCodecID codec;
  enum source source;
  reader *read;
  enum when when;
} rows[] = {
    {AV_CODEC_ID_H264, EXTRADATA, read_h264, LACKING},
#if LIBAVCODEC_VERSION_MAJOR >= 60
    {AV_CODEC_ID_VVC, EXTRADATA, read_vvc, LACKING},
    {AV_CODEC_ID_VVC, PACKET, read_vvc, LACKING},
#endif
    {AV_CODEC_ID_AV1, EXTRADATA, read_av1_configuration, LACKING},
    {AV_CODEC_ID_AV1, PACKET, read_av1, LACKING},
    {AV_CODEC_ID_VP9, PACKET, read_vp9, LACKING},
    {AV_CODEC_ID_H263, PACKET, read_h263, LACKING},
    {AV_CODEC_ID_H263P, PACKET, read_h263, LACKING},
    {AV_CODEC_ID_H263I, PACKET, read_h263, LACKING},
    {AV_CODEC_ID_FLV1, PACKET, read_sorenson, LACKING},
    {AV_CODEC_ID_VP6, PACKET, read_vp6, LACKING},
    {AV_CODEC_ID_VP6F, PACKET, read_vp6, LACKING},
    {AV_CODEC_ID_VP6A, PACKET, read_vp6, LACKING},
    {AV_CODEC_ID_FLASHSV, PACKET, read_screen, LACKING},
    {AV_CODEC_ID_FLASHSV2, PACKET, read_screen, LACKING},
    {AV_CODEC_ID_DVVIDEO, PACKET, read_dv, LACKING},
    {AV_CODEC_ID_PRORES, EXTRADATA, read_prores_tag, ALWAYS},
    {AV_CODEC_ID_PRORES, PACKET, read_prores, LACKING},
    {AV_CODEC_ID_AC3, PACKET, read_ac3, DOUBTED},
    {AV_CODEC_ID_EAC3, PACKET, read_ac3, DOUBTED},
    {AV_CODEC_ID_EAC3, PACKET, read_atmos, ALWAYS},
    {AV_CODEC_ID_DNXHD, PACKET, read_dnxhd, LACKING},
    {AV_CODEC_ID_CFHD, PACKET, read_cfhd, LACKING},
    {AV_CODEC_ID_THEORA, EXTRADATA, read_theora, LACKING},
    {AV_CODEC_ID_DIRAC, PACKET, read_dirac, LACKING},
    {AV_CODEC_ID_HUFFYUV, EXTRADATA, read_huffyuv, LACKING},
    {AV_CODEC_ID_FFVHUFF, EXTRADATA, read_huffyuv, LACKING},
    {AV_CODEC_ID_FFV1, EXTRADATA, read_ffv1_extradata, LACKING},
    {AV_CODEC_ID_FFV1, PACKET, read_ffv1, LACKING},
    {AV_CODEC_ID_MAGICYUV, PACKET, read_magicyuv, LACKING},
    {AV_CODEC_ID_ZMBV, PACKET, read_zmbv, LACKING},
    {AV_CODEC_ID_BMP, PACKET, read_bmp, LACKING},
    {AV_CODEC_ID_PCX, PACKET, read_pcx, LACKING},
    {AV_CODEC_ID_TIFF, PACKET, read_tiff, LACKING},
    {AV_CODEC_ID_JPEG2000, PACKET, read_jpeg2000, LACKING},
#if LIBAVCODEC_VERSION_MAJOR >= 60
    {AV_CODEC_ID_RADIANCE_HDR, PACKET, read_hdr, LACKING},
#endif
    {AV_CODEC_ID_EXR, PACKET, read_exr, LACKING},
    {AV_CODEC_ID_DPX, PACKET, read_dpx, LACKING},
    {AV_CODEC_ID_SGI, PACKET, read_sgi, LACKING},
    {AV_CODEC_ID_TARGA, PACKET, read_targa, LACKING},
    {AV_CODEC_ID_SUNRAST, PACKET, read_sunrast, LACKING},
#if IS_5_1_OR_NEWER
    {AV_CODEC_ID_QOI, PACKET, read_qoi, LACKING},
#endif
    {AV_CODEC_ID_XWD, PACKET, read_xwd, LACKING},
    {AV_CODEC_ID_ALIAS_PIX, PACKET, read_alias, LACKING},
    {AV_CODEC_ID_JPEGLS, PACKET, read_jpegls, LACKING},
    {AV_CODEC_ID_WEBP, PACKET, read_webp, LACKING},
    {AV_CODEC_ID_PAM, PACKET, read_pnm, LACKING},
    {AV_CODEC_ID_XBM, PACKET, read_xbm, LACKING},
    {AV_CODEC_ID_FITS, PACKET, read_fits, LACKING},
    {AV_CODEC_ID_AAC, EXTRADATA, read_aac, ALWAYS},
    {AV_CODEC_ID_FLAC, EXTRADATA, read_flac, ALWAYS},
    {AV_CODEC_ID_ALAC, EXTRADATA, read_alac, ALWAYS},
    {AV_CODEC_ID_OPUS, EXTRADATA, read_opus, ALWAYS},
    {AV_CODEC_ID_VORBIS, EXTRADATA, read_vorbis, ALWAYS},
    {AV_CODEC_ID_TTA, EXTRADATA, read_tta, LACKING},
    {AV_CODEC_ID_WAVPACK, PACKET, read_wavpack, LACKING},
    {AV_CODEC_ID_APE, EXTRADATA, read_coded_bits, LACKING},
    {AV_CODEC_ID_TAK, EXTRADATA, read_coded_bits, LACKING},
    {AV_CODEC_ID_WMALOSSLESS, EXTRADATA, read_wma_lossless, LACKING},
    {AV_CODEC_ID_MP3, PACKET, read_mpeg_audio, ALWAYS},
    {AV_CODEC_ID_DTS, PACKET, read_dts, ALWAYS},
    {AV_CODEC_ID_TRUEHD, PACKET, read_truehd, ALWAYS},
    {AV_CODEC_ID_SHORTEN, PACKET, read_shorten, LACKING},
    {AV_CODEC_ID_S302M, PACKET, read_s302m, LACKING},
    {AV_CODEC_ID_PCM_BLURAY, PACKET, read_pcm_bluray, LACKING},
    {AV_CODEC_ID_PCM_DVD, PACKET, read_pcm_dvd, LACKING},
    {AV_CODEC_ID_DVD_SUBTITLE, EXTRADATA, read_dvd_subtitle, LACKING},
    {AV_CODEC_ID_HDMV_PGS_SUBTITLE, PACKET, read_pgs, LACKING},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* Formats that do not depend on a header; `more` is the frame size in samples, or a picture's bits per sample. */
static const struct {
  enum AVCodecID codec;
  int format, more;
} known[] = {
    {AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 1024},
    {AV_CODEC_ID_AAC_LATM, AV_SAMPLE_FMT_FLTP, 1024},
    {AV_CODEC_ID_MP3, AV_SAMPLE_FMT_FLTP, 1152},
    {AV_CODEC_ID_MP2, AV_SAMPLE_FMT_S16P, 1152},
    {AV_CODEC_ID_MP1, AV_SAMPLE_FMT_FLTP, 384},
    {AV_CODEC_ID_AC3, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_EAC3, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_VORBIS, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_DTS, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_WMAV1, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_WMAV2, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_WMAPRO, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_XMA1, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_XMA2, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_WMAVOICE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_MUSEPACK7, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_MUSEPACK8, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_AMR_NB, AV_SAMPLE_FMT_FLTP, 160},
    {AV_CODEC_ID_AMR_WB, AV_SAMPLE_FMT_FLTP, 320},
    {AV_CODEC_ID_ATRAC1, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_ATRAC3, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_ATRAC3P, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_ATRAC9, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_COOK, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_RA_144, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_RA_288, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_SIPR, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_QCELP, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_EVRC, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_ILBC, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_NELLYMOSER, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_SPEEX, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_GSM, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_GSM_MS, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_G723_1, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_G729, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_TRUESPEECH, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_IMC, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_QDM2, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_QDMC, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_SBC, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_APTX, AV_SAMPLE_FMT_S32P, 0},
    {AV_CODEC_ID_APTX_HD, AV_SAMPLE_FMT_S32P, 0},
    {AV_CODEC_ID_MACE3, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_MACE6, AV_SAMPLE_FMT_S16P, 0},
#if IS_5_1_OR_NEWER
    {AV_CODEC_ID_DFPWM, AV_SAMPLE_FMT_U8, 0},
#endif
    {AV_CODEC_ID_WESTWOOD_SND1, AV_SAMPLE_FMT_U8, 0},
    {AV_CODEC_ID_HCA, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_DSD_LSBF, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_DSD_MSBF, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_DSD_LSBF_PLANAR, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_DSD_MSBF_PLANAR, AV_SAMPLE_FMT_FLTP, 0},
    {AV_CODEC_ID_ADPCM_IMA_WAV, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_IMA_QT, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_4XM, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_XA, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_ADX, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_PSX, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_THP, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_THP_LE, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_AFC, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_DTK, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_MTAF, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_ADPCM_ARGO, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_PCM_U8, AV_SAMPLE_FMT_U8, 0},
    {AV_CODEC_ID_PCM_S8, AV_SAMPLE_FMT_U8, 0},
    {AV_CODEC_ID_PCM_S8_PLANAR, AV_SAMPLE_FMT_U8P, 0},
    {AV_CODEC_ID_PCM_S16LE, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S16BE, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_U16LE, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_U16BE, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S24LE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_S24BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_U24LE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_U24BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_S24DAUD, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S32LE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_S32BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_U32LE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_U32BE, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_PCM_S64LE, AV_SAMPLE_FMT_S64, 0},
    {AV_CODEC_ID_PCM_S64BE, AV_SAMPLE_FMT_S64, 0},
    {AV_CODEC_ID_PCM_F16LE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_PCM_F24LE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_PCM_F32LE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_PCM_F32BE, AV_SAMPLE_FMT_FLT, 0},
    {AV_CODEC_ID_PCM_F64LE, AV_SAMPLE_FMT_DBL, 0},
    {AV_CODEC_ID_PCM_F64BE, AV_SAMPLE_FMT_DBL, 0},
    {AV_CODEC_ID_PCM_ALAW, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_MULAW, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_VIDC, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_S16LE_PLANAR, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_PCM_S16BE_PLANAR, AV_SAMPLE_FMT_S16P, 0},
    {AV_CODEC_ID_PCM_S24LE_PLANAR, AV_SAMPLE_FMT_S32P, 0},
    {AV_CODEC_ID_PCM_S32LE_PLANAR, AV_SAMPLE_FMT_S32P, 0},
    {AV_CODEC_ID_PCM_BLURAY, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_PCM_DVD, AV_SAMPLE_FMT_S16, 0},
    {AV_CODEC_ID_TRUEHD, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_MLP, AV_SAMPLE_FMT_S32, 0},
    {AV_CODEC_ID_VP8, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_MPEG4, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_MPEG1VIDEO, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_H261, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_H263, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_H263P, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_H263I, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_FLV1, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_MSMPEG4V1, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_MSMPEG4V2, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_MSMPEG4V3, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_WMV1, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_WMV2, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_WMV3, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VC1, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_RV10, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_RV20, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_RV30, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_RV40, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VP3, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VP5, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VP6, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VP6F, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_VP6A, AV_PIX_FMT_YUVA420P, 0},
    {AV_CODEC_ID_VP7, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_CAVS, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_SVQ1, AV_PIX_FMT_YUV410P, 0},
    {AV_CODEC_ID_SVQ3, AV_PIX_FMT_YUVJ420P, 0},
    {AV_CODEC_ID_INDEO2, AV_PIX_FMT_YUV410P, 0},
    {AV_CODEC_ID_INDEO3, AV_PIX_FMT_YUV410P, 0},
    {AV_CODEC_ID_INDEO4, AV_PIX_FMT_YUV410P, 0},
    {AV_CODEC_ID_INDEO5, AV_PIX_FMT_YUV410P, 0},
    {AV_CODEC_ID_ASV1, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_ASV2, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_CLJR, AV_PIX_FMT_YUV411P, 0},
    {AV_CODEC_ID_ROQ, AV_PIX_FMT_YUVJ444P, 0},
    {AV_CODEC_ID_AMV, AV_PIX_FMT_YUVJ420P, 8},
    {AV_CODEC_ID_V210, AV_PIX_FMT_YUV422P10, 10},
    {AV_CODEC_ID_R210, AV_PIX_FMT_GBRP10, 10},
    {AV_CODEC_ID_Y41P, AV_PIX_FMT_YUV411P, 12},
    {AV_CODEC_ID_YUV4, AV_PIX_FMT_YUV420P, 0},
    {AV_CODEC_ID_RPZA, AV_PIX_FMT_RGB555, 0},
    {AV_CODEC_ID_SMC, AV_PIX_FMT_PAL8, 0},
    {AV_CODEC_ID_FLASHSV, AV_PIX_FMT_BGR24, 0},
    {AV_CODEC_ID_FLASHSV2, AV_PIX_FMT_BGR24, 0},
    {AV_CODEC_ID_GIF, AV_PIX_FMT_BGRA, 0},
};

/* ---------------------------------------------------------------------------------------- formats by tag, or by bits */

static const struct {
  enum AVCodecID codec;
  char tag[5];
  enum AVPixelFormat format;
} tagged[] = {
    {AV_CODEC_ID_HAP, "Hap1", AV_PIX_FMT_RGB0},         {AV_CODEC_ID_HAP, "Hap5", AV_PIX_FMT_RGBA},
    {AV_CODEC_ID_HAP, "HapY", AV_PIX_FMT_RGB0},         {AV_CODEC_ID_HAP, "HapA", AV_PIX_FMT_GRAY8},
    {AV_CODEC_ID_HAP, "HapM", AV_PIX_FMT_RGBA},         {AV_CODEC_ID_SPEEDHQ, "SHQ0", AV_PIX_FMT_YUV420P},
    {AV_CODEC_ID_SPEEDHQ, "SHQ1", AV_PIX_FMT_YUVA420P}, {AV_CODEC_ID_SPEEDHQ, "SHQ2", AV_PIX_FMT_YUV422P},
    {AV_CODEC_ID_SPEEDHQ, "SHQ3", AV_PIX_FMT_YUVA422P}, {AV_CODEC_ID_SPEEDHQ, "SHQ4", AV_PIX_FMT_YUV444P},
    {AV_CODEC_ID_SPEEDHQ, "SHQ5", AV_PIX_FMT_YUVA444P}, {AV_CODEC_ID_SPEEDHQ, "SHQ7", AV_PIX_FMT_YUVA422P},
    {AV_CODEC_ID_SPEEDHQ, "SHQ9", AV_PIX_FMT_YUVA444P}, {AV_CODEC_ID_UTVIDEO, "ULRG", AV_PIX_FMT_GBRP},
    {AV_CODEC_ID_UTVIDEO, "ULRA", AV_PIX_FMT_GBRAP},    {AV_CODEC_ID_UTVIDEO, "ULY0", AV_PIX_FMT_YUV420P},
    {AV_CODEC_ID_UTVIDEO, "ULY2", AV_PIX_FMT_YUV422P},  {AV_CODEC_ID_UTVIDEO, "ULY4", AV_PIX_FMT_YUV444P},
    {AV_CODEC_ID_UTVIDEO, "ULH0", AV_PIX_FMT_YUV420P},  {AV_CODEC_ID_UTVIDEO, "ULH2", AV_PIX_FMT_YUV422P},
    {AV_CODEC_ID_UTVIDEO, "ULH4", AV_PIX_FMT_YUV444P},  {AV_CODEC_ID_UTVIDEO, "UQY0", AV_PIX_FMT_YUV420P10},
    {AV_CODEC_ID_UTVIDEO, "UQY2", AV_PIX_FMT_YUV422P10}, {AV_CODEC_ID_UTVIDEO, "UQRG", AV_PIX_FMT_GBRP10},
    {AV_CODEC_ID_UTVIDEO, "UQRA", AV_PIX_FMT_GBRAP10},  {AV_CODEC_ID_UTVIDEO, "UMRG", AV_PIX_FMT_GBRP},
    {AV_CODEC_ID_UTVIDEO, "UMRA", AV_PIX_FMT_GBRAP},    {AV_CODEC_ID_UTVIDEO, "UMY2", AV_PIX_FMT_YUV422P},
    {AV_CODEC_ID_UTVIDEO, "UMH2", AV_PIX_FMT_YUV422P},  {AV_CODEC_ID_UTVIDEO, "UMY4", AV_PIX_FMT_YUV444P},
    {AV_CODEC_ID_UTVIDEO, "UMH4", AV_PIX_FMT_YUV444P},
};

static enum AVPixelFormat format_of_tag(const AVCodecParameters *parameters) {
  for (size_t i = 0; i < sizeof(tagged) / sizeof(*tagged); i++)
    if (tagged[i].codec == parameters->codec_id && AV_RL32(tagged[i].tag) == parameters->codec_tag) return tagged[i].format;
  return AV_PIX_FMT_NONE;
}

/* Of AVI: pictures without a tag are those of Windows bitmaps. */
static enum AVPixelFormat format_of_bits(int bits) {
  switch (bits) {
  case 1: return AV_PIX_FMT_PAL8;
  case 2:
  case 4:
  case 8: return AV_PIX_FMT_PAL8;
  case 15: return AV_PIX_FMT_RGB555LE;
  case 16: return AV_PIX_FMT_RGB555LE;
  case 24: return AV_PIX_FMT_BGR24;
  case 32: return AV_PIX_FMT_BGRA;
  }
  return AV_PIX_FMT_NONE;
}

/* Uncompressed pictures: the format for which libavcodec writes that tag. */
static enum AVPixelFormat raw_format(const AVCodecParameters *parameters) {
  uint32_t tag = parameters->codec_tag;
  for (int format = 0; tag && format < AV_PIX_FMT_NB; format++)
    if (avcodec_pix_fmt_to_codec_tag((enum AVPixelFormat)format) == tag) return (enum AVPixelFormat)format;
  return tag ? AV_PIX_FMT_NONE : format_of_bits(parameters->bits_per_coded_sample);
}

static enum AVPixelFormat qtrle_format(int bits) {
  if (bits == 16) return AV_PIX_FMT_RGB555BE;
  return bits == 24 ? AV_PIX_FMT_RGB24 : bits == 32 ? AV_PIX_FMT_ARGB : AV_PIX_FMT_PAL8;
}

/* The Lossless Codec Library's two codecs: a byte of extradata is the format. */
static enum AVPixelFormat lcl_format(const AVCodecParameters *parameters) {
  static const enum AVPixelFormat formats[] = {AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_BGR24,
                                               AV_PIX_FMT_YUV411P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV420P};
  unsigned kind = parameters->extradata_size > 4 ? parameters->extradata[4] : 255;
  return kind < sizeof(formats) / sizeof(*formats) ? formats[kind] : AV_PIX_FMT_NONE;
}

static enum AVPixelFormat described_format(const AVCodecParameters *parameters) {
  bool palette = parameters->bits_per_coded_sample && parameters->bits_per_coded_sample <= 8;
  switch (parameters->codec_id) {
  case AV_CODEC_ID_RAWVIDEO: return raw_format(parameters);
  case AV_CODEC_ID_HAP:
  case AV_CODEC_ID_SPEEDHQ:
  case AV_CODEC_ID_UTVIDEO: return format_of_tag(parameters);
  case AV_CODEC_ID_QTRLE: return qtrle_format(parameters->bits_per_coded_sample);
  case AV_CODEC_ID_MSVIDEO1: return palette ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_RGB555;
  case AV_CODEC_ID_CINEPAK: return palette ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_RGB24;
  case AV_CODEC_ID_ZLIB:
  case AV_CODEC_ID_MSZH: return lcl_format(parameters);
  case AV_CODEC_ID_AV1: return av1_configured_format(parameters);
  case AV_CODEC_ID_VP9: /* if the packet is no key frame */
    if (parameters->profile == 2) return AV_PIX_FMT_YUV420P10;
    return parameters->profile == 0 || parameters->profile == PROFILE_UNKNOWN ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_NONE;
  default: return AV_PIX_FMT_NONE;
  }
}

/* ---------------------------------------------------------------------------------------- one stream */

/* Subtitles have no format. */
static bool is_known(const AVCodecParameters *parameters) {
  return parameters->format >= 0 || parameters->codec_type == AVMEDIA_TYPE_SUBTITLE;
}

static bool is_size_known(const AVCodecParameters *parameters) {
  if (parameters->codec_type == AVMEDIA_TYPE_VIDEO || parameters->codec_type == AVMEDIA_TYPE_SUBTITLE) return parameters->width && parameters->height;
  return parameters->sample_rate && parameters->ch_layout.nb_channels;
}

static void read_rows(AVCodecParameters *parameters, enum source source, const uint8_t *data, int size) {
  bool complete = is_known(parameters) && is_size_known(parameters);
  for (int i = 0; i < ROWS; i++) {
    struct bits header = bits_of(data, size);
    bool wanted = rows[i].codec == parameters->codec_id && rows[i].source == source && (rows[i].when != LACKING || !complete);
    if (wanted) rows[i].read(parameters, &header);
  }
}

/* The ADPCM and DPCM codecs: nearly all of them decode to 16 bits. */
static bool gives_words(enum AVCodecID codec) {
  return (codec >= AV_CODEC_ID_ADPCM_IMA_QT && codec < AV_CODEC_ID_AMR_NB) ||
         (codec >= AV_CODEC_ID_ROQ_DPCM && codec < AV_CODEC_ID_MP2);
}

static void read_known(AVCodecParameters *parameters) {
  for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
    if (known[i].codec != parameters->codec_id) continue;
    parameters->format = known[i].format;
    int *more = parameters->codec_type == AVMEDIA_TYPE_VIDEO ? &parameters->bits_per_raw_sample : &parameters->frame_size;
    if (!*more) *more = known[i].more;
    return;
  }
  if (parameters->codec_type == AVMEDIA_TYPE_VIDEO) parameters->format = described_format(parameters);
  else if (gives_words(parameters->codec_id)) parameters->format = AV_SAMPLE_FMT_S16;
}

/* The codec of PCM implies the bits per sample. */
static void read_pcm(AVCodecParameters *parameters) {
  int bits = av_get_exact_bits_per_sample(parameters->codec_id);
  if (!bits) return;
  if (!parameters->bits_per_raw_sample && bits > 16) parameters->bits_per_raw_sample = bits;
  if (!parameters->bit_rate)
    parameters->bit_rate = (int64_t)bits * parameters->sample_rate * parameters->ch_layout.nb_channels;
}

/* Decoders choose the default layout of a number of channels; those of PCM leave it unspecified. */
static void name_layout(AVCodecParameters *parameters) {
  AVChannelLayout *layout = &parameters->ch_layout;
  bool pcm = parameters->codec_id >= AV_CODEC_ID_FIRST_AUDIO && parameters->codec_id < AV_CODEC_ID_ADPCM_IMA_QT;
  if (pcm || !is_known(parameters) || layout->order != AV_CHANNEL_ORDER_UNSPEC || layout->nb_channels < 1) return;
  int channels = layout->nb_channels;
  av_channel_layout_uninit(layout);
  av_channel_layout_default(layout, channels);
}

/* These two codecs have JPEG's colour space and chroma location; the YUVJ formats imply the full range. */
static void name_colors(AVCodecParameters *parameters) {
  bool as_jpeg = parameters->codec_id == AV_CODEC_ID_AMV || parameters->codec_id == AV_CODEC_ID_SPEEDHQ;
  bool whole = parameters->format == AV_PIX_FMT_YUVJ420P || parameters->format == AV_PIX_FMT_YUVJ444P;
  if (whole && parameters->color_range == AVCOL_RANGE_UNSPECIFIED) parameters->color_range = AVCOL_RANGE_JPEG;
  if (!as_jpeg) return;
  if (parameters->color_space == AVCOL_SPC_UNSPECIFIED) parameters->color_space = AVCOL_SPC_BT470BG;
  parameters->chroma_location = AVCHROMA_LOC_CENTER;
}

static void complete(AVCodecParameters *parameters) {
  if (parameters->codec_type == AVMEDIA_TYPE_VIDEO) name_colors(parameters);
  if (parameters->codec_type != AVMEDIA_TYPE_AUDIO) return;
  read_pcm(parameters);
  name_layout(parameters);
}

bool wants_packet(const AVCodecParameters *parameters, bool is_doubted) {
  bool complete = is_known(parameters) && is_size_known(parameters);
  for (int i = 0; i < ROWS; i++) {
    if (rows[i].codec != parameters->codec_id || rows[i].source != PACKET) continue;
    if (!complete || rows[i].when == ALWAYS || (rows[i].when == DOUBTED && is_doubted)) return true;
  }
  return false;
}

/* Whether the first packet has the format: then read_known() waits, so that wants_packet() stays true. */
static bool is_in_packet(const AVCodecParameters *parameters) {
  for (int i = 0; i < ROWS; i++)
    if (rows[i].codec == parameters->codec_id && rows[i].source == PACKET && rows[i].when == LACKING) return true;
  return false;
}

void read_extradata(AVCodecParameters *parameters) {
  read_rows(parameters, EXTRADATA, parameters->extradata, parameters->extradata_size);
  if (!is_known(parameters) && !is_in_packet(parameters)) read_known(parameters);
  complete(parameters);
}

void read_first_packet(AVCodecParameters *parameters, const AVPacket *packet) {
  if (packet) read_rows(parameters, PACKET, packet->data, packet->size);
  if (!is_known(parameters)) read_known(parameters);
  complete(parameters);
}
