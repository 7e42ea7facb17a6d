/* floor 0 */
/*
 * text.h - text that grows, and the few pieces of JSON that results are made of.
 */
#ifndef AVS_TEXT_H
#define AVS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `failed` once memory ran out; what is appended after that is dropped. */
struct text {
  char *data;
  size_t size, capacity;
  bool failed;
};

void text_append(struct text *text, const char *data, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);
/* Copies out as avs.h promises, and frees. */
int32_t text_deliver(struct text *text, char *out, size_t capacity);

/* JSON: json_key() writes the comma that is due and the name; a value follows it. json_item() is due before an item of an array. */
void json_string(struct text *text, const char *value);
void json_key(struct text *text, const char *name);
void json_item(struct text *text);
void json_null(struct text *text);
/* What is no number is null. */
void json_number(struct text *text, double value);
void json_base64(struct text *text, const uint8_t *data, size_t size);
void json_string_or_null(struct text *text, const char *value);
/* A key with a string. */
void json_field(struct text *text, const char *name, const char *value);

#endif
