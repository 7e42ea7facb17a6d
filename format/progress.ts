/**
 * How far a remux has got, how fast it is, and how long it will take.
 */

/** How far a remux has got. */
export interface RemuxProgress {
  /** Packets written. */
  packets: number;
  /** Bytes read from the source. */
  bytesRead: number;
  /** Bytes written to the sink. */
  bytesWritten: number;
  /** Seconds of the output. */
  time: number;
  /** Seconds that there will be, null where unknown. */
  duration: number | null;
  /** Seconds since it began. */
  elapsed: number;
  /** Seconds of the output in a second, on average; 1 is as fast as it is played. */
  rate: number;
  /** Seconds that are still to come at this rate; null where that is not known, 0 at the end. */
  remaining: number | null;
}

/** What is counted. */
export type Counted = Pick<RemuxProgress, "packets" | "bytesRead" | "bytesWritten" | "time">;

/** Tells `onprogress`; the time counts from its making. */
export class ProgressMeter {
  #started = performance.now();
  #tell: ((progress: RemuxProgress) => void) | undefined;

  constructor(tell: ((progress: RemuxProgress) => void) | undefined) {
    this.#tell = tell;
  }

  /** Whether anybody listens. */
  get listens(): boolean {
    return this.#tell !== undefined;
  }

  /** Tells how far it is. */
  tell(counted: Counted, duration: number | null, isOver = false): void {
    if (!this.#tell) return;
    const elapsed = (performance.now() - this.#started) / 1000;
    const rate = elapsed > 0 ? counted.time / elapsed : 0;
    const left = duration === null || rate <= 0 ? null : Math.max(0, duration - counted.time) / rate;
    this.#tell({ ...counted, duration, elapsed, rate, remaining: isOver ? 0 : left });
  }
}
