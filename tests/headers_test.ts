/**
 * Codec headers (shim/headers/): sizes, formats, rates and channels that otherwise only a decoder finds, or that the
 * container states wrongly; and packets that were examined for this while opening are still delivered.
 */
import { assert, assertEquals } from "@std/assert";
import {
  AVError,
  type CodecParameters,
  Demuxer,
  MemorySink,
  Muxer,
  Packet,
  probeSync,
  remuxSync,
} from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, realPath } from "./support/fixtures.ts";
import { type Made, madePackets, packetsOf } from "./support/made.ts";
import { rowsOf } from "./support/packets.ts";
import { libavformat } from "./support/versions.ts";

type Fields = Partial<CodecParameters>;

/** The given fields of the first stream (of the first audio stream, if one is about samples). */
function fieldsOf(source: string | Uint8Array, fields: Fields): Fields {
  const isWanted = ({ type }: { type: string }) => !("sampleFormat" in fields) || type === "audio";
  const { codecParameters } = probeSync(source).streams.find(isWanted)!;
  return Object.fromEntries(
    Object.keys(fields).map((name) => [name, codecParameters[name as keyof CodecParameters]]),
  );
}

/** A file of these streams. */
function muxed(format: string, streams: Made[], options?: Record<string, string>): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format, ...(options ? { options } : {}) });
  for (const { parameters, timeBase } of streams) muxer.addStream(parameters, { timeBase });
  streams.forEach((stream, i) => {
    for (const packet of packetsOf(stream, i)) muxer.writeSync(packet);
  });
  muxer.finishSync();
  return sink.bytes();
}

/** Bytes of groups of bits: [value, how many]. */
function bits(...fields: [value: number, count: number][]): Uint8Array<ArrayBuffer> {
  const all = fields.map(([value, count]) => value.toString(2).padStart(count, "0")).join("");
  return Uint8Array.from(all.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, "0"), 2));
}

/** Rice codes: [value, how many low bits]. */
const rice = (...codes: [value: number, low: number][]) =>
  codes.flatMap(([value, low]) =>
    [[1, (value >> low) + 1], [value & (1 << low) - 1, low]] as [number, number][]
  ).filter(([, count]) => count > 0);

const le16 = (...values: number[]) =>
  Uint8Array.from(values.flatMap((value) => [value & 255, value >> 8 & 255]));
const le32 = (...values: number[]) => concatBytes(values.map((value) => le16(value & 65535, value >>> 16)));
const text = (value: string) => new TextEncoder().encode(value);

// ------------------------------------------------------------------------------------------- by hand

/** Sorenson's picture header: start code, version, time, 8 bits each for the size. */
const sorenson = (width: number, height: number) =>
  bits([1, 17], [0, 5], [0, 8], [0, 3], [width, 8], [height, 8], [0, 2], [0, 1], [5, 5], [0, 1], [0, 16]);

/** An flv of three packets: long enough to be recognized. */
const flash = (codec: string, data: Uint8Array, parameters: Fields = {}): Uint8Array<ArrayBuffer> =>
  muxed("flv", [{
    parameters: { type: "video", codec, width: 8, height: 8, ...parameters },
    data: [data, data, data].map((start) => concatBytes([start, new Uint8Array(50)])),
    timeBase: { num: 1, den: 1000 },
    step: 40,
  }], { flvflags: "no_metadata" });

/** A directory of TIFF, of 16-bit and 32-bit values in the entries themselves. */
function tiff(...entries: [tag: number, value: number][]): Uint8Array {
  const list = entries.map(([tag, value]) => concatBytes([le16(tag, 4), le32(1, value)]));
  return concatBytes([
    text("II"),
    le16(42),
    le32(8),
    le16(entries.length),
    ...list,
    le32(0),
    new Uint8Array(64),
  ]);
}

/** The description of TAK, whose fields begin with their low bits, and no sound. */
function tak(depth: number): Uint8Array {
  const fields = [[6, 2], [4, 0], [4, 2], [35, 44100], [3, 0], [18, 44100 - 6000], [5, depth - 8], [4, 1], [
    1,
    0,
  ]];
  let value = 0n, place = 0n;
  for (const [size, field] of fields) {
    value |= BigInt(field!) << place;
    place += BigInt(size!);
  }
  const info = Uint8Array.from({ length: 10 }, (_, i) => Number(value >> BigInt(8 * i) & 255n));
  return concatBytes([text("tBaK"), Uint8Array.of(1, 13, 0, 0), info, new Uint8Array(3 + 4 + 64)]);
}

const pictures: [name: string, bytes: Uint8Array, fields: Fields][] = [
  ["Sorenson's flv", flash("flv1", sorenson(24, 16)), {
    codec: "flv1",
    width: 24,
    height: 16,
    pixelFormat: "yuv420p",
  }],
  [
    "flv with screen video",
    flash("flashsv", bits([3, 4], [40, 12], [3, 4], [30, 12], [0, 32])),
    { codec: "flashsv", width: 40, height: 30, pixelFormat: "bgr24" },
  ],
  [
    "VP6 in flv, less what is cut off",
    flash("vp6f", Uint8Array.of(0x20, 0x46, 2, 3, 2, 3, 0, 0, 0, 0), {
      extradata: Uint8Array.of(0x41),
    }),
    { codec: "vp6f", width: 44, height: 31, pixelFormat: "yuv420p" },
  ],
  [
    "BMP",
    concatBytes([text("BM"), le32(200, 0, 54, 40, 5, -3), le16(1, 24), new Uint8Array(146)]),
    { codec: "bmp", width: 5, height: 3, pixelFormat: "bgr24" },
  ],
  [
    "PCX",
    concatBytes([
      Uint8Array.of(10, 5, 1, 8),
      le16(0, 0, 6, 8, 72, 72),
      new Uint8Array(49),
      Uint8Array.of(3),
      le16(8, 1),
      new Uint8Array(200),
    ]),
    { codec: "pcx", width: 7, height: 9, pixelFormat: "rgb24" },
  ],
  [
    "TIFF",
    tiff([256, 11], [257, 12], [258, 8], [262, 1], [277, 1]),
    { codec: "tiff", width: 11, height: 12, pixelFormat: "gray" },
  ],
  [
    "TIFF of a camera's sensor",
    tiff([256, 11], [257, 12], [258, 14], [262, 32803], [277, 1], [33422, 0x02010100]),
    { codec: "tiff", width: 11, height: 12, pixelFormat: "bayer_rggb16le" },
  ],
  ["TAK", tak(24), { codec: "tak", sampleRate: 44100, channels: 2, sampleFormat: "s32p" }],
  [
    "SGI",
    concatBytes([bits([474, 16], [0, 8], [1, 8], [3, 16], [13, 16], [14, 16], [1, 16]), new Uint8Array(700)]),
    { codec: "sgi", width: 13, height: 14, pixelFormat: "gray" },
  ],
  [
    "QOI",
    concatBytes([text("qoif"), bits([15, 32], [16, 32], [4, 8], [0, 8]), new Uint8Array(64)]),
    { codec: "qoi", width: 15, height: 16, pixelFormat: "rgba" },
  ],
  [
    "WebP without loss",
    concatBytes([
      text("RIFF"),
      le32(30),
      text("WEBPVP8L"),
      le32(18),
      Uint8Array.of(0x2f),
      le32((17 - 1) | (18 - 1) << 14),
      new Uint8Array(16),
    ]),
    { codec: "webp", width: 17, height: 18, pixelFormat: "argb" },
  ],
];

for (const [name, bytes, fields] of pictures) {
  Deno.test(`probeSync() returns the size of ${name}`, () => {
    assertEquals(fieldsOf(bytes, fields), fields);
  });
}

Deno.test("A truncated header is ignored, without harm", () => {
  for (const [, bytes] of pictures) {
    for (let size = 1; size < Math.min(bytes.length, 120); size += 3) {
      let streams: { codecParameters: CodecParameters }[] = [];
      try {
        streams = [...probeSync(bytes.subarray(0, size)).streams];
      } catch {
        continue; // no longer recognized
      }
      for (const { codecParameters } of streams) {
        assert(codecParameters.width >= 0 && codecParameters.width < 65536);
      }
    }
  }
});

/** The header of Shorten: the type of samples, the channels, and the header of the file that it is made from. */
function shorten(type: number, channels: number, file: Uint8Array, skipped = 0): Uint8Array<ArrayBuffer> {
  const sized = (value: number) => rice([4, 2], [value, 4]);
  return concatBytes([
    text("ajkg\x02"),
    bits(
      ...[type, channels, 256, 0, 4, skipped].flatMap(sized),
      ...Array.from({ length: skipped }, () => [255, 8] as [number, number]),
      ...rice([9, 2], [file.length, 5], ...[...file].map((byte) => [byte, 8] as [number, number])),
    ),
    new Uint8Array(2000),
  ]);
}

Deno.test("Shorten: rate, channels and format, from the header of the file that was compressed", () => {
  const wave = (rate: number) =>
    concatBytes([
      ...[text("RIFF"), le32(1000), text("WAVEfact"), le32(4), le32(0), text("fmt "), le32(16)],
      ...[le16(1, 2), le32(rate), le32(rate * 4), le16(4, 16), text("data"), le32(0)],
    ]);
  const aiff = concatBytes([
    text("FORM\0\0\0\0AIFFCOMM\0\0\0\x12\0\x01\0\0\0\0\0\x10"),
    new Uint8Array([0x40, 0x0d, 0xac, 0x44, 0, 0, 0, 0, 0, 0]), // 22050 Hz
    text("SSND\0\0\0\0"),
  ]);
  const cases: [bytes: Uint8Array<ArrayBuffer>, expected: Fields][] = [
    [shorten(5, 2, wave(44100)), { sampleFormat: "s16p", sampleRate: 44100, channels: 2 }],
    [shorten(3, 1, wave(8000), 3), { sampleFormat: "s16p", sampleRate: 8000, channels: 1 }],
    [shorten(3, 1, aiff), { sampleFormat: "s16p", sampleRate: 22050, channels: 1 }],
    [shorten(2, 6, wave(48000)), { sampleFormat: "u8p", sampleRate: 48000, channels: 6 }],
  ];
  for (const [bytes, expected] of cases) {
    assertEquals(fieldsOf(bytes, expected), expected);
    assertEquals(rowsOf(bytes).reduce((sum, { size }) => sum + size, 0), bytes.length);
  }
  for (let length = 5; length < 60; length++) probeSync(cases[0]![0].slice(0, length), { format: "shn" });
});

// ------------------------------------------------------------------------------------------- made by ffmpeg

const PICTURE = ["-f", "lavfi", "-i", "testsrc=size=176x144:rate=25:duration=0.2"];
const TONE = ["-f", "lavfi", "-i", "sine=duration=0.5:sample_rate=48000"];

/** Works with what the ffmpeg command makes of a picture or a tone; some formats are recognized by the name alone. */
function withMade(suffix: string, args: string[], work: (path: string) => void): void {
  const path = Deno.makeTempFileSync({ prefix: "avio-test-", suffix: `.${suffix}` });
  try {
    const all = ["-v", "error", "-nostdin", "-y", "-threads", "1", ...args, path];
    const { success, stderr } = new Deno.Command("ffmpeg", { args: all }).outputSync();
    if (!success) throw new Error(`ffmpeg: ${new TextDecoder().decode(stderr)}`);
    work(path);
  } finally {
    Deno.removeSync(path);
  }
}

const size = { width: 176, height: 144 };
const one = ["-frames:v", "1", "-update", "1"];

/** By suffix and codec: the fields of video of 176x144, or of a tone of 48,000 Hz. */
const recipes: [suffix: string, args: string[], fields: Fields][] = [
  ["3gp", [...PICTURE, "-c:v", "h263"], {
    codec: "h263",
    ...size,
    pixelFormat: "yuv420p",
    chromaLocation: "center",
  }],
  ["flv", [...PICTURE, "-c:v", "flv"], { codec: "flv1", ...size, pixelFormat: "yuv420p" }],
  [
    "dv",
    [...PICTURE, "-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-s", "720x576"],
    { codec: "dvvideo", width: 720, height: 576, pixelFormat: "yuv420p" },
  ],
  ["wmv", [...PICTURE, "-c:v", "wmv2"], { codec: "wmv2", ...size, pixelFormat: "yuv420p" }],
  ["mov", [...PICTURE, "-c:v", "prores", "-pix_fmt", "yuv422p10"], {
    codec: "prores",
    pixelFormat: "yuv422p10le",
  }],
  ["mov", [...PICTURE, "-c:v", "v210"], { codec: "v210", pixelFormat: "yuv422p10le", bitsPerRawSample: 10 }],
  ["ogv", [...PICTURE, "-c:v", "libtheora", "-pix_fmt", "yuv422p"], {
    codec: "theora",
    pixelFormat: "yuv422p",
  }],
  ["ogv", [...PICTURE, "-c:v", "libtheora", "-color_primaries", "bt470bg"], {
    codec: "theora",
    colorPrimaries: "bt470bg",
    colorTransfer: "bt709",
    colorSpace: "bt470bg",
  }],
  ["avi", [...PICTURE, "-c:v", "huffyuv", "-pix_fmt", "yuv422p"], {
    codec: "huffyuv",
    pixelFormat: "yuv422p",
  }],
  ["mkv", [...PICTURE, "-c:v", "ffvhuff", "-pix_fmt", "yuv444p10"], {
    codec: "ffvhuff",
    pixelFormat: "yuv444p10le",
  }],
  ["mkv", [...PICTURE, "-c:v", "utvideo", "-pix_fmt", "yuv444p"], {
    codec: "utvideo",
    pixelFormat: "yuv444p",
  }],
  ["mkv", [...PICTURE, "-c:v", "ffv1", "-level", "3", "-pix_fmt", "yuv422p10"], {
    codec: "ffv1",
    pixelFormat: "yuv422p10le",
  }],
  ["avi", [...PICTURE, "-c:v", "ffv1", "-level", "1", "-pix_fmt", "bgr0"], {
    codec: "ffv1",
    pixelFormat: "bgr0",
  }],
  ["avi", [...PICTURE, "-c:v", "rawvideo", "-pix_fmt", "bgr24"], { codec: "rawvideo", pixelFormat: "bgr24" }],
  ["jp2", [...PICTURE, ...one, "-pix_fmt", "yuv420p"], {
    codec: "jpeg2000",
    ...size,
    pixelFormat: "yuv420p",
  }],
  ["j2k", [...PICTURE, ...one, "-pix_fmt", "rgb48"], { codec: "jpeg2000", ...size, pixelFormat: "rgb48le" }],
  ["exr", [...PICTURE, ...one, "-pix_fmt", "gbrapf32"], { codec: "exr", ...size, pixelFormat: "gbrapf32le" }],
  ["dpx", [...PICTURE, ...one, "-pix_fmt", "rgb24"], { codec: "dpx", ...size, pixelFormat: "rgb24" }],
  ["tif", [...PICTURE, ...one, "-pix_fmt", "rgb48"], { codec: "tiff", ...size, pixelFormat: "rgb48le" }],
  ["tga", [...PICTURE, ...one, "-pix_fmt", "bgr24"], { codec: "targa", ...size, pixelFormat: "bgr24" }],
  ["xwd", [...PICTURE, ...one, "-pix_fmt", "rgb24"], { codec: "xwd", ...size, pixelFormat: "rgb24" }],
  ["jls", [...PICTURE, ...one, "-pix_fmt", "gray"], { codec: "jpegls", ...size, pixelFormat: "gray" }],
  ["xbm", [...PICTURE, ...one], { codec: "xbm", ...size, pixelFormat: "monow" }],
  ["pam", [...PICTURE, ...one, "-pix_fmt", "rgb24"], { codec: "pam", ...size, pixelFormat: "rgb24" }],
  ["wma", [...TONE, "-c:a", "wmav2"], { codec: "wmav2", sampleFormat: "fltp" }],
  ["wv", [...TONE, "-c:a", "wavpack", "-sample_fmt", "s16p"], { sampleFormat: "s16p", bitsPerRawSample: 16 }],
  ["wv", [...TONE, "-c:a", "wavpack", "-sample_fmt", "fltp"], { sampleFormat: "fltp" }],
  ["tta", [...TONE, "-sample_fmt", "s32"], {
    codec: "tta",
    sampleFormat: "s32",
    bitsPerRawSample: 24,
    sampleRate: 48000,
  }],
  ["wav", [...TONE, "-c:a", "g722", "-ar", "16000"], {
    codec: "adpcm_g722",
    sampleFormat: "s16",
    channelLayout: "mono",
  }],
  ["wav", [...TONE, "-c:a", "adpcm_yamaha"], { codec: "adpcm_yamaha", sampleFormat: "s16" }],
  ["ogg", [...TONE, "-c:a", "libvorbis", "-af", "pan=4.0|c0=c0"], {
    codec: "vorbis",
    channels: 4,
    channelLayout: "quad",
  }],
  [
    "ts",
    [...TONE, "-c:a", "dca", "-strict", "-2", "-ac", "2"],
    { codec: "dts", channels: 2, sampleRate: 48000, bitRate: 1411200, sampleFormat: "fltp" },
  ],
  [
    "ts",
    [...TONE, "-c:a", "s302m", "-strict", "-2", "-ac", "2"],
    { codec: "s302m", channels: 2, sampleRate: 48000, sampleFormat: "s16", bitRate: 1921500 },
  ],
  [
    "vob",
    [...TONE, "-c:a", "pcm_dvd", "-ac", "2"],
    { codec: "pcm_dvd", channels: 2, sampleRate: 48000, sampleFormat: "s16" },
  ],
  [
    "m2ts",
    [...TONE, "-c:a", "pcm_bluray", "-ac", "2"],
    { codec: "pcm_bluray", channels: 2, sampleRate: 48000, sampleFormat: "s16" },
  ],
];

for (
  const [format, profile] of [["yuv444p", 1], ["yuv422p10le", 3], ["yuv420p12le", 2], ["gbrp", 1]] as const
) {
  const args = [
    ...PICTURE,
    "-c:v",
    "libvpx-vp9",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-pix_fmt",
    format,
  ];
  recipes.push(["mp4", args, { codec: "vp9", profile, pixelFormat: format }]);
  recipes.push(["webm", args, { codec: "vp9", profile, pixelFormat: format }]);
}

for (const [suffix, args, fields] of recipes) {
  Deno.test({
    name: `probeSync() of a made .${suffix}: ${Object.values(fields).join(" ")}`,
    ignore: !hasFFprobe,
    fn() {
      withMade(suffix, args, (path) => assertEquals(fieldsOf(path, fields), fields));
    },
  });
}

// ------------------------------------------------------------------------------------------- the codec is right

Deno.test({
  name: "FLAC in mp4 has the sample rate of its own header",
  ignore: !hasFFprobe,
  fn() {
    const { parameters, data } = madePackets("flac");
    const extradata = parameters.extradata!.slice();
    extradata.set(bits([96_000, 20]).subarray(0, 2), 10);
    extradata[12] = (96_000 & 15) << 4 | extradata[12]! & 15;
    const bytes = muxed("mp4", [{
      parameters: { ...parameters, extradata, sampleRate: 48000 },
      data,
      timeBase: { num: 1, den: 48000 },
      step: 4608,
    }], { strict: "experimental" });
    assertEquals(fieldsOf(bytes, { sampleRate: 0, codec: "" }), { sampleRate: 96_000, codec: "flac" });
  },
});

Deno.test({
  name: "MP3 in mp4 has the channels of its own header",
  ignore: !hasFFprobe,
  fn() {
    const { parameters, data } = madePackets("mp3"); // of one channel
    const stream: Made = {
      parameters: { ...parameters, channels: 2 },
      data,
      timeBase: { num: 1, den: 48000 },
      step: 1152,
    };
    assertEquals(fieldsOf(muxed("mp4", [stream]), { channels: 0, channelLayout: "" }), {
      channels: 1,
      channelLayout: "mono",
    });
  },
});

Deno.test({
  name: "Opus has 48,000 Hz and its own durations, not those of Matroska",
  ignore: !hasFFprobe,
  fn() {
    const stream: Made = { ...madePackets("opus"), timeBase: { num: 1, den: 48000 }, step: 960 };
    const bytes = muxed("webm", [stream]);
    const at = bytes.findIndex((_, i) =>
      [0xb5, 0x88, 0x40, 0xe7, 0x70].every((byte, j) => bytes[i + j] === byte)
    );
    assert(at > 0, "no SamplingFrequency");
    bytes.set([0x40, 0xcf, 0x40], at + 2); // 16000
    assertEquals(fieldsOf(bytes, { sampleRate: 0 }), { sampleRate: 48_000 });
    const expected = stream.data.map((_, i) => i * 20);
    for (const format of ["matroska", "mpegts", "ogg"]) {
      const sink = new MemorySink();
      remuxSync(bytes, sink, { format });
      using demuxer = Demuxer.openSync(sink.bytes());
      const packets = [...demuxer.packetsSync()];
      const { timeBase } = demuxer.streams[0]!;
      const milliseconds = (value: number | null) =>
        Math.round((value ?? NaN) * timeBase.num / timeBase.den * 1000);
      const first = milliseconds(packets[0]!.pts);
      const times = packets.map(({ pts }) => milliseconds(pts) - first);
      assertEquals(times.slice(1, 20), expected.slice(1, 20), format);
      assert(packets.slice(0, 20).every(({ duration }) => milliseconds(duration) === 20), format);
    }
  },
});

Deno.test({
  name: "After a seek packets of Opus in MPEG-TS have their times and durations",
  ignore: !hasFFprobe,
  fn() {
    const stream: Made = { ...madePackets("opus"), timeBase: { num: 1, den: 48000 }, step: 960 };
    using demuxer = Demuxer.openSync(muxed("mpegts", [stream]));
    const all = [...demuxer.packetsSync()].map(({ pts, duration }) => [pts, duration]);
    assert(all.every(([pts, duration], i) => duration === 1800 && pts === all[0]![0]! + i * 1800));
    demuxer.seekSync(0);
    assertEquals([...demuxer.packetsSync()].map(({ pts, duration }) => [pts, duration]), all);
  },
});

// ------------------------------------------------------------------------------------------- odd files

const odd: [file: string, fields: Fields][] = [
  ["7e8ff7f8146f.3gp", { width: 176, height: 144, pixelFormat: "yuv420p" }],
  ["dcf2d8efb7fd.flv", { width: 8, height: 8, pixelFormat: "yuv420p" }],
  ["18454a676cec.mp4", { pixelFormat: "gbrp", colorSpace: "gbr" }],
  ["074788b398d6.avif", { profile: 1, colorRange: "pc", colorSpace: "smpte170m" }],
  ["025c18578383.avif", { profile: 0, level: 5 }],
  ["0c693f1b5798.m4a", { sampleRate: 96_000 }],
  ["23d1f715f4fb.mp4", { colorTransfer: "arib-std-b67" }],
  ["1677a7edfbca.tta", { sampleFormat: "s16", bitsPerRawSample: 16, channelLayout: "stereo" }],
  ["7f08b94d2cdd.wma", { sampleFormat: "fltp" }],
  ["5d4b80f4a4ee.webm", { sampleRate: 48_000 }],
  ["a5732260b625.webm", { sampleRate: 48_000 }],
];

for (const [file, fields] of odd) {
  const path = realPath(`odd/${file}`);
  Deno.test({
    name: `probeSync() of ${file}: ${Object.values(fields).join(" ")}`,
    ignore: !path || (file.endsWith(".avif") && libavformat < 61), // which finds no extradata there
    fn() {
      assertEquals(fieldsOf(path, fields), fields);
    },
  });
}

// ------------------------------------------------------------------------------------------- packets that were examined

Deno.test("Packets that were examined while opening are delivered exactly once", () => {
  const bytes = flash("flv1", sorenson(24, 16));
  const rows = rowsOf(bytes);
  assertEquals(rows.map(({ pts }) => pts), [0, 40, 80]);
  using demuxer = Demuxer.openSync(bytes);
  demuxer.readSync();
  demuxer.seekSync(0);
  assertEquals([...demuxer.packetsSync()].map(({ pts }) => pts), [0, 40, 80]);
});

Deno.test("A seek right after opening drops the packets that were examined", () => {
  using demuxer = Demuxer.openSync(flash("flv1", sorenson(24, 16)));
  demuxer.seekSync(0.04);
  assertEquals([...demuxer.packetsSync()].map(({ pts }) => pts).at(-1), 80);
  demuxer.seekSync(0);
  assertEquals([...demuxer.packetsSync()].length, 3);
});

Deno.test("Examined packets of a stream that was discarded since are not delivered", () => {
  const video: Made = {
    parameters: { type: "video", codec: "flv1", width: 8, height: 8 },
    data: [sorenson(24, 16), sorenson(24, 16), sorenson(24, 16)],
    timeBase: { num: 1, den: 1000 },
    step: 40,
  };
  const sound: Made = {
    parameters: { type: "audio", codec: "pcm_s16le", sampleRate: 44100, channels: 1 },
    data: [new Uint8Array(200), new Uint8Array(200)],
    timeBase: { num: 1, den: 1000 },
    step: 40,
  };
  using demuxer = Demuxer.openSync(muxed("flv", [video, sound], { flvflags: "no_metadata" }));
  const index = demuxer.streams.findIndex(({ type }) => type === "video");
  demuxer.streams[index]!.discard = true;
  const indexes = [...demuxer.packetsSync()].map(({ streamIndex }) => streamIndex);
  assertEquals(indexes.length, 2);
  assert(!indexes.includes(index));
});

Deno.test("Streams whose container has no size can be written to other containers", () => {
  for (const format of ["flv", "avi"]) {
    const sink = new MemorySink();
    remuxSync(flash("flv1", sorenson(24, 16)), sink, { format });
    assertEquals(fieldsOf(sink.bytes(), { width: 0, height: 0 }), { width: 24, height: 16 });
  }
});

Deno.test("The async API returns the same for a source in small pieces", async () => {
  const bytes = flash("flv1", sorenson(24, 16));
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += 7) controller.enqueue(bytes.slice(i, i + 7));
      controller.close();
    },
  });
  await using demuxer = await Demuxer.open(pieces);
  const { width, height } = demuxer.streams[0]!.codecParameters;
  assertEquals([width, height], [24, 16]);
  const times = [];
  for await (const { pts } of demuxer.packets()) times.push(pts);
  assertEquals(times, [0, 40, 80]);
});

// ------------------------------------------------------------------------------------------- the codec is right

/** By the ffmpeg command, into a file, as mp4 must go back. */
function encoded(codec: string, rate: number, channels: number): Uint8Array<ArrayBuffer> {
  const path = Deno.makeTempFileSync({ suffix: ".mp4" });
  try {
    const input = ["-f", "lavfi", "-i", `sine=duration=1:sample_rate=${rate}`];
    const args = ["-v", "error", "-nostdin", "-y", ...input, "-ac", String(channels), "-c:a", codec, path];
    assert(new Deno.Command("ffmpeg", { args }).outputSync().success);
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("AC-3 and E-AC-3 in mp4 and mkv have the parameters of their frames, not of the container", () => {
  for (const [codec, entry] of [["ac3", "ac-3"], ["eac3", "ec-3"]] as const) {
    for (
      const [rate, channels, layout] of [[32000, 1, "mono"], [44100, 2, "stereo"], [
        48000,
        6,
        "5.1(side)",
      ]] as const
    ) {
      const bytes = encoded(codec, rate, channels);
      const at = new TextDecoder("latin1").decode(bytes).indexOf(entry) + 4;
      const view = new DataView(bytes.buffer);
      view.setUint16(at + 16, 3);
      view.setUint32(at + 24, 22050 * 65536);
      const sink = new MemorySink();
      remuxSync(bytes, sink, { format: "matroska" });
      for (const source of [bytes, sink.bytes()]) {
        const { sampleRate, channels: found, channelLayout } = probeSync(source).streams[0]!.codecParameters;
        assertEquals([sampleRate, found, channelLayout], [rate, channels, layout], codec);
      }
    }
  }
});

Deno.test("ProRes has its profile by its code, in any container that keeps it", () => {
  for (const [tag, profileName] of [["apco", "Proxy"], ["apch", "HQ"], ["ap4h", "4444"]] as const) {
    for (const format of ["mov", "matroska", "nut"]) {
      const sink = new MemorySink();
      using muxer = Muxer.openSync(sink, { format });
      muxer.addStream({ type: "video", codec: "prores", width: 64, height: 48, tag }, {
        timeBase: { num: 1, den: 25 },
      });
      const data = new Uint8Array(100);
      data.set([
        0,
        0,
        0,
        100,
        ...new TextEncoder().encode("icpf"),
        0,
        28,
        0,
        0,
        97,
        118,
        98,
        48,
        0,
        64,
        0,
        48,
        0x80,
      ]);
      muxer.writeSync(
        new Packet({
          streamIndex: 0,
          data,
          pts: 0,
          dts: 0,
          duration: 1,
          isKey: true,
          timeBase: { num: 1, den: 25 },
        }),
      );
      muxer.finishSync();
      assertEquals(
        probeSync(sink.bytes()).streams[0]!.codecParameters.profileName,
        profileName,
        `${tag} in ${format}`,
      );
    }
  }
});

Deno.test("Impossible numbers of a damaged file are not returned", () => {
  for (const name of ["video.mkv", "video.avi", "video.flv", "video.mp4", "audio.mp3"]) {
    const bytes = fixtureBytes(name);
    for (let at = 0; at < 1500; at += 3) {
      const damaged = bytes.slice();
      damaged.fill(0xff, at, at + 4);
      try {
        for (const { codecParameters: p } of probeSync(damaged).streams) {
          for (
            const value of [p.width, p.height, p.sampleRate, p.channels, p.bitRate, p.frameSize, p.blockAlign]
          ) {
            assert(value >= 0, `${name}, ${at}: ${JSON.stringify(p)}`);
          }
        }
      } catch (error) {
        assert(error instanceof AVError, `${name}, ${at}: ${error}`);
      }
    }
  }
});

Deno.test("probeSync(): the channels of Opus in mp4 are those of its own header", () => {
  const bytes = muxed("mp4", [{ ...madePackets("opus"), timeBase: { num: 1, den: 48000 }, step: 960 }]);
  const { channels } = fieldsOf(bytes, { channels: 0 });
  const entry = [...text("Opus")];
  const at = bytes.findIndex((_, i) => entry.every((byte, j) => bytes[i + j] === byte));
  assertEquals(bytes[at + 21], channels);
  bytes[at + 21] = channels === 1 ? 2 : 1;
  assertEquals(fieldsOf(bytes, { channels: 0 }).channels, channels);
});
