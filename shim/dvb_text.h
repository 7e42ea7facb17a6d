/* floor 0 */
/*
 * dvb_text.h - converts names of channels in MPEG-TS from the character sets of EN 300 468 (annex A) to UTF-8: the European
 * ones by tables, so that glibc's iconv loads no modules. Korean and Chinese names are not converted.
 */
#ifndef AVS_DVB_TEXT_H
#define AVS_DVB_TEXT_H

#include <stdint.h>

/* For ffmpeg/mpegts-text.patch. To be freed by av_free(); NULL if it can't be converted. */
char *avio_dvb_text(const uint8_t *text, int size);

#endif
