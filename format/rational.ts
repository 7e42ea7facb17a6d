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

/** Checks a fraction of non-negative whole numbers. */
export function checkRational(value: Rational, name: string): Rational {
  checkObject(value, name);
  checkInteger(value.num, `${name}.num`, 0, MAX_INT32);
  checkInteger(value.den, `${name}.den`, 0, MAX_INT32);
  return value;
}

/** Checks a time base, which must be positive. */
export function checkTimeBase(value: Rational, name: string): Rational {
  checkRational(value, name);
  if (value.num === 0 || value.den === 0) {
    throw argumentError(RangeError, name, `must not be ${value.num}/${value.den}`);
  }
  return value;
}
