/**
 * The works of plain.c done with avio, and some that only apply to JavaScript, with the same arguments and the same
 * output: `WORK FILE WARMUP COUNT [BUFFER_KIB]`. AVIO_SHIM_PATH names the library. Runs on Deno, Node and Bun, except the
 * works that use Deno's own files and calls.
 */
import { readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { library } from "../ffi/library.ts";
import {
  constants,
  Demuxer,
  type IOCallbacks,
  IOContext,
  MemorySink,
  probe,
  probeSync,
  remux,
  remuxSync,
} from "../mod.ts";

const { SET, CUR, END, SIZE } = constants.seek;

/** The callbacks of plain.c in TypeScript; `calls` counts them. */
class MemoryFile {
  #position = 0;
  calls = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(buffer: Uint8Array): number {
    this.calls++;
    const chunk = this.bytes.subarray(this.#position, this.#position + buffer.length);
    buffer.set(chunk);
    this.#position += chunk.length;
    return chunk.length;
  }

  seek(offset: number, whence: number): number {
    this.calls++;
    if (whence === SIZE) return this.bytes.length;
    const base = { [SET]: 0, [CUR]: this.#position, [END]: this.bytes.length }[whence];
    return base === undefined || base + offset < 0 ? -1 : this.#position = base + offset;
  }

  /** Callbacks that return numbers. */
  now(): IOCallbacks {
    return {
      onread: (buffer) => this.read(buffer),
      onseek: (offset, whence) => this.seek(offset, whence),
    };
  }

  /** Callbacks that return promises which are resolved already. */
  promised(): IOCallbacks {
    return {
      onread: (buffer) => Promise.resolve(this.read(buffer)),
      onseek: (offset, whence) => Promise.resolve(this.seek(offset, whence)),
    };
  }
}

/** Keeps the engine from optimizing away the use of the data. */
let touched = 0;

class Seen {
  packets = 0;
  bytes = 0;

  add(data: Uint8Array): void {
    this.packets++;
    this.bytes += data.length;
    touched += data[0] ?? 0;
  }

  toString(): string {
    return `${this.packets} packets, ${this.bytes}`;
  }
}

function readPackets(source: Uint8Array | IOContext): string {
  using demuxer = Demuxer.openSync(source);
  const seen = new Seen();
  for (const { data } of demuxer.packetsSync()) seen.add(data);
  return String(seen);
}

async function readPacketsAsync(source: IOContext | Deno.FsFile | Uint8Array | string): Promise<string> {
  await using demuxer = await Demuxer.open(source);
  const seen = new Seen();
  for await (const { data } of demuxer) seen.add(data);
  return String(seen);
}

async function readBatches(source: Uint8Array): Promise<string> {
  await using demuxer = await Demuxer.open(source);
  const seen = new Seen();
  for await (const packets of demuxer.batches()) {
    for (const { data } of packets) seen.add(data);
  }
  return String(seen);
}

function remuxToMemory(file: Uint8Array): { sink: MemorySink; seen: string } {
  const sink = new MemorySink();
  const { packets } = remuxSync(file, sink, { format: "matroska" });
  return { sink, seen: `${packets} packets, 0` };
}

/** A sink of callbacks over memory that was reserved before, as plain.c's: it can go back. */
class MemoryTarget {
  static #memory = new Uint8Array(0);
  #position = 0;

  constructor(capacity: number) {
    if (MemoryTarget.#memory.length < capacity) MemoryTarget.#memory = new Uint8Array(capacity);
  }

  callbacks(): IOCallbacks {
    return {
      onwrite: (bytes) => {
        MemoryTarget.#memory.set(bytes, this.#position);
        this.#position += bytes.length;
        return bytes.length;
      },
      onseek: (offset, whence) => {
        if (whence !== SET) return -1;
        return this.#position = offset;
      },
    };
  }
}

async function remuxFile(path: string): Promise<string> {
  const output = `${path}.library.mkv`;
  const { packets } = await remux(path, output, { format: "matroska" });
  rmSync(output);
  return `${packets} packets, 0`;
}

/** The number of concurrent sessions, each with a source of its own. */
const SESSIONS = 100;

/** Does nothing for about as long as a remux takes. */
function idle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500));
}

/** The longest time between two turns of the event loop during the work. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  await work();
  look();
  clearInterval(timer);
  return longest;
}

/** Size of libavformat's buffer if nearly each of its reads is to be a request. */
const TINY = 16;

/** Milliseconds per call of a callback during `work`. */
async function perCall(file: Uint8Array, work: (io: IOContext) => Promise<unknown>): Promise<number> {
  const source = new MemoryFile(file);
  using io = new IOContext(TINY, source.now());
  const start = performance.now();
  await work(io);
  return (performance.now() - start) / source.calls;
}

/** Milliseconds of a call of the library that does nothing: its session does not exist. */
function perSyncCall(call: () => number): { milliseconds: number } {
  const CALLS = 1_000_000;
  const start = performance.now();
  for (let i = 0; i < CALLS; i++) touched += call();
  return { milliseconds: (performance.now() - start) / CALLS };
}

/** Milliseconds per call of a callback of the sync engine. */
function perSyncRequest(file: Uint8Array): { milliseconds: number } {
  const source = new MemoryFile(file);
  using io = new IOContext(TINY, source.now());
  const start = performance.now();
  readPackets(io);
  return { milliseconds: (performance.now() - start) / source.calls };
}

/** Milliseconds of a nonblocking call that does nothing. */
async function nonblockingCall(): Promise<number> {
  const CALLS = 2000;
  const library = Deno.dlopen(Deno.env.get("AVIO_SHIM_PATH")!, {
    avs_abi_version: { parameters: [], result: "u32", nonblocking: true },
  });
  const start = performance.now();
  for (let i = 0; i < CALLS; i++) touched += await library.symbols.avs_abi_version();
  const taken = performance.now() - start;
  library.close();
  return taken / CALLS;
}

interface Job {
  path: string;
  file: Uint8Array;
  bufferSize: number;
}

const numbers = new Float64Array(10);
const bytes = new Uint8Array(1000);

type Result = string | { milliseconds: number };

const figure = async (milliseconds: Promise<number>): Promise<Result> => ({
  milliseconds: await milliseconds,
});

/** The works: they are timed, or time themselves. A string is what was seen, as plain.c prints it. */
const works: Record<string, (job: Job) => Result | Promise<Result>> = {
  "demux": ({ file, bufferSize }) => {
    using io = new IOContext(bufferSize, new MemoryFile(file).now());
    return readPackets(io);
  },
  "demux-bytes": ({ file }) => readPackets(file),
  "remux": ({ file }) => remuxToMemory(file).seen,
  "remux-bytes": ({ file }) => {
    const { sink, seen } = remuxToMemory(file);
    touched += sink.bytes()[sink.size >> 1]!;
    return seen;
  },
  "remux-callbacks": ({ file }) => {
    const { packets } = remuxSync(file, new MemoryTarget(file.length * 2).callbacks(), {
      format: "matroska",
    });
    return `${packets} packets, 0`;
  },
  "remux-callbacks-async": async ({ file }) => {
    const target = new MemoryTarget(file.length * 2);
    const { packets } = await remux(file, target.callbacks(), { format: "matroska" });
    return `${packets} packets, 0`;
  },
  "open": ({ file }) => {
    using demuxer = Demuxer.openSync(file);
    return `0 packets, ${demuxer.streams.length}`;
  },
  "probe": ({ file }) => `0 packets, ${probeSync(file).streams.length}`,

  "probe-async": async ({ file }) => `0 packets, ${(await probe(file)).streams.length}`,
  "probe-path": async ({ path }) => `0 packets, ${(await probe(path)).streams.length}`,
  "demux-bytes-async": ({ file }) => readPacketsAsync(file),
  "demux-batches": ({ file }) => readBatches(file),
  "demux-path": ({ path }) => readPacketsAsync(path),
  "remux-async": async ({ file }) => {
    const { packets } = await remux(file, new MemorySink(), { format: "matroska" });
    return `${packets} packets, 0`;
  },

  "demux-async": async ({ file, bufferSize }) => {
    using io = new IOContext(bufferSize, new MemoryFile(file).now());
    return await readPacketsAsync(io);
  },
  "demux-promises": async ({ file, bufferSize }) => {
    using io = new IOContext(bufferSize, new MemoryFile(file).promised());
    return await readPacketsAsync(io);
  },
  "demux-file": async ({ path }) => {
    using input = Deno.openSync(path);
    return await readPacketsAsync(input);
  },
  "remux-file": ({ path }) => remuxFile(path),
  "sessions-in-turn": async (job) => {
    let seen = "";
    for (let i = 0; i < SESSIONS; i++) seen = await works["demux-async"]!(job) as string;
    return seen;
  },
  "sessions-at-once": async (job) => {
    const all = await Promise.all(Array.from({ length: SESSIONS }, () => works["demux-async"]!(job)));
    return all[0]!;
  },
  "call": () => perSyncCall(() => library().avs_reply(0, 0)),
  "call-with-bytes": () => perSyncCall(() => library().avs_take_packets(0, numbers, 10, bytes, 1000)),
  "sync-request": ({ file }) => perSyncRequest(file),
  "nonblocking-call": () => figure(nonblockingCall()),
  "request": ({ file }) => figure(perCall(file, (io) => remux(io, new MemorySink(), { format: "matroska" }))),
  "request-and-read": ({ file }) => figure(perCall(file, readPacketsAsync)),
  "stall-idle": () => figure(longestStall(idle)),
  "stall-remux": ({ path }) => figure(longestStall(() => remuxFile(path))),
};

const [name = "", path = "", warmup = "0", count = "1", bufferKiB = "64"] = process.argv.slice(2);
const work = works[name];
if (!work) throw new TypeError(`work: must be one of ${Object.keys(works).join(", ")}, is '${name}'`);
const job = { path, file: new Uint8Array(readFileSync(path)), bufferSize: Number(bufferKiB) * 1024 };
for (let i = -Number(warmup); i < Number(count); i++) {
  const start = performance.now();
  const result = work(job);
  const seen = result instanceof Promise ? await result : result;
  const taken = typeof seen === "string" ? performance.now() - start : seen.milliseconds;
  if (i === -Number(warmup)) console.log(typeof seen === "string" ? seen : "figures");
  if (i >= 0) console.log(taken.toFixed(6));
}
console.error(touched);
