/**
 * Checks of arguments. Each takes a value and the argument's name; it returns the value, or throws a TypeError where it
 * is something else, a RangeError where it is out of range. Both are made by `argumentError`: the message begins with
 * the argument's name, which is in `argument` too.
 *
 * The name is what the caller would write: "into", the option "maxStreams", the option "input.timeout" within an
 * option, "packet.sideData[0].type", "streams[1].tag"; "options.movflags" is the AVOption.
 */
import { isBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";

/** Largest number that 32 bits with a sign hold: of C's `int`, and of a timer's milliseconds. */
export const MAX_INT32: number = 2 ** 31 - 1;

// ------------------------------------------------------------------------------------------- what it is

/** What a value is, with its article: "a string", "an array", "null". */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The error for a value that should have been something else; `wanted`: "a string", "one of ...". */
function wrongType(value: unknown, name: string, wanted: string): TypeError {
  return argumentError(TypeError, name, `must be ${wanted}, is ${typeName(value)}`);
}

/** An object that is no array. */
export function checkObject<T extends object>(value: T, name: string): T {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw wrongType(value, name, "an object");
}

/** An array. */
export function checkArray<T>(value: readonly T[], name: string): readonly T[] {
  if (Array.isArray(value)) return value;
  throw wrongType(value, name, "an array");
}

/** A string without NUL, which would end it in C. */
export function checkString(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrongType(value, name, "a string");
  if (value.includes("\0")) throw argumentError(TypeError, name, "must not contain NUL");
  return value;
}

/** A boolean. */
export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrongType(value, name, "a boolean");
}

/** A function. */
export function checkFunction<T>(value: T, name: string): T {
  if (typeof value === "function") return value;
  throw wrongType(value, name, "a function");
}

/** A Uint8Array. */
export function checkBytes(value: unknown, name: string): Uint8Array {
  if (isBytes(value)) return value;
  throw wrongType(value, name, "a Uint8Array");
}

/** One of these strings. */
export function checkOneOf<T extends string>(value: T, values: readonly T[], name: string): T {
  if (values.includes(value)) return value;
  const given = typeof value === "string" ? JSON.stringify(value) : typeName(value);
  throw argumentError(TypeError, name, `must be one of ${values.join(", ")}, is ${given}`);
}

/** An object whose values are strings without NUL, as tags are; its entries. */
export function checkStrings(
  values: Readonly<Record<string, string>>,
  name: string,
): (readonly [string, string])[] {
  return Object.entries(checkObject(values, name)).map(([key, value]) => {
    checkString(key, name);
    return [key, checkString(value, `${name}.${key}`)] as const;
  });
}

// ------------------------------------------------------------------------------------------- numbers

/** A number that is not NaN. */
function checkNotNaN(value: unknown, name: string): number {
  if (typeof value !== "number") throw wrongType(value, name, "a number");
  if (Number.isNaN(value)) throw argumentError(RangeError, name, "must not be NaN");
  return value;
}

/** A number from `min` to `max`. */
function checkRange(value: number, name: string, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw argumentError(RangeError, name, `must be ${rangeText(min, max)}, is ${value}`);
}

function rangeText(min: number, max: number): string {
  if (max === Infinity) return `${min} or more`;
  return min === -Infinity ? `${max} or less` : `from ${min} to ${max}`;
}

/** A finite number from `min` to `max`. */
export function checkNumber(value: unknown, name: string, min = -Infinity, max = Infinity): number {
  const number = checkNotNaN(value, name);
  if (Number.isFinite(number)) return checkRange(number, name, min, max);
  throw argumentError(RangeError, name, `must be finite, is ${number}`);
}

/** A whole number from `min` to `max`. */
export function checkInteger(
  value: unknown,
  name: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = checkNumber(value, name);
  if (Number.isInteger(number)) return checkRange(number, name, min, max);
  throw argumentError(RangeError, name, `must be a whole number, is ${number}`);
}

/** A limit: a number from `min`, Infinity (or -Infinity, where there is no `min`) for none. */
export function checkLimit(value: unknown, name: string, min = -Infinity): number {
  return checkRange(checkNotNaN(value, name), name, min, Infinity);
}

/** Milliseconds that something may take, 0 or more; Infinity for no limit. */
export function checkMilliseconds(value: unknown, name: string): number {
  return checkLimit(value, name, 0);
}

/** The same for `setTimeout`, which takes more than 2^31 - 1 (24 days) for 1: that is no limit, undefined. */
export function timerMilliseconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined || milliseconds > MAX_INT32 ? undefined : milliseconds;
}

// ------------------------------------------------------------------------------------------- names

/** All names that objects of a type may have; a list that lacks one, or has another, does not compile. */
export type Names<T> = Readonly<Record<keyof T & string, true>>;

/**
 * An object that has no other names than these: another one is a mistake that would be without effect. Only the own
 * enumerable names of plain objects are judged. Instances of classes may have whatever state they want.
 *
 * @param names What there is.
 * @param argument What the object is called; "" where its fields are called by their own names alone, as options are.
 * @param kind What a name stands for: "option", "callback", "field", ...
 */
export function checkNames<T extends object>(
  object: T,
  names: Readonly<Record<string, true>>,
  argument = "",
  kind = "option",
): T {
  const unknown = isPlain(object) && Object.keys(object).find((name) => !Object.hasOwn(names, name));
  if (unknown === false || unknown === undefined) return object;
  const known = Object.keys(names).join(", ");
  throw argumentError(
    TypeError,
    fieldName(argument, unknown),
    `there is no such ${kind}; the ${kind}s are ${known}`,
  );
}

/** What a field of an argument is called. */
export function fieldName(argument: string, field: string): string {
  return argument === "" ? field : `${argument}.${field}`;
}

/** Whether an object is an instance of no class. */
export function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

// ------------------------------------------------------------------------------------------- optional

/** What the check returns where there is a value; undefined where there is none. */
export function optional<T, A extends unknown[]>(
  check: (value: T, name: string, ...rest: A) => T,
  value: T | undefined,
  name: string,
  ...rest: A
): T | undefined {
  return value === undefined ? undefined : check(value, name, ...rest);
}
