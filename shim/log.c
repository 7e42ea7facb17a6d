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

/* Removes the prefix that outputs' URLs have inside libavformat. */
static int without_prefixes(char *line, int size) {
  for (char *found = line; (found = strstr(found, AVIO_PREFIX)); size -= (int)strlen(AVIO_PREFIX))
    memmove(found, found + strlen(AVIO_PREFIX), strlen(found + strlen(AVIO_PREFIX)) + 1);
  return size;
}

/* The message is replaced: it contains the whole whitelist. */
static bool is_refused_format(const char *format) { return strstr(format, "Format not on whitelist"); }

static int class_category(void *origin) {
  AVClass *class = origin ? *(AVClass **)origin : NULL;
  return !class ? AV_CLASS_CATEGORY_NA : class->get_category ? (int)class->get_category(origin) : (int)class->category;
}

/* Messages that a source ends too early. */
static bool reports_early_end(const char *format) {
  static const char *const known[] = {"ended prematurely", ": partial file", "- partial file", "growing file?", "Truncating packet of size",
                                     "Failed to reload playlist"};
  for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
    if (strstr(format, known[i])) return true;
  return false;
}

/* dash logs this at its normal end, too: input.c finds out which it is, and warns if something is missing. */
static bool is_lack_of_fragment(const char *format) { return strstr(format, "loading first fragment"); }

/* What a demuxer reports as a warning, but means packets lost. */
static bool is_lossy(const char *format) { return strstr(format, "STSC entry %d is invalid") || strstr(format, "overread end of atom") || strstr(format, "Invalid mvhd time scale"); }

/* A seek that finds nothing by one method tries another, or fails; one in Ogg looks for times in the headers of VP8, too. */
static bool is_of_search(const char *format) { return strstr(format, "read_timestamp() failed") || strstr(format, "invalid pts %"); }

/* Messages of libavutil's list of tags, as shim/ffmpeg/ patches it: the caller goes on without the tag. */
static bool reports_lost_tags(const char *format) { return strstr(format, "more than %d tags") || strstr(format, "more than %d bytes of a tag"); }

/* Makes a warning of a demuxer's error message, since the operation continues. */
static void note_warning(struct log *log, void *origin, int level, const char *format, va_list arguments) {
  bool is_packet = !strncmp(format, "Packet corrupt (stream = %d", 27), is_end = reports_early_end(format), is_tag = reports_lost_tags(format);
  bool is_fault = (level <= AV_LOG_ERROR || is_lossy(format)) && class_category(origin) == AV_CLASS_CATEGORY_DEMUXER;
  if ((!is_packet && !is_end && !is_tag && !is_fault) || is_lack_of_fragment(format) || is_of_search(format)) return;
  char line[1024];
  va_list copy;
  va_copy(copy, arguments);
  vsnprintf(line, sizeof(line), format, copy);
  va_end(copy);
  line[strcspn(line, "\n")] = 0;
  va_copy(copy, arguments);
  int stream = is_packet ? va_arg(copy, int) : -1;
  va_end(copy);
  int kind = is_end ? AVS_WARNING_TRUNCATED : is_tag ? AVS_WARNING_DROPPED : AVS_WARNING_DAMAGED;
  const char *words = is_packet ? "a packet is damaged, and kept"
                      : is_end  ? "the source ends too early: it is cut off, or not written to its end"
                      : is_tag  ? "tags are left out: there are too many of them, or one is too long"
                                : "the source has an error in it; reading continues after it";
  warnings_add(&log->warnings, kind, stream, words, line, 1);
}

static void append_line(struct log *log, void *origin, int level, const char *format, va_list arguments) {
  struct text *text = &log->text;
  if (text->size > LOG_BYTES + (origin ? 0 : 4096)) return; /* enough lines; our own messages may exceed the limit a little */
  /* These come from our codec whitelist (parameters.c), not from the file. */
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
  if (level > threshold || !current) return; /* most lines; it is never below AV_LOG_WARNING */
  if (level <= AV_LOG_ERROR) {
    if (strstr(format, "exceeds max_streams")) current->exceeds_max_streams = true;
    if (is_refused_format(format)) current->refuses_format = true;
    if (strstr(format, "ended prematurely")) current->ended_early = true;
    if (strstr(format, "root atom offset")) current->past_end = true;
    if (is_lack_of_fragment(format)) current->lacks_fragment = true;
    if (strstr(format, "Error applying bitstream filters")) current->filter_failed = true;
  }
  if (level <= AV_LOG_WARNING && strstr(format, "Failed to open an initialization section")) current->lacks_init = true;
  if (level <= AV_LOG_WARNING) note_warning(current, origin, level, format, arguments);
  append_line(current, origin, level, format, arguments);
}

void log_line(struct log *log, int level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  append_line(log, NULL, level, format, arguments);
  va_end(arguments);
}

void warn(struct log *log, int kind, int stream, int64_t count, const char *words, const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  log_line(log, AV_LOG_WARNING, "%s", line);
  warnings_add(&log->warnings, kind, stream, words, line, count);
}

struct log_mark log_mark(const struct log *log) { return (struct log_mark){log->text.size, log->warnings.count, log->errors}; }

void log_rewind(struct log *log, struct log_mark mark) {
  if (log->text.size > mark.size) log->text.size = mark.size;
  warnings_cut(&log->warnings, mark.warnings);
  log->errors = mark.errors;
}

void log_install(void) { av_log_set_callback(on_log); }
