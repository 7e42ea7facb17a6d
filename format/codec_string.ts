/**
 * RFC 6381 codec strings ("avc1.64001f", "mp4a.40.2"), which the web platform wants in MIME types: made from a stream's
 * parameters and its extradata. Nothing is decoded.
 */
import { checkObject, checkString } from "../io/arguments.ts";
import type { CodecParameters } from "./stream.ts";

/** What {@linkcode codecString} looks at. */
export type CodecStringParameters = Pick<
  CodecParameters,
  "codec" | "profile" | "level" | "extradata" | "tag" | "pixelFormat" | "width" | "height" | "frameRate"
>;

/** Codecs whose string says nothing more. */
const PLAIN: Readonly<Record<string, string>> = {
  ac3: "ac-3",
  alac: "alac",
  ass: "ass",
  eac3: "ec-3",
  flac: "flac",
  mov_text: "tx3g",
  mp2: "mp4a.40.33",
  mp3: "mp4a.40.34",
  opus: "opus",
  subrip: "srt",
  ttml: "stpp",
  vorbis: "vorbis",
  vp8: "vp8",
  webvtt: "wvtt",
};

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
const decimal = (value: number) => String(value).padStart(2, "0");

/**
 * The codec as the `codecs` of a MIME type names it (RFC 6381), null where there is no such name or too little is known.
 *
 * ```ts
 * import { codecString, probeSync } from "@avio/avio";
 *
 * const { streams } = probeSync("fixtures/video.mp4");
 * console.log(`video/mp4; codecs="${streams.map((s) => codecString(s.codecParameters)).join(", ")}"`);
 * ```
 *
 * @param parameters Of a stream.
 * @returns The string, or null.
 * @throws {TypeError} They are no object, or have no codec.
 */
export function codecString(parameters: CodecStringParameters): string | null {
  switch (checkString(checkObject(parameters, "parameters").codec, "parameters.codec")) {
    case "h264":
      return avc(parameters);
    case "hevc":
      return hevc(parameters);
    case "av1":
      return av1(parameters);
    case "vp9":
      return vp9(parameters);
    case "aac":
      return aac(parameters);
    case "mpeg4":
      return `mp4v.20${parameters.profile === null ? "" : `.${parameters.profile}`}`;
  }
  return PLAIN[parameters.codec] ?? null;
}

// ------------------------------------------------------------------------------------------- H.264, HEVC

/** The payloads of Annex B units, without the bytes that only keep start codes out. */
function* units(bytes: Uint8Array): Generator<Uint8Array> {
  const starts: number[] = [];
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) starts.push(at + 3);
  }
  for (const [index, start] of starts.entries()) {
    const end = index + 1 < starts.length ? starts[index + 1]! - 3 : bytes.length;
    const unit = bytes.subarray(start, end);
    yield unit.filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0));
  }
}

function avc({ extradata, profile, level }: CodecStringParameters): string | null {
  const H264_SPS = 7;
  const isAvcC = extradata?.[0] === 1 && extradata.length >= 4;
  const sps = isAvcC ? extradata : extradata && units(extradata).find((unit) => (unit[0]! & 31) === H264_SPS);
  if (sps) return `avc1.${hex(sps[1]!, 2)}${hex(sps[2]!, 2)}${hex(sps[3]!, 2)}`;
  if (profile === null || level === null) return null;
  const constraints = (profile & 0x200 ? 0x40 : 0) | (profile & 0x800 ? 0x10 : 0); // FF_PROFILE_H264_CONSTRAINED, _INTRA
  return `avc1.${hex(profile & 0xff, 2)}${hex(constraints, 2)}${hex(level, 2)}`;
}

/** ISO 14496-15, annex E: of the 12 bytes of profile_tier_level. */
function hevc({ extradata, tag }: CodecStringParameters): string | null {
  const HEVC_SPS = 33;
  if (!extradata) return null;
  const isHvcC = extradata[0] === 1 && extradata.length >= 13;
  const sps = isHvcC ? undefined : units(extradata).find((unit) => (unit[0]! >> 1 & 63) === HEVC_SPS);
  const bytes = isHvcC ? extradata.subarray(1, 13) : sps?.subarray(3, 15);
  if (!bytes || bytes.length < 12) return null;
  const space = ["", "A", "B", "C"][bytes[0]! >> 6]!;
  const tier = bytes[0]! & 32 ? "H" : "L";
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit++) compatibility |= (bytes[1 + (bit >> 3)]! >> (7 - (bit & 7)) & 1) << bit;
  const constraints = [...bytes.subarray(5, 11)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    tag === "hev1" ? "hev1" : "hvc1",
    `${space}${bytes[0]! & 31}`,
    (compatibility >>> 0).toString(16),
    `${tier}${bytes[11]}`,
    ...constraints.map((byte) => byte.toString(16)),
  ].join(".");
}

// ------------------------------------------------------------------------------------------- AV1, VP9

function av1({ extradata, profile, level, pixelFormat }: CodecStringParameters): string | null {
  const isAv1C = extradata !== null && extradata.length >= 4 && extradata[0] === 0x81;
  if (isAv1C) {
    const [, second, third] = extradata as unknown as [number, number, number];
    const depth = third & 0x20 ? 12 : third & 0x40 ? 10 : 8;
    return `av01.${second >> 5}.${decimal(second & 31)}${third & 0x80 ? "H" : "M"}.${decimal(depth)}`;
  }
  if (profile === null || level === null) return null;
  return `av01.${profile}.${decimal(level)}M.${decimal(bitDepth(pixelFormat))}`;
}

/** Luma samples per second and per picture that each level allows. */
const VP9_LEVELS: readonly [level: number, rate: number, picture: number][] = [
  [10, 829440, 36864],
  [11, 2764800, 73728],
  [20, 4608000, 122880],
  [21, 9216000, 245760],
  [30, 20736000, 552960],
  [31, 36864000, 983040],
  [40, 83558400, 2228224],
  [41, 160432128, 2228224],
  [50, 311951360, 8912896],
  [51, 588251136, 8912896],
  [52, 1176502272, 8912896],
  [60, 1176502272, 35651584],
  [61, 2353004544, 35651584],
  [62, 4706009088, 35651584],
];

function vp9({ profile, level, pixelFormat, width, height, frameRate }: CodecStringParameters): string {
  const picture = width * height;
  const rate = picture * (frameRate.num > 0 && frameRate.den > 0 ? frameRate.num / frameRate.den : 30);
  const needed = VP9_LEVELS.find(([, most, largest]) => rate <= most && picture <= largest)?.[0] ?? 62;
  const known = level !== null && level > 0 ? level : needed;
  return `vp09.${decimal(profile ?? 0)}.${decimal(known)}.${decimal(bitDepth(pixelFormat))}`;
}

/** "yuv420p10le" has 10 bits. */
function bitDepth(pixelFormat: string | null): number {
  return Number(pixelFormat?.match(/p(9|1[0-6])(le|be)$/)?.[1] ?? 8);
}

// ------------------------------------------------------------------------------------------- AAC

/** Object type: of AudioSpecificConfig, else the profile, which is one less. */
function aac({ extradata, profile }: CodecStringParameters): string {
  const ESCAPE = 31;
  if (extradata && extradata.length >= 2) {
    const type = extradata[0]! >> 3;
    const long = 32 + ((extradata[0]! & 7) << 3 | extradata[1]! >> 5);
    return `mp4a.40.${type === ESCAPE ? long : type}`;
  }
  return `mp4a.40.${(profile ?? 1) + 1}`;
}
