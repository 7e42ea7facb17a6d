/**
 * Binding: the shared library as seen by the rest of `ffi/`, independent of how the runtime loads it. The types of its
 * functions are derived from the table of symbols.
 */
import type { symbols } from "./symbols.ts";

/** The types of values that cross the boundary. */
interface Values {
  f64: number;
  u32: number;
  i32: number;
  void: void;
  /** Bytes, which native code may use until the call returns. */
  buffer: Uint8Array<ArrayBuffer> | Float64Array | null;
}

type Valued<Types extends readonly string[]> = {
  -readonly [Index in keyof Types]: Types[Index] extends keyof Values ? Values[Types[Index]] : never;
};

/** The part that each runtime implements. */
type Special = "avs_client" | "avs_wait_events" | "avs_wake_events";

type Functions = {
  readonly [Name in Exclude<keyof typeof symbols, Special>]: (
    ...parameters: Valued<(typeof symbols)[Name]["parameters"]>
  ) => Values[(typeof symbols)[Name]["result"]];
};

/** Answers a request of the sync engine through the `avs_reply` functions; must not throw. */
export type AnswerRequest = (
  session: number,
  io: number,
  kind: number,
  a: number,
  b: number,
  c: number,
) => void;

/** The library with all its functions. */
export interface Library extends Functions {
  /** Creates a client; returns its number. Called once. */
  newClient(): number;
  /** Sets the function that answers the client's requests. Called once. */
  answerRequests(client: number, answer: AnswerRequest): void;
  /**
   * Resolves when the client has events, when `wakeEvents` is called, or after the given milliseconds; with 0, after a
   * turn of the event loop. A negative result means that this thread has ended. It keeps the process alive.
   */
  waitForEvents(client: number, milliseconds: number): Promise<number>;
  /** Memory for the bytes of a batch of packets; all of it will be written. */
  newBatch(bytes: number): Uint8Array<ArrayBuffer>;
  /** Ends that wait. */
  wakeEvents(client: number): void;
}

/**
 * Runs a function in an asynchronous context, now or after a microtask. `isIn`: the caller is in it, or in that of another
 * call of the same session; then now.
 */
export type RunInContext = (work: () => void, isIn: boolean) => void;

/** A runtime: how it loads the library, and what is needed to find it. */
export interface Runtime {
  /** Operating system and processor, by Deno's names: "linux", "darwin", "windows"; "x86_64", "aarch64". */
  readonly os: string;
  readonly arch: string;
  /** Whether the C library is musl. */
  readonly isMusl: boolean;
  /** Why the runtime can't load libraries; null if it can. */
  readonly fault: string | null;
  /** Path of the executable if avio is compiled into it; else null. */
  readonly standalone: string | null;
  /**
   * Captures the program's asynchronous context (`AsyncLocalStorage`) at a session's first operation; returns a function that
   * runs others in it.
   */
  snapshot(): RunInContext;
  /** The path of a file in a package, as a module at `url` would import it; null if there is none. */
  resolve(name: string, url: string): string | null;
  /** The value of an environment variable, if it is set and may be read. */
  environment(variable: string): string | undefined;
  currentFolder(): string;
  /** The first bytes of a file and its size; null if it can't be read. */
  readHead(path: string, bytes: number): { head: Uint8Array; size: number } | null;
  /** Whether there is permission to load a library. */
  mayLoad(place: string): boolean;
  /**
   * Loads a library; returns it, or what is wrong with it. Throws if there is no permission to load libraries.
   *
   * @param version What its `avs_abi_version()` must be.
   */
  load(place: string, version: number): Library | string;
}
