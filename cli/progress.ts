/**
 * The progress line on a terminal. It goes to stderr: stdout may be the media.
 */
import type { RemuxProgress } from "../mod.ts";
import { terminal } from "./console.ts";
import { overwriteLine } from "./streams.ts";
import { duration, size } from "./text.ts";

/** Milliseconds before the progress line is shown: short work needs none. */
const SHOW_AFTER = 500;

/** Milliseconds without a packet before the line shows that the input or the output is stalled. */
const STALLED_AFTER = 2000;
/** Milliseconds between updates while it is stalled. */
const TICK = 1000;

/** A line that is overwritten again and again. Where stderr is no terminal, nothing is printed. */
export class ProgressLine {
  #started = performance.now();
  #shown = false;
  #enabled: boolean;
  #latest: RemuxProgress | null = null;
  /** The time of the latest progress. */
  #since = this.#started;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(enabled: boolean) {
    this.#enabled = enabled && terminal.stderr.isTerminal();
    if (this.#enabled) this.#timer = setInterval(() => this.#tick(), TICK);
  }

  /** For `onprogress`. */
  show(progress: RemuxProgress): void {
    this.#latest = progress;
    this.#since = performance.now();
    if (this.#enabled && this.#since - this.#started >= SHOW_AFTER) this.#write(progressText(progress));
  }

  /** Updates the line while the input is stalled: `show` is not called then. */
  #tick(): void {
    const quiet = performance.now() - this.#since;
    if (quiet >= STALLED_AFTER) this.#write(stalledText(this.#latest, quiet / 1000));
  }

  #write(text: string): void {
    this.#shown = true;
    // The last column stays free: after it the cursor would wrap to the next line.
    overwriteLine(text.slice(0, columns() - 1));
  }

  /** Removes the line; nothing is shown afterwards. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#shown) overwriteLine("");
    this.#shown = false;
  }
}

/** ` 42 %  0:00:42 of 0:01:40  12.3 MB  35x  0:00:02 left` */
export function progressText(progress: RemuxProgress): string {
  const { rate, duration: total, remaining } = progress;
  const speed = `${rate.toFixed(rate < 9.95 ? 1 : 0)}x`;
  const left = !total || remaining === null ? [] : [`${duration(Math.ceil(remaining))} left`];
  return [...doneParts(progress), speed, ...left].join("  ");
}

/** ` 42 %  0:00:42 of 0:01:40  12.3 MB  waiting for the input, 5 s`; `progress` is null before the first packet. */
export function stalledText(progress: RemuxProgress | null, seconds: number): string {
  const isAllRead = progress !== null && progress.duration !== null && progress.time >= progress.duration;
  const what = isAllRead ? "finishing the output" : "waiting for the input";
  return [...(progress ? doneParts(progress) : []), `${what}, ${Math.floor(seconds)} s`].join("  ");
}

function doneParts({ time, duration: total, bytesWritten }: RemuxProgress): string[] {
  const done = duration(Math.floor(time));
  const written = size(bytesWritten);
  if (!total) return [done, written];
  const percent = `${Math.min(100, Math.floor(time / total * 100))} %`.padStart(5);
  return [percent, `${done} of ${duration(Math.round(total))}`, written];
}

function columns(): number {
  return terminal.columns() || 80;
}
