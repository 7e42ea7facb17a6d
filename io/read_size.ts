/**
 * How much a source returns per read: what was requested, and increasingly more during sequential reading. The excess
 * is buffered by the native side and saves requests.
 */

const MOST = 1 << 20;

/** A read size that grows with each sequential read and is reset by a seek. */
export class ReadSize {
  #next = 0;

  /** Bytes to return now, at least as many as were requested. */
  next(asked: number): number {
    const size = Math.max(asked, Math.min(this.#next, MOST));
    this.#next = size * 2;
    return size;
  }

  reset(): void {
    this.#next = 0;
  }
}

/** Bytes to return of a chunk that is already in memory. */
export function most(asked: number): number {
  return Math.max(asked, MOST);
}
