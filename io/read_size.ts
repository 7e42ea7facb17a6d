/**
 * How much a source gives at once: what it is asked for, and more and more while it is read from front to back. What is
 * beyond what was asked for is kept on the other side, and spares requests.
 */

const MOST = 1 << 20;

/** Grows from read to read, until there is a seek. */
export class ReadSize {
  #next = 0;

  /** Bytes to give now, at least as many as are asked for. */
  next(asked: number): number {
    const size = Math.max(asked, Math.min(this.#next, MOST));
    this.#next = size * 2;
    return size;
  }

  reset(): void {
    this.#next = 0;
  }
}

/** Bytes to give of a chunk that is there anyway. */
export function most(asked: number): number {
  return Math.max(asked, MOST);
}
