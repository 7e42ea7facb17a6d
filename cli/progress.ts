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

/** One line that is written over and over; nothing at all where stderr is no terminal. */
export class ProgressLine {
  #started = performance.now();
  #shown = false;
  #enabled: boolean;

  constructor(enabled: boolean) {
    this.#enabled = enabled && terminal.stderr.isTerminal();
  }

  /** For `onprogress`. */
  show(progress: RemuxProgress): void {
    const elapsed = performance.now() - this.#started;
    if (!this.#enabled || elapsed < PATIENCE) return;
    this.#shown = true;
    // The last column stays free: a cursor behind it would be on the next line.
    overwrite(progressText(progress).slice(0, columns() - 1));
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) overwrite("");
    this.#shown = false;
  }
}

/** ` 42 %  0:00:42 of 0:01:40  12.3 MB  35x  0:00:02 left` */
export function progressText(
  { time, duration: total, bytesWritten, rate, remaining }: RemuxProgress,
): string {
  const done = duration(Math.floor(time));
  const written = size(bytesWritten);
  const speed = `${rate.toFixed(rate < 9.95 ? 1 : 0)}x`;
  if (!total) return [done, written, speed].join("  ");
  const percent = `${Math.min(100, Math.floor(time / total * 100))} %`.padStart(5);
  const left = remaining === null ? [] : [`${duration(Math.ceil(remaining))} left`];
  return [percent, `${done} of ${duration(Math.round(total))}`, written, speed, ...left].join("  ");
}

function columns(): number {
  return terminal.columns() || 80;
}
