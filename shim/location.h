/* floor 0 */
/*
 * location.h - where the media behind an I/O context really is, when it was redirected: demuxers of playlists ask an
 * AVIOContext for the option "location", as FFmpeg's http has it.
 */
#ifndef AVS_LOCATION_H
#define AVS_LOCATION_H

#include <stddef.h>

#include <libavutil/log.h>

/* What an AVIOContext has below it for av_opt_get(). */
struct location {
  const AVClass *class;
  char *url; /* NULL: the URL that was requested */
};

/* 0, or AVERROR(ENOMEM). */
int location_set(struct location *location, const char *url, size_t size);
void location_free(struct location *location);

#endif
