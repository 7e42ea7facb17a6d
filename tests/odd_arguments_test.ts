/**
 * Arguments that are nearly right: arrays with holes, no options where they are needed, values that can't be printed, a
 * getter that returns something else each time. And what raw video says of its own rate.
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  ClosedError,
  codecString,
  concatSync,
  constants,
  Demuxer,
  IOContext,
  MemorySink,
  mergeSync,
  mimeType,
  Muxer,
  probeSync,
  remuxSync,
  setLogLevel,
  type SplitOptions,
  splitSync,
} from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";
import { libavformat } from "./support/versions.ts";

const film = fixtureBytes("video.mp4");
const holes = () => new Array<never>(3);

Deno.test("Arrays with holes are errors that name the hole", () => {
  const sink = () => new MemorySink();
  using demuxer = Demuxer.openSync(film);
  const calls: Record<string, () => unknown> = {
    "sources[0]": () => mergeSync(holes(), sink(), { format: "mp4" }),
    "sources[0] ": () => concatSync(holes(), sink(), { format: "mp4" }),
    "ranges[0]": () => remuxSync(film, sink(), { format: "mp4", ranges: holes() }),
    "chapters[0]": () => remuxSync(film, sink(), { format: "mp4", chapters: holes() }),
    "streams[0]": () => remuxSync(film, sink(), { format: "mp4", streams: holes() }),
    "covers[0]": () => mergeSync([film], sink(), { format: "mp4", covers: holes() }),
    "attachments[0]": () => mergeSync([film], sink(), { format: "matroska", attachments: holes() }),
    "at[0]": () => splitSync(film, { format: "mp4", at: holes(), onsegment: sink }),
    "streams[0] ": () => [...demuxer.packetsSync({ streams: holes() })],
  };
  for (const [name, call] of Object.entries(calls)) {
    const { message } = assertThrows(call, TypeError);
    assertEquals(message, `${name.trim()}: is missing`);
  }
});

Deno.test("What would have no effect is an error: a Map for fields, unknown names, numbers out of range", () => {
  const tags = new Map([["title", "T"]]) as never, sink = () => new MemorySink();
  using demuxer = Demuxer.openSync(film);
  const to = (more: object) => () => remuxSync(film, sink(), { format: "matroska", ...more });
  const chapter = (times: object) => to({ chapters: [{ id: 1, start: 0, end: 1, metadata: {}, ...times }] });
  const calls: readonly (readonly [string, () => unknown])[] = [
    ["metadata", to({ metadata: tags })],
    ["tags", to({ tags })],
    ["options", to({ options: new Set(["movflags"]) })],
    ["input.options", to({ input: { options: new URLSearchParams("a=b") } })],
    ["editMetadata", to({ editMetadata: () => tags })],
    ["streams.metadata", to({ streams: () => ({ metadata: tags }) })],
    ["options", () => probeSync(film, tags)],
    ["options", () => demuxer.getPacketSync(1, tags)],
    ["options.fromat", () => mimeType(probeSync(film), { fromat: "webm" } as never)],
    ["streams.delay", to({ streams: () => ({ delay: 1e10 }) })],
    ["streams[0].delay", to({ streams: [{ index: 0, delay: -1e300 }] })],
    ["sources[0].delay", () => mergeSync([{ source: film, delay: 1e10 }], sink(), { format: "matroska" })],
    ["sources[0].delay", () => mergeSync([{ source: film, delay: -1e300 }], sink(), { format: "matroska" })],
    ["info.streams[0]", () => mimeType({ format: { name: "mp4" }, streams: [null] } as never)],
    ["info.streams[0].type", () => mimeType({ format: { name: "mp4" }, streams: [{}] } as never)],
    ["info.streams[0].codecParameters", () =>
      mimeType({
        format: { name: "mp4" },
        streams: [{ type: "video", disposition: [] }],
      } as never)],
    [
      "info.streams[0].disposition",
      () => mimeType({ format: { name: "mp4" }, streams: [{ type: "video" }] } as never),
    ],
    [
      "info.format.mimeTypes",
      () => mimeType({ format: { name: "mp4", mimeTypes: 5 }, streams: [] } as never),
    ],
    ["chapters[0].end", chapter({ end: 1e10 })],
    ["chapters[0].start", chapter({ start: -1e10 })],
    ["whence", () => new IOContext(film.slice()).seekSync(1, 2 ** 32)],
    ["whence", () => new IOContext(film.slice()).seekSync(1, 2 ** 32 + constants.seek.SIZE)],
  ];
  for (const [name, call] of calls) {
    const error = assertThrows(call) as Error & { argument?: string };
    assertEquals([error.argument, error.message.startsWith(`${name}: `)], [name, true], error.message);
  }
});

Deno.test("codecString of parameters of another program: what is missing is unknown, what is wrong is named", () => {
  const of = (parameters: object) => codecString(parameters as never);
  assertEquals(of({ codec: "h264" }), null);
  assertEquals(of({ codec: "h264", profile: 100, level: 31 }), "avc1.64001f");
  assertEquals(of({ codec: "vp9" }), "vp09.00.10.08");
  assertEquals(of({ codec: "av1", profile: 0, level: 4 }), "av01.0.04M.08");
  const unknown = { profile: -99, level: -99 }; // as ffprobe prints it
  assertEquals(of({ codec: "h264", ...unknown }), null);
  assertEquals(of({ codec: "av1", ...unknown }), null);
  assertEquals(of({ codec: "aac", ...unknown }), "mp4a.40.2");
  assertEquals(of({ codec: "mpeg4", ...unknown }), "mp4v.20");
  const wrong = { level: NaN, profile: "High", extradata: { 0: 1, 1: 100 }, width: "1280", frameRate: 25 };
  for (const [name, value] of Object.entries(wrong)) {
    const error = assertThrows(() => of({ codec: "h264", profile: 100, level: 31, [name]: value }));
    assertStringIncludes(error.message, `parameters.${name}: `);
  }
});

Deno.test("getPacket and getKeyPacket at any time behind the end are those at the end", () => {
  using demuxer = Demuxer.openSync(film);
  const at = (time: number) => [demuxer.getPacketSync(time)?.pts, demuxer.getKeyPacketSync(time)?.pts];
  assertEquals(at(1e300), at(3));
  assertEquals(at(2 ** 53), at(3));
  assertEquals(at(-1e300), [undefined, undefined]);
});

Deno.test("split without options, and setLogLevel of what can't be printed, say what is wrong", () => {
  const without = undefined as unknown as SplitOptions;
  assertEquals(
    assertThrows(() => splitSync(film, without), TypeError).message,
    "options: must be an object, is undefined",
  );
  for (const level of [Object.create(null), Symbol("a"), { toString: () => "info" }]) {
    assertStringIncludes(
      assertThrows(() => setLogLevel(level), TypeError).message,
      "level: must be one of quiet",
    );
  }
});

Deno.test("split reads each option once", () => {
  let reads = 0;
  const options = {
    format: "mp4",
    every: 1,
    onsegment: () => new MemorySink(),
    get resetTimestamps() {
      return reads++ > 0 ? "no" as unknown as boolean : true;
    },
  };
  assertEquals([splitSync(film, options).segments.length, reads], [3, 1]);
});

Deno.test({
  name: "Raw H.264 has the frame rate that it says, unless another is given",
  ignore: libavformat < 61, // which says it of itself
  fn() {
    const sink = new MemorySink();
    const filtered = new MemorySink(); // MPEG-TS has the headers in its packets
    const bitstreamFilter = () => "h264_mp4toannexb,h264_metadata=tick_rate=60000/1001";
    remuxSync(film, filtered, { format: "mpegts", streams: [0], bitstreamFilter });
    remuxSync(filtered.bytes(), sink, { format: "h264" });
    const rate = { num: 30000, den: 1001 };
    const input = { format: "h264" };
    assertEquals(probeSync(sink.bytes(), input).streams[0]!.averageFrameRate, rate);
    const given = probeSync(sink.bytes(), { format: "h264", options: { framerate: 24 } });
    assertEquals(given.streams[0]!.averageFrameRate, { num: 24, den: 1 });
    const mkv = new MemorySink();
    remuxSync(sink.bytes(), mkv, { format: "matroska", input });
    assertEquals(probeSync(mkv.bytes()).streams[0]!.averageFrameRate, rate);
  },
});

Deno.test("A source or sink of a wrong kind is told what it may be, and what it is", () => {
  const kinds: [unknown, string][] = [
    [3, "is a number"],
    [null, "is null"],
    [undefined, "is undefined"],
    [[new Uint8Array(4)], "is an array"],
    [new Map(), "is an object (Map)"],
    [(function* () {})(), "is an object"],
    [{}, "is an object"],
    [new Date(), "is an object (Date)"],
    [() => 0, "is a function"],
  ];
  // deno-lint-ignore no-explicit-any
  type Any = any;
  for (const [value, kind] of kinds) {
    const reading = assertThrows(() => probeSync(value as Any), TypeError) as Any;
    assertEquals(reading.argument, "source");
    assertMatch(
      reading.message,
      /^source: must be a path, URL, bytes, .* or an object with an onread function, is /,
    );
    assertStringIncludes(reading.message, kind);
    const writing = assertThrows(() => Muxer.openSync(value as Any, { format: "mp4" }), TypeError) as Any;
    assertEquals(writing.argument, "sink");
    assertMatch(writing.message, /^sink: must be a path, URL, .* or an object with an onwrite function, is /);
    assertStringIncludes(writing.message, kind);
  }
});

Deno.test("A getter of an argument may close the Muxer: the call throws a ClosedError", async () => {
  using demuxer = Demuxer.openSync(film);
  const stream = demuxer.streams[0]!, packet = { ...demuxer.readSync()!, streamIndex: 0 };
  const { codecParameters } = stream;
  const open = () => Muxer.openSync(new MemorySink(), { format: "matroska" });
  const calls: ((muxer: Muxer, closing: <T extends object>(of: T, name: keyof T) => T) => unknown)[] = [
    (muxer, closing) => muxer.addStream(stream, { metadata: closing({ title: "x" }, "title") }),
    (muxer, closing) => muxer.addStream(closing({ ...stream }, "metadata")),
    (muxer, closing) =>
      muxer.addStream({ ...stream, codecParameters: closing({ ...codecParameters }, "width") }),
    (muxer, closing) => muxer.addStream(closing({ ...codecParameters }, "width")),
    (muxer, closing) => muxer.addChapters([closing({ id: 0, start: 0, end: 1, metadata: {} }, "end")]),
    (muxer, closing) => muxer.writeSync(closing({ ...packet }, "data")),
    (muxer, closing) => muxer.write(closing({ ...packet }, "data")),
    async (muxer, closing) => {
      await muxer.start();
      await muxer.write(closing({ ...packet }, "data"));
    },
  ];
  for (const call of calls) {
    using muxer = open();
    muxer.addStream(stream);
    const closing = <T extends object>(of: T, name: keyof T): T => {
      const { [name]: value } = of;
      const get = () => (muxer[Symbol.dispose](), value);
      return Object.defineProperty(of, name, { get, enumerable: true });
    };
    await assertRejects(async () => await call(muxer, closing), ClosedError);
  }
});
