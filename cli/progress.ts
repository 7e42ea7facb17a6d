/**
 * The line on a terminal that says how far a remux is, and the report when it is done. Both go to stderr: stdout
 * may be the media.
 */
import type { RemuxProgress } from "../mod.ts";
import { terminal } from "./console.ts";
import { overwrite } from "./streams.ts";
import { duration, size } from "./text.ts";

/** Work that is done before then needs no progress line; milliseconds. */
const PATIENCE = 500;

/** After so long without a packet the line says so, and goes on to; milliseconds. */
const QUIET = 2000;
const TICK = 1000;

/** One line that is written over and over; nothing at all where stderr is no terminal. */
export class ProgressLine {
  #started = performance.now();
  #shown = false;
  #enabled: boolean;
  #latest: RemuxProgress | null = null;
  /** When that came. */
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
    if (this.#enabled && this.#since - this.#started >= PATIENCE) this.#write(progressText(progress));
  }

  /** Nothing calls `show` while the input gives nothing. */
  #tick(): void {
    const quiet = performance.now() - this.#since;
    if (quiet >= QUIET) this.#write(stalledText(this.#latest, quiet / 1000));
  }

  #write(text: string): void {
    this.#shown = true;
    // The last column stays free: a cursor behind it would be on the next line.
    overwrite(text.slice(0, columns() - 1));
  }

  /** Takes the line away; nothing is shown after it. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#shown) overwrite("");
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

/** ` 42 %  0:00:42 of 0:01:40  12.3 MB  waiting for the input, 5 s`; null: no packet has come. */
export function stalledText(progress: RemuxProgress | null, seconds: number): string {
  const isRead = progress !== null && progress.duration !== null && progress.time >= progress.duration;
  const what = isRead ? "finishing the output" : "waiting for the input";
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
