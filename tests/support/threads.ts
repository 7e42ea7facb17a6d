/**
 * What a test sees of the process it runs in: its threads and its memory. And sources that never answer.
 */
import type { IOCallbacks } from "@avio/avio";
import { sleep } from "./async.ts";
import { readerOf } from "./devices.ts";

/** The threads of sessions in this process: a session's name for its own. Other test files run in it too. */
export function sessionThreads(): Set<string> {
  const found = new Set<string>();
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      const threadName = Deno.readTextFileSync(`/proc/self/task/${name}/comm`).trim();
      if (/^avio \d+$/.test(threadName)) found.add(threadName);
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

/** Those that have come since; there must be one. */
export function threadsSince(before: Set<string>): Set<string> {
  const started = sessionThreads().difference(before);
  if (started.size === 0 && Deno.build.os === "linux") throw new Error("no thread was started");
  return started;
}

/** How many there are. */
export function threads(): number {
  return sessionThreads().size;
}

/** Whether those of `some` threads end in time. */
export function haveEnded(some: Set<string>, milliseconds?: number): Promise<boolean> {
  return eventually(() => sessionThreads().isDisjointFrom(some), milliseconds);
}

/** Megabytes that the process has in memory, but for V8's heap, which shrinks when it likes. */
export function residentMegabytes(): number {
  const { rss, heapTotal } = Deno.memoryUsage();
  return (rss - heapTotal) / 1e6;
}

/** Waits until it is so; false where it is not in time. */
export async function eventually(isSo: () => boolean, milliseconds = 2000): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await sleep(10);
  }
  return true;
}

/** For `eventually`: whether a number is what it was when this was last asked. */
export function settled(number: () => number): () => boolean {
  let before = NaN;
  return () => before === (before = number());
}

/** What a promise is rejected with; an error where it is not, or not in time. */
export async function rejection(promise: Promise<unknown>, milliseconds = 5000): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${milliseconds} ms`)), milliseconds);
  });
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  try {
    const outcome = await Promise.race([settled, late]);
    if ("error" in outcome) return outcome.error;
  } finally {
    clearTimeout(timer);
  }
  throw new Error("not rejected");
}

/** A promise that never settles. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** Callbacks of which one has stopped answering: what it answers, if it ever does, is up to the test. */
export class Stuck {
  #answer = Promise.withResolvers<number>();
  #reached = Promise.withResolvers<void>();

  /** Callbacks of which the one named does not answer from its call `at` (from 0) on. */
  constructor(callbacks: IOCallbacks, name: keyof IOCallbacks, at: number) {
    this.#answer.promise.catch(() => {});
    let calls = 0;
    const original = callbacks[name] as ((...args: unknown[]) => number) | undefined;
    const replaced = (...args: unknown[]) => {
      if (calls++ < at) return original!(...args);
      this.#reached.resolve();
      return this.#answer.promise;
    };
    Object.assign(this, callbacks, { [name]: replaced });
  }

  /** Resolves when the callback is called that does not answer. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** It answers after all. */
  resolve(value: number): void {
    this.#answer.resolve(value);
  }

  /** It throws after all. */
  reject(error: unknown): void {
    this.#answer.reject(error);
  }
}

/** Callbacks of which the one named does not answer from its call `at` (from 0) on. */
export function stuck(callbacks: IOCallbacks, name: keyof IOCallbacks, at = 0): IOCallbacks & Stuck {
  return new Stuck(callbacks, name, at);
}

/** Callbacks that read `bytes` and answer with promises. */
export function slowReaderOf(bytes: Uint8Array): IOCallbacks {
  const { onread, onseek } = readerOf(bytes);
  return {
    onread: async (buffer, size) => {
      await sleep(0);
      return onread!(buffer, size);
    },
    onseek: (offset, whence) => Promise.resolve(onseek!(offset, whence)),
  };
}
