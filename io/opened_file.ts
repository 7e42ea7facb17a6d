/**
 * Types of the runtimes' files and streams that can be sources or sinks, declared without the runtimes' own types.
 * Which one a value is, is checked when it is used (`files.ts`).
 */

/** `Deno.FsFile`. */
export interface DenoFile {
  /** The same as Deno's. */
  read(target: Uint8Array): Promise<number | null>;
  /** The same as Deno's. */
  readSync(target: Uint8Array): number | null;
  /** The same as Deno's. */
  write(bytes: Uint8Array): Promise<number>;
  /** The same as Deno's. */
  writeSync(bytes: Uint8Array): number;
  /** The same as Deno's. */
  close(): void;
}

/** `FileHandle` of `node:fs/promises`. */
export interface NodeFileHandle {
  /** The file descriptor. */
  readonly fd: number;
  /** The same as Node's. */
  // deno-lint-ignore no-explicit-any
  read(...parameters: any[]): Promise<unknown>;
  /** The same as Node's. */
  // deno-lint-ignore no-explicit-any
  write(...parameters: any[]): Promise<unknown>;
  /** The same as Node's. */
  close(): Promise<void>;
}

/**
 * A file that the program has opened and will close: `Deno.FsFile` on Deno, `FileHandle` on Node and Bun. Deno keeps one position
 * per open file: leave it alone while an async call, or a Demuxer that was opened by one, uses it.
 */
export type OpenedFile = DenoFile | NodeFileHandle;

/** `Deno.stdin`. On Node and Bun `process.stdin` is an AsyncIterable, which can also be read synchronously. */
export interface StandardInput {
  /** The same as Deno's. */
  read(target: Uint8Array): Promise<number | null>;
  /** The same as Deno's. */
  readSync(target: Uint8Array): number | null;
  /** The same as Deno's. */
  readonly readable: ReadableStream<Uint8Array>;
}

/**
 * `Writable` of `node:stream`, also a response or a request: ended after the trailer, or destroyed with the error that ended the
 * session. Standard output is not ended, and a response stays open while an error page can still be sent: nothing was written.
 */
export interface NodeWritable {
  /** The same as Node's. */
  // deno-lint-ignore no-explicit-any
  write(chunk: any, ...rest: any[]): boolean;
  /** The same as Node's. */
  // deno-lint-ignore no-explicit-any
  end(...parameters: any[]): unknown;
  /** The same as Node's. */
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...parameters: any[]) => void): unknown;
  /** The same as Node's. */
  destroy(error?: Error): unknown;
}

/** `Bun.file(path)`. */
export interface BunFile {
  /** Its path. */
  readonly name?: string;
  /** The same as Bun's. */
  // deno-lint-ignore no-explicit-any
  writer(...parameters: any[]): unknown;
  /** The same as Bun's. */
  exists(): Promise<boolean>;
}
