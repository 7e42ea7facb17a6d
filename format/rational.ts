/**
 * Rational numbers: time bases, frame rates, aspect ratios (AVRational).
 */

/** A fraction; AVRational. `0/1` or `0/0` where unknown. */
export interface Rational {
  /** Numerator. */
  num: number;
  /** Denominator. */
  den: number;
}

const MAX = 2 ** 31 - 1;

/** Checks a fraction of whole numbers from 0. */
export function checkRational(value: Rational, name: string): void {
  if (typeof value !== "object" || value === null) throw new TypeError(`${name}: must be { num, den }`);
  for (const key of ["num", "den"] as const) {
    const part: unknown = value[key];
    if (typeof part !== "number") throw new TypeError(`${name}.${key}: must be a number, is ${typeof part}`);
    if (!Number.isInteger(part) || part < 0 || part > MAX) {
      throw new RangeError(`${name}.${key}: must be a whole number from 0 to ${MAX}, is ${part}`);
    }
  }
}

/** Checks a fraction that is the length of a unit of time. */
export function checkTimeBase(value: Rational, name: string): void {
  checkRational(value, name);
  if (value.num === 0 || value.den === 0) {
    throw new RangeError(`${name}: must not be ${value.num}/${value.den}`);
  }
}
