/* floor 5 */
/*
 * fields.h - the fields of a stream, in one table that drives both how they are described (describe.c) and how they are set
 * (set.c): a new field is one line of it.
 */
#ifndef AVS_FIELDS_H
#define AVS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <libavformat/avformat.h>

/* An enum by name. */
struct naming {
  const char *(*name)(int value);
  int (*value)(const char *name); /* below zero where unknown */
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
  ASPECT,     /* rational; the stream's and the codec's are one */
  FRAME_RATE, /* the same; of an input it is guessed */
  NAME,     /* enum by name */
  FOURCC,
  EXTRADATA,
  LAYOUT,
  CHANNELS, /* part of the layout; set only without one */
  DISPOSITION,
  PROFILE_NAME, /* what follows from codec and profile, in FFmpeg's words */
  SAMPLE_BITS,
};

struct field {
  const char *name;
  enum base base;
  size_t offset;
  enum type type;
  double min, max; /* of integers, where they are set */
  enum media media;
  const struct naming *naming;
  bool read_only;
};

/* In the order in which they are described and are to be set; `type` is the first, because others depend on it. */
extern const struct field fields[];
extern const int field_count;

void *field_address(AVStream *stream, const struct field *field);
/* To a stream of its type. */
bool field_applies(const AVStream *stream, const struct field *field);
bool is_integer(const struct field *field);
const char *media_type_name(int type);

#endif
