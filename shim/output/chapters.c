#include "chapters.h"

#include <stdbool.h>

#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>

static bool is_before(const AVChapter *one, const AVChapter *other) {
  return av_compare_ts(one->start, one->time_base, other->start, other->time_base) < 0;
}

/* Stable; they are usually in order already. */
static void sort(AVChapter **chapters, unsigned count) {
  for (unsigned i = 1; i < count; i++) {
    AVChapter *chapter = chapters[i];
    unsigned place = i;
    for (; place && is_before(chapter, chapters[place - 1]); place--) chapters[place] = chapters[place - 1];
    chapters[place] = chapter;
  }
}

static int name_all(AVFormatContext *output) {
  int result = 0;
  for (unsigned i = 0; i < output->nb_chapters && result >= 0; i++)
    if (!av_dict_get(output->chapters[i]->metadata, "title", NULL, 0)) result = av_dict_set(&output->chapters[i]->metadata, "title", "", 0);
  return result;
}

int arrange_chapters(AVFormatContext *output) {
  sort(output->chapters, output->nb_chapters);
  if (!output->nb_chapters || !av_match_name(output->oformat->name, "mp4,mov,ipod")) return 0;
  AVChapter *first = output->chapters[0];
  first->start = FFMIN(first->start, 0);
  return name_all(output);
}
