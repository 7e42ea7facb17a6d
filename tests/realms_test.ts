/**
 * Bytes, Blobs and streams of another realm (a context of node:vm, an iframe, another implementation of the same class) are
 * what they are in this one. And bytes that are gone, because their buffer was detached or shrank, are an error that names the
 * argument, whatever kind of bytes they are: they would be none, which is something else.
 */
import { assertEquals, assertThrows } from "@std/assert";
import vm from "node:vm";
import {
  codecParametersOf,
  codecString,
  concatSync,
  Demuxer,
  fromMap,
  IOContext,
  type MapFile,
  MemorySink,
  Muxer,
  Packet,
  probe,
  probeSync,
  remux,
  remuxSync,
  sideDataFields,
} from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const film = fixtureBytes("video.mp4");

/** An object of another realm, made by `new ${type}(...)`, over the film's bytes. */
function foreign(type: string): Any {
  const made = vm.runInNewContext(`new ${type}(new ArrayBuffer(${film.length + film.length % 2}))`);
  new Uint8Array(made.buffer ?? made).set(film);
  return made;
}

const buffer = () => foreign("Uint8Array").buffer;
const kinds: Record<string, () => Any> = {
  ArrayBuffer: buffer,
  Uint8Array: () => foreign("Uint8Array"),
  Uint16Array: () => foreign("Uint16Array"),
  DataView: () => foreign("DataView"),
};

/** What other implementations of the web platform's classes have. */
const blob: Any = {
  [Symbol.toStringTag]: "Blob",
  size: film.length,
  slice: (start: number, end: number) => ({
    size: film.slice(start, end).length,
    arrayBuffer: () => Promise.resolve(film.slice(start, end).buffer),
  }),
  arrayBuffer: () => Promise.resolve(film.slice().buffer),
};
const stream = (): Any => {
  const real = new Blob([film]).stream();
  return {
    [Symbol.toStringTag]: "ReadableStream",
    locked: false,
    getReader: () => real.getReader(),
    cancel: () => real.cancel(),
  };
};
const response = (): Any => ({ [Symbol.toStringTag]: "Response", body: stream() });

Deno.test("A source of another realm is read as one of this realm", async () => {
  for (const [kind, make] of Object.entries(kinds)) {
    assertEquals([kind, probeSync(make()).streams.length], [kind, 2]);
    assertEquals([kind, (await probe(make())).streams.length], [kind, 2]);
    assertEquals([kind, probeSync(new IOContext(make())).streams.length], [kind, 2]);
    const onopen = () => make();
    const playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.mp4\n#EXT-X-ENDLIST\n";
    using demuxer = Demuxer.openSync(new TextEncoder().encode(playlist), {
      format: "hls",
      onopen,
      options: { extension_picky: false },
    });
    assertEquals([kind, demuxer.streams.length], [kind, 2]);
    const sink = new MemorySink();
    await remux(ReadableStream.from([make()]), sink, { format: "matroska" });
    assertEquals([kind, probeSync(sink.bytes()).streams.length], [kind, 2]);
  }
  for (const source of [blob, stream(), response()]) {
    assertEquals((await probe(source)).streams.length, 2);
    const { message } = assertThrows(() => probeSync(source), TypeError);
    assertEquals(message.includes("can't be read synchronously"), true, message);
  }
});

Deno.test("fromMap() takes a Map of another realm", () => {
  const files = vm.runInNewContext("new Map()") as Map<string, MapFile>;
  remuxSync(film, new MemorySink(), { format: "hls", url: "a.m3u8", onopen: fromMap(files) });
  assertEquals([...files.keys()].length > 0, true);
});

Deno.test("A WritableStream of another implementation is written, and closed or aborted", async () => {
  for (const isPositioned of [false, true]) {
    const chunks: Uint8Array[] = [];
    const ends: string[] = [];
    const real = new WritableStream<Any>({
      write: (chunk) => void chunks.push(isPositioned ? chunk.data : chunk),
      close: () => void ends.push("closed"),
      abort: () => void ends.push("aborted"),
    });
    const stream: Any = {
      [Symbol.toStringTag]: "WritableStream",
      locked: false,
      getWriter: () => real.getWriter(),
      abort: (reason: unknown) => real.abort(reason),
      close: () => real.close(),
      ...(isPositioned ? { seek() {}, truncate() {} } : {}),
    };
    const { bytesWritten } = await remux(film, stream, { format: "matroska" });
    assertEquals(chunks.reduce((sum, { length }) => sum + length, 0) >= bytesWritten, true);
    assertEquals(ends, ["closed"]);
    const { message } = assertThrows(() => remuxSync(film, stream, { format: "matroska" }), TypeError);
    assertEquals(message.includes("can't be written synchronously"), true, message);
  }
  const aborted: unknown[] = [];
  const stream: Any = {
    [Symbol.toStringTag]: "WritableStream",
    locked: false,
    getWriter: () => new WritableStream().getWriter(),
    abort: (reason: unknown) => Promise.resolve(void aborted.push(reason)),
    close: () => Promise.resolve(),
  };
  const signal = AbortSignal.abort(new Error("before it began"));
  await rejectionOf(remux(film, stream, { format: "matroska", signal }));
  assertEquals(aborted, [signal.reason]);
});

Deno.test("A network error of another realm is retried, as under Jest, where fetch is of another realm", async () => {
  let requests = 0;
  const fetch = () =>
    requests++ === 0
      ? Promise.reject(vm.runInNewContext('new TypeError("fetch failed")'))
      : Promise.resolve(new Response(film));
  const { streams } = await probe("http://example.com/a", { http: { fetch, retryDelay: 0 } });
  assertEquals([streams.length, requests], [2, 2]);
});

Deno.test("concatSync: bytes of another realm may be given twice", () => {
  const twice = (source: Any) => concatSync([source, source], new MemorySink(), { format: "mp4" }).packets;
  assertEquals(twice(buffer()), twice(film));
});

Deno.test("fromMap: files of another realm", () => {
  const files = new Map<string, MapFile>([["a", buffer()], ["b", foreign("Uint8Array")], ["c", blob]]);
  const onopen = fromMap(files);
  for (const [url, file] of files) assertEquals(onopen({ url, mode: "read", canWait: false }) === file, true);
});

Deno.test("WebCodecs: buffers of another realm", () => {
  const shared = vm.runInNewContext("new SharedArrayBuffer(4)");
  for (const data of [vm.runInNewContext("new ArrayBuffer(4)"), shared, new SharedArrayBuffer(4)]) {
    const packet = Packet.fromEncodedChunk({ type: "key", timestamp: 0, data }, { streamIndex: 0 });
    assertEquals([packet.data.length, packet.data.buffer instanceof SharedArrayBuffer], [4, false]);
    const config = { codec: "vp8", codedWidth: 1, codedHeight: 1, description: data };
    assertEquals(codecParametersOf(config).extradata?.length, 4);
  }
  const data = vm.runInNewContext("new Uint8Array(new SharedArrayBuffer(4))");
  const copied = new Packet({ streamIndex: 0, data }).data.buffer;
  assertEquals(Object.prototype.toString.call(copied), "[object ArrayBuffer]"); // so that it can be posted
});

/** Bytes without content: their buffer was detached, or shrank behind them. */
const gone: Record<string, () => Uint8Array> = {
  detached: () => detach(new Uint8Array(40)),
  shrunk: () => {
    const buffer = new ArrayBuffer(100, { maxByteLength: 200 });
    const bytes = new Uint8Array(buffer, 60, 40);
    buffer.resize(50);
    return bytes;
  },
};

function detach(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

const video = { type: "video", codec: "vp8", width: 16, height: 16 } as const;

function withMuxer(use: (muxer: Muxer) => unknown): void {
  using muxer = Muxer.openSync(new MemorySink(), { format: "matroska" });
  use(muxer);
}

/** Calls with bytes, by the argument's name. */
const takers: Record<string, (bytes: Any) => unknown> = {
  source: (bytes) => probeSync(bytes),
  buffer: (bytes) => new IOContext(bytes),
  "packet.data": (data) =>
    withMuxer((muxer) => {
      muxer.addStream(video);
      muxer.startSync();
      muxer.writeSync({ streamIndex: 0, data, pts: 0, dts: 0 });
    }),
  "packet.data ": (data) => new Packet({ streamIndex: 0, data }),
  "packet.sideData[0].data": (data) =>
    new Packet({ streamIndex: 0, data: film, sideData: [{ type: "Palette", data }] }),
  "chunk.data": (data) => Packet.fromEncodedChunk({ type: "key", timestamp: 0, data }, { streamIndex: 0 }),
  extradata: (extradata) => withMuxer((muxer) => muxer.addStream({ ...video, extradata })),
  "sideData[0].data": (data) =>
    withMuxer((muxer) => muxer.addStream(video, { sideData: [{ type: "Display Matrix", data }] })),
  "cover.data": (data) => withMuxer((muxer) => muxer.addCover({ data, mimeType: "image/png" })),
  "attachment.data": (data) =>
    withMuxer((muxer) => muxer.addAttachment({ data, fileName: "a", mimeType: "a/b" })),
  into: (bytes) => new IOContext(film).readSync(bytes),
  bytes: (bytes) => new IOContext(10, { onwrite() {} }).writeSync(bytes),
  "config.description": (description) =>
    codecParametersOf({ codec: "vp8", codedWidth: 1, codedHeight: 1, description }),
  "sideData.data": (data) => sideDataFields({ type: "Stereo 3D", data }),
  "parameters.extradata": (extradata) => codecString({ codec: "h264", extradata } as Any),
};

Deno.test("Bytes that are gone are a TypeError that names the argument", async () => {
  for (const [kind, make] of Object.entries(gone)) {
    for (const [name, take] of Object.entries(takers)) {
      const error = assertThrows(() => take(make()), TypeError, undefined, `${kind} ${name}`) as Any;
      assertEquals([kind, error.argument, error.message], [
        kind,
        name.trim(),
        `${name.trim()}: its buffer was detached, or has become too small`,
      ]);
    }
    const error = await rejectionOf(probe(ReadableStream.from([make()]))) as Any;
    assertEquals([kind, error.argument], [kind, "source"]);
  }
  const detached = detach(new Uint8Array(4)).buffer;
  for (const name of ["source", "buffer", "chunk.data", "config.description"]) {
    const error = assertThrows(() => takers[name]!(detached), TypeError) as Any;
    assertEquals([name, error.argument], [name, name]);
  }
  const view = new DataView(new ArrayBuffer(4));
  structuredClone(view.buffer, { transfer: [view.buffer] });
  assertEquals((assertThrows(() => probeSync(view as Any), TypeError) as Any).argument, "source");
});

Deno.test("Views whose properties lie are read as they are", () => {
  const view = new DataView(film.slice().buffer);
  for (const name of ["byteLength", "byteOffset"]) Object.defineProperty(view, name, { value: 2 ** 40 });
  assertEquals(probeSync(view as Any).streams.length, 2);
});

Deno.test("A Blob whose slices have no bytes is an error that says so", async () => {
  const wrong = { ...blob, slice: () => ({ size: 5, arrayBuffer: () => Promise.resolve("bytes") }) };
  const error = await rejectionOf(probe(wrong)) as Any;
  assertEquals([error.argument, error.message], [
    "source",
    "source: its chunks must be bytes, one is a string",
  ]);
});
