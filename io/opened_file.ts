/**
 * What the runtimes call their own files and streams, as far as it is said what can be a source or a sink. Which it really
 * is, is looked at when it is used (`files.ts`); here nothing of a runtime's types is needed.
 */

/** `Deno.FsFile`. */
export interface DenoFile {
  /** As Deno has it. */
  read(target: Uint8Array): Promise<number | null>;
  /** As Deno has it. */
  readSync(target: Uint8Array): number | null;
  /** As Deno has it. */
  write(bytes: Uint8Array): Promise<number>;
  /** As Deno has it. */
  writeSync(bytes: Uint8Array): number;
  /** As Deno has it. */
  close(): void;
}

/** `FileHandle` of `node:fs/promises`. */
export interface NodeFileHandle {
  /** Its number. */
  readonly fd: number;
  /** As Node has it. */
  // deno-lint-ignore no-explicit-any
  read(...parameters: any[]): Promise<unknown>;
  /** As Node has it. */
  // deno-lint-ignore no-explicit-any
  write(...parameters: any[]): Promise<unknown>;
  /** As Node has it. */
  close(): Promise<void>;
}

/** A file that the program has opened, and closes: `Deno.FsFile` on Deno, `FileHandle` on Node and Bun. */
export type OpenedFile = DenoFile | NodeFileHandle;

/** `Deno.stdin`; on Node and Bun `process.stdin` is one of the streams that can be iterated, and can be read synchronously. */
export interface StandardInput {
  /** As Deno has it. */
  read(target: Uint8Array): Promise<number | null>;
  /** As Deno has it. */
  readSync(target: Uint8Array): number | null;
  /** As Deno has it. */
  readonly readable: ReadableStream<Uint8Array>;
}

/** `Writable` of `node:stream`: ended after the trailer, destroyed with what ended the session before. */
export interface NodeWritable {
  /** As Node has it. */
  // deno-lint-ignore no-explicit-any
  write(chunk: any, ...rest: any[]): boolean;
  /** As Node has it. */
  // deno-lint-ignore no-explicit-any
  end(...parameters: any[]): unknown;
  /** As Node has it. */
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...parameters: any[]) => void): unknown;
  /** As Node has it. */
  destroy(error?: Error): unknown;
}

/** `Bun.file(path)`. */
export interface BunFile {
  /** Its path. */
  readonly name?: string;
  /** As Bun has it. */
  // deno-lint-ignore no-explicit-any
  writer(...parameters: any[]): unknown;
  /** As Bun has it. */
  exists(): Promise<boolean>;
}
