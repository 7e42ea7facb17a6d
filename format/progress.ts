/**
 * Progress of a remux: position, speed and remaining time.
 */

/** Progress of a remux. */
export interface RemuxProgress {
  /** Packets written. */
  packets: number;
  /** Bytes read from the source. */
  bytesRead: number;
  /** Bytes written to the sink. */
  bytesWritten: number;
  /** Position in the output in seconds. */
  time: number;
  /** Expected duration of the output in seconds, null if unknown. */
  duration: number | null;
  /** Elapsed seconds. */
  elapsed: number;
  /** Average speed: seconds of the output per second; 1 is real time. */
  rate: number;
  /** Estimated remaining seconds; null if unknown, 0 at the end. */
  remaining: number | null;
}

/** The counted values. */
export type Counted = Pick<RemuxProgress, "packets" | "bytesRead" | "bytesWritten" | "time">;

/** Calls `onprogress`; the elapsed time counts from its creation. */
export class ProgressMeter {
  #started = performance.now();
  #onprogress: ((progress: RemuxProgress) => void) | undefined;

  constructor(onprogress: ((progress: RemuxProgress) => void) | undefined) {
    this.#onprogress = onprogress;
  }

  /** Whether there is an `onprogress`. */
  get listens(): boolean {
    return this.#onprogress !== undefined;
  }

  /** Reports the progress. */
  report(counted: Counted, duration: number | null, isOver = false): void {
    if (!this.#onprogress) return;
    const elapsed = (performance.now() - this.#started) / 1000;
    const rate = elapsed > 0 ? counted.time / elapsed : 0;
    const left = duration === null || rate <= 0 ? null : Math.max(0, duration - counted.time) / rate;
    this.#onprogress({ ...counted, duration, elapsed, rate, remaining: isOver ? 0 : left });
  }
}
