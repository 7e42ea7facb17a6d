/**
 * How exactly a seek lands: the packets after it against those of `ffprobe -read_intervals`, in seconds and in the time
 * base of a stream, backward, forward, to any frame and within a window; and that nothing read before comes after it.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Demuxer, type Packet, type Stream, versions } from "@avio/avio";
import { promising } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { ffprobePackets, hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath, realPath } from "./support/fixtures.ts";
import { type PacketRow, rowOf, rowsOf, withDurations, without } from "./support/packets.ts";

const embedded = versions().build === "embedded";

/** What is known of seeking in a file. */
interface Case {
  /** Seconds after the start that are sought. */
  targets: number[];
  /** Has an index with every key frame, so that it lands on the last one at or before the target. */
  indexed?: boolean;
  /** Targets at which the embedded FFmpeg, which is newer than ffprobe 5.1, lands elsewhere; and why. */
  newer?: { targets: number[]; why: string };
  /** ffprobe does not say how late it may land, and lands after the target; avio is then at the start. */
  ffprobeIsLate?: number[];
  /** Fields that are not the same as without a seek; and why. */
  changes?: { fields: (keyof PacketRow)[]; why: string };
  /** Its packets are cut anew after a seek. */
  cutAnew?: string;
}

const targets = [0, 0.5, 1, 1.7, 2.4];

const cases: Record<string, Case> = {
  "video.mp4": { targets, indexed: true },
  "faststart.mp4": { targets, indexed: true },
  "fragmented.mp4": { targets },
  "video.mkv": {
    targets,
    indexed: true,
    changes: { fields: ["dts"], why: "Matroska has no dts, the first ones after a seek are unknown" },
  },
  "video.webm": { targets, indexed: true },
  "video.ts": { targets, ffprobeIsLate: [0] },
  "video.flv": { targets },
  "video.avi": { targets, indexed: true },
  "audio.ogg": {
    targets,
    ffprobeIsLate: [0],
    changes: { fields: ["pts", "dts", "duration"], why: "times are known at the end of a page only" },
  },
  "audio.mp3": {
    targets,
    changes: {
      fields: ["pts", "dts"],
      why: "the place is reckoned from the bit rate, and the time from the place",
    },
  },
  "audio.wav": { targets: [0, 0.5, 1, 1.4], cutAnew: "samples are where they are asked for" },
  "audio.flac": {
    targets: [...targets, 2.9],
    changes: { fields: ["pts", "dts", "duration"], why: "frames are found in the data" },
    newer: { targets: [2.4, 2.9], why: "near the end it lands a frame earlier" },
  },
};

/** Packets that are compared after each seek. */
const COUNT = 12;

function take(demuxer: Demuxer, count: number): PacketRow[] {
  const rows: PacketRow[] = [];
  for (let packet; rows.length < count && (packet = demuxer.readSync());) rows.push(rowOf(packet));
  return rows;
}

function bestStream(demuxer: Demuxer): Stream {
  return (demuxer.bestStream("video") ?? demuxer.bestStream("audio"))!;
}

function nextOf(demuxer: Demuxer, { index }: Stream): Packet | null {
  let packet = demuxer.readSync();
  while (packet && packet.streamIndex !== index) packet = demuxer.readSync();
  return packet;
}

/** What identifies a packet. */
function keysOf(rows: readonly PacketRow[], fields: readonly (keyof PacketRow)[]): string[] {
  return without(rows, [...fields, "pos"]).map((row) => JSON.stringify(row));
}

function byStream(rows: readonly PacketRow[]): PacketRow[][] {
  const streams: PacketRow[][] = [];
  for (const row of rows) (streams[row.stream] ??= []).push(row);
  return streams;
}

// ------------------------------------------------------------------------------------------- against ffprobe

for (const [name, { targets, newer, ffprobeIsLate }] of Object.entries(cases)) {
  Deno.test({
    name: `After Demuxer.seekSync() in ${name} come the packets that ffprobe -read_intervals finds`,
    ignore: !hasFFprobe,
    fn() {
      for (const target of targets) {
        using demuxer = Demuxer.openSync(fixturePath(name));
        const seconds = target + (demuxer.startTime ?? 0);
        const first = take(demuxer, COUNT);
        using fresh = Demuxer.openSync(fixturePath(name)); // as ffprobe's is: what was read before is an index for some
        fresh.seekSync(seconds);
        const rows = take(fresh, COUNT);
        const theirs = withDurations(ffprobePackets(fixturePath(name), `${seconds}%+#${COUNT}`), rows);
        const same = JSON.stringify(rows) === JSON.stringify(theirs);
        if (ffprobeIsLate?.includes(target)) {
          assertEquals([same, rows], [false, first], `${name} to ${seconds}`);
        } else if (embedded && newer?.targets.includes(target)) {
          assert(!same, `${name} to ${seconds}: ${newer.why} no longer`);
        } else {
          assertEquals(rows, theirs, `${name} to ${seconds}`);
        }
      }
    },
  });
}

for (const name of ["sample.mp4", "sample.webm", "sample.mp3", "bbb_chapters.mp4"]) {
  const path = realPath(name);
  Deno.test({
    name: `After Demuxer.seekSync() in the real file ${name} come the packets that ffprobe finds`,
    ignore: !hasFFprobe || path === "",
    fn() {
      for (const seconds of [0.7, 1.9]) {
        using demuxer = Demuxer.openSync(path);
        demuxer.seekSync(seconds);
        assertEquals(take(demuxer, COUNT), ffprobePackets(path, `${seconds}%+#${COUNT}`), `${seconds}`);
      }
    },
  });
}

// ------------------------------------------------------------------------------------------- seconds, time bases

for (const [name, { targets }] of Object.entries(cases)) {
  Deno.test(`Demuxer.seekSync() in ${name} goes to the same place by seconds and by a stream's time base`, () => {
    for (const target of targets) {
      using bySeconds = Demuxer.openSync(fixtureBytes(name));
      using byTimestamp = Demuxer.openSync(fixtureBytes(name));
      const stream = bestStream(bySeconds);
      const { num, den } = stream.timeBase;
      const timestamp = Math.round((target + (bySeconds.startTime ?? 0)) * den / num);
      // A timestamp becomes seconds and back in FFmpeg, so that the two are the same but for rounding.
      bySeconds.seekSync(timestamp * num / den);
      byTimestamp.seekSync({ streamIndex: stream.index, timestamp });
      const [a, b] = [take(bySeconds, COUNT), take(byTimestamp, COUNT)];
      assertEquals(b[0], a[0], `${name} to ${target}`);
      assertEquals(b, a, `${name} to ${target}`);
    }
  });
}

// ------------------------------------------------------------------------------------------- where it lands

for (const [name, { indexed }] of Object.entries(cases)) {
  if (!indexed) continue;
  Deno.test(`Demuxer.seekSync() in ${name} lands on the key frame that the options ask for`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const all = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index);
    const keys = all.filter(({ isKey }) => isKey).map(({ time }) => time!);
    assertEquals(keys.length, 3);
    const [first, second, third] = keys as [number, number, number];
    // Seconds are rounded to the nearest unit of the time base: in avi that is a frame, and half of it may be before.
    const little = Math.max(0.02, 0.75 * stream.timeBase.num / stream.timeBase.den);
    const lands = (target: number, options?: Parameters<Demuxer["seekSync"]>[1]) => {
      demuxer.seekSync(target, options);
      return nextOf(demuxer, stream)?.time;
    };
    assertEquals(lands(second), second, "on a key frame");
    assertEquals(lands(second - little), first, "just before a key frame");
    assertEquals(lands(second + little), second, "just after a key frame");
    assertEquals(lands(second + little, { backward: false }), third, "forward");
    assertEquals(lands(second - little, { backward: false }), second, "forward, just before");
    assertEquals(lands(second, { backward: false }), second, "forward, on a key frame");
    assertEquals(lands(second + 0.3, { min: second - 0.1, max: second + 0.4 }), second, "in a window, back");
    assertEquals(lands(third - 0.1, { min: third - 0.2, max: third + 0.9 }), third, "in a window, on");
  });

  Deno.test(`Demuxer.seekSync() in ${name} with any goes to the frame itself`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const all = [...demuxer.packetsSync()].filter(({ streamIndex }) => streamIndex === stream.index);
    const frame = all[Math.floor(all.length / 2) + 3]!;
    assert(!frame.isKey);
    const timestamp = name.endsWith(".avi") ? frame.dts! : frame.pts!;
    demuxer.seekSync({ streamIndex: stream.index, timestamp }, { any: true });
    const found = nextOf(demuxer, stream)!;
    if (/\.(mkv|webm)$/.test(name)) {
      // Matroska's index has no other frames but those that were read since the file was opened.
      assert(found.time! <= frame.time! + 0.13 && found.time! > frame.time! - 1.01, `${found.time}`);
    } else {
      // By decoding time: with B-frames another one may be shown at the time asked for.
      assertAlmostEquals(found.time!, frame.time!, 0.13);
    }
  });
}

// ------------------------------------------------------------------------------------------- nothing from before

/** The rows after a seek must be the end of the whole, stream by stream. */
function checkEnd(name: string, whole: readonly PacketRow[], rest: readonly PacketRow[], what: string): void {
  const { changes, cutAnew } = cases[name]!;
  assert(rest.length > 0, `${what}: nothing`);
  if (cutAnew) {
    assert(rest.every(({ pts }, i) => i === 0 || pts! > rest[i - 1]!.pts!), what);
    return;
  }
  const [before, after] = [byStream(whole), byStream(rest)];
  for (const [stream, rows] of after.entries()) {
    if (!rows) continue;
    assertEquals(
      keysOf(rows, changes?.fields ?? []),
      keysOf(before[stream]!.slice(-rows.length), changes?.fields ?? []),
      `${what}, stream ${stream}`,
    );
  }
}

for (const name of Object.keys(cases)) {
  Deno.test(`Demuxer.seekSync() in ${name} lets nothing through that was read ahead before`, () => {
    const whole = rowsOf(fixtureBytes(name));
    for (const source of [fixtureBytes(name), readerOf(fixtureBytes(name))]) {
      using demuxer = Demuxer.openSync(source, { bufferSize: 4096 });
      const start = demuxer.startTime ?? 0;
      for (const [read, target] of [[3, 1.2], [40, 0.3], [Infinity, 0.8], [0, 1.4], [1, 0]] as const) {
        take(demuxer, read);
        demuxer.seekSync(start + target);
        checkEnd(name, whole, take(demuxer, Infinity), `after ${read} packets to ${target}`);
      }
    }
  });

  Deno.test(`Demuxer.seek() in ${name} lets nothing through that was read ahead before`, async () => {
    const whole = rowsOf(fixtureBytes(name));
    await using demuxer = await Demuxer.open(promising(readerOf(fixtureBytes(name))), { bufferSize: 4096 });
    const start = demuxer.startTime ?? 0;
    for (const [read, target] of [[3, 1.2], [40, 0.3], [1, 0]] as const) {
      for (let i = 0; i < read; i++) await demuxer.read();
      const seeking = demuxer.seek(start + target);
      const first = demuxer.read(); // asked before the seek is done, answered after it
      await seeking;
      const rows = [await first].filter((packet) => packet !== null).map(rowOf);
      for await (const packet of demuxer) rows.push(rowOf(packet));
      checkEnd(name, whole, rows, `after ${read} packets to ${target}`);
    }
  });
}

Deno.test("Demuxer.seekSync() to before the start goes to the start, to beyond the end to the last key frame", () => {
  for (const [name, { indexed }] of Object.entries(cases)) {
    if (!indexed) continue;
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const first = rowOf(nextOf(demuxer, stream)!);
    demuxer.seekSync(-10, { max: 0 });
    assertEquals(rowOf(nextOf(demuxer, stream)!).md5, first.md5, name);
    demuxer.seekSync(1000);
    const last = nextOf(demuxer, stream);
    assert(last?.isKey, name);
    assertAlmostEquals(last.time!, 2, 0.1, name);
  }
});
