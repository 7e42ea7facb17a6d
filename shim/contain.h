/* floor 3 */
/*
 * contain.h - what keeps libavformat from opening anything by itself: every format context gets this, and formats and
 * options that have ways around it are refused by name. SECURITY.md has the list.
 */
#ifndef AVS_CONTAIN_H
#define AVS_CONTAIN_H

#include <libavformat/avformat.h>

#include "compat.h"
#include "session.h"

/* What a format context gets so that it opens nothing by itself. */
void contain(struct session *session, AVFormatContext *context);
/* The formats that the caller wants tried, and no others, in contexts within too; without those that are refused. */
int contain_formats(const struct session *session, AVFormatContext *context);
/* Below zero where the format has ways around it. */
int contain_input_format(struct session *session, const AVInputFormat *format);
int contain_output_format(struct session *session, const AVOutputFormat *format);

struct added_options {
  const char *names[8];
  int count;
};

/* Sets what options must be in session->options; below zero where the caller's are others. */
int contain_input_options(struct session *session, bool is_sequence, struct added_options *added);
int contain_output_options(struct session *session, const AVOutputFormat *format);
/* Numbers of options are expressions, and these programs: what could go on for ever is refused, where FFmpeg does not end it. */
int contain_text(struct session *session, const char *name, const char *text);
/* Those that the format did not want. */
void drop_added_options(struct session *session, const struct added_options *added);

#endif
