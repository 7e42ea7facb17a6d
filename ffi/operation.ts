/**
 * Operations: coroutines that both engines can run. An operation is a generator that yields steps; each step can run
 * synchronously or asynchronously. `waits.ts` implements cancellation of waits.
 */

import { callbackError } from "./argument_error.ts";

/** A value or a promise of one; promises need the async engine. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** A step that the sync engine runs synchronously and the async engine awaits. */
export interface Step<T> {
  sync(): T;
  async(): MaybePromise<T>;
  /** Whether it waits for native code, to which `timeout` does not apply. */
  readonly isNative?: boolean;
  /** Gets the result of a promise that resolves after its wait was cancelled. */
  late?(value: T): void;
}

/** A generator of steps, which either engine can run. */
// deno-lint-ignore no-explicit-any
export type Operation<T> = Generator<Step<unknown>, T, any>;

/** One step as an operation; the async engine uses the sync function by default. */
export function* step<T>(sync: () => T, async: () => MaybePromise<T> = sync): Operation<T> {
  return (yield { sync, async }) as T;
}

/** Like `step`, for resources: a result that arrives after the wait was cancelled is released at once. */
export function* acquire<T>(
  sync: () => T,
  async: () => MaybePromise<T>,
  giveBack: (value: T) => void,
): Operation<T> {
  return (yield { sync, async, late: giveBack as (value: unknown) => void }) as T;
}

/** Calls a function of the program and awaits its result. `name` is its name in messages. */
export function* call<T>(callback: () => MaybePromise<T>, name: string): Operation<T> {
  return (yield { sync: () => atOnce(callback(), name), async: callback }) as T;
}

/** Whether the engine that runs this can wait. */
export function canWait(): Operation<boolean> {
  return step(() => false, () => true);
}

/** Whether a value is a promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

function atOnce<T>(value: MaybePromise<T>, name: string): T {
  if (!isThenable(value)) return value;
  value.then(() => {}, () => {}); // else its rejection would be reported, too
  throw callbackError(TypeError, name, "returned a promise: the sync API can't wait, use the async one");
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

/** Waits for the promise of a step until it settles or the operation's session ends. */
export type Wait = <T>(promise: PromiseLike<T>, step: Step<unknown>) => Promise<T>;

/** Runs an operation; returns a promise if one of its steps had to be awaited. */
export function runAsync<T>(operation: Operation<T>, wait: Wait): MaybePromise<T> {
  return advance(operation, wait, operation.next());
}

function advance<T>(
  operation: Operation<T>,
  wait: Wait,
  next: IteratorResult<Step<unknown>, T>,
): MaybePromise<T> {
  while (!next.done) {
    let result: unknown;
    try {
      result = next.value.async();
      if (isThenable(result)) {
        return wait(result, next.value).then(
          (value) => advance(operation, wait, operation.next(value)),
          (error) => advance(operation, wait, operation.throw(error)),
        );
      }
    } catch (error) {
      next = operation.throw(error);
      continue;
    }
    next = operation.next(result);
  }
  return next.value;
}
