/**
 * Checks of arguments: for every public function and option, a value of the wrong type or out of range, or an unknown
 * name, is a TypeError or RangeError whose message begins with the argument's name, which is also in `argument`.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type Chapter,
  type CodecParameters,
  codecString,
  concat,
  concatSync,
  Demuxer,
  type DemuxerOptions,
  formatOptions,
  fromMap,
  guessFormat,
  type HttpOptions,
  IOContext,
  MemorySink,
  mergeSync,
  Muxer,
  type MuxerOptions,
  onLog,
  Packet,
  type PacketInit,
  probe,
  probeSync,
  remux,
  type RemuxOptions,
  RemuxStream,
  remuxSync,
  type SeekOptions,
  type SessionOptions,
  setLogLevel,
  sideDataFields,
  split,
  type SplitOptions,
  splitSync,
  type StreamInit,
  type StreamLike,
  withinDirectory,
  type WithinDirectoryOptions,
  withinOrigin,
  type WithinOriginOptions,
} from "@avio/avio";
import { encodePairs } from "../ffi/library.ts";
import { rejectionOf } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const video = () => fixtureBytes("video.mp4");

// ------------------------------------------------------------------------------------------- tables

/** A wrong value, the class of its error, and the name in the message, if it isn't the argument's. */
type Row = [value: unknown, Expected: ErrorConstructor, argument?: string];

/** By the argument's name. */
type Table<Name extends string = string> = Record<Name, Row[]>;

const T = TypeError;
const R = RangeError;

/** What is wrong with the error for an argument; null if it is right. */
function faultOf(error: unknown, Expected: ErrorConstructor, argument: string): string | null {
  if (!(error instanceof Expected)) return `is ${error}, must be a ${Expected.name}`;
  if (!error.message.startsWith(`${argument}: `)) return `does not begin with ${argument}: ${error.message}`;
  const named = (error as Error & { argument?: unknown }).argument;
  return named === argument ? null : `its argument is ${named}: ${error.message}`;
}

/** The error that `use` throws or rejects with. */
async function errorOf(use: () => unknown): Promise<unknown> {
  try {
    const result = await use() as Any;
    await result?.[Symbol.asyncDispose]?.();
    result?.[Symbol.dispose]?.();
    return "no error";
  } catch (error) {
    return error;
  }
}

/** A test of every row, which fails with all that are wrong; `use` gets the argument's name and the value. */
function testTable(
  name: string,
  table: Table,
  use: (name: string, value: Any) => unknown,
  prefix = "",
): void {
  Deno.test(`${name} checks its arguments`, async () => {
    const faults: string[] = [];
    for (const [argument, rows] of Object.entries(table)) {
      for (const [value, Expected, named = argument] of rows) {
        const fault = faultOf(await errorOf(() => use(argument, value)), Expected, prefix + named);
        if (fault) faults.push(`${argument} = ${Deno.inspect(value)}: ${fault}`);
      }
    }
    assertEquals(faults, []);
  });
}

/** The same for functions that take an object with the arguments. */
function testOptions(name: string, table: Table, use: (options: Any) => unknown, prefix = ""): void {
  testTable(name, table, (argument, value) => use({ [argument]: value }), prefix);
}

const noString: Row[] = [[5, T], [null, T], [{}, T], ["a\0b", T]];
const noBoolean: Row[] = [["yes", T], [1, T], [null, T]];
const noFunction: Row[] = [[5, T], ["x", T], [null, T], [{}, T]];
const noObject: Row[] = [[5, T], ["x", T], [null, T], [true, T], [[1], T]];
/** And objects that have none of the fields, which would have no effect. */
const noFields: Row[] = [
  ...noObject,
  ...[new ArrayBuffer(8), new DataView(new ArrayBuffer(8)), new Uint8Array(8), new Date(), new Map()].map(
    (value): Row => [value, T],
  ),
  [Promise.resolve({}), T],
  [
    new (class Settings {
      other = 1;
    })(),
    T,
  ],
  [() => {}, T],
];
const noArray: Row[] = [[5, T], ["x", T], [null, T], [{}, T]];
const noBytes: Row[] = [[undefined, T], [null, T], ["x", T], [[1], T], [new ArrayBuffer(4), T], [
  new Uint16Array(2),
  T,
]];
const noFraction: Row[] = [[5, T], ["25/1", T]];
const noNumber: Row[] = [["1", T], [null, T], [5n, T], [NaN, R]];

/** A whole number from `min` on. */
const noInteger = (min: number): Row[] => [...noNumber, [0.5, R], [Infinity, R], [min - 1, R]];

/** Unknown names. */
const unknown: Table = { strat: [[1, T], [undefined, T]], Format: [["mp4", T]] };

/** The table with names as errors have them within `name`. */
function within(name: string, table: Table): Row[] {
  return Object.entries(table).flatMap(([field, rows]) =>
    rows.map(([value, Expected, named = field]): Row => [{ [field]: value }, Expected, `${name}.${named}`])
  );
}

// ------------------------------------------------------------------------------------------- options

const tags: Row[] = [
  [5, T],
  ["x", T],
  [null, T],
  [{ a: 5 }, T, "metadata.a"],
  [{ a: null }, T, "metadata.a"],
  [
    { "a\0": "x" },
    T,
  ],
];

const sessionTable: Table<keyof SessionOptions> = {
  options: [
    ...noObject,
    [{ a: {} }, T, "options.a"],
    [{ a: null }, T, "options.a"],
    [{ a: "x\0" }, T, "options.a"],
    [{ "a\0": "x" }, T],
    [{ protocol_whitelist: "file" }, T, "options.protocol_whitelist"],
    [{ a: "protocol_whitelist=file" }, T, "options.a"],
  ],
  bufferSize: [...noInteger(1), [2 ** 31, R]],
  url: noString,
  onopen: noFunction,
  signal: [[5, T], [null, T], [{}, T], [{ aborted: false }, T]],
  maxMemory: noInteger(4194304),
  timeout: [...noNumber, [-1, R], [-Infinity, R]],
};

const httpTable: Table<keyof HttpOptions> = {
  fetch: noFunction,
  headers: [[5, T], [[["a"]], T], [{ "a b": "x" }, T]],
  retries: noInteger(0),
  retryDelay: [...noNumber, [-1, R]],
  maxRetryDelay: [...noNumber, [-1, R], [2 ** 31, R]],
};

const demuxerTable: Table<keyof DemuxerOptions> = {
  ...sessionTable,
  options: [...sessionTable.options, [{ nope: 1 }, T, "options.nope"]],
  format: noString,
  formats: [...noArray, [[], R], [["nope"], R], [["mov,mp4"], R], [[5], T]],
  findStreamInfo: noBoolean,
  probeSize: [...noNumber, [31, R], [1e300, R], [Infinity, R]],
  analyzeDuration: [...noNumber, [-1, R], [1e300, R], [Infinity, R]],
  maxStreams: [...noInteger(1), [2e6, R]],
  maxPacketSize: noInteger(1),
  maxOpenSize: noInteger(1),
  strict: noBoolean,
  onwarning: noFunction,
  http: [...noFields, ...within("http", { ...httpTable, ...unknown })],
};

const chapter: Chapter = { id: 0, start: 0, end: 1, metadata: {} };
const chapterTable: Table<Exclude<keyof Chapter, "timeBase">> = {
  id: [["x", T], [0.5, R]],
  start: [["0", T], [NaN, R], [undefined, T]],
  end: [["1", T], [-1, R], [Infinity, R], [undefined, T]],
  metadata: [[5, T], [{ a: 5 }, T, "metadata.a"]],
};

/** Of a list of chapters, called `name`. */
function chapterRows(name: string): Row[] {
  return Object.entries<Row[]>({ ...chapterTable, ...unknown }).flatMap(([field, rows]) =>
    rows.map(([value, Expected, named = field]): Row => [
      [chapter, { ...chapter, [field]: value }],
      Expected,
      `${name}[1].${named}`,
    ])
  );
}

const muxerTable: Table<keyof MuxerOptions> = {
  ...sessionTable,
  format: noString,
  tags: [...noFields, [{ title: 5 }, T, "tags.title"], [{ Title: "x" }, T, "tags.Title"]],
  metadata: tags,
  chapters: [...noArray, [[null], T, "chapters[0]"], [[5], T, "chapters[0]"], ...chapterRows("chapters")],
  coalesce: noBoolean,
  ondelete: noFunction,
};

/** The input's options as those of a remux. */
const inputRows: Row[] = [...noFields, ...within("input", { ...demuxerTable, ...unknown })];

const remuxTable: Table<keyof RemuxOptions> = {
  ...muxerTable,
  options: [...muxerTable.options, [{ nope: 1 }, T, "options.nope"]],
  input: inputRows,
  streams: [
    [5, T],
    ["x", T],
    [null, T],
    [[], T],
    [[7], R],
    [[0, 0], R],
    [["0"], T, "streams[0]"],
    [[-1], R, "streams[0]"],
    [[0, null], T, "streams[1]"],
    [[0, { index: -1 }], R, "streams[1].index"],
    [[0, { index: 1, tag: 5 }], T, "streams[1].tag"],
    [[0, { index: 1, id: 0.5 }], R, "streams[1].id"],
    [[0, { index: 1, disposition: "default" }], T, "streams[1].disposition"],
    [[0, { index: 1, disposition: [""] }], T, "streams[1].disposition"],
    [[0, { index: 1, metadata: { title: 5 } }], T, "streams[1].metadata.title"],
    [[0, { index: 1, order: 1 }], T, "streams[1].order"],
    [[0, { index: 1, Tag: "hvc1" }], T, "streams[1].Tag"],
    [() => ({ Tag: "hvc1" }), T, "streams.Tag"],
    [() => ({ order: "first" }), T, "streams.order"],
    [() => false, T],
  ],
  editMetadata: [[5, T], [null, T], [() => 5, T], [() => ({ a: 5 }), T, "editMetadata.a"]],
  editChapters: [[5, T], [null, T], [() => 5, T], [() => [{ ...chapter, id: "x" }], T, "editChapters[0].id"]],
  bitstreamFilter: [...noFunction, [() => "nope", T]],
  start: [...noNumber, [-1, R], [Infinity, R], [99, R]],
  end: [...noNumber, [-1, R], [0, R]],
  ranges: [
    ...noArray,
    [[], R],
    [[null], T, "ranges[0]"],
    [[{ start: "0" }], T, "ranges[0].start"],
    [[{ start: 1, end: 1 }], R, "ranges[0].end"],
    [[{ end: 2 }, { start: 1 }], R, "ranges[1].start"],
    [[{ stop: 2 }], T, "ranges[0].stop"],
  ],
  timestamps: [["", T], ["Keep", T], [true, T], [null, T], [0, T]],
  transform: [
    ...noFunction,
    [() => 5, T, "packet"],
    [() => ({ streamIndex: 0 }), T, "packet.data"],
    [(packet: Packet) => ({ ...packet, Pts: 1 }), T, "packet.Pts"],
    [(packet: Packet) => new Packet({ ...packet, streamIndex: 9 }), R, "packet.streamIndex"],
  ],
  onstart: noFunction,
  onprogress: noFunction,
  onwarning: noFunction,
  stop: [[5, T], [{}, T]],
  strict: noBoolean,
};

const {
  url: _url,
  onopen: _onopen,
  chapters: _chapters,
  editChapters: _edit,
  ranges: _ranges,
  ...sharedTable
} = remuxTable;

const splitTable: Table<keyof SplitOptions> = {
  ...sharedTable,
  format: [...noString, [undefined, T]],
  every: [...noNumber, [0, R], [-1, R], [Infinity, R], [undefined, T]],
  at: [["scenes", T], [5, T], [null, T], [["1"], T, "at[0]"], [[2, 1], R, "at[1]"], [[-1], R, "at[0]"]],
  count: [...noNumber, [0, R], [1.5, R]],
  size: [...noNumber, [0, R], [1.5, R]],
  resetTimestamps: noBoolean,
  onsegment: [...noFunction, [undefined, T], [() => 5, T, "sink"]],
};

const sink = () => new MemorySink();
const segments = { format: "mp4", every: 1, onsegment: sink };

for (
  const [name, open] of [
    ["Demuxer.openSync()", (options) => Demuxer.openSync(video(), options)],
    ["Demuxer.open()", (options) => Demuxer.open(video(), options)],
    ["probeSync()", (options) => probeSync(video(), options)],
    ["probe()", (options) => probe(video(), options)],
  ] as [string, (options: Any) => unknown][]
) {
  testOptions(name, { ...demuxerTable, ...unknown }, open);
  testTable(`${name} with another thing`, { options: noFields }, (_, options) => open(options));
}

for (
  const [name, table, use] of [
    ["Muxer.openSync()", muxerTable, (options) => Muxer.openSync(sink(), { format: "mp4", ...options })],
    ["Muxer.open()", muxerTable, (options) => Muxer.open(sink(), { format: "mp4", ...options })],
    ["remuxSync()", remuxTable, (options) => remuxSync(video(), sink(), { format: "mp4", ...options })],
    ["remux()", remuxTable, (options) => remux(video(), sink(), { format: "mp4", ...options })],
    ["concatSync()", remuxTable, (options) => concatSync([video()], sink(), { format: "mp4", ...options })],
    ["concat()", remuxTable, (options) => concat([video()], sink(), { format: "mp4", ...options })],
    ["splitSync()", splitTable, (options) => splitSync(video(), { ...segments, ...options })],
    ["split()", splitTable, (options) => split(video(), { ...segments, ...options })],
  ] as [string, Table, (options: Any) => unknown][]
) {
  const missing: Table = table === splitTable ? { url: [["x", T]], chapters: [[[], T]] } : {};
  testOptions(name, { ...table, ...unknown, ...missing }, use);
}

testTable(
  "a function that takes options",
  { options: noFields },
  (_, value) => Muxer.openSync(sink(), value),
);
testTable("remuxSync() with another thing", { options: noFields }, (_, value) => {
  remuxSync(video(), sink(), value);
});
testTable("splitSync() with another thing", { options: noFields }, (_, value) => splitSync(video(), value));

const streamTable: Table = { ...sessionTable, ...unknown, metadata: tags, start: [["1", T]] };
testOptions("RemuxStream()", streamTable, (options) => {
  const stream = new RemuxStream({ format: "matroska", ...options });
  stream.writable.abort();
  return stream.result;
});
testOptions("RemuxStream() without a format", { format: [...noString, [undefined, T]] }, (options) => {
  new RemuxStream(options);
});

// ------------------------------------------------------------------------------------------- defaults

Deno.test("Infinity is accepted where it is the default and means no limit", async () => {
  for (const timeout of [Infinity, 2 ** 31, Number.MAX_VALUE]) {
    const bytes = video();
    let at = 0;
    const slow = {
      onread: async (buffer: Uint8Array) => {
        await new Promise((resolve) => setTimeout(resolve, at === 0 ? 10 : 0)); // a timer of 1 ms would end it
        const chunk = bytes.subarray(at, at += buffer.length);
        buffer.set(chunk);
        return chunk.length;
      },
      onseek: (offset: number, whence: number) => whence === 65536 ? bytes.length : at = offset,
    };
    assertEquals((await probe(slow, { timeout })).streams.length, 2);
    const options: RemuxOptions = { format: "matroska", timeout, end: Infinity, input: { timeout } };
    at = 0;
    assertEquals((await remux(slow, sink(), options)).packets, 206);
  }
  const toTheEnd: [use: (options: { end?: number }) => { packets: number }][] = [
    [(options) => remuxSync(video(), sink(), { format: "matroska", ...options })],
    [(options) => concatSync([video(), video()], sink(), { format: "mp4", ...options })],
    [(options) => splitSync(video(), { ...segments, ...options })],
  ];
  for (const [use] of toTheEnd) assertEquals(use({ end: Infinity }).packets, use({}).packets);
  using demuxer = Demuxer.openSync(video());
  demuxer.seekSync(1, { min: -Infinity, max: Infinity });
  demuxer.seekSync(1, { min: -Infinity, backward: false });
  demuxer.seekSync(1, { max: Infinity });
  assert(demuxer.readSync());
});

Deno.test("undefined is the same as a missing option", () => {
  const nothing = (table: Table): Any =>
    Object.fromEntries(Object.keys(table).map((name) => [name, undefined]));
  assertEquals(probeSync(video(), nothing(demuxerTable)).streams.length, 2);
  const options = { ...nothing(remuxTable), format: "matroska" };
  assertEquals(remuxSync(video(), sink(), options).packets, 206);
  assertEquals(remuxSync(video(), sink(), { ...options, input: nothing(demuxerTable) }).packets, 206);
  assertEquals(splitSync(video(), { ...nothing(splitTable), ...segments }).packets, 206);
});

// ------------------------------------------------------------------------------------------- sources and sinks

const things: Row[] = [[5, T], [null, T], [undefined, T], [true, T], [{}, T], [[], T], [5n, T], ["", T], [
  "a\0b",
  T,
]];
const sources: Row[] = [
  ...things,
  [() => {}, T],
  [new URL("ftp://localhost/x"), T],
  [{ onread: 5 }, T, "source.onread"],
  [{ onread: null }, T, "source.onread"],
  [{ onread: () => 0, onSeek: () => 0 }, T, "source.onSeek"],
];
const sinks: Row[] = [
  ...things,
  [new Uint8Array(5), T],
  ["http://localhost/x.mp4", T],
  [{ onwrite: "x" }, T, "sink.onwrite"],
  [{ onwrite: () => {}, onclose: () => {} }, T, "sink.onclose"],
];

testTable("Demuxer.openSync() of sources", { source: sources }, (_, source) => Demuxer.openSync(source));
testTable("Demuxer.open() of sources", { source: sources }, (_, source) => Demuxer.open(source));
testTable("probeSync() of sources", { source: sources }, (_, source) => probeSync(source));
testTable("remuxSync() of sources", { source: sources }, (_, source) => {
  remuxSync(source, sink(), { format: "mp4" });
});
testTable(
  "Muxer.openSync() of sinks",
  { sink: sinks },
  (_, sink) => Muxer.openSync(sink, { format: "mp4" }),
);
testTable("Muxer.open() of sinks", { sink: sinks }, (_, sink) => Muxer.open(sink, { format: "mp4" }));
testTable("remux() of sinks", { sink: sinks }, (_, sink) => remux(video(), sink, { format: "mp4" }));
testTable("concatSync() of sources", {
  sources: [
    [5, T],
    ["x", T],
    [[], T],
    [[video(), fixtureBytes("audio.wav")], T, "sources[1]"],
    [[video(), fixtureBytes("video.avi")], T, "sources[1]"],
  ],
}, (_, sources) => concatSync(sources, sink(), { format: "matroska" }));

Deno.test("Objects and class instances with callbacks may have other members", () => {
  class Reader {
    #bytes = video();
    #at = 0;
    close = () => {};
    onread(buffer: Uint8Array) {
      const chunk = this.#bytes.subarray(this.#at, this.#at += buffer.length);
      buffer.set(chunk);
      return chunk.length;
    }
    onseek(offset: number, whence: number) {
      return whence === 65536 ? this.#bytes.length : this.#at = offset;
    }
    onSomethingElse() {}
  }
  assertEquals(probeSync(new Reader()).streams.length, 2);
  const [bytes, state] = [fixtureBytes("audio.wav"), { position: 0, label: "a reader" }];
  const plain = {
    ...state,
    onread(buffer: Uint8Array) {
      const chunk = bytes.subarray(this.position, this.position += buffer.length);
      buffer.set(chunk);
      return chunk.length;
    },
  };
  assertEquals(probeSync(plain).streams.length, 1);
  using file = Deno.openSync(new URL("../fixtures/video.mp4", import.meta.url));
  assertEquals(probeSync(file).streams.length, 2);
});

// ------------------------------------------------------------------------------------------- what callbacks return

/** The error of a callback whose message begins with its name and these words. */
function checkReturned(
  use: () => unknown,
  Expected: ErrorConstructor,
  callback: string,
  words: RegExp,
): void {
  const error = assertThrows(use, Expected) as Error & { argument?: string };
  assertMatch(error.message, words);
  assertEquals([error.message.split(" ")[0], error.argument], [callback, callback]);
}

Deno.test("Errors about results of callbacks begin with the callback's name", () => {
  const read = (result: Any) => () => probeSync({ onread: () => result });
  checkReturned(read(1e6), R, "onread", /^onread returned 1000000; at most 65536 bytes were requested$/);
  checkReturned(read(-1), R, "onread", /^onread returned -1: it must be a number from 0 to 65536$/);
  checkReturned(read(0.5), R, "onread", /^onread returned 0.5: it must be a whole number below 2\^53$/);
  checkReturned(read("1"), T, "onread", /^onread returned a string: it must be a number$/);
  checkReturned(read([]), T, "onread", /^onread returned an array: it must be a number$/);
  const take = (onwrite: Any) => () => {
    using io = new IOContext(512, { onwrite });
    io.writeSync(new Uint8Array(512));
    io.flushSync();
  };
  checkReturned(take(() => 0), R, "onwrite", /^onwrite returned 0: it must take at least one of 512 bytes$/);
  checkReturned(
    take(() => -1),
    R,
    "onwrite",
    /^onwrite returned -1: it must take at least one of 512 bytes$/,
  );
  checkReturned(take(() => 513), R, "onwrite", /^onwrite returned 513; there were 512 bytes to take$/);
  checkReturned(take(() => ({})), T, "onwrite", /^onwrite returned an object: it must be a number$/);
  checkReturned(take(() => null), T, "onwrite", /^onwrite returned null: it must be a number$/);
  const seek = (result: Any) => () => {
    using io = new IOContext(16, { onread: () => 0, onseek: () => result });
    io.seekSync(1e6);
  };
  checkReturned(seek(undefined), T, "onseek", /^onseek returned undefined: it must be a number$/);
  checkReturned(seek(NaN), R, "onseek", /^onseek returned NaN: it must be a whole number below 2\^53$/);
  const choosing = () =>
    remuxSync(video(), sink(), { format: "mp4", streams: () => Promise.resolve(true) as Any });
  checkReturned(choosing, T, "streams", /^streams returned a promise/);
});

// ------------------------------------------------------------------------------------------- IOContext

testTable("IOContext()", {
  buffer: [[undefined, T], [null, T], ["x", T], [{}, T], [[], T], [true, T], [5n, T], [0, R], [-1, R], [
    1.5,
    R,
  ], [
    NaN,
    R,
  ], [2 ** 31, R]],
}, (_, value) => new IOContext(value));
testOptions(
  "IOContext() with callbacks",
  {
    onread: noFunction,
    onwrite: noFunction,
    onseek: noFunction,
    onSeek: [[() => 0, T]],
    read: [[() => 0, T]],
  },
  (options) => new IOContext(10, options),
  "options.",
);
testTable("IOContext() with another thing", { options: noFields }, (_, value) => new IOContext(10, value));
Deno.test("IOContext() with bytes at the wrong place, or callbacks that wouldn't be called, says what to do", () => {
  const bytes = new Uint8Array(8);
  const calls: Record<string, () => unknown> = {
    "options: must be an object with callbacks, is a Uint8Array; new IOContext(bytes) reads bytes": () =>
      new IOContext(1024, bytes as Any),
    "options: must be an object with callbacks, is an ArrayBuffer; new IOContext(bytes) reads bytes": () =>
      new IOContext(1024, bytes.buffer as Any),
    "options: must be an object with callbacks (onread, onwrite, onseek), is a Date": () =>
      new IOContext(1024, new Date() as Any),
    "options: an IOContext over bytes calls no callbacks; with callbacks, buffer is the size of theirs": () =>
      new IOContext(bytes, { onread: () => 0 }),
  };
  for (const [message, call] of Object.entries(calls)) {
    assertEquals(assertThrows(call, TypeError).message, message);
  }
});
testTable("IOContext.readSync(), seekSync()", {
  into: noBytes,
  offset: [[undefined, T], ...noNumber, [0.5, R], [Infinity, R], [2 ** 53, R]],
  whence: [[null, T], ["x", T], [{}, T], [NaN, R], [1.5, R]],
}, (name, value) => {
  using io = new IOContext(new Uint8Array(10));
  if (name === "into") io.readSync(value);
  else if (name === "offset") io.seekSync(value);
  else io.seekSync(0, value);
});
Deno.test("IOContext.seekSync() refuses a whence that isn't in constants.seek", () => {
  using io = new IOContext(new Uint8Array(10));
  for (const whence of [3, -1]) {
    assertThrows(() => io.seekSync(0, whence), RangeError, "whence: must be one of");
  }
});
testTable("IOContext.writeSync()", { bytes: noBytes }, (_, value) => {
  using io = new IOContext(16, { onwrite() {} });
  io.writeSync(value);
});

// ------------------------------------------------------------------------------------------- Demuxer

const seekTable: Table<keyof SeekOptions> = {
  min: [...noNumber, [2, R]],
  max: [...noNumber, [0.5, R]],
  backward: noBoolean,
  any: noBoolean,
};

testOptions("Demuxer.seekSync() with options", { ...seekTable, ...unknown }, (options) => {
  using demuxer = Demuxer.openSync(video());
  demuxer.seekSync(1, options);
});
testOptions("Demuxer.seek() with options", { ...seekTable, ...unknown }, async (options) => {
  await using demuxer = await Demuxer.open(video());
  await demuxer.seek(1, options);
});
testTable("Demuxer", {
  target: [
    [undefined, T],
    ...noNumber,
    [true, T],
    [Infinity, R],
    [{}, T, "target.streamIndex"],
    [{ streamIndex: 9, timestamp: 0 }, R, "target.streamIndex"],
    [{ streamIndex: "0", timestamp: 0 }, T, "target.streamIndex"],
    [{ streamIndex: 0 }, T, "target.timestamp"],
    [{ streamIndex: 0, timestamp: 0.5 }, R, "target.timestamp"],
    [{ streamIndex: 0, timestamp: 0, backward: true }, T, "target.backward"],
    [{ byte: -1 }, R, "target.byte"],
    [{ byte: "1" }, T, "target.byte"],
    [{ byte: 1, any: true }, T, "target.any"],
  ],
  options: noFields,
  streamIndex: [[undefined, T], ["0", T], [-1, R], [2, R], [0.5, R]],
  type: [["x", T], [5, T], [null, T], [undefined, T], [Symbol("x"), T]],
  bestStream: [[5, T, "options"], [{ related: 9 }, R, "related"], [{ related: null }, T, "related"], [
    { relatedTo: 0 },
    T,
    "relatedTo",
  ]],
  discard: [...noBoolean, [undefined, T]],
}, (name, value) => {
  using demuxer = Demuxer.openSync(video());
  if (name === "target") demuxer.seekSync(value);
  if (name === "options") demuxer.seekSync(1, value);
  if (name === "streamIndex") demuxer.index(value);
  if (name === "type") demuxer.bestStream(value);
  if (name === "bestStream") demuxer.bestStream("audio", value);
  if (name === "discard") demuxer.streams[0]!.discard = value;
});

// ------------------------------------------------------------------------------------------- Muxer

const aac = { type: "audio", codec: "aac", sampleRate: 44100, channels: 2 } as const;
const h264 = { type: "video", codec: "h264", width: 64, height: 64 } as const;

const whole: Row[] = [["5", T], [true, T], [-1, R], [0.5, R], [2 ** 40, R]];
const name: Row[] = [[5, T], ["a\0b", T]];
const named: Row[] = [...name, ["nope", T]];

const parameterTable: Table<keyof CodecParameters> = {
  type: [[undefined, T], [null, T], [5, T], ["nope", T]],
  codec: [[undefined, T], [null, T], ...named],
  tag: [...name, ["abcde", T]],
  bitRate: [["1", T], [{}, T], [-1, R], [NaN, R], [0.5, R]],
  profile: [["1", T], [0.5, R], [2 ** 40, R]],
  profileName: [],
  level: [["1", T], [0.5, R], [2 ** 40, R]],
  extradata: noBytes.filter(([value]) => value !== undefined && value !== null),
  width: whole,
  height: whole,
  pixelFormat: named,
  sampleAspectRatio: [...noFraction, [{ num: 1 }, T, "sampleAspectRatio.den"]],
  frameRate: [...noFraction, [{ num: -1, den: 1 }, R, "frameRate.num"]],
  colorSpace: named,
  colorRange: named,
  colorPrimaries: named,
  colorTransfer: named,
  chromaLocation: named,
  fieldOrder: named,
  videoDelay: [...whole, [17, R]],
  sampleRate: whole,
  sampleFormat: named,
  channels: [...whole, [5000, R]],
  channelLayout: [...named, ["1025C", T], ["268435456 channels", T]],
  frameSize: whole,
  blockAlign: whole,
  bitsPerSample: [],
  bitsPerCodedSample: whole,
  bitsPerRawSample: whole,
  initialPadding: whole,
  trailingPadding: whole,
  seekPreroll: whole,
};

const noSideData: Row[] = [
  ...noArray,
  [[null], T, "sideData[0]"],
  [[{}], T, "sideData[0].type"],
  [[{ type: 5, data: new Uint8Array(1) }], T, "sideData[0].type"],
  [[{ type: "Display Matrix", data: [1] }], T, "sideData[0].data"],
  [[{ type: "Display Matrix", data: new Uint8Array(36), size: 36 }], T, "sideData[0].size"],
];

const initTable: Table<keyof StreamInit> = {
  timeBase: [[5, T], [{}, T, "timeBase.num"], [{ num: 0, den: 1 }, R], [
    { num: -1, den: 1 },
    R,
    "timeBase.num",
  ]],
  metadata: [[5, T], ["x", T], [null, T], [{ a: 1 }, T, "metadata.a"]],
  disposition: [["default", T], [5, T], [[5], T], [["nope"], T], [[""], T], [["default,forced"], T]],
  id: [["x", T], [null, T], [0.5, R], [2 ** 40, R]],
  sideData: noSideData,
  averageFrameRate: [[5, T], [{ num: -1, den: 1 }, R, "averageFrameRate.num"]],
  bitstreamFilter: [[5, T], ["nope", T]],
};

const adding = (from: Any, init?: Any) => {
  using muxer = Muxer.openSync(sink(), { format: "matroska" });
  muxer.addStream(from, init);
};

testOptions("Muxer.addStream() of parameters", { ...parameterTable, ...unknown }, (parameters) => {
  adding("pixelFormat" in parameters ? { ...h264, ...parameters } : { ...aac, ...parameters });
});
testOptions("Muxer.addStream() with settings", { ...initTable, ...unknown }, (init) => adding(aac, init));
testTable("Muxer.addStream()", {
  from: [
    ...noObject,
    [undefined, T],
    [{ codecParameters: null }, T, "from.codecParameters"],
    [{ ...stream(), codecParameters: { ...aac, tag: 5 } }, T, "from.codecParameters.tag"],
    [{ ...stream(), codecParameters: { ...aac, tag: "", Width: 5 } }, T, "Width"],
  ],
  init: noFields,
}, (name, value) => name === "from" ? adding(value) : adding(aac, value));

function stream(): StreamLike {
  return { ...probeSync(video()).streams[1]! };
}

Deno.test("Muxer.addStream() takes streams of probe() and Demuxer", () => {
  using demuxer = Demuxer.openSync(video());
  using muxer = Muxer.openSync(sink(), { format: "matroska" });
  for (const stream of [...demuxer.streams, ...probeSync(video()).streams]) {
    muxer.addStream(stream);
    muxer.addStream({ ...stream });
    muxer.addStream(stream.codecParameters);
  }
  assertEquals(muxer.streams.length, 12);
});

// ------------------------------------------------------------------------------------------- packets

const timestamp: Row[] = [["1", T], [5n, T], [{}, T], [0.5, R], [NaN, R], [Infinity, R], [2 ** 53, R]];
const packetTable: Table<keyof PacketInit> = {
  streamIndex: [[undefined, T], ...noInteger(0)],
  data: noBytes,
  pts: timestamp,
  dts: timestamp,
  duration: timestamp,
  timeBase: [[5, T], [{}, T, "timeBase.num"], [{ num: 0, den: 1 }, R], [
    { num: 1, den: -1 },
    R,
    "timeBase.den",
  ]],
  isKey: [["x", T], [1, T]],
  isCorrupt: [["x", T], [1, T]],
  isDiscard: [["x", T], [1, T]],
  pos: [["x", T], [0.5, R]],
  sideData: noSideData.filter(([value]) => value !== null),
};
const packetOf = (fields: object): Any => ({ streamIndex: 0, data: new Uint8Array(4), ...fields });

testOptions(
  "Packet()",
  { ...packetTable, ...unknown, time: [[5, T]] },
  (fields) => new Packet(packetOf(fields)),
  "packet.",
);
testTable(
  "Packet() of another thing",
  { packet: [...noObject, [undefined, T]] },
  (_, value) => new Packet(value),
);

for (const isAsync of [false, true]) {
  const write = async (packet: Any) => {
    using muxer = Muxer.openSync(sink(), { format: "wav" });
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
    if (isAsync) await muxer.write(packet);
    else muxer.writeSync(packet);
  };
  const method = isAsync ? "write" : "writeSync";
  testOptions(
    `Muxer.${method}()`,
    { ...packetTable, streamIndex: [[5, R], [-1, R]], ...unknown },
    (fields) => {
      const packet = { ...new Packet(packetOf({ pts: 0, dts: 0 })) };
      return write(Object.assign(packet, fields));
    },
    "packet.",
  );
  testTable(`Muxer.${method}() of another thing`, { packet: [...noObject, [undefined, T]] }, (_, value) => {
    return write(value);
  });
}

// ------------------------------------------------------------------------------------------- other functions

testTable("formatOptions(), guessFormat(), codecString(), sideDataFields()", {
  name: [...noString, [undefined, T]],
  direction: [["x", T], [5, T], [null, T], [undefined, T]],
  options: noFields,
  guess: [[{ fileName: 5 }, T, "fileName"], [{ mimeType: 5 }, T, "mimeType"], [
    { filename: "x" },
    T,
    "filename",
  ]],
  parameters: [...noObject, [undefined, T], [{}, T, "parameters.codec"]],
  sideData: [...noObject, [{}, T, "sideData.type"], [{ type: "Stereo 3D", data: [1] }, T, "sideData.data"]],
}, (name, value) => {
  if (name === "name") formatOptions(value, "input");
  if (name === "direction") formatOptions("mp4", value);
  if (name === "options" || name === "guess") guessFormat(value);
  if (name === "parameters") codecString(value);
  if (name === "sideData") sideDataFields(value);
});

const directoryTable: Table<keyof WithinDirectoryOptions> = { write: noBoolean };
const originTable: Table<keyof WithinOriginOptions> = { path: [[5, T], [null, T], ["/a%2fb/", T]] };

testOptions("withinDirectory()", { ...directoryTable, ...unknown }, (options) => {
  withinDirectory("fixtures", options);
});
testOptions("withinOrigin()", { ...originTable, ...unknown }, (options) => {
  withinOrigin("https://example.com", options);
});
testTable("openers", {
  directory: [[5, T], [null, T], ["", T], [new URL("https://example.com"), T]],
  origin: [[5, T], [null, T], ["example.com", T], ["https://example.com/path", T]],
  files: [[5, T], [{}, T], [null, T]],
}, (name, value) => {
  if (name === "directory") withinDirectory(value);
  if (name === "origin") withinOrigin(value);
  if (name === "files") fromMap(value);
});

testTable("setLogLevel(), onLog()", {
  level: [["loud", T], [5, T], [null, T], [undefined, T], ["__proto__", T]],
  listener: [["x", T], [5, T], [undefined, T], [{}, T]],
}, (name, value) => name === "level" ? setLogLevel(value) : onLog(value));

Deno.test("An error names all unused AVOptions of the output and of the input", async () => {
  for (const [input, prefix, format] of [[false, "", "mp4"], [true, "input.", "the input format"]] as const) {
    const options = { options: { nope: 1, no: 2 } };
    const all = input ? { format: "mp4", input: options } : { format: "mp4", ...options };
    const { message, argument } = await rejectionOf(remux(video(), sink(), all)) as Any;
    const names = [`${prefix}options.nope`, `${prefix}options.no`];
    const [first, second] = names[0] === argument ? names : names.toReversed();
    assertEquals([message, argument], [`${first}: ${format} has no such option, nor ${second}`, first]);
  }
});

Deno.test("Bytes that are more than native code can count are a RangeError, before anything is copied", () => {
  const huge = new Uint8Array(2 ** 32); // 0, if its upper bits were cut; zeros that nobody reads take no memory
  using muxer = Muxer.openSync(sink(), { format: "matroska" });
  const data = { type: "data", codec: "bin_data" } as const,
    packet = { streamIndex: 0, data: new Uint8Array(1) };
  const named = { fileName: "a", mimeType: "a/b" };
  const calls: Record<string, () => unknown> = {
    "packet.data": () => new Packet({ ...packet, data: huge }),
    "packet.sideData[0].data": () =>
      new Packet({ ...packet, sideData: [{ type: "Matroska BlockAdditional", data: huge }] }),
    "packet.sideData": () =>
      new Packet({
        ...packet,
        sideData: new Array(3).fill({ type: "Matroska BlockAdditional", data: huge.subarray(2 ** 31 + 65) }),
      }),
    into: () => new IOContext(new Uint8Array(9)).readSync(huge),
    bytes: () => new IOContext(9, { onwrite() {} }).writeSync(huge),
    extradata: () => muxer.addStream({ ...data, extradata: huge }),
    "sideData[0].data": () => muxer.addStream(data, { sideData: [{ type: "Display Matrix", data: huge }] }),
    "attachments[0].data": () => mergeSync([video()], sink(), { attachments: [{ ...named, data: huge }] }),
    "covers[0].data": () => mergeSync([video()], sink(), { covers: [{ mimeType: "image/png", data: huge }] }),
    tagged: () =>
      encodePairs([["title", "T"], ["tagged", { length: 2 ** 29 - 10, includes: () => false } as Any]]),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = assertThrows(call, RangeError) as RangeError & { argument?: string };
    assertEquals([error.argument, /^[^:]+: must have at most \d+ (bytes|characters)/.test(error.message)], [
      name,
      true,
    ], error.message);
  }
});
