/**
 * How one text serves both engines: an operation is a generator that yields steps, and each step knows how to be
 * done at once and how to be waited for. What the steps do is elsewhere.
 */

/** Something that the sync engine does at once and the async engine waits for. */
export interface Step<T> {
  sync(): T;
  async(): T | Promise<T>;
}

/** Prepares, yields steps, finishes: written once, run by either engine. */
// deno-lint-ignore no-explicit-any
export type Operation<T> = Generator<Step<unknown>, T, any>;

/** One step as an operation; the same for both engines where nothing else is said. */
export function* step<T>(sync: () => T, async: () => T | Promise<T> = sync): Operation<T> {
  return (yield { sync, async }) as T;
}

/** Whether the engine that runs this can wait. */
export function canWait(): Operation<boolean> {
  return step(() => false, () => true);
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

/** Runs an operation, waiting for its steps. */
export async function runAsync<T>(operation: Operation<T>): Promise<T> {
  let next = operation.next();
  while (!next.done) {
    let result: unknown;
    try {
      result = await next.value.async();
    } catch (error) {
      next = operation.throw(error);
      continue;
    }
    next = operation.next(result);
  }
  return next.value;
}

/** Runs an operation asynchronously; what is wrong before it begins rejects the promise too. */
export async function promised<T>(operation: () => Operation<T>): Promise<T> {
  return await runAsync(operation());
}
