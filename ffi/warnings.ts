/**
 * Warnings: what was lost or changed though an operation went on. The shim keeps a list for each session, TypeScript adds
 * streams that are skipped; who is told, and where it is an error, is here.
 */
import { library, readText } from "./library.ts";
import { Warnings as Kinds } from "./symbols.ts";

/**
 * What a warning is of.
 *
 * - `"damaged"`: the source has an error in it, and was read on.
 * - `"truncated"`: the source ends too early.
 * - `"missing"`: a part that the source names, such as a segment of a playlist, is not there and was left out.
 * - `"dropped"`: packets, tags or side data were left out.
 * - `"skipped"`: a stream is not in the output.
 * - `"corrected"`: times are other ones than in the source; nothing is lost.
 */
export type WarningKind = "damaged" | "truncated" | "missing" | "dropped" | "skipped" | "corrected";

/** Something that was lost or changed, though the operation went on. */
export interface Warning {
  /** What it is of. */
  kind: WarningKind;
  /** What was lost or changed, in a sentence that names the stream. */
  message: string;
  /** The place of the source among several; 0 where there is one. */
  source: number;
  /** The stream of that source, null where none is known. */
  stream: number | null;
  /** How often: packets, mostly. What `onwarning` gets counts up to then, what a result has counts all. */
  count: number;
  /** The line of FFmpeg's log or of avio's that says more, the first one; null where there is none. */
  log: string | null;
}

/**
 * What `strict: true` made of a warning: the operation has ended with it.
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
  /** What the operation would have gone on with. */
  readonly warning: Warning;

  /** Made by avio. */
  constructor(warning: Warning) {
    super(warning.log === null ? warning.message : `${warning.message} (${warning.log})`);
    this.name = "StrictError";
    this.warning = warning;
  }
}

/** Who is told of warnings, and whether they are errors. */
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

/** The kinds by their numbers. */
const kinds = Object.fromEntries(
  Object.entries(Kinds).map(([name, number]) => [number, name.toLowerCase() as WarningKind]),
);

/** The warnings of a session. */
export class WarningList {
  /** Of the shim's rows, so many were told. */
  #told = 0;
  #native: Warning[] = [];
  #added: Warning[] = [];
  #whole: Watch = {};
  /** Of each input, in the order in which they were opened. */
  #inputs: Watch[] = [];

  /** Who is told of all. */
  watch(watch: Watch): void {
    this.#whole = watch;
  }

  /** Who is told of what concerns the input that is opened next. */
  watchInput(watch: Watch): void {
    this.#inputs.push(watch);
  }

  /** All that there are; of the session with this handle the newest, null: it has ended. */
  all(handle: number | null): Warning[] {
    if (handle !== null) this.#read(handle);
    return [...this.#native, ...this.#added];
  }

  /** An operation has ended, and the shim has so many rows: tells of new ones. Throws what a listener threw, or that it is an error. */
  note(handle: number, rows: number): void {
    if (rows <= this.#told) return;
    this.#read(handle);
    const news = this.#native.slice(this.#told);
    this.#told = this.#native.length;
    for (const warning of news) this.#tell(warning);
  }

  /** Adds one that the shim knows nothing of, and tells of it. */
  add(warning: Omit<Warning, "message">, words: string): void {
    const named = { ...warning, message: this.#messageOf(warning, words) };
    this.#added.push(named);
    this.#tell(named);
  }

  #read(handle: number): void {
    const text = readText((out, capacity) => library().avs_warnings(handle, out, capacity));
    if (typeof text !== "string") return; // an operation runs: those of before it are known
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

  #tell(warning: Warning): void {
    const ofInput = this.#inputs[warning.source] ?? {};
    for (const { onwarning, strict } of [ofInput, this.#whole]) {
      onwarning?.(warning);
      if (strict) throw new StrictError(warning);
    }
  }
}
