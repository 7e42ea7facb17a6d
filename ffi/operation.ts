/**
 * How one text serves both engines: an operation is a generator that yields steps, and each step knows how to be
 * done at once and how to be waited for. What the steps do is elsewhere.
 */

/** Something that the sync engine does at once and the async engine waits for. */
export interface Step<T> {
  sync(): T;
}

/** Prepares, yields steps, finishes: written once, run by either engine. */
// deno-lint-ignore no-explicit-any
export type Operation<T> = Generator<Step<unknown>, T, any>;

/** One step as an operation. */
export function* step<T>(sync: () => T): Operation<T> {
  return (yield { sync }) as T;
}

/** Runs an operation on this thread. */
export function runSync<T>(operation: Operation<T>): T {
  let next = operation.next();
  while (!next.done) {
    let result: unknown;
    try {
      result = next.value.sync();
    } catch (error) {
      next = operation.throw(error);
      continue;
    }
    next = operation.next(result);
  }
  return next.value;
}
