#include "tags.h"

#include <string.h>

#include "avs.h"

enum { MAX_BYTES = 1024 * 1024, MAX_OF_ALL = 16 * MAX_BYTES };

enum tag_fate next_tag(struct tag_sum *sum, const AVDictionaryEntry *tag) {
  size_t size = strlen(tag->value), whole = strlen(tag->key) + size;
  if (size > MAX_BYTES) return TAG_IS_LONG;
  if (whole > MAX_OF_ALL - sum->bytes) return TAGS_ARE_LONG;
  sum->bytes += whole;
  return TAG_IS_REPORTED;
}

static void log_dictionary(struct log *log, struct tag_sum *sum, const char *owner, unsigned index, const AVDictionary *metadata) {
  const AVDictionaryEntry *tag = NULL;
  while ((tag = av_dict_get(metadata, "", tag, AV_DICT_IGNORE_SUFFIX))) {
    enum tag_fate fate = next_tag(sum, tag);
    if (fate == TAG_IS_LONG)
      warn(log, AVS_WARNING_DROPPED, -1, 1, "a tag has more than a MiB: it is left out", "tag '%.100s' of %s %u has more than a MiB: it is left out", tag->key, owner, index);
    if (fate == TAGS_ARE_LONG)
      warn(log, AVS_WARNING_DROPPED, -1, 1, "tags are left out: all have more than 16 MiB", "tag '%.100s' of %s %u is left out: all tags have more than 16 MiB", tag->key, owner, index);
  }
}

/* In the order of describe.c. */
void log_long_tags(struct log *log, const AVFormatContext *context) {
  struct tag_sum sum = {0};
  log_dictionary(log, &sum, "file", 0, context->metadata);
  for (unsigned i = 0; i < context->nb_streams; i++) log_dictionary(log, &sum, "stream", i, context->streams[i]->metadata);
  for (unsigned i = 0; i < context->nb_chapters; i++) log_dictionary(log, &sum, "chapter", i, context->chapters[i]->metadata);
  for (unsigned i = 0; i < context->nb_programs; i++) log_dictionary(log, &sum, "program", i, context->programs[i]->metadata);
}
