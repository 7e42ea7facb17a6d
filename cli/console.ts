/**
 * What the command line needs of a runtime, other than reading files: arguments, exit code, standard streams, signals, and
 * files that are written whole. Uses `Deno` on Deno, `node:fs` and `process` elsewhere.
 */
import { isWindows } from "../ffi/library_paths.ts";
import { isDeno } from "../ffi/runtime.ts";
import type { IOCallbacks, Source } from "../mod.ts";

/** Standard output or standard error. */
export interface Output {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** Ctrl-C, and what `kill` and service managers send. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** The signals that this platform supports. */
const STOP_SIGNALS: readonly StopSignal[] = isWindows ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** What a change of a file is detected by. */
export interface FileState {
  readonly ino: number;
  readonly size: number;
  /** Milliseconds. */
  readonly modified: number;
  /** The number of its hard links. */
  readonly links: number;
}

/** Options of `writeFile`. */
export interface WriteFileOptions {
  /** Throws if the file exists. */
  createNew?: boolean;
}

interface Console {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, for the sync and the async API. */
  readonly stdin: Source;
  /** Standard input as an async stream: reading it can have a time limit. */
  readonly stdinStream: Source;
  /** The width of the terminal; 0 without one. */
  columns(): number;
  args(): string[];
  exit(code: number): never;
  writeFile(path: string | URL, bytes: Uint8Array, options?: WriteFileOptions): void;
  makeFolder(path: string | URL): void;
  removeFile(path: string): void;
  stateOf(path: string): FileState;
  /** Creates an empty file with the permissions and the owner of `model`; throws if it exists. */
  createLike(model: string, path: string): void;
  /** Flushes a file to the disk (fsync). */
  syncFile(path: string): void;
  /** Renames a file, replacing one that exists. */
  renameFile(from: string, to: string): void;
  /** Calls `listener` for each stop signal, instead of ending the program, until the returned function is called. */
  onInterrupt(listener: (signal: StopSignal) => void): () => void;
}

/** A new file's permissions until it gets its own: nobody else may read it meanwhile. */
const PRIVATE = 0o600;

/** Permissions and owner of a file; null where the platform has none. */
interface Permissions {
  mode: number | null;
  uid: number | null;
  gid: number | null;
}

/** Sets the permissions and, where this process is allowed to, the owner of a file. */
function applyPermissions(
  { mode, uid, gid }: Permissions,
  { chown, chmod }: { chown: (uid: number, gid: number) => void; chmod: (mode: number) => void },
): void {
  if (isWindows) return; // inherited from the folder
  try {
    if (uid !== null && gid !== null) chown(uid, gid);
  } catch {
    // Only root may change the owner.
  }
  if (mode !== null) chmod(mode & 0o777);
}

/** Adds the listener for each stop signal; returns a function that removes it. */
function forEachSignal(
  listener: (signal: StopSignal) => void,
  add: (signal: StopSignal, call: () => void) => void,
  remove: (signal: StopSignal, call: () => void) => void,
): () => void {
  const calls = STOP_SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
  for (const [signal, call] of calls) add(signal, call);
  return () => {
    for (const [signal, call] of calls) remove(signal, call);
  };
}

const denoConsole: Console = {
  get stdout() {
    return Deno.stdout;
  },
  get stderr() {
    return Deno.stderr;
  },
  get stdin() {
    return Deno.stdin;
  },
  get stdinStream() {
    return Deno.stdin.readable;
  },
  columns() {
    try {
      return Deno.consoleSize().columns;
    } catch {
      return 0;
    }
  },
  args: () => Deno.args,
  exit: (code) => Deno.exit(code),
  writeFile: (path, bytes, options) => Deno.writeFileSync(path, bytes, options),
  makeFolder: (path) => Deno.mkdirSync(path, { recursive: true }),
  removeFile: (path) => Deno.removeSync(path),
  stateOf(path) {
    const { ino, size, mtime, nlink } = Deno.statSync(path);
    return { ino: ino ?? 0, size, modified: mtime?.getTime() ?? 0, links: nlink ?? 1 };
  },
  createLike(model, path) {
    const { mode, uid, gid } = Deno.statSync(model);
    Deno.openSync(path, { createNew: true, write: true, mode: PRIVATE }).close();
    applyPermissions({ mode, uid, gid }, {
      chown: (uid, gid) => Deno.chownSync(path, uid, gid),
      chmod: (mode) => Deno.chmodSync(path, mode),
    });
  },
  syncFile(path) {
    using file = Deno.openSync(path, { write: true });
    file.syncSync();
  },
  renameFile: (from, to) => Deno.renameSync(from, to),
  onInterrupt: (listener) =>
    forEachSignal(
      listener,
      (signal, call) => Deno.addSignalListener(signal, call),
      (signal, call) => Deno.removeSignalListener(signal, call),
    ),
};

/** The part of `process` that is used. */
interface Process {
  readonly argv: string[];
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stderr: { readonly columns?: number };
  exit(code: number): never;
  on(event: StopSignal, listener: () => void): void;
  off(event: StopSignal, listener: () => void): void;
  getBuiltinModule(name: "node:fs"): NodeFiles;
  getBuiltinModule(name: "node:tty"): { isatty(descriptor: number): boolean };
}

interface NodeFiles {
  statSync(path: string): Permissions & { ino: number; size: number; mtimeMs: number; nlink: number };
  openSync(path: string, flags: string, mode?: number): number;
  fsyncSync(descriptor: number): void;
  closeSync(descriptor: number): void;
  chownSync(path: string, uid: number, gid: number): void;
  chmodSync(path: string, mode: number): void;
  renameSync(from: string, to: string): void;
  writeSync(descriptor: number, bytes: Uint8Array): number;
  writeFileSync(path: string | URL, bytes: Uint8Array, options: { flag: string }): void;
  mkdirSync(path: string | URL, options: { recursive: true }): void;
  unlinkSync(path: string): void;
}

const { process } = globalThis as unknown as { process: Process };

/** Milliseconds between two attempts to write to a full nonblocking pipe. */
const RETRY_MILLISECONDS = 5;

function outputOf(descriptor: number): Output {
  return {
    writeSync(bytes) {
      for (;;) {
        try {
          return process.getBuiltinModule("node:fs").writeSync(descriptor, bytes);
        } catch (error) {
          if ((error as { code?: unknown }).code !== "EAGAIN") throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS);
        }
      }
    },
    isTerminal: () => process.getBuiltinModule("node:tty").isatty(descriptor),
  };
}

const nodeConsole: Console = {
  stdout: outputOf(1),
  stderr: outputOf(2),
  get stdin() {
    return process.stdin;
  },
  get stdinStream() {
    return process.stdin;
  },
  columns: () => process.stderr.columns ?? 0,
  args: () => process.argv.slice(2),
  exit: (code) => process.exit(code),
  writeFile: (path, bytes, { createNew = false } = {}) =>
    process.getBuiltinModule("node:fs").writeFileSync(path, bytes, { flag: createNew ? "wx" : "w" }),
  makeFolder: (path) => process.getBuiltinModule("node:fs").mkdirSync(path, { recursive: true }),
  removeFile: (path) => process.getBuiltinModule("node:fs").unlinkSync(path),
  stateOf(path) {
    const { ino, size, mtimeMs, nlink } = process.getBuiltinModule("node:fs").statSync(path);
    return { ino, size, modified: Math.floor(mtimeMs), links: nlink };
  },
  createLike(model, path) {
    const fs = process.getBuiltinModule("node:fs");
    fs.closeSync(fs.openSync(path, "wx", PRIVATE));
    applyPermissions(fs.statSync(model), {
      chown: (uid, gid) => fs.chownSync(path, uid, gid),
      chmod: (mode) => fs.chmodSync(path, mode),
    });
  },
  syncFile(path) {
    const fs = process.getBuiltinModule("node:fs");
    const file = fs.openSync(path, "r+");
    try {
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  },
  renameFile: (from, to) => process.getBuiltinModule("node:fs").renameSync(from, to),
  onInterrupt: (listener) =>
    forEachSignal(
      listener,
      (signal, call) => process.on(signal, call),
      (signal, call) => process.off(signal, call),
    ),
};

/** The console of this runtime. */
export const terminal: Console = isDeno ? denoConsole : nodeConsole;

/** Standard output as a sink. */
export const stdoutSink: IOCallbacks = { onwrite: (bytes) => terminal.stdout.writeSync(bytes) };
