/**
 * Waits that a signal ends.
 */

/**
 * The promise, or a rejection with the signal's reason where that comes first.
 *
 * @param late What is done with what the promise resolves to afterwards.
 */
export async function abortable<T>(
  promise: PromiseLike<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => {},
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => {
    reject(signal.reason);
    promise.then(late, () => {});
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Some time, or a rejection with the signal's reason where that comes first. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", abort);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
