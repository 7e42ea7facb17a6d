/**
 * The assertions of `@std/assert` that the tests use, with the same names and signatures, implemented with
 * `node:assert/strict`, because JSR can't be reached from every machine that runs the tests. To use `jsr:@std/assert@1`
 * instead, change one line in deno.json.
 */
import assertStrict from "node:assert/strict";

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** The message as arguments: Node 26 prints an `undefined` message instead of the difference. */
const given = (msg: string | undefined): [] | [string] => msg === undefined ? [] : [msg];

/** Makes an assertion: `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  assertStrict.ok(expr, ...given(msg || undefined));
}

/** Makes an assertion: `actual` and `expected` are equal, deeply. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  assertStrict.deepStrictEqual(actual, expected, ...given(msg));
}

/** Makes an assertion: `actual` and `expected` are not equal, deeply. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  assertStrict.notDeepStrictEqual(actual, expected, ...given(msg));
}

/** Makes an assertion: `actual` and `expected` are the same value or object. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  assertStrict.strictEqual(actual, expected, ...given(msg));
}

/** Makes an assertion: `actual` is neither null nor undefined. */
export function assertExists<T>(
  actual: T,
  msg = `Expected a value, got ${actual}`,
): asserts actual is NonNullable<T> {
  assertStrict.ok(actual !== null && actual !== undefined, msg);
}

/** Makes an assertion: `actual` is an instance of the class. */
export function assertInstanceOf<E extends Error>(
  actual: unknown,
  expectedType: ErrorClass<E>,
  msg = `Expected an instance of ${expectedType.name}, got ${actual}`,
): asserts actual is E {
  assertStrict.ok(actual instanceof expectedType, msg);
}

/** Makes an assertion: `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  assertStrict.ok(
    actual.includes(expected),
    msg ?? `Expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`,
  );
}

/** Makes an assertion: `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  assertStrict.match(actual, expected, ...given(msg));
}

/** Makes an assertion: two numbers differ by `tolerance` at most. */
export function assertAlmostEquals(actual: number, expected: number, tolerance = 1e-7, msg?: string): void {
  assertStrict.ok(
    Math.abs(actual - expected) <= tolerance,
    msg ?? `Expected ${actual} to be about ${expected}`,
  );
}

/** Makes an assertion: `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  assertStrict.ok(actual > expected, msg ?? `Expected ${actual} > ${expected}`);
}

/** Makes an assertion: `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  assertStrict.ok(actual < expected, msg ?? `Expected ${actual} < ${expected}`);
}

/** Makes an assertion: `actual` is at most `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assertStrict.ok(actual <= expected, msg ?? `Expected ${actual} <= ${expected}`);
}

function checkThrown<E extends Error>(
  thrown: unknown,
  ErrorClass: ErrorClass<E> | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): void {
  if (ErrorClass) assertInstanceOf(thrown, ErrorClass, msg);
  if (msgIncludes !== undefined) assertStringIncludes((thrown as Error).message, msgIncludes, msg);
}

/** Makes an assertion: `fn` throws; the error, to look at further. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    checkThrown(thrown, ErrorClass, msgIncludes, msg);
    return thrown as E;
  }
  throw new assertStrict.AssertionError({ message: msg ?? "Expected function to throw" });
}

/** Makes an assertion: the promise of `fn` rejects; the error, to look at further. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  let thrown: unknown;
  try {
    await fn();
  } catch (error) {
    thrown = error;
    checkThrown(thrown, ErrorClass, msgIncludes, msg);
    return thrown as E;
  }
  throw new assertStrict.AssertionError({ message: msg ?? "Expected function to reject" });
}

/** Makes an assertion that fails. */
export function fail(msg = "Failed assertion."): never {
  assertStrict.fail(msg);
}
