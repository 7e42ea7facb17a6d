/**
 * keyFrames() and `onstart` of a remux: where a cut begins is known before anything is written, and is right.
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Demuxer,
  keyFrames,
  keyFramesSync,
  MemorySink,
  remux,
  type RemuxStart,
  RemuxStream,
  remuxSync,
  splitSync,
} from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

/** With key frames each second, and an output for each. */
const formats: Record<string, string> = {
  "video.mp4": "mp4",
  "fragmented.mp4": "mp4",
  "video.mkv": "mp4",
  "video.ts": "mp4",
  "video.flv": "matroska",
  "video.avi": "matroska",
  "video.webm": "webm",
};

/** The times of all key frames of video, by reading all of it. */
function read(name: string): number[] {
  using demuxer = Demuxer.openSync(fixturePath(name));
  const video = demuxer.bestStream("video")!;
  const origin = demuxer.startTime ?? 0;
  return [...demuxer.packetsSync()].filter(({ streamIndex, isKey }) => isKey && streamIndex === video.index)
    .map(({ time }) => time! - origin);
}

for (const [name, format] of Object.entries(formats)) {
  Deno.test(`keyFramesSync() and onstart return where a cut of ${name} begins`, () => {
    const all = read(name);
    const times = keyFramesSync(fixturePath(name));
    assertEquals(times.length, all.length);
    times.forEach((time, index) => assertAlmostEquals(time, all[index]!, 1e-5));
    for (const start of [0.5, 1, 1.02, 1.5, 2.9]) {
      const [before, after] = keyFramesSync(fixturePath(name), { around: start });
      assertAlmostEquals(before!, all.findLast((time) => time <= start + 1e-6) ?? all[0]!, 1e-5);
      const next = all.find((time) => time > start + 1e-6);
      if (before! <= start && next !== undefined) assertAlmostEquals(after!, next, 1e-5);
      else assertEquals(after, undefined);
      const sink = new MemorySink();
      const starts: RemuxStart[] = [];
      const result = remuxSync(fixturePath(name), sink, {
        format,
        start,
        end: 3,
        onstart(begin) {
          starts.push(begin);
          assertEquals(sink.bytes().length, 0);
        },
      });
      const [reported] = starts;
      assertEquals(starts.length, 1);
      assertAlmostEquals(reported!.start, before!, 1e-5, `${name} from ${start}`);
      assertEquals(reported!.start, result.start);
      assertAlmostEquals(reported!.duration!, result.duration!, 0.25);
      assertEquals(reported!.format.name, format);
      assertEquals(reported!.skippedStreams, result.skippedStreams);
      assertEquals(
        reported!.streams.map(({ index, inputIndex }) => [index, inputIndex]),
        result.streams.map(({ index, inputIndex }) => [index, inputIndex]),
      );
    }
  });
}

Deno.test("onstart: an exception ends the remux before the sink is opened", async () => {
  const error = new Error("too early");
  const path = Deno.makeTempFileSync({ suffix: ".mp4" });
  Deno.writeTextFileSync(path, "as it was");
  const onstart = () => {
    throw error;
  };
  try {
    assertThrows(
      () => remuxSync(fixturePath("video.mp4"), path, { start: 1.5, onstart }),
      Error,
      "too early",
    );
    assertEquals(await rejectionOf(remux(fixturePath("video.mp4"), path, { onstart })), error);
    const late = { onstart: () => Promise.reject(error) };
    assertEquals(await rejectionOf(remux(fixturePath("video.mp4"), path, late)), error);
    assertThrows(() => remuxSync(fixturePath("video.mp4"), path, late as never), TypeError, "onstart");
    assertEquals(Deno.readTextFileSync(path), "as it was");
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("onstart: tags and dispositions of streams are those of the output, and split() calls it once", () => {
  let reported = 0;
  const result = splitSync(fixturePath("video.mp4"), {
    format: "mp4",
    every: 1,
    streams: [{ index: 1, metadata: { language: "fra" }, disposition: ["forced"] }, 0],
    onsegment: () => new MemorySink(),
    onstart({ start, streams }) {
      reported++;
      assertEquals(start, 0);
      assertEquals(streams.map(({ type, inputIndex }) => [type, inputIndex]), [["audio", 1], ["video", 0]]);
      assertEquals([streams[0]!.metadata["language"], streams[0]!.disposition], ["fra", ["forced"]]);
    },
  });
  assertEquals([reported, result.segments.length], [1, 3]);
});

Deno.test("RemuxStream: onstart is awaited", async () => {
  const begins: number[] = [];
  const remuxing = new RemuxStream({
    format: "mp4",
    onstart: async ({ start }) => {
      await Promise.resolve();
      begins.push(start);
    },
  });
  const bytes = new Blob([fixtureBytes("video.mkv")]).stream().pipeThrough(remuxing);
  assert((await new Response(bytes).bytes()).length > 1000);
  assertEquals(begins, [0]);
});

Deno.test("keyFrames() reads a source that can't seek from its beginning", async () => {
  const stream = () => new Blob([fixtureBytes("video.ts")]).stream();
  assertEquals((await keyFrames(stream())).length, 3);
  const around = await keyFrames(stream(), { around: 1.5 });
  assertEquals(around.map(Math.round), [1, 2]);
  const { onread } = readerOf(fixtureBytes("video.mkv")) as { onread: (buffer: Uint8Array) => number };
  assertEquals((await keyFrames({ onread }, { start: 1, end: 2 })).map(Math.round), [1]);
});

Deno.test("keyFrames() of audio only, of one stream, before the first and after the last", async () => {
  const sound = await keyFrames(fixturePath("audio.mp3"), { around: 0.5 });
  assert(sound.length === 2 && sound[0]! <= 0.5 && sound[1]! > 0.5, String(sound));
  assertEquals(await keyFrames(fixturePath("video.mp4"), { around: 100 }), [2]);
  assert((await keyFrames(fixturePath("video.mp4"), { streamIndex: 1, end: 0.5 })).length > 10);
});

Deno.test("keyFrames() names the argument that is wrong", async () => {
  const path = fixturePath("video.mp4");
  const wrong: [object, string][] = [
    [{ around: -1 }, "around"],
    [{ around: 1, start: 1 }, "around"],
    [{ start: 2, end: 1 }, "end"],
    [{ streamIndex: 9 }, "streamIndex"],
    [{ before: 1 }, "before"],
    [{ input: { formt: "mp4" } }, "input.formt"],
  ];
  for (const [options, argument] of wrong) {
    const error = await assertRejects(() => keyFrames(path, options), Error) as Error & { argument: string };
    assertEquals(error.argument, argument);
  }
});

Deno.test("keyFrames() begins with 0 if audio begins before it, as a cut does", () => {
  for (
    const [fixture, format] of [["video.webm", "ogg"], ["video.webm", "webm"], ["video.mp4", "ipod"]] as const
  ) {
    const sink = new MemorySink();
    remuxSync(fixtureBytes(fixture), sink, { format, streams: ({ type }) => type === "audio" });
    const source = sink.bytes();
    const [first, second, third] = keyFramesSync(source) as [number, number, number];
    assertEquals(first, 0, format);
    assert(0 < second && second < third, format);
    assertEquals(keyFramesSync(source, { around: second / 2 }), [0, second], format);
    assertEquals(keyFramesSync(source, { around: 0 }), [0, second], format);
    const { start } = remuxSync(source, new MemorySink(), { format, start: second / 2 });
    assertAlmostEquals(start, 0, 0.03, format);
  }
});
