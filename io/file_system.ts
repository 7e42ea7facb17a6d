/**
 * FileSystem: the file functions that avio needs from a runtime. `files.ts` chooses the implementation.
 */

/** Kinds of system errors, by Deno's names. */
export type Fault =
  | "NotFound"
  | "NotADirectory"
  | "IsADirectory"
  | "NotCapable"
  | "PermissionDenied"
  | "BadResource"
  | "BrokenPipe";

/** Information about a file. */
export interface FileStatus {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly dev: number | bigint;
  /** Null if the system has none. */
  readonly ino: number | bigint | null;
}

/** What a position is relative to. */
export const From = { START: 0, CURRENT: 1, END: 2 } as const;

/** An open file. It reads and writes at its one position; pipes and terminals can't seek. */
export interface OpenFile {
  /** Returns the number of bytes read; null at the end. */
  read(target: Uint8Array): Promise<number | null>;
  readSync(target: Uint8Array): number | null;
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  seek(offset: number, from: number): Promise<number>;
  seekSync(offset: number, from: number): number;
  stat(): Promise<FileStatus>;
  statSync(): FileStatus;
  truncate(size: number): Promise<void>;
  truncateSync(size: number): void;
  close(): void;
}

/** How a file is opened. */
export interface OpenFileOptions {
  read?: boolean;
  write?: boolean;
  create?: boolean;
  truncate?: boolean;
}

/** The file functions of a runtime. */
export interface FileSystem {
  open(path: string, options: OpenFileOptions): Promise<OpenFile>;
  openSync(path: string, options: OpenFileOptions): OpenFile;
  stat(path: string): Promise<FileStatus>;
  statSync(path: string): FileStatus;
  /** About a symbolic link itself, not its target. */
  lstat(path: string): Promise<FileStatus>;
  lstatSync(path: string): FileStatus;
  realPath(path: string): Promise<string>;
  realPathSync(path: string): string;
  /** Names of the entries of a folder. */
  list(folder: string): Promise<string[]>;
  listSync(folder: string): string[];
  currentFolder(): string;
  /** Whether a path, or any path, may be read without a permission prompt. */
  mayRead(path?: string): boolean;
  /** Standard input. */
  readonly stdin: Pick<OpenFile, "read" | "readSync" | "stat" | "statSync">;
  /** About what standard output is redirected to. */
  stdoutStatus(): FileStatus;
  /** Whether a source is standard input. */
  isStdin(value: unknown): boolean;
  /** Whether a source is a stream over standard input. */
  isStdinStream(value: unknown): boolean;
  /** A file that the program has opened; null if the value isn't one. */
  opened(value: unknown): OpenFile | null;
  /** The path of a runtime's file object (`Bun.file(path)`), unless that is only a part of a file to read. */
  named(value: unknown, use: "source" | "sink"): string | null;
  /** Whether an error is of this kind. */
  is(error: unknown, fault: Fault): boolean;
  /** An error of this kind, like those of system calls. */
  error(fault: Fault, message: string): Error;
}
