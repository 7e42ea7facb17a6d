/**
 * Warnings: losses and changes that do not end an operation. The shim keeps a list for each session, to which TypeScript
 * adds skipped streams. This file calls `onwarning`, and throws with `strict`.
 */
import { AVERROR } from "./constants.ts";
import { library, readText } from "./library.ts";
import { Warnings as Kinds } from "./symbols.ts";

/**
 * The kind of a warning.
 *
 * - `"damaged"`: the source has an error in it; reading continued behind it.
 * - `"truncated"`: the source ends too early.
 * - `"missing"`: a part that the source names, such as a segment of a playlist, is not there and was left out.
 * - `"dropped"`: packets, tags, chapters or side data were left out.
 * - `"skipped"`: a stream is not in the output.
 * - `"corrected"`: times differ from those in the source; nothing is lost.
 */
export type WarningKind = "damaged" | "truncated" | "missing" | "dropped" | "skipped" | "corrected";

/**
 * Something that was lost or changed, though the operation went on. Beyond 1,000 of them, as of a file with very many
 * damaged streams, the further ones of a kind share one, which counts them.
 */
export interface Warning {
  /** Its kind. */
  kind: WarningKind;
  /** What was lost or changed, in a sentence that names the stream. */
  message: string;
  /** Index of the source among several; 0 for a single one. */
  source: number;
  /** Index of the stream in that source, null if unknown. */
  stream: number | null;
  /** How often it happened, usually a number of packets: up to the call of `onwarning`, or in total in results. */
  count: number;
  /** The first log line with details, of FFmpeg or avio; null if there is none. */
  log: string | null;
}

/**
 * The error that `strict: true` makes of a warning; it ends the operation.
 *
 * ```ts
 * import { remuxSync, MemorySink, StrictError } from "@avio/avio";
 *
 * const cut = Deno.readFileSync("fixtures/video.mkv").subarray(0, 20_000);
 * try {
 *   remuxSync(cut, new MemorySink(), { format: "mp4", strict: true });
 * } catch (error) {
 *   if (error instanceof StrictError) console.log(error.warning.kind); // "truncated"
 * }
 * ```
 */
export class StrictError extends Error {
  /** The warning that would have been reported. */
  readonly warning: Warning;

  /** Called by avio only. */
  constructor(warning: Warning) {
    super(warning.log === null ? warning.message : `${warning.message} (${warning.log})`);
    this.name = "StrictError";
    this.warning = warning;
  }
}

/** How warnings are reported, and whether they are errors. */
export interface Watch {
  onwarning?: ((warning: Warning) => void) | undefined;
  strict?: boolean | undefined;
}

/** A row of `avs_warnings`. */
interface Row {
  kind: number;
  source: number;
  stream: number;
  count: number;
  words: string;
  log: string | null;
}

/** Kinds by the shim's number. */
const kinds = Object.fromEntries(
  Object.entries(Kinds).map(([name, number]) => [number, name.toLowerCase() as WarningKind]),
);

/** The warnings of a session. */
export class WarningList {
  /** How many of the shim's rows have been reported. */
  #reported = 0;
  #native: Warning[] = [];
  #added: Warning[] = [];
  #whole: Watch = {};
  /** For each input, in the order in which they were opened. */
  #inputs: Watch[] = [];

  /** Sets how all warnings are reported. */
  watch(watch: Watch): void {
    this.#whole = watch;
  }

  /** Sets how warnings about the input that is opened next are reported. */
  watchInput(watch: Watch): void {
    this.#inputs.push(watch);
  }

  /** All warnings, including new ones of the session with this handle; null if it has ended. */
  all(handle: number | null): Warning[] {
    if (handle !== null) this.#read(handle);
    return [...this.#native, ...this.#added];
  }

  /**
   * Reports new warnings after an operation, when the shim has `rows` of them. Throws the exception of a listener, or a
   * StrictError.
   */
  note(handle: number, rows: number): void {
    if (rows <= this.#reported) return;
    this.#read(handle);
    const news = this.#native.slice(this.#reported);
    this.#reported = this.#native.length;
    for (const warning of news) this.#report(warning);
  }

  /** Adds a warning that does not come from the shim, and reports it; once, as the segments of a source have the same. */
  add(warning: Omit<Warning, "message">, words: string): void {
    const named = { ...warning, message: this.#messageOf(warning, words) };
    if (this.#added.some(({ message }) => message === named.message)) return;
    this.#added.push(named);
    this.#report(named);
  }

  #read(handle: number): void {
    const text = readText((out, capacity) => library().avs_warnings(handle, out, capacity));
    if (text === AVERROR.EBUSY) return; // an operation is running: only earlier warnings are known
    if (typeof text === "number") throw new Error("Out of memory");
    this.#native = (JSON.parse(text) as Row[]).map(({ kind, stream, words, ...row }) => {
      const warning = { ...row, kind: kinds[kind]!, stream: stream < 0 ? null : stream };
      return { ...warning, message: this.#messageOf(warning, words) };
    });
  }

  #messageOf({ source, stream }: Pick<Warning, "source" | "stream">, words: string): string {
    const places = [
      ...(this.#inputs.length > 1 ? [`sources[${source}]`] : []),
      ...(stream === null ? [] : [`stream ${stream}`]),
    ];
    return places.length === 0 ? words : `${places.join(", ")}: ${words}`;
  }

  #report(warning: Warning): void {
    const ofInput = this.#inputs[warning.source] ?? {};
    for (const { onwarning, strict } of [ofInput, this.#whole]) {
      onwarning?.(warning);
      if (strict) throw new StrictError(warning);
    }
  }
}
