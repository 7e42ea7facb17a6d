/**
 * Threads and memory of the test's process; and sources whose callbacks never settle.
 */
import type { IOCallbacks } from "@avio/avio";
import { sleep } from "./async.ts";
import { readerOf } from "./devices.ts";

/** The names of the threads of sessions in this process, including those of other test files. */
export function sessionThreads(): Set<string> {
  const found = new Set<string>();
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      const threadName = Deno.readTextFileSync(`/proc/self/task/${name}/comm`).trim();
      if (/^avio \d+$/.test(threadName)) found.add(threadName);
    } catch {
      // the thread ended meanwhile
    }
  }
  return found;
}

/** The threads started since; there must be at least one. */
export function threadsSince(before: Set<string>): Set<string> {
  const started = sessionThreads().difference(before);
  if (started.size === 0 && Deno.build.os === "linux") throw new Error("no thread was started");
  return started;
}

/** The number of threads of sessions. */
export function threads(): number {
  return sessionThreads().size;
}

/** Whether these threads end in time. */
export function haveEnded(some: Set<string>, milliseconds?: number): Promise<boolean> {
  return eventually(() => sessionThreads().isDisjointFrom(some), milliseconds);
}

/** Resident megabytes of the process without V8's heap, which shrinks at unpredictable times. */
export function residentMegabytes(): number {
  const { rss, heapTotal } = Deno.memoryUsage();
  return (rss - heapTotal) / 1e6;
}

/** Waits until `isSo` returns true; false if it does not in time. */
export async function eventually(isSo: () => boolean, milliseconds = 2000): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await sleep(10);
  }
  return true;
}

/** For `eventually`: whether a number is the same as at the previous call. */
export function settled(number: () => number): () => boolean {
  let before = NaN;
  return () => before === (before = number());
}

/** The reason with which a promise is rejected; an error if it is not, or not in time. */
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

/** Callbacks of which one does not settle until the test resolves or rejects it. */
export class Stuck {
  #answer = Promise.withResolvers<number>();
  #reached = Promise.withResolvers<void>();

  /** Callbacks of which the one named does not settle from its call `at` (from 0) on. */
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

  /** Resolves when the callback that does not settle is called. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Resolves the callback after all. */
  resolve(value: number): void {
    this.#answer.resolve(value);
  }

  /** Rejects the callback after all. */
  reject(error: unknown): void {
    this.#answer.reject(error);
  }
}

/** Callbacks of which the one named does not settle from its call `at` (from 0) on. */
export function stuck(callbacks: IOCallbacks, name: keyof IOCallbacks, at = 0): IOCallbacks & Stuck {
  return new Stuck(callbacks, name, at);
}

/** Callbacks that read `bytes` and return promises. */
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
