/**
 * Values with which FFmpeg's muxers and bitstream filters ended the process, wrote what was in memory, or did not end: found by
 * reading their sources (docs/ffmpeg-security.md).
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AVError, MemorySink, Muxer, type MuxerOptions } from "@avio/avio";
import { isEmbedded, libavformat } from "./support/versions.ts";

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

/** Sound of which nothing is checked but its fields. */
const SOUND = { type: "audio", codec: "mp2", sampleRate: 44100, channels: 2 };
const text = (value: string) => new TextEncoder().encode(value);

for (const channelLayout of ["FR+FL", "FR+FL+FC"]) {
  Deno.test(`wav: the layout ${channelLayout} brings no pointer into the header, where its mask would be`, () => {
    for (const format of ["wav", "w64", "avi"]) {
      const stream = { type: "audio", codec: "pcm_s16le", sampleRate: 96000, channelLayout } as Stream;
      const sinks = [new MemorySink(), new MemorySink()];
      for (const sink of sinks) {
        writeTo(sink, { format, options: { strict: "-1" } }, [[stream]], [packet(0, new Uint8Array(48), 0)]);
      }
      const bytes = sinks[0]!.bytes(); // "extensible", of 16 valid bits, the mask, the format in a GUID
      const at = bytes.findIndex((_, i) =>
        bytes[i] === 16 && bytes[i + 6] === 1 && bytes[i + 10] === 0 && bytes[i + 12] === 16
      );
      assert(at > 0, format);
      assertEquals([...bytes.subarray(at + 2, at + 6)], [0, 0, 0, 0], format);
    }
  });
}

Deno.test("mp4: a palette of DVD subtitles without colours is black, not what was in memory", {
  ignore: !isEmbedded,
}, () => {
  const extradata = text("size: 100x100\npalette: zz\n");
  const sink = new MemorySink();
  const streams: [Stream][] = [[{ ...VIDEO, codec: "mpeg4" } as Stream], [
    { type: "subtitle", codec: "dvd_subtitle", extradata } as Stream,
  ]];
  writeTo(sink, { format: "mp4" }, streams, [
    packet(0, new Uint8Array(9), 0),
    packet(1, new Uint8Array(9), 0),
  ]);
  const bytes = sink.bytes();
  const at = bytes.findIndex((_, i) => bytes[i] === 5 && bytes[i + 1] === 0x80 && bytes[i + 4] === 64);
  assert(at > 0);
  assertEquals(bytes.subarray(at + 5, at + 69), new Uint8Array(64));
});

Deno.test("mp4: many palettes of DVD subtitles are not looked through for each other", {
  ignore: !isEmbedded,
}, () => {
  const stream = {
    type: "subtitle",
    codec: "dvd_subtitle",
    extradata: text("palette: 0\n".repeat(200000)),
  } as Stream;
  const begin = performance.now();
  writeTo(new Counter(), { format: "mp4" }, [[{ ...VIDEO, codec: "mpeg4" } as Stream], [stream]], [
    small[0]!,
  ]);
  assert(performance.now() - begin < 8000, `${performance.now() - begin} ms`); // 22 s
});

for (
  const [format, type] of [["mp4", "data"], ["mov", "subtitle"], ["mxf", "subtitle"], [
    "segment",
    "data",
  ]] as const
) {
  Deno.test(`${format}: a picture in a stream of ${type} with the disposition of a cover is an error, not a null pointer`, () => {
    const video = [{ ...VIDEO, codec: "mpeg4", pixelFormat: "yuv420p" } as Stream] as [Stream];
    const cover = [{ type, codec: "png" } as Stream, { disposition: ["attached_pic"] } as Settings] as [
      Stream,
      Settings,
    ];
    const options = { format, url: "a%d.mp4", onopen: files() } as MuxerOptions;
    const packets = [small[0]!, packet(1, new Uint8Array(20), 0)];
    assertThrows(() => writeTo(new Counter(), options, [video, cover], packets), AVError, "another type");
  });
}

const ID3 = { type: "data", codec: "timed_id3" } as Stream;
const CHAPTERS = [0, 1].map((i) => ({
  id: i + 1,
  start: i,
  end: i + 1,
  metadata: { title: `chapter ${i}` },
}));
const MPEG4 = { ...VIDEO, codec: "mpeg4" } as Stream;
const TTML = { type: "subtitle", codec: "ttml", extradata: text("lavc-ttmlenc") } as Stream;
const fragments = { options: { movflags: "frag_keyframe+empty_moov" } };
const id3Cases: [string, MuxerOptions, Stream[], number[]][] = [
  ["chapters", { format: "mp4", chapters: CHAPTERS }, [MPEG4, ID3], [0]],
  ["chapters and no other stream", { format: "mp4", chapters: CHAPTERS }, [ID3], [0]],
  ["chapters of fragments and no other stream", { format: "mp4", chapters: CHAPTERS, ...fragments }, [ID3], [
    0,
  ]],
  ["a timecode", { format: "mov", metadata: { timecode: "00:00:00:00" } } as MuxerOptions, [ID3, MPEG4], [1]],
  ["subtitles", { format: "mp4" }, [ID3, MPEG4, { type: "subtitle", codec: "mov_text" } as Stream], [
    1,
    2,
    1,
    1,
  ]],
  ["TTML in fragments", { format: "mp4", ...fragments }, [TTML, MPEG4, ...Array(300).fill(ID3)], [0, 1, 1]],
];
for (const [what, options, streams, packets] of id3Cases) {
  Deno.test(`mp4: streams of timed ID3, which have no track, beside ${what} end no process`, {
    ignore: !isEmbedded || (libavformat < 63 && what === "TTML in fragments"), // not yet implemented
  }, () => {
    const sink = new MemorySink();
    const listed = packets.map((stream, i) => packet(stream, new Uint8Array(20), i * 1e6));
    writeTo(sink, options, streams.map((stream) => [stream]), listed);
    assert(sink.bytes().length > 100);
  });
}

Deno.test(
  "mp4: timed ID3 in units that are no parts of a second fails no assertion",
  { ignore: !isEmbedded },
  () => {
    const settings = { timeBase: { num: 1001, den: 30000 } };
    const sink = new MemorySink();
    const packets = [small[0]!, packet(1, new Uint8Array(20), 1001000)];
    writeTo(sink, { format: "mp4" }, [[MPEG4], [ID3, settings]], packets);
    const bytes = sink.bytes(), name = text("emsg");
    const at = bytes.findIndex((_, i) => name.every((byte, k) => bytes[i + k] === byte));
    const view = new DataView(bytes.buffer, bytes.byteOffset + at + 8);
    assertEquals(Number(view.getBigUint64(4)) / view.getUint32(0), 1.001);
  },
);

Deno.test(
  "mp4: a first time that overflows in the movie's units fails no assertion",
  { ignore: !isEmbedded },
  () => {
    const settings = { timeBase: { num: 1, den: 1 } }, second = 1e6, far = 2 ** 32;
    const packets = [0, 1].map((i) =>
      packet(0, new Uint8Array(9), (far - 5 + i) * second, { pts: (far + 20 + i) * second })
    );
    const options = { format: "mp4", options: { movie_timescale: "2147483647" } };
    writeTo(new Counter(), options, [[{ ...SOUND, sampleRate: 1 } as Stream, settings]], packets);
  },
);

Deno.test("mov: Vorbis with the tag of PCM is an error, not an assertion", { ignore: !isEmbedded }, () => {
  const stream = { ...SOUND, codec: "vorbis", tag: "ipcm", extradata: new Uint8Array(100) } as Stream;
  const options = { format: "mov", options: { strict: "experimental" } };
  assertThrows(() => writeTo(new Counter(), options, [[stream]], [small[0]!]), AVError, "needs its bits");
});

Deno.test("mp4: data whose packet failed is no fragment of its own", {
  ignore: !isEmbedded || libavformat < 63, // before, such a packet is written
}, () => {
  const data = new Uint8Array(10);
  new DataView(data.buffer).setUint32(4, 1e9, true);
  const options = { format: "mp4", options: { movflags: "frag_custom+empty_moov", frag_interleave: "1" } };
  using muxer = Muxer.openSync(new MemorySink(), options);
  muxer.addStream({ ...SOUND, frameSize: 1152 } as Stream);
  assertThrows(() => {
    muxer.writeSync(packet(0, new Uint8Array(20), 0, { sideData: [{ type: "Skip Samples", data }] }));
    muxer.flushSync();
  }, AVError);
  try {
    muxer.flushSync();
    muxer.finishSync();
  } catch (error) {
    assert(error instanceof AVError);
  }
});

for (const codec of ["pcm_s16le", "pcm_u8", "mp3"]) {
  Deno.test(`flv: ${codec} of six channels fails no assertion`, () => {
    writeTo(new Counter(), { format: "flv" }, [[{ ...SOUND, codec, channels: 6 } as Stream]], [small[0]!]);
  });
}

for (const extradata of [new Uint8Array(40).fill(255), undefined]) {
  Deno.test(`mxf: FFV1 of another version, ${extradata ? "with" : "without"} extradata, fails no assertion`, {
    ignore: !isEmbedded,
  }, () => {
    const stream = { ...VIDEO, codec: "ffv1", pixelFormat: "yuv422p", extradata } as Stream;
    for (let first = 0; first < 256; first += 5) {
      const data = new Uint8Array(200).fill(first);
      try {
        writeTo(new Counter(), { format: "mxf" }, [[stream, { averageFrameRate: { num: 25, den: 1 } }]], [
          packet(0, data, 0),
        ]);
      } catch (error) {
        assert(error instanceof AVError && error.codeName !== "BUG", `${error}`);
      }
    }
  });
}

for (const type of ["fmp4", "mpegts"]) {
  Deno.test(`hls: subtitles end no segment of sound (${type})`, { ignore: !isEmbedded }, () => {
    const sound = { ...SOUND, codec: "aac", extradata: new Uint8Array([0x12, 0x10]) } as Stream;
    const options = { hls_segment_type: type, hls_time: "1" };
    const opened: Counter[] = [];
    const packets = [[0, 0], [1, 105], [0, 200], [1, 205], [1, 1205], [0, 2200]].map(([stream, time]) =>
      packet(stream!, new Uint8Array(100), time! * 10000)
    );
    const streams: [Stream][] = [[sound], [{ type: "subtitle", codec: "webvtt" } as Stream]];
    writeTo(
      new Counter(),
      { format: "hls", url: "a.m3u8", onopen: files(opened), options } as MuxerOptions,
      streams,
      packets,
    );
    assert(opened.length > 3);
  });
}

Deno.test("hls: subtitles beside files of a size, which have no names for them, are an error, not a null pointer", () => {
  const streams: [Stream][] = [[MPEG4], [{ type: "subtitle", codec: "webvtt" } as Stream]];
  const options = { hls_segment_size: "10" };
  assertThrows(
    () =>
      writeTo(
        new Counter(),
        { format: "hls", url: "a.m3u8", onopen: files(), options } as MuxerOptions,
        streams,
      ),
    AVError,
    "hls_segment_size",
  );
});

Deno.test("hls of sound and subtitles is refused where the system's muxer frees what is not its own", {
  ignore: isEmbedded,
}, () => {
  const streams: [Stream][] = [[MP2], [{ type: "subtitle", codec: "webvtt" } as Stream]];
  const options = { format: "hls", url: "a.m3u8", onopen: files() } as MuxerOptions;
  assertThrows(() => writeTo(new Counter(), options, streams), AVError, "needs video");
});

Deno.test("amv: no block of silence is as long as a picture of hours", { ignore: !isEmbedded }, () => {
  const video = [{ ...VIDEO, codec: "amv" } as Stream, { timeBase: { num: 1800, den: 1 } }] as [
    Stream,
    Settings,
  ];
  const audio = [{ ...SOUND, codec: "adpcm_ima_amv", sampleRate: 48000, channels: 1 } as Stream, {
    timeBase: { num: 1800, den: 1 },
  }] as [Stream, Settings];
  const packets = [0, 1].map((i) => packet(0, new Uint8Array(20), i * 1800e6));
  assertThrows(
    () => writeTo(new Counter(), { format: "amv" }, [video, audio], packets),
    AVError,
    "86400000 samples",
  );
});

Deno.test(
  "matroska: ids of 50,000 chapters are not compared with each other",
  { ignore: !isEmbedded },
  () => {
    const chapters = Array.from(
      { length: 50000 },
      (_, i) => ({ id: i + 1, start: i, end: i + 1, metadata: {} }),
    );
    const begin = performance.now();
    writeTo(new Counter(), { format: "matroska", chapters }, [[MPEG4]], [small[0]!]);
    assert(performance.now() - begin < 10000, `${performance.now() - begin} ms`); // 16 s
  },
);

Deno.test("avi: what an option reserves is not filled after a failure", { ignore: !isEmbedded }, () => {
  const sink = {
    bytes: 0,
    onwrite(data: Uint8Array): number {
      if ((this.bytes += data.length) > 1e6) throw new Error("full");
      return data.length;
    },
    onseek: (offset: number) => offset,
  };
  using muxer = Muxer.openSync(sink, { format: "avi", options: { reserve_index_space: "2147483647" } });
  for (let i = 0; i < 100; i++) muxer.addStream(MP2);
  const begin = performance.now();
  assertThrows(() => muxer.startSync(), Error, "full");
  assert(performance.now() - begin < 3000, `${performance.now() - begin} ms`); // 18 s
});
