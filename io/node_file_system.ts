/**
 * The file system of Node and Bun, over `node:fs`. Each file opened here, or passed as a `FileHandle`, has its own
 * position.
 */
import { type Fault, type FileStatus, type FileSystem, From, type OpenFile } from "./file_system.ts";

type Done<T> = (error: unknown, value: T) => void;

interface Stats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isBlockDevice(): boolean;
}

const BIG = { bigint: true } as const;

/** The used functions of `node:fs`. */
interface NodeFiles {
  readonly constants: Readonly<Record<"O_RDONLY" | "O_WRONLY" | "O_RDWR" | "O_CREAT" | "O_TRUNC", number>>;
  open(path: string, flags: number, mode: number, done: Done<number>): void;
  openSync(path: string, flags: number, mode: number): number;
  stat(path: string, options: typeof BIG, done: Done<Stats>): void;
  statSync(path: string, options: typeof BIG): Stats;
  lstat(path: string, options: typeof BIG, done: Done<Stats>): void;
  lstatSync(path: string, options: typeof BIG): Stats;
  fstat(descriptor: number, options: typeof BIG, done: Done<Stats>): void;
  fstatSync(descriptor: number, options: typeof BIG): Stats;
  realpath(path: string, done: Done<string>): void;
  realpathSync(path: string): string;
  readdir(folder: string, done: Done<string[]>): void;
  readdirSync(folder: string): string[];
  // deno-fmt-ignore
  read(descriptor: number, target: Uint8Array, offset: number, length: number, position: number | null, done: Done<number>): void;
  // deno-fmt-ignore
  readSync(descriptor: number, target: Uint8Array, offset: number, length: number, position: number | null): number;
  // deno-fmt-ignore
  write(descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number | null, done: Done<number>): void;
  // deno-fmt-ignore
  writeSync(descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number | null): number;
  ftruncate(descriptor: number, size: number, done: Done<void>): void;
  ftruncateSync(descriptor: number, size: number): void;
  closeSync(descriptor: number): void;
}

interface Process {
  cwd(): string;
  getBuiltinModule(name: "node:fs"): NodeFiles;
  readonly permission?: { has(scope: "fs.read", path?: string): boolean };
}

/** Loaded on first use: on Deno, which loads this file too, it takes 20 ms. */
const globals = globalThis as unknown as { process: Process };

let loaded: NodeFiles | undefined;

function node(): NodeFiles {
  return loaded ??= globals.process.getBuiltinModule("node:fs");
}

function promised<T>(call: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    call((error, value) => error ? reject(withStack(error)) : resolve(value))
  );
}

/** Bun's errors of system calls have no stack, which programs take for granted. */
function withStack(error: unknown): unknown {
  if (error instanceof Error && !error.stack) Error.captureStackTrace(error);
  return error;
}

function statusOf(stats: Stats): FileStatus {
  const { dev, ino, size } = stats;
  return { dev, ino, size: Number(size), isFile: stats.isFile(), isDirectory: stats.isDirectory() };
}

/** Codes of system errors. */
const codes: Readonly<Record<Fault, readonly string[]>> = {
  NotFound: ["ENOENT"],
  NotADirectory: ["ENOTDIR"],
  IsADirectory: ["EISDIR"],
  NotCapable: ["ERR_ACCESS_DENIED"],
  PermissionDenied: ["EACCES", "EPERM"],
  BadResource: ["EBADF"], // also for a file that was not opened for reading or writing
  BrokenPipe: ["EPIPE"],
};

function errorOf(fault: Fault, message: string): Error {
  const [code] = codes[fault];
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

/** A file descriptor, or an object of the program that has one, negative after it was closed. */
type Descriptor = number | { readonly fd: number };

/** An open file. `node:fs` has no seek, so reads and writes pass the position. */
class NodeFile implements OpenFile {
  #of: Descriptor;
  /** Null if it can't seek: a pipe, a terminal. */
  #position: number | null;

  constructor(of: Descriptor) {
    this.#of = of;
    this.#position = hasPositions(of) ? 0 : null;
  }

  get #descriptor(): number {
    const descriptor = descriptorOf(this.#of);
    if (descriptor < 0) throw errorOf("BadResource", "bad file descriptor, the file was closed");
    return descriptor;
  }

  async read(target: Uint8Array): Promise<number | null> {
    const at = this.#position;
    return this.#read(
      await promised<number>((done) => node().read(this.#descriptor, target, 0, target.length, at, done)),
      target,
    );
  }

  readSync(target: Uint8Array): number | null {
    return this.#read(node().readSync(this.#descriptor, target, 0, target.length, this.#position), target);
  }

  #read(count: number, target: Uint8Array): number | null {
    this.#advance(count);
    return count === 0 && target.length > 0 ? null : count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const at = this.#position;
    return this.#advance(
      await promised<number>((done) => node().write(this.#descriptor, bytes, 0, bytes.length, at, done)),
    );
  }

  writeSync(bytes: Uint8Array): number {
    return this.#advance(node().writeSync(this.#descriptor, bytes, 0, bytes.length, this.#position));
  }

  #advance(count: number): number {
    if (this.#position !== null) this.#position += count;
    return count;
  }

  async seek(offset: number, from: number): Promise<number> {
    return this.#seek(offset, from, from === From.END ? (await this.stat()).size : 0);
  }

  seekSync(offset: number, from: number): number {
    return this.#seek(offset, from, from === From.END ? this.statSync().size : 0);
  }

  #seek(offset: number, from: number, size: number): number {
    void this.#descriptor;
    const position = offset + (from === From.CURRENT ? this.#position ?? 0 : size);
    if (this.#position === null) throw Object.assign(new Error("ESPIPE: illegal seek"), { code: "ESPIPE" });
    if (position < 0) throw Object.assign(new Error("EINVAL: invalid argument, seek"), { code: "EINVAL" });
    return this.#position = position;
  }

  async stat(): Promise<FileStatus> {
    return statusOf(await promised<Stats>((done) => node().fstat(this.#descriptor, BIG, done)));
  }

  statSync(): FileStatus {
    return statusOf(node().fstatSync(this.#descriptor, BIG));
  }

  truncate(size: number): Promise<void> {
    return promised((done) => node().ftruncate(this.#descriptor, size, done));
  }

  truncateSync(size: number): void {
    node().ftruncateSync(this.#descriptor, size);
  }

  close(): void {
    node().closeSync(this.#descriptor);
    this.#of = -1;
  }
}

function descriptorOf(of: Descriptor): number {
  return typeof of === "number" ? of : of.fd;
}

function hasPositions(of: Descriptor): boolean {
  const descriptor = descriptorOf(of);
  if (descriptor < 0) return false;
  const stats = node().fstatSync(descriptor, BIG);
  return stats.isFile() || stats.isDirectory() || stats.isBlockDevice();
}

// ------------------------------------------------------------------------------------------- standard input

const STDIN = 0, STDOUT = 1;
/** Milliseconds between polls of a non-blocking terminal or pipe. */
const PAUSE = 10;

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function readStdin(target: Uint8Array): number | null {
  for (;;) {
    try {
      return node().readSync(STDIN, target, 0, target.length, null) || null;
    } catch (error) {
      if (codeOf(error) === "EOF") return null;
      if (codeOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}

// ------------------------------------------------------------------------------------------- values of the program

/** Whether a value has methods with these names. */
function has<Name extends string>(value: unknown, ...names: Name[]): value is Record<Name, unknown> {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

function isHandle(value: unknown): value is { readonly fd: number } {
  return has(value, "read", "write", "stat", "truncate", "close") &&
    typeof (value as { fd?: unknown }).fd === "number";
}

/** Whether a value is `process.stdin`, without accessing that: it would start reading. */
function isStdin(value: unknown): boolean {
  return has(value, "read", "on", "setEncoding") && (value as { fd?: unknown }).fd === STDIN;
}

/** The path of `Bun.file(path)`: a Blob with a name that is no File, no file in S3, and as a source no part of a file. */
function named(value: unknown, use: "source" | "sink"): string | null {
  if (!("Bun" in globalThis) || !(value instanceof Blob) || value instanceof File) return null;
  if (!has(value, "writer", "exists") || has(value, "presign")) return null;
  const { name } = value as { name?: unknown };
  return typeof name === "string" && !(use === "source" && isPart(value, name)) ? name : null;
}

/** The size that Bun gives all but the first byte of a file whose size it does not know yet. */
const ALL_BUT_ONE = 2 ** 52 - 2;

/**
 * Whether `Bun.file(path)` is a part of the file, from `slice()`, which has the same name. So is, for Bun as well, a file that has
 * grown since its size was asked for.
 */
function isPart(file: Blob, path: string): boolean {
  const rest = file.slice(1).size; // its own size, once asked for, would never change again
  if (rest === ALL_BUT_ONE || !Number.isFinite(rest)) return false;
  try {
    const stats = node().statSync(path, BIG);
    return stats.isFile() && Number(stats.size) !== rest + 1;
  } catch {
    return false;
  }
}

/** The file system of Node and Bun. */
export const nodeFiles: FileSystem = {
  async open(path, options) {
    return new NodeFile(await promised<number>((done) => node().open(path, flagsOf(options), MODE, done)));
  },
  openSync: (path, options) => new NodeFile(node().openSync(path, flagsOf(options), MODE)),
  stat: async (path) => statusOf(await promised<Stats>((done) => node().stat(path, BIG, done))),
  statSync: (path) => statusOf(node().statSync(path, BIG)),
  lstat: async (path) => statusOf(await promised<Stats>((done) => node().lstat(path, BIG, done))),
  lstatSync: (path) => statusOf(node().lstatSync(path, BIG)),
  realPath: (path) => promised((done) => node().realpath(path, done)),
  realPathSync: (path) => node().realpathSync(path),
  list: (folder) => promised((done) => node().readdir(folder, done)),
  listSync: (folder) => node().readdirSync(folder),
  currentFolder: () => globals.process.cwd(),
  mayRead: (path) => globals.process.permission?.has("fs.read", path) ?? true,
  stdin: {
    // deno-lint-ignore require-await
    read: async (target) => readStdin(target),
    readSync: readStdin,
    stat: async () => statusOf(await promised<Stats>((done) => node().fstat(STDIN, BIG, done))),
    statSync: () => statusOf(node().fstatSync(STDIN, BIG)),
  },
  stdoutStatus: () => statusOf(node().fstatSync(STDOUT, BIG)),
  isStdin,
  isStdinStream: () => false,
  opened: (value) => isHandle(value) ? new NodeFile(value) : null,
  named,
  is: (error, fault) =>
    codes[fault].some((code) => codeOf(error) === code) &&
    (fault !== "BadResource" || !("syscall" in (error as Error))),
  error: errorOf,
};

/** Mode of created files, before the umask. */
const MODE = 0o666;

function flagsOf({ read, write, create, truncate }: Parameters<FileSystem["open"]>[1]): number {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = node().constants;
  const access = read && write ? O_RDWR : write ? O_WRONLY : O_RDONLY;
  return access | (create ? O_CREAT : 0) | (truncate ? O_TRUNC : 0);
}
