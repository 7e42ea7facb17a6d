/**
 * Bitstream filters given by the caller.
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { codecString, Demuxer, fromMap, MemorySink, Muxer, Packet, remux, remuxSync } from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const video = fixturePath("video.mp4");

Deno.test("Muxer.addStream() with a bitstreamFilter: header and packets are the filter's output", () => {
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

Deno.test("lcevc_metadata keeps the data of a picture", { ignore: !isEmbedded || libavformat < 63 }, () => {
  const configurations = [0x40, 0x10, 0x00, 0x81, 0x08, 0, 0, 0, 0x62, 0x10, 0x10, 0x10];
  const picture = [0xe3, 6, 0x55, 0x55, 0x11, 0x22, 0x33, 0x44];
  const data = Uint8Array.of(0, 0, 0, 1, 0x7b, 0xff, ...configurations, ...picture, 0x80);
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "data" });
  muxer.addStream({ type: "video", codec: "lcevc", width: 640, height: 360 }, {
    bitstreamFilter: "lcevc_metadata",
  });
  muxer.writeSync(
    new Packet({ streamIndex: 0, dts: 0, pts: 0, isKey: true, data, timeBase: { num: 1, den: 25 } }),
  );
  muxer.finishSync();
  const bytes = sink.bytes();
  assertEquals([...bytes.subarray(bytes.length - picture.length - 1)], [...picture, 0x80]);
});

Deno.test("A filter that delays packets is flushed at the end", () => {
  const sink = new MemorySink();
  // setts needs the next packet, and so delays by one.
  remuxSync(video, sink, { format: "matroska", bitstreamFilter: () => "setts=duration=NEXT_PTS-PTS" });
  using before = Demuxer.openSync(video);
  using after = Demuxer.openSync(sink.bytes());
  assertEquals([...after.packetsSync()].length, [...before.packetsSync()].length);
});

Deno.test("An unknown filter, or one for another codec, is a clear error", () => {
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

// ------------------------------------------------------------------------------------------- automatic filters

/** The header of MPEG-4's video object layer: without it no decoder knows the size. */
const LAYER = Uint8Array.of(0, 0, 1, 0x20, 0, 0xc4, 0x88, 0x80, 0x0f, 0x50, 0x1e, 0x30, 0x47, 0x0b, 0x40);
const EXTRADATA = Uint8Array.of(0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb5, 0x89, 0x13, ...LAYER);

/** A file of MPEG-4 pictures, every fifth of them a key frame, with the header in the container alone. */
function mpeg4In(format: string): Uint8Array<ArrayBuffer> {
  const timeBase = { num: 1, den: 25 };
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format });
  muxer.addStream({ type: "video", codec: "mpeg4", width: 64, height: 48, extradata: EXTRADATA }, {
    timeBase,
  });
  for (let i = 0; i < 20; i++) {
    const isKey = i % 5 === 0;
    const data = Uint8Array.of(0, 0, 1, 0xb6, isKey ? 0x10 : 0x50, 0x60, ...new Uint8Array(60).fill(0x55));
    muxer.writeSync(new Packet({ streamIndex: 0, data, pts: i, dts: i, duration: 1, isKey, timeBase }));
  }
  muxer.finishSync();
  return sink.bytes();
}

const hasLayer = (data: Uint8Array) => data.some((_, i) => LAYER.every((byte, j) => data[i + j] === byte));

Deno.test("MPEG-4 from mp4 and mkv has its header before key frames in MPEG-TS, also in HLS", () => {
  for (const from of ["mp4", "matroska"]) {
    const source = mpeg4In(from);
    using demuxer = Demuxer.openSync(source);
    assert(![...demuxer.packetsSync()].some(({ data }) => hasLayer(data)), from);
    for (const format of ["mpegts", "hls"]) {
      const files = new Map<string, MemorySink>(), sink = new MemorySink();
      remuxSync(source, sink, {
        format,
        url: "index.m3u8",
        onopen: fromMap(files),
        options: hlsOptions(format),
      });
      const outputs = format === "hls" ? [...files.values()].map((file) => file.bytes()) : [sink.bytes()];
      for (const output of outputs) {
        using demuxer = Demuxer.openSync(output, { format: "mpegts" });
        const [first] = [...demuxer.packetsSync()];
        assert(hasLayer(first!.data), `${from} to ${format}`);
      }
    }
  }
});

const hlsOptions = (format: string): Record<string, string> =>
  format === "hls" ? { hls_time: "0.2", hls_playlist_type: "vod" } : {};
