/**
 * Several ranges of a source as one output, and split() at times, at chapters, by count and by size.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Chapter,
  Demuxer,
  MemorySink,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  type Source,
  type SplitOptions,
  type SplitResult,
  splitSync,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";

const VIDEO = fixturePath("video.mp4"); // three seconds, with a key frame in each

function cut(source: Source, options: RemuxOptions) {
  const sink = new MemorySink();
  return { result: remuxSync(source, sink, { format: "matroska", ...options }), bytes: sink.bytes() };
}

function pieces(options: Partial<SplitOptions>): SplitResult & { sinks: MemorySink[] } {
  const sinks: MemorySink[] = [];
  const onsegment = (index: number) => sinks[index] = new MemorySink();
  return { ...splitSync(VIDEO, { format: "mp4", onsegment, ...options } as SplitOptions), sinks };
}

const chapters: Chapter[] = [0, 1, 2].map((start) => ({
  id: start,
  start,
  end: start + 1,
  metadata: { title: `Chapter ${start}` },
}));

for (
  const [name, format] of Object.entries({
    "video.mp4": "mp4",
    "video.mkv": "matroska",
    "video.ts": "mpegts",
  })
) {
  Deno.test(`remuxSync() keeps ranges of ${name} as one output`, () => {
    const origin = probeSync(fixturePath(name)).startTime ?? 0;
    const offset = probeSync(fixturePath(name)).streams.find(({ type }) => type === "video")!.startTime! -
      origin;
    const { bytes, result } = cut(fixturePath(name), {
      format,
      ranges: [{ start: 0, end: 0.9 + offset }, { start: 2.1 + offset }],
    });
    assertAlmostEquals(result.duration!, 1.9, 0.1);
    assertAlmostEquals(result.start, 0, 0.05);
    using demuxer = Demuxer.openSync(bytes);
    const video = demuxer.bestStream("video")!.index;
    const packets = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === video);
    const times = packets.map(({ time }) => time! - demuxer.streams[video]!.startTime!).toSorted((a, b) =>
      a - b
    );
    assertEquals(packets.filter(({ isKey }) => isKey).length, 2);
    // No frame is at the time of another, and none is missing where they join.
    for (let i = 1; i < times.length; i++) assertAlmostEquals(times[i]! - times[i - 1]!, 0.04, 0.035);
    if (name === "video.ts") return;
    const [all] = hashesByStream(rowsOf(fixturePath(name)));
    const kept = hashesByStream(rowsOf(bytes))[0]!;
    assertEquals(kept.at(-1), all!.at(-1));
    assert(kept.every((hash) => all!.includes(hash)));
  });
}

Deno.test("remuxSync(): ranges that overlap from their key frames on are joined, and no packet is written twice", () => {
  const { bytes, result } = cut(VIDEO, { ranges: [{ start: 0.2, end: 1.3 }, { start: 1.5, end: 2 }] });
  const hashes = hashesByStream(rowsOf(bytes));
  const whole = hashesByStream(rowsOf(VIDEO));
  hashes.forEach((own, stream) => assertEquals(own, whole[stream]!.slice(0, own.length)));
  assertAlmostEquals(result.duration!, 2, 0.05);
});

Deno.test("remux(): chapters are moved with their ranges, and onstart has the start of the first", async () => {
  const book = cut(VIDEO, { chapters }).bytes;
  const starts: [number, number | null][] = [];
  const sink = new MemorySink();
  await remux(book, sink, {
    format: "matroska",
    // FFmpeg 5.1 makes room for the sound before the picture: its key frame is at 1.023 then.
    ranges: [{ start: 1.03, end: 1.5 }, { start: 2.5, end: 3 }],
    onstart: ({ start, duration }) => void starts.push([start, duration]),
  });
  assertAlmostEquals(starts[0]![0], 1, 0.03);
  assertAlmostEquals(starts[0]![1]!, 1.5, 0.05);
  const info = probeSync(sink.bytes());
  assertEquals(info.chapters.map(({ metadata }) => metadata["title"]), ["Chapter 1", "Chapter 2"]);
  assertAlmostEquals(info.chapters[1]!.start, info.chapters[0]!.end, 0.05);
  assertAlmostEquals(info.duration!, 1.5, 0.1);
});

Deno.test("errors for invalid ranges name them", () => {
  const wrong: [unknown, string][] = [
    [[], "ranges"],
    [[{ start: 2, end: 1 }], "ranges[0].end"],
    [[{ start: 1, end: 2 }, { start: 1.5, end: 3 }], "ranges[1].start"],
    [[{ start: 1 }, { start: 2 }], "ranges[1].start"],
    [[{ begin: 1 }], "ranges[0].begin"],
    [[{ start: 99 }], "ranges[0].start"],
  ];
  for (const [ranges, argument] of wrong) {
    const error = assertThrows(() => cut(VIDEO, { ranges } as RemuxOptions)) as Error & { argument: string };
    assertEquals(error.argument, argument, error.message);
  }
  const both = assertThrows(() => cut(VIDEO, { ranges: [{ start: 1 }], start: 1 })) as Error & {
    argument: string;
  };
  assertEquals(both.argument, "ranges");
});

Deno.test("splitSync() at times, at chapters, by count and by size", () => {
  assertEquals(pieces({ at: [0.9, 2] }).segments.map(({ start }) => start), [0, 1, 2]);
  assertEquals(pieces({ at: [1.5] }).segments.map(({ start }) => start), [0, 2]);
  assertEquals(pieces({ at: [] }).segments.length, 1);
  assertEquals(pieces({ count: 3 }).segments.map(({ start }) => start), [0, 1, 2]);
  assertEquals(pieces({ count: 1 }).segments.length, 1);
  const { segments, sinks } = pieces({ size: 10_000 });
  assert(segments.length > 1);
  for (const { bytesWritten } of segments.slice(0, -1)) assert(bytesWritten >= 10_000, String(bytesWritten));
  assertEquals(sinks.length, segments.length);
  const book = cut(VIDEO, { chapters }).bytes;
  const found = splitSync(book, { format: "matroska", at: "chapters", onsegment: () => new MemorySink() });
  assertEquals(found.segments.length, 3);
  // All packets are there, once.
  const parts = sinks.map((sink) => hashesByStream(rowsOf(sink.bytes())));
  const whole = hashesByStream(rowsOf(VIDEO));
  assertEquals(whole.map((_, stream) => parts.flatMap((part) => part[stream]!)), whole);
});

Deno.test("splitSync() checks its options", () => {
  const wrong: [object, string][] = [
    [{}, "every"],
    [{ every: 1, count: 2 }, "count"],
    [{ at: "scenes" }, "at"],
    [{ at: [2, 1] }, "at[1]"],
    [{ at: [-1] }, "at[0]"],
    [{ count: 0 }, "count"],
    [{ size: 0 }, "size"],
    [{ at: "chapters" }, "at"], // it has none
  ];
  for (const [options, argument] of wrong) {
    const error = assertThrows(() => pieces(options)) as Error & { argument: string };
    assertEquals(error.argument, argument, error.message);
  }
});

for (const name of ["video.mkv", "video.webm"]) {
  Deno.test(`remux() of a part of ${name} into a stream does not claim the length of the whole`, async () => {
    const format = name === "video.mkv" ? "matroska" : "webm";
    const length = async (options: RemuxOptions) => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const bytes = new Response(readable).bytes();
      await remux(fixturePath(name), writable, { format, ...options });
      return probeSync(await bytes).duration;
    };
    assertAlmostEquals((await length({}))!, 3, 0.05); // of the whole the source's tags are true
    for (const options of [{ start: 1, end: 2 }, { end: 1 }, { ranges: [{ start: 1, end: 1.5 }] }]) {
      const reported = await length(options);
      assert(reported === null || reported < 1.2, `${JSON.stringify(options)}: ${reported}`);
    }
  });
}
