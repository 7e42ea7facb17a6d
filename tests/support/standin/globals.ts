/**
 * Deno's functions that the tests use, over `node:` modules; and globals that Node lacks.
 */
import { Buffer } from "node:buffer";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import util from "node:util";
import { isMainThread, parentPort, Worker as NodeWorker, workerData } from "node:worker_threads";
import { nodeFiles } from "../../../io/node_file_system.ts";
import type { Fault, OpenFile } from "../../../io/file_system.ts";
import { test } from "./deno_test.ts";
import { Command } from "./command.ts";
import { connect, listen, serve } from "./net.ts";

type Place = string | URL;

/** An open file. To avio it looks like a FileHandle, which it uses in the same way. */
class FsFile {
  fd: number;
  #file: OpenFile;

  constructor(place: Place, flags: string) {
    this.fd = fs.openSync(place, flags);
    this.#file = nodeFiles.opened(this)!;
  }
  read = (target: Uint8Array) => this.#file.read(target);
  readSync = (target: Uint8Array) => this.#file.readSync(target);
  write = (bytes: Uint8Array) => this.#file.write(bytes);
  writeSync = (bytes: Uint8Array) => this.#file.writeSync(bytes);
  seek = (offset: number, from: number) => this.#file.seek(offset, from);
  seekSync = (offset: number, from: number) => this.#file.seekSync(offset, from);
  stat = () => this.#file.stat();
  statSync = () => this.#file.statSync();
  truncate = (size = 0) => this.#file.truncate(size);
  truncateSync = (size = 0) => this.#file.truncateSync(size);
  close(): void {
    if (this.fd < 0) throw nodeFiles.error("BadResource", "the file is closed");
    fs.closeSync(this.fd);
    this.fd = -1;
  }
  [Symbol.dispose](): void {
    if (this.fd >= 0) this.close();
  }
  get readable(): unknown {
    return streamOf(this);
  }
}

function streamOf(file: FsFile): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(65536);
      const count = await file.read(chunk);
      if (count !== null) return controller.enqueue(chunk.subarray(0, count));
      controller.close();
      file.close();
    },
    cancel: () => file.close(),
  });
}

interface OpenOptions {
  read?: boolean;
  write?: boolean;
  create?: boolean;
  createNew?: boolean;
  truncate?: boolean;
  append?: boolean;
}

function openSync(place: Place, options: OpenOptions = { read: true }): FsFile {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_EXCL, O_APPEND } = fs.constants;
  const { read, write, create, createNew, truncate, append } = options;
  let flags = read && (write || append) ? O_RDWR : write || append ? O_WRONLY : O_RDONLY;
  if (create || createNew) flags |= O_CREAT;
  if (createNew) flags |= O_EXCL;
  if (truncate) flags |= O_TRUNC;
  if (append) flags |= O_APPEND;
  return new FsFile(place, flags as unknown as string);
}

/** A class of Deno's errors: system errors are instances of it by their code. */
function faultClass(fault: Fault): unknown {
  const make = function (message: string) {
    return nodeFiles.error(fault, message);
  };
  Object.defineProperty(make, "name", { value: fault });
  Object.defineProperty(make, Symbol.hasInstance, { value: (error: unknown) => nodeFiles.is(error, fault) });
  return make;
}

const faults = [
  "NotFound",
  "NotADirectory",
  "IsADirectory",
  "NotCapable",
  "PermissionDenied",
  "BadResource",
  "BrokenPipe",
];

function infoOf(stats: fs.Stats) {
  const { size, dev, ino, mode, mtime } = stats;
  return {
    size,
    dev,
    ino,
    mode,
    mtime,
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
  };
}

interface Temporary {
  prefix?: string;
  suffix?: string;
  dir?: string;
}

function makeTempDirSync({ prefix = "", dir = os.tmpdir() }: Temporary = {}): string {
  return fs.mkdtempSync(`${dir}/${prefix}`);
}

function makeTempFileSync({ prefix = "", suffix = "", dir = os.tmpdir() }: Temporary = {}): string {
  const path = `${dir}/${prefix}${crypto.randomUUID()}${suffix}`;
  fs.writeFileSync(path, "");
  return path;
}

function* readDirSync(place: Place) {
  for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
    yield {
      name: entry.name,
      isFile: entry.isFile(),
      isDirectory: entry.isDirectory(),
      isSymlink: entry.isSymbolicLink(),
    };
  }
}

interface WriteOptions {
  append?: boolean;
  createNew?: boolean;
  mode?: number;
}

function writeSync(
  place: Place,
  data: string | Uint8Array,
  { append, createNew, mode }: WriteOptions = {},
): void {
  fs.writeFileSync(place, data, { flag: append ? "a" : createNew ? "wx" : "w", ...(mode ? { mode } : {}) });
}

const removeSync = (place: Place, { recursive = false } = {}) => fs.rmSync(place, { recursive });
const readFileSync = (place: Place) => new Uint8Array(fs.readFileSync(place));
const readTextFileSync = (place: Place) => fs.readFileSync(place, "utf8");
const mkdirSync = (place: Place, options = {}) => void fs.mkdirSync(place, options);
const statSync = (place: Place) => infoOf(fs.statSync(place));

/** The same function, returning a promise. */
function later<Parameters extends unknown[], T>(work: (...parameters: Parameters) => T) {
  return async (...parameters: Parameters): Promise<T> => {
    await null;
    return work(...parameters);
  };
}

const launcher = new URL("./deno", import.meta.url).pathname;
process.env["AVIO_RUNTIME"] ??= process.execPath;

const standIn = {
  test,
  Command,
  serve,
  listen,
  connect,
  FsFile,
  SeekMode: { Start: 0, Current: 1, End: 2 },
  errors: Object.fromEntries(faults.map((name) => [name, faultClass(name as Fault)])),
  build: {
    os: process.platform,
    arch: process.arch === "arm64" ? "aarch64" : "x86_64",
    standalone: false,
  },
  args: process.argv.slice(2),
  pid: process.pid,
  env: {
    get: (name: string) => process.env[name],
    set: (name: string, value: string) => process.env[name] = value,
    delete: (name: string) => delete process.env[name],
    toObject: () => ({ ...process.env }),
  },
  get stdin() {
    return process.stdin;
  },
  stdout: { writeSync: (bytes: Uint8Array) => fs.writeSync(1, bytes) },
  stderr: { writeSync: (bytes: Uint8Array) => fs.writeSync(2, bytes) },
  cwd: () => process.cwd(),
  chdir: (place: Place) => process.chdir(String(place)),
  execPath: () => launcher,
  exit: (code = 0) => process.exit(code),
  inspect: util.inspect,
  memoryUsage: () => process.memoryUsage(),
  openSync,
  open: later(openSync),
  statSync,
  stat: later(statSync),
  lstatSync: (place: Place) => infoOf(fs.lstatSync(place)),
  readFileSync,
  readFile: later(readFileSync),
  readTextFileSync,
  readTextFile: later(readTextFileSync),
  writeFileSync: writeSync,
  writeFile: later(writeSync),
  writeTextFileSync: writeSync,
  writeTextFile: later(writeSync),
  removeSync,
  remove: later(removeSync),
  makeTempDirSync,
  makeTempDir: later(makeTempDirSync),
  makeTempFileSync,
  makeTempFile: later(makeTempFileSync),
  mkdirSync,
  mkdir: later(mkdirSync),
  readDirSync,
  copyFileSync: (from: Place, to: Place) => fs.copyFileSync(from, to),
  truncateSync: (place: Place, size = 0) => fs.truncateSync(place, size),
  renameSync: (from: Place, to: Place) => fs.renameSync(from, to),
  linkSync: (from: string, to: string) => fs.linkSync(from, to),
  symlinkSync: (from: string, to: string) => fs.symlinkSync(from, to),
  readLinkSync: (place: Place) => fs.readlinkSync(place),
  realPathSync: (place: Place) => fs.realpathSync(place),
  chmodSync: (place: Place, mode: number) => fs.chmodSync(place, mode),
};

/** Uint8Array.fromBase64() and others, which Node 24 lacks. */
const bytesOf = (text: string, encoding: BufferEncoding) => new Uint8Array(Buffer.from(text, encoding));
const Bytes = Uint8Array as unknown as Record<string, unknown>;
Bytes["fromHex"] ??= (text: string) => bytesOf(text, "hex");
Bytes["fromBase64"] ??= (text: string) => bytesOf(text, "base64");
for (const [name, encoding] of [["toHex", "hex"], ["toBase64", "base64"]] as const) {
  if (name in Uint8Array.prototype) continue;
  const value = function (this: Uint8Array) {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString(encoding);
  };
  Object.defineProperty(Uint8Array.prototype, name, { value, configurable: true, writable: true });
}

/** Web workers, with the features that the tests use. */
class WebWorker extends EventTarget {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  #worker: NodeWorker;

  constructor(place: Place, { name = "" }: { name?: string } = {}) {
    super();
    const url = new URL(String(place));
    this.#worker = new NodeWorker(url, { workerData: { name } });
    this.#worker.on("message", (data) => {
      this.onmessage?.({ data });
      this.dispatchEvent(Object.assign(new Event("message"), { data }));
    });
    this.#worker.on("error", (error) => {
      const event = Object.assign(new Event("error"), { error, message: error.message });
      this.onerror?.(event);
      this.dispatchEvent(event);
    });
  }

  postMessage(data: unknown, transfer: [] = []): void {
    this.#worker.postMessage(data, transfer);
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}

/** Bun's own Worker, which first loads what this thread has loaded. */
function bunWorker(Native: typeof Worker): unknown {
  return class extends Native {
    constructor(place: Place, { name = "" }: { name?: string } = {}) {
      const preload = [new URL("./preload.ts", import.meta.url).pathname];
      const env = { ...process.env, AVIO_WORKER_NAME: name };
      super(place, { preload, env } as unknown as WorkerOptions);
    }
  };
}

interface WorkerScope {
  Worker?: unknown;
  self?: unknown;
  name?: string;
  gc?: unknown;
  Bun?: { gc(force: boolean): void };
  onmessage?: (event: { data: unknown }) => void;
  postMessage?: unknown;
  close?: unknown;
  addEventListener?: unknown;
  removeEventListener?: unknown;
}

type Listener = (event: unknown) => void;

const preventDefault = () => {};

/** The global events that the tests use, by the process's events. */
const events: Record<string, [name: string, eventOf: (...details: unknown[]) => unknown]> = {
  unload: ["exit", () => new Event("unload")],
  unhandledrejection: ["unhandledRejection", (reason, promise) => ({ reason, promise, preventDefault })],
  error: ["uncaughtException", (error) => ({ error, message: String(error), preventDefault })],
};
const listeners = new Map<Listener, (...details: unknown[]) => void>();

/** Bun's own function, for all events but `unload`. */
const native = globalThis.addEventListener;

function addEventListener(name: string, listener: Listener): void {
  if (native && name !== "unload") return native.call(globalThis, name, listener as EventListener);
  const [event, eventOf] = events[name] ?? [name, (detail) => detail];
  const wrapped = (...details: unknown[]) => listener(eventOf(...details));
  listeners.set(listener, wrapped);
  process.on(event, wrapped);
}

function removeEventListener(name: string, listener: Listener): void {
  process.off(events[name]?.[0] ?? name, listeners.get(listener) ?? listener);
}

const scope = globalThis as unknown as WorkerScope;
Object.assign(globalThis, { Deno: standIn });
if (scope.Bun) scope.gc ??= () => scope.Bun!.gc(true);
scope.Worker = scope.Bun ? bunWorker(scope.Worker as typeof Worker) : WebWorker;
scope.self ??= globalThis;
scope.addEventListener = addEventListener;
scope.removeEventListener ??= removeEventListener;
if (!isMainThread && scope.Bun) Object.assign(globalThis, { name: process.env["AVIO_WORKER_NAME"] });
if (!isMainThread && parentPort && !scope.Bun) {
  const port = parentPort;
  scope.name = (workerData as { name: string }).name;
  scope.postMessage = (data: unknown, transfer: [] = []) => port.postMessage(data, transfer);
  scope.close = () => process.exit(0);
  port.on("message", (data) => scope.onmessage?.({ data }));
}
