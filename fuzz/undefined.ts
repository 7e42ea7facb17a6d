/**
 * Finds memory that a file did not fill. The same files, whole and cut off at many places, are read in two processes whose C
 * library fills allocations with different bytes (glibc's `malloc.perturb`): if packets, parameters or tags differ, their
 * contents came from the heap and not from the file.
 *
 *     deno run -A fuzz/undefined.ts [--cuts=N] [--seed=N] [--samples=DIR] FILE...
 *
 * Without files: those of fixtures/, the samples in DIR, the bombs, and files that end where FFmpeg does not notice it.
 */
import { createHash, type Hash } from "node:crypto";
import { parseArgs } from "node:util";
import { Demuxer } from "../mod.ts";
import { bombs } from "./bombs.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { loadSamples, type Sample } from "./samples.ts";

const flags = {
  cuts: { type: "string", default: "10" },
  seed: { type: "string", default: "1" },
  samples: { type: "string", default: "" },
  child: { type: "boolean", default: false },
} as const;

const big = (bytes: number, value: number) =>
  Array.from({ length: bytes }, (_, i) => value >>> 8 * (bytes - 1 - i) & 255);
const zeros = (count: number): number[] => Array(count).fill(0);
const text = (letters: string) => [...letters].map((letter) => letter.charCodeAt(0));
const chunk = (name: string, bytes: number[]) => [...text(name), ...big(4, bytes.length), ...bytes];

/** Files that end within what a demuxer hands on without looking whether all of it has come (found by MemorySanitizer). */
const short: Readonly<Record<string, readonly number[]>> = {
  // The coefficients of 64 channels, of which there are 8 bytes.
  "coefficients.fsb": [
    ...[...text("FSB3"), 1, 0, 0, 0, ...zeros(4), ...zeros(44), 100, 0, 0, 0, ...zeros(12)],
    ...[0, 0, 0, 2, 0x80, 0xbb, 0, 0, ...zeros(6), 64, 0, ...zeros(16), 1, 2, 3, 4, 5, 6, 7, 8],
  ],
  // A palette of 768 bytes, of which there are 8.
  "palette.iff": [
    ...[...text("FORM"), ...big(4, 2000), ...text("ILBM")],
    ...chunk("BMHD", [0, 16, 0, 16, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 1, 1, 0, 16, 0, 16]),
    ...[...chunk("BODY", zeros(256)), ...text("CMAP"), ...big(4, 768), 1, 2, 3, 4, 5, 6, 7, 8],
  ],
};

/** The inputs that both processes read, by name. */
function* inputs(samples: Sample[], cuts: number, random: Random): Generator<[string, Uint8Array]> {
  for (const sample of samples) {
    const { name, bytes } = sample;
    yield [name, bytes];
    for (let cut = 0; cut < cuts; cut++) {
      const size = cut % 2 ? random.below(bytes.length + 1) : Math.floor(bytes.length * cut / cuts);
      yield [`${name}, ${size} bytes`, bytes.subarray(0, size)];
      yield [`${name}, damaged ${cut}`, mutate(sample, random, samples).bytes];
    }
  }
}

function wholeFiles(files: string[], folder: string): Sample[] {
  if (files.length > 0) return files.map((name) => sampleOf(name, Deno.readFileSync(name)));
  const made = Object.entries(bombs).map(([name, make]) => sampleOf(name, make(2000)));
  const ended = Object.entries(short).map(([name, bytes]) => sampleOf(name, Uint8Array.from(bytes)));
  return [...loadSamples(folder), ...made, ...ended];
}

function sampleOf(name: string, bytes: Uint8Array): Sample {
  return { name, kind: name.split(".").at(-1)!, bytes: bytes as Uint8Array<ArrayBuffer> };
}

function add(hash: Hash, value: unknown): void {
  if (value instanceof Uint8Array) hash.update(value);
  else if (Array.isArray(value)) value.forEach((item) => add(hash, item));
  else if (typeof value === "object" && value) {
    Object.entries(value).forEach(([name, item]) => (add(hash, name), add(hash, item)));
  } else hash.update(`${String(value)};`);
}

/** A hash of everything that is read of a file; errors count by their code. */
function digest(bytes: Uint8Array): string {
  const hash = createHash("sha256");
  const limits = {
    maxMemory: 64 << 20,
    maxOpenSize: 4 << 20,
    maxPacketSize: 8 << 20,
    maxStreams: 50,
    probeSize: 200_000,
  };
  try {
    using demuxer = Demuxer.openSync(bytes, { ...limits, onopen: () => null });
    add(hash, [demuxer.format.name, demuxer.duration, demuxer.metadata, demuxer.chapters]);
    for (let count = 0; count < 300; count++) {
      const packet = demuxer.readSync();
      if (!packet) break;
      const { streamIndex, pts, dts, duration, pos, isKey, data, sideData } = packet;
      add(hash, [streamIndex, pts, dts, duration, pos, isKey, data.length, data, sideData]);
    }
    for (const stream of demuxer.streams) {
      add(hash, [stream.codecParameters, stream.metadata, stream.sideData]);
    }
  } catch (error) {
    add(hash, error instanceof Error && "codeName" in error ? error.codeName : String(error));
  }
  return hash.digest("hex").slice(0, 16);
}

async function digests(perturb: number): Promise<Map<string, string>> {
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", import.meta.url, "--child", ...Deno.args],
    env: { GLIBC_TUNABLES: `glibc.malloc.perturb=${perturb}` },
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`the process that reads the files ended with code ${code}`);
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return new Map(lines.map((line) => line.split("\t") as [string, string]));
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
  if (values.child) {
    const samples = wholeFiles(positionals, values.samples);
    for (const [name, bytes] of inputs(samples, Number(values.cuts), new Random(Number(values.seed)))) {
      console.log(`${name}\t${digest(bytes)}`);
    }
  } else {
    const [one, other] = await Promise.all([digests(0x5a), digests(0xc3)]);
    const differing = [...one].filter(([name, sum]) => other.get(name) !== sum).map(([name]) => name);
    console.log(`${one.size} inputs, ${differing.length} of them hold what was in the heap`);
    for (const name of differing) console.log(name);
    if (one.size !== other.size || differing.length > 0) Deno.exit(1);
  }
}
