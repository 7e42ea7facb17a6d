#include "quirks.h"

#include <stddef.h>

#include <libavutil/avstring.h>

/* The versions of FFmpeg with a quirk are noted where known; treating other versions the same does no harm. */
static const struct {
  const char *formats;
  int quirks;
} rows[] = {
    {"asf,asf_stream", SORTED}, /* 5.1 and 7.1 */
    {"mpeg,vob,dvd,vcd,svcd", NO_EMPTY_PACKETS | SPARSE_PTS | SUMS_RATES | NEEDS_BITS}, /* 5.1 to 9.0 */
    {"dvd", ALIGNED}, /* 5.1 to 9.0 */
    {"mpegts", SPARSE_PTS},
    {"hls", NO_FLUSH}, /* 5.1 and 7.1 */
    {"avi,asf,asf_stream,wav,w64,wtv", ADTS_TAG},
    {"ogg,oga,ogv,opus,spx", CHAPTER_TAGS}, /* 5.1 to 9.0 */
    {"mov", LANGUAGE_CODES},
    {"avi", FROM_ZERO},
    {"mov,mp4,ismv", NEEDS_PIXELS},
    {"dash", DIVIDES},
    {"aiff,w64,mxf_opatom", NEEDS_SEEKING}, /* 5.1 to 9.0 */
    {"mxf,mxf_d10,mxf_opatom", DROPS}, /* 5.1 to 9.0 */
    {"wsaud", LOGS_STREAM}, /* 5.1 */
    {"mp4,mov,ipod,3gp,3g2,psp,f4v,ismv", MP4},
    {"mp4,mov,ipod,3gp,3g2,psp,f4v", FIRST_INDEX},
    {"mp4,mov,ipod,matroska,webm", LATE_CHAPTERS},
};

static int quirks_of(const AVOutputFormat *format) {
  int quirks = 0;
  for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
    if (av_match_name(format->name, rows[i].formats)) quirks |= rows[i].quirks;
  return quirks;
}

/* Asked for each packet, most of the time about the same format: to compare names took 4 % of a remux. */
bool has_quirk(const AVOutputFormat *format, enum quirk quirk) {
  static _Thread_local struct {
    const AVOutputFormat *format;
    int quirks;
  } last;
  if (last.format != format) {
    last.quirks = quirks_of(format);
    last.format = format;
  }
  return (last.quirks & (int)quirk) != 0;
}
