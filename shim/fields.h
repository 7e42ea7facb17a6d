/* floor 5 */
/*
 * fields.h - the table of the fields of a stream. It is used both to describe them (describe.c) and to set them (set.c): a
 * new field is one line in it.
 */
#ifndef AVS_FIELDS_H
#define AVS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <libavformat/avformat.h>

/* An enum by name. */
struct naming {
  const char *(*name)(int value);
  int (*value)(const char *name); /* below zero: unknown */
};

enum base { OF_STREAM, OF_PARAMETERS };
enum media { ANY, AUDIO, VIDEO };
enum type {
  INT,
  INT64,
  OPTIONAL, /* int, -99 (FF_PROFILE_UNKNOWN) is null */
  TIMESTAMP, /* in the stream's time base; AV_NOPTS_VALUE is null */
  SECONDS,   /* the same, as seconds */
  RATIONAL,
  ASPECT,     /* rational; of the stream and of the codec */
  FRAME_RATE, /* rational; of an input it is guessed */
  NAME,     /* enum by name */
  FOURCC,
  EXTRADATA,
  LAYOUT,
  CHANNELS, /* part of the layout; set only if that is not */
  DISPOSITION,
  PROFILE_NAME, /* FFmpeg's name for the profile of the codec */
  SAMPLE_BITS,
};

struct field {
  const char *name;
  enum base base;
  size_t offset;
  enum type type;
  double min, max; /* of integers that can be set */
  enum media media;
  const struct naming *naming;
  bool read_only;
};

/* In the order in which they are described and are to be set; `type` is the first, because others depend on it. */
extern const struct field fields[];
extern const int field_count;

void *field_address(AVStream *stream, const struct field *field);
/* Whether streams of this type have the field. */
bool field_applies(const AVStream *stream, const struct field *field);
bool is_integer(const struct field *field);
const char *media_type_name(int type);

#endif
