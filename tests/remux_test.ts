/**
 * What remux does beside copying packets: choosing streams, tags, chapters, progress, results.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { MemorySink, probeSync, type RemuxProgress, remuxSync } from "@avio/avio";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { remuxed } from "./support/remuxed.ts";

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
  const { bytes, result } = remuxed("subtitles.mkv", { format: "matroska", start: 1, end: 2.5 });
  const begin = result.start; // the key frame
  const chapters = probeSync(bytes).chapters.map(({ start, end, metadata }) => [start, end, metadata.title]);
  assertEquals(chapters.length, 2);
  assertEquals(chapters.map(([, , title]) => title), ["One", "Two"]);
  const [one, two] = chapters as [number, number, string][];
  assertAlmostEquals(one![0], 0, 0.03);
  assertAlmostEquals(one![1], 1.2 - begin, 0.03);
  assertAlmostEquals(two![0], 1.2 - begin, 0.03);
  assertAlmostEquals(two![1], 2.5 - begin, 0.03);
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
