/* floor 0 */
/*
 * dvb_text.h - names of channels in MPEG-TS, in the sets of characters of EN 300 468 (annex A), as UTF-8: those of Europe by
 * tables, so that glibc's iconv loads no modules. Korean and Chinese ones stay as they are.
 */
#ifndef AVS_DVB_TEXT_H
#define AVS_DVB_TEXT_H

#include <stdint.h>

/* For ffmpeg/mpegts-text.patch. To be freed by av_free(); NULL where it can't be converted. */
char *avio_dvb_text(const uint8_t *text, int size);

#endif
