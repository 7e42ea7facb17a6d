/**
 * The drives: each opens, reads, seeks, remuxes, joins, splits, writes packet by packet or pipes a damaged file, with either
 * API and every kind of source. Each drive ends by itself, with success or with an exception.
 */
import {
  AVError,
  ClosedError,
  concat,
  concatSync,
  constants,
  Demuxer,
  type DemuxerOptions,
  inputFormats,
  IOContext,
  type MaybePromise,
  MemorySink,
  Muxer,
  type MuxerOptions,
  outputFormats,
  Packet,
  probe,
  probeSync,
  remux,
  RemuxStream,
  remuxSync,
  type SideData,
  sideDataFields,
  type Sink,
  type Source,
  split,
  type SplitOptions,
  splitSync,
  type Stream,
} from "../mod.ts";
import { Fault, faultKinds, faultySink, faultySource, World } from "./callbacks.ts";
import { randomSideData, remuxEdits } from "./edits.ts";
import { oddNumbers, type Random } from "./random.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A running case. */
export class Case {
  readonly world: World;
  readonly source: Fault;
  readonly sink: Fault;
  /** The choices made, for the report. */
  readonly notes: string[] = [];
  /** What avio did wrong. */
  readonly complaints: string[] = [];

  /** `more`: returns another damaged file, mostly of the same kind. */
  readonly random: Random;
  readonly bytes: Bytes;
  readonly waits: boolean;
  readonly more: () => Bytes;

  constructor(random: Random, bytes: Bytes, waits: boolean, more: () => Bytes = () => bytes) {
    this.random = random;
    this.bytes = bytes;
    this.waits = waits;
    this.more = more;
    this.world = new World(random, waits);
    this.source = new Fault(this.world, random.pick(faultKinds));
    this.sink = new Fault(this.world, random.pick(faultKinds));
  }

  /** Makes a random choice, and records it for the report. */
  choose<T>(from: readonly T[]): T {
    const chosen = this.random.pick(from);
    this.notes.push(String(chosen));
    return chosen;
  }

  /**
   * Calls the synchronous API. It must throw the exception of a callback, as the same object; after a wrong value it must
   * fail in some way. `mayFollow`: a packet that was read before may be returned before the exception.
   */
  call<T>(work: () => T, mayFollow = false): T {
    const { world } = this;
    const before = world.thrown, brokenBefore = world.broken;
    let outcome: { value: T } | { error: unknown };
    try {
      outcome = { value: work() };
    } catch (error) {
      outcome = { error };
    }
    const follows = mayFollow && "value" in outcome && outcome.value !== null;
    if (!world.meddled && !before && !brokenBefore && !follows) this.#judge(outcome);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  #judge(outcome: { value: unknown } | { error: unknown }): void {
    const { thrown, broken } = this.world;
    const failed = "error" in outcome;
    if (thrown && !broken && (!failed || !Object.is(outcome.error, thrown.value))) {
      this.complaints.push(`the callback's exception is lost: ${failed ? show(outcome.error) : "success"}`);
    } else if (broken && !failed) {
      this.complaints.push("a wrong value of a callback caused no exception");
    }
  }
}

/** Text of anything that can be thrown. */
export function show(value: unknown): string {
  try {
    return value instanceof Error ? `${value.name}: ${value.message}` : String(value);
  } catch {
    return "something that can't be printed";
  }
}

/** The timeout in milliseconds: some callbacks never settle. */
const TIMEOUT = 100;
const MAX_PACKETS = 400;
const MAX_ERRORS = 5;

// ---------------------------------------------------------------------------------------------------- sources and sinks

function streamOf(bytes: Uint8Array, random: Random): ReadableStream<Uint8Array> {
  const size = random.small(60_000) + 50;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
  });
}

async function* iterate(bytes: Uint8Array, random: Random): AsyncGenerator<Uint8Array> {
  const size = random.small(60_000) + 50;
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  await Promise.resolve();
}

function sourceOf(test: Case, bytes = test.bytes): Source {
  const { random, source } = test;
  const callbacks = () => faultySource(bytes, source, random.chance(0.8));
  const now = ["bytes", "callbacks", "callbacks", "IOContext", "IOContext of bytes"] as const;
  const kind = test.choose(test.waits ? [...now, "stream", "iterable", "blob"] as const : now);
  switch (kind) {
    case "bytes":
      return bytes;
    case "callbacks":
      return callbacks();
    case "IOContext of bytes":
      return new IOContext(bytes);
    case "stream":
      return streamOf(bytes, random);
    case "iterable":
      return iterate(bytes, random);
    case "blob":
      return new Blob([bytes]);
    default:
      return meddling(test, new IOContext(random.small(200_000), callbacks()));
  }
}

function sinkOf(test: Case): Sink {
  const { random, sink } = test;
  const now = ["memory", "callbacks", "callbacks", "IOContext"] as const;
  const kind = test.choose(test.waits ? [...now, "stream"] as const : now);
  switch (kind) {
    case "memory":
      return new MemorySink();
    case "callbacks":
      return faultySink(sink, random.chance(0.7));
    case "stream":
      return new WritableStream({ write: () => random.chance(0.5) ? undefined : Promise.resolve() });
    default:
      return meddling(test, new IOContext(random.small(200_000), faultySink(sink, random.chance(0.7))));
  }
}

/** A context that is used and destroyed inside its own callbacks. */
function meddling(test: Case, context: IOContext): IOContext {
  test.world.inside.push(() => {
    const { world } = test;
    const { thrown } = world;
    world.meddled = true;
    const target = new Uint8Array(10);
    attempt(() => context.readSync(target));
    attempt(() => context.writeSync(target));
    attempt(() => context.seekSync(0));
    attempt(() => context.transfer());
    if (test.random.chance(0.5)) attempt(() => context.destroy());
    world.thrown = thrown; // the exception of its callbacks was thrown here, before the context was in use
  });
  return context;
}

/** Tries something inside callbacks, where nearly everything is refused; both outcomes are fine. */
function attempt(work: () => unknown): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // refused
  }
}

/** Inside callbacks: uses another session, which must work, and this one, which must be refused. */
function meddleWith(test: Case, reader: { demuxer?: Demuxer; muxer?: Muxer }): void {
  const { random, world, bytes } = test;
  world.inside.push(() => {
    world.meddled = true;
    attempt(() => probeSync(bytes.subarray(0, 5000)));
    if (reader.demuxer) {
      const { demuxer } = reader;
      attempt(() => demuxer.readSync());
      attempt(() => demuxer.read());
      attempt(() => demuxer.seekSync(0));
      attempt(() => demuxer.streams.forEach((stream) => stream.discard = random.chance(0.5)));
      attempt(
        random.pick([
          () => demuxer[Symbol.dispose](),
          () => demuxer.close(),
          () => demuxer.bestStream("video"),
        ]),
      );
    }
    if (reader.muxer) {
      const { muxer } = reader;
      attempt(() => muxer.flushSync());
      attempt(() => muxer.finish());
      attempt(() => muxer.addStream({ type: "audio", codec: "aac" }));
      if (random.chance(0.5)) attempt(() => muxer[Symbol.dispose]());
    }
  });
}

// ---------------------------------------------------------------------------------------------------- options

function inputOptions(test: Case, limited = true): DemuxerOptions {
  const { random } = test;
  return {
    ...(random.chance(0.15) ? { format: test.choose(inputFormats()).name.split(",")[0]! } : {}),
    ...(random.chance(0.2) ? { findStreamInfo: false } : {}),
    ...(random.chance(0.2) ? { probeSize: 32 + random.small(100_000) } : {}),
    ...(random.chance(0.2) ? { analyzeDuration: random.next() * 3 } : {}),
    ...(random.chance(0.3) ? { bufferSize: random.small(100_000) } : {}),
    ...(random.chance(0.1)
      ? { url: random.pick(["a.mp4", "x.m3u8", "%03d.png", "\u{1f600}", "http://x/y"]) }
      : {}),
    ...(limited ? limits(test) : {}),
  };
}

/** Limits, needed for callbacks that never settle; some sessions are aborted at a random time. */
function limits({ waits, random }: Case): { timeout?: number; signal?: AbortSignal } {
  if (!waits) return {};
  return {
    timeout: TIMEOUT,
    ...(random.chance(0.1) ? { signal: AbortSignal.timeout(random.below(20)) } : {}),
  };
}

/** The formats that are most used as outputs. */
const favourites = [
  "mp4",
  "matroska",
  "mpegts",
  "flv",
  "avi",
  "ogg",
  "wav",
  "mov",
  "webm",
  "nut",
  "mpeg",
  "asf",
  "hls",
  "dash",
];

function outputFormat(test: Case): string {
  if (test.random.chance(0.75)) return test.choose(favourites);
  return test.choose(outputFormats().map(({ name }) => name.split(",")[0]!));
}

function muxerOptions(test: Case): MuxerOptions & { format: string } {
  const { random } = test;
  const format = outputFormat(test);
  const movflags = random.pick([
    "faststart",
    "frag_keyframe+empty_moov",
    "dash",
    "frag_every_frame",
    "negative_cts_offsets",
  ]);
  return {
    format,
    ...(/mp4|mov/.test(format) && random.chance(0.6) ? { options: { movflags } } : {}),
    ...(/hls|dash/.test(format) ? filesOf(test, format) : {}),
    ...(random.chance(0.2) ? { coalesce: false } : {}),
    ...(random.chance(0.1) ? { bufferSize: random.small(5000) } : {}),
    ...(random.chance(0.1) ? { metadata: { title: "\u{1f600}\n=;#\\", "": "x" } } : {}),
    ...(random.chance(0.1)
      ? { chapters: [{ id: 1, start: 0, end: random.next() * 1e9, metadata: {} }] }
      : {}),
    ...limits(test),
  };
}

/** Options for muxers that write many files: each file has its own sink, and old ones are deleted. */
function filesOf(test: Case, format: string): MuxerOptions {
  const { random, world } = test;
  const hls = {
    hls_time: "0.1",
    hls_list_size: "1",
    hls_delete_threshold: "1",
    hls_flags: "delete_segments",
  };
  const dash = { seg_duration: "0.1", window_size: "1", extra_window_size: "0" };
  const fails = random.chance(0.3) ? 0.1 : 0;
  return {
    url: "out",
    ...(random.chance(0.8) ? { options: format === "hls" ? hls : dash } : {}),
    onopen: ({ mode }) => {
      if (random.chance(fails)) world.fail();
      // A live playlist would be reloaded again and again, at the interval that it declares.
      if (mode === "read" || random.chance(fails)) return null;
      return random.chance(0.7) ? new MemorySink() : faultySink(test.sink, random.chance(0.7));
    },
    ondelete: () => {
      if (random.chance(fails)) world.fail();
      return world.waits && random.chance(0.3) ? Promise.resolve() : undefined;
    },
  };
}

function oddNumber(random: Random): number {
  return random.chance(0.6) ? random.next() * 4 - 0.5 : random.pick(oddNumbers);
}

// ---------------------------------------------------------------------------------------------------- reading

/** Uses everything of a demuxer except packets. */
function look(demuxer: Demuxer): void {
  const { duration, startTime, bitRate, metadata, chapters, programs, format } = demuxer;
  for (const number of [duration, startTime, bitRate]) {
    if (number !== null && !Number.isFinite(number)) {
      throw new Complaint(`a number of the input is ${number}`);
    }
  }
  JSON.stringify([
    metadata,
    chapters,
    programs,
    format,
    demuxer.streams.map(({ codecParameters }) => codecParameters),
  ]);
  for (const type of ["video", "audio", "subtitle", "data", "attachment"] as const) {
    const best = demuxer.bestStream(type);
    for (const related of demuxer.streams) {
      const found = demuxer.bestStream(type, { related });
      if ((found === null) !== (best === null)) {
        throw new Complaint("bestStream() returns none of the streams");
      }
    }
  }
  for (const { sideData } of demuxer.streams) lookInto(sideData);
}

/** Checks the fields of side data: numbers, texts, fractions, or null if unknown. */
function lookInto(sideData: readonly SideData[]): void {
  for (const side of sideData) {
    for (const [name, value] of Object.entries(sideDataFields(side) ?? {})) {
      if (value === null) continue;
      const isFraction = typeof value === "object" && Number.isInteger(value.num) &&
        Number.isInteger(value.den);
      if (typeof value === "string" || Number.isFinite(value) || isFraction) continue;
      throw new Complaint(`${side.type} has the ${name} ${show(value)}`);
    }
  }
}

/** A guarantee of avio's that was violated; thrown by drives, never by avio. */
export class Complaint extends Error {}

function checkPacket(packet: Packet, streams: readonly Stream[]): void {
  const { streamIndex, data, pts, dts, duration, timeBase, sideData } = packet;
  if (!streams[streamIndex]) throw new Complaint(`a packet of stream ${streamIndex}, of ${streams.length}`);
  if (!(data instanceof Uint8Array)) throw new Complaint("a packet without data");
  for (const number of [pts, dts]) {
    if (number !== null && !Number.isFinite(number)) throw new Complaint(`a timestamp ${number}`);
  }
  if (!Number.isFinite(duration)) throw new Complaint(`a duration ${duration}`);
  if (!Number.isFinite(timeBase.num / timeBase.den)) {
    throw new Complaint(`time base ${timeBase.num}/${timeBase.den}`);
  }
  for (const { type, data } of sideData) void (type.length + data.length);
  lookInto(sideData);
}

/** Reads to the end, or to a limit. Damaged data may be an error, after which the next call returns a packet. */
function readSync(test: Case, demuxer: Demuxer, max = MAX_PACKETS): Packet[] {
  const packets: Packet[] = [];
  for (let errors = 0; packets.length < max;) {
    try {
      const packet = test.call(() => demuxer.readSync(), true);
      if (packet === null) break;
      checkPacket(packet, demuxer.streams);
      packets.push(packet);
    } catch (error) {
      if (error instanceof Complaint || ++errors > MAX_ERRORS) throw error;
    }
  }
  return packets;
}

async function readAsync(demuxer: Demuxer, max = MAX_PACKETS): Promise<Packet[]> {
  const packets: Packet[] = [];
  for (let errors = 0; packets.length < max;) {
    try {
      const packet = await demuxer.read();
      if (packet === null) break;
      checkPacket(packet, demuxer.streams);
      packets.push(packet);
    } catch (error) {
      if (error instanceof Complaint || ++errors > MAX_ERRORS) throw error;
    }
  }
  return packets;
}

type SeekArguments = Parameters<Demuxer["seek"]>;

function seekArguments({ random }: Case, demuxer: Demuxer): SeekArguments {
  const position = oddNumber(random);
  const options = {
    ...(random.chance(0.4) ? { backward: random.chance(0.5) } : {}),
    ...(random.chance(0.3) ? { any: random.chance(0.5) } : {}),
    ...(random.chance(0.2) ? { min: position - random.next() * 3 } : {}),
    ...(random.chance(0.2) ? { max: position + random.next() * 3 } : {}),
  };
  if (random.chance(0.2)) return [{ byte: random.chance(0.8) ? random.below(200_000) : position }, options];
  if (random.chance(0.6)) return [position, options];
  const timestamp = random.chance(0.7) ? random.below(300_000) : random.pick(oddNumbers);
  return [{ streamIndex: random.below(demuxer.streams.length + 1), timestamp }, options];
}

const drives = {
  read(test: Case) {
    using demuxer = test.call(() => Demuxer.openSync(sourceOf(test), inputOptions(test)));
    meddleWith(test, { demuxer });
    look(demuxer);
    readSync(test, demuxer);
    look(demuxer);
  },

  async readAsync(test: Case) {
    await using demuxer = await Demuxer.open(sourceOf(test), inputOptions(test));
    meddleWith(test, { demuxer });
    look(demuxer);
    await readAsync(demuxer, test.random.small(MAX_PACKETS));
    look(demuxer);
  },

  /** Many calls at once, and an end in the middle. */
  async crowdAsync(test: Case) {
    const { random } = test;
    const demuxer = await Demuxer.open(sourceOf(test), inputOptions(test));
    const calls: Promise<unknown>[] = [];
    for (let n = random.small(30); n > 0; n--) {
      if (random.chance(0.2)) calls.push(demuxer.seek(...seekArguments(test, demuxer)));
      else if (random.chance(0.05)) calls.push(demuxer.close());
      else if (random.chance(0.1)) attempt(() => demuxer.readSync());
      else calls.push(demuxer.read());
      const last = calls.at(-1)?.catch(() => {}); // reported below
      if (random.chance(0.2)) await last;
    }
    if (random.chance(0.5)) demuxer[Symbol.dispose]();
    const outcomes = await Promise.allSettled(calls);
    await demuxer.close();
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  },

  probe(test: Case) {
    test.call(() => probeSync(sourceOf(test), inputOptions(test)));
  },

  async probeAsync(test: Case) {
    await probe(sourceOf(test), inputOptions(test));
  },

  seek(test: Case) {
    const { random } = test;
    using demuxer = test.call(() => Demuxer.openSync(sourceOf(test), inputOptions(test)));
    meddleWith(test, { demuxer });
    for (let n = random.small(8); n > 0; n--) {
      for (const stream of demuxer.streams) if (random.chance(0.1)) stream.discard = random.chance(0.7);
      try {
        test.call(() => demuxer.seekSync(...seekArguments(test, demuxer)));
      } catch (error) {
        judgeError(test, error);
      }
      readSync(test, demuxer, random.small(40));
    }
  },

  async seekAsync(test: Case) {
    const { random } = test;
    await using demuxer = await Demuxer.open(sourceOf(test), inputOptions(test));
    meddleWith(test, { demuxer });
    for (let n = random.small(8); n > 0; n--) {
      for (const stream of demuxer.streams) if (random.chance(0.1)) stream.discard = random.chance(0.7);
      await demuxer.seek(...seekArguments(test, demuxer)).catch((error) => judgeError(test, error));
      await readAsync(demuxer, random.small(40));
    }
  },

  remux(test: Case) {
    test.call(() => remuxSync(sourceOf(test), sinkOf(test), remuxOptions(test)));
  },

  async remuxAsync(test: Case) {
    await remux(sourceOf(test), sinkOf(test), remuxOptions(test));
  },

  concat(test: Case) {
    test.call(() => concatSync(sourcesOf(test), sinkOf(test), remuxOptions(test)));
  },

  async concatAsync(test: Case) {
    await concat(sourcesOf(test), sinkOf(test), remuxOptions(test));
  },

  split(test: Case) {
    test.call(() => splitSync(sourceOf(test), splitOptions(test)));
  },

  async splitAsync(test: Case) {
    await split(sourceOf(test), splitOptions(test));
  },

  /** Random bytes, as side data of every type, and of unknown types. */
  sideData({ random }: Case) {
    for (let n = 0; n < 200; n++) lookInto([randomSideData(random)]);
  },

  async pipeAsync(test: Case) {
    const { random, bytes } = test;
    const { format } = muxerOptions(test);
    const piped = streamOf(bytes, random).pipeThrough(new RemuxStream({ format, ...limits(test) }));
    let size = 0;
    const stop = random.chance(0.2) ? random.below(bytes.length + 1) : Infinity;
    for await (const chunk of piped) if ((size += chunk.length) > stop) break;
  },

  write(test: Case) {
    const { random } = test;
    using demuxer = test.call(() => Demuxer.openSync(test.bytes, inputOptions(test)));
    const packets = readSync(test, demuxer, 100);
    using muxer = test.call(() => Muxer.openSync(sinkOf(test), muxerOptions(test)));
    meddleWith(test, { muxer });
    for (const stream of demuxer.streams) addStream(test, muxer, stream);
    if (random.chance(0.3)) test.call(() => muxer.startSync());
    for (const packet of packets) {
      try {
        test.call(() => muxer.writeSync(changed(test, packet)));
      } catch (error) {
        judgeError(test, error);
      }
      if (random.chance(0.02)) test.call(() => muxer.flushSync());
    }
    test.call(() => muxer.finishSync());
  },

  async writeAsync(test: Case) {
    const { random } = test;
    await using demuxer = await Demuxer.open(test.bytes, inputOptions(test));
    const packets = await readAsync(demuxer, 100);
    await using muxer = await Muxer.open(sinkOf(test), muxerOptions(test));
    meddleWith(test, { muxer });
    for (const stream of demuxer.streams) addStream(test, muxer, stream);
    const calls: Promise<unknown>[] = [];
    for (const packet of packets) {
      if (random.chance(0.02)) calls.push(muxer.flush());
      try {
        calls.push(muxer.write(changed(test, packet)));
      } catch (error) {
        judgeError(test, error);
      }
      calls.at(-1)!.catch((error) => judgeError(test, error));
      if (random.chance(0.5)) await calls.at(-1)!.catch(() => {});
    }
    calls.push(muxer.finish());
    const outcomes = await Promise.allSettled(calls);
    const last = outcomes.at(-1)!;
    if (last.status === "rejected") throw last.reason;
  },

  /** avio_read and avio_seek without a container. */
  plain(test: Case) {
    const { random, bytes } = test;
    const { seek } = constants;
    const writes = random.chance(0.4);
    const callbacks = writes
      ? faultySink(test.sink, random.chance(0.7))
      : faultySource(bytes, test.source, random.chance(0.7));
    using context = meddling(test, new IOContext(random.small(100_000), callbacks));
    for (let n = random.small(60); n > 0; n--) {
      const data = new Uint8Array(random.small(200_000) - 1);
      try {
        switch (random.below(6)) {
          case 0:
            test.call(() => context.seekSync(oddNumber(random), random.pick([...Object.values(seek), 7])));
            break;
          case 1:
            test.call(() =>
              context.seekSync(random.below(bytes.length + 10), random.pick([seek.SET, seek.CUR]))
            );
            break;
          case 2:
            test.call(() => context.sizeSync());
            break;
          case 3:
            test.call(() => context.flushSync());
            break;
          default:
            test.call(() => writes ? context.writeSync(data) : context.readSync(data));
        }
      } catch (error) {
        judgeError(test, error);
      }
    }
  },
} as const;

// ---------------------------------------------------------------------------------------------------- writing

function remuxOptions(test: Case) {
  const { random } = test;
  return {
    ...muxerOptions(test),
    ...(random.chance(0.5) ? { input: inputOptions(test, false) } : {}),
    ...(random.chance(0.2) ? { start: random.next() * 4 } : {}),
    ...(random.chance(0.2) ? { end: random.next() * 4 } : {}),
    ...(random.chance(0.2) ? { timestamps: random.pick(["zero", "keep"] as const) } : {}),
    ...remuxEdits(random, test.world),
    ...(random.chance(0.1) ? { onprogress: () => random.chance(0.1) ? test.world.fail() : undefined } : {}),
  };
}

/** Several sources, alike if possible: different ones are refused early. */
function sourcesOf(test: Case): Source[] {
  const { random, bytes } = test;
  const sources = [sourceOf(test)];
  while (sources.length < 5 && random.chance(0.6)) {
    const again = random.chance(0.1);
    sources.push(again ? sources[0]! : sourceOf(test, random.chance(0.5) ? bytes : test.more()));
  }
  return sources;
}

const MAX_SEGMENTS = 100;

function splitOptions(test: Case): SplitOptions {
  const { random, world } = test;
  const { chapters: _, editChapters: __, url: ___, onopen: ____, ...options } = remuxOptions(test);
  const kind = random.pick(segmentFaults);
  const at = random.small(6) - 1;
  const same = sinkOf(test);
  const onsegment = (index: number): MaybePromise<Sink> => {
    if (index > MAX_SEGMENTS) world.fail();
    if (kind === "same") return same;
    if (index !== at) return world.waits && random.chance(0.3) ? Promise.resolve(sinkOf(test)) : sinkOf(test);
    return answerSegment(test, kind);
  };
  const every = random.chance(0.9) ? random.next() * 2 : random.pick(oddNumbers);
  const resetTimestamps = random.chance(0.5);
  test.notes.push(`onsegment ${kind}`);
  return { ...options, every, onsegment, ...(random.chance(0.5) ? { resetTimestamps } : {}) };
}

const segmentFaults = [
  "none",
  "none",
  "same",
  "throw",
  "promise",
  "wrong",
  "inside",
  "used",
  "never",
] as const;

/** What the callback returns for one of the segments. */
function answerSegment(test: Case, kind: typeof segmentFaults[number]): MaybePromise<Sink> {
  const { random, world, bytes } = test;
  if (kind === "throw") world.fail();
  if (kind === "promise" || kind === "wrong") world.broken ||= !world.waits || kind === "wrong";
  if (kind === "promise") return Promise.resolve(sinkOf(test));
  if (kind === "wrong") return wrongSink(random) as Sink;
  if (kind === "inside") { for (const work of world.inside) work(); }
  if (kind === "used") {
    const context = new IOContext(1000, faultySink(test.sink, true));
    if (random.chance(0.5)) context.destroy();
    else Muxer.openSync(context, { format: "wav" });
    world.broken = true;
    return context;
  }
  if (kind === "never" && world.waits) return new Promise(() => {});
  attempt(() => probeSync(bytes));
  return sinkOf(test);
}

function wrongSink(random: Random): unknown {
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => 7,
    () => "\0",
    () => "http://127.0.0.1:1/x",
    () => Symbol("sink"),
    () => ({}),
    () => ({ onwrite: 5 }),
    () => [],
    () => new Uint8Array(5),
    () => new Blob(["x"]),
    () => new ReadableStream(),
    () => Promise.reject(new Error("fault")),
  ])();
}

const codecs = [
  "h264",
  "hevc",
  "av1",
  "vp9",
  "aac",
  "opus",
  "vorbis",
  "flac",
  "mov_text",
  "subrip",
  "pcm_s16le",
  "none",
  "x",
];

/** Adds a stream like the input's, sometimes with wrong fields. */
function addStream(test: Case, muxer: Muxer, stream: Stream): void {
  const { random } = test;
  const parameters: Record<string, unknown> = { ...stream.codecParameters };
  if (random.chance(0.3)) {
    const name = random.pick(Object.keys(parameters));
    const extradata = new Uint8Array(random.small(200)).map(() => random.below(256));
    parameters[name] = random.pick([
      0,
      1,
      -1,
      7,
      48000,
      2 ** 31 - 1,
      2 ** 31,
      null,
      "",
      "stereo",
      extradata,
      NaN,
      {},
    ]);
  }
  if (random.chance(0.1)) parameters.codec = random.pick(codecs);
  if (random.chance(0.1)) parameters.extradata = null;
  try {
    const from = { ...stream, codecParameters: parameters } as unknown as Stream;
    muxer.addStream(
      from,
      random.chance(0.2) ? { timeBase: { num: random.below(4), den: random.small(2 ** 31) } } : {},
    );
  } catch (error) {
    judgeError(test, error);
  }
}

/** The packet, sometimes with wrong fields: the constructor checks them, so they are also set afterwards. */
function changed({ random }: Case, packet: Packet): Packet {
  const copy = new Packet(packet);
  if (!random.chance(0.3)) return copy;
  const fields = copy as unknown as Record<string, unknown>;
  const timestamp = () => random.chance(0.5) ? random.below(1e6) - 1000 : random.pick(oddNumbers);
  switch (random.below(8)) {
    case 0:
      fields.pts = timestamp();
      break;
    case 1:
      fields.dts = timestamp();
      break;
    case 2:
      fields.duration = timestamp();
      break;
    case 3:
      fields.streamIndex = random.chance(0.5) ? random.below(4) : random.pick(oddNumbers);
      break;
    case 4:
      fields.timeBase = {
        num: random.pick([0, 1, -1, 2 ** 31, NaN]),
        den: random.pick([0, 1, 90000, 2 ** 31 - 1]),
      };
      break;
    case 5:
      fields.data = random.chance(0.5)
        ? packet.data.subarray(0, random.small(100) - 1)
        : new Uint8Array(random.small(5000));
      break;
    case 6:
      fields.sideData = [{
        type: random.pick(["New Extradata", "Skip Samples", "x", "", "Palette"]),
        data: packet.data.slice(0, 70),
      }];
      break;
    default:
      copy.isKey = random.chance(0.5);
      copy.isCorrupt = random.chance(0.5);
      copy.isDiscard = random.chance(0.5);
  }
  return copy;
}

// ---------------------------------------------------------------------------------------------------- outcomes

/** V8's messages for errors in avio's code; a TypeError of avio's names an argument or a callback. */
const mistakes =
  /Cannot read propert|Cannot set propert|is not a function|is not iterable|is not defined|Cannot destructure|out of bounds|Invalid array length|Maximum call stack|before initialization|Cannot convert|Cannot perform|Invalid typed array/;

/** Operations that fail only because of a defect of avio. */
const ownOperations = new Set([
  "take written bytes",
  "take a URL",
  "put packet",
  "take packets",
  "learn of a stream",
  "add chapter",
  "map stream",
  "set range",
  "set shift",
  "count packets",
  "save an I/O context",
  "restore an I/O context",
  "close I/O context",
  "copy what was written",
]);

/** Records a complaint if the exception is not one that avio documents. */
export function judgeError(test: Case, error: unknown): void {
  const fault = faultOf(test, error);
  if (fault !== null) {
    test.complaints.push(`${fault}: ${show(error)}\n${(error as Error | null)?.stack ?? ""}`);
  }
}

function faultOf({ world }: Case, error: unknown): string | null {
  if (world.own.some((own) => Object.is(own, error))) return null;
  if (error instanceof Complaint) return "violated guarantee";
  if (!(error instanceof Error) || typeof error.message !== "string") return "no Error";
  if (error.message === "") return "an Error without a message";
  if (error instanceof DOMException) {
    return /Abort|Timeout/.test(error.name) ? null : "a foreign DOMException";
  }
  if (/undefined|\[object|NaN/.test(error.message) && error.name === "AVError") {
    return "a message without information";
  }
  if (
    error.message.startsWith("fault") || error.message.startsWith("a proxy") ||
    error.message.startsWith("a thenable")
  ) return null;
  if (error instanceof AVError) {
    return ownOperations.has(error.operation) ? "a defect that avio reported" : null;
  }
  if (error instanceof ClosedError) return null;
  if (error.constructor !== Error && error.constructor !== TypeError && error.constructor !== RangeError) {
    return "a foreign Error";
  }
  const place = /\n +at .*(file:\S+)/.exec(error.stack ?? "")?.[1] ?? "";
  return mistakes.test(error.message) && !place.includes("/fuzz/") ? "a mistake in avio" : null;
}

/** Names of the drives; those that end in Async are asynchronous. */
export const driveNames: readonly string[] = Object.keys(drives);

/** Runs a drive to its end; returns a name for how it ended. */
export async function drive(name: string, test: Case): Promise<string> {
  let end = "ok";
  try {
    await drives[name as keyof typeof drives](test);
  } catch (error) {
    judgeError(test, error);
    end = show(error);
  }
  test.complaints.push(...test.world.complaints);
  return end;
}
