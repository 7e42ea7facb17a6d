/* floor 0 */
/*
 * numbers.h - numbers as they cross: doubles, of which any may come.
 */
#ifndef AVS_NUMBERS_H
#define AVS_NUMBERS_H

#include <math.h>
#include <stdint.h>

#include <libavutil/avutil.h>

/* Whole numbers are exact up to here, and safe in JavaScript below. */
#define EXACT_DOUBLE INT64_C(9007199254740992)

static inline double from_timestamp(int64_t timestamp) {
  return timestamp == AV_NOPTS_VALUE ? NAN : (double)timestamp;
}

/* The nearest; NaN is 0. */
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
