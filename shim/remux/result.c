#include "result.h"

#include <math.h>

#include "../input/input.h"
#include "../input/whole.h"
#include "../streams.h"
#include "remux.h"

static bool is_wanted(const struct session *session, unsigned stream) {
  const struct remux *remux = session->remux;
  return stream < remux->count && remux->routes[stream].output_stream >= 0 &&
         is_sound_or_motion(session->input->context->streams[stream]);
}

void warn_cut_off(struct session *session) {
  int64_t size = source_size(session->input->context->pb);
  for (unsigned i = 0; i < session->input->context->nb_streams; i++)
    if (is_wanted(session, i)) warn_missing_packets(session, i, size);
}

static bool is_cut_off(const struct session *session) {
  const AVFormatContext *input = session->input->context;
  int64_t size = source_size(input->pb);
  for (unsigned i = 0; i < input->nb_streams; i++)
    if (is_wanted(session, i) && missing_packets(input, input->streams[i], size)) return true;
  return false;
}

/* An empty result is no error if a part was requested, or if packets are transformed. */
static bool may_be_empty(const struct session *session) {
  const struct remux *remux = session->remux;
  bool whole = isnan(remux->start) && remux->end == AV_NOPTS_VALUE && !session->channel.transformer;
  bool wanted = false;
  for (unsigned i = 0; i < session->input->context->nb_streams; i++) wanted |= is_wanted(session, i);
  return !whole || !wanted;
}

int check_result(struct session *session) {
  const struct remux *remux = session->remux;
  if (remux->media || may_be_empty(session)) return 0;
  const char *why = remux->read ? "none of the source's packets could be written" : "the source has no packets of them";
  if (!remux->read && is_cut_off(session)) why = "the source is cut off before the first packet of them";
  log_error(session, "neither audio nor video was written: %s", why);
  return AVERROR_INVALIDDATA;
}
