/* floor 0 */
/*
 * numbers.h - converts the doubles that come from JavaScript, which may have any value.
 */
#ifndef AVS_NUMBERS_H
#define AVS_NUMBERS_H

#include <math.h>
#include <stdint.h>

#include <libavutil/avutil.h>

/* Integers up to 2^53 are exact in a double; those below are safe in JavaScript. */
#define EXACT_DOUBLE INT64_C(9007199254740992)

static inline double from_timestamp(int64_t timestamp) {
  return timestamp == AV_NOPTS_VALUE ? NAN : (double)timestamp;
}

/* The nearest int; NaN is 0. */
static inline int to_int(double value) {
  if (isnan(value)) return 0;
  return value >= INT32_MAX ? INT32_MAX : value <= INT32_MIN ? INT32_MIN : (int)value;
}

static inline int64_t to_timestamp(double value) {
  if (isnan(value)) return AV_NOPTS_VALUE;
  if (value >= (double)EXACT_DOUBLE) return EXACT_DOUBLE;
  if (value <= (double)-EXACT_DOUBLE) return -EXACT_DOUBLE;
  return (int64_t)value;
}

/* Seconds in units of AV_TIME_BASE. */
static inline int64_t from_seconds(double seconds) { return to_timestamp(round(seconds * AV_TIME_BASE)); }

#endif
