#include "endpoint.h"

#include <libavutil/mem.h>

void endpoint_free(struct endpoint *endpoint) {
  av_freep(&endpoint->refused_url);
  av_freep(&endpoint->url);
}

void refuse_seek(struct endpoint *endpoint, int64_t target) {
  if (endpoint->seek_refused) return;
  endpoint->seek_refused = true;
  endpoint->seek_target = target;
}

bool opening_exceeds(struct endpoint *endpoint, int64_t bytes, int opens) {
  struct opening *opening = &endpoint->opening;
  if (!opening->running) return false;
  opening->bytes += bytes;
  opening->opens += opens;
  bool too_much = opening->max_bytes && opening->bytes > opening->max_bytes;
  if (too_much || opening->opens > MAX_OPENS) opening->exceeded = true;
  return opening->exceeded;
}
