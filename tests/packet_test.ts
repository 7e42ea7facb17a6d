/**
 * Packet as a value; and the packets of every format compared with ffprobe's. With FFmpeg 5.1 on both sides there is no
 * difference; differences of newer versions are listed by name.
 */
import { assert, assertEquals } from "@std/assert";
import { Demuxer, Packet } from "@avio/avio";
import { ffprobePackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, mediaFixtures, otherFixtures, realPath } from "./support/fixtures.ts";
import { rowsOf, withDurations, without } from "./support/packets.ts";
import { differing } from "./support/versions.ts";

function check(name: string, path: string): void {
  const exempt = differing(name, "packets");
  const ours = rowsOf(path);
  assertEquals(without(ours, exempt), without(withDurations(ffprobePackets(path), ours), exempt));
}

for (const name of [...mediaFixtures, ...otherFixtures]) {
  Deno.test({
    name: `Demuxer.readSync() returns the packets that ffprobe finds in ${name}`,
    ignore: !hasFFprobe,
    fn: () => check(name, fixturePath(name)),
  });
}

for (const name of ["sample.mp4", "sample.webm", "sample.mp3", "sample.jpeg", "bbb_chapters.mp4"]) {
  const path = realPath(name);
  Deno.test({
    name: `Demuxer.readSync() returns the packets that ffprobe finds in the real file ${name}`,
    ignore: !hasFFprobe || path === "",
    fn: () => check(name, path),
  });
}

/** Sums of payload bytes by stream, as ../shared/media/SOURCES.md has them. */
const sums = { "sample.webm": [145_416, 42_419], "sample.mp4": [140_102, 34_914] };

for (const [name, expected] of Object.entries(sums)) {
  const path = realPath(name);
  Deno.test({
    name: `Demuxer.readSync() delivers every byte of the real file ${name}`,
    ignore: path === "",
    fn() {
      const found: number[] = [0, 0];
      for (const { stream, size } of rowsOf(path)) found[stream]! += size;
      assertEquals(found, expected);
    },
  });
}

Deno.test("Demuxer.readSync() returns null repeatedly at the end", () => {
  for (const name of mediaFixtures) {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    while (demuxer.readSync());
    for (let i = 0; i < 3; i++) assertEquals(demuxer.readSync(), null, name);
  }
});

Deno.test("Packet.data is unchanged after the Demuxer is closed", () => {
  for (const name of mediaFixtures) {
    const demuxer = Demuxer.openSync(fixtureBytes(name));
    const packets = [...demuxer.packetsSync()];
    const before = packets.map(({ data }) => data.slice());
    demuxer[Symbol.dispose]();
    for (const [i, { data }] of packets.entries()) assertEquals(data, before[i], `${name}, packet ${i}`);
  }
});

Deno.test("Packets: times increase in each stream, and the first is a key frame", () => {
  for (const name of mediaFixtures) {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const lastDts: (number | null)[] = demuxer.streams.map(() => null);
    for (const packet of demuxer.packetsSync()) {
      const last = lastDts[packet.streamIndex]!;
      const where = `${name}, stream ${packet.streamIndex}, dts ${packet.dts}`;
      if (last === null) assert(packet.isKey, `${where}: the first one is no key frame`);
      if (packet.dts !== null && last !== null) assert(packet.dts >= last, `${where} after ${last}`);
      lastDts[packet.streamIndex] = packet.dts ?? last ?? -Infinity;
    }
  }
});

// ------------------------------------------------------------------------------------------- a value

Deno.test("Packet() fills in defaults", () => {
  const data = Uint8Array.of(1, 2, 3);
  const packet = new Packet({ streamIndex: 2, data });
  assertEquals({ ...packet }, {
    streamIndex: 2,
    data,
    pts: null,
    dts: null,
    duration: 0,
    timeBase: { num: 1, den: 1_000_000 },
    isKey: false,
    isCorrupt: false,
    isDiscard: false,
    pos: null,
    sideData: [],
  });
  assert(packet.data === data);
  assertEquals(packet.time, null);
});

Deno.test("Packet.time is its pts in seconds; -1 is a timestamp like any other", () => {
  const of = (pts: number) =>
    new Packet({ streamIndex: 0, data: new Uint8Array(1), pts, timeBase: { num: 1, den: 90000 } });
  assertEquals(of(90000).time, 1);
  assertEquals(of(0).time, 0);
  assertEquals(of(-1).pts, -1);
  assertEquals(of(-45000).time, -0.5);
  assertEquals(of(Number.MAX_SAFE_INTEGER).pts, Number.MAX_SAFE_INTEGER);
});

Deno.test("Packets do not share default values", () => {
  const a = new Packet({ streamIndex: 0, data: new Uint8Array(1) });
  const b = new Packet({ streamIndex: 0, data: new Uint8Array(1) });
  a.sideData.push({ type: "New Extradata", data: new Uint8Array(1) });
  assertEquals(b.sideData, []);
});

Deno.test("Packets fit the web platform's types: their bytes are not in shared memory", async () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  const packet = demuxer.readSync()!;
  const { extradata } = demuxer.streams[0]!.codecParameters;
  // These lines are the test: they compile.
  assertEquals(await new Response(packet.data).bytes(), packet.data);
  assertEquals(new Blob([extradata!]).size, extradata!.length);
  const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7);
  const made = new Packet({
    streamIndex: 0,
    data: shared,
    sideData: [{ type: "New Extradata", data: shared }],
  });
  assertEquals(await new Response(made.data).bytes(), Uint8Array.of(7, 7, 7));
  assert(!(made.data.buffer as ArrayBufferLike instanceof SharedArrayBuffer));
});
