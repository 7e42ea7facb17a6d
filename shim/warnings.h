/* floor 0 */
/*
 * warnings.h - what was lost or changed though the operation went on: one list for each session, whose rows say what, of
 * which stream, and how often, however many packets it was.
 */
#ifndef AVS_WARNINGS_H
#define AVS_WARNINGS_H

#include "text.h"

struct warning {
  int kind;          /* AVS_WARNING_* */
  unsigned source;   /* which of the inputs that the session has opened */
  int stream;        /* of the input; -1: none that is known */
  const char *words; /* ours: a literal */
  char *line;        /* of the log, the first time; NULL: there was none, or no memory */
  int64_t count;
};

struct warnings {
  struct warning *list;
  size_t count;
  unsigned opened; /* inputs so far */
  unsigned source; /* that is at work */
  bool paused;     /* it is read again, and was reported the first time */
};

/* What has the same kind, source, stream and words as a row that is there is counted there. */
void warnings_add(struct warnings *warnings, int kind, int stream, const char *words, const char *line, int64_t count);
/* Drops the rows behind so many. */
void warnings_cut(struct warnings *warnings, size_t count);
/* An array of objects. */
void warnings_json(const struct warnings *warnings, struct text *text);
void warnings_free(struct warnings *warnings);

#endif
