/*
 * log.c - FFmpeg's log lines, kept for the session whose operation runs on the thread that logs. Nothing is
 * printed. Errors and warnings are always kept, for messages; more when avs_set_log_level() asks for it.
 */
#include <stdatomic.h>

#include "internal.h"

enum { LOG_BYTES = 64 * 1024 };

static atomic_int threshold = AV_LOG_WARNING;
static _Thread_local struct session *current;

void avs_set_log_level(int32_t level) { threshold = level > AV_LOG_WARNING ? level : AV_LOG_WARNING; }

struct session *log_to(struct session *session) {
  struct session *before = current;
  current = session;
  return before;
}

struct session *log_session(void) { return current; }

/* "mov,mp4: " for the demuxer "mov,mp4,m4a,3gp,3g2,mj2". */
static void append_origin(struct text *log, void *origin) {
  AVClass *class = origin ? *(AVClass **)origin : NULL;
  if (!class) return;
  const char *name = class->item_name ? class->item_name(origin) : class->class_name;
  if (!name || !*name || !strcmp(name, "NULL")) return;
  const char *comma = strchr(name, ',');
  if (comma) comma = strchr(comma + 1, ',');
  text_append(log, name, comma ? (size_t)(comma - name) : strlen(name));
  text_append(log, ": ", 2);
}

/* What libavformat calls outputs is no name that anybody else knows. */
static int without_prefixes(char *line, int size) {
  for (char *found = line; (found = strstr(found, AVIO_PREFIX)); size -= (int)strlen(AVIO_PREFIX))
    memmove(found, found + strlen(AVIO_PREFIX), strlen(found + strlen(AVIO_PREFIX)) + 1);
  return size;
}

static void append_line(struct session *session, void *origin, int level, const char *format, va_list arguments) {
  struct text *log = &session->log;
  if (log->size > LOG_BYTES + (origin ? 0 : 4096)) return; /* our own lines say what matters */
  /* Our own doing (parameters.c), and no fault of the file's. */
  if (strstr(format, "not on whitelist") || strstr(format, "Failed to open codec")) return;
  char line[1024];
  int size = vsnprintf(line, sizeof(line), format, arguments);
  if (size >= (int)sizeof(line)) size = sizeof(line) - 1;
  size = without_prefixes(line, size);
  while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == ' ')) size--;
  if (size <= 0) return;
  for (int i = 0; i < size; i++)
    if ((unsigned char)line[i] < 0x20) line[i] = ' ';
  text_format(log, "%d\t", level);
  append_origin(log, origin);
  text_append(log, line, (size_t)size);
  text_append(log, "\n", 1);
}

static void on_log(void *origin, int level, const char *format, va_list arguments) {
  if (current && strstr(format, "exceeds max_streams")) current->opening.too_many_streams = true;
  level &= 0xff; /* the bits above are a colour */
  if (current && level <= threshold) append_line(current, origin, level, format, arguments);
}

void log_line(struct session *session, int level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  append_line(session, NULL, level, format, arguments);
  va_end(arguments);
}

void log_install(void) { av_log_set_callback(on_log); }

int32_t avs_take_log(double handle, char *out, uint32_t capacity) {
  struct session *session = find_session(handle);
  if (!session) return AVERROR(EBADF);
  if (session->running) return AVERROR(EBUSY);
  if (session->log.size > capacity) return (int32_t)session->log.size;
  return text_deliver(&session->log, out, capacity);
}
