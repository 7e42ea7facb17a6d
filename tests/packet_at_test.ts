/**
 * Packets at a time, packets of chosen streams, and a Demuxer's properties of its source.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AVError, Demuxer, MemorySink, type Packet, remuxSync } from "@avio/avio";
import { fixtureBytes, fixturePath, mediaFixtures } from "./support/fixtures.ts";

/** Seconds: when a packet is shown, else when it is decoded. */
function timeOf({ pts, dts, timeBase }: Packet): number {
  return (pts ?? dts ?? NaN) * timeBase.num / timeBase.den;
}

/** The packet that is shown at a time, according to a full read. */
function shownAt(packets: readonly Packet[], time: number, isKey: boolean): number | null {
  const times = packets.filter((packet) => packet.isKey || !isKey).map(timeOf)
    .filter((own) => own <= time + 1e-9);
  return times.length === 0 ? null : Math.max(...times);
}

/** The time of a packet that was found. */
function foundTime(packet: Packet | null): number | null {
  return packet && timeOf(packet);
}

for (const name of mediaFixtures) {
  Deno.test(`Demuxer.getPacket() and getKeyPacket() find the packets of a full read of ${name}`, async () => {
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

/** A fixture's streams of a type in another format. */
function remuxed(name: string, format: string, type: "audio" | "video"): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  remuxSync(fixtureBytes(name), sink, { format, streams: (stream) => stream.type === type });
  return sink.bytes();
}

/** Files whose first packets have no dts, whose packets have only a dts, or times before 0; with reordered frames. */
const odd: [name: string, source: () => Uint8Array<ArrayBuffer> | string][] = [
  ["video.mkv", () => fixtureBytes("video.mkv")],
  ["video.mp4", () => fixtureBytes("video.mp4")],
  ["H.264 in avi", () => remuxed("video.mp4", "avi", "video")],
  ["H.264 in nut", () => remuxed("video.mp4", "nut", "video")],
  ["H.264 in mov", () => remuxed("video.mp4", "mov", "video")],
  ["AAC with priming in m4a", () => remuxed("video.mp4", "ipod", "audio")],
  ["Opus with priming in ogg", () => remuxed("video.webm", "ogg", "audio")],
  ["Opus with priming in webm", () => remuxed("video.webm", "webm", "audio")],
];

for (const [name, source] of odd) {
  Deno.test(`Demuxer.getPacket() and getKeyPacket() are right at every packet of ${name}, and between them`, () => {
    using demuxer = Demuxer.openSync(source());
    const stream = demuxer.bestStream("video") ?? demuxer.bestStream("audio")!;
    const packets = [...demuxer.packetsSync({ streams: [stream] })];
    const times = packets.map(timeOf);
    for (const time of [0, ...times, ...times.map((time) => time + 0.007)]) {
      const label = `${name} at ${time}`;
      assertEquals(foundTime(demuxer.getPacketSync(time)), shownAt(packets, time, false), label);
      const key = demuxer.getKeyPacketSync(time);
      assertEquals(foundTime(key), shownAt(packets, time, true), `${label}, key`);
      if (!key) continue;
      const after = packets[packets.findIndex((packet) => timeOf(packet) === foundTime(key)) + 1];
      const next = demuxer.packetsSync({ streams: [stream] }).next().value;
      assertEquals(next?.data.length, after?.data.length, `${label}, after the key`);
    }
  });
}

Deno.test("Demuxer.getKeyPacket() is followed by the next packets; by default it takes the video stream", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  const video = demuxer.bestStream("video")!;
  const key = demuxer.getKeyPacketSync(1.5)!;
  assertEquals([key.time, key.isKey, key.streamIndex], [1, true, video.index]);
  const next = demuxer.packetsSync({ streams: [video] }).next().value!;
  assert(next.dts! > key.dts! && next.dts! - key.dts! < 0.1 * next.timeBase.den);
  using song = Demuxer.openSync(fixturePath("audio.mp3"));
  assertEquals(song.getPacketSync(1)?.streamIndex, 0);
});

Deno.test("Demuxer.getPacket() checks its arguments", async () => {
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

Deno.test("Demuxer.packets({ streams }) returns the packets of these streams", async () => {
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

Deno.test("Demuxer.size, seekable and closed", async () => {
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
