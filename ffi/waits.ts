/**
 * The one wait of the async engine: a promise is waited for until it is settled, until its time is over, or until what
 * waits for it has ended, whichever comes first.
 */

/** The longest time that a timer can hold, in milliseconds; what is to take longer has no limit. */
const MAX_TIMER = 2 ** 31 - 1;

/** How long something is waited for, and what becomes of it after that. */
interface WaitLimits<T> {
  milliseconds?: number | undefined;
  /** Called when it takes longer, and again where that does not end it. */
  onTimeout?: () => void;
  /** Gets what comes when nobody waits for it any more. */
  late?: ((value: T) => void) | undefined;
}

/** Whatever is waited for on behalf of one session. */
export class Waits {
  #pending = new Set<(error: unknown) => void>();
  #end: { error: unknown } | null = null;

  /** What the promise resolves to. Rejects when the session ends first. */
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

  /** Rejects whatever is waited for, now and from now on. */
  end(error: unknown): void {
    this.#end ??= { error };
    for (const end of [...this.#pending]) end(error);
  }
}

/** Milliseconds that cleanups, and callbacks which nobody waits for any more, are given to end. */
export const GRACE = 500;

/** The promise, or so many milliseconds, whichever is first. Never rejects. */
export async function within(milliseconds: number, promise: PromiseLike<unknown> | null): Promise<void> {
  if (!promise) return;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise.then(() => {}, () => {}), over]);
  clearTimeout(timer);
}
