#include "merge.h"

#include <math.h>
#include <stdlib.h>

#include "../input/input.h"
#include "remux.h"

bool is_merged(const struct session *session) { return session->part_count > 1; }

/* The lock is needed because JavaScript's thread reads session->input. */
void select_part(struct session *session, unsigned index) {
  struct part *present = &session->parts[session->part], *next = &session->parts[index];
  if (index == session->part) return;
  channel_lock(&session->channel);
  *present = (struct part){session->input, session->remux};
  session->input = next->input;
  session->remux = next->remux;
  session->part = index;
  *next = (struct part){0};
  channel_unlock(&session->channel);
  if (session->input) session->channel.log.warnings.source = session->input->serial;
  session->channel.endpoints[AVS_INPUT] = session->input ? &session->input->endpoint : NULL;
}

static const struct remux *remux_of_part(const struct session *session, unsigned index) {
  return index == session->part ? session->remux : session->parts[index].remux;
}

static bool add_part(struct session *session) {
  struct part *parts = realloc(session->parts, (session->part_count + 1) * sizeof(*parts));
  if (!parts) return false;
  parts[session->part_count++] = (struct part){0};
  session->parts = parts;
  return true;
}

int32_t avs_select_input(double handle, uint32_t index) {
  enum { MAX_INPUTS = 1000 };
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->channel.running) return AVERROR(EBUSY);
  if (index > session->part_count || index >= MAX_INPUTS || (!session->part_count && index)) return AVERROR(EINVAL);
  if (index == session->part_count && !add_part(session)) return AVERROR(ENOMEM);
  select_part(session, index);
  return 0;
}

/* Clears what the previous operation has recorded for the inputs that are set aside. */
void begin_parts(struct session *session) {
  for (unsigned i = 0; i < session->part_count; i++)
    if (session->parts[i].input) session->parts[i].input->endpoint.seek_refused = false;
}

bool select_next_part(struct session *session) {
  if (!is_merged(session)) return !session->remux->finished;
  int next = -1;
  int64_t min = 0;
  for (unsigned i = 0; i < session->part_count; i++) {
    const struct remux *remux = remux_of_part(session, i);
    if (!remux || remux->finished || (next >= 0 && remux->reached >= min)) continue;
    next = (int)i;
    min = remux->reached;
  }
  if (next >= 0) select_part(session, (unsigned)next);
  return next >= 0;
}

void count_parts(struct session *session, double *slot) {
  double packets = 0, first = NAN, last = NAN;
  unsigned count = session->part_count ? session->part_count : 1;
  for (unsigned i = 0; i < count; i++) {
    const struct remux *remux = session->part_count ? remux_of_part(session, i) : session->remux;
    if (!remux) continue;
    packets += (double)remux->packets;
    for (unsigned stream = 0; stream < remux->count; stream++) {
      first = fmin(first, remux->routes[stream].first);
      last = fmax(last, remux->routes[stream].last);
    }
  }
  slot[2] = packets;
  slot[3] = last - first;
  slot[4] = (double)channel_bytes(&session->channel, AVS_INPUT);
  for (unsigned i = 0; i < session->part_count; i++)
    if (session->parts[i].input) slot[4] += (double)endpoint_bytes(&session->parts[i].input->endpoint);
}

void parts_forget_output(struct session *session) {
  remux_forget_output(session->remux);
  for (unsigned i = 0; i < session->part_count; i++) remux_forget_output(session->parts[i].remux);
}

void parts_free(struct session *session) {
  for (unsigned i = 0; i < session->part_count; i++) {
    select_part(session, i);
    remux_free(session);
    input_free(session);
  }
  free(session->parts);
  session->parts = NULL;
  session->part_count = session->part = 0;
}

void parts_abandon(struct session *session) {
  for (unsigned i = 0; i < session->part_count; i++) {
    select_part(session, i);
    channel_lock(&session->channel);
    session->input = NULL;
    channel_unlock(&session->channel);
    session->channel.endpoints[AVS_INPUT] = NULL;
    remux_free(session);
  }
  free(session->parts);
  session->parts = NULL;
  session->part_count = session->part = 0;
}
