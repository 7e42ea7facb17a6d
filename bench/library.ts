/**
 * The works of plain.c done with avio, with the same arguments and the same output:
 * `WORK FILE WARMUP COUNT [BUFFER_KIB]`. The library is the one that AVIO_SHIM_PATH names.
 */
import { constants, Demuxer, IOContext, MemorySink, probeSync, remuxSync } from "../mod.ts";

const { SET, CUR, END, SIZE } = constants.seek;

/** What plain.c's callbacks do, in TypeScript. */
function callbacks(file: Uint8Array, bufferSize: number): IOContext {
  let position = 0;
  return new IOContext(bufferSize, {
    onread(buffer) {
      const chunk = file.subarray(position, position + buffer.length);
      buffer.set(chunk);
      position += chunk.length;
      return chunk.length;
    },
    onseek(offset, whence) {
      if (whence === SIZE) return file.length;
      const base = { [SET]: 0, [CUR]: position, [END]: file.length }[whence];
      return base === undefined || base + offset < 0 ? -1 : position = base + offset;
    },
  });
}

/** Keeps the engine from leaving out what is done with the data. */
let touched = 0;

function readPackets(source: Uint8Array | IOContext): string {
  using demuxer = Demuxer.openSync(source);
  let packets = 0;
  let bytes = 0;
  for (const { data } of demuxer.packetsSync()) {
    packets++;
    bytes += data.length;
    touched += data[0] ?? 0;
  }
  return `${packets} packets, ${bytes}`;
}

function demuxCallbacks(file: Uint8Array, bufferSize: number): string {
  using io = callbacks(file, bufferSize);
  return readPackets(io);
}

function remuxToMemory(file: Uint8Array): { sink: MemorySink; seen: string } {
  const sink = new MemorySink();
  const { packets } = remuxSync(file, sink, { format: "matroska" });
  return { sink, seen: `${packets} packets, 0` };
}

/** What is timed; the result says what was seen, as plain.c does. */
const works: Record<string, (file: Uint8Array, bufferSize: number) => string> = {
  "demux": demuxCallbacks,
  "demux-bytes": readPackets,
  "remux": (file) => remuxToMemory(file).seen,
  "remux-bytes": (file) => {
    const { sink, seen } = remuxToMemory(file);
    touched += sink.bytes()[sink.size >> 1]!;
    return seen;
  },
  "open": (file) => {
    using demuxer = Demuxer.openSync(file);
    return `0 packets, ${demuxer.streams.length}`;
  },
  "probe": (file) => `0 packets, ${probeSync(file).streams.length}`,
};

const [name = "", path = "", warmup = "0", count = "1", bufferKiB = "64"] = Deno.args;
const work = works[name];
if (!work) throw new TypeError(`work: must be one of ${Object.keys(works).join(", ")}, is '${name}'`);
const file = Deno.readFileSync(path);
for (let i = -Number(warmup); i < Number(count); i++) {
  const start = performance.now();
  const seen = work(file, Number(bufferKiB) * 1024);
  const taken = performance.now() - start;
  if (i === -Number(warmup)) console.log(seen);
  if (i >= 0) console.log(taken.toFixed(4));
}
console.error(touched);
