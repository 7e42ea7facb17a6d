#include "ended.h"

#include <string.h>

#include "places.h"

enum { MAX_STREAMS = 64 };

static uint64_t list_discarded(const AVFormatContext *context) {
  uint64_t streams = 0;
  for (unsigned i = 0; i < context->nb_streams && i < MAX_STREAMS; i++)
    if (context->streams[i]->discard >= AVDISCARD_ALL) streams |= UINT64_C(1) << i;
  return streams;
}

void ended_begin(struct ended *ended, const AVFormatContext *context) {
  ended->is_tracked = !strcmp(context->iformat->name, "dash");
}

int read_noting_ends(AVFormatContext *context, struct ended *ended, AVPacket *packet) {
  if (!ended->is_tracked) return av_read_frame(context, packet);
  uint64_t before = list_discarded(context);
  int result = av_read_frame(context, packet);
  ended->streams |= list_discarded(context) & ~before;
  return result;
}

int seek_wanting_all(AVFormatContext *context, struct ended *ended, const struct seek *seek) {
  want_ended(context, ended);
  uint64_t before = ended->is_tracked ? list_discarded(context) : 0;
  int result = avformat_seek_file(context, seek->stream, seek->min, seek->target, seek->max, seek->flags);
  if (ended->is_tracked) ended->streams = list_discarded(context) & ~before;
  want_ended(context, ended);
  return result;
}

bool has_ended(const struct ended *ended, int stream) {
  return stream < MAX_STREAMS && ended->streams >> stream & 1;
}

void forget_end(struct ended *ended, int stream) {
  if (stream < MAX_STREAMS) ended->streams &= ~(UINT64_C(1) << stream);
}

bool is_stream_wanted(const AVFormatContext *context, const struct ended *ended, int stream) {
  return context->streams[stream]->discard < AVDISCARD_ALL || has_ended(ended, stream);
}

void want_ended(AVFormatContext *context, struct ended *ended) {
  for (unsigned i = 0; ended->streams && i < context->nb_streams; i++)
    if (has_ended(ended, (int)i)) context->streams[i]->discard = AVDISCARD_DEFAULT;
  ended->streams = 0;
}
