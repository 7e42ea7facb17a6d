/**
 * merge(): tracks of several sources in one output.
 */
import { assert, assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Demuxer,
  fromMap,
  MemorySink,
  merge,
  type MergeOptions,
  type MergeResult,
  type MergeSource,
  mergeSync,
  probeSync,
  remuxSync,
  type Source,
} from "@avio/avio";
import { promising, rejectionOf } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { tsSegments } from "./support/many_files.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";

const VIDEO = fixturePath("video.mp4");
const SONG = fixturePath("audio.mp3");
const WORDS = `1
00:00:01,000 --> 00:00:01,500
First

2
00:00:02,000 --> 00:00:02,500
Second
`;

function merged(
  sources: readonly (Source | MergeSource)[],
  options: MergeOptions = {},
): { bytes: Uint8Array<ArrayBuffer>; result: MergeResult } {
  const sink = new MemorySink();
  const result = mergeSync(sources, sink, { format: "matroska", ...options });
  return { bytes: sink.bytes(), result };
}

/** Seconds of the packets of each stream. */
function times(bytes: Uint8Array): number[][] {
  using demuxer = Demuxer.openSync(bytes);
  const times: number[][] = demuxer.streams.map(() => []);
  for (const { streamIndex, time } of demuxer.packetsSync()) times[streamIndex]!.push(time!);
  return times;
}

Deno.test("mergeSync() writes video of one source, audio of another, subtitles of a third", () => {
  const { bytes, result } = merged([
    { source: VIDEO, streams: [0] },
    {
      source: SONG,
      streams: [{ index: 0, metadata: { language: "fra", title: "Son" }, disposition: ["default"] }],
    },
    {
      source: new TextEncoder().encode(WORDS),
      input: { format: "srt" },
      streams: () => ({ metadata: { language: "eng" } }),
    },
  ]);
  const { streams, metadata } = probeSync(bytes);
  assertEquals(streams.map(({ type }) => type), ["video", "audio", "subtitle"]);
  assertEquals(streams[1]!.metadata["language"], "fra");
  assertEquals(streams[1]!.metadata["title"], "Son");
  assertEquals(streams[1]!.disposition, ["default"]);
  assertEquals(streams[2]!.metadata["language"], "eng");
  assertEquals(metadata["title"], probeSync(VIDEO).metadata["title"]);
  // Every packet is there, unchanged.
  const hashes = hashesByStream(rowsOf(bytes));
  assertEquals(hashes[0], hashesByStream(rowsOf(VIDEO))[0]);
  assertEquals(hashes[1], hashesByStream(rowsOf(SONG))[0]);
  assertEquals(result.streams.map(({ index, sourceIndex, inputIndex }) => [index, sourceIndex, inputIndex]), [
    [0, 0, 0],
    [1, 1, 0],
    [2, 2, 0],
  ]);
  assertEquals(result.streams.map(({ packets }) => packets), hashes.map(({ length }) => length));
  assertEquals(result.skippedStreams, [{ sourceIndex: 0, inputIndex: 1 }]);
  assertEquals(result.bytesWritten, bytes.length);
  // Subtitles keep their times, though their source begins with the first of them; Matroska has no negative times.
  const [video, , words] = times(bytes);
  assertEquals(words!.map((time) => Math.round((time - video![0]!) * 1000)), [1000, 2000]);
});

Deno.test("mergeSync() interleaves: no packet is far behind the others", () => {
  const { bytes } = merged([VIDEO, { source: SONG }, { source: fixturePath("video.ts"), streams: [1] }], {
    format: "mpegts",
  });
  let last = 0;
  assertEquals(new Set(probeSync(bytes).streams.map(({ id }) => id)).size, 4); // PIDs
  using demuxer = Demuxer.openSync(bytes);
  for (const { time } of demuxer.packetsSync()) {
    assert(time! > last - 1, `${time} behind ${last}`);
    last = Math.max(last, time!);
  }
});

for (const format of ["matroska", "mp4", "mov", "mpegts"]) {
  Deno.test(`mergeSync() delays sources and streams, in ${format}`, () => {
    const from = (delay: number, own: number): MergeSource[] => [
      { source: VIDEO, streams: [0] },
      { source: VIDEO, delay, streams: [{ index: 1, delay: own }] },
    ];
    const begin = (delay: number, own: number) => {
      const [video, audio] = times(merged(from(delay, own), { format }).bytes);
      return audio!.reduce((a, b) => Math.min(a, b)) - video!.reduce((a, b) => Math.min(a, b));
    };
    const without = begin(0, 0);
    assertAlmostEquals(begin(0.5, 0.25) - without, 0.75, 0.05);
    assertAlmostEquals(begin(0, -0.5) - without, -0.5, 0.05);
  });
}

Deno.test("remuxSync() delays a stream", () => {
  const sink = new MemorySink();
  remuxSync(VIDEO, sink, { format: "matroska", streams: [0, { index: 1, delay: 1 }] });
  const [video, audio] = times(sink.bytes());
  assertAlmostEquals(audio![0]! - video![0]!, 1, 0.05);
});

Deno.test("mergeSync() begins each source with 0, also MPEG-TS, and ends at `end`", () => {
  const { bytes, result } = merged([
    { source: fixturePath("video.ts"), streams: [0] },
    { source: fixturePath("video.mkv"), streams: [1] },
  ], { end: 2 });
  for (const own of times(bytes)) {
    assert(Math.abs(own[0]!) < 0.1, String(own[0]));
    assert(own.every((time) => time < 2.05), String(own));
  }
  assertAlmostEquals(result.duration!, 2, 0.1);
  const kept = merged([{ source: fixturePath("video.ts"), streams: [0] }], { timestamps: "keep" });
  assertAlmostEquals(
    times(kept.bytes)[0]![0]!,
    probeSync(fixturePath("video.ts")).streams[0]!.startTime!,
    0.01,
  );
});

Deno.test("mergeSync(): `order` is the position among all streams; by default all that the output can hold are kept", () => {
  const { result } = merged([
    { source: VIDEO, streams: ({ type }) => ({ order: type === "video" ? 1 : 3 }) },
    { source: SONG, streams: () => ({ order: 2 }) },
  ]);
  assertEquals(result.streams.map(({ sourceIndex, inputIndex }) => [sourceIndex, inputIndex]), [[0, 0], [
    1,
    0,
  ], [0, 1]]);
  const all = merged([VIDEO, SONG], { format: "mp4" });
  assertEquals(all.result.streams.length, 3);
});

Deno.test("mergeSync() writes covers, attachments and chapters from data", () => {
  const covers = [{ data: fixtureBytes("image.jpeg"), description: "Sleeve" }];
  const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "One" } }];
  const attachments = [{ data: new Uint8Array([1, 2, 3]), fileName: "a.ttf", mimeType: "font/ttf" }];
  const film = probeSync(merged([VIDEO, { source: SONG }], { covers, chapters, attachments }).bytes);
  assertEquals(film.chapters.map(({ metadata }) => metadata["title"]), ["One"]);
  assertEquals(film.covers.map(({ description }) => description), ["Sleeve"]);
  assertEquals(film.streams.find(({ metadata }) => metadata["filename"] === "a.ttf")?.type, "attachment");
  for (const format of ["mp3", "mp4"]) {
    const song = probeSync(
      merged([{ source: SONG, streams: ({ type }) => type === "audio" }], { format, covers }).bytes,
    );
    assertEquals(song.covers[0]?.data, fixtureBytes("image.jpeg"), format);
    assertEquals(song.streams.length, 2);
  }
});

Deno.test("Attachments of any size are described byte by byte, whatever is before and behind them", async () => {
  const sizes = [3, 5_000, 3_000_000, 1];
  const attachments = sizes.map((size, index) => ({
    data: new Uint8Array(size).map((_, at) => at * (index + 3) >> 3),
    fileName: `${index}.ttf`,
    mimeType: "font/ttf",
  }));
  const { bytes } = merged([VIDEO, fixturePath("subtitles.mkv")], { attachments });
  await using demuxer = await Demuxer.open(bytes);
  const of = (path: string) => probeSync(path).streams.map((stream) => stream.codecParameters.extradata);
  for (const { streams } of [demuxer, probeSync(bytes)]) {
    const found = streams.map((stream) => stream.codecParameters.extradata);
    assertEquals(found, [
      ...of(VIDEO),
      ...of(fixturePath("subtitles.mkv")),
      ...attachments.map(({ data }) => data),
    ]);
  }
});

Deno.test("mergeSync(): tags are those of the named source, chapters those of the first source with any", () => {
  const book = fixturePath("subtitles.mkv");
  const { chapters } = probeSync(book);
  const { bytes } = merged([{ source: VIDEO }, { source: book, streams: [2], delay: 0.5 }], { tagsFrom: 1 });
  const info = probeSync(bytes);
  assertEquals(info.chapters.length, chapters.length);
  assertAlmostEquals(info.chapters[0]!.start, chapters[0]!.start + 0.5, 0.001);
  assertEquals(info.tags.title, probeSync(book).tags.title);
  assertEquals(probeSync(merged([VIDEO], { tagsFrom: null }).bytes).tags.title, undefined);
});

Deno.test("merge() takes streams, callbacks and promises, and reports progress", async () => {
  const progress: number[] = [];
  const sink = new MemorySink();
  const song = new Blob([fixtureBytes("audio.mp3")]).stream();
  const result = await merge(
    [
      { source: promising(readerOf(fixtureBytes("video.mkv"))), streams: [0] },
      song,
    ],
    sink,
    { format: "matroska", onprogress: ({ packets }) => void progress.push(packets) },
  );
  assertEquals(progress.at(-1), result.packets);
  assertEquals(hashesByStream(rowsOf(sink.bytes()))[0], hashesByStream(rowsOf(fixturePath("video.mkv")))[0]);
  const { bytes } = merged([{ source: fixturePath("video.mkv"), streams: [0] }, SONG]);
  assertEquals(hashesByStream(rowsOf(sink.bytes())), hashesByStream(rowsOf(bytes)));
});

Deno.test("merge(): each source has its own onopen", async () => {
  const hls = tsSegments();
  const opened: string[][] = [[], []];
  const playlist = (index: number): MergeSource => ({
    source: hls.get("index.m3u8")!,
    input: {
      url: "index.m3u8",
      onopen: (request) => {
        opened[index]!.push(request.url);
        return fromMap(hls)(request);
      },
    },
    streams: [index],
  });
  const sink = new MemorySink();
  const result = await merge([playlist(0), playlist(1)], sink, { format: "matroska" });
  assertEquals(result.streams.length, 2);
  assert(opened[0]!.length > 1 && opened[1]!.length > 1);
});

Deno.test("merge(): an exception of a source is thrown unchanged, and everything is closed", async () => {
  const error = new Error("torn");
  let cancelled = 0;
  const broken = {
    onread: () => {
      throw error;
    },
  };
  const waiting = new ReadableStream({ cancel: () => void cancelled++ });
  assertStrictEquals(
    await rejectionOf(merge([VIDEO, broken, waiting], new MemorySink(), { format: "mp4" })),
    error,
  );
  await Promise.resolve();
  assertEquals(cancelled, 1);
  const reader = readerOf(fixtureBytes("audio.mp3"));
  let reads = 0;
  const later = {
    ...reader,
    onread: (buffer: Uint8Array<ArrayBuffer>, length: number) => {
      if (reads++ > 0 && length > 0) throw error;
      return reader.onread!(buffer, length);
    },
  };
  assertStrictEquals(
    await rejectionOf(merge([VIDEO, later], new MemorySink(), { format: "matroska", bufferSize: 4096 })),
    error,
  );
});

Deno.test("mergeSync() names the argument that is wrong", () => {
  const wrong: [readonly unknown[], object, string][] = [
    [[], {}, "sources"],
    [[5], {}, "source"],
    [[{ source: VIDEO, delay: "1" }], {}, "sources[0].delay"],
    [[VIDEO, { source: VIDEO, language: "fra" }], {}, "sources[1].language"],
    [[VIDEO, { source: VIDEO, streams: [0, 0] }], {}, "sources[1].streams"],
    [[VIDEO, { source: VIDEO, input: { formt: "mp4" } }], {}, "sources[1].input.formt"],
    [[VIDEO], { start: -1 }, "start"],
    [[VIDEO], { transform: () => null }, "transform"],
    [[VIDEO], { onstart: 1 }, "onstart"],
    [[VIDEO], { tagsFrom: 1 }, "tagsFrom"],
    [[VIDEO], { covers: [{ data: new Uint8Array(3) }] }, "covers[0].data"],
    [[VIDEO], { attachments: [{ data: new Uint8Array(3) }] }, "attachments[0].fileName"],
    [[VIDEO, { source: SONG, streams: () => false }], {}, "sources[1]"],
    [[VIDEO, { source: SONG, input: { options: { nope: 1 } } }], {}, "sources[1].input.options.nope"],
  ];
  for (const [sources, options, argument] of wrong) {
    const call = () => mergeSync(sources as Source[], new MemorySink(), { format: "matroska", ...options });
    const error = assertThrows(call) as Error & { argument: string };
    assertEquals(error.argument, argument);
  }
});

Deno.test("mergeSync() does not overwrite a source", () => {
  const path = Deno.makeTempFileSync({ suffix: ".mkv" });
  try {
    Deno.copyFileSync(fixturePath("video.mkv"), path);
    assertThrows(() => mergeSync([VIDEO, path], path), TypeError, "is the source");
    assertEquals(Deno.readFileSync(path), fixtureBytes("video.mkv"));
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("mergeSync({ start }) begins all sources with the key frame at or before it", () => {
  const film = fixtureBytes("video.mkv");
  const sink = new MemorySink();
  const { start } = remuxSync(film, sink, { format: "matroska", start: 1.5, streams: [0] });
  assert(start > 0 && start <= 1.5);
  const [pictures] = hashesByStream(rowsOf(sink.bytes()));
  for (const delay of [0, 0.5, -0.5]) {
    const sources = [
      { source: film, streams: [0] },
      { source: SONG, delay },
      { source: new TextEncoder().encode(WORDS), input: { format: "srt" } },
    ];
    const { bytes, result } = merged(sources, { start: 1.5 });
    assertEquals(result.start, start);
    const [video, audio, words] = times(bytes);
    assertEquals(hashesByStream(rowsOf(bytes))[0], pictures, String(delay));
    assertAlmostEquals(video![0]!, 0, 0.1);
    assertAlmostEquals(audio![0]!, 0, 0.06);
    assert(audio!.length > 50);
    // Synchronized as without a start.
    const whole = merged(sources);
    const [all, song, lines] = times(whole.bytes);
    const [, songHashes] = hashesByStream(rowsOf(whole.bytes));
    const [, audioHashes] = hashesByStream(rowsOf(bytes));
    const at = songHashes!.lastIndexOf(audioHashes!.at(-1)!);
    assertAlmostEquals(song![at]! - audio!.at(-1)!, all!.at(-1)! - video!.at(-1)!, 0.005, String(delay));
    assertAlmostEquals(lines!.at(-1)! - words!.at(-1)!, all!.at(-1)! - video!.at(-1)!, 0.005);
  }
});

Deno.test("mergeSync({ start }) opens a source once more as its own format, not as that of a later source", () => {
  const srt = { source: new TextEncoder().encode(WORDS), input: { format: "srt", formats: ["srt"] } };
  for (const name of ["audio.mp3", "audio.ogg"]) {
    const { result } = merged([fixtureBytes(name), srt], { start: 1.5 });
    assert(result.streams[0]!.packets > 50, name);
  }
});

Deno.test("mergeSync({ start }) beyond the end of all sources is a RangeError", () => {
  const error = assertThrows(
    () => merged([VIDEO, SONG], { start: 100 }),
    RangeError,
    "start: must be before the end",
  );
  assertEquals((error as { argument?: unknown }).argument, "start");
});

Deno.test("merge({ onstart }) describes the output before the sink is opened", async () => {
  const path = Deno.makeTempFileSync({ suffix: ".mkv" });
  Deno.writeTextFileSync(path, "mine");
  const stop = new Error("not this one");
  let reported: unknown;
  const error = await rejectionOf(merge([{ source: VIDEO, streams: [0] }, SONG], path, {
    start: 1.5,
    onstart({ start, duration, streams, skippedStreams, format }) {
      reported = [
        start <= 1.5,
        duration! > 1,
        streams.map(({ sourceIndex, inputIndex, type }) => [sourceIndex, inputIndex, type]),
        skippedStreams,
        format.name,
      ];
      throw stop;
    },
  }));
  assertStrictEquals(error, stop);
  assertEquals(reported, [
    true,
    true,
    [[0, 0, "video"], [1, 0, "audio"]],
    [{ sourceIndex: 0, inputIndex: 1 }],
    "matroska",
  ]);
  assertEquals(Deno.readTextFileSync(path), "mine");
  Deno.removeSync(path);
});
