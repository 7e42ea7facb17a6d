/**
 * What the fuzzers found (fuzz/README.md): each of these ended the process, or was a mistake in avio.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, IOContext, MemorySink, Muxer, Packet, remuxSync } from "@avio/avio";
import { fixtureBytes } from "./support/fixtures.ts";

function writeTo(format: string, packets: number, sink = new MemorySink()): Muxer {
  using demuxer = Demuxer.openSync(fixtureBytes("video.webm"));
  const muxer = Muxer.openSync(sink, { format });
  muxer.addStream(demuxer.bestStream("audio")!);
  const { index } = demuxer.bestStream("audio")!;
  for (const packet of demuxer.packetsSync()) {
    if (packet.streamIndex !== index) continue;
    if (packets-- <= 0) break;
    muxer.writeSync(new Packet({ ...packet, streamIndex: 0 }));
  }
  return muxer;
}

for (const packets of [0, 1]) {
  Deno.test(`A caf of ${packets} packets of Opus is an error, no division by zero`, () => {
    using muxer = writeTo("caf", packets);
    assertThrows(() => muxer.finishSync(), AVError, "two packets");
  });
}

Deno.test("A caf of two packets of Opus is written", () => {
  using muxer = writeTo("caf", 2);
  muxer.finishSync();
});

Deno.test("Muxer.flushSync() of hls does not look into a packet that is none", () => {
  using muxer = writeTo("hls", 0);
  muxer.flushSync();
});

Deno.test("An avif of streams without pixels is an error", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "avif" });
  for (let i = 0; i < 2; i++) muxer.addStream({ type: "video", codec: "av1", width: 16, height: 16 });
  assertThrows(() => muxer.startSync(), AVError, "pixel format");
});

Deno.test("An audio codec in a stream of video is an error", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "mpegts" });
  muxer.addStream({ type: "video", codec: "opus", width: 16, height: 16 });
  assertThrows(() => muxer.startSync(), AVError, "another type");
});

Deno.test("MPEG-PS of a subtitle without text comes to an end", () => {
  const file = new TextEncoder().encode(
    "WEBVTT\n\n00:01.000 --> 00:02.000\n\n00:02.000 --> 00:03.000\nText\n",
  );
  const options = { format: "mpeg", streams: () => true }; // by itself it would not take the stream
  assert(remuxSync(file, new MemorySink(), options).bytesWritten > 0);
});

Deno.test("Muxer.addStream() says which parameter is no string", () => {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  const stream = demuxer.streams[0]!;
  const wrong = { ...stream, codecParameters: { ...stream.codecParameters, tag: 7 as unknown as string } };
  assertThrows(() => muxer.addStream(wrong), TypeError, "codecParameters.tag: must be a string");
});

Deno.test("An IOContext that is given back with writes under way forgets them", async () => {
  using demuxer = Demuxer.openSync(fixtureBytes("audio.wav"));
  const { promise, resolve } = Promise.withResolvers<void>();
  let late = 0, closed = false;
  using context = new IOContext(8, {
    onwrite: () => {
      if (closed) late++;
      return promise as unknown as number;
    },
    onseek: (offset) => offset,
  });
  const muxer = await Muxer.open(context, { format: "matroska" });
  muxer.addStream(demuxer.streams[0]!);
  const started = muxer.start().then(() => null, (error: unknown) => error);
  await new Promise((go) => setTimeout(go, 20));
  muxer[Symbol.dispose]();
  closed = true;
  assert(await started instanceof AVError);
  resolve();
  await new Promise((go) => setTimeout(go, 20));
  assertEquals(late, 0);
});

Deno.test("asf: packets of two streams that go back in time, and flushes between them, don't end the process", () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "asf" });
  const timeBase = { num: 1, den: 1000 };
  for (let i = 0; i < 2; i++) {
    muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 }, { timeBase });
  }
  const write = (streamIndex: number, dts: number) => {
    const data = new Uint8Array(1600);
    muxer.writeSync(new Packet({ streamIndex, data, timeBase, pts: dts, dts, duration: 100, isKey: true }));
  };
  for (let at = 0; at < 30_000; at += 100) write(0, at);
  muxer.flushSync();
  for (let at = 0; at < 30_000; at += 100) write(1, at);
  muxer.flushSync();
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  assertEquals([...demuxer.packetsSync()].length, 600);
});
