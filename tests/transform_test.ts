/**
 * remux() with `transform`.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Demuxer, MemorySink, Packet, remux, remuxSync } from "@avio/avio";
import { promising, rejectionOf } from "./support/async.ts";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const video = fixturePath("video.mp4");

interface Row {
  stream: number;
  time: number | null;
  size: number;
}

function rows(bytes: Uint8Array): Row[] {
  using demuxer = Demuxer.openSync(bytes);
  return [...demuxer.packetsSync()].map(({ streamIndex, time, data }) => ({
    stream: streamIndex,
    time,
    size: data.length,
  }));
}

Deno.test("a transform that returns nothing is an error, not an empty output", async () => {
  const message = "transform returned undefined; it must return the packet, or null to leave it out";
  const options = { format: "matroska", transform: () => undefined as never };
  const source = fixturePath("video.mp4");
  await assertRejects(() => remux(source, new MemorySink(), options), TypeError, message);
  assertThrows(() => remuxSync(source, new MemorySink(), options), TypeError, message);
});

Deno.test("transform without changes: the output equals that without it, in both engines", async () => {
  for (const format of ["matroska", "mpegts", "mp4"]) {
    const options = { fflags: "+bitexact" }; // no random numbers
    const plain = new MemorySink(), through = new MemorySink(), waiting = new MemorySink();
    remuxSync(video, plain, { format, options });
    const seen: Packet[] = [];
    const transform = (packet: Packet) => (seen.push(packet), packet);
    const result = remuxSync(video, through, { format, options, transform });
    await remux(promising(readerOf(fixtureBytes("video.mp4"))), waiting, {
      format,
      options,
      transform: (packet) => Promise.resolve(packet),
    });
    assertEquals(through.bytes(), plain.bytes(), format);
    assertEquals(waiting.bytes(), plain.bytes(), format);
    assertEquals(seen.length, result.packets);
    assert(seen.every((packet) => packet instanceof Packet));
  }
});

Deno.test("transform leaves packets out, and changes data and times", () => {
  const sink = new MemorySink();
  remuxSync(video, sink, {
    format: "matroska",
    transform: (packet) => {
      if (packet.streamIndex === 1) return null;
      const { num, den } = packet.timeBase;
      const later = 10 * den / num;
      return new Packet({ ...packet, pts: packet.pts! + later, dts: packet.dts! + later });
    },
  });
  const before = rows(fixtureBytes("video.mp4")).filter(({ stream }) => stream === 0);
  const after = rows(sink.bytes());
  assertEquals(after.map(({ size }) => size), before.map(({ size }) => size));
  // mp4 begins at -0.08 by decoding time; Matroska is shifted to begin with 0.
  after.forEach(({ time }, index) =>
    assert(Math.abs(time! - before[index]!.time! - 10) < 0.1, `${index}: ${time}`)
  );
});

Deno.test("transform: exceptions, rejections and wrong results", async () => {
  const reason = new Error("on purpose");
  let calls = 0;
  const failing = () => {
    if (++calls === 20) throw reason;
    return null;
  };
  const options = { format: "matroska", transform: failing };
  assertStrictEquals(assertThrows(() => remuxSync(video, new MemorySink(), options)), reason);
  assertEquals(calls, 20, "not called afterwards");
  const rejecting = () => Promise.reject(reason);
  assertStrictEquals(
    await rejectionOf(remux(video, new MemorySink(), { format: "matroska", transform: rejecting })),
    reason,
  );
  assertThrows(
    () => remuxSync(video, new MemorySink(), { format: "matroska", transform: rejecting as never }),
    TypeError,
    "transform",
  );
  const wrong: [unknown, typeof TypeError | typeof RangeError][] = [
    [5, TypeError],
    [{ streamIndex: 0 }, TypeError],
    [new Packet({ streamIndex: 7, data: new Uint8Array(1) }), RangeError],
  ];
  for (const [answer, kind] of wrong) {
    const transform = () => answer as Packet;
    assertThrows(() => remuxSync(video, new MemorySink(), { format: "matroska", transform }), kind);
  }
});

Deno.test("transform: an abort ends the wait for a pending one", async () => {
  const signal = AbortSignal.timeout(50);
  const transform = () => new Promise<null>(() => {});
  const remuxing = remux(video, new MemorySink(), { format: "matroska", transform, signal });
  assertStrictEquals(await rejectionOf(remuxing), signal.reason);
});
