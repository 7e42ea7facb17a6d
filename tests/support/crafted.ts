/**
 * Small files and packets that crash or block the process that reads them: one function for each, after what has been
 * published about FFmpeg (docs/ffmpeg-security.md).
 */
import { BitWriter, nalUnit } from "./bits.ts";
import { concatBytes } from "./essence.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

// ------------------------------------------------------------------------------------------- manifests and scripts

/** A DASH manifest of one representation; `template` are the attributes of its SegmentTemplate. */
export function manifest({ type = "static", template = "", timeline = "" }): Bytes {
  const live = 'availabilityStartTime="2020-01-01T00:00:00Z" minimumUpdatePeriod="PT2S"';
  return encoder.encode(
    `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="${type}" mediaPresentationDuration="PT30S" ` +
      `profiles="urn:mpeg:dash:profile:isoff-live:2011" ${type === "dynamic" ? live : ""}>` +
      `<Period><AdaptationSet mimeType="video/mp4"><SegmentTemplate ${template}>` +
      (timeline && `<SegmentTimeline>${timeline}</SegmentTimeline>`) +
      '</SegmentTemplate><Representation id="0" bandwidth="1"/></AdaptationSet></Period></MPD>',
  );
}

/** An SBaGen script in which each block consists of so many of the previous one. */
export function nestedScript(blocks: number, each: number): Bytes {
  const lines = ["a: 200+5/50"];
  for (let i = 0; i < blocks; i++) {
    const inner = i === 0 ? "a" : `b${i - 1}`;
    lines.push(`b${i}: {`, ...Array.from({ length: each }, (_, j) => `  +00:00:0${j} ${inner}`), "}");
  }
  return encoder.encode([...lines, `NOW b${blocks - 1}`, ""].join("\n"));
}

/** The index of VobSub, changing between two streams at each line. */
export function vobSubIndex(changes: number): string {
  const lines = ["# VobSub index file, v7 (do not modify this line!)", "size: 720x576"];
  for (let i = 0; i < changes; i++) {
    lines.push(`id: en, index: ${i % 2}`, `timestamp: 00:00:01:000, filepos: 000000000`);
  }
  return lines.join("\n") + "\n";
}

// ------------------------------------------------------------------------------------------- boxes and EBML

/** The file with so many additional pssh boxes at the end of its moov, which is its last box. */
export function withPssh(mp4: Uint8Array, count: number): Bytes {
  const pssh = new Uint8Array(32);
  pssh.set([0, 0, 0, 32, ...encoder.encode("pssh")]);
  const boxes = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) boxes.set(pssh, 32 * i);
  const file = concatBytes([mp4, boxes]) as Bytes;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let at = 0;
  while (new TextDecoder().decode(mp4.subarray(at + 4, at + 8)) !== "moov") at += view.getUint32(at);
  view.setUint32(at, view.getUint32(at) + boxes.length);
  return file;
}

/** An EBML element. */
export function element(id: string, ...content: (Uint8Array | number[])[]): Bytes {
  const data = concatBytes(content.map((part) => Uint8Array.from(part)));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, 1n << 56n | BigInt(data.length));
  return concatBytes([Uint8Array.from(id.match(/../g)!, (pair) => parseInt(pair, 16)), size, data]) as Bytes;
}

function number32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];
}

function matroska(track: Uint8Array, ...more: Uint8Array[]): Bytes {
  const entry = element("ae", element("d7", [1]), element("73c5", [1]), track);
  return concatBytes([
    element("1a45dfa3", element("4282", encoder.encode("matroska"))),
    element(
      "18538067",
      element("1549a966", element("2ad7b1", [0x0f, 0x42, 0x40])),
      element("1654ae6b", entry),
      ...more,
    ),
  ]) as Bytes;
}

/** Vorbis with a setup header of so many zeros, and so many packets. */
export function vorbisWithoutSetup(size: number, packets: number): Bytes {
  const identification = new Uint8Array(30);
  identification.set([1, ...encoder.encode("vorbis"), 0, 0, 0, 0, 2, 0x44, 0xac]);
  identification.set([0xb8, 1], 28);
  const setup = new Uint8Array(size);
  setup.set([5, ...encoder.encode("vorbis")]);
  const headers = concatBytes([Uint8Array.of(2, 30, 7), identification, encoder.encode("\x03vorbis"), setup]);
  const track = concatBytes([
    element("83", [2]),
    element("86", encoder.encode("A_VORBIS")),
    element("63a2", headers),
    element("e1", element("b5", [0x47, 0x2c, 0x44, 0]), element("9f", [2])),
  ]);
  const block = element("a3", [0x81, 0, 0, 0x80, 0, 0]);
  return matroska(
    track,
    element("1f43b675", element("e7", [0]), ...Array.from({ length: packets }, () => block)),
  );
}

/** Matroska with so many cues, the last first. */
export function cuesBackwards(count: number): Bytes {
  const track = concatBytes([
    element("83", [1]),
    element("86", encoder.encode("V_VP8")),
    element("e0", element("b0", [16]), element("ba", [16])),
  ]);
  const cue = element(
    "bb",
    element("b3", number32(0)),
    element("b7", element("f7", [1]), element("f1", [0])),
  );
  const cues = new Uint8Array(count * cue.length);
  const view = new DataView(cues.buffer);
  for (let i = 0; i < count; i++) {
    cues.set(cue, i * cue.length);
    view.setUint32(i * cue.length + 18, count - i); // after ids and sizes of two elements
  }
  return matroska(track, element("1c53bb6b", cues), element("1f43b675", element("e7", [0])));
}

/** Matroska whose seek head names another Info as the cues: of a time scale of 0. */
export function scaleOfZero(): Bytes {
  const track = concatBytes([
    element("83", [1]),
    element("86", encoder.encode("V_VP8")),
    element("23e383", number32(40_000_000)),
    element("e0", element("b0", [16]), element("ba", [16])),
  ]);
  const info = (scale: number[]) => element("1549a966", element("2ad7b1", scale));
  const clusters = [0, 1, 2, 3].map((second) => {
    const blocks = Array.from(
      { length: 25 },
      (_, i) => element("a3", [0x81, i * 40 >> 8, i * 40 & 255, 0x80, 0, 0]),
    );
    return element("1f43b675", element("e7", number32(second * 1000)), ...blocks);
  });
  const entry = (at: number) =>
    element("4dbb", element("53ab", [0x1c, 0x53, 0xbb, 0x6b]), element("53ac", number32(at)));
  const parts = (at: number) => [
    element("114d9b74", entry(at)),
    info([0x0f, 0x42, 0x40]),
    element("1654ae6b", element("ae", element("d7", [1]), element("73c5", [1]), track)),
    ...clusters,
  ];
  return concatBytes([
    element("1a45dfa3", element("4282", encoder.encode("matroska"))),
    element("18538067", ...parts(concatBytes(parts(0)).length), info([0])),
  ]) as Bytes;
}

// ------------------------------------------------------------------------------------------- coded data

/** A JPEG with EXIF before everything else. */
export function withExif(jpeg: Uint8Array, tiff: Uint8Array): Bytes {
  const length = tiff.length + 8;
  const marker = Uint8Array.of(0xff, 0xe1, length >> 8, length & 255, ...encoder.encode("Exif\0\0"));
  return concatBytes([jpeg.subarray(0, 2), marker, tiff, jpeg.subarray(2)]) as Bytes;
}

/** Nested lists of tags: each tag of the first refers to the whole second list, each of that to the whole third. */
export function listsInLists(tags: number): Bytes {
  const size = 2 + 12 * tags + 4;
  const tiff = new Uint8Array(8 + 3 * size);
  const view = new DataView(tiff.buffer);
  tiff.set([0x49, 0x49, 42, 0, 8]);
  for (let list = 0; list < 3; list++) {
    const start = 8 + list * size;
    view.setUint16(start, tags, true);
    for (let i = 0; i < tags; i++) {
      const at = start + 2 + 12 * i;
      view.setUint16(at, list < 2 ? 0x8769 : 0x0100, true);
      view.setUint16(at + 2, list < 2 ? 4 : 3, true);
      view.setUint32(at + 4, 1, true);
      view.setUint32(at + 8, list < 2 ? start + size : 1, true);
    }
  }
  return tiff;
}

/** Tags that all refer to the same bytes, the whole EXIF block. */
export function overlappingTags(tags: number): Bytes {
  const tiff = new Uint8Array(8 + 2 + 12 * tags + 4);
  const view = new DataView(tiff.buffer);
  tiff.set([0x49, 0x49, 42, 0, 8]);
  view.setUint16(8, tags, true);
  for (let i = 0; i < tags; i++) {
    const at = 10 + 12 * i;
    view.setUint16(at, 0xc000 + i, true);
    view.setUint16(at + 2, 3, true);
    view.setUint32(at + 4, tiff.length >> 1, true);
    view.setUint32(at + 8, 0, true);
  }
  return tiff;
}

/** So many PPS of HEVC, whose depth tables of 8 million bits are missing. */
export function depthTables(count: number): Bytes {
  const units = Array.from({ length: count }, (_, i) => {
    const bits = new BitWriter().ue(i % 64).ue(0).u(5, 0).u(2, 0).ue(0).ue(0).ue(0).u(3, 0).ue(0).ue(0);
    bits.u(10, 0).ue(0).u(1, 0); // to log2_parallel_merge_level and slice_segment_header_extension_present_flag
    bits.u(1, 1).u(4, 2).u(4, 0); // only pps_3d_extension_flag
    bits.u(1, 1).u(6, 63).u(4, 15).u(3, 5);
    return nalUnit([0x44, 1], bits.stopped());
  });
  return concatBytes(units) as Bytes;
}

/** SEI of HEVC: film grain for pictures of that size, with two scaling points at the same position. */
export function grainInOnePlace(width: number, height: number): Bytes {
  const bits = new BitWriter().u(1, 1).u(4, 0).u(3, 0);
  bits.u(1, 0).u(8, 40).u(3, 0).u(1, 1).u(16, 1).u(1, 1).u(4, 0).u(12, width).u(12, height);
  bits.u(1, 0).u(2, 3).u(1, 0).u(1, 0); // 4:2:0, no description of the signal, no prediction
  bits.u(4, 2).u(3, 7).u(2, 0).u(8, 10).u(5, 3).u(8, 0).u(5, 9).u(1, 1);
  bits.u(2, 0).u(2, 0).u(2, 0); // scaling_shift, ar_coeff_lag, and no coefficients of luma
  for (const _plane of [1, 2]) bits.u(2, 0).u(5, 16);
  bits.u(2, 0).u(2, 0).u(2, 0);
  const grain = [0xb5, 0x58, 0x90, 1, ...bits.bytes(), ...new Uint8Array(24)];
  return nalUnit([0x4e, 1], Uint8Array.of(4, grain.length, ...grain, 0x80));
}

/** The beginning of a VPS or SPS of HEVC: profile, tier and level. */
const profileOfHevc = (bits: BitWriter) => bits.u(8, 1).u(32, 0x60000000).u(4, 9).u(32, 0).u(12, 0).u(8, 93);

/** Headers of HEVC: a VPS, and an SPS of a square of so many pixels with blocks of 16 and 16 bits for the number of a picture. */
function headersOfHevc(size: number): Bytes[] {
  const vps = new BitWriter().u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xffff);
  profileOfHevc(vps).u(1, 1).ue(15).ue(0).ue(0).u(6, 0).ue(0).u(2, 0);
  const sps = profileOfHevc(new BitWriter().u(4, 0).u(3, 0).u(1, 1)).ue(0).ue(1).ue(size).ue(size).u(1, 0);
  sps.ue(0).ue(0).ue(12).u(1, 1).ue(4).ue(0).ue(0).ue(0).ue(1).ue(0).ue(2).ue(0).ue(0).u(4, 0).ue(0).u(5, 0);
  return [nalUnit([0x40, 1], vps.stopped()), nalUnit([0x42, 1], sps.stopped())];
}

/** One of eight different PPS of HEVC with so many columns and rows of tiles. */
function ppsOfHevc(number: number, tiles = 1): Bytes {
  const bits = new BitWriter().ue(number & 1).ue(0).u(7, number >> 1 & 3).ue(0).ue(0).ue(0).u(3, 0).ue(0).ue(
    0,
  ).u(4, 0);
  bits.u(1, tiles > 1 ? 1 : 0).u(1, 0);
  if (tiles > 1) bits.ue(tiles - 1).ue(tiles - 1).u(2, 2);
  return nalUnit([0x44, 1], bits.u(4, 0).ue(0).u(2, 0).stopped());
}

/** HEVC of a picture of a million blocks, and so many PPS with so many columns and rows of tiles. */
export function manyPpsOfHevc(count: number, tiles: number): Bytes {
  const each = Array.from({ length: 8 }, (_, i) => ppsOfHevc(i, tiles));
  const all = Array.from({ length: count }, (_, i) => each[i % 8]!);
  return concatBytes([...headersOfHevc(16000), ...all]) as Bytes;
}

/** HEVC of so many VPS, each of which states that it has 1,024 parameters of a reference decoder. */
export function manyVpsOfHevc(count: number): Bytes {
  const each = Array.from({ length: 8 }, (_, i) => {
    const bits = new BitWriter().u(4, i & 1).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xffff);
    profileOfHevc(bits).u(1, 1).ue(i).ue(0).ue(0).u(6, 0).ue(1023);
    for (let set = 0; set < 1023; set++) bits.u(1, 1);
    return nalUnit([0x40, 1], bits.u(1, 1).u(32, 1).u(32, 25).u(1, 0).ue(1024).u(8, 255).stopped());
  });
  return concatBytes(Array.from({ length: count }, (_, i) => each[i % 8]!)) as Bytes;
}

/**
 * Packets of HEVC whose pictures have lower and lower numbers, down to -2^31: each number is the lowest that 16 bits can say
 * after the one before.
 */
export function* fallingPictures(count: number): Generator<Bytes> {
  const headers = concatBytes([...headersOfHevc(64), ppsOfHevc(0)]);
  let number = 0;
  for (let i = 0; i < count; i++) {
    const isFirst = i < 2, low = number % 65536, next = Math.max(0, low + 32769) & 0xffff;
    const type = isFirst ? 19 : 1, bits = new BitWriter().u(1, 1);
    if (isFirst) bits.u(1, 0);
    bits.ue(0).ue(2);
    if (isFirst) number = 0;
    else {
      bits.u(16, next).u(1, 0).ue(0).ue(0);
      number = (number - low - (next - low > 32768 ? 65536 : 0) + next) | 0;
    }
    const slice = nalUnit([type << 1, 1], concatBytes([bits.ue(0).stopped(), Uint8Array.of(0x55, 0x80)]));
    yield i === 0 ? concatBytes([headers, slice]) as Bytes : slice;
  }
}

/** VVC of so many PPS, each before a slice that can't be read. */
export function manyPpsOfVvc(count: number): Bytes {
  const sps = new BitWriter().u(18, 0).ue(8).ue(8).u(2, 0).ue(0).u(11, 0).ue(0).u(1, 0).ue(0).ue(0).ue(0).ue(
    0,
  ).u(10, 0);
  sps.u(1, 1).ue(0).u(7, 0).ue(0).u(4, 0).u(1, 0).ue(0).u(3, 0).u(10, 0);
  const pps = new BitWriter().u(11, 0).ue(8).ue(8).u(3, 0).u(3, 4).ue(0).ue(0).u(4, 0).ue(0).u(6, 0);
  const pair = [nalUnit([0, 0x81], pps.stopped()), Uint8Array.of(0, 0, 1, 0, 1, 0x80)];
  return concatBytes([
    nalUnit([0, 0x79], sps.stopped()),
    ...Array.from({ length: count }, () => pair).flat(),
  ]) as Bytes;
}

/** The same, whose pictures have a thousand subpictures and as many slices. */
export function manySlicesOfVvc(count: number): Bytes {
  const sps = new BitWriter().u(18, 0).ue(64).ue(16000).u(2, 1);
  sps.ue(999).u(2, 3).u(1, 0).u(9, 0).ue(9).u(1, 0); // two columns of subpictures, of 32 x 32 each
  sps.ue(0).u(11, 0).ue(0).u(1, 0).ue(0).ue(0).ue(0).ue(0).u(10, 0);
  sps.u(1, 1).ue(0).u(7, 0).ue(0).u(4, 0).u(1, 0).ue(0).u(3, 0).u(10, 0);
  const pps = new BitWriter().u(11, 0).ue(64).ue(16000).u(5, 0);
  pps.u(2, 0).ue(0).ue(0).ue(0).ue(499).u(3, 2).ue(999).u(1, 0); // two tiles
  pps.ue(0).ue(1).ue(0).ue(1).ue(0); // of slices of the height of the first one
  pps.u(2, 0).ue(0).ue(0).u(4, 0).ue(0).u(10, 0);
  const pair = [nalUnit([0, 0x81], pps.stopped()), Uint8Array.of(0, 0, 1, 0, 1, 0x80)];
  return concatBytes([
    nalUnit([0, 0x79], sps.stopped()),
    ...Array.from({ length: count }, () => pair).flat(),
  ]) as Bytes;
}

/** H.264 or HEVC: one unit of film grain messages that have no values but say that they do, before these packets. */
export function grainWithoutValues(codec: "h264" | "hevc", size: number, packets: Uint8Array[]): Bytes {
  const message = new BitWriter().u(10, 0).u(3, 7).u(8, 255).u(3, 5).bytes();
  const header = codec === "h264" ? [6] : [0x4e, 1];
  const unit = again(size, [19, message.length, ...message], [0, 0, 0, 1, ...header], [0x80]);
  return concatBytes([unit, ...packets]) as Bytes;
}

/** A Matroska of G.723.1 with so many channels, of which the header that is a copy of a WAV's has none. */
export function g7231WithChannels(channels: number, packets: number[][]): Bytes {
  const format = new Uint8Array(18);
  format.set([0x42, 0, 0, 0, 0x40, 0x1f]);
  const track = concatBytes([
    element("83", [2]),
    element("86", encoder.encode("A_MS/ACM")),
    element("63a2", format),
    element("e1", element("b5", [0x45, 0xfa, 0, 0]), element("9f", number32(channels))),
  ]);
  const blocks = packets.map((packet) => element("a3", [0x81, 0, 0, 0x80], packet));
  return matroska(track, element("1f43b675", element("e7", [0]), ...blocks));
}

/** FLAC with comments of so many bytes: a tag, and again and again one more value of it, which comes after 998 others. */
export function flacOfComments(size: number): Bytes {
  const comment = (text: string) => [text.length, 0, 0, 0, ...encoder.encode(text)];
  const others = Array.from({ length: 998 }, (_, i) => comment("a".repeat(32) + i + "=b")).flat();
  const comments = again(size, comment("a".repeat(32) + "=b"), [0, 0, 0, 0, 255, 255, 255, 127, ...others]);
  const information = [
    16,
    0,
    16,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x0a,
    0xc4,
    0x42,
    0xf0,
    ...new Array<number>(20).fill(0),
  ];
  return concatBytes([
    encoder.encode("fLaC"),
    [
      0,
      0,
      0,
      information.length,
      ...information,
      0x84,
      comments.length >> 16,
      comments.length >> 8,
      comments.length,
    ],
    comments,
    new Uint8Array(4096),
  ].map((part) => Uint8Array.from(part))) as Bytes;
}

/** JPEG XL of so many frames of eight by eight pixels, whose tables of contents have a permutation of eight prefix codes. */
export function permutedFramesOfJpegXl(count: number): Bytes {
  const bits: number[] = []; // the lowest first
  const u = (width: number, ...values: number[]) => {
    for (const value of values) for (let i = 0; i < width; i++) bits.push(value >> i & 1);
  };
  const bytes = () =>
    Uint8Array.from(
      { length: Math.ceil(bits.length / 8) },
      (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((sum, bit, k) => sum | bit << k, 0),
    );
  u(16, 0x0aff), u(1, 1), u(5, 0), u(3, 1), u(1, 1, 1);
  const header = bytes();
  bits.length = 0;
  u(20, 0), u(2, 1), u(3, 0), u(1, 1), u(2, 0); // a frame that is not the last one
  u(1, 1, 0, 1), u(2, 3), u(3, 0, 1, 2, 3, 4, 5, 6, 7);
  u(1, 1), u(4, ...new Array<number>(8).fill(15)), u(5, ...new Array<number>(8).fill(1));
  for (let i = 0; i < 8; i++) u(2, 0), u(4, 7, 7), u(1, 0, 0);
  u(1, 0);
  while (bits.length % 8) bits.push(0);
  u(16, 0); // of no bytes
  return concatBytes([header, again(count * bits.length / 8, [...bytes()])]) as Bytes;
}

/** A packet of HEVC, with lengths of one byte: Dolby Vision for AV1 whose size is a number of ones, and ones behind it. */
export function dolbyVisionOfOnes(): { extradata: Bytes; configuration: Bytes; packet: Bytes } {
  const unit = [0x7c, 1, 0x37, 0xcd, 0x08, 0x3f, ...new Array<number>(20).fill(255)];
  return {
    extradata: Uint8Array.of(
      1,
      1,
      0x60,
      0,
      0,
      0,
      0x90,
      0,
      0,
      0,
      0,
      0,
      30,
      0xf0,
      0,
      0xfc,
      0xfd,
      0xf8,
      0xf8,
      0,
      0,
      0x0c,
      0,
    ),
    configuration: Uint8Array.of(1, 0, 10, 1, 1, 0, 1, 0, 0),
    packet: Uint8Array.of(3, 0x46, 1, 0x50, unit.length, ...unit, 5, 255, 255, 255, 255, 255),
  };
}

/** A unit of HEVC with the least that Dolby Vision may say about a picture. */
export function dolbyVisionOfNothing(): Bytes {
  const bits = new BitWriter().u(6, 2).u(19, 0).u(1, 1).u(1, 0).u(2, 0).ue(13).u(3, 0).ue(2).ue(2).ue(4);
  bits.u(6, 1).u(2, 0).ue(0).ue(0).ue(0);
  for (let plane = 0; plane < 3; plane++) bits.ue(0).u(10, 0).u(10, 1023);
  bits.ue(0).ue(0);
  for (let plane = 0; plane < 3; plane++) bits.ue(0).ue(0).u(1, 0).ue(0).u(13, 0).ue(0).u(13, 0);
  return nalUnit([0x7c, 1], concatBytes([Uint8Array.of(25), bits.bytes(), Uint8Array.of(0, 0, 0, 0, 0x80)]));
}

/** The same bytes again and again, up to about so many, between others. */
export function again(size: number, bytes: number[], before: number[] = [], behind: number[] = []): Bytes {
  const all = new Uint8Array(Math.floor(size / bytes.length) * bytes.length);
  for (let i = 0; i < all.length; i++) all[i] = bytes[i % bytes.length]!;
  return concatBytes([Uint8Array.from(before), all, Uint8Array.from(behind)]) as Bytes;
}

/** Parameter sets of so many bytes after a start code. */
export function annexB(header: number, size: number): Bytes {
  return again(size, [0xff], [0, 0, 0, 1, header, 1]);
}

const lengthOf = (size: number): number[] => [size >> 8, size & 255];

/** Configurations of H.264, HEVC and VVC whose parameter sets have so many bytes; units have a length of one byte. */
export const h264Sets = (size: number): Bytes =>
  again(size - 1, [0xff], [1, 66, 0, 30, 0xfc, 0xe1, 0, 4, 0x67, 66, 0, 30, 1, ...lengthOf(size), 0x68]);
export const hevcSets = (size: number): Bytes =>
  again(size - 2, [0xff], [1, ...new Array(20).fill(0), 0xfc, 1, 0x21, 0, 1, ...lengthOf(size), 0x42, 1]);
export const vvcSets = (size: number): Bytes =>
  again(size - 2, [0xff], [0xf8, 1, 15, 0, 1, ...lengthOf(size), 0, 0x79]);

/** An H.264 packet of so many slices, alternating between two pictures, both before the first. */
export function slicesInTurn(count: number): Bytes {
  const sps = new BitWriter().u(8, 66).u(8, 0).u(8, 30).ue(0).ue(0).ue(0).ue(0).ue(1).u(1, 0).ue(0).ue(0).u(
    1,
    1,
  ).u(3, 4);
  const pps = new BitWriter().ue(0).ue(0).u(2, 0).ue(0).ue(0).ue(0).u(3, 0).ue(0).ue(0).ue(0).u(3, 0);
  const slices = [12, 14].map((lsb) =>
    nalUnit([0x01], new BitWriter().ue(0).ue(7).ue(0).u(4, 0).u(4, lsb).ue(0).u(7, 0x55).stopped())
  );
  const units = [nalUnit([0x67], sps.stopped()), nalUnit([0x68], pps.stopped())];
  for (let i = 0; i < count; i++) units.push(slices[i % 2]!);
  return concatBytes(units) as Bytes;
}

/** SEI of H.264, with its length: a display orientation, and a message with an unknown extension. */
export function seiWithExtension(): Bytes {
  const unit = [6, 47, 1, 0xc0, 147, 4, 1, 0x12, 0x34, 0x80, 0x80];
  return Uint8Array.of(0, 0, 0, unit.length, ...unit);
}

/** FLAC of so many frames of one byte. */
export function tinyFlacFrames(count: number): Bytes {
  const information = new BitWriter().u(16, 4096).u(16, 4096).u(24, 0).u(24, 0).u(20, 44100).u(3, 0).u(5, 15)
    .u(36, 0);
  const frames = new Uint8Array(7 * count);
  for (let i = 0; i < count; i++) {
    const header = [0xff, 0xf8, 0xc9, 0x08, i % 128];
    frames.set([...header, crc8(header), 0], 7 * i);
  }
  const head = Uint8Array.of(
    ...encoder.encode("fLaC"),
    0x80,
    0,
    0,
    34,
    ...information.bytes(),
    ...new Uint8Array(16),
  );
  return concatBytes([head, frames]) as Bytes;
}

function crc8(bytes: number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc & 0x80 ? 7 : 0)) & 255;
  }
  return crc;
}

/** AV1 of one temporal unit: its delimiter, and so many OBUs of padding. */
export function endlessTemporalUnit(count: number): Bytes {
  const bytes = new Uint8Array(2 + 4 * count);
  bytes.set([0x12, 0]);
  for (let i = 0; i < count; i++) bytes.set([0x7a, 2, 0, 0x80], 2 + 4 * i);
  return bytes;
}

// ------------------------------------------------------------------------------------------- files in which a seek fails

const le = (bytes: number, value: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
const be = (bytes: number, value: number): number[] => le(bytes, value).reverse();
const text = (words: string): number[] => [...encoder.encode(words)];
const utf16 = (words: string): number[] => [...words, "\0"].flatMap((letter) => le(2, letter.charCodeAt(0)));

/** An ASF of one stream of sound and so many pictures, each of which is a stream. */
export function asfWithPictures(pictures: number, packetSize = 200): Bytes {
  const PACKETS = 50, SIZE = 200, SOUND = 100;
  const id = (hex: string) => hex.match(/../g)!.map((byte) => parseInt(byte, 16));
  const object = (name: string, ...parts: number[][]) => {
    const content = parts.flat();
    return [...id(name), ...le(8, content.length + 24), ...content];
  };
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const wave = [
    ...le(2, 1),
    ...le(2, 1),
    ...le(4, 8000),
    ...le(4, 16000),
    ...le(2, 2),
    ...le(2, 16),
    ...le(2, 0),
  ];
  const picture = [3, ...le(4, 1), ...utf16("image/png"), ...utf16(""), 0], name = utf16("WM/Picture");
  const entry = [...le(2, name.length), ...name, ...le(2, 1), ...le(2, picture.length), ...picture];
  const packet = (i: number) => {
    const head = [
      ...le(4, i * SOUND),
      ...le(2, 100),
      0x81,
      i,
      ...le(4, 0),
      8,
      ...le(4, SOUND),
      ...le(4, i * 100),
    ];
    const padding = SIZE - 6 - head.length - SOUND;
    return [0x82, 0, 0, 8, 0x5d, padding, ...head, ...zeros(SOUND), ...zeros(padding)];
  };
  return Uint8Array.from([
    ...id("3026b2758e66cf11a6d900aa0062ce6c"),
    ...le(8, 0),
    ...le(4, 3),
    1,
    2,
    ...object(
      "a1dcab8c47a9cf118ee400c00c205365",
      zeros(32),
      le(8, PACKETS),
      le(8, 50_000_000),
      le(8, 50_000_000),
      le(8, 0),
      le(4, 2),
      le(4, packetSize),
      le(4, packetSize),
      le(4, 128_000),
    ),
    ...object(
      "9107dcb7b7a9cf118ee600c00c205365",
      id("409e69f84d5bcf11a8fd00805f5c442b"),
      zeros(24),
      le(4, wave.length),
      le(4, 0),
      le(2, 1),
      le(4, 0),
      wave,
    ),
    ...object("40a4d0d207e3d21197f000a0c95ea850", le(2, pictures), new Array(pictures).fill(entry).flat()),
    ...id("3626b2758e66cf11a6d900aa0062ce6c"),
    ...le(8, 50 + PACKETS * SIZE),
    ...zeros(16),
    ...le(8, PACKETS),
    1,
    1,
    ...Array.from({ length: PACKETS }, (_, i) => packet(i)).flat(),
  ]);
}

/** A Bink without a frame. */
export function binkWithoutFrames(): Bytes {
  const numbers = [192, 0, 10, 0, 32, 32, 25, 1, 0, 0, 100];
  return Uint8Array.from([
    ...text("BIKi"),
    ...numbers.flatMap((number) => le(4, number)),
    ...new Array(148).fill(0),
  ]);
}

/** A BRSTM of so many blocks, of so many samples each. */
export function brstm(codec: "pcm" | "adpcm", blocks: number, samples: number): Bytes {
  const head = new Array<number>(504).fill(0);
  const put = (at: number, ...parts: number[][]) => parts.flat().forEach((byte, i) => head[at + i] = byte);
  put(4, be(4, 32));
  put(20, be(4, 96));
  put(32, [codec === "pcm" ? 1 : 2, 0, 1, 0], be(2, 32000), [0, 0]);
  put(40, ...[0, 1000, 608, blocks, 64, samples, 32, 56, 32].map((number) => be(4, number)));
  put(104, be(4, 128));
  return Uint8Array.from([
    ...text("RSTM"),
    ...[0xfe, 0xff, 1, 0],
    ...be(4, 0),
    ...be(2, 64),
    ...new Array(50).fill(0),
    ...text("HEAD"),
    ...be(4, 512),
    ...head,
    ...text("ADPC"),
    ...be(4, 24),
    ...new Array(16).fill(0),
    ...text("DATA"),
    ...be(4, 1024),
    ...new Array(1024).fill(1),
  ]);
}

/** An AAX of three segments, of which the first and the last are the same bytes. */
export function aaxThatReturns(): Bytes {
  const strings = text("data\0AAX\0"), SIZE = 178, rows = 37, columns = [0x5b, ...be(4, 0)];
  const segment = [
    ...be(2, 0x8000),
    ...be(2, 12),
    3,
    18,
    4,
    1,
    ...be(4, 48000),
    ...be(4, 100),
    ...new Array(162).fill(0),
  ];
  return Uint8Array.from([
    ...text("@UTF"),
    ...be(4, 1000),
    ...be(2, 1),
    ...be(2, rows - 8),
    ...be(4, rows + 24 - 8),
    ...be(4, rows + 24 + strings.length - 8),
    ...be(4, 5),
    ...be(2, 1),
    ...be(2, 8),
    ...be(4, 3),
    ...columns,
    ...[0, SIZE, 0].flatMap((start) => [...be(4, start), ...be(4, SIZE)]),
    ...strings,
    ...segment,
    ...segment,
  ]);
}

/** A box of an mp4; those with a version. */
const box = (type: string, ...parts: ArrayLike<number>[]): Bytes => {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return concatBytes([be(4, length), text(type), ...parts].map((part) => Uint8Array.from(part)));
};
const full = (type: string, ...parts: ArrayLike<number>[]) => box(type, be(4, 0), ...parts);
const u32 = (...values: number[]) => values.flatMap((value) => be(4, value));
const none = (count: number) => new Uint8Array(count);

/** A track of video with these boxes in its "stbl". */
const videoTrack = (id: number, codec: string, ...tables: Bytes[]) =>
  box(
    "trak",
    full("tkhd", u32(0, 0, id, 0, 1000), none(60)),
    box(
      "mdia",
      full("mdhd", u32(0, 0, 1000, 1000, 0)),
      full("hdlr", none(4), text("vide"), none(13)),
      box(
        "minf",
        full("vmhd", none(8)),
        box(
          "stbl",
          full(
            "stsd",
            u32(1),
            box(codec, none(7), [1], none(16), be(2, 64), be(2, 64), none(46), [0, 24, 255, 255]),
          ),
          ...tables,
        ),
      ),
    ),
  );

/** A table of runs: a count, and numbers for each. */
const runs = (type: string, ...entries: number[][]) => full(type, u32(entries.length, ...entries.flat()));

/** So many samples of one byte in a chunk. */
const samples = (count: number, ...times: number[][]) => [
  runs("stts", ...times),
  runs("stsc", [1, count, 1]),
  full("stsz", u32(1, count)),
  runs("stco", [40]),
];

const movie = (boxes: Bytes[], ...behind: Bytes[]) =>
  concatBytes([
    box("ftyp", text("isomisom")),
    box("mdat", none(64)),
    box("moov", full("mvhd", u32(0, 0, 1000, 1000), none(80)), ...boxes),
    ...behind,
  ]);

/** HEVC of so many key samples of open GOPs; a seek to the last one goes back step by step. */
export function openKeySamples(count: number): Bytes {
  return movie([videoTrack(
    1,
    "hvc1",
    ...samples(count + 2, [count, 1], [1, 1_000_000], [1, 1]),
    runs("ctts", [count, 0], [2, 100_000_000]),
    box("sgpd", [1, 0, 0, 0], text("sync"), u32(1, 1), [21]),
    full("sbgp", text("sync"), u32(2, count, 1, 2, 1)),
  )]);
}

/** A track of two samples, and others of so many samples, all of which come between those two. */
export function samplesBetween(tracks: number, count: number): Bytes {
  const others = Array.from(
    { length: tracks },
    (_, i) => videoTrack(i + 2, "none", ...samples(count, [count, 1])),
  );
  return movie([videoTrack(1, "none", ...samples(2, [1, 10 * count], [1, 1])), ...others]);
}

/** Fragments of which only the first track has times. */
export function fragmentsOfOneTrack(tracks: number, fragments: number): Bytes {
  const empty = ["stts", "stsc", "stco"].map((type) => runs(type));
  const others = Array.from(
    { length: tracks },
    (_, i) => videoTrack(i + 2, "none", ...empty, full("stsz", u32(0, 0))),
  );
  const extended = Array.from({ length: tracks + 1 }, (_, i) => full("trex", u32(i + 1, 1, 0, 0, 0)));
  const index = full(
    "sidx",
    u32(1, 1000, 0, 0),
    be(2, 0),
    be(2, fragments),
    new Array(fragments).fill(u32(8, 10, 0x90000000)).flat(),
  );
  const first = videoTrack(1, "none", ...samples(2, [2, 100]));
  return movie(
    [first, ...others, box("mvex", ...extended)],
    index,
    ...new Array<Bytes>(fragments).fill(box("free")),
  );
}

/** An STR of so many sectors, each of another picture of 65,535 or 65,534 sectors. */
export function strOfLongPictures(count: number): Bytes {
  const file = new Uint8Array(2352 * count);
  for (let i = 0; i < count; i++) {
    const head = [
      0,
      ...new Array<number>(10).fill(255),
      0,
      ...le(4, 0),
      0,
      0,
      2,
      ...le(5, 0),
      ...le(4, 0x80010160),
      ...le(2, 0),
    ];
    file.set(
      [...head, ...le(2, 65_535 - i % 2), ...le(4, i), ...le(4, 1000), ...le(2, 64), ...le(2, 64)],
      2352 * i,
    );
  }
  return file;
}

/** A NUT whose second packet has a size below zero, by which it is skipped: back to its beginning. */
export function nutThatGoesBack(nut: Uint8Array, second: number): Bytes {
  const packet = [0x4e, 0x4d, 0x7a, 0x56, 0x1f, 0x5f, 0x04, 0xad, 0x81, ...new Array(8).fill(0xff), 0x6e];
  return concatBytes([nut.slice(0, second), Uint8Array.from(packet), nut.slice(second)]);
}

/** A WTV of so many streams; the description of the last one is as long as its chunk. */
export function wtvOfStreams(count: number): Bytes {
  const id = (hex: string) => hex.match(/../g)!.map((byte) => parseInt(byte, 16));
  const name = [..."timeline"].flatMap((letter) => le(2, letter.charCodeAt(0)));
  const entry = [
    ...id("92b774915970704488df063b82cc213d"),
    ...le(2, 48 + name.length),
    ...le(6, 0),
    ...le(8, 262_144),
    ...le(8, name.length / 2),
    ...name,
    ...le(4, 2),
    ...le(4, 0),
  ];
  const stream = (number: number, length: number, size: number) => [
    ...id("eda413232dbf4f45ad8ad95ba7f91fee"),
    ...le(4, length),
    ...le(4, number),
    ...new Array<number>(36).fill(0),
    ...text("vids"),
    ...id("000010008000" + "00aa00389b71"),
    ...new Array<number>(28).fill(0),
    ...id("d617640f18c3d011a43f00a0c9223196"),
    ...le(4, size),
  ];
  const file = new Uint8Array(2 * 4096 + 262_144);
  file.set([
    ...id("b7d800203749da11a64e0007e95ead8d"),
    ...new Array<number>(32).fill(0),
    ...le(4, entry.length),
    ...le(4, 0),
    ...le(4, 1),
  ]);
  file.set(entry, 4096);
  const streams = Array.from({ length: count }, (_, i) => [...stream(i + 1, 128, 0), ...le(4, 0)]).flat();
  file.set([...streams, ...stream(count + 1, 32, 32)], 2 * 4096);
  return file;
}

// ------------------------------------------------------------------------------------------- IMF

const uuid = (number: number) =>
  `urn:uuid:${number.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;

/** A composition of one track of sound whose resources are these assets, of 25 units each. */
export function composition(assets: readonly { asset: number; repeat?: number; duration?: number }[]): Bytes {
  const resources = assets.map(({ asset, repeat = 1, duration = 25 }) =>
    `<Resource><IntrinsicDuration>${duration}</IntrinsicDuration><RepeatCount>${repeat}</RepeatCount>` +
    `<TrackFileId>${uuid(asset)}</TrackFileId></Resource>`
  );
  const sequence = `<MainAudioSequence><TrackId>${uuid(0xffff)}</TrackId>` +
    `<ResourceList>${resources.join("")}</ResourceList></MainAudioSequence>`;
  return encoder.encode(
    `<CompositionPlaylist><Id>${uuid(0xfffe)}</Id><ContentTitle>a</ContentTitle><EditRate>25 1</EditRate>` +
      `<SegmentList><Segment><SequenceList>${sequence}</SequenceList></Segment></SegmentList></CompositionPlaylist>`,
  );
}

/** The map of these assets: number and path; `more` is put before the first one. */
export function assetMap(assets: readonly (readonly [number, string])[], more = ""): Bytes {
  const list = assets.map(([asset, path]) =>
    `<Asset><Id>${uuid(asset)}</Id><ChunkList><Chunk><Path>${path}</Path></Chunk></ChunkList></Asset>`
  );
  return encoder.encode(`<AssetMap><AssetList>${more}${list.join("")}</AssetList></AssetMap>`);
}

// ------------------------------------------------------------------------------------------- MPEG-TS

function crc32(bytes: readonly number[]): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? sum << 1 ^ 0x04c11db7 : sum << 1;
  }
  return sum >>> 0;
}

function tsSection(pid: number, table: number, content: readonly number[], version = 0): number[] {
  const section = [table, 0xb0, content.length + 9, 0, 1, 0xc1 | version << 1, 0, 0, ...content];
  const packet = [0x47, 0x40 | pid >> 8, pid & 255, 0x10, 0, ...section, ...be(4, crc32(section))];
  return [...packet, ...new Array(188 - packet.length).fill(255)];
}

/** An MPEG-TS whose program has a group of streams in which one comes twice, and others after it. */
export function tsWithStreamTwice(): Bytes {
  const H264 = 0x1b,
    LCEVC = 0x36,
    FIRST = 0x100,
    SECOND = 0x101,
    IS_BASE = [0x3f, 3, 0x18, 1, 1],
    IS_LAYER = [0x3f, 2, 0x17, 1];
  const stream = (
    type: number,
    pid: number,
    descriptors: number[] = [],
  ) => [type, 0xe0 | pid >> 8, pid & 255, 0xf0, descriptors.length, ...descriptors];
  const others = Array.from({ length: 6 }, (_, i) => stream(H264, 0x110 + i, IS_BASE));
  const program = [
    stream(H264, FIRST, IS_BASE),
    stream(LCEVC, SECOND, IS_LAYER),
    ...others,
    stream(LCEVC, FIRST),
    stream(LCEVC, SECOND, IS_LAYER), // in the place of the first one, which is a layer now
  ];
  return Uint8Array.from([
    ...tsSection(0, 0, [0, 1, 0xf0, 0]),
    ...tsSection(0x1000, 2, [0xe1, 0, 0xf0, 0, ...program.flat()]),
    ...new Array(20).fill([0x47, 0x1f, 0xff, 0x10, ...new Array(184).fill(255)]).flat(),
  ]);
}

/**
 * An MPEG-TS of these sections of events (each of so many bytes), one directly behind the other: most packets have the end of
 * one and the beginning of another; a packet of 188 bytes may have several.
 */
export function tsOfEvents(sizes: readonly number[], from: number): Bytes {
  const sections = sizes.map((size, i) => {
    const length = size + 13;
    const section = [0x4e, 0xf0 | length >> 8, length & 255, 0, 1, 0xc1, i, 0, 0, 1, 0, 1, i, 0x4e];
    const content = [...section, ...new Array(size - 2).fill(i + 1)];
    return [...content, ...be(4, crc32(content))];
  });
  const starts = sections.map((_, i) => sections.slice(0, i).flat().length), all = sections.flat();
  const packets: number[][] = [];
  for (let at = 0; at < all.length;) {
    const first = starts.find((start) => start >= at && start < at + 183);
    const head = first === undefined ? [] : [first - at], part = all.slice(at, at + 184 - head.length);
    const flags = (head.length > 0 ? 0x40 : 0) | from >> 8;
    const fill = new Array(184 - head.length - part.length).fill(255);
    packets.push([0x47, flags, from & 255, 0x10 | packets.length % 16, ...head, ...part, ...fill]);
    at += part.length;
  }
  return Uint8Array.from([
    ...tsSection(0, 0, [0, 1, 0xf0, 0]),
    ...tsSection(0x1000, 2, [0xe1, 0, 0xf0, 0, 0x1b, 0xe1, 1, 0xf0, 0]),
    ...packets.flat(),
    ...new Array(20).fill([0x47, 0x1f, 0xff, 0x10, ...new Array(184).fill(255)]).flat(),
  ]);
}

/** An MPEG-TS whose stream gets another PID, then another type. */
export function tsOfMergedStream(): Bytes {
  const program = (version: number, type: number, pid: number) =>
    tsSection(0x1000, 2, [0xe1, 0, 0xf0, 0, type, 0xe0 | pid >> 8, pid & 255, 0xf0, 0], version);
  return Uint8Array.from([
    ...tsSection(0, 0, [0, 1, 0xf0, 0]),
    ...program(0, 0x1b, 0x101),
    ...new Array(12).fill([0x47, 0x1f, 0xff, 0x10, ...new Array(184).fill(255)]).flat(),
    ...program(1, 0x1b, 0x102),
    ...program(2, 0x0f, 0x102),
    ...program(3, 0x1b, 0x102),
  ]);
}

/** MP3 of so many frames in one block of Matroska, which has an addition of so many bytes. */
export function mp3WithAddition(frames: number, size: number): Bytes {
  const sound = new Uint8Array(24 * frames);
  for (let i = 0; i < frames; i++) sound.set([0xff, 0xf3, 0x14, 0xc0], 24 * i); // MPEG-2, 8 kbit/s, 24 kHz, mono
  const track = concatBytes([
    element("83", [2]),
    element("86", encoder.encode("A_MPEG/L3")),
    element("55ee", [1]),
    element("e1", element("b5", [0x46, 0xbb, 0x80, 0]), element("9f", [1])),
  ]);
  const addition = element("a6", element("ee", [1]), element("a5", new Uint8Array(size)));
  const block = element("a1", [0x81, 0, 0, 0], sound);
  return matroska(
    track,
    element("1f43b675", element("e7", [0]), element("a0", block, element("75a1", addition))),
  );
}

/** An AVI that is not interleaved, with a chunk of nearly 2 GiB behind a packet of subtitles. */
export function aviWithHugeChunk(): Bytes {
  return aviWithSubtitles(1, true);
}

/** An AVI with pictures, and so many packets of subtitles, each a file of its own. */
export function aviWithSubtitles(count: number, isHuge = false): Bytes {
  const le = (length: number, value: number) =>
    Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** i) % 256);
  const zeros = (length: number) => new Uint8Array(length);
  const join = (...parts: (string | Uint8Array)[]) =>
    concatBytes(parts.map((part) => typeof part === "string" ? encoder.encode(part) : part));
  const chunk = (name: string, ...parts: (string | Uint8Array)[]) => {
    const body = join(...parts);
    return join(name, le(4, body.length), body, zeros(body.length % 2));
  };
  const head = chunk("avih", le(4, 40_000), zeros(20), le(4, 2), zeros(4), le(4, 320), le(4, 240), zeros(16));
  const format = chunk("strf", le(4, 40), le(4, 320), le(4, 240), le(2, 1), le(2, 24), "MJPG", zeros(20));
  const pictures = chunk(
    "LIST",
    "strl",
    chunk("strh", "vidsMJPG", zeros(12), le(4, 1), le(4, 25), zeros(28)),
    format,
  );
  const subtitles = chunk(
    "LIST",
    "strl",
    chunk("strh", "txts", zeros(16), le(4, 1), le(4, 25), zeros(24)),
    chunk("strf"),
  );
  const text = "1\n00:00:00,000 --> 00:00:01,000\na\n\n2\n00:00:02,000 --> 00:00:03,000\nb\n\n";
  const script = join("GAB2", zeros(1), le(2, 2), le(4, 2), zeros(2), le(2, 4), le(4, text.length), text);
  const chunks = [1, 2, 3, 4].map(() => chunk("00dc", zeros(100)));
  const scripts = Array.from({ length: count }, () => chunk("01tx", script));
  const huge = isHuge ? join("00dc", le(4, 0x7fffffff), zeros(1000)) : zeros(0);
  const data = join("movi", ...chunks, ...scripts, huge);
  const index = chunk(
    "idx1",
    ...chunks.map((_, i) => join("00dc", le(4, 16), le(4, 4 + 108 * i), le(4, 100))),
    join("01tx", le(4, 16), le(4, 4 + 108 * 4), le(4, script.length)),
  );
  const lists = join(
    chunk("LIST", "hdrl", head, pictures, subtitles),
    "LIST",
    le(4, data.length),
    data,
    index,
  );
  return join("RIFF", le(4, 0xfffffff0), "AVI ", lists);
}

/** So many empty segments of DVB subtitles, the first of which are of no page. */
export function emptyDvbSegments(count: number): Bytes {
  const bytes = new Uint8Array(6 * count);
  for (let i = 0; i < bytes.length; i += 6) bytes.set([0x0f, 0x80], i);
  return bytes;
}

/** E-AC-3 of which each eighth byte begins a frame of 4,088 whose checksum is right, but not the first one. */
export function framesInEachOther(count: number): Bytes {
  const bytes = new Uint8Array(8 * count);
  for (let i = 8; i < bytes.length; i += 8) bytes.set([0x0b, 0x77, 0x07, 0xfb, 0x34, 0x80, 0xf8, 0x4f], i);
  return bytes;
}

/** RoQ with a codebook whose picture states a size that is 0 with it. */
export function roqOfNothing(): Bytes {
  const chunk = (
    type: number,
    size: number,
    ...body: number[]
  ) => [...le(2, type), ...le(4, size), 0, 0, ...body];
  return Uint8Array.from([
    ...[...le(2, 0x1084), ...le(4, 0xffffffff), ...le(2, 30)],
    ...chunk(0x1001, 8, ...le(2, 16), ...le(2, 16), ...le(4, 0)),
    ...chunk(0x1002, 0),
    ...chunk(0x1011, 0xfffffff0, ...new Array(100).fill(0)),
  ]);
}

/** An SBaGen script of so many events of a definition behind so many others, with so many elements. */
export function scriptOfEvents(events: number, others: number, elements: number): Bytes {
  const lines = Array.from({ length: others }, (_, i) => `a${i}: -\n`).join("");
  return encoder.encode(`${lines}b: ${"- ".repeat(elements)}\n${"NOW b\n".repeat(events)}`);
}

/** What is in an SWF (to be compressed) with so many streams of video, and behind them so many tags of no sound. */
export function swfOfEmptyTags(streams: number, tags: number): Bytes {
  const blocks = new Uint16Array(tags).fill(19 << 6);
  const streamTags = Array.from(
    { length: streams },
    (_, i) => Uint8Array.from([60 << 6 | 10, i, 1, 1, 1, 0x200].flatMap((word) => le(2, word))),
  );
  return concatBytes([Uint8Array.of(8, 0, 0, 24, 0, 0), ...streamTags, new Uint8Array(blocks.buffer)]);
}

/** SDNS of so many channels. */
export function sdnsOfChannels(channels: number): Bytes {
  return Uint8Array.from([
    ...[...text("SDNS"), ...be(4, 0), ...be(4, 48_000), ...be(4, channels)],
    ...new Array(10_000).fill(0),
  ]);
}

/** NIST Sphere whose samples are in Shorten. */
export function shortenInNist(): Bytes {
  const head = "NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 16000\n" +
    "sample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n";
  return concatBytes([encoder.encode(head), new Uint8Array(3000)]);
}
