/**
 * Rational numbers: time bases, frame rates, aspect ratios (AVRational).
 */
import { argumentError } from "../ffi/errors.ts";
import { checkInteger, checkObject, MAX_INT32 } from "../io/arguments.ts";

/** A fraction (AVRational); `0/1` or `0/0` if unknown. */
export interface Rational {
  /** Numerator. */
  num: number;
  /** Denominator. */
  den: number;
}

/** Checks a fraction of non-negative whole numbers; returns a copy. */
export function checkRational(value: Rational, name: string): Rational {
  const { num, den } = checkObject(value, name);
  checkInteger(num, `${name}.num`, 0, MAX_INT32);
  checkInteger(den, `${name}.den`, 0, MAX_INT32);
  return { num, den };
}

/** Checks a time base, which must be positive; returns a copy. */
export function checkTimeBase(value: Rational, name: string): Rational {
  const { num, den } = checkRational(value, name);
  if (num === 0 || den === 0) throw argumentError(RangeError, name, `must not be ${num}/${den}`);
  return { num, den };
}
