/**
 * Ctrl-C and SIGTERM: the first signal stops the reading, so that the output can be finished. A second one, or two seconds
 * in which the output was not finished because the input is stalled, aborts everything.
 */
import { type StopSignal, terminal } from "./console.ts";
import { EXIT } from "./warnings.ts";

/** Milliseconds from the first signal until everything is aborted. */
const ABORT_MILLISECONDS = 2000;

/** The command was aborted, and its output is not finished. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly by: StopSignal;

  /** @param leftover Whether the output was kept or removed, for the message. */
  constructor(by: StopSignal, leftover?: string) {
    super(`${stoppedBy(by)}${leftover === undefined ? "" : `; ${leftover}`}`);
    this.by = by;
  }

  get exitCode(): number {
    return exitCodeOf(this.by);
  }
}

/** `stopped by Ctrl-C` */
export function stoppedBy(signal: StopSignal): string {
  return `stopped by ${signal === "SIGINT" ? "Ctrl-C" : signal}`;
}

/** The exit code after a signal: 128 and its number, as in shells. */
export function exitCodeOf(signal: StopSignal): number {
  return signal === "SIGINT" ? EXIT.INTERRUPTED : EXIT.TERMINATED;
}

/** Until it is closed, Ctrl-C and SIGTERM abort these signals instead of ending the program. */
export class Interrupt {
  #stop = new AbortController();
  #end = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #by: StopSignal | null = null;
  #close = terminal.onInterrupt((signal) => this.#interrupt(signal));

  /** Aborted by the first signal: stops the reading. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by the second signal, or after a time: stops everything. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The first signal; null if there was none. */
  get by(): StopSignal | null {
    return this.#by;
  }

  /** Whether everything was aborted. */
  get isAborted(): boolean {
    return this.#end.signal.aborted;
  }

  #interrupt(signal: StopSignal): void {
    this.#by ??= signal;
    if (this.#stop.signal.aborted) return this.#end.abort(new Interrupted(signal));
    this.#stop.abort(new Interrupted(signal));
    this.#timer = setTimeout(() => this.#end.abort(new Interrupted(signal)), ABORT_MILLISECONDS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#close();
  }
}
