#include "result.h"

#include <math.h>

#include "../input/input.h"
#include "../input/whole.h"
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

/* Who asks for a part, or has a say in each packet, may get nothing. */
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
  const char *why = remux->read ? "none of its packets could be written" : "it has no packets of them";
  if (!remux->read && is_cut_off(session)) why = "it is cut off before the first packet of them";
  log_error(session, "neither sound nor a moving picture comes out of the source: %s", why);
  return AVERROR_INVALIDDATA;
}
