/* floor 0 */
/*
 * location.h - the real URL of an I/O context after a redirect: demuxers of playlists read it from the option "location" of an
 * AVIOContext, which FFmpeg's http sets.
 */
#ifndef AVS_LOCATION_H
#define AVS_LOCATION_H

#include <stddef.h>

#include <libavutil/log.h>

/* The child object of an AVIOContext, for av_opt_get(). */
struct location {
  const AVClass *class;
  char *url; /* NULL: the URL that was requested */
};

/* 0, or AVERROR(ENOMEM). */
int location_set(struct location *location, const char *url, size_t size);
void location_free(struct location *location);

#endif
