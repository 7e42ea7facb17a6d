/* floor 0 */
/*
 * warnings.h - losses and changes that did not stop an operation: one list per session, with a row for each kind and stream,
 * and a count.
 */
#ifndef AVS_WARNINGS_H
#define AVS_WARNINGS_H

#include "text.h"

struct warning {
  int kind;          /* AVS_WARNING_* */
  unsigned source;   /* number of the input, in the order of opening */
  int stream;        /* of the input; -1: unknown */
  const char *words; /* avio's message: a literal */
  char *line;        /* line of the log, from the first time; NULL: none */
  int64_t count;
};

struct warnings {
  struct warning *list;
  size_t count;
  unsigned opened; /* inputs opened so far */
  unsigned source; /* the present input */
  bool paused;     /* the input is opened again: its warnings were recorded the first time */
  bool lost;       /* there was no memory for one: the session fails */
};

/*
 * Adds a row, or adds to the count of the row with the same kind, source, stream and words. Beyond 1,000 rows there is one more
 * for each kind, which counts what has no row of its own.
 */
void warnings_add(struct warnings *warnings, int kind, int stream, const char *words, const char *line, int64_t count);
/* Drops all rows after the first `count`. */
void warnings_cut(struct warnings *warnings, size_t count);
/* Writes them as an array of objects. */
void warnings_json(const struct warnings *warnings, struct text *text);
void warnings_free(struct warnings *warnings);

#endif
