/**
 * ResourceScope: what was opened for somebody and has to be closed with it: descriptors, locks of streams, I/O contexts
 * that are lent. It knows neither sessions nor native code, so that it can be released for one that was forgotten.
 */

/** Why something ended early; what was thrown may be anything. */
export interface Failure {
  readonly error: unknown;
}

/** Closes one resource, with what ended its owner early, if anything did. Must not hold the owner. */
export type Cleanup = (failure: Failure | null) => void | PromiseLike<unknown>;

/** What came of releasing a scope. */
export interface Released {
  /** The first thing that a cleanup threw. */
  readonly failure: Failure | null;
  /** Resolves when all promises of cleanups are settled; null where there are none. */
  readonly settled: Promise<unknown> | null;
}

export class ResourceScope {
  #cleanups = new Set<Cleanup>();
  #released: Released | null = null;
  #reason: Failure | null = null;

  /** What is to be done at the end; at once where that has been. */
  defer(cleanup: Cleanup): void {
    if (this.#released) void attempt(cleanup, this.#reason);
    else this.#cleanups.add(cleanup);
  }

  /** It was done already. */
  undefer(cleanup: Cleanup): void {
    this.#cleanups.delete(cleanup);
  }

  /** Closes everything, last deferred first. What one cleanup throws doesn't keep the others from being done. */
  release(reason: Failure | null): Released {
    if (this.#released) return this.#released;
    const results: Attempt[] = [];
    this.#released = { failure: null, settled: null }; // a cleanup may come here again
    this.#reason = reason;
    for (const cleanup of [...this.#cleanups].toReversed()) results.push(attempt(cleanup, reason));
    this.#cleanups.clear();
    const promises = results.flatMap(({ promise }) => promise ?? []);
    return this.#released = {
      failure: results.find(({ failure }) => failure)?.failure ?? null,
      settled: promises.length > 0 ? Promise.allSettled(promises) : null,
    };
  }
}

interface Attempt {
  failure?: Failure;
  promise?: PromiseLike<unknown>;
}

function attempt(cleanup: Cleanup, reason: Failure | null): Attempt {
  try {
    const promise = cleanup(reason);
    promise?.then(undefined, () => {}); // what a stream says when it is cancelled or aborted is no news
    return promise ? { promise } : {};
  } catch (error) {
    return { failure: { error } };
  }
}
