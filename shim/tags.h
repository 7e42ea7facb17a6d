/* floor 2 */
/*
 * tags.h - which tags JavaScript gets: very long ones are left out, and what is more than 16 MiB in all, since reading them
 * would block its thread. FFmpeg keeps all of them, and muxers write them.
 */
#ifndef AVS_TAGS_H
#define AVS_TAGS_H

#include <stddef.h>

#include <libavformat/avformat.h>

#include "log.h"

/* The bytes of all tags that were reported so far. */
struct tag_sum {
  size_t bytes;
};

enum tag_fate { TAG_IS_REPORTED, TAG_IS_LONG, TAGS_ARE_LONG };

enum tag_fate next_tag(struct tag_sum *sum, const AVDictionaryEntry *tag);
/* Warns of each tag that is left out. */
void log_long_tags(struct log *log, const AVFormatContext *context);

#endif
