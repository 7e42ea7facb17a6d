/**
 * How much a source returns per read: what was requested, and increasingly more during sequential reading. The excess
 * is buffered by the native side and saves requests.
 */

const MAX_SIZE = 1 << 20;

/** A read size that grows with each sequential read and is reset by a seek. */
export class ReadSize {
  #next = 0;

  /** Bytes to return now, at least as many as were requested. */
  next(requested: number): number {
    const size = Math.max(requested, Math.min(this.#next, MAX_SIZE));
    this.#next = size * 2;
    return size;
  }

  reset(): void {
    this.#next = 0;
  }
}

/** Maximum bytes to return of a chunk that is already in memory. */
export function maxPiece(requested: number): number {
  return Math.max(requested, MAX_SIZE);
}
