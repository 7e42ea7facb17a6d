/**
 * A process in which callbacks detach or resize bytes that are in use: every function that takes bytes, every callback that may
 * run meanwhile, every way to do it, both APIs. The process must survive. (Also under AddressSanitizer: see fuzz/README.md.)
 */
import {
  concat,
  concatSync,
  Demuxer,
  IOContext,
  MemorySink,
  Muxer,
  onLog,
  Packet,
  probe,
  probeSync,
  remux,
  RemuxStream,
  remuxSync,
  split,
  splitSync,
} from "@avio/avio";
import { ignoreRejections, Walk } from "./hostile_child.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

ignoreRejections();
const walk = new Walk();

/** Bytes that can be detached or resized. */
class Prey {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array<ArrayBuffer>;
  #calls = 0;
  readonly #way: (buffer: ArrayBuffer) => void;
  readonly #nth: number;

  constructor(content: Uint8Array, way: (buffer: ArrayBuffer) => void, nth: number) {
    this.buffer = new ArrayBuffer(content.length, { maxByteLength: content.length + 4096 });
    this.bytes = new Uint8Array(this.buffer);
    this.bytes.set(content);
    this.#way = way;
    this.#nth = nth;
  }

  /** Called by callbacks; at one of the calls the bytes are detached or resized. */
  readonly strike = (): void => {
    if (++this.#calls !== this.#nth || this.buffer.detached) return;
    this.#way(this.buffer);
    // Reuses the freed memory, so that code that still reads it does not find the old bytes.
    for (let i = 0; i < 4; i++) new Uint8Array(Math.min(this.buffer.maxByteLength, 1 << 20)).fill(0xee);
  };
}

const ways: Record<string, (buffer: ArrayBuffer) => void> = {
  "resize(0)": (buffer) => buffer.resize(0),
  "resize to half and back": (buffer) => {
    const { byteLength } = buffer;
    buffer.resize(byteLength >> 1);
    buffer.resize(byteLength);
  },
  "grow": (buffer) => buffer.resize(buffer.maxByteLength),
  "transfer()": (buffer) => void buffer.transfer(),
  "transferToFixedLength()": (buffer) => void buffer.transferToFixedLength(0),
  "structuredClone": (buffer) => void structuredClone(buffer, { transfer: [buffer] }),
  "MessagePort": (buffer) => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(buffer, [buffer]);
    port1.close();
    port2.close();
  },
};

// ------------------------------------------------------------------------------------------- media

/** A wav of zeros. */
function wav(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF\0\0\0\0WAVEfmt "));
  view.setUint32(4, size - 8, true);
  view.setUint32(16, 16, true);
  [1, 2].forEach((value, index) => view.setUint16(20 + 2 * index, value, true));
  view.setUint32(24, 48000, true);
  view.setUint32(28, 192000, true);
  [4, 16].forEach((value, index) => view.setUint16(32 + 2 * index, value, true));
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, size - 44, true);
  return bytes;
}

const large = wav(1_300_000); // more than one copy takes
const small = wav(100_000);
const mp4 = Deno.readFileSync("fixtures/video.mp4");
const playlist = new TextEncoder().encode(
  "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nvideo.mp4\n#EXT-X-ENDLIST\n",
);
const media: Record<string, Uint8Array> = { large, small, mp4 };

// ------------------------------------------------------------------------------------------- victims

/** A sink and options in which functions call `strike`. */
interface Hunter {
  sink: Any;
  options: Any;
}

const passing = (strike: () => void) => ({
  onwrite: (piece: Uint8Array) => {
    strike();
    return piece.length;
  },
});

const hunters: Record<string, (strike: () => void) => Hunter> = {
  onwrite: (strike) => ({ sink: passing(strike), options: {} }),
  "onwrite of an IOContext": (strike) => ({ sink: new IOContext(4096, passing(strike)), options: {} }),
  "onwrite, coalesce: false": (strike) => ({ sink: passing(strike), options: { coalesce: false } }),
  "onseek of the sink": (strike) => ({
    sink: {
      onwrite() {},
      onseek(offset: number) {
        strike();
        return offset;
      },
    },
    options: {},
  }),
  transform: (strike) => ({
    sink: new MemorySink(),
    options: {
      transform(packet: Packet) {
        strike();
        return packet;
      },
    },
  }),
  "streams, edits and filters": (strike) => ({
    sink: new MemorySink(),
    options: {
      streams: () => (strike(), true),
      editMetadata: (tags: Any) => (strike(), tags),
      editChapters: (chapters: Any) => (strike(), chapters),
      bitstreamFilter: () => (strike(), null),
    },
  }),
  onprogress: (strike) => ({ sink: new MemorySink(), options: { onprogress: strike } }),
  "onopen of the input": (strike) => ({
    sink: new MemorySink(),
    options: { input: { onopen: () => (strike(), mp4) } },
  }),
  "onopen of the output": (strike) => ({
    sink: new MemorySink(),
    options: { format: "hls", url: "a.m3u8", onopen: () => (strike(), passing(strike)) },
  }),
  "getters of options": (strike) => ({
    sink: new MemorySink(),
    options: new Proxy({ format: "matroska" }, {
      get(target, name, receiver) {
        strike();
        return Reflect.get(target, name, receiver);
      },
    }),
  }),
  onLog: (strike) => {
    onLog(strike);
    return { sink: new MemorySink(), options: {} };
  },
};

type Use = (prey: Prey, hunter: Hunter) => unknown;

const source = (prey: Prey): Record<string, () => Any> => ({
  bytes: () => prey.bytes,
  buffer: () => prey.buffer,
  view: () => new DataView(prey.buffer),
  tail: () => new Uint8Array(prey.buffer, 0, prey.buffer.byteLength),
  IOContext: () => new IOContext(prey.bytes),
  "IOContext, transferred": () => new IOContext(prey.buffer).transfer(),
  "a read IOContext": () => {
    const io = new IOContext(prey.bytes);
    io.readSync(new Uint8Array(1));
    io.seekSync(0);
    return io;
  },
  Blob: () => new Blob([prey.bytes]),
  stream: () => ReadableStream.from([prey.bytes.subarray(0, 50_000), prey.bytes.subarray(50_000)]),
  iterable: () =>
    (async function* () {
      for (let at = 0; at < prey.bytes.length; at += 10_000) yield prey.bytes.subarray(at, at + 10_000);
    })(),
  "a playlist that names it": () => playlist,
  "onread that gives it": () => {
    let at = 0;
    return {
      onread(into: Uint8Array) {
        const piece = prey.bytes.subarray(at, at + into.length);
        into.set(piece);
        at += piece.length;
        return piece.length;
      },
    };
  },
});
const sourceNames = Object.keys(source(new Prey(small, () => {}, 0)));

/** Adds the options of the input if it is a playlist. */
const withInput = (name: string, prey: Prey, options: Any): Any =>
  name.startsWith("a playlist") ? { ...options, input: { onopen: () => prey.bytes } } : options;

const uses: Record<string, (name: string) => Use> = {
  remuxSync: (name) => (prey, { sink, options }) =>
    remuxSync(source(prey)[name]!(), sink, withInput(name, prey, options)),
  remux: (name) => (prey, { sink, options }) =>
    remux(source(prey)[name]!(), sink, withInput(name, prey, options)),
  "concatSync, first": (name) => (prey, { sink, options }) =>
    concatSync(
      [source(prey)[name]!(), { onread: () => (prey.strike(), 0) }],
      sink,
      withInput(name, prey, options),
    ),
  "concatSync, last": (name) => (prey, { sink, options }) => {
    const first = new IOContext(4096, readerOf(prey));
    return concatSync([first, source(prey)[name]!()], sink, withInput(name, prey, options));
  },
  concat: (name) => (prey, { sink, options }) => {
    const first = new IOContext(4096, readerOf(prey));
    return concat([first, source(prey)[name]!(), first], sink, withInput(name, prey, options));
  },
  splitSync: (name) => (prey, { sink, options: { onopen: _, url: __, ...options } }) =>
    splitSync(source(prey)[name]!(), {
      ...withInput(name, prey, options),
      every: 1,
      onsegment: () => (prey.strike(), sink instanceof MemorySink ? new MemorySink() : sink),
    }),
  split: (name) => (prey, { sink, options: { onopen: _, url: __, ...options } }) =>
    split(source(prey)[name]!(), {
      ...withInput(name, prey, options),
      every: 1,
      onsegment: () => (prey.strike(), sink instanceof MemorySink ? new MemorySink() : sink),
    }),
  probeSync: (name) => (prey, { options: { input = {} } }) => {
    probeSync(source(prey)[name]!(), name.startsWith("a playlist") ? { onopen: () => prey.bytes } : input);
  },
  probe: (name) => (prey, { options: { input = {} } }) =>
    probe(source(prey)[name]!(), name.startsWith("a playlist") ? { onopen: () => prey.bytes } : input),
  "Demuxer.openSync": (name) => (prey, { options: { input = {} } }) => {
    using demuxer = Demuxer.openSync(source(prey)[name]!(), input);
    let count = 0;
    for (const _ of demuxer.packetsSync()) {
      prey.strike();
      if (count++ === 5) demuxer.seekSync(0.1);
      if (count > 20) break;
    }
  },
  "Demuxer.open": (name) => async (prey, { options: { input = {} } }) => {
    await using demuxer = await Demuxer.open(source(prey)[name]!(), input);
    let count = 0;
    for await (const _ of demuxer.packets()) {
      prey.strike();
      if (count++ === 5) await demuxer.seek(0.1);
      if (count > 20) break;
    }
  },
};

function readerOf(prey: Prey) {
  let at = 0;
  return {
    onread(into: Uint8Array) {
      prey.strike();
      const piece = small.subarray(at, at + into.length);
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
    onseek: (offset: number, whence: number) => whence === 65536 ? small.length : at = offset,
  };
}

/** Bytes that are passed to a muxer: data, side data, extradata. */
const writes: Record<string, Use> = {
  "Muxer.writeSync": (prey, { sink, options }) => {
    using muxer = Muxer.openSync(sink, { format: "matroska", ...options, input: undefined });
    muxer.addStream({ type: "video", codec: "vp8", width: 16, height: 16, extradata: prey.bytes });
    const sideData = [{ type: "New Extradata", data: prey.bytes }];
    for (let i = 0; i < 4; i++) {
      muxer.writeSync({ streamIndex: 0, data: prey.bytes, pts: i, dts: i, isKey: true, sideData });
    }
    muxer.finishSync();
  },
  "Muxer.write": async (prey, { sink, options }) => {
    await using muxer = await Muxer.open(sink, { format: "matroska", ...options, input: undefined });
    muxer.addStream({ type: "video", codec: "vp8", width: 16, height: 16, extradata: prey.bytes });
    const sideData = [{ type: "New Extradata", data: prey.bytes }];
    await Promise.all([0, 1, 2, 3].map((i) => {
      const written = muxer.write({
        streamIndex: 0,
        data: prey.bytes,
        pts: i,
        dts: i,
        isKey: true,
        sideData,
      });
      prey.strike();
      return written;
    }));
    await muxer.finish();
  },
  "getters of a packet": (prey, { sink, options }) => {
    using muxer = Muxer.openSync(sink, { format: "matroska", ...options, input: undefined });
    muxer.addStream({ type: "video", codec: "vp8", width: 16, height: 16 });
    const packet = new Packet({ streamIndex: 0, data: prey.bytes, pts: 0, dts: 0 });
    for (const name of ["pts", "duration", "data", "sideData", "streamIndex"] as const) {
      const value = packet[name];
      Object.defineProperty(packet, name, { get: () => (prey.strike(), value) });
    }
    muxer.writeSync(packet);
    muxer.writeSync(packet);
    muxer.finishSync();
  },
  "numbers of a packet": (prey, { sink }) => {
    using muxer = Muxer.openSync(sink, { format: "matroska" });
    muxer.addStream({ type: "video", codec: "vp8", width: 16, height: 16 });
    const number = { valueOf: () => (prey.strike(), 1), [Symbol.toPrimitive]: () => (prey.strike(), 1) };
    const packet = new Packet({ streamIndex: 0, data: prey.bytes, pts: 0, dts: 0 });
    let calls = 0;
    Object.defineProperty(packet, "duration", { get: () => ++calls < 3 ? 0 : number });
    muxer.writeSync(packet);
    muxer.finishSync();
  },
  "transform that gives it": (prey, { sink }) => {
    remuxSync(mp4, sink, {
      format: "matroska",
      transform(packet) {
        prey.strike();
        if (packet.dts! < 1000) packet.data = prey.bytes;
        return packet;
      },
    });
  },
  "IOContext.writeSync": (prey) => {
    using io = new IOContext(4096, passing(prey.strike));
    for (let i = 0; i < 4; i++) io.writeSync(prey.bytes);
    io.flushSync();
  },
  "IOContext.readSync into it": (prey) => {
    using io = new IOContext(4096, { onread: (into) => (prey.strike(), into.fill(1).length) });
    for (let i = 0; i < 4; i++) io.readSync(prey.bytes);
  },
  "IOContext.readSync into itself": (prey) => {
    using io = new IOContext(prey.bytes);
    for (let i = 0; i < 4; i++) {
      io.readSync(prey.bytes.subarray(i * 3));
      io.seekSync(i);
      prey.strike();
    }
    io.readSync(prey.bytes);
  },
  "onread that takes its own buffer away": (prey, { sink, options }) =>
    remuxSync(
      {
        onread(into: Uint8Array<ArrayBuffer>) {
          prey.strike();
          const size = Math.min(into.length, 4096);
          try {
            ways["transfer()"]!(into.buffer);
          } catch {
            // the buffer is detached already
          }
          return size;
        },
      },
      sink,
      options,
    ),
  "onwrite that takes its own buffer away": (_, { options }) =>
    remuxSync(
      mp4,
      {
        onwrite(piece: Uint8Array<ArrayBuffer>) {
          const size = piece.length;
          structuredClone(piece.buffer, { transfer: [piece.buffer] });
          return size - 1;
        },
      },
      { format: "matroska", ...options },
    ),
  RemuxStream: async (prey) => {
    const stream = new RemuxStream({ format: "matroska" });
    const writer = stream.writable.getWriter();
    const read = new Response(stream.readable).bytes();
    for (let at = 0; at < prey.bytes.length; at += 5000) {
      writer.write(prey.bytes.subarray(at, at + 5000)).catch(() => {});
      prey.strike();
    }
    writer.close().catch(() => {});
    await read;
  },
};

// ------------------------------------------------------------------------------------------- the walk

const LONG = 2000;

async function run(name: string, content: Uint8Array, use: Use, hunter: string, way: string, nth: number) {
  if (!walk.next(() => name)) return;
  const prey = new Prey(content, ways[way]!, nth);
  try {
    const made = hunters[hunter]!(prey.strike);
    if (!(made.options.format)) Object.assign(made.options, { format: content === mp4 ? "matroska" : "wav" });
    const result = use(prey, made);
    if (result instanceof Promise) {
      let timer;
      const late = new Promise((resolve) => timer = setTimeout(resolve, LONG, "late"));
      if (await Promise.race([result, late]) === "late") walk.note(`late: ${name}`);
      clearTimeout(timer);
    }
    walk.note("done");
  } catch (error) {
    walk.note(error instanceof Error ? error.name : typeof error);
  } finally {
    onLog(null);
  }
}

for (const [kind, content] of Object.entries(media)) {
  for (const way of Object.keys(ways)) {
    for (const nth of [1, 2, 10]) {
      for (const hunter of Object.keys(hunters)) {
        const where = `${hunter}, call ${nth}: ${way}`;
        for (const [use, make] of Object.entries(uses)) {
          for (const name of sourceNames) {
            await run(`${use} of ${name} (${kind}), ${where}`, content, make(name), hunter, way, nth);
          }
        }
        for (const [use, make] of Object.entries(writes)) {
          await run(`${use} (${kind}), ${where}`, content, make, hunter, way, nth);
        }
      }
    }
  }
}
walk.end();
Deno.exit(0);
