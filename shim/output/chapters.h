/* floor 4 */
/*
 * chapters.h - chapters as muxers need them. Matroska's demuxer leaves out a chapter that begins before the one before it. The
 * muxer of mp4 and mov writes a track of titles: it begins with the media, and a chapter without a title is not in it. Its kin
 * write a list that has room for 255.
 */
#ifndef AVS_OUTPUT_CHAPTERS_H
#define AVS_OUTPUT_CHAPTERS_H

#include <libavformat/avformat.h>

#include "../session.h"

/* To be called before they are written, with the header and with the trailer. */
int arrange_chapters(struct session *session);
/* Removes the chapters behind the first `from`. */
void drop_chapters(AVFormatContext *output, unsigned from);

#endif
