/**
 * Packets at a time, packets of some streams, and what a Demuxer says of its source.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AVError, Demuxer, type Packet } from "@avio/avio";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";

/** What a full read says is shown at a time. */
function shownAt(packets: readonly Packet[], time: number, isKey: boolean): number | null {
  const times = packets.filter((packet) => packet.time !== null && packet.time <= time + 1e-9)
    .filter((packet) => packet.isKey || !isKey).map((packet) => packet.time!);
  return times.length === 0 ? null : Math.max(...times);
}

for (const name of mediaFixtures) {
  Deno.test(`Demuxer.getPacket() and getKeyPacket() find what a full read of ${name} has at a time`, async () => {
    using whole = Demuxer.openSync(fixtureBytes(name));
    const all = [...whole.packetsSync()];
    for (const stream of whole.streams) {
      const packets = all.filter(({ streamIndex }) => streamIndex === stream.index);
      const first = packets[0]!.time!;
      using sync = Demuxer.openSync(fixtureBytes(name));
      await using demuxer = await Demuxer.open(fixtureBytes(name));
      // Backward, forward, on a packet, between two, behind the end, before the beginning.
      for (
        const time of [
          first + 1.5,
          first + 0.3,
          first + 1,
          packets[packets.length >> 1]!.time!,
          first + 60,
          first - 1,
        ]
      ) {
        const label = `${name}, stream ${stream.index}, at ${time}`;
        const options = { stream };
        const shown = shownAt(packets, time, false);
        const key = shownAt(packets, time, true);
        assertEquals(sync.getPacketSync(time, options)?.time ?? null, shown, label);
        assertEquals(sync.getKeyPacketSync(time, options)?.time ?? null, key, `${label}, key`);
        assertEquals((await demuxer.getPacket(time, { stream: stream.index }))?.time ?? null, shown, label);
        assertEquals((await demuxer.getKeyPacket(time, options))?.time ?? null, key, `${label}, key`);
      }
    }
  });
}

Deno.test("Demuxer.getKeyPacket() is followed by what comes next, of the video where nothing else is said", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  const video = demuxer.bestStream("video")!;
  const key = demuxer.getKeyPacketSync(1.5)!;
  assertEquals([key.time, key.isKey, key.streamIndex], [1, true, video.index]);
  const next = demuxer.packetsSync({ streams: [video] }).next().value!;
  assert(next.dts! > key.dts! && next.dts! - key.dts! < 0.1 * next.timeBase.den);
  using song = Demuxer.openSync(fixturePath("audio.mp3"));
  assertEquals(song.getPacketSync(1)?.streamIndex, 0);
});

Deno.test("Demuxer.getPacket() says what is wrong", async () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  assertThrows(() => demuxer.getPacketSync(NaN), RangeError, "time: must not be NaN");
  assertThrows(() => demuxer.getPacketSync("1" as never), TypeError, "time: must be a number");
  assertThrows(() => demuxer.getPacketSync(1, { stream: 7 }), RangeError, "stream: must be from 0 to 1");
  assertThrows(
    () => demuxer.getPacketSync(1, { streams: [1] } as never),
    TypeError,
    "streams: there is no such option",
  );
  await using piped = await Demuxer.open(new Blob([fixtureBytes("video.mkv")]).stream());
  await piped.read();
  const error = await assertRejects(() => piped.getPacket(1), AVError);
  assert(error.message.includes("not seekable"), error.message);
});

Deno.test("Demuxer.packets({ streams }) has the packets of these streams", async () => {
  for (const name of ["video.mp4", "video.ts", "subtitles.mkv"]) {
    using whole = Demuxer.openSync(fixturePath(name));
    const all = [...whole.packetsSync()];
    for (const streams of [[0], [1], [0, 1], []]) {
      const expected = all.filter(({ streamIndex }) => streams.includes(streamIndex)).map(({ data }) =>
        data.length
      );
      using demuxer = Demuxer.openSync(fixturePath(name));
      assertEquals([...demuxer.packetsSync({ streams })].map(({ data }) => data.length), expected);
      await using later = await Demuxer.open(fixturePath(name));
      const sizes: number[] = [];
      const wanted = streams.map((index) => later.streams[index]!);
      for await (const { data } of later.packets({ streams: wanted })) sizes.push(data.length);
      assertEquals(sizes, expected);
    }
    assertThrows(() => whole.packets({ streams: [9] }), RangeError, "streams[0]");
    assertThrows(() => whole.packetsSync({ streams: 1 } as never), TypeError, "streams: must be an array");
    assertThrows(() => whole.packets({ stream: 1 } as never), TypeError, "stream: there is no such option");
  }
});

Deno.test("Demuxer.size, seekable and closed say what the source is, and when it is over", async () => {
  const bytes = fixtureBytes("video.mkv");
  using ofBytes = Demuxer.openSync(bytes);
  assertEquals([ofBytes.size, ofBytes.seekable, ofBytes.closed], [bytes.length, true, false]);
  ofBytes[Symbol.dispose]();
  assertEquals([ofBytes.size, ofBytes.seekable, ofBytes.closed], [bytes.length, true, true]);
  await using ofPath = await Demuxer.open(fixturePath("video.mkv"));
  assertEquals([ofPath.size, ofPath.seekable], [bytes.length, true]);
  await using ofBlob = await Demuxer.open(new Blob([bytes]));
  assertEquals([ofBlob.size, ofBlob.seekable], [bytes.length, true]);
  await using ofStream = await Demuxer.open(new Blob([bytes]).stream());
  assertEquals([ofStream.size, ofStream.seekable], [null, false]);
  const failure = new Error("no more");
  let calls = 0;
  using failing = Demuxer.openSync({
    onread: (buffer) => {
      if (calls > 6) throw failure;
      buffer.set(bytes.subarray(calls * buffer.length, (calls + 1) * buffer.length));
      return Math.max(0, Math.min(buffer.length, bytes.length - calls++ * buffer.length));
    },
  }, { bufferSize: 2048 });
  assertThrows(() => [...failing.packetsSync()], Error, "no more");
  assertEquals(failing.closed, true);
});
