/**
 * MXF has no times of pictures, but an index of the order in which they are shown: it is that of the packets' times, also of
 * H.264, and of MPEG-2 whose first pictures are missing.
 */
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  AVError,
  Demuxer,
  MemorySink,
  Muxer,
  Packet,
  type RemuxOptions,
  remuxSync,
  type Source,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { madeBy } from "./support/made.ts";
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
  const film = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=12"];
  return madeBy(...film, "-c:v", "mpeg2video", "-g", "25", "-bf", "2", "-f", "mpegts");
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

for (const [name, late] of [["earlier", -1], ["later", 1]] as const) {
  Deno.test({
    name: `A picture that is shown more than 127 places ${name} is an error: the index of MXF can't say so`,
    ignore: !isEmbedded,
    fn() {
      using demuxer = Demuxer.openSync(mpeg2());
      using muxer = Muxer.openSync(new MemorySink(), { format: "mxf" });
      muxer.addStream(demuxer.streams[0]!);
      const packets = [...demuxer.packetsSync()], step = packets[1]!.dts! - packets[0]!.dts!;
      const ahead = 400 * step; // a picture is not shown before it is decoded
      const times = packets.map(({ pts }, i) =>
        pts! + ahead + (i === (late > 0 ? 20 : 200) ? 190 * late * step : 0)
      );
      const error = assertThrows(() => {
        for (const [i, packet] of packets.entries()) {
          muxer.writeSync(new Packet({ ...packet, pts: times[i]! }));
        }
        muxer.finishSync();
      }, AVError);
      assertEquals(error.codeName, "PATCHWELCOME");
    },
  });
}
