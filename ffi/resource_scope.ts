/**
 * ResourceScope: resources that are closed together with their owner: file descriptors, stream locks, lent I/O
 * contexts. It refers to neither sessions nor native code, so that it can be released after its owner was garbage
 * collected.
 */

/** Why something ended early; any value may have been thrown. */
export interface Failure {
  readonly error: unknown;
}

/** Closes one resource; gets the failure that ended its owner, if any. Must not reference the owner. */
export type Cleanup = (failure: Failure | null) => void | PromiseLike<unknown>;

/** The result of releasing a scope. */
export interface Released {
  /** The first exception of a cleanup. */
  readonly failure: Failure | null;
  /** Resolves when all promises of cleanups have settled; null if there are none. */
  readonly settled: Promise<unknown> | null;
}

export class ResourceScope {
  #cleanups = new Set<Cleanup>();
  #released: Released | null = null;
  #reason: Failure | null = null;

  /** Adds a cleanup; runs it at once if the scope has been released. */
  defer(cleanup: Cleanup): void {
    if (this.#released) void attempt(cleanup, this.#reason);
    else this.#cleanups.add(cleanup);
  }

  /** Removes a cleanup that has been done. */
  undefer(cleanup: Cleanup): void {
    this.#cleanups.delete(cleanup);
  }

  /** Runs all cleanups, last added first, even if one of them throws. */
  release(reason: Failure | null): Released {
    if (this.#released) return this.#released;
    const results: Attempt[] = [];
    this.#released = { failure: null, settled: null }; // a cleanup may call this again
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
    promise?.then(undefined, () => {}); // errors of cancelling or aborting a stream are ignored
    return promise ? { promise } : {};
  } catch (error) {
    return { failure: { error } };
  }
}
