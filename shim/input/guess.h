/* floor 4 */
/*
 * guess.h - explains why a source can't be opened if libavformat returns only "invalid data": from the first bytes it guesses
 * whether it is a media format with a damaged header, or something else.
 */
#ifndef AVS_INPUT_GUESS_H
#define AVS_INPUT_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../session.h"

/* Whether libavformat would recognize a format by the first bytes. */
bool looks_like_media(const uint8_t *bytes, size_t size);
/* Logs the guess as an error. `format` is the one that the program requested, or NULL. */
void log_guess(struct session *session, int result, const char *format, const uint8_t *bytes, size_t size);
/* The same, if the format was chosen by the name and the bytes look different; logs nothing if they may match. */
void log_misnamed(struct session *session, const uint8_t *bytes, size_t size);

#endif
