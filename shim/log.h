/* floor 1 */
/*
 * log.h - FFmpeg's log lines, kept for whom the thread that logs is at work. Nothing is printed. Errors and warnings are
 * always kept, for messages; more when avs_set_log_level() asks for it.
 */
#ifndef AVS_LOG_H
#define AVS_LOG_H

#include "text.h"
#include "warnings.h"

/* What libavformat's names of outputs begin with, so that no muxer takes them for files of the machine's. */
#define AVIO_PREFIX "avio:/"

struct log {
  struct text text;         /* as avs_take_log() gives it */
  struct warnings warnings; /* as avs_warnings() gives them */
  bool exceeds_max_streams; /* libavformat has logged so, and reports it in no other way */
  bool refuses_format;      /* the same: a format that is not among those that may be tried */
  bool ended_early; /* the source, in the middle of something */
  bool past_end;    /* mp4's demuxer was to go on behind the end of the source, where nothing is to be missed */
  bool lacks_init;  /* hls could not open what comes before its segments */
  bool lacks_fragment; /* dash found no segment any more of one of its streams */
  bool filter_failed; /* one that a muxer puts before itself could not read a packet */
  int errors;       /* lines of that level */
};

/* From now on, lines that FFmpeg logs on this thread go there; NULL: nowhere. */
void log_to(struct log *log);
void log_line(struct log *log, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Warns of so many (AVS_WARNING_*): `words` is a literal, the line of the log says more. `stream` is the input's, or -1. */
void warn(struct log *log, int kind, int stream, int64_t count, const char *words, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* A place in it, to go back to: what was said since is of no use to anyone, as something else is tried. */
struct log_mark {
  size_t size, warnings;
  int errors;
};
struct log_mark log_mark(const struct log *log);
void log_rewind(struct log *log, struct log_mark mark);
/* For the whole process. */
void log_install(void);

#endif
