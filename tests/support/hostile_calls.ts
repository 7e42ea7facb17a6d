/**
 * A process that calls every public function, constructor and method with wrong, odd or deceptive values for every parameter,
 * and in options. The process must survive. It runs without write permission.
 */
import vm from "node:vm";
import * as avio from "@avio/avio";
import type { Random } from "../../fuzz/random.ts";
import { oddNumbers } from "../../fuzz/random.ts";
import { ignoreRejections, Walk } from "./hostile_child.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type Make = (random: Random) => Any;

ignoreRejections();
const walk = new Walk();
for (const name of ["write", "run"] as const) await Deno.permissions.revoke({ name }); // the journal is open already
const clip = Deno.readFileSync("fixtures/audio.wav").slice(0, 60_000);
const picture = Deno.readFileSync("fixtures/video.mp4");

// ------------------------------------------------------------------------------------------- deceitful bytes

const HUGE = 1e9;

/** An array that reports a larger size than it has. */
class Liar extends Uint8Array<ArrayBuffer> {
  constructor(size: number) {
    super(new ArrayBuffer(size));
  }
  override get length(): number {
    return HUGE;
  }
  override get byteLength(): number {
    return HUGE;
  }
  override slice(): Any {
    return this;
  }
  override subarray(): Any {
    return this;
  }
  override toBase64(): string {
    return "AA==\0codec\0wrapped_avframe";
  }
}

function lying(bytes: Uint8Array): Uint8Array {
  for (const name of ["length", "byteLength"]) Object.defineProperty(bytes, name, { value: HUGE });
  return bytes;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.buffer.transfer();
  return bytes;
}

function shrunk(): Uint8Array {
  const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
  const bytes = new Uint8Array(buffer, 32);
  buffer.resize(16);
  return bytes;
}

const foreign = (code: string) => vm.runInNewContext(code);

const bytes: Record<string, Make> = {
  none: () => new Uint8Array(0),
  eight: () => new Uint8Array(8),
  media: () => clip.slice(),
  picture: () => picture.slice(),
  damaged: (random) => {
    const copy = picture.slice();
    for (let i = 0; i < 20; i++) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  "a lying class": () => new Liar(8),
  "lying properties": () => lying(new Uint8Array(8)),
  "lying media": () => lying(clip.slice()),
  detached,
  shrunk,
  resizable: () => new Uint8Array(new ArrayBuffer(16, { maxByteLength: 1 << 20 })),
  shared: () => new Uint8Array(new SharedArrayBuffer(16)),
  growing: () => new Uint8Array(new (SharedArrayBuffer as Any)(16, { maxByteLength: 1 << 16 })),
  "of another realm": () => foreign("new Uint8Array(8)"),
  Buffer: () => vm.runInThisContext("globalThis.Buffer") ?? new Uint8Array(3),
  proxy: () => new Proxy(new Uint8Array(8), {}),
  "only in name": () => Object.create(Uint8Array.prototype),
  clamped: () => new Uint8ClampedArray(8),
  doubles: () => new Float64Array(8),
  view: () => new DataView(new ArrayBuffer(8)),
  buffer: () => new ArrayBuffer(8),
  "shared buffer": () => new SharedArrayBuffer(8),
  "tagged as bytes": () => ({
    [Symbol.toStringTag]: "Uint8Array",
    length: HUGE,
    byteLength: HUGE,
    buffer: {},
  }),
};

// ------------------------------------------------------------------------------------------- other values

const throwing: ProxyHandler<object> = new Proxy({}, {
  get: (_, trap) => () => {
    throw new Error(`hostile ${String(trap)}`);
  },
});

/** Returns another value at each access. */
function changing(values: Any[]): Any {
  let at = 0;
  const next = () => values[at++ % values.length];
  const names = [
    "type",
    "codec",
    "data",
    "sideData",
    "streamIndex",
    "num",
    "den",
    "pts",
    "length",
    "url",
    "format",
  ];
  return Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [name, { get: next, enumerable: true }])),
  );
}

const plain: Make[] = [
  ...[
    undefined,
    null,
    true,
    false,
    5n,
    -(2n ** 70n),
    Symbol("s"),
    "",
    "x",
    "a\0b",
    "\0",
    "\ud800",
    "\udfff\ud800",
  ]
    .map((value) => () => value),
  ...[
    "wrapped_avframe",
    "video",
    "vp8",
    "matroska",
    "mp4",
    "__proto__",
    "constructor",
    "%n%s%d",
    "../../etc/passwd",
  ]
    .map((value) => () => value),
  ...oddNumbers.map((value) => () => value),
  () => "é".repeat(100_000),
  () => "x".repeat(1 << 22),
  () => Object("boxed"),
  () => Object(5),
  () => ({}),
  () => Object.create(null),
  () => Object.freeze({ format: "wav" }),
  () => [],
  () => new Array(100_000),
  () => Object.freeze([1, "x", null]),
  () => new Proxy({}, throwing),
  () => new Proxy(() => {}, throwing),
  () => changing([new Uint8Array(4), null, "x", 5, undefined, {}]),
  () => changing(["video", "wrapped_avframe"]),
  () => foreign("({ format: 'wav', type: 'video', codec: 'vp8', streamIndex: 0 })"),
  () => foreign("[1, 2]"),
  () => foreign("() => 0"),
  () => ({ valueOf: () => 5, toString: () => "x" }),
  () => ({
    [Symbol.toPrimitive]() {
      throw new Error("hostile");
    },
  }),
  () => ({
    get then() {
      throw new Error("hostile then");
    },
  }),
  () => ({ then: (resolve: Any) => resolve(HUGE) }),
  () => Promise.resolve(8),
  () => new Promise(() => {}),
  () => Promise.reject(new Error("hostile")),
  () => new Date(NaN),
  () => /x/,
  () => new Map([["a.ts", new Uint8Array(4)]]),
  () => new Set([1]),
  () => new URL("https://127.0.0.1:1/x"),
  () => new URL("file:///nowhere/x"),
  () => new URL("data:text/plain,x"),
  () => new Blob(["RIFF"]),
  () => new Response("x"),
  () => new Response(null),
  () => ReadableStream.from(["not bytes"]),
  () => ReadableStream.from([new Liar(8), lying(new Uint8Array(3)), detached()]),
  () => new WritableStream(),
  () => new TransformStream().writable,
  () => AbortSignal.abort(),
  () => AbortSignal.timeout(1),
  () => globalThis,
  () => avio,
];

/** Functions that return, or do, what a callback may. */
const answers: Make[] = [
  () => () => 0,
  () => () => undefined,
  () => () => HUGE,
  () => () => -1,
  () => () => NaN,
  () => () => "8",
  () => () => 8n,
  () => async () => await 0,
  () => () => {
    throw new Error("hostile");
  },
  () => () => {
    throw undefined;
  },
  () => (into: Any) => into?.length ?? 0,
  () => (into: Any) => {
    if (into instanceof Uint8Array) lying(into);
    return 1;
  },
  () => (into: Any) => {
    if (into instanceof Uint8Array) {
      Object.setPrototypeOf(into, Liar.prototype);
      return into instanceof Liar ? 0 : 1;
    }
    return into;
  },
  () => (into: Any) => {
    if (into instanceof Uint8Array && !(into as Any).buffer.detached) (into as Any).buffer.transfer();
    return 1;
  },
  () => (value: Any) => value,
  () => () => clip,
  () => () => new Liar(8),
  () => function* () {},
  () => class {},
];

// ------------------------------------------------------------------------------------------- objects of ours

const { Demuxer, IOContext, MemorySink, Muxer, Packet, RemuxStream } = avio;

const stream = { type: "video", codec: "vp8", width: 16, height: 16 } as const;

function muxer(): Any {
  const made = Muxer.openSync(new MemorySink(), { format: "matroska" });
  made.addStream(stream);
  return made;
}

/** A source that ends after some calls. */
function source(): Any {
  let at = 0;
  return {
    onread(into: Uint8Array) {
      const piece = clip.subarray(at, at + into.length);
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
}

const own: Record<string, Make> = {
  Demuxer: () => Demuxer.openSync(clip),
  "closed Demuxer": () => {
    using demuxer = Demuxer.openSync(clip);
    return demuxer;
  },
  Muxer: muxer,
  "started Muxer": () => {
    const made = muxer();
    made.startSync();
    return made;
  },
  "finished Muxer": () => {
    const made = muxer();
    made.writeSync({ streamIndex: 0, data: new Uint8Array(9), pts: 0, dts: 0, isKey: true });
    made.finishSync();
    return made;
  },
  IOContext: () => new IOContext(clip.slice()),
  "IOContext to read": () => new IOContext(512, source()),
  "IOContext to write": () => new IOContext(16, { onwrite() {} }),
  MemorySink: () => new MemorySink(),
  Packet: () => new Packet({ streamIndex: 0, data: new Uint8Array(4) }),
  "Packet that changes": () => {
    const packet = new Packet({ streamIndex: 0, data: new Uint8Array(4), pts: 0, dts: 0 });
    let looks = 0;
    Object.defineProperty(packet, "data", { get: () => ++looks % 2 ? new Uint8Array(4) : new Liar(8) });
    return packet;
  },
  RemuxStream: () => new RemuxStream({ format: "matroska" }),
  SideData: () => ({ type: "Display Matrix", data: new Liar(36) }),
  Stream: () => avio.probeSync(picture).streams[0],
  stream: () => ({ ...stream }),
  source,
  sink: () => ({ onwrite() {} }),
};

// ------------------------------------------------------------------------------------------- composing

const pick = (random: Random, from: Record<string, Make>) => random.pick(Object.values(from))(random);

function value(random: Random, depth = 0): Any {
  const which = random.next();
  if (which < 0.35) return random.pick(plain)(random);
  if (which < 0.55) return pick(random, bytes);
  if (which < 0.7) return random.pick(answers)(random);
  if (which < 0.85 || depth > 1) return pick(random, own);
  return object(random, depth + 1);
}

/** Names of options and fields, from the library's errors about unknown ones. */
const known = new Set([
  ...[
    "onread",
    "onwrite",
    "onseek",
    "type",
    "codec",
    "extradata",
    "data",
    "sideData",
    "pts",
    "dts",
    "streamIndex",
  ],
  ...["num", "den", "timestamp", "byte", "metadata", "timeBase", "format", "options", "signal", "timeout"],
]);

function learn(error: unknown): void {
  const list = / the \w+s are (.*)$/.exec(error instanceof Error ? error.message : "")?.[1];
  for (const name of list?.split(", ") ?? []) known.add(name);
}

/** An object with known names and hostile values, mostly few. */
function object(random: Random, depth: number): Any {
  const made: Any = {};
  const names = [...known];
  for (let i = random.below(4); i >= 0; i--) made[random.pick(names)] = value(random, depth);
  if (random.chance(0.3)) {
    made.format = random.pick(["wav", "matroska", "mp4", "hls", "null", "mpegts", "segment"]);
  }
  if (random.chance(0.02)) made[random.pick(["hostile", "__proto__", "constructor"])] = 5;
  return random.chance(0.1) ? Object.freeze(made) : made;
}

/** Valid values for a parameter of a function, so that the other parameters are reached. */
const right: Record<string, Make[]> = {
  probe: [() => clip],
  probeSync: [() => clip],
  remux: [() => picture, own.MemorySink!, () => ({ format: "matroska" })],
  remuxSync: [() => picture, own.MemorySink!, () => ({ format: "matroska" })],
  concat: [() => [clip, clip], own.MemorySink!, () => ({ format: "wav" })],
  concatSync: [() => [clip, clip], own.MemorySink!, () => ({ format: "wav" })],
  split: [() => picture, () => ({ format: "matroska", every: 1, onsegment: () => new MemorySink() })],
  splitSync: [() => picture, () => ({ format: "matroska", every: 1, onsegment: () => new MemorySink() })],
  "Demuxer.open": [() => picture],
  "Demuxer.openSync": [() => picture],
  "Muxer.open": [own.MemorySink!, () => ({ format: "matroska" })],
  "Muxer.openSync": [own.MemorySink!, () => ({ format: "matroska" })],
  "Muxer.addStream": [own.stream!],
  "Muxer.write": [own.Packet!],
  "Muxer.writeSync": [own.Packet!],
  formatOptions: [() => "mp4", () => "output"],
};

function argumentsOf(name: string, random: Random): Any[] {
  const places = Math.max(right[name]?.length ?? 0, 1 + random.below(3));
  const wrong = random.below(places);
  return Array.from({ length: places }, (_, place) => {
    const make = right[name]?.[place];
    if (make && place !== wrong && random.chance(0.9)) return make(random);
    return make && random.chance(0.4) ? object(random, 0) : value(random);
  });
}

// ------------------------------------------------------------------------------------------- what is called

interface Callee {
  name: string;
  call(given: Any[], random: Random): unknown;
}

const isOwnMethod = (name: PropertyKey) => name !== "constructor";

function calleesOf(name: string, exported: Any): Callee[] {
  if (typeof exported !== "function") return [];
  if (!/^[A-Z]/.test(name)) return [{ name, call: (given) => exported(...given) }];
  const callees: Callee[] = [{ name: `new ${name}`, call: (given) => Reflect.construct(exported, given) }];
  for (const key of Reflect.ownKeys(exported)) {
    if (typeof exported[key] !== "function" || key === "prototype") continue;
    callees.push({ name: `${name}.${String(key)}`, call: (given) => exported[key](...given) });
  }
  const objects = Object.entries(own).filter(([made]) => made.includes(name)).map(([, make]) => make);
  for (const key of Reflect.ownKeys(exported.prototype).filter(isOwnMethod)) {
    const { value: method, get, set } = Object.getOwnPropertyDescriptor(exported.prototype, key)!;
    const of = (random: Random) =>
      objects.length && random.chance(0.9) ? random.pick(objects)(random) : value(random);
    const call = `${name}.${String(key)}`;
    if (typeof method === "function") {
      callees.push({ name: call, call: (given, random) => Reflect.apply(method, of(random), given) });
    }
    if (get) callees.push({ name: `get ${call}`, call: (_, random) => Reflect.apply(get, of(random), []) });
    if (set) {
      callees.push({
        name: `set ${call}`,
        call: (given, random) => Reflect.apply(set, of(random), given),
      });
    }
  }
  return callees;
}

const LEFT_OUT = new Set(["loadLibrary"]); // the loaded library can't be changed
const callees = Object.entries(avio).filter(([name]) => !LEFT_OUT.has(name)).flatMap(([name, exported]) =>
  calleesOf(name, exported)
);

/** Takes a few steps of an iterator. */
async function iterate(result: Any): Promise<void> {
  const [sync, async] = [result[Symbol.iterator], result[Symbol.asyncIterator]];
  if (typeof sync !== "function" && typeof async !== "function") return;
  const iterator: Any = typeof sync === "function"
    ? Reflect.apply(sync, result, [])
    : Reflect.apply(async, result, []);
  for (let i = 0; i < 3; i++) if ((await iterator.next()).done) return;
  await iterator.return?.();
}

const PATIENCE = 30;

async function run({ name, call }: Callee, random: Random): Promise<void> {
  let timer;
  try {
    const result = call(argumentsOf(name, random), random);
    const settled = Promise.resolve(result).then(async (value) => {
      if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) await iterate(value);
    });
    await Promise.race([settled, new Promise((resolve) => timer = setTimeout(resolve, PATIENCE))]);
    walk.note("done");
  } catch (error) {
    learn(error);
    walk.note(error instanceof Error ? error.name : typeof error);
  } finally {
    clearTimeout(timer);
  }
}

// Collects the names first, in all parts of the walk.
for (const { name, call } of callees) {
  const given = (right[name] ?? []).map((make) => make(null as Any));
  try {
    await call([...given.slice(0, -1), { hostile: 1 }], null as Any);
  } catch (error) {
    learn(error);
  }
}

const ROUNDS = 1000;
for (let round = 0; round < ROUNDS; round++) {
  for (const callee of callees) {
    const random = walk.next(() => `${callee.name}, round ${round}`);
    if (random) await run(callee, random);
  }
  avio.onLog(null);
  avio.setLogLevel("quiet");
}
walk.end();
Deno.exit(0);
