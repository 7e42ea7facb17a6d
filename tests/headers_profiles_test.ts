/**
 * Codec headers that determine the profile (shim/headers/: dts.c, dolby.c, vvc.c, subtitles.c): DTS-HD and DTS Express,
 * Atmos, HE-AAC with backward-compatible signalling, VVC's format, the size of bitmap subtitles. Each header is made by
 * hand and read from the containers that support the codec.
 */
import { assertEquals } from "@std/assert";
import { type CodecParameters, MemorySink, Muxer, Packet, probeSync } from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { isEmbedded } from "./support/versions.ts";

type Parameters = Parameters_ & { type: CodecParameters["type"]; codec: string };
type Parameters_ = Partial<Omit<CodecParameters, "type" | "codec">>;

/** Bytes of groups of bits: [value, how many]. */
function bits(...fields: [value: number, count: number][]): Uint8Array<ArrayBuffer> {
  const all = fields.map(([value, count]) => value.toString(2).padStart(count, "0")).join("");
  return Uint8Array.from(all.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, "0"), 2));
}

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.replaceAll(" ", "").match(/../g)!, (byte) => parseInt(byte, 16));

/** A file of some packets that are alike. */
function fileOf(
  format: string,
  parameters: Parameters,
  data: Uint8Array<ArrayBuffer>,
  options: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const timeBase = { num: 1, den: 1000 };
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format, options });
  muxer.addStream(parameters, { timeBase });
  for (let i = 0; i < 20; i++) {
    const pts = i * 32;
    muxer.writeSync(new Packet({ streamIndex: 0, data, pts, dts: pts, duration: 32, isKey: true, timeBase }));
  }
  muxer.finishSync();
  return sink.bytes();
}

function fieldsOf<K extends keyof CodecParameters>(source: string | Uint8Array, ...names: K[]) {
  const { codecParameters } = probeSync(source).streams[0]!;
  return names.map((name) => codecParameters[name]);
}

// ------------------------------------------------------------------------------------------- DTS

/** An extension substream's header, with these speakers, and what is behind it. */
function substream(
  sampleBits: number,
  rate: number,
  speakers: number,
  channels: number,
  ...parts: Uint8Array[]
) {
  const asset: [number, number][] = [[0, 9], [0, 3], [0, 3], [sampleBits - 1, 5], [rate, 4], [
    channels - 1,
    8,
  ], [1, 1]];
  if (channels > 2) asset.push([0, 1]);
  if (channels > 6) asset.push([0, 1]);
  asset.push([1, 1], [3, 2], [speakers, 16], [0, 3]);
  const header = bits(
    ...[[0x64582025, 32], [0, 8], [0, 2], [0, 1], [39, 8], [999, 16]] as [number, number][],
    ...[[1, 1], [0, 5], [0, 1], [0, 3], [0, 3], [1, 1], [1, 8], [0, 1], [0, 16]] as [number, number][],
    ...asset,
  );
  const whole = new Uint8Array(1000);
  whole.set(header);
  whole.set(concatBytes(parts as Uint8Array<ArrayBuffer>[]), 40);
  return whole;
}

/** A core's frame of 5.1 at 48,000 Hz and 96 bytes. */
const core = () => {
  const frame = new Uint8Array(96);
  frame.set(
    bits([0x7ffe8001, 32], [1, 1], [31, 5], [0, 1], [15, 7], [95, 14], [9, 6], [13, 4], [15, 5], [0, 10], [
      1,
      2,
    ]),
  );
  return frame;
};

const LOSSLESS = bytesOf("41a29547 00000000");
const OBJECTS = bytesOf("02000850 00000000");
const EXPRESS = (rate: number, channels: number, flags: number) =>
  Uint8Array.from([...bytesOf("0a801921"), 2, rate, channels, 0, 0, 8, flags, 0]);
const C = 1, LR = 2, SIDES = 4, LFE = 8, BACKS = 64;

const dts: [name: string, data: Uint8Array<ArrayBuffer>, reported: unknown[]][] = [
  ["the core alone", core(), ["DTS", "fltp", 48000, 6, "5.1(side)"]],
  [
    "24 bits without loss, 7.1",
    concatBytes([core(), substream(24, 12, C | LR | SIDES | LFE | BACKS, 8, LOSSLESS)]),
    ["DTS-HD MA", "s32p", 48000, 8, "7.1"],
  ],
  [
    "16 bits without loss, stereo",
    substream(16, 6, LR, 2, LOSSLESS),
    ["DTS-HD MA", "s16p", 44100, 2, "stereo"],
  ],
  [
    "with objects, at 96,000 Hz",
    concatBytes([core(), substream(24, 13, C | LR | SIDES | LFE, 6, LOSSLESS, OBJECTS)]),
    ["DTS-HD MA + DTS:X", "s32p", 96000, 6, "5.1(side)"],
  ],
  [
    "more channels with loss",
    concatBytes([core(), substream(24, 12, C | LR | SIDES | LFE, 6, bytesOf("47004a03"))]),
    ["DTS-HD HRA", "fltp", 48000, 6, "5.1(side)"],
  ],
  ["Express, 5.1", substream(24, 12, 0, 6, EXPRESS(12, 7, 2)), [
    "DTS Express",
    "fltp",
    48000,
    6,
    "5.1(side)",
  ]],
  ["Express, mono", substream(24, 5, 0, 1, EXPRESS(5, 1, 0)), ["DTS Express", "fltp", 22050, 1, "mono"]],
];

for (const [name, data, reported] of dts) {
  Deno.test({
    name: `probeSync() of DTS: ${name}`,
    ignore: !isEmbedded, // FFmpeg 5.1 uses its own decoder, which refuses packets that are only headers
    fn() {
      for (const format of ["matroska", "mp4"]) {
        const channels = reported[3] as number, sampleRate = reported[2] as number;
        const file = fileOf(format, { type: "audio", codec: "dts", channels, sampleRate }, data);
        const found = fieldsOf(
          file,
          "profileName",
          "sampleFormat",
          "sampleRate",
          "channels",
          "channelLayout",
        );
        assertEquals(found, reported, format);
      }
    },
  });
}

Deno.test("A truncated DTS header is parsed without harm", () => {
  for (const [, data] of dts) {
    for (let size = 1; size < 150; size += 7) {
      probeSync(
        fileOf(
          "matroska",
          { type: "audio", codec: "dts", channels: 2, sampleRate: 48000 },
          data.slice(0, size),
        ),
      );
    }
  }
});

// ------------------------------------------------------------------------------------------- Dolby

/** E-AC-3: 5.1, six blocks, 256 bytes; with the marker of Atmos at the end of its header, or without. */
function eac3(atmos: boolean, mixing: [number, number][] = [[0, 1]]): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(256);
  frame.set(bits(
    ...[[0x0b77, 16], [0, 2], [0, 3], [127, 11], [0, 2], [3, 2], [7, 3], [1, 1], [16, 5], [27, 5], [
      0,
      1,
    ]] as [
      number,
      number,
    ][],
    ...mixing,
    ...[[0, 1], [1, 1], [1, 6], [atmos ? 1 : 0, 8], [16, 8]] as [number, number][],
  ));
  return frame;
}

/** Levels of centre and surround, of the LFE, no programs, no mixing data, no configuration. */
const MIXING: [number, number][] = [[1, 1], [0, 2], [4, 3], [4, 3], [5, 3], [5, 3], [1, 1], [9, 5], [0, 2], [
  0,
  2,
], [0, 1]];

Deno.test({
  name: "probeSync() detects Atmos in E-AC-3",
  ignore: !isEmbedded,
  fn() {
    for (const format of ["matroska", "mp4", "mpegts"]) {
      for (const mixing of [[[0, 1]] as [number, number][], MIXING]) {
        for (const atmos of [true, false]) {
          const parameters: Parameters = {
            type: "audio",
            codec: "eac3",
            channels: 6,
            sampleRate: 48000,
            frameSize: 1536,
          };
          const [profile] = fieldsOf(fileOf(format, parameters, eac3(atmos, mixing)), "profileName");
          assertEquals(profile, atmos ? "Dolby Digital Plus + Dolby Atmos" : null, format);
        }
      }
    }
  },
});

/** Of TrueHD's header: 16 bits, x^5 + x^3 + x^2 + 1. */
function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << 8;
    for (let i = 0; i < 8; i++) value = (value & 0x8000 ? value << 1 ^ 0x2d : value << 1) & 0xffff;
  }
  return value;
}

Deno.test({
  name: "probeSync() detects Atmos in TrueHD",
  ignore: !isEmbedded,
  fn() {
    for (
      const [substreams, info, name] of [[4, 0x80, "Dolby TrueHD + Dolby Atmos"], [4, 0, null], [
        3,
        0x80,
        null,
      ]] as const
    ) {
      const unit = new Uint8Array(64);
      unit.set(bytesOf("0000 0000 f8726fba 00 00 00 0f b752"));
      unit[20] = substreams << 4;
      unit[21] = info;
      const sum = crc(unit.subarray(4, 28));
      unit.set([0, 32]);
      unit.set([sum >> 8, sum & 255], 30);
      const file = fileOf(
        "matroska",
        { type: "audio", codec: "truehd", channels: 8, sampleRate: 48000 },
        unit,
      );
      assertEquals(fieldsOf(file, "profileName"), [name]);
    }
  },
});

// ------------------------------------------------------------------------------------------- AAC

const configurations: [hex: string, profile: string, sampleRate: number][] = [
  ["1190", "LC", 48000],
  ["1388 56e5 a548 00", "HE-AAC", 44100],
  ["1388 56e5 a548 80", "HE-AACv2", 44100],
  ["2b8a 0800", "HE-AAC", 44100], // before it
  ["f948 2421 1cc0 1850 0020 0097 0847 30b0", "xHE-AAC", 44100],
];

for (const [hex, profile, sampleRate] of configurations) {
  Deno.test({
    name: `probeSync() reads AAC's configuration: ${profile}, ${hex}`,
    ignore: !isEmbedded,
    fn() {
      const extradata = bytesOf(hex);
      for (const format of ["matroska", "mp4"]) {
        const parameters: Parameters = { type: "audio", codec: "aac", channels: 2, sampleRate, extradata };
        const found = fieldsOf(fileOf(format, parameters, bytesOf("2100 4990 0219 0023 80")), "profileName");
        assertEquals(found, [profile], format);
      }
    },
  });
}

// ------------------------------------------------------------------------------------------- pictures

/** H.266: sequence and picture parameter sets of a picture of 1280 by 720 with ten bits. */
const VVC = bytesOf(
  "00000001007900ad0233800000800a0200b446a00737446e8846994993384d958c10209e00ca0c5842183110819220d487a3" +
    "d5a92f249a92c9116a22f1126a22452444992224d4659210b5085e10bd5a92f25ea19418b100c5880810810102a102020690" +
    "810102c408081104040b2080812101064081108102c8408122041a081241070832045a104908710d0972395fffdf5f8f2400" +
    "000300040000030064620000000001008100000501005a2224033ee08000",
);

Deno.test({
  name: "probeSync() reads the format of VVC in mp4",
  ignore: !isEmbedded,
  fn() {
    const parameters: Parameters = { type: "video", codec: "vvc", width: 1280, height: 720, extradata: VVC };
    for (const format of ["mp4"]) {
      const file = fileOf(format, parameters, concatBytes([VVC, bytesOf("00000001 0041 c4")]));
      assertEquals(fieldsOf(file, "pixelFormat"), ["yuv420p10le"], format);
    }
  },
});

Deno.test({
  name: "H.264 in mp4 has the size of its own header, also if it has start codes instead of avcC",
  fn() {
    const bytes = fixtureBytes("video.mp4");
    const reported = fieldsOf(bytes, "width", "height", "pixelFormat");
    const textOf = (at: number, length: number) =>
      new TextDecoder("latin1").decode(bytes.subarray(at, at + length));
    const entry = bytes.findIndex((_, i) =>
      textOf(i, 4) === "avc1" && bytes[i + 33] === 24 && bytes[i + 28] === 0x48
    );
    const at = entry > 0
      ? entry
      : bytes.findIndex((_, i) => textOf(i, 4) === "avc1" && textOf(i + 82, 4) === "avcC");
    const view = new DataView(bytes.buffer);
    view.setUint16(at + 28, 30);
    view.setUint16(at + 30, 20);
    assertEquals(fieldsOf(bytes, "width", "height", "pixelFormat"), reported);

    const box = bytes.findIndex((_, i) => textOf(i, 4) === "avcC"), size = view.getUint32(box - 4) - 8;
    const avcc = bytes.slice(box + 4, box + 4 + size), set = (avcc[6]! << 8) + avcc[7]!;
    const pps = avcc.subarray(8 + set + 3, 8 + set + 3 + (avcc[8 + set + 1]! << 8) + avcc[8 + set + 2]!);
    const started = concatBytes([
      bytesOf("00000001"),
      avcc.slice(8, 8 + set),
      bytesOf("00000001"),
      pps.slice(),
    ]);
    const content = new Uint8Array(size);
    content.set(started.subarray(0, size));
    bytes.set(content, box + 4);
    assertEquals(fieldsOf(bytes, "width", "height", "pixelFormat"), reported);
  },
});

Deno.test("probeSync() returns the size of bitmap subtitles", () => {
  const composition = bytesOf("16 0013 0500 02d0 30 0000 80 00 00 01 0000 0000 0000 027e 17 0000 80 0000");
  const extradata = new TextEncoder().encode("size: 720x576\npalette: 000000, ffffff\n");
  const pgs = fileOf("matroska", { type: "subtitle", codec: "hdmv_pgs_subtitle" }, composition);
  assertEquals(fieldsOf(pgs, "width", "height"), [1280, 720]);
  const dvd = fileOf(
    "matroska",
    { type: "subtitle", codec: "dvd_subtitle", extradata },
    bytesOf("0004 0002 ff"),
  );
  assertEquals(fieldsOf(dvd, "width", "height"), [720, 576]);
});
