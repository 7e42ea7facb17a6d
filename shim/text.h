/* floor 0 */
/*
 * text.h - a growing text buffer, and functions to write JSON to it.
 */
#ifndef AVS_TEXT_H
#define AVS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `failed` is set when there is no memory; later appends are ignored. */
struct text {
  char *data;
  size_t size, capacity;
  bool failed;
};

/* No string of V8 may be longer. */
enum { MAX_STRING = 0x1fffffe8 };

void text_append(struct text *text, const char *data, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);
/* Copies the text to `out` and frees it; returns the result that avs.h specifies. */
int32_t text_deliver(struct text *text, char *out, size_t capacity);

/* JSON: json_key() writes a comma if needed and the key; a value must follow. Before each item of an array call json_item(). */
void json_string(struct text *text, const char *value);
void json_key(struct text *text, const char *name);
void json_item(struct text *text);
void json_null(struct text *text);
/* NaN and infinities are null. */
void json_number(struct text *text, double value);
void json_string_or_null(struct text *text, const char *value);
/* Writes a key with a string. */
void json_field(struct text *text, const char *name, const char *value);

#endif
