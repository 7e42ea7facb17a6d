/**
 * Ctrl-C and SIGTERM: the first one ends the reading, so that the output can be finished. Where that takes too long, as nothing
 * comes of the input, or with the second one, all of it ends.
 */
import { type StopSignal, terminal } from "./console.ts";
import { EXIT } from "./warnings.ts";

/** Milliseconds from the first Ctrl-C until everything ends. */
const PATIENCE = 2000;

/** The work was ended, and its output not finished. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What ended it. */
  readonly by: StopSignal;

  /** @param leftover What became of the output. */
  constructor(by: StopSignal, leftover?: string) {
    super(`${stoppedBy(by)}${leftover === undefined ? "" : `; ${leftover}`}`);
    this.by = by;
  }

  /** What the program ends with, as shells have it. */
  get exitCode(): number {
    return exitCodeOf(this.by);
  }
}

/** In words. */
export function stoppedBy(signal: StopSignal): string {
  return `stopped by ${signal === "SIGINT" ? "Ctrl-C" : signal}`;
}

/** What the program ends with, as shells have it. */
export function exitCodeOf(signal: StopSignal): number {
  return signal === "SIGINT" ? EXIT.INTERRUPTED : EXIT.TERMINATED;
}

/** While it is open, Ctrl-C and SIGTERM do not end the program. */
export class Interrupt {
  #stop = new AbortController();
  #end = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #by: StopSignal | null = null;
  #close = terminal.onInterrupt((signal) => this.#interrupt(signal));

  /** Of the reading. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Of everything. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** What has ended the reading; null where nothing has. */
  get by(): StopSignal | null {
    return this.#by;
  }

  /** Whether everything was ended. */
  get isOver(): boolean {
    return this.#end.signal.aborted;
  }

  #interrupt(signal: StopSignal): void {
    this.#by ??= signal;
    if (this.#stop.signal.aborted) return this.#end.abort(new Interrupted(signal));
    this.#stop.abort(new Interrupted(signal));
    this.#timer = setTimeout(() => this.#end.abort(new Interrupted(signal)), PATIENCE);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#close();
  }
}
