/**
 * MXF has no times of pictures, but an index of the order in which they are shown: it is that of the packets' times, also of
 * H.264, and of MPEG-2 whose first pictures are missing.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Demuxer, MemorySink, type RemuxOptions, remuxSync, type Source } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

/** The place of each picture, in the order of decoding, among those that are shown. */
function places(source: Source): number[] {
  using demuxer = Demuxer.openSync(source);
  const times = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === 0).map(({ pts }) => {
    assert(pts !== null);
    return pts;
  });
  const shown = times.toSorted((a, b) => a - b);
  assertEquals(new Set(shown).size, shown.length, "two pictures at one time");
  return times.map((time) => shown.indexOf(time));
}

function remuxed(source: Source, format: string, options: RemuxOptions = {}) {
  const sink = new MemorySink();
  remuxSync(source, sink, { format, streams: ({ type }) => type === "video", ...options });
  return sink.bytes();
}

/** Twelve seconds of MPEG-2, of which each second but the first begins with pictures that need the one before. */
function mpeg2(): Uint8Array {
  const args = [
    "-v",
    "error",
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=160x120:rate=25:duration=12",
    "-c:v",
    "mpeg2video",
  ];
  const { stdout } = new Deno.Command("ffmpeg", {
    args: [...args, "-g", "25", "-bf", "2", "-f", "mpegts", "-"],
  }).outputSync();
  return stdout;
}

for (
  const [name, made, options] of [
    ["H.264", () => fixturePath("video.mp4"), {}],
    ["H.264 that is cut", () => fixturePath("video.mp4"), { start: 1.5 }],
    ["MPEG-2 in two segments of the index", mpeg2, {}],
    ["MPEG-2 that is cut where pictures are shown before the first one", mpeg2, { start: 3.1, end: 9 }],
  ] as [string, () => Source, RemuxOptions][]
) {
  Deno.test({
    name: `MXF keeps the order in which pictures are shown: ${name}`,
    ignore: !isEmbedded,
    fn() {
      const source = made();
      const kept = places(remuxed(source, "mxf", options)),
        given = places(remuxed(source, "matroska", options));
      assertGreater(kept.length, 20);
      assert(given.some((place, i) => place !== i), "its pictures are not in another order");
      assertEquals(kept, given);
    },
  });
}
