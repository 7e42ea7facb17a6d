/**
 * Values with which FFmpeg's muxers and bitstream filters ended the process, wrote what was in memory, or did not end: found by
 * reading their sources (docs/ffmpeg-security.md).
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AVError, MemorySink, Muxer, type MuxerOptions } from "@avio/avio";
import { isEmbedded } from "./support/versions.ts";

type Stream = Parameters<Muxer["addStream"]>[0];
type Settings = Parameters<Muxer["addStream"]>[1];
const VIDEO = { type: "video", width: 64, height: 64, frameRate: { num: 25, den: 1 } };
const MP2 = { type: "audio", codec: "mp2", sampleRate: 44100, channels: 2 } as Stream;

/** Counts what is written, and keeps nothing. */
class Counter {
  bytes = 0;
  onwrite(data: Uint8Array): number {
    this.bytes += data.length;
    return data.length;
  }
  onseek(offset: number): number {
    return offset;
  }
}

/** Packets in microseconds. */
const packet = (streamIndex: number, data: Uint8Array, time: number, more: object = {}) => ({
  streamIndex,
  data,
  pts: time,
  dts: time,
  duration: 40000,
  isKey: true,
  ...more,
});

function writeTo(
  sink: Counter | MemorySink,
  options: MuxerOptions,
  streams: [Stream, Settings?][],
  packets: Iterable<ReturnType<typeof packet>> = [],
): void {
  using muxer = Muxer.openSync(sink as MemorySink, options);
  for (const [parameters, settings] of streams) muxer.addStream(parameters, settings);
  muxer.startSync();
  for (const one of packets) muxer.writeSync(one);
  muxer.finishSync();
}

const files = (opened: Counter[] = []) => () => {
  const file = new Counter();
  opened.push(file);
  return file as unknown as MemorySink;
};

const small = [0, 1, 2, 3].map((i) => packet(0, new Uint8Array(20), i * 40000));

for (const pixelFormat of ["yuv444p", "yuv420p10le"]) {
  Deno.test(`image2 does not read planes beyond a packet: ${pixelFormat} of 2^30 pixels is an error`, () => {
    const stream = { ...VIDEO, codec: "rawvideo", pixelFormat, width: 32768, height: 32768 } as Stream;
    const options = { format: "image2", url: "a.y", onopen: files() } as MuxerOptions;
    assertThrows(() => writeTo(new Counter(), options, [[stream]], [small[0]!]), AVError, "too large");
  });
}

for (const format of ["image2", "image2pipe"]) {
  Deno.test(`${format} of AV1 without its pixel format is an error, not a null pointer`, () => {
    const options = { format, url: "a%d.avif", onopen: files() } as MuxerOptions;
    const stream = { ...VIDEO, codec: "av1" } as Stream;
    assertThrows(() => writeTo(new Counter(), options, [[stream]], small), AVError, "pixel format");
  });
}

for (const length of [-5000, 1 << 20, 49, 45]) {
  Deno.test(`webp: a VP8X chunk of ${length} bytes in a packet of 64 brings no foreign memory into the file`, () => {
    const data = new Uint8Array(64).fill(1);
    data.set(new TextEncoder().encode("RIFF\0\0\0\0WEBPVP8X"));
    new DataView(data.buffer).setInt32(16, length, true);
    const sink = new MemorySink();
    const stream = { ...VIDEO, codec: "webp" } as Stream;
    assertThrows(() => writeTo(sink, { format: "webp" }, [[stream]], [packet(0, data, 0)]), AVError, "VP8X");
    assert(sink.bytes().length < 64, `${sink.bytes().length} bytes`);
  });
}

Deno.test("nut: no length of blocks or bit rate makes it divide by 0", () => {
  for (const more of [{ blockAlign: 65534 }, { blockAlign: 131070 }, { blockAlign: 65533 }]) {
    const pcm = { type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1, ...more } as Stream;
    writeTo(new Counter(), { format: "nut" }, [[pcm]], [packet(0, new Uint8Array(100), 0)]);
  }
  for (const bitRate of [20070000, 20068912, 2 ** 53 - 1]) {
    writeTo(new Counter(), { format: "nut" }, [[{ ...MP2, bitRate } as Stream]], small);
  }
});

Deno.test("asf: a time beyond its 32 bits is an error, and loses no index", () => {
  const sink = new MemorySink();
  const late = packet(0, new Uint8Array(100), 1e15);
  const streams: [Stream][] = [[{ ...VIDEO, codec: "mpeg4" } as Stream], [MP2]];
  using muxer = Muxer.openSync(sink, { format: "asf" });
  for (const [parameters] of streams) muxer.addStream(parameters);
  muxer.writeSync(packet(0, new Uint8Array(100), 0, { pts: 1e11 }));
  muxer.writeSync(packet(1, new Uint8Array(100), 10000));
  assertThrows(() => {
    muxer.writeSync({ ...late, dts: 20000 });
    muxer.writeSync(packet(1, new Uint8Array(100), 30000));
    muxer.flushSync();
  }, AVError);
  muxer.finishSync();
  assert(sink.bytes().length < 2e6);
});

for (const [format, bits] of [["avi", 28], ["matroska", 24]] as const) {
  Deno.test(`${format} with a palette of 2^${bits} colours is no larger than with 256`, () => {
    const codec = format === "avi" ? "rawvideo" : "zmbv";
    const stream = { ...VIDEO, codec, pixelFormat: "pal8", bitsPerCodedSample: bits } as Stream;
    const sink = new Counter();
    writeTo(sink, { format }, [[stream]], small);
    assert(sink.bytes < 100000, `${sink.bytes} bytes`);
  });
}

Deno.test("Short packets of raw RGB are not padded to pictures of 360 MB", { ignore: !isEmbedded }, () => {
  const stream = {
    ...VIDEO,
    codec: "rawvideo",
    width: 60000,
    height: 2000,
    pixelFormat: "bgr24",
    bitsPerCodedSample: 24,
  };
  const sink = new Counter();
  writeTo(sink, { format: "avi" }, [[stream as Stream]], small);
  assert(sink.bytes < 100000, `${sink.bytes} bytes`);
});

Deno.test("ass: dialogs in no order are written in the order that they state, in time", () => {
  const extradata = new TextEncoder().encode("[Script Info]\n");
  const stream = { type: "subtitle", codec: "ass", extradata } as Stream;
  const line = (order: number) => new TextEncoder().encode(`${order},0,Default,,0,0,0,,<${order}>`);
  const write = (orders: number[], sink: Counter | MemorySink) =>
    writeTo(sink, { format: "ass" }, [[stream]], orders.map((order, i) => packet(0, line(order), i * 1000)));
  const sink = new MemorySink();
  write([0, 3, 2, 5, 1, 4, 7, 6], sink);
  const text = new TextDecoder().decode(sink.bytes());
  assertEquals([...text.matchAll(/<(\d)>/g)].map((match) => match[1]), [..."01234567"]);
  const count = isEmbedded ? 50000 : 5000;
  const orders = Array.from({ length: count }, (_, i) => i % 2 ? i : 1000000 + i);
  const begin = performance.now(), counter = new Counter();
  write(orders, counter);
  assert(performance.now() - begin < 10000, `${performance.now() - begin} ms`);
  assert(counter.bytes > count * 20);
});

Deno.test("ass: several dialogs of one order stay in the order in which they came", () => {
  const extradata = new TextEncoder().encode("[Script Info]\n");
  const stream = { type: "subtitle", codec: "ass", extradata } as Stream;
  const sink = new MemorySink();
  const packets = [5, 5, 2, 5, 2].map((order, i) =>
    packet(0, new TextEncoder().encode(`${order},0,Default,,0,0,0,,<${i}>`), i * 1000)
  );
  writeTo(sink, { format: "ass" }, [[stream]], packets);
  const text = new TextDecoder().decode(sink.bytes());
  assertEquals([...text.matchAll(/<(\d)>/g)].length, 5);
});

Deno.test(
  "mp4: extradata that each packet changes is an error, not quadratic time",
  { ignore: !isEmbedded },
  () => {
    const stream = { ...VIDEO, codec: "mpeg4", extradata: new Uint8Array(8) } as Stream;
    const packets = Array.from({ length: 2000 }, (_, i) => {
      const data = new Uint8Array(8);
      new DataView(data.buffer).setUint32(4, i + 1);
      return packet(0, new Uint8Array(4), i * 40000, { sideData: [{ type: "New Extradata", data }] });
    });
    const begin = performance.now();
    try {
      writeTo(new Counter(), { format: "mp4" }, [[stream]], packets);
    } catch (error) {
      assert(error instanceof AVError);
      assertStringIncludes(error.message, "kinds of extradata");
    }
    assert(performance.now() - begin < 10000);
  },
);

for (const [codec, channels] of [["pcm_u8", 4], ["pcm_s16le", 9], ["mp2", 2]] as const) {
  Deno.test(`mxf_d10 with ${channels} channels of ${codec} reads no samples beyond packets: it is an error`, () => {
    const rate = { num: 30000, den: 1001 };
    const video = {
      ...VIDEO,
      codec: "mpeg2video",
      width: 720,
      height: 512,
      pixelFormat: "yuv422p",
      bitRate: 50e6,
    } as Stream;
    const audio = { type: "audio", codec, sampleRate: 48000, channels } as Stream;
    const streams: [Stream, Settings?][] = [[video, { averageFrameRate: rate }], [audio]];
    assertThrows(() => writeTo(new Counter(), { format: "mxf_d10" }, streams), AVError);
  });
}

for (const strict of ["experimental", "unofficial", "normal"]) {
  Deno.test(`mxf without a frame rate is an error, not a division by zero: strict=${strict}`, () => {
    const stream = {
      type: "video",
      codec: "mpeg2video",
      width: 64,
      height: 64,
      pixelFormat: "yuv420p",
    } as Stream;
    const options: MuxerOptions = { format: "mxf", options: { strict } };
    for (const averageFrameRate of [undefined, { num: 1, den: 0 }, { num: 0, den: 1 }]) {
      const settings = averageFrameRate ? { averageFrameRate } : {};
      assertThrows(() => writeTo(new Counter(), options, [[stream, settings]]), AVError);
    }
  });
}

Deno.test("dash: an unknown type of fragments in adaptation_sets is an error, not a write before a list", () => {
  const stream = { ...VIDEO, codec: "mpeg4", extradata: new Uint8Array(8) } as Stream;
  const write = (sets: string) => {
    const options = { format: "dash", url: "a.mpd", onopen: files(), options: { adaptation_sets: sets } };
    writeTo(new Counter(), options as MuxerOptions, [[stream, { metadata: { language: "eng" } }]], small);
  };
  for (const type of ["x", "", "none,x=1", "xnone", "duration2", "x".repeat(1e6)]) {
    assertThrows(() => write(`id=0,frag_type=${type},streams=0`), AVError);
  }
  for (const type of ["none", "every_frame", "duration"]) write(`id=0,frag_type=${type},streams=0`);
});

Deno.test("segment: empty segments of no length are an error, not segments without end", () => {
  for (const time of ["0", "-1"]) {
    const opened: Counter[] = [];
    const options = { segment_format: "mpegts", segment_time: time, write_empty_segments: "1" };
    const all = { format: "segment", url: "a%d.ts", onopen: files(opened), options } as MuxerOptions;
    assertThrows(() => writeTo(new Counter(), all, [[MP2]], small), AVError, "segment_time");
    assert(opened.length <= 1);
  }
});

for (
  const filter of [
    "noise=drop=-0.5",
    "noise=drop=-1e300",
    "null,noise=amount=1:drop=-0.1",
    "noise=drop\\=-0.5",
  ]
) {
  Deno.test(`The filter ${filter} does not divide by 0`, () => {
    const write = () =>
      writeTo(new Counter(), { format: "mpegts" }, [[MP2, { bitstreamFilter: filter }]], small);
    if (isEmbedded) write();
    else assertThrows(write, TypeError, "drop");
  });
}

for (const types of ["0-4294967297", "0-9223372036854775807", "-5-70000", "0-255|0-255|0-255"]) {
  Deno.test(`The filter filter_units does not write beyond its list of types: ${types}`, () => {
    const stream = { ...VIDEO, codec: "h264" } as Stream;
    const write = () =>
      writeTo(new Counter(), { format: "mpegts" }, [[stream, {
        bitstreamFilter: `filter_units=pass_types=${types}`,
      }]]);
    assertThrows(write, isEmbedded ? AVError : TypeError);
  });
}

Deno.test("The filter filter_units passes the types of a range", { ignore: !isEmbedded }, () => {
  const stream = { ...VIDEO, codec: "h264" } as Stream;
  const sizes = ["0-31|255", "0-1"].map((types) => {
    const sink = new Counter();
    const data = new Uint8Array([0, 0, 0, 1, 9, 16, 0, 0, 0, 1, 0x65, ...new Array(500).fill(3)]);
    const settings = { bitstreamFilter: `filter_units=pass_types=${types}` };
    writeTo(sink, { format: "h264" }, [[stream, settings]], [packet(0, data, 0)]);
    return sink.bytes;
  });
  assert(sizes[0]! > 500 && sizes[1]! < 100, String(sizes));
});

for (const format of ["vob", "dvd", "mpeg", "svcd", "vcd"]) {
  Deno.test(`${format}: packs without room for data are an error, not headers without end`, () => {
    const streams: [Stream][] = [[{ ...VIDEO, codec: "mpeg2video" } as Stream], [MP2]];
    const write = (packetsize: string) => {
      const packets = Array.from(
        { length: 40 },
        (_, i) => packet(i % 2, new Uint8Array(300), (i >> 1) * 40000),
      );
      writeTo(new Counter(), { format, options: { packetsize } }, streams, packets);
    };
    for (const size of ["20", "24", "28", "255", "10+14", "x"]) assertThrows(() => write(size), AVError);
    for (const size of ["0", "256", "300", "2324"]) write(size);
  });
}

Deno.test("vob: samples of PCM that are longer than a pack are an error, not packs without end", () => {
  const stream = {
    type: "audio",
    codec: "pcm_dvd",
    sampleRate: 48000,
    channels: 1000,
    bitsPerCodedSample: 24,
  };
  const packets = [0, 1, 2].map((i) => packet(0, new Uint8Array(30000), i * 40000));
  assertThrows(
    () => writeTo(new Counter(), { format: "vob" }, [[stream as Stream]], packets),
    AVError,
    "8 channels",
  );
});

Deno.test("matroska: key frames in falling order have an index in rising order, in time", () => {
  const stream = { ...VIDEO, codec: "mpeg4", extradata: new Uint8Array(8) } as Stream;
  const write = (sink: Counter | MemorySink, count: number) => {
    const packets = Array.from(
      { length: count },
      (_, i) => packet(0, new Uint8Array(1), i * 1000, { duration: 0, pts: (2 * count - i) * 1000 }),
    );
    writeTo(sink, { format: "matroska" }, [[stream]], packets);
  };
  const sink = new MemorySink();
  write(sink, 5);
  const bytes = sink.bytes(), times: number[] = [];
  for (let i = 0; i + 3 < bytes.length; i++) { // CueTime of one byte, followed by CueTrackPositions
    if (bytes[i] === 0xb3 && bytes[i + 1] === 0x81 && bytes[i + 3] === 0xb7) times.push(bytes[i + 2]!);
  }
  assertEquals(times, [6, 7, 8, 9, 10]);
  const begin = performance.now();
  write(new Counter(), isEmbedded ? 60000 : 5000); // 60,000 took 6 s
  assert(performance.now() - begin < 10000, `${performance.now() - begin} ms`);
});
