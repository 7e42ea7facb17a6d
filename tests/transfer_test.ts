/**
 * remux, concat and split: what happens to unused sources and sinks after a wrong argument or a failure; and a muxer
 * that rereads its output gets what it has written.
 */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  concat,
  Demuxer,
  MemorySink,
  Muxer,
  probe,
  remux,
  type RemuxOptions,
  RemuxStream,
  split,
  withinDirectory,
} from "@avio/avio";
import { chunksOf, rejectionOf, soon, WatchedSink, WatchedSource } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { openFiles } from "./support/many_files.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { libavformat } from "./support/versions.ts";

const media = fixtureBytes("video.mkv");
const source = () => new WatchedSource(chunksOf(media, 5000));

// ------------------------------------------------------------------------------------------- wrong arguments

const wrong: Record<string, Record<string, unknown>> = {
  "input.maxStreams": { input: { maxStreams: 0 } },
  "input.strat": { input: { strat: 1 } },
  "input.timeout": { input: { timeout: -1 } },
  strat: { strat: 1 },
  timeout: { timeout: NaN },
  start: { start: -1 },
  end: { end: NaN },
  bufferSize: { bufferSize: 0 },
  onopen: { onopen: 1 },
  transform: { transform: 1 },
  options: { options: { protocol_whitelist: "file" } },
  signal: { signal: {} },
};

const calls: Record<
  string,
  (stream: ReadableStream, sink: WritableStream, options: RemuxOptions) => unknown
> = {
  remux: (stream, sink, options) => remux(stream, sink, options),
  concat: (stream, sink, options) => concat([stream, stream], sink, options),
  "concat with sources of their own": (stream, sink, { input, ...options }) =>
    concat([media, { source: stream, input: input ?? {} }], sink, options),
  split: (stream, sink, options) =>
    split(stream, { ...options, format: "matroska", every: 1, onsegment: () => sink }),
  "Demuxer.open": (stream, _, { input }) => Demuxer.open(stream, input),
  probe: (stream, _, { input }) => probe(stream, input),
  "Muxer.open": (_, sink, { input: _input, start: _start, end: _end, transform: _transform, ...options }) =>
    Muxer.open(sink, options),
};

for (const [name, call] of Object.entries(calls)) {
  Deno.test(`${name}: a wrong argument leaves source and sink alone`, async () => {
    for (const [argument, options] of Object.entries(wrong)) {
      const { stream, cancelled, ...watched } = source();
      const sink = new WatchedSink();
      const outcome = await (async () => {
        try {
          return await call(stream, sink.stream, { format: "matroska", ...options } as RemuxOptions);
        } catch (error) {
          return error;
        }
      })();
      const isForIt = name.includes("Demuxer") || name === "probe"
        ? argument.startsWith("input")
        : name !== "Muxer.open" || !/^(input|start|end|transform)/.test(argument);
      if (!isForIt) {
        await (outcome as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
        continue;
      }
      assert(outcome instanceof TypeError || outcome instanceof RangeError, `${argument}: ${outcome}`);
      assertEquals([stream.locked, cancelled, watched.pulls], [false, [], 0], argument);
      assertEquals([sink.stream.locked, sink.aborted, sink.closed], [false, [], 0], argument);
      assert((await new Response(stream).bytes()).length === media.length);
    }
  });
}

Deno.test("A wrong argument leaves the file of the sink alone", async () => {
  const path = await Deno.makeTempFile({ suffix: ".mkv" });
  try {
    await Deno.writeTextFile(path, "precious");
    for (const options of Object.values(wrong)) {
      assertInstanceOf(await rejectionOf(remux(media, path, options as RemuxOptions)) as Error, Error);
      assertEquals(await Deno.readTextFile(path), "precious");
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("new RemuxStream() with a wrong argument throws, or its sides and result have that error", async () => {
  for (const options of Object.values(wrong)) {
    let stream: RemuxStream;
    try {
      stream = new RemuxStream({ format: "matroska", ...options } as { format: string });
    } catch (error) {
      assert(error instanceof TypeError || error instanceof RangeError, String(error));
      continue;
    }
    const error = await soon(rejectionOf(stream.result));
    assertStrictEquals(await soon(rejectionOf(new Response(stream.readable).bytes())), error);
  }
});

// ------------------------------------------------------------------------------------------- failures

Deno.test("concat that fails cancels the sources that were not reached and aborts the sink, with the error", async () => {
  const mine = new Error("mine");
  const failing = {
    onread() {
      throw mine;
    },
  };
  const transform = () => {
    throw mine;
  };
  for (const how of ["source", "transform", "signal"]) {
    const [first, later, last] = [source(), source(), source()];
    const sink = new WatchedSink();
    const controller = new AbortController();
    if (how === "signal") controller.abort(mine);
    const sources = how === "source"
      ? [failing, later.stream, last.stream]
      : [first.stream, later.stream, last.stream];
    const options = {
      format: "matroska",
      signal: controller.signal,
      ...(how === "transform" ? { transform } : {}),
    };
    assertStrictEquals(await rejectionOf(concat(sources, sink.stream, options)), mine, how);
    assertEquals([later.cancelled, last.cancelled], [[mine], [mine]], how);
    assertEquals([later.stream.locked, last.stream.locked, sink.stream.locked], [false, false, false], how);
    assertEquals(sink.aborted, [mine], how);
    if (how === "transform") assertEquals(first.cancelled, [mine]);
  }
});

Deno.test("split that fails aborts the stream of the segment that is being written, and no other", async () => {
  const mine = new Error("mine");
  const sinks: WatchedSink[] = [];
  let count = 0;
  const transform = <T>(packet: T) => {
    if (++count > 150) throw mine;
    return packet;
  };
  const onsegment = (index: number) => (sinks[index] = new WatchedSink()).stream;
  const { stream, cancelled } = source();
  const error = await rejectionOf(split(stream, { format: "matroska", every: 1, onsegment, transform }));
  assertStrictEquals(error, mine);
  assert(sinks.length > 1);
  assertEquals(sinks.map(({ aborted }) => aborted), [...sinks.slice(1).map(() => []), [mine]]);
  assertEquals(sinks.map(({ closed }) => closed), [...sinks.slice(1).map(() => 1), 0]);
  assertEquals(cancelled, [mine]);
});

Deno.test("concat stops reading at `end`: sources after it are cancelled, not opened", async () => {
  const [first, second, third] = [source(), source(), source()];
  const sources = [first.stream, second.stream, third.stream];
  await concat(sources, new MemorySink(), { format: "matroska", end: 1 });
  assertEquals([second.pulls, third.pulls], [0, 0]);
  assertEquals([second.cancelled.length, third.cancelled.length], [1, 1]);
});

Deno.test("An abort by a callback that edits the output: a sink that is opened after it is aborted", async () => {
  const reason = new Error("enough");
  for (const name of ["editChapters", "editMetadata", "bitstreamFilter", "streams"] as const) {
    for (const isStream of [true, false]) {
      const path = await Deno.makeTempFile();
      const sink = new WatchedSink();
      const { stream, cancelled } = source();
      const controller = new AbortController();
      const edit = (value: unknown) => {
        controller.abort(reason);
        return name === "bitstreamFilter" ? undefined : name === "streams" ? true : value;
      };
      const options = { format: "matroska", signal: controller.signal, [name]: edit };
      const remuxing = remux(stream, isStream ? sink.stream : path, options);
      assertStrictEquals(await soon(rejectionOf(remuxing)), reason, name);
      assertEquals([cancelled, stream.locked], [[reason], false], name);
      if (isStream) assertEquals([sink.aborted, sink.stream.locked], [[reason], false], name);
      assertEquals(openFiles(path), 0, name);
      await Deno.remove(path);
    }
  }
});

Deno.test("Closing in reverse order of opening: the sink before the source", async () => {
  const order: string[] = [];
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(media.slice()),
    cancel: () => void order.push("source"),
  });
  const sink = new WritableStream({ abort: () => void order.push("sink") });
  const transform = () => {
    throw new Error("mine");
  };
  await rejectionOf(remux(stream, sink, { format: "matroska", transform }));
  assertEquals(order, ["sink", "source"]);
});

// ------------------------------------------------------------------------------------------- ranges over sources

Deno.test("start and end of concat count over all sources", async () => {
  const bytes = fixtureBytes("video.ts");
  const whole = new MemorySink();
  const { duration } = await concat([bytes, bytes], whole, { format: "mpegts" });
  for (const [start, end] of [[0, 2], [2, 4], [4, 5], [3.5, Infinity], [0.5, 5.5]] as const) {
    const sink = new MemorySink();
    const result = await concat([bytes, bytes], sink, { format: "mpegts", start, end });
    const expected = Math.min(end, duration!) - result.start;
    assert(
      Math.abs(result.duration! - expected) < 0.3,
      `${start} to ${end}: ${result.duration}, not ${expected}`,
    );
    assert(result.start <= start + 0.1);
    assertEquals(rowsOf(sink.bytes()).length, result.packets);
  }
});

// ------------------------------------------------------------------------------------------- rereading outputs

// FFmpeg 5.1 reads the playlist with its own protocols, which avio disables: it begins a new one.
const ignore = libavformat < 61;
Deno.test(
  "append_list with slow sinks: the playlist that is reread is the one that was written",
  { ignore },
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "avio-test-" });
    try {
      const files = withinDirectory(folder, { write: true });
      const onopen: typeof files = async (request) => {
        const place = await files(request);
        if (place === null || request.mode === "read") return place;
        const pieces: Uint8Array[] = [];
        return new WritableStream({
          async write(piece) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            pieces.push(piece);
          },
          close: async () =>
            await Deno.writeFile(String(place), await new Blob(pieces as BlobPart[]).bytes()),
        });
      };
      const options = { hls_time: 1, hls_list_size: 0, hls_flags: "append_list+omit_endlist" };
      for (const count of [1, 2, 3]) {
        await remux(media, `${folder}/x.m3u8`, { format: "hls", onopen, options, bufferSize: 512 });
        const list = await Deno.readTextFile(`${folder}/x.m3u8`);
        const names = list.split("\n").filter((line) => line.endsWith(".ts"));
        assertEquals(names, Array.from({ length: names.length }, (_, i) => `x${i}.ts`));
        assert(names.length >= 3 * count, list);
        for (const name of names) assert((await Deno.stat(`${folder}/${name}`)).size > 0);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("A nested file that is rewritten shorter does not keep the rest of the first version", async () => {
  const folder = await Deno.makeTempDir({ prefix: "avio-test-" });
  try {
    const onopen = withinDirectory(folder, { write: true });
    for (const run of [remux]) {
      // Each segment has the same name, so that each is written over the one before.
      const longest = { format: "segment", onopen, options: { segment_time: 1, segment_wrap: 1 } };
      await run(media, `${folder}/x%d.ts`, longest);
      const bytes = await Deno.readFile(`${folder}/x0.ts`);
      const last: MemorySink[] = [];
      await split(media, {
        format: "mpegts",
        every: 1,
        onsegment: () => last[last.length] = new MemorySink(),
      });
      const hashes = (bytes: Uint8Array) =>
        hashesByStream(rowsOf(bytes as Uint8Array<ArrayBuffer>)).flat().length;
      assert(Math.abs(hashes(bytes) - hashes(last.at(-1)!.bytes())) <= 2);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
