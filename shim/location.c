#include "location.h"

#include <errno.h>

#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>

static const AVOption options[] = {
    {"location", "real URL, after redirects", offsetof(struct location, url), AV_OPT_TYPE_STRING, {.str = NULL}, 0, 0,
     AV_OPT_FLAG_EXPORT | AV_OPT_FLAG_READONLY, NULL},
    {NULL},
};

static const AVClass location_class = {
    .class_name = "location", .item_name = av_default_item_name, .option = options, .version = LIBAVUTIL_VERSION_INT};

int location_set(struct location *location, const char *url, size_t size) {
  char *copy = av_strndup(url, size);
  if (!copy) return AVERROR(ENOMEM);
  av_free(location->url);
  *location = (struct location){&location_class, copy};
  return 0;
}

void location_free(struct location *location) { av_freep(&location->url); }
