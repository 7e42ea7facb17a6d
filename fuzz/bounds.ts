/**
 * The cost of small files: opens and reads each of `bombs.ts` with the options for untrusted files, and aborts after two
 * seconds. Prints the peak of additional memory, when the call settled, and when its thread had finished; the exit code is 1 if
 * a limit was exceeded. Linux only.
 *
 *     deno run -A --v8-flags=--expose-gc fuzz/bounds.ts [--size=1000000] [--only=mp4] [--seconds=1] [--callbacks]
 */
import { parseArgs } from "node:util";
import { Demuxer, type Source } from "../mod.ts";
import { bombs } from "./bombs.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "1000000" },
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "1" },
    callbacks: { type: "boolean", default: false },
  },
});

const MIB = 1024 * 1024;
const SIGNAL = 2000;
const MAX_MEMORY = 128 * MIB;
/** Additional memory of JavaScript: packets, tags, chapters. */
const SLACK = 100 * MIB;

const untrusted = {
  maxMemory: MAX_MEMORY,
  maxStreams: 32,
  maxPacketSize: 16 * MIB,
  maxOpenSize: 16 * MIB,
  probeSize: 1_000_000,
  analyzeDuration: 2,
  timeout: 5000,
};

const status = () => Deno.readTextFileSync("/proc/self/status");
const memory = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status())![1]) * 1024;

/** The number of threads that work for a session. */
function working(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      if (Deno.readTextFileSync(`/proc/self/task/${name}/comm`).trim().match(/^avio \d+$/)) count++;
    } catch {
      // It has ended.
    }
  }
  return count;
}

function sourceOf(bytes: Uint8Array): Source {
  if (!values.callbacks) return bytes;
  let position = 0;
  return {
    onread: (buffer) => {
      const piece = bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      position += piece.length;
      return Promise.resolve(piece.length);
    },
    onseek: (offset, whence) => whence === 0x10000 ? bytes.length : position = Number(offset),
  };
}

/** Errors of seeking (no index, no times) are ignored. */
async function seekTo(time: number, demuxer: Demuxer): Promise<void> {
  try {
    await demuxer.seek(time);
  } catch (error) {
    if (error instanceof DOMException) throw error; // from the signal
  }
}

async function read(bytes: Uint8Array): Promise<string> {
  try {
    const options = { ...untrusted, signal: AbortSignal.timeout(SIGNAL), onopen: () => new Uint8Array() };
    await using demuxer = await Demuxer.open(sourceOf(bytes), options);
    let packets = 0;
    await seekTo((demuxer.duration ?? 0) * 0.9, demuxer);
    for await (const _ of demuxer.packets()) packets++;
    return `${demuxer.format.name}, ${packets} packets`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function measure(name: string): Promise<boolean> {
  const bytes = bombs[name]!(Number(values.size));
  (globalThis as { gc?: () => void }).gc?.();
  Deno.writeTextFileSync("/proc/self/clear_refs", "5"); // resets VmHWM, the peak
  const before = memory("VmRSS"), start = performance.now();
  const what = await read(bytes);
  const answered = performance.now() - start;
  const patience = SIGNAL + Number(values.seconds) * 1000;
  while (working() > 0 && performance.now() - start < patience + 100) {
    await new Promise((done) => setTimeout(done, 10));
  }
  const back = performance.now() - start, taken = memory("VmHWM") - before;
  const isGood = taken <= MAX_MEMORY + SLACK && answered <= patience && back <= patience;
  const numbers = `${(taken / MIB).toFixed(0)} MiB, ${answered.toFixed(0)} ms, thread ${back.toFixed(0)} ms`;
  console.log(`${isGood ? "  " : "! "}${name}: ${numbers}, ${what}`);
  return isGood;
}

let bad = 0;
await read(new Uint8Array(10)); // loads what is loaded only once
for (const name of Object.keys(bombs)) if (name.includes(values.only) && !await measure(name)) bad++;
console.log(`${bad} of them cost too much`);
if (bad > 0) Deno.exit(1);
