/**
 * What the command line needs of a runtime beside files to read: its arguments and exit code, the standard streams, files
 * that are written whole. Deno's own calls on Deno, those of `node:fs` and `process` elsewhere.
 */
import { isWindows } from "../ffi/library_paths.ts";
import { isDeno } from "../ffi/runtime.ts";
import type { IOCallbacks, Source } from "../mod.ts";

/** A stream that is written to. */
export interface Output {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** Ctrl-C, and what `kill` and service managers send. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Those that the system has. */
const STOP_SIGNALS: readonly StopSignal[] = isWindows ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** By which a changed file is known. */
export interface FileState {
  readonly ino: number;
  readonly size: number;
  /** Milliseconds. */
  readonly modified: number;
  /** Names that it has. */
  readonly links: number;
}

/** How a file is written. */
export interface WriteFileOptions {
  /** An error where it is there already. */
  createNew?: boolean;
}

interface Console {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, for either API. */
  readonly stdin: Source;
  /** The same, as a stream that need not be waited for. */
  readonly stdinStream: Source;
  /** Columns of the terminal; 0 where there is none. */
  columns(): number;
  args(): string[];
  exit(code: number): never;
  writeFile(place: string | URL, bytes: Uint8Array, options?: WriteFileOptions): void;
  makeFolder(place: string | URL): void;
  removeFile(place: string): void;
  stateOf(place: string): FileState;
  /** Makes an empty file with the permissions and the owner of another; an error where it is there already. */
  createLike(model: string, place: string): void;
  /** Returns when all of a file is on the disk. */
  syncFile(place: string): void;
  /** Moves a file to the place of another. */
  renameFile(from: string, to: string): void;
  /** Calls it for each of these signals, which end the program no more, until what is returned is called. */
  onInterrupt(listener: (signal: StopSignal) => void): () => void;
}

/** Permissions of a file that others must not read before it has those that it is to have. */
const PRIVATE = 0o600;

/** Who may do what with a file; null where the system has no such thing. */
interface Permissions {
  mode: number | null;
  uid: number | null;
  gid: number | null;
}

/** Gives a file the permissions and, where this process may do that, the owner of another. */
function takeAfter(
  { mode, uid, gid }: Permissions,
  { chown, chmod }: { chown: (uid: number, gid: number) => void; chmod: (mode: number) => void },
): void {
  if (isWindows) return; // they come from the folder
  try {
    if (uid !== null && gid !== null) chown(uid, gid);
  } catch {
    // Only root may give files away.
  }
  if (mode !== null) chmod(mode & 0o777);
}

/** Listens to each of them; returns what ends that. */
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
  writeFile: (place, bytes, options) => Deno.writeFileSync(place, bytes, options),
  makeFolder: (place) => Deno.mkdirSync(place, { recursive: true }),
  removeFile: (place) => Deno.removeSync(place),
  stateOf(place) {
    const { ino, size, mtime, nlink } = Deno.statSync(place);
    return { ino: ino ?? 0, size, modified: mtime?.getTime() ?? 0, links: nlink ?? 1 };
  },
  createLike(model, place) {
    const { mode, uid, gid } = Deno.statSync(model);
    Deno.openSync(place, { createNew: true, write: true, mode: PRIVATE }).close();
    takeAfter({ mode, uid, gid }, {
      chown: (uid, gid) => Deno.chownSync(place, uid, gid),
      chmod: (mode) => Deno.chmodSync(place, mode),
    });
  },
  syncFile(place) {
    using file = Deno.openSync(place, { write: true });
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

/** What is used of `process`. */
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
  statSync(place: string): Permissions & { ino: number; size: number; mtimeMs: number; nlink: number };
  openSync(place: string, flags: string, mode?: number): number;
  fsyncSync(descriptor: number): void;
  closeSync(descriptor: number): void;
  chownSync(place: string, uid: number, gid: number): void;
  chmodSync(place: string, mode: number): void;
  renameSync(from: string, to: string): void;
  writeSync(descriptor: number, bytes: Uint8Array): number;
  writeFileSync(place: string | URL, bytes: Uint8Array, options: { flag: string }): void;
  mkdirSync(place: string | URL, options: { recursive: true }): void;
  unlinkSync(place: string): void;
}

const { process } = globalThis as unknown as { process: Process };

/** Milliseconds between two attempts at a pipe that is full and does not wait by itself. */
const PAUSE = 5;

function outputOf(descriptor: number): Output {
  return {
    writeSync(bytes) {
      for (;;) {
        try {
          return process.getBuiltinModule("node:fs").writeSync(descriptor, bytes);
        } catch (error) {
          if ((error as { code?: unknown }).code !== "EAGAIN") throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
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
  writeFile: (place, bytes, { createNew = false } = {}) =>
    process.getBuiltinModule("node:fs").writeFileSync(place, bytes, { flag: createNew ? "wx" : "w" }),
  makeFolder: (place) => process.getBuiltinModule("node:fs").mkdirSync(place, { recursive: true }),
  removeFile: (place) => process.getBuiltinModule("node:fs").unlinkSync(place),
  stateOf(place) {
    const { ino, size, mtimeMs, nlink } = process.getBuiltinModule("node:fs").statSync(place);
    return { ino, size, modified: Math.floor(mtimeMs), links: nlink };
  },
  createLike(model, place) {
    const fs = process.getBuiltinModule("node:fs");
    fs.closeSync(fs.openSync(place, "wx", PRIVATE));
    takeAfter(fs.statSync(model), {
      chown: (uid, gid) => fs.chownSync(place, uid, gid),
      chmod: (mode) => fs.chmodSync(place, mode),
    });
  },
  syncFile(place) {
    const fs = process.getBuiltinModule("node:fs");
    const file = fs.openSync(place, "r+");
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

/** This runtime's. */
export const terminal: Console = isDeno ? denoConsole : nodeConsole;

/** Standard output as a sink. */
export const stdoutSink: IOCallbacks = { onwrite: (bytes) => terminal.stdout.writeSync(bytes) };
