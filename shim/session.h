/* floor 3 */
/*
 * session.h - a session's life, and what runs one of its operations. What it is made of, and the operations, are on the
 * floors above: operations.c puts them together.
 */
#ifndef AVS_SESSION_H
#define AVS_SESSION_H

#include <libavutil/dict.h>
#include <libavutil/log.h>

#include "channel.h"

/* What is to be opened next; AVS_SET_INPUT, AVS_SET_OUTPUT. */
struct target {
  char *url, *format;
  char *formats; /* of an input: names of those that may be tried, separated by commas; NULL: any */
  int64_t max_packet_size, max_open_size; /* of an input; 0: any */
  bool strict; /* of an input */
};

struct session {
  struct channel channel; /* first: its handle is the session's */
  char *refused_url;      /* by the last operation */
  struct text unused;     /* options that nobody used */
  AVDictionary *options;
  struct target targets[2]; /* by direction */

  struct input *input; /* changed with the channel's lock held: packets are taken of it meanwhile */
  struct output *output;
  struct remux *remux;
  struct part *parts; /* inputs that are set aside, with what is remuxed of each (remux/merge.h) */
  unsigned part_count, part;

  /* Of the session's own thread, below the channel's lock (worker.c). */
  uint32_t operation;
  double slot[AVS_SLOT_SIZE];
  bool closing;
  struct session *next; /* that waits for a thread */
};

typedef int operation(struct session *session, double *slot, uint8_t *data, size_t size);

/* Of the floors above: by number, NULL where there is none; and what frees what they have made, or lets go of it. */
operation *session_operation(uint32_t number);
void session_free_parts(struct session *session);
void session_abandon_parts(struct session *session);

struct session *find_session(double handle);
/* Runs an operation on the calling thread, whichever that is. */
void session_execute(struct session *session, uint32_t operation, double *slot, uint8_t *data, size_t size);
/* Frees all but the handles, which belong to the isolate's thread. */
void session_destroy(struct session *session);
/* What it was refused counts for the operation, also where the endpoint is freed now. */
void note_refused(struct session *session, const struct endpoint *endpoint);
/* What is left of the options was used by nobody; they are gone. */
void note_unused(struct session *session);

#define log_error(session, ...) log_line(&(session)->channel.log, AV_LOG_ERROR, __VA_ARGS__)

#endif
