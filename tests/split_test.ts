/**
 * split() and concat(): one source as segments, several sources as one.
 */
import { assert, assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Chapter,
  concat,
  concatSync,
  Demuxer,
  fromMap,
  IOContext,
  MemorySink,
  Muxer,
  probeSync,
  type RemuxOptions,
  remuxSync,
  type Sink,
  type Source,
  split,
  type SplitOptions,
  type SplitResult,
  splitSync,
  StrictError,
} from "@avio/avio";
import { promising, rejectionOf, soon } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { NAMES, playlist, tsSegments, tsWhole } from "./support/many_files.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";

const video = fixturePath("video.mp4");
const LENGTH = rowsOf(video).length;

function segmentsOf(
  source: Source,
  options: Partial<SplitOptions>,
): { sinks: MemorySink[]; result: SplitResult } {
  const sinks: MemorySink[] = [];
  const onsegment = (index: number) => sinks[index] = new MemorySink();
  return { sinks, result: splitSync(source, { format: "mp4", every: 1, onsegment, ...options }) };
}

function timesOf(source: Source, streamIndex: number): number[] {
  using demuxer = Demuxer.openSync(source);
  return [...demuxer.packetsSync()].filter((packet) => packet.streamIndex === streamIndex)
    .map(({ time }) => time!);
}

// ------------------------------------------------------------------------------------------- split

/** Chapters at these seconds of three, titled by their index. */
function chaptersAt(...starts: number[]): Chapter[] {
  return starts.map((start, id) => ({ id, start, end: starts[id + 1] ?? 3, metadata: { title: `${id}` } }));
}

const CHAPTERS = chaptersAt(0, 0.5, 1, 1.6, 2.5);

function withChapters(source: Source, format: string): Uint8Array {
  const sink = new MemorySink();
  remuxSync(source, sink, { format, chapters: CHAPTERS });
  return sink.bytes();
}

for (const format of ["mp4", "matroska", "mp3"]) {
  Deno.test(`split: each segment has the chapters of its part, in ${format}`, () => {
    const bytes = withChapters(format === "mp3" ? fixturePath("audio.mp3") : video, format);
    const cases: Partial<SplitOptions>[] = [
      { every: 1 },
      { at: [1, 2] },
      { at: "chapters" },
      { count: 3 },
      { size: 7000 },
      { every: 1, resetTimestamps: false },
    ];
    for (const options of cases) {
      const words = JSON.stringify(options);
      const sinks: MemorySink[] = [];
      const onsegment = (index: number) => sinks[index] = new MemorySink();
      const { segments } = splitSync(bytes, { format, onsegment, ...options });
      assert(segments.length >= 2, words);
      for (const [index, { start, end }] of segments.entries()) {
        const shift = options.resetTimestamps === false ? 0 : start;
        const expected = CHAPTERS.filter((one) => one.end > start + 0.1 && one.start < end - 0.1);
        const { chapters } = probeSync(sinks[index]!.bytes());
        assertEquals(
          chapters.map(({ metadata }) => metadata.title).slice(0, expected.length),
          expected.map(({ metadata }) => metadata.title),
          `${words} ${index}`,
        );
        for (const [at, one] of expected.entries()) {
          // The first chapter of an mp4 always begins with 0.
          const begin = format === "mp4" && at === 0 ? 0 : Math.max(one.start, start) - shift;
          assertAlmostEquals(chapters[at]!.start, begin, 0.1, words);
          assertAlmostEquals(chapters[at]!.end, Math.min(one.end, end) - shift, 0.1, words);
        }
      }
    }
  });
}

Deno.test("split: a stream has the chapters before its packets, up to about its end", async () => {
  const chunks: Uint8Array[][] = [];
  await split(withChapters(video, "mp4"), {
    format: "matroska",
    every: 1,
    onsegment(index) {
      const own: Uint8Array[] = chunks[index] = [];
      return new WritableStream({ write: (chunk) => void own.push(chunk.slice()) });
    },
  });
  const titles = await Promise.all(chunks.map(async (own) => {
    const { chapters } = probeSync(await new Blob(own as BlobPart[]).bytes());
    return chapters.map(({ metadata }) => metadata.title).join("");
  }));
  assertEquals(titles, ["01", "23", "34"]);
});

Deno.test("split: segments that begin with a key frame and with 0, and have every packet", async () => {
  const options = { every: 0.5, options: { movflags: "faststart" } };
  const { sinks, result } = segmentsOf(video, options);
  const async: MemorySink[] = [];
  const onsegment = (index: number) => Promise.resolve(async[index] = new MemorySink());
  assertEquals(await split(video, { format: "mp4", ...options, onsegment }), result);
  assertEquals(sinks.map((sink) => sink.bytes()), async.map((sink) => sink.bytes()));
  assertEquals(sinks.length, 3);
  assertEquals(result.packets, LENGTH);
  assertEquals(sinks.flatMap((sink) => rowsOf(sink.bytes())).length, LENGTH);
  for (const sink of sinks) {
    const first = rowsOf(sink.bytes()).find(({ stream }) => stream === 0)!;
    assert(first.key);
    assert(probeSync(sink.bytes()).startTime! < 0.1);
    const text = new TextDecoder("latin1").decode(sink.bytes());
    assert(text.indexOf("moov") < text.indexOf("mdat"), "faststart was passed on");
  }
});

Deno.test("split: the result has each segment", () => {
  for (const format of ["mp4", "matroska", "mpegts"]) {
    const { sinks, result } = segmentsOf(video, { format });
    assertEquals(
      result.segments.map(({ index, start, end, bytesWritten }) => [index, start, end, bytesWritten]),
      sinks.map((sink, index) => [index, index, index + 1, sink.size]),
    );
    for (const [index, segment] of result.segments.entries()) {
      const rows = rowsOf(sinks[index]!.bytes());
      assertEquals(segment.packets, rows.length, format);
      assertEquals(
        segment.streams.map(({ packets }) => packets),
        [0, 1].map((stream) => rows.filter((row) => row.stream === stream).length),
      );
      assertAlmostEquals(segment.duration!, 1, 0.08);
    }
    assertEquals(result.bytesWritten, sinks.reduce((sum, { size }) => sum + size, 0));
    assertEquals(result.streams.map(({ packets }) => packets), [75, 131]);
  }
});

Deno.test("split: at multiples of `every`, however far apart the key frames are", () => {
  const starts = (every: number, more: Partial<SplitOptions> = {}) =>
    segmentsOf(video, { every, ...more }).result.segments.map(({ start }) => start);
  assertEquals(starts(1.5), [0, 2]);
  assertEquals(starts(0.9), [0, 1, 2]);
  assertEquals(starts(2), [0, 2]);
  assertEquals(starts(60), [0]);
  assertEquals(starts(1, { start: 1.4 }), [1, 2]);
  assertEquals(starts(1, { end: 1.5 }), [0, 1]);
  const sound = segmentsOf(fixturePath("audio.mp3"), { format: "mp3", every: 1 }).result.segments;
  assertEquals(sound.map(({ start }) => Math.floor(start)), [0, 1, 2]);
});

Deno.test("split: no segment is empty, however short they are to be", () => {
  for (const places of [{ every: 1e-7 }, { every: 5e-324 }, { count: 1e9 }, { size: 1 }]) {
    const sinks: MemorySink[] = [];
    const onsegment = (index: number) => sinks[index] = new MemorySink();
    const { segments } = splitSync(fixturePath("video.mp4"), { format: "mp4", ...places, onsegment });
    assertEquals(segments.map(({ packets }) => packets), [66, 68, 72], JSON.stringify(places));
  }
  const sound = segmentsOf(fixturePath("audio.mp3"), { format: "mp3", every: 1e-9 }).result.segments;
  assertEquals(sound.length, 116);
  assert(sound.every(({ packets }) => packets === 1));
});

Deno.test("split: each segment has the cover", () => {
  const path = fixturePath("cover.mp3");
  const [, cover] = hashesByStream(rowsOf(path));
  for (const format of ["mp3", "mp4"]) {
    const { sinks, result } = segmentsOf(path, { format });
    assertEquals(sinks.length, 3);
    for (const sink of sinks) assertEquals(hashesByStream(rowsOf(sink.bytes()))[1], cover, format);
    assertEquals(result.streams[1], { ...result.streams[1]!, packets: 3, duration: null });
  }
  const whole = new MemorySink();
  concatSync([path, path], whole, { format: "mp3" });
  assertEquals(hashesByStream(rowsOf(whole.bytes()))[1], cover, "and joined sources have that of the first");
});

Deno.test("split: continuous times", () => {
  const { sinks } = segmentsOf(video, { resetTimestamps: false });
  sinks.forEach((sink, index) => assertAlmostEquals(timesOf(sink.bytes(), 0)[0]!, index, 0.001));
});

Deno.test("split: tags and edits are those of every segment, transform sees every packet", () => {
  let seen = 0;
  const { sinks } = segmentsOf(video, {
    metadata: { title: "piece" },
    streams: [{ index: 1, metadata: { language: "fra" } }, 0],
    transform: (packet) => (seen++, packet),
  });
  assertEquals(seen, LENGTH);
  for (const sink of sinks) {
    const { metadata, streams } = probeSync(sink.bytes());
    assertEquals(metadata.title, "piece");
    assertEquals(streams.map(({ type }) => type), ["audio", "video"]);
    assertEquals(streams[0]!.metadata.language, "fra");
  }
});

Deno.test("split: to streams, each of which is closed; an error aborts the one that is written", async () => {
  const ends: unknown[] = [];
  const streamOf = (fails: boolean) =>
    new WritableStream<Uint8Array>({
      write: () => fails ? Promise.reject(reason) : undefined,
      close: () => void ends.push("closed"),
      abort: (error) => void ends.push(error),
    });
  const reason = new Error("full");
  const options = { format: "matroska", every: 1 };
  await split(video, { ...options, onsegment: () => streamOf(false) });
  assertEquals(ends, ["closed", "closed", "closed"]);
  ends.length = 0;
  const failing = split(video, { ...options, onsegment: (index) => streamOf(index === 1) });
  assertStrictEquals(await rejectionOf(failing), reason);
  assertEquals(ends, ["closed"]);
});

Deno.test("split: errors", async () => {
  const reason = new Error("no more");
  const failing = (index: number) => {
    if (index === 1) throw reason;
    return new MemorySink();
  };
  const options = { format: "mp4", every: 1, onsegment: failing };
  assertStrictEquals(assertThrows(() => splitSync(video, options)), reason);
  assertStrictEquals(await rejectionOf(split(video, options)), reason);
  const rejecting = () => Promise.reject(reason);
  assertStrictEquals(await rejectionOf(split(video, { ...options, onsegment: rejecting })), reason);
  assertThrows(() => splitSync(video, { ...options, onsegment: rejecting }), TypeError, "onsegment");
  const onsegment = () => new MemorySink();
  const cases: [Partial<SplitOptions>, typeof TypeError | typeof RangeError, string][] = [
    [{ options: { nope: 1 } }, TypeError, "options.nope: mp4 has no such option"],
    [{ every: 0 }, RangeError, "every"],
    [{ every: NaN }, RangeError, "every"],
    [{ every: "1" as never }, TypeError, "every"],
    [{ format: undefined as never }, TypeError, "format"],
    [{ resetTimestamps: 1 as never }, TypeError, "resetTimestamps"],
    [{ onsegment: () => video }, TypeError, "sink: is the source"],
    [{ onsegment: () => 5 as never }, TypeError, "sink"],
    [{ onsegment: undefined as never }, TypeError, "onsegment"],
  ];
  for (const [wrong, kind, message] of cases) {
    assertThrows(() => splitSync(video, { format: "mp4", every: 1, onsegment, ...wrong }), kind, message);
  }
});

Deno.test("split: an abort, or the time limit, ends waiting for a sink", async () => {
  const onsegment = () => new Promise<never>(() => {});
  const signal = AbortSignal.timeout(50);
  const options = { format: "mp4", every: 1, onsegment };
  assertStrictEquals(await soon(rejectionOf(split(video, { ...options, signal }))), signal.reason);
  const late = await soon(rejectionOf(split(video, { ...options, timeout: 30 })));
  assertEquals((late as DOMException).name, "TimeoutError");
});

// ------------------------------------------------------------------------------------------- concat

function joined(
  sources: readonly Source[],
  options: RemuxOptions = {},
): { bytes: Uint8Array; packets: number } {
  const sink = new MemorySink();
  const { packets } = concatSync(sources, sink, { format: "matroska", ...options });
  return { bytes: sink.bytes(), packets };
}

Deno.test("concat: joins the segments of split to the original", () => {
  const original = [0, 1].map((stream) => timesOf(video, stream));
  for (const format of ["mp4", "matroska", "mpegts"]) {
    const { sinks } = segmentsOf(video, { format });
    const { bytes, packets } = joined(sinks.map((sink) => sink.bytes()));
    assertEquals(packets, LENGTH, format);
    if (format !== "mpegts") { // its H.264 has another format
      assertEquals(hashesByStream(rowsOf(bytes)), hashesByStream(rowsOf(video)), format);
    }
    for (const [stream, before] of original.entries()) {
      const after = timesOf(bytes, stream);
      const moved = after[0]! - before[0]!;
      after.forEach((time, index) =>
        assertAlmostEquals(time - moved, before[index]!, 0.0025, `${format} ${stream} ${index}`)
      );
    }
  }
});

Deno.test("concat: a source that can be read only once can't be given twice", async () => {
  const bytes = fixtureBytes("video.mkv");
  const once: Record<string, () => Source> = {
    IOContext: () => new IOContext(4096, readerOf(bytes)),
    stream: () => new Blob([bytes]).stream(),
    Response: () => new Response(bytes),
    callbacks: () => readerOf(bytes),
    iterable: () =>
      (async function* () {
        yield await Promise.resolve(bytes);
      })(),
  };
  for (const [name, make] of Object.entries(once)) {
    const source = make();
    const again = { source, input: { format: "matroska" } };
    for (const sources of [[source, source], ["fixtures/none.mkv", source, source], [source, again]]) {
      const sink = new MemorySink();
      const { argument, message } = await rejectionOf(concat(sources, sink, { format: "mp4" })) as
        & TypeError
        & {
          argument: string;
        };
      assertEquals(argument, `sources[${sources.length - 1}]`, name);
      assert(message.includes("which can be read only once"), message);
    }
  }
});

Deno.test("concat: sources of several kinds, in both engines", async () => {
  const both = joined([video, fixtureBytes("video.mp4")]);
  // The second one's audio begins with samples that would overlap the first one's: they are left out.
  assertEquals(both.packets, 2 * LENGTH - 1);
  const pictures = timesOf(both.bytes, 0).toSorted((a, b) => a - b);
  const steps = pictures.slice(1).map((time, index) => time - pictures[index]!);
  for (const step of steps) assertAlmostEquals(step, 0.04, 0.0015);
  const waiting = new MemorySink();
  const bytes = fixtureBytes("video.mp4");
  await concat([new Blob([bytes]), promising(readerOf(bytes))], waiting, { format: "matroska" });
  assertEquals(rowsOf(waiting.bytes()), rowsOf(both.bytes));
});

for (
  const [name, format] of Object.entries({
    "video.mkv": "matroska",
    "video.ts": "mpegts",
    "video.flv": "flv",
    "video.avi": "avi",
    "audio.mp3": "mp3",
    "audio.ogg": "ogg",
    "audio.wav": "wav",
    "audio.flac": "matroska",
    "fragmented.mp4": "mp4",
  })
) {
  Deno.test(`concat: ${name} twice is twice as long, and its times increase`, () => {
    const path = fixturePath(name);
    const { bytes } = joined([path, path, path], { format });
    const single = rowsOf(path).length;
    assert(Math.abs(rowsOf(bytes).length - 3 * single) <= 4, `${rowsOf(bytes).length}, not 3 * ${single}`);
    const { duration, streams } = probeSync(bytes);
    assertAlmostEquals(duration!, 3 * probeSync(path).duration!, 0.25);
    for (const { index } of streams) {
      const dts = rowsOf(bytes).filter(({ stream }) => stream === index).map(({ dts }) => dts ?? 0);
      dts.forEach((time, at) => assert(at === 0 || time >= dts[at - 1]!, `stream ${index}: ${time}`));
    }
  });
}

Deno.test("concat: start and end count from the first source's beginning", () => {
  const sink = new MemorySink();
  const sources = [video, video, video];
  const result = concatSync(sources, sink, { format: "mp4", start: 4.5, end: 7.2 });
  assertEquals(result.start, 4);
  assertAlmostEquals(result.duration!, 3.2, 0.03);
  const times = timesOf(sink.bytes(), 0);
  assertAlmostEquals(times[0]!, 0, 0.001);
  assertEquals(times.length, 80);
  const short = concatSync(sources, new MemorySink(), { format: "mp4", end: 1 });
  assertEquals(short.streams[0]!.packets, 25);
  assertThrows(
    () => concatSync(sources, new MemorySink(), { format: "mp4", start: 9.5 }),
    RangeError,
    "start: must be before the end of the media (9), is 9.5",
  );
});

for (const format of ["mp4", "matroska"]) {
  Deno.test(`concat: the chapters of all sources, and those of pieces as before the split, in ${format}`, () => {
    const film = withChapters(video, format);
    const sinks: MemorySink[] = [];
    splitSync(film, { format, every: 1, onsegment: (index) => sinks[index] = new MemorySink() });
    const timesOf = (bytes: Uint8Array) =>
      probeSync(bytes).chapters.flatMap(({ start, end, metadata: { title } }) => [Number(title), start, end]);
    const assertTimes = (bytes: Uint8Array, expected: number[]) => {
      const times = timesOf(bytes);
      assertEquals(times.length, expected.length);
      for (const [index, time] of times.entries()) assertAlmostEquals(time, expected[index]!, 0.1);
    };
    const pieces = sinks.map((sink) => sink.bytes());
    const options = format === "mp4" ? { options: { movflags: "faststart" } } : {};
    assertTimes(joined(pieces, { format, ...options }).bytes, timesOf(film));
    const second = timesOf(film).map((value, index) => index % 3 === 0 ? value : value + 3);
    assertTimes(joined([film, film], { format }).bytes, [...timesOf(film), ...second]);
    const edited = joined([film, film], { format, editChapters: (all) => all.slice(7, 8) }).bytes;
    assertEquals(probeSync(edited).chapters.map(({ metadata }) => metadata.title), ["2"]);
    assertEquals(timesOf(joined([film, film], { format, chapters: [] }).bytes), []);
    assertEquals(probeSync(joined([film, film], { format, end: 3.8 }).bytes).chapters.length, 7);
  });
}

Deno.test("concat: chapters that are left out are a warning", () => {
  const song = withChapters(fixturePath("audio.mp3"), "mp3");
  const warningsOf = (options: RemuxOptions) => concatSync([song, song], new MemorySink(), options).warnings;
  assertEquals(
    warningsOf({ format: "mp3" }).map(({ kind, message }) => [kind, message]),
    [["dropped", "sources[1]: its chapters are left out"]],
  );
  assertEquals(warningsOf({ format: "mp3", chapters: CHAPTERS }), []);
  assertEquals(warningsOf({ format: "mp4" }), []);
  assertThrows(() => warningsOf({ format: "mp3", strict: true }), StrictError, "its chapters are left out");
});

Deno.test("concat: tags, chapters and edits are the first source's", () => {
  const other = new MemorySink();
  remuxSync(fixturePath("subtitles.mkv"), other, {
    format: "matroska",
    metadata: { title: "other" },
    chapters: [],
  });
  const { bytes } = joined([fixturePath("subtitles.mkv"), other.bytes()], {
    streams: [{ index: 1, metadata: { title: "sound" } }, 0],
  });
  const info = probeSync(bytes);
  assertEquals(info.metadata.title, "avio test");
  assertEquals(info.chapters.map(({ metadata }) => metadata.title), ["One", "Two"]);
  assertEquals(info.streams.map(({ metadata }) => metadata.title), ["sound", undefined]);
});

Deno.test("concat: `input` applies to each source", () => {
  const samples = new Uint8Array(8000).map((_, index) => index & 63);
  const input = { format: "s16le", options: { sample_rate: 8000 } };
  const { bytes } = joined([samples, samples.slice(0, 4000)], { format: "wav", input });
  assertEquals(probeSync(bytes).duration, 0.75);
  assertThrows(() => joined([video, video], { input: { options: { nope: 1 } } }), TypeError, "nope");
  assertThrows(() => joined([video, video], { input: { maxPacketSize: 10 } }), Error, "maxPacketSize");
});

Deno.test("concat: playlists as sources, with input.onopen", async () => {
  const whole = rowsOf(tsWhole()).length;
  const options = { format: "mpegts", input: { onopen: fromMap(tsSegments()) } };
  const { packets } = joined([playlist(), tsWhole(), playlist()], options);
  assert(packets >= 3 * whole - 4 && packets <= 3 * whole, `${packets} of ${3 * whole}`);
  const sink = new MemorySink();
  assertEquals((await concat([playlist(), tsWhole(), playlist()], sink, options)).packets, packets);
  const failure = assertThrows(() => joined([tsWhole(), playlist()], { format: "mpegts" }), Error);
  assert(NAMES.some((name) => failure.message.includes(name)), failure.message);
});

Deno.test("concat: into an output of several files, whose opener is not the input's", () => {
  const files = new Map();
  const own = new MemorySink();
  concatSync([video, video], own, {
    format: "hls",
    url: "list.m3u8",
    onopen: fromMap(files),
    input: { onopen: () => null },
    options: { hls_time: 1, hls_playlist_type: "vod" },
  });
  assertEquals(files.size, 6);
});

Deno.test("concat: a source may be without the subtitles that the first has", () => {
  const bytes = fixtureBytes("subtitles.mkv");
  const bare = new MemorySink();
  remuxSync(bytes, bare, { format: "matroska", streams: [0, 1] });
  const counts = (sources: Source[]) => {
    const rows = hashesByStream(rowsOf(joined(sources, { streams: [0, 1, 2] }).bytes));
    return rows.map(({ length }) => length);
  };
  const [pictures, sound, text] = counts([bytes]);
  assertEquals(counts([bytes, bare.bytes(), bytes]), [3 * pictures!, 3 * sound!, 2 * text!]);
});

/** Sound in Opus with frames of so many milliseconds. */
function opus(milliseconds: number): Uint8Array<ArrayBuffer> {
  const codec = `-c:a libopus -frame_duration ${milliseconds} -f ogg -`;
  const args = `-v error -nostdin -f lavfi -i sine=duration=2.013:sample_rate=48000 ${codec}`.split(" ");
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test({
  name: "concat: segments of Opus have every packet, however short, and the original times",
  ignore: !hasFFprobe,
  fn() {
    for (const milliseconds of [2.5, 5, 10, 20]) {
      const source = opus(milliseconds);
      const [packets] = hashesByStream(rowsOf(source));
      const original = timesOf(source, 0);
      for (const format of ["ogg", "webm", "mp4"]) {
        const { sinks } = segmentsOf(source, { format, every: 0.5 });
        assert(sinks.length > 3);
        const { bytes } = joined(sinks.map((sink) => sink.bytes()));
        const what = `${format} ${milliseconds}`;
        assertEquals(hashesByStream(rowsOf(bytes)), [packets], what);
        const after = timesOf(bytes, 0);
        after.forEach((time, index) =>
          assertAlmostEquals(time - after[0]!, original[index]! - original[0]!, 0.0025, `${what} ${index}`)
        );
      }
    }
  },
});

/** A film in MPEG-PS; the order of its streams is that of their first packets. */
function programStream(): Uint8Array<ArrayBuffer> {
  const codecs = "-c:v mpeg2video -g 12 -c:a mp2 -f mpeg -";
  const args = ["-v", "error", "-nostdin", "-i", video, ...codecs.split(" ")];
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test({
  name: "concat: segments of MPEG-PS whose streams are in another order, which their ids tell",
  ignore: !hasFFprobe,
  async fn() {
    const source = programStream();
    const { sinks } = segmentsOf(source, { format: "mpeg" });
    const pieces = sinks.map((sink) => sink.bytes().slice());
    const orders = pieces.map((piece) => probeSync(piece).streams.map(({ type }) => type).join());
    assertEquals(
      new Set(orders),
      new Set(["video,audio", "audio,video"]),
      "the order of the streams is the same",
    );
    const [pictures, sound] = hashesByStream(rowsOf(source));
    for (const format of ["mpeg", "matroska"]) {
      const sink = new MemorySink();
      const result = concatSync(pieces, sink, { format });
      const found = hashesByStream(rowsOf(sink.bytes())).toSorted((a, b) => a.length - b.length);
      assertEquals(found, [pictures!, sound!].toSorted((a, b) => a.length - b.length), format);
      const counts = result.streams.map(({ inputIndex, packets }) => [inputIndex, packets]);
      assertEquals(counts, [[0, pictures!.length], [1, sound!.length]]);
      assertAlmostEquals(result.duration!, 3, 0.1);
      const again = new MemorySink();
      await concat(pieces, again, { format });
      assertEquals(rowsOf(again.bytes()), rowsOf(sink.bytes()));
    }
  },
});

/** Open groups of pictures: some that come after a key frame are shown before it. */
function openGroups(codecs: string): Uint8Array<ArrayBuffer> {
  const tone = "-f lavfi -i sine=duration=3:sample_rate=48000";
  const args = `-v error -nostdin -f lavfi -i testsrc=size=64x48:rate=25:duration=3 ${tone} ${codecs} -`;
  const { success, stdout, stderr } = new Deno.Command("ffmpeg", { args: args.split(" ") }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

/** Milliseconds from the first picture to each other. */
function gapsOf(source: Source): number[] {
  const times = timesOf(source, 0);
  return times.map((time) => Math.round((time - times[0]!) * 1000));
}

for (
  const [codec, codecs] of [
    ["MPEG-2", "-c:v mpeg2video -bf 2 -g 12 -c:a mp2 -f mpegts"],
    [
      "H.264",
      "-c:v libx264 -bf 3 -g 23 -flags -cgop -x264-params open-gop=1:scenecut=0:b-adapt=0 -c:a aac -f matroska",
    ],
    ["HEVC", "-c:v libx265 -x265-params open-gop=1:keyint=25:bframes=3:log-level=none -c:a aac -f matroska"],
  ] as const
) {
  Deno.test({
    name: `concat: pictures that are shown before the key frame of their piece are kept, ${codec}`,
    ignore: !hasFFprobe,
    async fn() {
      const source = openGroups(codecs);
      for (const format of ["mp4", "matroska", "mpegts"]) {
        const whole = new MemorySink();
        remuxSync(source, whole, { format });
        const expected = hashesByStream(rowsOf(whole.bytes()));
        for (const resetTimestamps of [true, false]) {
          const { sinks } = segmentsOf(source, { format, resetTimestamps });
          const pieces = sinks.map((sink) => sink.bytes());
          const leads = (piece: Uint8Array) => {
            const times = timesOf(piece, 0);
            return times.some((time) => time < times[0]!);
          };
          assert(pieces.slice(1).some(leads), `${format}: the groups of pictures are not open`);
          const alone = new MemorySink();
          remuxSync(pieces[1]!, alone, { format: "nut" });
          assertEquals(gapsOf(alone.bytes()), gapsOf(pieces[1]!), `${format}: one piece in NUT`);
          const { bytes } = joined(pieces, { format });
          assertEquals(hashesByStream(rowsOf(bytes)), expected, format);
          for (const stream of [0, 1]) {
            const times = timesOf(whole.bytes(), stream);
            for (const [index, time] of timesOf(bytes, stream).entries()) {
              assertAlmostEquals(time, times[index]!, 0.005, `${format}, stream ${stream}, packet ${index}`);
            }
          }
          const again = new MemorySink();
          await concat(pieces, again, { format });
          assertEquals(rowsOf(again.bytes()), rowsOf(bytes));
        }
      }
    },
  });
}

/** The fixture with a subtitle for each second. */
function withTexts(): Uint8Array<ArrayBuffer> {
  using demuxer = Demuxer.openSync(video);
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mp4" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  const extradata = Uint8Array.fromHex(
    "0000000001ff000000ff00000000000000000000000000010010ffffffff00000012667461620001000105417269616c",
  );
  const streamIndex = muxer.addStream({ type: "subtitle", codec: "mov_text", extradata });
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  for (let second = 0; second < 3; second++) {
    const text = new TextEncoder().encode(`At ${second}`);
    const data = new Uint8Array([0, text.length, ...text]);
    const times = { pts: second * 1000, dts: second * 1000, duration: 500, timeBase: { num: 1, den: 1000 } };
    muxer.writeSync({ streamIndex, data, isKey: true, ...times });
  }
  muxer.finishSync();
  return sink.bytes().slice();
}

Deno.test("concat: segments with mov_text, whose description does not grow with each remux", () => {
  const textsOf = (bytes: Uint8Array) => {
    using demuxer = Demuxer.openSync(bytes);
    return [...demuxer.packetsSync()].filter(({ streamIndex, data }) => streamIndex === 2 && data.length > 2)
      .map(({ data, time }) => [Math.round(time!), new TextDecoder().decode(data.subarray(2))]);
  };
  const source = withTexts();
  const { extradata } = probeSync(source).streams[2]!.codecParameters;
  assertEquals(extradata?.length, 48);
  const { sinks } = segmentsOf(source, { format: "mp4" });
  assert(sinks.length === 3);
  for (const sink of sinks) {
    assertEquals(probeSync(sink.bytes()).streams[2]!.codecParameters.extradata, extradata);
  }
  const { bytes } = joined(sinks.map((sink) => sink.bytes()), { format: "mp4" });
  assertEquals(textsOf(bytes), [[0, "At 0"], [1, "At 1"], [2, "At 2"]]);
  assertEquals(textsOf(bytes), textsOf(source));
  assertEquals(probeSync(bytes).streams[2]!.codecParameters.extradata, extradata);
});

Deno.test({
  name: "split, concat: subtitles of mp4 over the ends of pieces have their times and durations",
  ignore: !hasFFprobe,
  fn() {
    const rows = [
      "00:00:00,500 --> 00:00:01,500",
      "00:00:02,000 --> 00:00:03,000",
      "00:00:05,500 --> 00:00:05,900",
    ];
    const words = rows.map((row, index) => `${index + 1}\n${row}\nText ${index}\n`).join("\n");
    const films = "-f lavfi -i testsrc=size=64x48:rate=25:duration=6 -c:v libx264 -g 25 -bf 3 -c:s mov_text";
    const output = Deno.makeTempFileSync({ suffix: ".mp4" });
    try {
      const args = ["-v", "error", "-y", "-i", `data:application/x-subrip;base64,${btoa(words)}`];
      const { success, stderr } = new Deno.Command("ffmpeg", { args: [...args, ...films.split(" "), output] })
        .outputSync();
      assert(success, new TextDecoder().decode(stderr));
      const textsOf = (source: Source) => {
        using demuxer = Demuxer.openSync(source);
        const [text] = demuxer.streams.filter(({ type }) => type === "subtitle");
        return [...demuxer.packetsSync({ streams: [text!] })].filter(({ data }) => data.length > 2)
          .map((packet) => [packet.time!, packet.duration * packet.timeBase.num / packet.timeBase.den]);
      };
      const expected = [[0.5, 1], [2, 1], [5.5, 0.4]];
      const assertTimes = (source: Source, times: number[][], what: string) => {
        const found = textsOf(source);
        assertEquals(found.length, times.length, what);
        found.flat().forEach((value, index) => assertAlmostEquals(value, times.flat()[index]!, 0.05, what));
      };
      assertTimes(output, expected, "the source");
      const { sinks } = segmentsOf(output, { every: 2 });
      assertTimes(sinks[1]!.bytes(), [[0, 1]], "the second piece");
      assertTimes(sinks[2]!.bytes(), [[1.5, 0.4]], "the third piece");
      for (const every of [1, 2, 3]) {
        const pieces = segmentsOf(output, { every }).sinks.map((sink) => sink.bytes());
        assertTimes(joined(pieces, { format: "mp4" }).bytes, expected, `pieces of ${every} s`);
      }
    } finally {
      Deno.removeSync(output);
    }
  },
});

Deno.test("concat: what can't be joined is an error that names the source and what differs", () => {
  const sample = (rate: number): Uint8Array => {
    const sink = new MemorySink();
    const input = { format: "s16le", options: { sample_rate: rate } };
    remuxSync(new Uint8Array(4000), sink, { format: "wav", input });
    return sink.bytes();
  };
  const only = (index: number) => {
    const sink = new MemorySink();
    remuxSync(video, sink, { format: "mp4", streams: [index] });
    return sink.bytes();
  };
  const cases: [Source[], string][] = [
    [[video, fixturePath("audio.mp3")], "sources[1]: stream 0 has another type than in sources[0]"],
    [[video, video, fixturePath("video.avi")], "sources[2]: stream 0 has another codec than in sources[0]"],
    [[video, fixturePath("video.ts")], "sources[1]: stream 0 is h264 with other extradata"],
    [[sample(8000), sample(16000)], "sources[1]: stream 0 has another sampleRate than in sources[0]"],
    [[video, fixturePath("anamorphic.webm")], "sources[1]: stream 0 has another codec"],
    [[video, only(0)], "sources[1]: has no stream 1, which sources[0] has"],
    [[video, only(1)], "sources[1]: stream 0 has another type"],
  ];
  for (const [sources, message] of cases) assertThrows(() => joined(sources), TypeError, message);
  assertThrows(() => joined([]), TypeError, "sources: must not be empty");
  assertThrows(() => joined(video as never), TypeError, "sources");
  assertThrows(() => concatSync([video], video), TypeError, "sink: is the source");
});

Deno.test("concat: a source's exception is thrown unchanged, and every source is released", async () => {
  const reason = new Error("gone");
  const broken = {
    onread: () => {
      throw reason;
    },
  };
  assertStrictEquals(assertThrows(() => joined([video, broken])), reason);
  const cancelled: unknown[] = [];
  const controller = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    pull: () => {
      controller.abort(reason);
      return new Promise(() => {});
    },
    cancel: (error) => void cancelled.push(error),
  }, { highWaterMark: 0 });
  const { signal } = controller;
  const options = { format: "matroska", signal };
  const joining = concat([video, stream], new MemorySink(), options);
  assertStrictEquals(await soon(rejectionOf(joining)), reason);
  assertEquals(cancelled, [reason]);
});

Deno.test("concat: streams that were not reached are cancelled, with the reason if there is one", async () => {
  const bytes = fixtureBytes("video.mkv");
  const unread = () => {
    const reasons: unknown[] = [];
    return { reasons, stream: new ReadableStream({ cancel: (reason) => void reasons.push(reason) }) };
  };
  const [first, second] = [unread(), unread()];
  const options = { format: "matroska" };
  await concat([bytes, first.stream, new Response(second.stream)], new MemorySink(), { ...options, end: 1 });
  assertEquals([first.reasons, second.reasons], [[undefined], [undefined]]);
  const third = unread();
  const error = new Error("of the sink");
  const sink = { onwrite: () => Promise.reject(error) };
  assertStrictEquals(await rejectionOf(concat([bytes, third.stream], sink, options)), error);
  assertEquals(third.reasons, [error]);
});

Deno.test("concat: progress increases over all sources, and ends with the values of the result", () => {
  const calls: number[] = [];
  let last;
  const sink = new MemorySink();
  const result = concatSync([video, video], sink, {
    format: "mp4",
    onprogress: (progress) => (calls.push(progress.time), last = progress),
  });
  const { packets, bytesWritten, time, remaining } = last!;
  assertEquals([packets, bytesWritten, time, remaining], [result.packets, sink.size, result.duration, 0]);
  assertEquals(calls, calls.toSorted((a, b) => a - b));
});

Deno.test("splitSync(): the list of times is read once, before onsegment", () => {
  const at = [1, 2];
  const onsegment = () => (at.length = 0, new MemorySink());
  assertEquals(splitSync(fixturePath("video.mp4"), { format: "mp4", at, onsegment }).segments.length, 3);
});

Deno.test("splitSync(): two segments can't have the same sink", () => {
  const folder = Deno.makeTempDirSync();
  try {
    using file = Deno.openSync(`${folder}/b.mp4`, { write: true, create: true });
    const memory = new MemorySink();
    const same: ((index: number) => Sink)[] = [
      () => memory,
      () => file,
      () => `${folder}/a.mp4`,
      (index) => `${folder}/${"./".repeat(index)}a.mp4`,
      () => new URL(`file://${folder}/a.mp4`),
      (index) => index > 0 ? `${folder}/a.mp4` : `file://${folder}//a.mp4`,
    ];
    for (const onsegment of same) {
      const split = () => splitSync(fixturePath("video.mp4"), { format: "mp4", every: 1, onsegment });
      assertThrows(split, TypeError, "onsegment returned the sink of another segment");
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
