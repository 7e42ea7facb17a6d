/**
 * Checks of arguments. Each answers the value, or throws a TypeError or RangeError whose message begins with the
 * argument's name.
 */

/** A whole number that native code can hold and JavaScript is exact about. */
export const MAX_INT32: number = 2 ** 31 - 1;

/** How a wrong value is called in a message. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}

/** An object that is no array. */
export function checkObject<T extends object>(value: T, name: string): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name}: must be an object, is ${typeName(value)}`);
  }
  return value;
}

/** An array. */
export function checkArray<T>(value: readonly T[], name: string): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError(`${name}: must be an array, is ${typeName(value)}`);
  return value;
}

/** A string that can cross: without NUL. */
export function checkString(value: unknown, name: string): string {
  if (typeof value !== "string") throw new TypeError(`${name}: must be a string, is ${typeName(value)}`);
  if (value.includes("\0")) throw new TypeError(`${name}: must not contain NUL`);
  return value;
}

/** A boolean. */
export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name}: must be a boolean, is ${typeName(value)}`);
  return value;
}

/** A function. */
export function checkFunction<T>(value: T, name: string): T {
  if (typeof value !== "function") throw new TypeError(`${name}: must be a function, is ${typeName(value)}`);
  return value;
}

/** Bytes, not detached. */
export function checkBytes(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${name}: must be a Uint8Array, is ${typeName(value)}`);
  }
  return value;
}

/** A finite number in a range. */
export function checkNumber(
  value: unknown,
  name: string,
  least = -Infinity,
  most = Infinity,
): number {
  if (typeof value !== "number") throw new TypeError(`${name}: must be a number, is ${typeName(value)}`);
  if (!Number.isFinite(value)) throw new RangeError(`${name}: must be finite, is ${value}`);
  if (value < least || value > most) {
    const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`;
    throw new RangeError(`${name}: must be ${range}, is ${value}`);
  }
  return value;
}

/** A whole number in a range. */
export function checkInteger(
  value: unknown,
  name: string,
  least: number = Number.MIN_SAFE_INTEGER,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = checkNumber(value, name);
  if (!Number.isInteger(number)) throw new RangeError(`${name}: must be a whole number, is ${number}`);
  return checkNumber(number, name, least, most);
}

/** A string-valued object: tags, for one. */
export function checkStrings(
  values: Readonly<Record<string, string>>,
  name: string,
): (readonly [string, string])[] {
  return Object.entries(checkObject(values, name)).map(([key, value]) => {
    checkString(key, name);
    return [key, checkString(value, `${name}.${key}`)] as const;
  });
}

/** The check's answer where there is a value; undefined where there is none. */
export function optional<T, A extends unknown[]>(
  check: (value: T, name: string, ...rest: A) => T,
  value: T | undefined,
  name: string,
  ...rest: A
): T | undefined {
  return value === undefined ? undefined : check(value, name, ...rest);
}
