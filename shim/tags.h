/* floor 2 */
/*
 * tags.h - which tags JavaScript gets: very long ones are left out, since reading them would block its thread. FFmpeg keeps
 * all of them, and muxers write them.
 */
#ifndef AVS_TAGS_H
#define AVS_TAGS_H

#include <stdbool.h>

#include <libavformat/avformat.h>

#include "log.h"

bool is_reported_tag(const AVDictionaryEntry *tag);
/* Warns of each tag that is left out. */
void log_long_tags(struct log *log, const AVFormatContext *context);

#endif
