/**
 * Cutting: remux with start and end.
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Demuxer, probeSync, remuxSync } from "@avio/avio";
import { ffprobeInfo, hasFFprobe } from "./support/ffprobe.ts";
import { fixturePath } from "./support/fixtures.ts";
import { hashesByStream, rowsOf } from "./support/packets.ts";
import { remuxed } from "./support/remuxed.ts";

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
    const max = name === "audio.ogg" ? 1.3 : 0.85;
    assert(info.duration! > 0.6 && info.duration! < max, `${name}: ${info.duration}`);
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

Deno.test("remuxSync() keeps exactly the frames that are shown before end", () => {
  using original = Demuxer.openSync(fixturePath("video.mp4"));
  const shown = [...original.packetsSync()].filter(({ streamIndex }) => streamIndex === 0)
    .map(({ time }) => time!);
  assert(shown.some((time, index) => index > 0 && time < shown[index - 1]!), "it has B-frames");
  for (const end of [0.04, 0.5, 1, 1.2, 1.21, 2.96]) {
    const { bytes } = remuxed("video.mp4", { format: "mp4", end, streams: ({ type }) => type === "video" });
    using demuxer = Demuxer.openSync(bytes);
    const kept = [...demuxer.packetsSync()].map(({ time }) => time!);
    assertEquals(kept, shown.filter((time) => time < end - 1e-9), `end: ${end}`);
  }
});

Deno.test("remuxSync() refuses a start after the end of the media", () => {
  for (const [name, format] of Object.entries({ ...cuttable, "audio.ogg": "ogg", "audio.flac": "flac" })) {
    const { duration } = probeSync(fixturePath(name));
    for (const start of [duration!, 5, 1e6]) {
      assertThrows(
        () => remuxed(name, { format, start }),
        RangeError,
        `start: must be before the end of the media (${duration}), is ${start}`,
      );
    }
    assert(remuxed(name, { format, start: duration! - 0.01 }).result.packets > 0, name);
  }
});

Deno.test("remuxSync() refuses invalid ranges", () => {
  for (
    const range of [{ start: 2, end: 1 }, { start: 1, end: 1 }, { start: -1 }, { start: NaN }, { end: 0 }, {
      end: NaN,
    }]
  ) {
    assertThrows(() => remuxed("video.mp4", { format: "mp4", ...range }), RangeError);
  }
});
