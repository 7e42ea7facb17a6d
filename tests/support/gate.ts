/**
 * Callbacks that a test holds back: no sleep is needed to know that one is under way, or that none is.
 */
import type { IOCallbacks } from "@avio/avio";

/** Open, callbacks pass; closed, they wait, and `reached` says so. */
export class Gate {
  #closed: PromiseWithResolvers<void> | null = null;
  #reached = Promise.withResolvers<void>();
  /** Called within the next callback, once. */
  #hook: (() => void) | null = null;
  #failure: { error: unknown } | null = null;
  /** Callbacks that were called. */
  calls = 0;

  /** Those that come wait from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = Promise.withResolvers();
    this.#reached = Promise.withResolvers();
  }

  /** Those that wait go on, and so do those that come. */
  open(): void {
    this.#closed?.resolve();
    this.#closed = null;
  }

  /** Resolves when one waits. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Does something within the next callback. */
  within(hook: () => void): void {
    this.#hook = hook;
  }

  /** Those that come throw. */
  failWith(error: unknown): void {
    this.#failure = { error };
  }

  /** The callbacks, behind the gate. */
  wrap(callbacks: IOCallbacks): IOCallbacks {
    const wrapped: IOCallbacks = {};
    for (const name of ["onread", "onwrite", "onseek"] as const) {
      const callback = callbacks[name] as ((...args: unknown[]) => number) | undefined;
      if (callback) Object.assign(wrapped, { [name]: (...args: unknown[]) => this.#pass(callback, args) });
    }
    return wrapped;
  }

  #pass(callback: (...args: unknown[]) => number, args: unknown[]): number | Promise<number> {
    this.calls++;
    if (this.#failure) throw this.#failure.error;
    const hook = this.#hook;
    this.#hook = null;
    hook?.();
    if (!this.#closed) return callback(...args);
    this.#reached.resolve();
    return this.#closed.promise.then(() => callback(...args));
  }
}
