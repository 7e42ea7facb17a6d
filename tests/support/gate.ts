/**
 * Callbacks that a test can block: no sleep is needed to know whether one is running.
 */
import type { IOCallbacks } from "@avio/avio";

/** If open, callbacks run; if closed, they wait, and `reached` resolves. */
export class Gate {
  #closed: PromiseWithResolvers<void> | null = null;
  #reached = Promise.withResolvers<void>();
  /** Called inside the next callback, once. */
  #hook: (() => void) | null = null;
  #failure: { error: unknown } | null = null;
  /** Number of callbacks called. */
  calls = 0;

  /** Callbacks wait from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = Promise.withResolvers();
    this.#reached = Promise.withResolvers();
  }

  /** Waiting and later callbacks run. */
  open(): void {
    this.#closed?.resolve();
    this.#closed = null;
  }

  /** Resolves when a callback waits. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Calls `hook` inside the next callback. */
  within(hook: () => void): void {
    this.#hook = hook;
  }

  /** Callbacks throw from now on. */
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
