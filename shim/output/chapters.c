#include "chapters.h"

#include <stdbool.h>
#include <stdlib.h>

#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>

#include "output.h"

static int order_of(const AVChapter *one, const AVChapter *other) {
  return av_compare_ts(one->start, one->time_base, other->start, other->time_base);
}

/* A chapter with its place, which decides between chapters that begin at the same time. */
struct placed {
  AVChapter *chapter;
  unsigned place;
};

static int compare(const void *one, const void *other) {
  const struct placed *a = one, *b = other;
  int order = order_of(a->chapter, b->chapter);
  return order ? order : a->place < b->place ? -1 : 1;
}

static bool is_sorted(AVChapter *const *chapters, unsigned count) {
  unsigned i = 1;
  while (i < count && order_of(chapters[i - 1], chapters[i]) <= 0) i++;
  return i >= count;
}

static int sort(AVChapter **chapters, unsigned count) {
  if (is_sorted(chapters, count)) return 0;
  struct placed *placed = malloc(count * sizeof(*placed));
  if (!placed) return AVERROR(ENOMEM);
  for (unsigned i = 0; i < count; i++) placed[i] = (struct placed){chapters[i], i};
  qsort(placed, count, sizeof(*placed), compare);
  for (unsigned i = 0; i < count; i++) chapters[i] = placed[i].chapter;
  free(placed);
  return 0;
}

static int name_all(AVFormatContext *output) {
  int result = 0;
  for (unsigned i = 0; i < output->nb_chapters && result >= 0; i++)
    if (!av_dict_get(output->chapters[i]->metadata, "title", NULL, 0)) result = av_dict_set(&output->chapters[i]->metadata, "title", "", 0);
  return result;
}

void drop_chapters(AVFormatContext *output, unsigned from) {
  for (; output->nb_chapters > from; output->nb_chapters--) {
    av_dict_free(&output->chapters[output->nb_chapters - 1]->metadata);
    av_freep(&output->chapters[output->nb_chapters - 1]);
  }
}

/* Nero's list of chapters has a count of 8 bits. */
static void limit_chapters(struct session *session) {
  enum { MAX_LISTED = 255 };
  AVFormatContext *output = session->output->context;
  if (output->nb_chapters <= MAX_LISTED || !av_match_name(output->oformat->name, "3gp,3g2,f4v,ismv")) return;
  unsigned over = output->nb_chapters - MAX_LISTED;
  warn(&session->channel.log, AVS_WARNING_DROPPED, -1, over, "there are too many chapters: the last ones are left out",
       "%u chapters are left out: the format has room for %d", over, MAX_LISTED);
  drop_chapters(output, MAX_LISTED);
}

int arrange_chapters(struct session *session) {
  AVFormatContext *output = session->output->context;
  int result = sort(output->chapters, output->nb_chapters);
  limit_chapters(session);
  if (result < 0 || !output->nb_chapters || !av_match_name(output->oformat->name, "mp4,mov,ipod")) return result;
  AVChapter *first = output->chapters[0];
  first->start = FFMIN(first->start, 0);
  return name_all(output);
}
