/**
 * The one wait of the async engine: waits for a promise until it settles, its timeout is over, or the waiting session
 * has ended.
 */

/** The maximum time of a timer in milliseconds; longer timeouts are treated as none. */
const MAX_TIMER = 2 ** 31 - 1;

/** The limits of a wait. */
interface WaitLimits<T> {
  milliseconds?: number | undefined;
  /** Called when the time is over, and again if that does not end the wait. */
  onTimeout?: () => void;
  /** Gets a result that arrives after the wait has ended. */
  late?: ((value: T) => void) | undefined;
}

/** The waits of one session. */
export class Waits {
  #pending = new Set<(error: unknown) => void>();
  #end: { error: unknown } | null = null;

  /** Waits for a promise. Rejects if the session ends first. */
  until<T>(promise: PromiseLike<T>, { milliseconds = Infinity, onTimeout, late }: WaitLimits<T>): Promise<T> {
    if (this.#end) {
      promise.then(late, () => {});
      return Promise.reject(this.#end.error);
    }
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setInterval> | undefined;
      const end = (error: unknown) => {
        this.#pending.delete(end);
        if (timer !== undefined) clearInterval(timer);
        reject(error);
      };
      this.#pending.add(end);
      if (onTimeout && milliseconds <= MAX_TIMER) timer = setInterval(onTimeout, milliseconds);
      promise.then((value) => {
        if (!this.#pending.delete(end)) return late?.(value);
        if (timer !== undefined) clearInterval(timer);
        resolve(value);
      }, end);
    });
  }

  /** Rejects all current and future waits. */
  end(error: unknown): void {
    this.#end ??= { error };
    for (const end of [...this.#pending]) end(error);
  }
}

/** Milliseconds to wait for cleanups and abandoned callbacks on closing. */
export const GRACE = 500;

/** Waits for a promise, at most the given milliseconds. Never rejects. */
export async function within(milliseconds: number, promise: PromiseLike<unknown> | null): Promise<void> {
  if (!promise) return;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise.then(() => {}, () => {}), over]);
  clearTimeout(timer);
}
