/* floor 2 */
/*
 * tags.h - which tags JavaScript gets: one as long as a film would block its thread while it is read. FFmpeg has
 * them all, and muxers write them.
 */
#ifndef AVS_TAGS_H
#define AVS_TAGS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "log.h"

bool is_told_tag(const AVDictionaryEntry *tag);
/* A line in the log for each tag that is left out. */
void log_long_tags(struct log *log, const AVFormatContext *context);

#endif
