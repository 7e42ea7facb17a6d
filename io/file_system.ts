/**
 * FileSystem: what avio needs of a runtime's files, and nothing else of it. `files.ts` chooses whose.
 */

/** What is wrong where a call of the system fails, as Deno calls it. */
export type Fault =
  | "NotFound"
  | "NotADirectory"
  | "IsADirectory"
  | "NotCapable"
  | "PermissionDenied"
  | "BadResource"
  | "BrokenPipe";

/** What is at a path. */
export interface FileStatus {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly dev: number | bigint;
  /** Null where the system has none. */
  readonly ino: number | bigint | null;
}

/** Where a position is counted from. */
export const From = { START: 0, CURRENT: 1, END: 2 } as const;

/** A file that is open. It has one position, and reads and writes there; pipes and terminals can't seek. */
export interface OpenFile {
  /** How many bytes; null at the end. */
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

/** The files of a runtime. */
export interface FileSystem {
  open(path: string, options: OpenFileOptions): Promise<OpenFile>;
  openSync(path: string, options: OpenFileOptions): OpenFile;
  stat(path: string): Promise<FileStatus>;
  statSync(path: string): FileStatus;
  /** Of a symbolic link, not of what it leads to. */
  lstat(path: string): Promise<FileStatus>;
  lstatSync(path: string): FileStatus;
  realPath(path: string): Promise<string>;
  realPathSync(path: string): string;
  /** Names of what is in a folder. */
  list(folder: string): Promise<string[]>;
  listSync(folder: string): string[];
  currentFolder(): string;
  /** Whether a path, or any, may be looked at without anybody being asked for the permission. */
  mayRead(path?: string): boolean;
  /** Standard input. */
  readonly stdin: Pick<OpenFile, "read" | "readSync" | "stat" | "statSync">;
  /** Whether that is what the program means. */
  isStdin(value: unknown): boolean;
  /** Whether it is a stream of that. */
  isStdinStream(value: unknown): boolean;
  /** What the program has opened, null where it is no file. */
  opened(value: unknown): OpenFile | null;
  /** The path that a program has named in the runtime's own way. */
  named(value: unknown): string | null;
  /** A sink of the runtime's own as a stream of the web platform; null where it is none. */
  stream(value: unknown): WritableStream<Uint8Array> | null;
  /** Whether an error says that. */
  is(error: unknown, fault: Fault): boolean;
  /** An error that says that, as the system's own calls have it. */
  error(fault: Fault, message: string): Error;
}
