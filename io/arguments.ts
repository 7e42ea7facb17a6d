/**
 * Checks of arguments. Each takes a value and the argument's name and returns the value, or throws a TypeError if its
 * type is wrong, a RangeError if it is out of range. Both are made by `argumentError`: the message begins with the
 * argument's name, which is also in `argument`.
 *
 * The name is what the caller would write: the argument "into", the option "maxStreams", the nested option
 * "input.timeout", "packet.sideData[0].type", "streams[1].tag". "options.movflags" is an AVOption.
 */
import { byteLengthOf, bytesAt, isBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";

/** Largest signed 32-bit integer: the limit of C's `int`, and of a timer's milliseconds. */
export const MAX_INT32: number = 2 ** 31 - 1;

/** Seconds whose microseconds are exact numbers: 285 years. */
export const MAX_SECONDS: number = Number.MAX_SAFE_INTEGER / 1e6;

// ------------------------------------------------------------------------------------------- types

/** The type of a value with its article: "a string", "an array", "null". */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The kind of a value for messages, with the class of an object: "an object (Map)". */
export function kindOf(value: unknown): string {
  const kind = typeName(value);
  const name = kind === "an object" ? Object.getPrototypeOf(value)?.constructor?.name : "";
  return typeof name !== "string" || name === "" || name === "Object" ? kind : `${kind} (${name})`;
}

/** Whether a value is an object, and neither an array nor iterable like one. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** The class of an object with its article: "a Date", "an ArrayBuffer". */
export function className(value: object): string {
  const { constructor } = value;
  const name = typeof constructor === "function" && constructor.name || "object";
  return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`;
}

/** The error for a value of the wrong type; `wanted` is the right one: "a string", "one of ...". */
function wrongType(value: unknown, name: string, wanted: string): TypeError {
  return argumentError(TypeError, name, `must be ${wanted}, is ${typeName(value)}`);
}

/** An object with fields; a Map, whose entries are no fields and would have no effect, is none, and no array is. */
export function checkObject<T extends object>(value: T, name: string): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongType(value, name, "an object");
  }
  if (!(Symbol.iterator in value)) return value;
  throw argumentError(
    TypeError,
    name,
    "must be an object with fields, is iterable (Object.fromEntries converts a Map)",
  );
}

/** An array without holes; returns a copy, for which each item was read once. */
export function checkArray<T>(value: readonly T[], name: string): T[] {
  if (!Array.isArray(value)) throw wrongType(value, name, "an array");
  const items: T[] = [];
  for (let index = 0; index < value.length; index++) {
    if (!(index in value)) throw argumentError(TypeError, `${name}[${index}]`, "is missing");
    items.push(value[index]);
  }
  return items;
}

/** A string without NUL, which would terminate it in C. */
export function checkString(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrongType(value, name, "a string");
  if (value.includes("\0")) throw argumentError(TypeError, name, "must not contain NUL");
  return value;
}

/** Strings that are passed to C in one, separated by commas. */
export function checkList(value: readonly string[], name: string): string[] {
  return checkArray(value, name).map((item) => {
    if (checkString(item, name) !== "" && !item.includes(",")) return item;
    throw argumentError(TypeError, name, `each item must be one name, one is ${JSON.stringify(item)}`);
  });
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

/** Largest number of bytes that FFmpeg takes at once: an `int` with what it adds as padding. */
export const MAX_BYTES: number = MAX_INT32 - 64;

/** Largest number of bytes that are passed to C as base64: a longer text than that of these is no string in V8. */
export const MAX_ENCODED_BYTES: number = 383 * 2 ** 20;

/**
 * A Uint8Array of at most `max` bytes. A size of more than 32 bits would lose its upper ones on its way to C, so that the
 * rest of the bytes would be left out in silence.
 */
export function checkBytes(value: unknown, name: string, max: number = MAX_BYTES): Uint8Array {
  if (!isBytes(value)) throw wrongType(value, name, "a Uint8Array");
  const size = byteLengthOf(value);
  if (size === 0) bytesOf(value, name);
  if (size <= max) return value;
  throw argumentError(RangeError, name, `must have at most ${max} bytes, has ${size}`);
}

/** The bytes of a buffer or a view of any kind, in place. Bytes that are gone would be none, which is something else. */
export function bytesOf(memory: ArrayBufferLike | ArrayBufferView, name: string): Uint8Array<ArrayBuffer> {
  const bytes = bytesAt(memory);
  if (bytes) return bytes;
  throw argumentError(TypeError, name, "its buffer was detached, or has become too small");
}

/** One of these strings. */
export function checkOneOf<T extends string>(value: T, values: readonly T[], name: string): T {
  if (values.includes(value)) return value;
  const given = typeof value === "string" ? JSON.stringify(value) : typeName(value);
  throw argumentError(TypeError, name, `must be one of ${values.join(", ")}, is ${given}`);
}

/**
 * An object whose fields have any names, such as tags; returns a copy, for which each field was read once. It must be plain:
 * of other objects only their own fields could be listed, and those of a class or a prototype would be lost.
 */
export function checkRecord<T extends object>(value: T, name: string): T {
  if (isPlain(checkObject(value, name))) return { ...value };
  throw argumentError(TypeError, name, `must be a plain object, is ${className(value)}`);
}

/** An object whose values are strings without NUL, such as tags; returns a copy. */
export function checkStrings(values: Readonly<Record<string, string>>, name: string): Record<string, string> {
  const copy = checkRecord(values, name);
  for (const [key, value] of Object.entries(copy)) {
    checkString(key, name);
    checkString(value, `${name}.${key}`);
  }
  return copy;
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

/** A limit: a number from `min`; Infinity (or -Infinity, if there is no `min`) means no limit. */
export function checkLimit(value: unknown, name: string, min = -Infinity): number {
  return checkRange(checkNotNaN(value, name), name, min, Infinity);
}

/** A timeout in milliseconds, 0 or more; Infinity means no limit. */
export function checkMilliseconds(value: unknown, name: string): number {
  return checkLimit(value, name, 0);
}

/** The same for `setTimeout`, which treats more than 2^31 - 1 (24 days) as 1: returns undefined, for no limit. */
export function timerMilliseconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined || milliseconds > MAX_INT32 ? undefined : milliseconds;
}

// ------------------------------------------------------------------------------------------- names

/** All field names of a type; a list that lacks one, or has another, does not compile. */
export type Names<T> = Readonly<Record<keyof T & string, true>>;

/**
 * Reads the fields of an object with known names, each once, wherever `object.name` finds it: it may be the object's own,
 * or that of a class or a prototype. Returns them in a plain object, without those that are undefined; what is copied or
 * read again later is what was checked.
 *
 * @param names The known names.
 * @param argument The object's name; "" if its fields are named without it, as options are.
 * @param kind What the names are: "option", "callback", "field", ...
 */
export function readFields<T extends object>(
  object: T,
  names: Readonly<Record<string, true>>,
  argument = "",
  kind = "option",
): T {
  checkNames(checkObject(object, argument || "options"), names, argument, kind);
  return pickFields(object, names);
}

/** The same without the check of names, for objects that may have other fields. */
export function pickFields<T extends object>(object: T, names: Readonly<Record<string, true>>): T {
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(names)) {
    const value = object[name as keyof T];
    if (value !== undefined) fields[name] = value;
  }
  return fields as T;
}

/**
 * Checks that an object has no unknown fields, own or inherited, which would be mistakes without effect. Instances of
 * classes may have any state, but must have one of the fields.
 */
export function checkNames(
  object: object,
  names: Readonly<Record<string, true>>,
  argument: string,
  kind: string,
): void {
  const chain = chainOf(object);
  if (chain === null) return checkInstance(object, names, argument, kind);
  for (const fields of chain) {
    const unknown = Object.keys(fields).find((name) => !Object.hasOwn(names, name));
    if (unknown === undefined) continue;
    const known = Object.keys(names).join(", ");
    throw argumentError(
      TypeError,
      fieldName(argument, unknown),
      `there is no such ${kind}; the ${kind}s are ${known}`,
    );
  }
}

/** Checks that the instance of a class has at least one of the fields: a Date or Promise, which is a mistake, has none. */
export function checkInstance(
  object: object,
  names: Readonly<Record<string, true>>,
  argument: string,
  kind: string,
): void {
  const known = Object.keys(names);
  if (chainOf(object) || known.some((name) => name in object)) return;
  const wanted = `an object with ${kind}s (${known.join(", ")})`;
  throw argumentError(TypeError, argument || "options", `must be ${wanted}, is ${className(object)}`);
}

/** The full name of a field of an argument. */
export function fieldName(argument: string, field: string): string {
  return argument === "" ? field : `${argument}.${field}`;
}

/** Whether an object is plain, not an instance of a class; it may be of another realm, as in a test of Jest. */
export function isPlain(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype === null || Object.hasOwn(prototype, "isPrototypeOf");
}

/** An object and those that it inherits from, as of `Object.create(defaults)`; null if it is an instance of a class. */
function chainOf(object: object): object[] | null {
  const chain = [object];
  for (let last = object; !isPlain(last); chain.push(last)) {
    last = Object.getPrototypeOf(last);
    if (Object.hasOwn(last, "constructor")) return null;
  }
  return chain;
}

// ------------------------------------------------------------------------------------------- optional

/** Applies a check to a value, unless it is undefined. */
export function optional<T, A extends unknown[]>(
  check: (value: T, name: string, ...rest: A) => T,
  value: T | undefined,
  name: string,
  ...rest: A
): T | undefined {
  return value === undefined ? undefined : check(value, name, ...rest);
}
