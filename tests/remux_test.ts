/**
 * What remux does beside copying packets: cutting, choosing streams, tags, chapters, progress, results.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  Demuxer,
  MemorySink,
  probeSync,
  type RemuxOptions,
  type RemuxProgress,
  type RemuxResult,
  remuxSync,
} from "@avio/avio";
import { ffprobeInfo, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";

function remuxed(name: string, options: RemuxOptions): { bytes: Uint8Array; result: RemuxResult } {
  const sink = new MemorySink();
  const result = remuxSync(fixturePath(name), sink, { ...options, options: { fflags: "+bitexact" } });
  assertEquals(result.bytesWritten, sink.size);
  return { bytes: sink.bytes(), result };
}

// ------------------------------------------------------------------------------------------- cutting

const cuts = [
  { start: 1, end: 2 },
  { start: 1.5, end: 2.6 },
  { start: 0.4, end: 0.9 },
  { start: 2.3, end: 60 },
];

/** With key frames each second, and an output for each. */
const cuttable = {
  "video.mp4": "mp4",
  "faststart.mp4": "matroska",
  "fragmented.mp4": "mp4",
  "video.mkv": "mp4",
  "video.ts": "mp4",
  "video.flv": "matroska",
  "video.avi": "matroska",
  "video.webm": "webm",
};

for (const [name, format] of Object.entries(cuttable)) {
  Deno.test(`remuxSync() cuts ${name} at the last key frame at or before start, to ${format}`, () => {
    using original = Demuxer.openSync(fixturePath(name));
    const video = original.bestStream("video")!;
    const frames = [...original.packetsSync()].filter(({ streamIndex }) => streamIndex === video.index);
    const hashes = hashesByStream(rowsOf(fixturePath(name)))[video.index]!;
    const zero = original.startTime ?? 0;
    for (const { start, end } of cuts) {
      const what = `${name} from ${start} to ${end}`;
      const { bytes, result } = remuxed(name, { format, start, end });
      using demuxer = Demuxer.openSync(bytes);
      const packets = [...demuxer.packetsSync()];
      const cut = packets.filter(({ streamIndex }) => demuxer.streams[streamIndex]!.type === "video");
      assert(cut.length > 0, `${what}: ${packets.length} packets, none of video`);
      assert(cut[0]!.isKey, `${what}: begins with no key frame`);
      const begin = frames.findLastIndex(({ isKey, time }) => isKey && time! - zero <= start + 1e-6);
      const keyFrame = frames[begin]!.time! - zero;
      // MPEG-TS data is rewritten on its way to mp4: only the times can be compared.
      if (name !== "video.ts") assertEquals(hashesByStream(rowsOf(bytes))[0]![0], hashes[begin], what);
      for (const stream of demuxer.streams) {
        assert(
          Math.abs(stream.startTime!) < 0.15,
          `${what}: stream ${stream.index} starts at ${stream.startTime}`,
        );
      }
      const length = Math.min(end, 3) - keyFrame;
      for (const { time } of packets) assert(time! < length + 0.15, `${what}: a packet at ${time}`);
      assertAlmostEquals(result.duration!, length, 0.15, `${what}: result.duration is ${result.duration}`);
      assertAlmostEquals(demuxer.duration!, length, 0.15, `${what}: the file is ${demuxer.duration} long`);
      assertEquals(packets.length, result.packets, what);
    }
  });
}

Deno.test("remuxSync() cuts audio at start and end", () => {
  const outputs = { "audio.ogg": "ogg", "audio.mp3": "mp3", "audio.flac": "matroska", "audio.wav": "wav" };
  for (const [name, format] of Object.entries(outputs)) {
    const { bytes, result } = remuxed(name, { format, start: 0.5, end: 1.2 });
    const info = probeSync(bytes);
    // A page of ogg is a second long: the cut begins with the one that start is in.
    const most = name === "audio.ogg" ? 1.3 : 0.85;
    assert(info.duration! > 0.6 && info.duration! < most, `${name}: ${info.duration}`);
    assert(
      Math.abs(result.duration! - info.duration!) < 0.15,
      `${name}: ${result.duration}, ${info.duration}`,
    );
    assert(Math.abs(info.startTime ?? 0) < 0.1, `${name}: starts at ${info.startTime}`);
  }
});

Deno.test({
  name: "remuxSync() makes cuts that ffprobe can read",
  ignore: !hasFFprobe,
  fn() {
    const path = Deno.makeTempFileSync({ suffix: ".mp4" });
    try {
      const result = remuxSync(fixturePath("video.mp4"), path, { start: 1, end: 2 });
      const { format, streams } = ffprobeInfo(path);
      assertAlmostEquals(Number(format.duration), 1, 0.1);
      assertAlmostEquals(Number(format.start_time), 0, 0.05);
      assertEquals(streams.map((stream) => stream.codec_name), ["h264", "aac"]);
      assertEquals(Deno.statSync(path).size, result.bytesWritten);
    } finally {
      Deno.removeSync(path);
    }
  },
});

Deno.test("remuxSync() refuses ranges that are none", () => {
  for (
    const range of [{ start: 2, end: 1 }, { start: 1, end: 1 }, { start: -1 }, { start: NaN }, {
      end: Infinity,
    }]
  ) {
    assertThrows(() => remuxed("video.mp4", { format: "mp4", ...range }), RangeError);
  }
});

// ------------------------------------------------------------------------------------------- result

Deno.test("remuxSync() answers packets, bytes and duration", () => {
  for (const name of mediaFixtures) {
    const { result } = remuxed(name, { format: "matroska" });
    assertEquals(result.packets, rowsOf(fixturePath(name)).length, name);
    assertEquals(result.skippedStreams, []);
    assertAlmostEquals(result.duration!, name === "audio.wav" ? 1.5 : 3, 0.11, `${name}: ${result.duration}`);
  }
});

Deno.test("remuxSync() keeps the streams that are chosen, and says which it skipped", () => {
  const video = remuxed("video.mp4", { format: "matroska", streams: ({ type }) => type === "video" });
  assertEquals(video.result.skippedStreams, [1]);
  assertEquals(probeSync(video.bytes).streams.map(({ type }) => type), ["video"]);
  const audio = remuxed("video.mp4", { format: "adts", streams: ({ index }) => index === 1 });
  assertEquals(audio.result.skippedStreams, [0]);
  assertEquals(probeSync(audio.bytes).streams.map(({ type }) => type), ["audio"]);
  assertThrows(
    () => remuxed("video.mp4", { format: "matroska", streams: () => false }),
    TypeError,
    "streams",
  );
});

Deno.test("remuxSync() skips streams that the format can't hold", () => {
  assertEquals(remuxed("subtitles.mkv", { format: "mp4" }).result.skippedStreams, [2, 3]);
  assertEquals(remuxed("subtitles.mkv", { format: "matroska" }).result.skippedStreams, []);
  assertThrows(() => remuxed("audio.ogg", { format: "flv" }), TypeError, "holds none");
});

Deno.test("remuxSync() asks once about each stream, and throws what the question threw", () => {
  const asked: number[] = [];
  remuxed("subtitles.mkv", { format: "matroska", streams: ({ index }) => asked.push(index) > 0 });
  assertEquals(asked, [0, 1, 2, 3]);
  const reason = new Error("no idea");
  const thrown = assertThrows(() =>
    remuxed("video.mp4", {
      format: "matroska",
      streams() {
        throw reason;
      },
    })
  );
  assertEquals(thrown, reason);
});

// ------------------------------------------------------------------------------------------- tags and chapters

Deno.test("remuxSync() keeps tags, languages, dispositions, chapters and attachments", () => {
  const { bytes } = remuxed("subtitles.mkv", { format: "matroska" });
  const before = probeSync(fixturePath("subtitles.mkv"));
  const after = probeSync(bytes);
  assertEquals(after.metadata.title, "avio test");
  assertEquals(after.metadata.ARTIST, "nobody");
  for (const [i, stream] of before.streams.entries()) {
    assertEquals(after.streams[i]!.type, stream.type);
    assertEquals(after.streams[i]!.disposition, stream.disposition);
    assertEquals(after.streams[i]!.metadata.language, stream.metadata.language);
    assertEquals(after.streams[i]!.codecParameters.extradata, stream.codecParameters.extradata);
  }
  assertEquals(after.streams[3]!.metadata, before.streams[3]!.metadata);
  assertEquals(
    after.chapters.map(({ start, end, metadata }) => [start, end, metadata]),
    before.chapters.map(({ start, end, metadata }) => [start, end, metadata]),
  );
});

Deno.test("remuxSync() adds and replaces tags, and replaces chapters", () => {
  const chapters = [{ id: 7, start: 0.5, end: 2, metadata: { title: "Middle" } }];
  const { bytes } = remuxed("subtitles.mkv", { format: "matroska", metadata: { title: "new" }, chapters });
  const info = probeSync(bytes);
  assertEquals(info.metadata.title, "new");
  assertEquals(info.metadata.ARTIST, "nobody");
  assertEquals(info.chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [[
    0.5,
    2,
    "Middle",
  ]]);
  assertEquals(probeSync(remuxed("subtitles.mkv", { format: "matroska", chapters: [] }).bytes).chapters, []);
});

Deno.test("remuxSync() moves chapters with a cut", () => {
  const { bytes } = remuxed("subtitles.mkv", { format: "matroska", start: 1, end: 2.5 });
  const chapters = probeSync(bytes).chapters.map(({ start, end, metadata }) => [start, end, metadata.title]);
  assertEquals(chapters.length, 2);
  assertEquals(chapters.map(([, , title]) => title), ["One", "Two"]);
  const [one, two] = chapters as [number, number, string][];
  assertAlmostEquals(one![0], 0, 0.03);
  assertAlmostEquals(one![1], 0.2, 0.03);
  assertAlmostEquals(two![0], 0.2, 0.03);
  assertAlmostEquals(two![1], 1.5, 0.03);
});

Deno.test("remuxSync() keeps the cover of cover.mp3", () => {
  const { bytes } = remuxed("cover.mp3", { format: "mp3" });
  const { streams } = probeSync(bytes);
  assertEquals(streams.map(({ type }) => type), ["audio", "video"]);
  assert(streams[1]!.disposition.includes("attached_pic"));
  assertEquals(hashesByStream(rowsOf(bytes))[1], hashesByStream(rowsOf(fixturePath("image.jpeg")))[0]);
});

Deno.test("remuxSync() keeps the shape of pixels that only the container tells", () => {
  const { bytes } = remuxed("anamorphic.webm", { format: "matroska" });
  const before = probeSync(fixturePath("anamorphic.webm")).streams[0]!.codecParameters.sampleAspectRatio;
  const after = probeSync(bytes).streams[0]!.codecParameters.sampleAspectRatio;
  assertAlmostEquals(before.num / before.den, 4 / 3, 0.01);
  assertEquals(after, before);
});

// ------------------------------------------------------------------------------------------- progress

Deno.test("remuxSync() calls onprogress with numbers that grow, the last time at the end", () => {
  for (const name of mediaFixtures) {
    const calls: RemuxProgress[] = [];
    const { result } = remuxed(name, { format: "matroska", onprogress: (progress) => calls.push(progress) });
    assert(calls.length > 0);
    for (const [i, progress] of calls.entries()) {
      const previous = calls[i - 1];
      if (!previous) continue;
      for (const field of ["packets", "bytesRead", "bytesWritten", "time"] as const) {
        assert(
          progress[field] >= previous[field],
          `${name}: ${field} ${previous[field]}, then ${progress[field]}`,
        );
      }
    }
    const last = calls.at(-1)!;
    assertEquals(last.packets, result.packets);
    assertEquals(last.time, result.duration!);
    assertEquals(last.duration, probeSync(fixturePath(name)).duration);
  }
});

Deno.test("remuxSync() calls onprogress some ten times a second while a slow source delivers", () => {
  const bytes = fixtureBytes("video.ts");
  let position = 0;
  const calls: RemuxProgress[] = [];
  const onread = (buffer: Uint8Array) => {
    const until = performance.now() + 5;
    while (performance.now() < until);
    const piece = bytes.subarray(position, position + Math.min(buffer.length, 500));
    buffer.set(piece);
    position += piece.length;
    return piece.length;
  };
  remuxSync({ onread }, new MemorySink(), {
    format: "matroska",
    input: { probeSize: 5000, bufferSize: 500 },
    onprogress: (progress) => calls.push(progress),
  });
  assert(calls.length >= 3 && calls.length <= 12, `${calls.length} calls`);
  assert(calls[0]!.bytesRead < calls.at(-1)!.bytesRead);
});
