/* floor 5 */
/*
 * formats.h - what this library is: versions, input and output formats, texts of error codes.
 */
#ifndef AVS_FORMATS_H
#define AVS_FORMATS_H

#include <libavformat/avformat.h>

#include "text.h"

void json_input_format(struct text *text, const AVInputFormat *format);
void json_output_format(struct text *text, const AVOutputFormat *format);

#endif
