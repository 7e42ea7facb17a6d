/**
 * Seeking to a key frame at or before the target. `seek_accuracy_test.ts` tests the accuracy.
 */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { AVError, Demuxer, type Packet, type Stream } from "@avio/avio";
import { bombs } from "../fuzz/bombs.ts";
import { readerOf } from "./support/devices.ts";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes, mediaFixtures } from "./support/fixtures.ts";
import { rowOf, without } from "./support/packets.ts";

/** Seconds from the start, inside the second that follows a key frame, and beyond the end. */
const targets = [0.5, 1.2, 1.7, 2, 2.9, 10];

/** Files whose seeking goes by an index that has every key frame. */
const indexed = ["video.mp4", "faststart.mp4", "video.mkv", "video.avi", "video.webm"];

function bestStream(demuxer: Demuxer): Stream {
  return (demuxer.bestStream("video") ?? demuxer.bestStream("audio"))!;
}

/** The next packet of a stream. */
function nextOf(demuxer: Demuxer, { index }: Stream): Packet | null {
  let packet = demuxer.readSync();
  while (packet && packet.streamIndex !== index) packet = demuxer.readSync();
  return packet;
}

function dtsSeconds({ dts, pts, timeBase }: Packet): number {
  return (dts ?? pts)! * timeBase.num / timeBase.den;
}

for (const name of mediaFixtures) {
  Deno.test(`Demuxer.seekSync() in ${name} goes to a key frame at or before the target`, () => {
    for (const target of targets) {
      using demuxer = Demuxer.openSync(fixtureBytes(name));
      const stream = bestStream(demuxer);
      demuxer.seekSync(target + (demuxer.startTime ?? 0));
      const packet = nextOf(demuxer, stream);
      // Where there is no index, nothing is beyond the end.
      if (packet === null) {
        assert(target === 10 || name === "audio.wav" && target > 1.4, `${target}: nothing`);
      } else {
        assert(packet.isKey, `${target}: ${packet.time} is no key frame`);
        const found = dtsSeconds(packet) - (demuxer.startTime ?? 0);
        assert(found <= target + 1e-6, `${target}: at ${found}`);
      }
    }
  });

  // The packets of wav begin wherever the seek went to.
  if (name === "audio.wav") continue;
  Deno.test(`Demuxer.seekSync() in ${name} is followed by the same packets as before`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const whole = [...demuxer.packetsSync()].filter((packet) => packet.streamIndex === stream.index)
      .map((packet) => rowOf(packet).md5);
    for (const target of [0, 1.2, 2.2, 0.5]) {
      demuxer.seekSync(target + (demuxer.startTime ?? 0));
      const rest = [...demuxer.packetsSync()].filter((packet) => packet.streamIndex === stream.index)
        .map((packet) => rowOf(packet).md5);
      assert(rest.length > 0, `${target}: nothing`);
      assertEquals(rest, whole.slice(-rest.length), `${target}`);
    }
  });
}

for (const name of indexed) {
  Deno.test(`Demuxer.seekSync() in ${name} finds the last key frame at or before the target, repeatedly`, () => {
    using demuxer = Demuxer.openSync(readerOf(fixtureBytes(name)), { bufferSize: 4096 });
    const stream = bestStream(demuxer);
    const keyTimes = [...demuxer.packetsSync()]
      .filter((packet) => packet.streamIndex === stream.index && packet.isKey).map(({ time }) => time!);
    assertEquals(keyTimes.length, 3);
    for (const target of [2.9, 0.3, 1.7, 10, 1.2, 2.5]) {
      demuxer.seekSync(target);
      assertEquals(
        nextOf(demuxer, stream)?.time,
        Math.max(...keyTimes.filter((time) => time <= target)),
        `${target}`,
      );
    }
  });

  Deno.test(`Demuxer.seekSync() in ${name} goes to a timestamp, forward, and to any frame`, () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const stream = bestStream(demuxer);
    const { num, den } = stream.timeBase;
    const timestamp = Math.round(1.4 * den / num);
    demuxer.seekSync({ streamIndex: stream.index, timestamp });
    const before = nextOf(demuxer, stream)!;
    assert(before.isKey && before.pts! <= timestamp);
    demuxer.seekSync({ streamIndex: stream.index, timestamp }, { backward: false });
    const after = nextOf(demuxer, stream)!;
    assert(after.isKey && after.pts! >= timestamp);
    assert(after.time! > before.time!);
    demuxer.seekSync({ streamIndex: stream.index, timestamp }, { any: true });
    const any = nextOf(demuxer, stream)!;
    assert(any.time! >= before.time! && any.time! <= 1.6, `any: ${any.time}`);
  });
}

Deno.test("Demuxer.seekSync() works after the end, and refuses invalid targets", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  while (demuxer.readSync());
  assertEquals(demuxer.readSync(), null);
  demuxer.seekSync(0);
  assertEquals(demuxer.readSync()?.time, 0);
  assertThrows(() => demuxer.seekSync(NaN), RangeError, "target");
  assertThrows(() => demuxer.seekSync({ streamIndex: 9, timestamp: 0 }), RangeError, "streamIndex");
  assertThrows(() => demuxer.seekSync({ streamIndex: 0, timestamp: 0.5 }), RangeError, "timestamp");
  assertThrows(() => demuxer.seekSync(1, { min: 2 }), RangeError, "min");
});

Deno.test("Demuxer.seekSync() back without onseek: the error says that the source is not seekable, if the buffer is too small", () => {
  for (const name of mediaFixtures.filter((name) => name !== "video.mp4")) {
    using demuxer = Demuxer.openSync(readerOf(fixtureBytes(name), { seekable: false }), { bufferSize: 1000 });
    const first = rowOf(demuxer.readSync()!);
    while (demuxer.readSync());
    let again: Packet | null = null;
    try {
      demuxer.seekSync(demuxer.startTime ?? 0);
      again = demuxer.readSync();
    } catch (error) {
      assertInstanceOf(error, AVError, name);
      assertStringIncludes(error.message, "not seekable", name);
      assertEquals(error.codeName, "ESPIPE", name);
      continue;
    }
    assertEquals(again && rowOf(again), first, name);
  }
});

// ------------------------------------------------------------------------------------------- by byte

/** What a packet is, but for its timestamps: those that FFmpeg counts start anew. */
const essenceOf = (packet: Packet) => without([rowOf(packet)], ["pts", "dts", "duration"])[0];

for (const name of ["video.ts", "audio.mp3", "audio.ogg", "audio.flac", "audio.wav"]) {
  Deno.test(`Demuxer.seek({ byte }) in ${name} goes to the packet at that position`, async () => {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    await using twin = await Demuxer.open(new Blob([fixtureBytes(name)]));
    const whole = [...demuxer.packetsSync()];
    const streams = new Set(whole.map(({ streamIndex }) => streamIndex));
    const begins = whole.filter(({ pos }, i) => pos !== null && i % 10 === 0).map(({ pos }) => pos!);
    assert(begins.length > 1);
    for (const byte of begins.toReversed()) {
      demuxer.seekSync({ byte });
      const rest = [...demuxer.packetsSync()];
      assert(rest.some(({ pos }) => pos === byte), `${byte}: not there`);
      for (const index of streams) {
        const of = (packets: Packet[]) => packets.filter(({ streamIndex }) => streamIndex === index);
        const from = of(whole).findIndex(({ pos }) => pos !== null && pos >= byte);
        const expected = from < 0 ? [] : of(whole).slice(from);
        assertEquals(of(rest).map(essenceOf), expected.map(essenceOf), `stream ${index} from ${byte}`);
      }
      await twin.seek({ byte });
      assertEquals((await Array.fromAsync(twin)).map(essenceOf), rest.map(essenceOf), `${byte}, async`);
    }
    demuxer.seekSync({ byte: 1e12 }); // the last byte
    assert([...demuxer.packetsSync()].length <= 1);
  });
}

Deno.test("Seeking in a file without streams is a clear error", () => {
  using demuxer = Demuxer.openSync(new TextEncoder().encode(";FFMETADATA1\ntitle=x\n"), {
    format: "ffmetadata",
  });
  for (const target of [0, -1, 5, { byte: 0 }]) {
    assertThrows(
      () => demuxer.seekSync(target),
      AVError,
      "Cannot seek: Function not implemented (it has no streams)",
    );
  }
  assertEquals(demuxer.readSync(), null);
});

Deno.test("Demuxer.seekSync({ byte }): errors of formats that can't", () => {
  for (const name of ["video.mp4", "video.mkv", "video.webm", "video.flv"]) {
    using demuxer = Demuxer.openSync(fixtureBytes(name));
    const error = assertThrows(() => demuxer.seekSync({ byte: 1000 }), AVError, "can't be sought by bytes");
    assertEquals(error.codeName, "ENOSYS", name);
    demuxer.seekSync(0); // nothing is broken
    assert(demuxer.readSync()!.isKey, name);
  }
  const long = concatBytes(Array(80).fill(fixtureBytes("video.ts"))); // a short one is read whole
  const { onread } = readerOf(long as Uint8Array<ArrayBuffer>);
  using demuxer = Demuxer.openSync({ onread: onread! });
  assertThrows(() => demuxer.seekSync({ byte: 1000 }), AVError, "not seekable");
});

Deno.test("Demuxer.seekSync({ byte }) refuses invalid positions", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.ts"));
  for (const byte of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => demuxer.seekSync({ byte }), RangeError, "target.byte");
  }
  assertThrows(() => demuxer.seekSync({ byte: "1" as never }), TypeError, "target.byte");
  assertThrows(() => demuxer.seekSync({} as never), TypeError, "target");
});

Deno.test("Demuxer.seekSync() keeps packets that are played with the key frame, even if they are far before it in the file", () => {
  using demuxer = Demuxer.openSync(bombs["matroska track far ahead"]!(140_000));
  const picturesIn = (packets: Packet[]) =>
    packets.filter(({ streamIndex }) => demuxer.streams[streamIndex]!.type === "video");
  const all = [...demuxer.packetsSync()], pictures = picturesIn(all);
  const sound = all.length - pictures.length;
  assertEquals(sound, 10_000);
  for (const index of [2, 63, 64, 200, pictures.length - 1]) {
    demuxer.seekSync(pictures[index]!.time!);
    const rest = [...demuxer.packetsSync()];
    assertEquals(picturesIn(rest).length, pictures.length - index);
    assertEquals(rest.length - picturesIn(rest).length, sound);
  }
});
