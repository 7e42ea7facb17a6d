/**
 * Lists that make libavformat slow: each part of each sample (box, element, chunk, page, packet, object, line, and any slice of
 * bytes) is repeated as often as it fits into `--size` bytes: as it is, empty, with a number in it, and within itself; and each
 * two parts together, since what is looked for in the one list for each item of the other costs the product of the two. Each
 * file is probed and read to its end, without limits; a finding takes more processor time than `--seconds`.
 *
 *     deno run -A fuzz/repeats.ts --samples=DIR [--only=mp4] [--size=300000] [--seconds=0.3] [--pairs=300] [--slices=40]
 *     deno run -A fuzz/repeats.ts --samples=DIR --case=1234 --size=1000000 [--keep=FILE]     # one again
 *
 * Cases run in a child process, which a parent starts again after a crash, or when it answers nothing for a minute. Linux only.
 */
import { parseArgs } from "node:util";
import { Demuxer, probe } from "../mod.ts";
import { concatBytes } from "../tests/support/essence.ts";
import { Random } from "./random.ts";
import { loadSamples, makeSamples, type Sample } from "./samples.ts";
import { type Kind, kindOf, parse, type Part } from "./structure.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "" },
    only: { type: "string", default: "" },
    size: { type: "string", default: "300000" },
    seconds: { type: "string", default: "0.3" },
    pairs: { type: "string", default: "300" },
    slices: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    child: { type: "boolean", default: false },
    case: { type: "string", default: "" },
    keep: { type: "string", default: "" },
  },
});
const SIZE = Number(values.size);

/** A file to read: its name, and what makes it. */
interface Case {
  name: string;
  make(): Bytes;
}

// ---------------------------------------------------------------------------------------- more kinds of files

const be = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
const viewOf = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Objects of ASF: a GUID and a size of eight bytes. */
const objects: Kind = {
  read(bytes, at, end) {
    if (end - at < 24) return null;
    const size = viewOf(bytes).getUint32(at + 16, true);
    if (size < 24 || size > end - at || viewOf(bytes).getUint32(at + 20, true) !== 0) return null;
    return { name: bytes.slice(at, at + 16), from: at + 24, to: at + size, end: at + size };
  },
  head: (name, size) => [...name, ...be(size + 24, 4).reverse(), 0, 0, 0, 0],
  skipped: [6, 22, 20],
};

/** The sets and packs of MXF, with the tags of a set as its parts. */
const klv: Kind = {
  read(bytes, at, end) {
    if (end - at < 17) return null;
    if (viewOf(bytes).getUint32(at) !== 0x060e2b34) {
      const size = viewOf(bytes).getUint16(at + 2), to = at + 4 + size;
      return to > end ? null : { name: bytes.slice(at, at + 2), from: at + 4, to, end: to };
    }
    const first = bytes[at + 16]!, more = first < 128 ? 0 : first - 128;
    let size = more === 0 ? first : 0;
    for (let i = 0; i < more; i++) size = size * 256 + (bytes[at + 17 + i] ?? 0);
    const from = at + 17 + more, to = from + size;
    return to > end ? null : { name: bytes.slice(at, at + 16), from, to, end: to };
  },
  head: (name, size) => name.length === 2 ? [...name, ...be(size, 2)] : [...name, 0x83, ...be(size, 3)],
  skipped: [0],
};

const tags: Kind = {
  read(bytes, at, end) {
    if (end - at < 15) return null;
    const to = at + 11 + viewOf(bytes).getUint32(at) % 2 ** 24;
    return to + 4 > end ? null : { name: bytes.slice(at, at + 1), from: at + 4, to, end: to + 4 };
  },
  head: (name, size) => [...name, ...be(size - 7, 3)],
  skipped: [],
};

const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let sum = i << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum >>> 0;
});

/** Pages of Ogg; `seal` gives each its sum and its number. */
const pages: Kind = {
  read(bytes, at, end) {
    if (end - at < 27 || viewOf(bytes).getUint32(at) !== 0x4f676753) return null;
    const segments = bytes[at + 26]!, from = at + 27 + segments;
    const to = bytes.subarray(at + 27, from).reduce((sum, size) => sum + size, from);
    return to > end ? null : { name: bytes.slice(at, from), from, to, end: to };
  },
  head: (name) => [...name],
  skipped: [],
};

function seal(bytes: Bytes): Bytes {
  for (let at = 0, found, number = 0; (found = pages.read(bytes, at, bytes.length)); at = found.end) {
    viewOf(bytes).setUint32(at + 18, number++, true);
    viewOf(bytes).setUint32(at + 22, 0, true);
    let sum = 0;
    for (let i = at; i < found.end; i++) sum = (sum << 8) ^ table[(sum >>> 24) ^ bytes[i]!]!;
    viewOf(bytes).setUint32(at + 22, sum >>> 0, true);
  }
  return bytes;
}

const moreKinds: readonly [magic: number, kind: Kind, start: number][] = [
  [0x3026b275, objects, 0],
  [0x060e2b34, klv, 0],
  [0x4f676753, pages, 0],
  [0x464c5601, tags, 13],
];

// ---------------------------------------------------------------------------------------- making

/** As many of `make` as fit into `size` bytes. */
function fill(size: number, make: (index: number) => Bytes): Bytes {
  const all = new Uint8Array(size);
  let at = 0;
  for (let index = 0;; index++) {
    const piece = make(index);
    if (piece.length === 0 || at + piece.length > size) return all.slice(0, at);
    all.set(piece, at);
    at += piece.length;
  }
}

function serialize(kind: Kind, parts: readonly Part[], behind?: ReadonlyMap<Part, Bytes>): Bytes {
  return concatBytes(parts.flatMap((part) => {
    const inner = concatBytes([part.body, serialize(kind, part.parts, behind)]);
    const tail = kind === tags ? be(inner.length + 4, 4) : [];
    const head = Uint8Array.from(kind.head(part.name, inner.length));
    return [head, inner, Uint8Array.from(tail), behind?.get(part) ?? new Uint8Array()];
  }));
}

/** How the copies of a part differ from it. */
const variants: Readonly<Record<string, (kind: Kind, part: Part) => (index: number) => Bytes>> = {
  same(kind, part) {
    const bytes = serialize(kind, [part]);
    return () => bytes;
  },
  empty(kind, part) {
    const bytes = serialize(kind, [{ ...part, body: new Uint8Array(), parts: [] }]);
    return () => bytes;
  },
  numbered: (kind, part) => numbered(serialize(kind, [part]), kind.head(part.name, 9).length, false),
  numberedAtEnd: (kind, part) => numbered(serialize(kind, [part]), kind.head(part.name, 9).length, true),
};

/** Copies with a number in the first or last four bytes (or fewer) behind the header. */
function numbered(bytes: Bytes, header: number, isAtEnd: boolean): (index: number) => Bytes {
  const width = Math.min(4, Math.max(bytes.length - header, 0));
  const at = isAtEnd ? bytes.length - width : header;
  return (index) => {
    bytes.set(be(index + 2, width), at);
    return bytes;
  };
}

/** A part within itself, as deep as it fits. */
function nested(kind: Kind, part: Part, size: number): Bytes {
  const heads: Bytes[] = [];
  for (let inner = 0; inner < size;) {
    const body = part.parts.length > 0 ? part.body : new Uint8Array();
    heads.push(concatBytes([Uint8Array.from(kind.head(part.name, inner + body.length)), body]));
    inner += heads.at(-1)!.length;
  }
  return concatBytes(heads.reverse());
}

/** Parts that differ by name and by those they are in. */
function distinct(parts: readonly Part[], path: string, found: Map<string, Part>): void {
  for (const part of parts) {
    const name = part.name.length > 0
      ? [...part.name.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("") +
        (part.name.length > 4 ? part.name.slice(-4).join(".") : "")
      : new TextDecoder("latin1").decode(part.body.subarray(0, 30)).replace(/\s+/g, " ");
    if (!found.has(`${path}/${name}`) && found.size < 150) found.set(`${path}/${name}`, part);
    distinct(part.parts, `${path}/${name}`, found);
  }
}

function* casesOf({ name, bytes }: Sample, random: Random): Generator<Case> {
  const magic = bytes.length > 200 ? viewOf(bytes).getUint32(0) : 0;
  const [, kind, start] = moreKinds.find(([of]) => of === magic) ?? [0, kindOf(bytes), 0];
  const { parts, rest } = parse(kind, bytes, start, bytes.length);
  const found = new Map<string, Part>();
  if (parts.length > 1) distinct(parts, "", found);
  const build = (behind: ReadonlyMap<Part, Bytes>): Bytes => {
    const all = concatBytes([bytes.subarray(0, start), serialize(kind, parts, behind), rest]);
    return kind === pages ? seal(all) : all;
  };
  const all = [...found];
  for (const [path, part] of all) {
    for (const [how, variant] of Object.entries(variants)) {
      yield {
        name: `${name} ${path} ${how}`,
        make: () => build(new Map([[part, fill(SIZE, variant(kind, part))]])),
      };
    }
    if (kind.skipped.length > 0) {
      yield {
        name: `${name} ${path} nested`,
        make: () => build(new Map([[part, nested(kind, part, SIZE)]])),
      };
    }
  }
  for (let pair = 0; all.length > 1 && pair < Math.min(Number(values.pairs), all.length ** 2); pair++) {
    const [[path, part], [otherPath, other]] = [random.pick(all), random.pick(all)];
    const how = random.pick(Object.keys(variants)), otherHow = random.pick(Object.keys(variants));
    if (part === other) continue;
    yield {
      name: `${name} ${path} ${how} and ${otherPath} ${otherHow}`,
      make: () =>
        build(
          new Map([
            [part, fill(SIZE / 2, variants[how]!(kind, part))],
            [other, fill(SIZE / 2, variants[otherHow]!(kind, other))],
          ]),
        ),
    };
  }
  for (let index = 0; index < Number(values.slices); index++) {
    const slices = [slice(bytes, random), ...(random.chance(0.4) ? [slice(bytes, random)] : [])];
    yield {
      name: `${name} ${
        slices.map(({ at, size, isNumbered }) => `${size} bytes at ${at}${isNumbered ? " numbered" : ""}`)
      }`,
      make: () => withSlices(bytes, slices),
    };
  }
}

interface Slice {
  at: number;
  size: number;
  isNumbered: boolean;
}

function slice(bytes: Bytes, random: Random): Slice {
  const at = random.below(random.chance(0.6) ? Math.min(bytes.length, 600) : bytes.length);
  return { at, size: 1 + random.below(random.pick([4, 16, 64, 300])), isNumbered: random.chance(0.3) };
}

function withSlices(bytes: Bytes, slices: readonly Slice[]): Bytes {
  const inOrder = slices.toSorted((a, b) => a.at - b.at), out: Bytes[] = [];
  let from = 0;
  for (const { at, size, isNumbered } of inOrder) {
    const piece = bytes.slice(at, at + size);
    const make = isNumbered ? numbered(piece, 0, true) : () => piece;
    out.push(bytes.slice(from, at), fill(SIZE / slices.length, make));
    from = at;
  }
  return concatBytes([...out, bytes.slice(from)]);
}

/** A playlist that is loaded again and again is waited for. */
function isLive({ bytes }: Sample): boolean {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 4000));
  return text.startsWith("#EXTM3U") && !text.includes("#EXT-X-ENDLIST");
}

function* cases(): Generator<Case> {
  for (const sample of loadSamples(values.samples)) {
    if (!sample.name.includes(values.only) || sample.name.startsWith("bomb") || isLive(sample)) continue;
    yield* casesOf(sample, new Random(Number(values.seed)));
  }
}

// ---------------------------------------------------------------------------------------- measuring

/** Seconds of processor time of this process. */
function used(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const options = () => ({ signal: AbortSignal.timeout(20_000), onopen: () => new Uint8Array() });
const settle = (promise: Promise<unknown>) =>
  promise.then(String, (error: Error) => error.message.slice(0, 80));

async function readAll(bytes: Bytes): Promise<string> {
  let packets = 0;
  const outcome = await settle((async () => {
    await using demuxer = await Demuxer.open(bytes, options());
    for await (const batch of demuxer.packets()) packets += batch ? 1 : 0;
    return demuxer.format.name;
  })());
  return `${packets} packets, ${outcome}`;
}

async function measure(index: number, { name, make }: Case): Promise<void> {
  const bytes = make();
  if (values.keep) Deno.writeFileSync(values.keep, bytes);
  const start = used();
  await settle(probe(bytes, options()));
  const probed = used();
  const what = await readAll(bytes);
  const times = [probed - start, used() - probed];
  const packets = Number.parseInt(what) * 5e-6; // what they cost in JavaScript
  const isFinding = times[0]! > Number(values.seconds) || times[1]! - packets > Number(values.seconds);
  const [first, second] = times.map((time) => time.toFixed(2));
  console.log(
    `${
      isFinding ? "! " : "  "
    }${index} ${name}: ${bytes.length} bytes, probe ${first} s, read ${second} s, ${what}`,
  );
}

async function child(): Promise<void> {
  const from = Number(values.case || values.from), to = values.case ? from : Infinity;
  let index = 0;
  for (const one of cases()) {
    if (index >= from && index <= to) await measure(index, one);
    index++;
  }
  console.log(`  ${index} cases`);
}

/** Runs children until one has come to the end. */
async function parent(): Promise<void> {
  const file = new URL(import.meta.url).pathname;
  for (let from = Number(values.from), isAtEnd = false; !isAtEnd;) {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", file, ...Deno.args, "--child", `--from=${from}`],
      stdout: "piped",
    }).spawn();
    let timer: ReturnType<typeof setTimeout> | undefined;
    for await (const line of linesOf(process.stdout)) {
      clearTimeout(timer);
      timer = setTimeout(() => process.kill("SIGKILL"), 60_000);
      if (line.startsWith("!")) console.log(line);
      isAtEnd = /^ {2}\d+ cases$/.test(line);
      if (!isAtEnd) from = Number(line.slice(2).split(" ")[0]) + 1;
    }
    clearTimeout(timer);
    const { code, signal } = await process.status;
    if (isAtEnd) console.log(`${from} cases`);
    else console.log(`! ${from}: the process ended (${signal ?? code}), or answered nothing for a minute`);
    if (!isAtEnd) from++;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

if (values.samples && !values.child) await makeSamples(values.samples);
await (values.case || values.child ? child() : parent());
