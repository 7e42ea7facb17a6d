#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/log.h>

#include "avs.h"

enum { LOG_BYTES = 64 * 1024 };

static atomic_int threshold = AV_LOG_WARNING;
static _Thread_local struct log *current;

void avs_set_log_level(int32_t level) { threshold = level > AV_LOG_WARNING ? level : AV_LOG_WARNING; }

void log_to(struct log *log) { current = log; }

/* "mov,mp4: " for the demuxer "mov,mp4,m4a,3gp,3g2,mj2". */
static void append_origin(struct text *text, void *origin) {
  AVClass *class = origin ? *(AVClass **)origin : NULL;
  if (!class) return;
  const char *name = class->item_name ? class->item_name(origin) : class->class_name;
  if (!name || !*name || !strcmp(name, "NULL")) return;
  const char *comma = strchr(name, ',');
  if (comma) comma = strchr(comma + 1, ',');
  text_append(text, name, comma ? (size_t)(comma - name) : strlen(name));
  text_append(text, ": ", 2);
}

/* What libavformat calls outputs is no name that anybody else knows. */
static int without_prefixes(char *line, int size) {
  for (char *found = line; (found = strstr(found, AVIO_PREFIX)); size -= (int)strlen(AVIO_PREFIX))
    memmove(found, found + strlen(AVIO_PREFIX), strlen(found + strlen(AVIO_PREFIX)) + 1);
  return size;
}

/* Followed by all that may be. */
static bool is_refused_format(const char *format) { return strstr(format, "Format not on whitelist"); }

static void append_line(struct log *log, void *origin, int level, const char *format, va_list arguments) {
  struct text *text = &log->text;
  if (text->size > LOG_BYTES + (origin ? 0 : 4096)) return; /* our own lines say what matters */
  /* Our own doing (parameters.c), and no fault of the file's. */
  if ((strstr(format, "not on whitelist") && !is_refused_format(format)) || strstr(format, "Failed to open codec")) return;
  char line[1024];
  int size = is_refused_format(format) ? snprintf(line, sizeof(line), "not among the formats that may be tried")
                                       : vsnprintf(line, sizeof(line), format, arguments);
  if (size >= (int)sizeof(line)) size = sizeof(line) - 1;
  size = without_prefixes(line, size);
  while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == ' ')) size--;
  if (size <= 0) return;
  for (int i = 0; i < size; i++)
    if ((unsigned char)line[i] < 0x20) line[i] = ' ';
  if (level <= AV_LOG_ERROR) log->errors++;
  text_format(text, "%d\t", level);
  append_origin(text, origin);
  text_append(text, line, (size_t)size);
  text_append(text, "\n", 1);
}

static void on_log(void *origin, int level, const char *format, va_list arguments) {
  level &= 0xff; /* the bits above are a colour */
  if (current && level <= AV_LOG_ERROR) { /* most lines are of packets, and none of these */
    if (strstr(format, "exceeds max_streams")) current->exceeds_max_streams = true;
    if (is_refused_format(format)) current->refuses_format = true;
    if (strstr(format, "ended prematurely")) current->ended_early = true;
    if (strstr(format, "root atom offset")) current->past_end = true;
    if (strstr(format, "loading first fragment")) current->lacks_fragment = true;
    if (strstr(format, "Error applying bitstream filters")) current->filter_failed = true;
  }
  if (current && level <= AV_LOG_WARNING && strstr(format, "Failed to open an initialization section")) current->lacks_init = true;
  if (current && level <= threshold) append_line(current, origin, level, format, arguments);
}

void log_line(struct log *log, int level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  append_line(log, NULL, level, format, arguments);
  va_end(arguments);
}

struct log_mark log_mark(const struct log *log) { return (struct log_mark){log->text.size, log->errors}; }

void log_rewind(struct log *log, struct log_mark mark) {
  if (log->text.size > mark.size) log->text.size = mark.size;
  log->errors = mark.errors;
}

void log_install(void) { av_log_set_callback(on_log); }
