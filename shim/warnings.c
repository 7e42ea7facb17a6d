#include "warnings.h"

#include <stdlib.h>
#include <string.h>

#include "avs.h"

enum { MAX_ROWS = 1000 };

/* Words of the row of a kind that counts all further ones, also of other streams and inputs. */
static const char REST[] = "further warnings of this kind are only counted, whatever their stream";

static struct warning *find_rest(const struct warnings *warnings, int kind) {
  for (size_t i = MAX_ROWS; i < warnings->count; i++)
    if (warnings->list[i].kind == kind) return &warnings->list[i];
  return NULL;
}

static struct warning *find(const struct warnings *warnings, int kind, int stream, const char *words) {
  for (size_t i = 0; i < warnings->count; i++) {
    struct warning *row = &warnings->list[i];
    if (row->kind == kind && row->source == warnings->source && row->stream == stream && !strcmp(row->words, words)) return row;
  }
  return NULL;
}

/* A demuxer that is called again behind the end, for another stream or after a seek, reports the end again. */
static bool is_same_end(const struct warning *row, const char *line) {
  return row->kind == AVS_WARNING_TRUNCATED && row->line && line && !strcmp(row->line, line);
}

static struct warning *add_row(struct warnings *warnings) {
  struct warning *list = realloc(warnings->list, (warnings->count + 1) * sizeof(*list));
  if (!list) return NULL;
  warnings->list = list;
  return &list[warnings->count++];
}

static char *copy_of(const char *line) {
  size_t size = line ? strlen(line) + 1 : 0;
  char *copy = size ? malloc(size) : NULL;
  return copy ? memcpy(copy, line, size) : NULL;
}

void warnings_add(struct warnings *warnings, int kind, int stream, const char *words, const char *line, int64_t count) {
  if (warnings->paused) return;
  struct warning *row = find(warnings, kind, stream, words);
  bool is_rest = !row && warnings->count >= MAX_ROWS;
  if (is_rest) row = find_rest(warnings, kind);
  if (row) {
    if (is_rest || !is_same_end(row, line)) row->count += count;
    return;
  }
  if (is_rest) stream = -1, words = REST;
  char *copy = copy_of(line);
  row = copy || !line ? add_row(warnings) : NULL;
  if (row) {
    *row = (struct warning){kind, warnings->source, stream, words, copy, count};
    return;
  }
  free(copy);
  warnings->lost = true;
}

void warnings_cut(struct warnings *warnings, size_t count) {
  while (warnings->count > count) free(warnings->list[--warnings->count].line);
}

void warnings_json(const struct warnings *warnings, struct text *text) {
  text->failed |= warnings->lost;
  text_append(text, "[", 1);
  for (size_t i = 0; i < warnings->count; i++) {
    const struct warning *row = &warnings->list[i];
    json_item(text);
    text_format(text, "{\"kind\":%d,\"source\":%u,\"stream\":%d,\"count\":%lld", row->kind, row->source, row->stream,
                (long long)row->count);
    json_field(text, "words", row->words);
    json_key(text, "log");
    json_string_or_null(text, row->line);
    text_append(text, "}", 1);
  }
  text_append(text, "]", 1);
}

void warnings_free(struct warnings *warnings) {
  warnings_cut(warnings, 0);
  free(warnings->list);
  *warnings = (struct warnings){0};
}
