/* floor 3 */
/*
 * contain.h - keeps libavformat from opening anything by itself: sets the callbacks and lists of every format context, and
 * refuses by name the formats and options that would bypass them. SECURITY.md has the list.
 */
#ifndef AVS_CONTAIN_H
#define AVS_CONTAIN_H

#include <libavformat/avformat.h>

#include "compat.h"
#include "session.h"

/* Sets up a format context so that it opens nothing by itself. */
/* AVERROR(ENOMEM): it is not contained, and must not be used. */
int contain(struct session *session, AVFormatContext *context);
/* Restricts the context, and nested ones, to the formats that the caller has named, without those that are refused. */
int contain_formats(const struct session *session, AVFormatContext *context);
/* Below zero if the format would bypass it. */
int contain_input_format(struct session *session, const AVInputFormat *format);
int contain_output_format(struct session *session, const AVOutputFormat *format);

struct added_options {
  const char *names[8];
  int count;
};

/* Sets the fixed options in session->options; below zero if the caller has set them to other values. */
int contain_input_options(struct session *session, bool is_sequence, struct added_options *added);
/* `files`: the format of the files that it writes, which differs from its own for segments. */
int contain_output_options(struct session *session, const AVOutputFormat *format, const AVOutputFormat *files);
/* Numeric options are expressions, which may loop: those that could loop for ever are refused, unless FFmpeg ends them. */
int contain_text(struct session *session, const char *name, const char *text);
/* Whether a layout of channels, "ambisonic 0+...", is in another one: FFmpeg calls itself for each, until the stack ends. */
bool has_nested_layout(const char *text);
/* Removes those that the format did not use. */
int drop_added_options(struct session *session, const struct added_options *added);

#endif
