/**
 * Waiting that a signal can end.
 */

/**
 * Waits for a promise; rejects with the signal's reason if the signal comes first.
 *
 * @param late Called with the result if the promise resolves after the signal.
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

/** Waits some milliseconds; rejects with the signal's reason if the signal comes first. */
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
