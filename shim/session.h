/* floor 3 */
/*
 * session.h - creates, runs and frees sessions. Their parts and their operations are on the floors above: operations.c puts
 * them together.
 */
#ifndef AVS_SESSION_H
#define AVS_SESSION_H

#include <libavutil/dict.h>
#include <libavutil/log.h>

#include "channel.h"

/* What is to be opened next, as set by AVS_SET_INPUT or AVS_SET_OUTPUT. */
struct target {
  char *url, *format;
  char *formats; /* of an input: names of the formats that may be tried, separated by commas; NULL: all */
  int64_t max_packet_size, max_open_size; /* of an input; 0: no limit */
  bool strict; /* of an input: a missing file is an error */
};

struct session {
  struct channel channel; /* first: its handle is the session's */
  char *refused_url;      /* in the last operation */
  struct text unused;     /* names of options that were not used */
  AVDictionary *options;
  struct target targets[2]; /* by direction */

  struct input *input; /* changed with the channel's lock held, as packets may be taken from it meanwhile */
  struct output *output;
  struct remux *remux;
  struct part *parts; /* inputs that are set aside, with their remuxes (remux/merge.h) */
  unsigned part_count, part;

  /* For the session's own thread, under the channel's lock (worker.c). */
  uint32_t operation;
  double slot[AVS_SLOT_SIZE];
  bool closing;
  struct session *next; /* in the queue of sessions that wait for a thread */
};

typedef int operation(struct session *session, double *slot, uint8_t *data, size_t size);

/*
 * Implemented on the floors above: the operation with this number, or NULL; and functions that free,
 * or abandon, a session's parts.
 */
operation *session_operation(uint32_t number);
void session_free_parts(struct session *session);
void session_abandon_parts(struct session *session);

struct session *find_session(double handle);
/* Runs an operation on the calling thread. */
void session_execute(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size);
/* Frees all but the handles, which belong to the isolate's thread. */
void session_destroy(struct session *session);
/* Records what was refused to the endpoint as a result of the operation; to be called before the endpoint is freed. */
void note_refused(struct session *session, const struct endpoint *endpoint);
/* Records the names of the remaining options as unused, and frees the options. */
void note_unused(struct session *session);

#define log_error(session, ...) log_line(&(session)->channel.log, AV_LOG_ERROR, __VA_ARGS__)

#endif
