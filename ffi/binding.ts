/**
 * Binding: the shared library as the rest of `ffi/` calls it, whichever way a runtime has to load it. What its functions
 * take and return follows from the table of symbols.
 */
import type { symbols } from "./symbols.ts";

/** The types of values that cross. */
interface Values {
  f64: number;
  u32: number;
  i32: number;
  void: void;
  /** Its bytes, good for native code until the call returns. */
  buffer: Uint8Array<ArrayBuffer> | Float64Array | null;
}

type Valued<Types extends readonly string[]> = {
  -readonly [Index in keyof Types]: Types[Index] extends keyof Values ? Values[Types[Index]] : never;
};

/** What each runtime does in its own way. */
type Special = "avs_client" | "avs_wait_events" | "avs_wake_events";

type Functions = {
  readonly [Name in Exclude<keyof typeof symbols, Special>]: (
    ...parameters: Valued<(typeof symbols)[Name]["parameters"]>
  ) => Values[(typeof symbols)[Name]["result"]];
};

/** Answers a request of the sync engine, through the `avs_reply` functions; it neither throws nor returns anything. */
export type AnswerRequest = (
  session: number,
  io: number,
  kind: number,
  a: number,
  b: number,
  c: number,
) => void;

/** The library, with all that is called of it. */
export interface Library extends Functions {
  /** The number of a new client. Called once. */
  newClient(): number;
  /** Who answers the requests of the client. Called once. */
  answerRequests(client: number, answer: AnswerRequest): void;
  /**
   * Resolves when the client has events, when `wakeEvents` is called, and after so many milliseconds at most; with 0, when the
   * event loop has had its turn. Below zero: this thread has ended. The process does not end meanwhile.
   */
  waitForEvents(client: number, milliseconds: number): Promise<number>;
  /** Ends that wait. */
  wakeEvents(client: number): void;
}

/** What is not the library's but the runtime's: how it is loaded, and what must be known to find it. */
export interface Runtime {
  /** Operating system and processor, as Deno calls them: "linux", "darwin", "windows"; "x86_64", "aarch64". */
  readonly os: string;
  readonly arch: string;
  /** Whether the C library is musl. */
  readonly isMusl: boolean;
  /** Why it can't load any library; null where it can. */
  readonly fault: string | null;
  /** The program where avio is compiled into it; null where it is not. */
  readonly standalone: string | null;
  /** An environment variable that is set and may be read. */
  environment(variable: string): string | undefined;
  currentFolder(): string;
  /** The first bytes of a file, and how many it has; null where it can't be read, or may not. */
  readHead(path: string, bytes: number): { head: Uint8Array; size: number } | null;
  /** Whether the library at a place may be loaded. */
  mayLoad(place: string): boolean;
  /**
   * The library at a place, or what is wrong with it. Throws where libraries may not be loaded.
   *
   * @param version What its `avs_abi_version()` must be.
   */
  load(place: string, version: number): Library | string;
}
