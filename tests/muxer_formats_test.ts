/**
 * Packets, extradata and options with which single muxers of FFmpeg (RTP hints of MP4, DASH, HLS, MXF, NUT and the writers of
 * codec configurations) ended the process, wrote what was in memory, or did not end: found by reading their sources
 * (docs/ffmpeg-security.md).
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AVError, Demuxer, MemorySink, Muxer, type MuxerOptions } from "@avio/avio";
import { isDeno } from "../ffi/runtime.ts";
import { answerOf } from "./support/script.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

type Stream = Parameters<Muxer["addStream"]>[0];
type Settings = Parameters<Muxer["addStream"]>[1];
type Written = Parameters<Muxer["writeSync"]>[0];
const VIDEO = { type: "video", width: 64, height: 64, frameRate: { num: 25, den: 1 } };
const ignore = !isEmbedded;

const filled = (size: number, value = 0) => new Uint8Array(size).fill(value);

/** Packets in microseconds. */
const packet = (streamIndex: number, data: Uint8Array, time: number, more: object = {}) =>
  ({ streamIndex, data, pts: time, dts: time, duration: 40000, isKey: true, ...more }) as Written;

/** What was written; throws what writing threw. */
function write(options: MuxerOptions, streams: [object, Settings?][], packets: Written[] = []): Uint8Array {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, options);
  for (const [parameters, settings] of streams) muxer.addStream(parameters as Stream, settings);
  muxer.startSync();
  for (const one of packets) muxer.writeSync(one);
  muxer.finishSync();
  return sink.bytes();
}

const hinted = (stream: object, packets: Written[], options = {}, format = "mov") =>
  write({ format, options: { movflags: "rtphint", ...options } }, [[stream]], packets);

/** Asserts that it takes less than 5 s, whether it throws an AVError or not. */
function assertEnds(run: () => void): void {
  const begin = performance.now();
  try {
    run();
  } catch (error) {
    if (!(error instanceof AVError)) throw error;
  }
  assert(performance.now() - begin < 5000, `${performance.now() - begin} ms`);
}

Deno.test("RTP hints: LATM of an AAC frame of 1 MB does not write its length behind the packet", {
  ignore,
}, () => {
  const stream = {
    type: "audio",
    codec: "aac",
    sampleRate: 44100,
    channels: 2,
    extradata: new Uint8Array([0x12, 0x10]),
  };
  assertEnds(() => hinted(stream, [packet(0, filled(1 << 20, 1), 0)], { rtpflags: "latm" }, "mp4"));
});

Deno.test("RTP hints: samples of more channels than a packet holds are no endless loop", { ignore }, () => {
  const stream = { type: "audio", codec: "pcm_s16be", sampleRate: 8000, channels: 1024 };
  assertEnds(() => hinted(stream, [packet(0, filled(4096, 1), 0)]));
});

Deno.test("RTP hints: units of VC-2 without a length, and of a depth of 2^31", { ignore }, () => {
  const deep = filled(40);
  deep[4] = 0xe8;
  deep[8] = 40;
  for (const data of [filled(64), deep]) {
    assertEnds(() => hinted({ ...VIDEO, codec: "dirac" }, [packet(0, data, 0)], { strict: "experimental" }));
  }
});

Deno.test("RTP hints: macroblocks of H.263 at positions that are not in the packet", { ignore }, () => {
  const data = filled(8000, 7);
  for (let i = 50; i < 2000; i += 100) data.set([0, 0, 1], i);
  const falling = filled(24);
  falling[1] = 64;
  const packets = [filled(12, 0xff), falling].map((info, i) =>
    packet(0, data, i * 40000, { sideData: [{ type: "H263 MB Info", data: info }] })
  );
  assertEnds(() => hinted({ ...VIDEO, codec: "h263" }, packets, { rtpflags: "rfc2190" }));
});

Deno.test("RTP hints: a raw picture that is cut off is not read on behind its packet", { ignore }, () => {
  const stream = {
    ...VIDEO,
    codec: "rawvideo",
    pixelFormat: "rgb24",
    width: 256,
    height: 256,
    fieldOrder: "progressive",
  };
  let bytes = 0;
  try {
    bytes = hinted(stream, [packet(0, filled(3, 7), 0)]).length;
  } catch (error) {
    if (!(error instanceof AVError)) throw error;
  }
  assert(bytes < 10000, `${bytes} bytes`); // 107 KB
});

Deno.test("dash: the bit rate of a segment without a duration", { ignore }, () => {
  const stream = { type: "audio", codec: "mp2", sampleRate: 44100, channels: 2, bitRate: 2 ** 32 };
  assertEnds(() =>
    write({ format: "dash", url: "a.mpd", onopen: () => new MemorySink() } as MuxerOptions, [[stream]])
  );
});

Deno.test("hls: the list's URL within the master list is not read on behind its end", { ignore }, () => {
  const stream = { type: "audio", codec: "mp2", sampleRate: 44100, channels: 2, bitRate: 128000 };
  const written = new Map<string, MemorySink>();
  const onopen = ({ url }: { url: string }) => {
    const sink = new MemorySink();
    written.set(url, sink);
    return sink;
  };
  const options = { master_pl_name: "abcdefg/m.m3u8", hls_segment_filename: "s%d.ts" };
  write(
    { format: "hls", url: "abcdefg", onopen, options } as MuxerOptions,
    [[stream]],
    Array.from({ length: 100 }, (_, i) => packet(0, filled(100), i * 40000)),
  );
  const master = new TextDecoder("latin1").decode(written.get("abcdefg/m.m3u8")!.bytes());
  assert(!master.includes("STREAM-INF"), master); // no name of it is relative to its folder
});

Deno.test("mxf: a flush keeps pictures that wait for their sound", () => {
  const frame = filled(300, 1);
  // deno-fmt-ignore
  frame.set([0, 0, 1, 0xb3, 0x10, 2, 0x40, 0x23, 0xff, 0xff, 0xe0, 0x18, 0, 0, 1, 0xb5, 0x14, 0x8a, 0, 1, 0, 0, 0, 0, 1, 0xb8, 0, 8,
    0, 0x40, 0, 0, 1, 0, 0, 0x0f, 0xff, 0xf8, 0, 0, 1, 0xb5, 0x8f, 0xff, 0xf3, 0xc1, 0x80]);
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "mxf" });
  const video = { ...VIDEO, codec: "mpeg2video", width: 1440, height: 1080, profile: 4, level: 6 };
  muxer.addStream({ ...video, pixelFormat: "yuv420p" } as Stream, { timeBase: { num: 1, den: 25 } });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 2 } as Stream);
  muxer.startSync();
  for (let i = 0; i < 50; i++) {
    muxer.writeSync(packet(0, frame, i * 40000));
    if (i % 3 === 2) {
      muxer.flushSync();
      for (let k = i - 2; k <= i; k++) muxer.writeSync(packet(1, filled(1920 * 4), k * 40000));
    }
  }
  muxer.finishSync();
  using demuxer = Demuxer.openSync(sink.bytes());
  let pictures = 0;
  for (const one of demuxer.packetsSync()) if (one.streamIndex === 0) pictures++;
  assert(pictures >= 48, `${pictures} pictures`);
});

Deno.test("nut: times of key frames that fall are no failed assertion", { ignore }, () => {
  const packets = Array.from(
    { length: 40 },
    (_, i) => packet(0, filled(70000, 1), i * 1000, { pts: 1e6 - i * 1000 }),
  );
  write({ format: "nut" }, [[{ ...VIDEO, codec: "mpeg4" }]], packets);
});

Deno.test("nut: a time that another stream's time base can't hold is an error, no failed assertion", {
  ignore,
}, () => {
  const unit = { num: 1, den: 2 ** 27 }, second = { num: 1, den: 1 };
  const slow = { type: "audio", codec: "pcm_u8", sampleRate: 1, channels: 1 };
  using muxer = Muxer.openSync(new MemorySink(), { format: "nut" });
  muxer.addStream(slow as Stream);
  muxer.addStream({ ...slow, sampleRate: 2 ** 27 } as Stream);
  const put = (streamIndex: number, time: number, timeBase: object) => {
    muxer.writeSync(packet(streamIndex, filled(10), time, { duration: 1, timeBase }));
    muxer.flushSync();
  };
  put(1, 0, unit);
  put(0, 2 ** 52, second);
  put(0, 2 ** 52 + 1, second);
  const { codeName } = assertThrows(() => put(1, 10, unit), AVError);
  assertEquals(codeName, "EINVAL");
});

Deno.test(
  "mp4: tags of 20 bytes with layouts of 16 million channels take no memory and time",
  { ignore },
  () => {
    const stream = { type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 };
    const metadata = { SA3D: "ambisonic 4000+FL@x" };
    const streams = Array.from({ length: 30 }, () => [stream, { metadata }] as [object, Settings]);
    assertEnds(() => write({ format: "mp4" }, streams, streams.map((_, i) => packet(i, filled(100), 0))));
  },
);

Deno.test("dvd: pictures of a few bytes before a key frame are no failed assertion", { ignore }, () => {
  const video = { ...VIDEO, codec: "mpeg2video", width: 720, height: 576 };
  const sound = { type: "audio", codec: "ac3", sampleRate: 48000, channels: 2 };
  for (const size of [1, 2, 3, 9, 14]) {
    for (const last of [1, 2, 9, 14]) {
      const packets = [
        packet(0, filled(size, 1), 5e5),
        packet(1, filled(14, 1), 4e4),
        packet(0, filled(last, 1), 1e6),
      ];
      write({ format: "dvd" }, [[video], [sound]], packets);
    }
  }
});

Deno.test("asf: sound before pictures of an earlier time is no failed assertion", { ignore }, () => {
  const sound = { type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 };
  const packets = Array.from({ length: 120 }, (_, i) => packet(i % 2, filled(100), (i >> 1) * 1e6));
  const options = { audio_preload: 2_000_000_000 };
  write({ format: "asf", options }, [[{ ...VIDEO, codec: "mpeg4" }], [sound]], packets);
});

Deno.test("mp4: a layout of 330,000 channels in a tag takes no quadratic time", { ignore }, () => {
  const stream = { type: "audio", codec: "mp2", sampleRate: 48000, channels: 2 };
  const metadata = { SA3D: "FL+".repeat(330_000) + "FL" };
  const options = { movflags: "faststart" };
  assertEnds(() => write({ format: "mp4", options }, [[stream, { metadata }]], [packet(0, filled(100), 0)]));
});

/** Bits, most significant first. */
class Bits {
  #bits: number[] = [];
  put(count: number, value: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push(Math.floor(value / 2 ** i) % 2);
    return this;
  }
  /** Exponential Golomb code. */
  ue(value: number): this {
    const length = (value + 1).toString(2).length;
    return this.put(length - 1, 0).put(length, value + 1);
  }
  bytes(): Uint8Array {
    const bytes = filled(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => bytes[i >> 3]! |= bit << (7 - i % 8));
    return bytes;
  }
}

const unit = (...parts: (number[] | Uint8Array)[]) =>
  new Uint8Array([0, 0, 0, 1, ...parts.flatMap((one) => [...one])]);
const joined = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((one) => [...one]));

Deno.test("H.264: a parameter set with 2^31 offsets is refused", { ignore }, () => {
  // profile, constraints, level, id, chroma, depths, flags, frame_num, pic_order_cnt_type 1, offsets
  const set = new Bits().put(8, 100).put(8, 0).put(8, 30).ue(0).ue(1).ue(0).ue(0).put(2, 0)
    .ue(0).ue(1).put(1, 0).ue(0).ue(0).ue(2 ** 31 - 2);
  const one = unit([0x67], set.put(8, 0x80).bytes());
  const extradata = joined(...Array.from({ length: 20 }, () => one), unit([0x68, 0xce, 0x3c, 0x80]));
  assertEnds(() =>
    write({ format: "mp4" }, [[{ ...VIDEO, codec: "h264", extradata }]], [
      packet(0, unit([0x65, 1, 2, 3]), 0),
    ])
  );
});

Deno.test("H.266: a parameter set with 2^32 subpictures is refused", { ignore }, () => {
  // ids, sublayers, chroma, size of blocks, ptl_dpb_hrd_params, gdr, res change, size, no window, subpictures
  const set = new Bits().put(8, 0).put(3, 0).put(2, 1).put(2, 0).put(1, 0).put(1, 0).put(1, 0).ue(63).ue(63)
    .put(1, 0).put(1, 1).ue(2 ** 32 - 2).put(32, 0);
  const extradata = joined(unit([0x00, 0x79], set.bytes()), unit([0x00, 0x81, 0x80, 0x80]));
  assertEnds(() =>
    write({ format: "mp4" }, [[{ ...VIDEO, codec: "vvc", extradata }]], [packet(0, unit([0, 0x39, 2, 3]), 0)])
  );
});

Deno.test("H.265: parameter sets whose timing is not in them are read to their ends only", { ignore }, () => {
  // id, flags, layers, sublayers, nesting, 0xffff; profile and level; ordering; layers, sets; timing, not proportional, count
  const set = new Bits().put(4, 0).put(2, 3).put(6, 0).put(3, 0).put(1, 1).put(16, 0xffff).put(32, 0x55555555)
    .put(32, 0x55555555).put(32, 0x55555555)
    .put(1, 1).ue(0).ue(0).ue(0).put(6, 0).ue(0).put(1, 1).put(32, 0x55555555).put(32, 0x55555555).put(1, 0)
    .ue(8189);
  const one = unit([0x40, 1], set.bytes());
  const extradata = filled(one.length * 60000);
  for (let i = 0; i < 60000; i++) extradata.set(one, i * one.length);
  const stream = { ...VIDEO, codec: "hevc", extradata };
  assertEnds(() => write({ format: "mp4" }, [[stream]], [packet(0, unit([0x26, 1, 2, 3]), 0)]));
});

Deno.test("H.265: the reference pictures of a parameter set that is cut off are not counted behind its end", {
  ignore,
}, () => {
  // id, sublayers, nesting; profile and level; id, chroma, size, no window, depths, order of pictures, sizes of blocks, flags, sets
  const set = new Bits().put(4, 0).put(3, 0).put(1, 1).put(32, 0x55555555).put(32, 0x55555555).put(
    32,
    0x55555555,
  )
    .ue(0).ue(1).ue(64).ue(64).put(1, 0).ue(0).ue(0).ue(4).put(1, 1).ue(0).ue(0).ue(0).ue(0).ue(0).ue(0).ue(0)
    .ue(0).ue(0).put(4, 0).ue(1);
  const extradata = joined(unit([0x42, 1], set.bytes()), unit([0x44, 1, 0xc1, 0x80]));
  const stream = { ...VIDEO, codec: "hevc", extradata };
  assertEnds(() => write({ format: "mp4" }, [[stream]], [packet(0, unit([0x26, 1, 2, 3]), 0)]));
});

Deno.test("lrc: a tag of a million line breaks takes no quadratic time", { ignore }, () => {
  const metadata = { title: "\n".repeat(1e6) };
  const stream = { type: "subtitle", codec: "subrip" };
  assertEnds(() => write({ format: "lrc", metadata }, [[stream]], [packet(0, filled(3, 65), 0)]));
});

Deno.test("aac_adtstoasc: a frame that ends within its program config element is no packet of -1 bytes", () => {
  // sync, MPEG-4, no layer, no CRC, LC, 44100 Hz, no channel configuration, length, fullness, one frame; an element of PCE
  const frame = new Bits().put(12, 0xfff).put(3, 0).put(1, 1).put(2, 1).put(4, 4).put(1, 0).put(3, 0).put(
    4,
    0,
  )
    .put(13, 9).put(11, 0x7ff).put(2, 0).put(3, 5).put(13, 0x1fff).bytes();
  const audio = { type: "audio", codec: "aac", sampleRate: 44100, channels: 2 };
  for (const format of ["framecrc", "crc", "md5"]) {
    const filtered: [object, Settings] = [audio, { bitstreamFilter: "aac_adtstoasc" }];
    assertThrows(() => write({ format }, [filtered], [packet(0, frame, 0)]), AVError, "Invalid data");
  }
});

Deno.test("evc_frame_merge: what is left of a bad packet does not stay", {
  ignore: ignore || libavformat < 61,
}, () => {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "data" });
  muxer.addStream({ ...VIDEO, codec: "evc" } as Stream, { bitstreamFilter: "evc_frame_merge" });
  muxer.startSync();
  assertThrows(() => muxer.writeSync(packet(0, filled(3, 1), 0)), AVError);
  const message = new Uint8Array([0, 0, 0, 4, 0x3a, 0, 1, 2]);
  muxer.writeSync(packet(0, message, 40000));
  muxer.finishSync();
  assertEquals(sink.bytes(), message);
});

Deno.test("dv: sound of exactly one frame is not enough for the next one, which has two samples more", {
  ignore,
}, () => {
  const video = { ...VIDEO, codec: "dvvideo", width: 720, height: 480, pixelFormat: "yuv411p" };
  const timeBase = { num: 1001, den: 30000 };
  const audio = { type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 2 };
  const times = [0, 33367, 66734];
  const pictures = times.map((time) => packet(0, filled(120000, 1), time));
  const packets = [
    packet(1, filled(2 * 6400, 1), 0),
    pictures[0]!,
    packet(1, filled(4, 1), 66700),
    pictures[1]!,
  ];
  const streams: [object, Settings?][] = [
    [{ ...video, frameRate: { num: 30000, den: 1001 } }, { timeBase }],
    [audio],
  ];
  assertEquals(write({ format: "dv" }, streams, packets).length, 120000);
});

Deno.test("mov: fragments of one frame don't look through all packets that wait", { ignore }, () => {
  const stream = { type: "audio", codec: "pcm_s16le", sampleRate: 48000, channels: 1 };
  const packets = Array.from(
    { length: 30000 },
    (_, i) => packet(0, filled(2), (i + 1) * 21, { duration: 21 }),
  );
  const options = { movflags: "frag_every_frame+empty_moov" };
  assertEnds(() => write({ format: "mov", options }, [[stream], [stream]], packets));
});

Deno.test("matroska: an index that does not fit into its space leaks nothing", {
  ignore: ignore || !isDeno,
}, async () => {
  const { before, after } = await answerOf<{ before: number; after: number }>(
    `const data = new Uint8Array(8), timeBase = { num: 1, den: 1000 };
    const write = () => {
      const options = { reserve_index_space: 100 };
      using muxer = Muxer.openSync(new MemorySink(), { format: "matroska", options });
      muxer.addStream({ type: "video", codec: "vp8", width: 64, height: 64 });
      for (let i = 0; i < 2000; i++) muxer.writeSync({ streamIndex: 0, data, pts: i, dts: i, isKey: true, timeBase });
      try {
        muxer.finishSync();
      } catch (error) {
        if (!error.message.includes("trailer")) throw error;
      }
    };
    const writeMany = async (times) => {
      for (let i = 0; i < times; i++) {
        write();
        await sleep(0);
      }
      gc();
    };
    await writeMany(100);
    const before = residentMegabytes();
    await writeMany(600);
    console.log(JSON.stringify({ before, after: residentMegabytes() }));`,
    { flags: ["-A", "--v8-flags=--expose-gc"] },
  );
  assert(after - before < 10, `${before} MB became ${after} MB`);
});
