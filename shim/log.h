/* floor 1 */
/*
 * log.h - collects FFmpeg's log lines in the session that the logging thread works for. Nothing is printed. Errors and
 * warnings are always kept, for error messages; lower levels if avs_set_log_level() sets them.
 */
#ifndef AVS_LOG_H
#define AVS_LOG_H

#include "text.h"
#include "warnings.h"

/* The prefix of outputs' URLs inside libavformat, so that no muxer takes them for local files. */
#define AVIO_PREFIX "avio:/"

struct log {
  struct text text;         /* for avs_take_log() */
  struct warnings warnings; /* for avs_warnings() */
  bool exceeds_max_streams; /* libavformat reports it only in the log; so are the next ones */
  bool refuses_format;      /* a format that is not among those that may be tried */
  bool ended_early; /* the source ended in the middle of a structure */
  bool past_end;    /* mp4: the size of a box exceeds the source, but nothing is missing */
  bool lacks_init;  /* hls could not open an initialization section */
  bool lacks_fragment; /* dash found no more segments of one of its streams */
  bool filter_failed; /* a muxer's own bitstream filter failed on a packet */
  bool unframed;      /* a stream's first packet is not framed as its codec requires */
  int errors;       /* number of lines of the level error */
};

/* From now on, FFmpeg's lines on this thread go into that log; NULL: they are dropped. */
void log_to(struct log *log);
void log_line(struct log *log, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/*
 * Adds a warning (AVS_WARNING_*) and a line to the log. `words` is a literal; `format` has the
 * details. `stream`: of the input, or -1.
 */
void warn(struct log *log, int kind, int stream, int64_t count, const char *words, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* A position in the log: log_rewind() drops what was logged since, if another attempt is made. */
struct log_mark {
  size_t size, warnings;
  int errors;
};
struct log_mark log_mark(const struct log *log);
void log_rewind(struct log *log, struct log_mark mark);
/* Sets FFmpeg's log callback, for the whole process. */
void log_install(void);

#endif
