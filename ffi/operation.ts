/**
 * The one coroutine: how one text serves both engines. An operation is a generator that yields steps; a step knows how to
 * be done at once and how to be waited for. What the steps do is elsewhere, and so is how a wait can be ended
 * (`waits.ts`).
 */

import { callbackError } from "./argument_error.ts";

/** A value or a promise of one; promises need the async engine. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Something that the sync engine does at once and the async engine waits for. */
export interface Step<T> {
  sync(): T;
  async(): MaybePromise<T>;
  /** It waits for native code, which a callback's `timeout` is not about. */
  readonly isNative?: boolean;
  /** Gets what the promise resolves to when nobody waits for it any more. */
  late?(value: T): void;
}

/** Prepares, yields steps, finishes: written once, run by either engine. */
// deno-lint-ignore no-explicit-any
export type Operation<T> = Generator<Step<unknown>, T, any>;

/** One step as an operation; the same for both engines where nothing else is said. */
export function* step<T>(sync: () => T, async: () => MaybePromise<T> = sync): Operation<T> {
  return (yield { sync, async }) as T;
}

/** As `step`, for what has to be given back: what comes when nobody waits for it any more is given back at once. */
export function* acquire<T>(
  sync: () => T,
  async: () => MaybePromise<T>,
  giveBack: (value: T) => void,
): Operation<T> {
  return (yield { sync, async, late: giveBack as (value: unknown) => void }) as T;
}

/** What a function of the program returns, or the promise that it returns resolves to. `name`: what the program calls it. */
export function* call<T>(callback: () => MaybePromise<T>, name: string): Operation<T> {
  return (yield { sync: () => atOnce(callback(), name), async: callback }) as T;
}

/** Whether the engine that runs this can wait. */
export function canWait(): Operation<boolean> {
  return step(() => false, () => true);
}

/** Whether a value is to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

function atOnce<T>(value: MaybePromise<T>, name: string): T {
  if (!isThenable(value)) return value;
  value.then(() => {}, () => {}); // its rejection would be reported beside the error thrown here
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

/** Waits for a promise of a step: until it is settled, or what the operation belongs to has ended. */
export type Wait = <T>(promise: PromiseLike<T>, step: Step<unknown>) => Promise<T>;

/** Runs an operation; a promise where one of its steps had to be waited for. */
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
