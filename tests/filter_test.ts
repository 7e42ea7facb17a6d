/**
 * Bitstream filters that the caller puts between a packet and the muxer.
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { codecString, Demuxer, MemorySink, Muxer, remux, remuxSync } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const video = fixturePath("video.mp4");

Deno.test("Muxer.addStream() with a bitstreamFilter: the header and the packets are what comes out of it", () => {
  const sink = new MemorySink();
  using demuxer = Demuxer.openSync(video);
  using muxer = Muxer.openSync(sink, { format: "mp4" });
  for (const stream of demuxer.streams) {
    muxer.addStream(stream, stream.type === "video" ? { bitstreamFilter: "h264_metadata=level=4.1" } : {});
  }
  let packets = 0;
  for (const packet of demuxer.packetsSync()) {
    muxer.writeSync(packet);
    packets++;
  }
  muxer.finishSync();
  using again = Demuxer.openSync(sink.bytes());
  assertEquals(codecString(again.bestStream("video")!.codecParameters), "avc1.640029");
  assertEquals([...again.packetsSync()].length, packets);
});

Deno.test("remux() with bitstreamFilter, in both engines; filters can be chained", async () => {
  const bitstreamFilter = ({ type }: { type: string }) =>
    type === "video" ? "h264_mp4toannexb,h264_metadata=level=5.1" : null;
  const sinks = [new MemorySink(), new MemorySink()] as const;
  remuxSync(video, sinks[0], { format: "h264", streams: ({ type }) => type === "video", bitstreamFilter });
  await remux(video, sinks[1], { format: "h264", streams: ({ type }) => type === "video", bitstreamFilter });
  assertEquals(sinks[0].bytes(), sinks[1].bytes());
  assertEquals([...sinks[0].bytes().subarray(0, 4)], [0, 0, 0, 1], "Annex B");
  using again = Demuxer.openSync(sinks[0].bytes(), { format: "h264" });
  assertEquals(codecString(again.streams[0]!.codecParameters), "avc1.640033");
});

Deno.test("A filter that holds packets back gives them up at the end", () => {
  const sink = new MemorySink();
  // setts wants to know the packet that follows, and so has one in hand.
  remuxSync(video, sink, { format: "matroska", bitstreamFilter: () => "setts=duration=NEXT_PTS-PTS" });
  using before = Demuxer.openSync(video);
  using after = Demuxer.openSync(sink.bytes());
  assertEquals([...after.packetsSync()].length, [...before.packetsSync()].length);
});

Deno.test("A filter that is none, or not for this codec, is a clear error", () => {
  using demuxer = Demuxer.openSync(video);
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  assertThrows(
    () => muxer.addStream(demuxer.streams[0]!, { bitstreamFilter: "nonsense" }),
    TypeError,
    "bitstreamFilter",
  );
  for (
    const [bitstreamFilter, cause] of [["h264_metadata=nope=1", "'nope'"], ["h264_metadata=level=x", '"x"']]
  ) {
    const { message } = assertThrows(
      () => muxer.addStream(demuxer.streams[0]!, { bitstreamFilter: bitstreamFilter! }),
      TypeError,
      `bitstreamFilter: bad value '${bitstreamFilter}'`,
    );
    assertStringIncludes(message, cause!);
  }
  assertEquals(muxer.streams.length, 0, "no stream is left behind");
  muxer.addStream(demuxer.streams[1]!, { bitstreamFilter: "h264_metadata" });
  const error = assertThrows(() => muxer.startSync());
  assert(error instanceof Error && /bitstreamFilter|h264_metadata/.test(error.message), String(error));
});
