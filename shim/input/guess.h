/* floor 4 */
/*
 * guess.h - what a source is that can't be opened, where libavformat reports no more than invalid data: a media
 * format whose header is broken, or something else, by what it begins with.
 */
#ifndef AVS_INPUT_GUESS_H
#define AVS_INPUT_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../session.h"

/* Would libavformat take it for a format of its own, by what it begins with? */
bool looks_like_media(const uint8_t *bytes, size_t size);
/* Logs it as an error. `format` is the one that the program has requested, or NULL. */
void log_guess(struct session *session, int result, const char *format, const uint8_t *bytes, size_t size);
/* The same, where it is opened by a name that its bytes are not of; nothing where they may be. */
void log_misnamed(struct session *session, const uint8_t *bytes, size_t size);

#endif
