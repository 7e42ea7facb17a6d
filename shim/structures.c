#include "structures.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/hdr_dynamic_metadata.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/macros.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/replaygain.h>
#include <libavutil/spherical.h>
#include <libavutil/stereo3d.h>

#define SINCE(major, minor) (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(major, minor, 100))
#define HAS_REFERENCE_DISPLAYS (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(62, 4, 101))

#if SINCE(60, 39)
#include <libavutil/ambient_viewing_environment.h>
#endif
#if HAS_REFERENCE_DISPLAYS
#include <libavutil/tdrdi.h>
#endif

/* ---------------------------------------------------------------------------------------- codecs */

/* Its packets are an AVFrame, or a pointer to one. It is the only such codec in FFmpeg 5.0 to 9.0. */
bool is_structure_codec(enum AVCodecID codec) { return codec == AV_CODEC_ID_WRAPPED_AVFRAME; }

const char STRUCTURE_CODEC_FAULT[] = "its packets are C structures of FFmpeg's with pointers in them, not bytes";

/* ---------------------------------------------------------------------------------------- contents */

/* Each is called with at least the bytes that its row requires; they need not be aligned. */
typedef bool is_sound(const uint8_t *data, size_t size);

/* Muxers divide by such values. */
static bool is_fraction(AVRational value) { return value.num >= 0 && value.den > 0; }

static bool are_fractions(const AVRational *values, int count) {
  for (int i = 0; i < count; i++)
    if (!is_fraction(values[i])) return false;
  return true;
}

/* u32 flags, then the fields that they announce. */
static bool is_param_change(const uint8_t *data, size_t size) {
  uint32_t flags = AV_RL32(data);
  size_t needed = 4;
  if (flags & 1) needed += 4; /* channels */
  if (flags & 2) needed += 8; /* channel layout; newer versions of FFmpeg use neither */
  if (flags & AV_SIDE_DATA_PARAM_CHANGE_SAMPLE_RATE) needed += 4;
  if (flags & AV_SIDE_DATA_PARAM_CHANGE_DIMENSIONS) needed += 8;
  return size >= needed;
}

/* A byte is the number of errors, of 8 bytes each, that follow the first 8 bytes. */
static bool are_quality_stats(const uint8_t *data, size_t size) { return size >= 8 + 8 * (size_t)data[5]; }

/* Names and values, each with its NUL. */
static bool are_strings(const uint8_t *data, size_t size) {
  size_t count = 0;
  if (size && data[size - 1]) return false;
  for (size_t i = 0; i < size; i++) count += !data[i];
  return count % 2 == 0;
}

/* mpegenc converts these to int. */
static bool are_cpb_properties(const uint8_t *data, size_t size) {
  AVCPBProperties properties;
  (void)size;
  memcpy(&properties, data, sizeof(properties));
  return properties.max_bitrate >= 0 && properties.min_bitrate >= 0 && properties.avg_bitrate >= 0 &&
         properties.buffer_size >= 0 && properties.buffer_size <= INT32_MAX;
}

static bool is_mastering_display(const uint8_t *data, size_t size) {
  AVMasteringDisplayMetadata display;
  (void)size;
  memcpy(&display, data, sizeof(display));
  if (display.has_primaries && (!are_fractions(&display.display_primaries[0][0], 6) || !are_fractions(display.white_point, 2)))
    return false;
  return !display.has_luminance || (is_fraction(display.min_luminance) && is_fraction(display.max_luminance));
}

/* The first number is how many of the three timecodes are used. */
static bool is_timecode(const uint8_t *data, size_t size) {
  uint32_t count;
  (void)size;
  memcpy(&count, data, sizeof(count));
  return count <= 3;
}

/* u32be: scheme, crypt, skip, size of the key's id, size of the IV, number of subsamples of 8 bytes; then these. */
static bool is_encryption_info(const uint8_t *data, size_t size) {
  return (uint64_t)size >= 24 + (uint64_t)AV_RB32(data + 12) + AV_RB32(data + 16) + 8 * (uint64_t)AV_RB32(data + 20);
}

/*
 * u32be: the number of entries; each has four sizes, u32be, and then the data of these sizes. libavutil frees the list
 * recursively, so many entries would overflow the thread's stack.
 */
static bool is_encryption_init(const uint8_t *data, size_t size) {
  enum { MAX_SYSTEMS = 256 };
  uint32_t count = AV_RB32(data);
  uint64_t at = 4;
  if (count > MAX_SYSTEMS) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (size - at < 16) return false;
    const uint8_t *sizes = data + at;
    uint64_t system = AV_RB32(sizes), keys = AV_RB32(sizes + 4), key = AV_RB32(sizes + 8), more = AV_RB32(sizes + 12);
    if (keys && !key) return false;
    at += 16;
    /* The sum does not overflow 64 bits: each is less than 2^32. */
    if (size - at < system + more || (size - at - system - more) / (key ? key : 1) < keys) return false;
    at += system + more + keys * key;
  }
  return true;
}

/* Counts must be within the arrays, and fractions valid. */
static bool is_hdr10_plus_window(const AVHDRPlusColorTransformParams *window, bool is_first) {
  if (!is_first && (!is_fraction(window->window_upper_left_corner_x) || !is_fraction(window->window_upper_left_corner_y) ||
                    !is_fraction(window->window_lower_right_corner_x) || !is_fraction(window->window_lower_right_corner_y)))
    return false;
  if (!are_fractions(window->maxscl, 3) || !is_fraction(window->average_maxrgb) || !is_fraction(window->fraction_bright_pixels) ||
      window->num_distribution_maxrgb_percentiles > FF_ARRAY_ELEMS(window->distribution_maxrgb))
    return false;
  for (int i = 0; i < window->num_distribution_maxrgb_percentiles; i++)
    if (!is_fraction(window->distribution_maxrgb[i].percentile)) return false;
  if (window->tone_mapping_flag &&
      (!is_fraction(window->knee_point_x) || !is_fraction(window->knee_point_y) ||
       window->num_bezier_curve_anchors > FF_ARRAY_ELEMS(window->bezier_curve_anchors) ||
       !are_fractions(window->bezier_curve_anchors, window->num_bezier_curve_anchors)))
    return false;
  return !window->color_saturation_mapping_flag || is_fraction(window->color_saturation_weight);
}

static bool is_peak_luminance(const AVRational (*values)[25], unsigned rows, unsigned columns) {
  if (rows > 25 || columns > 25) return false;
  for (unsigned i = 0; i < rows; i++)
    if (!are_fractions(values[i], (int)columns)) return false;
  return true;
}

static bool is_hdr10_plus(const uint8_t *data, size_t size) {
  AVDynamicHDRPlus hdr;
  (void)size;
  memcpy(&hdr, data, sizeof(hdr));
  if (hdr.num_windows < 1 || hdr.num_windows > FF_ARRAY_ELEMS(hdr.params)) return false;
  if (!is_fraction(hdr.targeted_system_display_maximum_luminance)) return false;
  if (hdr.targeted_system_display_actual_peak_luminance_flag &&
      !is_peak_luminance((const AVRational(*)[25])hdr.targeted_system_display_actual_peak_luminance,
                         hdr.num_rows_targeted_system_display_actual_peak_luminance,
                         hdr.num_cols_targeted_system_display_actual_peak_luminance))
    return false;
  if (hdr.mastering_display_actual_peak_luminance_flag &&
      !is_peak_luminance((const AVRational(*)[25])hdr.mastering_display_actual_peak_luminance,
                         hdr.num_rows_mastering_display_actual_peak_luminance,
                         hdr.num_cols_mastering_display_actual_peak_luminance))
    return false;
  for (int i = 0; i < hdr.num_windows; i++)
    if (!is_hdr10_plus_window(&hdr.params[i], i == 0)) return false;
  return true;
}

#if SINCE(60, 39)
static bool is_ambient(const uint8_t *data, size_t size) {
  AVAmbientViewingEnvironment ambient;
  (void)size;
  memcpy(&ambient, data, sizeof(ambient));
  return !ambient.ambient_illuminance.num || (is_fraction(ambient.ambient_illuminance) &&
                                              is_fraction(ambient.ambient_light_x) && is_fraction(ambient.ambient_light_y));
}
#endif

#if HAS_REFERENCE_DISPLAYS
/* The structure contains the offset and size of its entries. */
static bool are_reference_displays(const uint8_t *data, size_t size) {
  AV3DReferenceDisplaysInfo info;
  memcpy(&info, data, sizeof(info));
  if (info.entries_offset < sizeof(info) || info.entries_offset > size || info.entry_size < sizeof(AV3DReferenceDisplay)) return false;
  return (size - info.entries_offset) / info.entry_size >= info.num_ref_displays;
}
#endif

#if SINCE(62, 30)
/* If points are common to all images, FFmpeg checks their number for the first image only. */
static bool is_smpte_2094_50(const uint8_t *data, size_t size) {
  AVDynamicHDRSmpte2094App5 hdr;
  (void)size;
  memcpy(&hdr, data, sizeof(hdr));
  if (hdr.num_alternate_images > FF_ARRAY_ELEMS(hdr.alternate_hdr_headrooms)) return false;
  for (int i = 0; i < hdr.num_alternate_images; i++)
    if (hdr.gain_curve_num_control_points_minus_1[i] >= FF_ARRAY_ELEMS(hdr.gain_curve_control_points_x[0])) return false;
  return true;
}
#endif

/* ---------------------------------------------------------------------------------------- the table */

/* MINIMUM: at least so many bytes; EXACT: so many; MULTIPLE: a multiple of them; REFUSED: it contains pointers. */
enum rule { MINIMUM, EXACT, MULTIPLE, REFUSED };

/* Indexed by AVPacketSideDataType. The sizes of structures are those of the FFmpeg that this is built with. */
static const struct row {
  bool is_known;
  enum rule rule;
  size_t size;
  is_sound *is_sound;
} rows[AV_PKT_DATA_NB] = {
    [AV_PKT_DATA_PALETTE] = {true, EXACT, AVPALETTE_SIZE},
    [AV_PKT_DATA_NEW_EXTRADATA] = {true, MINIMUM, 0},
    [AV_PKT_DATA_PARAM_CHANGE] = {true, MINIMUM, 4, is_param_change},
    [AV_PKT_DATA_H263_MB_INFO] = {true, MULTIPLE, 12},
    [AV_PKT_DATA_REPLAYGAIN] = {true, MINIMUM, sizeof(AVReplayGain)},
    [AV_PKT_DATA_DISPLAYMATRIX] = {true, EXACT, 9 * sizeof(int32_t)},
    [AV_PKT_DATA_STEREO3D] = {true, MINIMUM, sizeof(AVStereo3D)},
    [AV_PKT_DATA_AUDIO_SERVICE_TYPE] = {true, MINIMUM, sizeof(enum AVAudioServiceType)},
    [AV_PKT_DATA_QUALITY_STATS] = {true, MINIMUM, 8, are_quality_stats},
    [AV_PKT_DATA_FALLBACK_TRACK] = {true, EXACT, sizeof(int)},
    [AV_PKT_DATA_CPB_PROPERTIES] = {true, MINIMUM, sizeof(AVCPBProperties), are_cpb_properties},
    [AV_PKT_DATA_SKIP_SAMPLES] = {true, MINIMUM, 10},
    [AV_PKT_DATA_JP_DUALMONO] = {true, MINIMUM, 1},
    [AV_PKT_DATA_STRINGS_METADATA] = {true, MINIMUM, 0, are_strings},
    [AV_PKT_DATA_SUBTITLE_POSITION] = {true, MINIMUM, 16},
    [AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL] = {true, MINIMUM, 8},
    [AV_PKT_DATA_WEBVTT_IDENTIFIER] = {true, MINIMUM, 0},
    [AV_PKT_DATA_WEBVTT_SETTINGS] = {true, MINIMUM, 0},
    [AV_PKT_DATA_METADATA_UPDATE] = {true, MINIMUM, 0, are_strings},
    [AV_PKT_DATA_MPEGTS_STREAM_ID] = {true, MINIMUM, 1},
    [AV_PKT_DATA_MASTERING_DISPLAY_METADATA] = {true, MINIMUM, sizeof(AVMasteringDisplayMetadata), is_mastering_display},
    [AV_PKT_DATA_SPHERICAL] = {true, MINIMUM, sizeof(AVSphericalMapping)},
    [AV_PKT_DATA_CONTENT_LIGHT_LEVEL] = {true, MINIMUM, sizeof(AVContentLightMetadata)},
    [AV_PKT_DATA_A53_CC] = {true, MINIMUM, 0},
    [AV_PKT_DATA_ENCRYPTION_INIT_INFO] = {true, MINIMUM, 4, is_encryption_init},
    [AV_PKT_DATA_ENCRYPTION_INFO] = {true, MINIMUM, 24, is_encryption_info},
    [AV_PKT_DATA_AFD] = {true, MINIMUM, 1},
    [AV_PKT_DATA_PRFT] = {true, MINIMUM, sizeof(AVProducerReferenceTime)},
    [AV_PKT_DATA_ICC_PROFILE] = {true, MINIMUM, 0},
    [AV_PKT_DATA_DOVI_CONF] = {true, MINIMUM, sizeof(AVDOVIDecoderConfigurationRecord)},
    [AV_PKT_DATA_S12M_TIMECODE] = {true, MINIMUM, 16, is_timecode},
    [AV_PKT_DATA_DYNAMIC_HDR10_PLUS] = {true, MINIMUM, sizeof(AVDynamicHDRPlus), is_hdr10_plus},
#if SINCE(60, 36)
    [AV_PKT_DATA_IAMF_MIX_GAIN_PARAM] = {true, REFUSED},
    [AV_PKT_DATA_IAMF_DEMIXING_INFO_PARAM] = {true, REFUSED},
    [AV_PKT_DATA_IAMF_RECON_GAIN_INFO_PARAM] = {true, REFUSED},
#endif
#if SINCE(60, 39)
    [AV_PKT_DATA_AMBIENT_VIEWING_ENVIRONMENT] = {true, MINIMUM, sizeof(AVAmbientViewingEnvironment), is_ambient},
#endif
#if SINCE(61, 10)
    [AV_PKT_DATA_FRAME_CROPPING] = {true, MINIMUM, 16},
#endif
#if SINCE(61, 17)
    [AV_PKT_DATA_LCEVC] = {true, MINIMUM, 0},
#endif
#if HAS_REFERENCE_DISPLAYS
    [AV_PKT_DATA_3D_REFERENCE_DISPLAYS] = {true, MINIMUM, sizeof(AV3DReferenceDisplaysInfo), are_reference_displays},
#endif
#if SINCE(62, 6)
    [AV_PKT_DATA_RTCP_SR] = {true, MINIMUM, sizeof(AVRTCPSenderReport)},
#endif
#if SINCE(62, 14)
    [AV_PKT_DATA_EXIF] = {true, MINIMUM, 0},
#endif
#if SINCE(62, 30)
    [AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5] = {true, MINIMUM, sizeof(AVDynamicHDRSmpte2094App5), is_smpte_2094_50},
#endif
#if SINCE(62, 35)
    [AV_PKT_DATA_HEVC_CONF] = {true, MINIMUM, 0},
#endif
};

static bool has_size(const struct row *row, size_t size) {
  if (row->rule == MULTIPLE) return size % row->size == 0;
  return row->rule == EXACT ? size == row->size : size >= row->size;
}

static bool reject(char *fault, const char *reason) {
  if (fault) snprintf(fault, SIDE_DATA_FAULT_SIZE, "%s", reason);
  return false;
}

static bool reject_size(char *fault, const struct row *row, size_t size) {
  static const char *const words[] = {[MINIMUM] = "at least ", [EXACT] = "", [MULTIPLE] = "a multiple of "};
  if (fault)
    snprintf(fault, SIDE_DATA_FAULT_SIZE, "must be %s%zu byte%s, is %zu", words[row->rule], row->size, row->size == 1 ? "" : "s", size);
  return false;
}

bool is_sound_side_data(enum AVPacketSideDataType type, const uint8_t *data, size_t size, char *fault) {
  if (size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return reject(fault, "is too large");
  const struct row *row = (unsigned)type < AV_PKT_DATA_NB ? &rows[type] : NULL;
  if (!row || !row->is_known) return reject(fault, "is of a type that avio can't check"); /* of a newer FFmpeg */
  if (row->rule == REFUSED) return reject(fault, "is a C structure with pointers in it, which are never accepted");
  if (!has_size(row, size)) return reject_size(fault, row, size);
  if (row->is_sound && !row->is_sound(data, size)) return reject(fault, "has counts, sizes or fractions out of range");
  return true;
}
