#include "tags.h"

#include <string.h>

#include "avs.h"

enum { MAX_BYTES = 1024 * 1024 };

bool is_reported_tag(const AVDictionaryEntry *tag) { return strlen(tag->value) <= MAX_BYTES; }

static void log_dictionary(struct log *log, const char *owner, unsigned index, const AVDictionary *metadata) {
  const AVDictionaryEntry *tag = NULL;
  while ((tag = av_dict_get(metadata, "", tag, AV_DICT_IGNORE_SUFFIX)))
    if (!is_reported_tag(tag))
      warn(log, AVS_WARNING_DROPPED, -1, 1, "a tag has more than a MiB: it is left out", "tag '%.100s' of %s %u has more than a MiB: it is left out", tag->key, owner, index);
}

void log_long_tags(struct log *log, const AVFormatContext *context) {
  log_dictionary(log, "file", 0, context->metadata);
  for (unsigned i = 0; i < context->nb_streams; i++) log_dictionary(log, "stream", i, context->streams[i]->metadata);
  for (unsigned i = 0; i < context->nb_chapters; i++) log_dictionary(log, "chapter", i, context->chapters[i]->metadata);
  for (unsigned i = 0; i < context->nb_programs; i++) log_dictionary(log, "program", i, context->programs[i]->metadata);
}
