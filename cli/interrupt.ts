/**
 * Ctrl-C: the first one ends the reading, so that the output can be finished. Where that takes too long, as nothing comes of
 * the input, or with the second one, all of it ends.
 */
import { terminal } from "./console.ts";

/** Milliseconds from the first Ctrl-C until everything ends. */
const PATIENCE = 2000;

/** The work was ended, and its output not finished. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param leftover What became of the output. */
  constructor(leftover?: string) {
    super(`stopped by Ctrl-C${leftover === undefined ? "" : `; ${leftover}`}`);
  }
}

/** While it is open, Ctrl-C does not end the program. */
export class Interrupt {
  #stop = new AbortController();
  #end = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #close = terminal.onInterrupt(() => this.#interrupt());

  /** Of the reading. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Of everything. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Whether everything was ended. */
  get isOver(): boolean {
    return this.#end.signal.aborted;
  }

  #interrupt(): void {
    if (this.#stop.signal.aborted) return this.#end.abort(new Interrupted());
    this.#stop.abort(new Interrupted());
    this.#timer = setTimeout(() => this.#end.abort(new Interrupted()), PATIENCE);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#close();
  }
}
