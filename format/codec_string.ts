/**
 * Codec strings ("avc1.64001f", "mp4a.40.2") for MIME types and WebCodecs (RFC 6381, the WebCodecs codec registry),
 * made from a stream's parameters and extradata, without decoding.
 */
import {
  checkBytes,
  checkInteger,
  checkNumber,
  checkObject,
  checkString,
  type Names,
  pickFields,
} from "../io/arguments.ts";
import { audioObjectType } from "./aac_config.ts";
import { cicpOf, isDefaultColor } from "./color_names.ts";
import { checkRational } from "./rational.ts";
import type { CodecParameters } from "./stream.ts";

/** The codec parameters that {@linkcode codecString} uses. */
export type CodecStringParameters =
  & Pick<
    CodecParameters,
    | "codec"
    | "profile"
    | "level"
    | "tag"
    | "pixelFormat"
    | "width"
    | "height"
    | "frameRate"
    | "colorPrimaries"
    | "colorTransfer"
    | "colorSpace"
    | "colorRange"
  >
  & { extradata: Uint8Array | null };

/** Codecs with a constant string. */
const PLAIN: Readonly<Record<string, string>> = {
  ac3: "ac-3",
  alac: "alac",
  eac3: "ec-3",
  flac: "flac",
  h263: "s263",
  mov_text: "tx3g",
  mp2: "mp4a.40.33",
  mp3: "mp3",
  mpeg1video: "mp4v.6a",
  opus: "opus",
  pcm_alaw: "alaw",
  pcm_f32le: "pcm-f32",
  pcm_mulaw: "ulaw",
  pcm_s16le: "pcm-s16",
  pcm_s24le: "pcm-s24",
  pcm_s32le: "pcm-s32",
  pcm_u8: "pcm-u8",
  theora: "theora",
  truehd: "mlpa",
  ttml: "stpp",
  vorbis: "vorbis",
  vp8: "vp8",
  webvtt: "wvtt",
};

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
const decimal = (value: number) => String(value).padStart(2, "0");

/**
 * Returns the codec string used by WebCodecs and the `codecs` parameter of MIME types (RFC 6381), for
 * `VideoDecoder.isConfigSupported` and the like. {@linkcode mimeType} makes a whole MIME type, {@linkcode
 * decoderConfig} a decoder's configuration.
 *
 * ```ts
 * import { codecString, probeSync } from "@avio/avio";
 *
 * const { streams } = probeSync("fixtures/video.mp4");
 * console.log(streams.map((stream) => codecString(stream.codecParameters))); // ["avc1.64000c", "mp4a.40.2"]
 * ```
 *
 * @param parameters Codec parameters of a stream.
 * @returns The string; null if the codec has none (SubRip, DivX 3, big-endian PCM, ...), or if its profile and level
 * are unknown.
 * @throws {TypeError} `parameters` is not an object, or has no codec.
 */
export function codecString(parameters: CodecStringParameters): string | null {
  const checked = checkParameters(parameters);
  switch (checked.codec) {
    case "h264":
      return avc(checked);
    case "hevc":
      return hevc(checked);
    case "av1":
      return av1(checked);
    case "vp9":
      return vp9(checked);
    case "aac":
      return aac(checked);
    case "mpeg4":
      return mpeg4(checked);
    case "mpeg2video":
      return mpeg2(checked);
    case "dts":
      return dts(checked);
  }
  return Object.hasOwn(PLAIN, checked.codec) ? PLAIN[checked.codec]! : null;
}

const parameterNames: Names<CodecStringParameters> = {
  codec: true,
  profile: true,
  level: true,
  tag: true,
  pixelFormat: true,
  width: true,
  height: true,
  frameRate: true,
  colorPrimaries: true,
  colorTransfer: true,
  colorSpace: true,
  colorRange: true,
  extradata: true,
};

/** Parameters may come from JSON, or from another program: fields that are missing there are unknown. */
function checkParameters(parameters: CodecStringParameters): CodecStringParameters {
  const {
    codec,
    profile = null,
    level = null,
    extradata = null,
    width = 0,
    height = 0,
    frameRate,
    ...names
  } = pickFields(checkObject(parameters, "parameters"), parameterNames);
  checkString(codec, "parameters.codec");
  if (profile !== null) checkInteger(profile, "parameters.profile");
  if (level !== null) checkInteger(level, "parameters.level");
  if (extradata !== null) checkBytes(extradata, "parameters.extradata");
  checkNumber(width, "parameters.width");
  checkNumber(height, "parameters.height");
  if (frameRate !== undefined) checkRational(frameRate, "parameters.frameRate");
  return {
    ...names,
    codec,
    profile: knownOf(profile),
    level: knownOf(level),
    extradata,
    width,
    height,
    frameRate: frameRate ?? { num: 0, den: 1 },
  };
}

/** A profile or level; FFmpeg's number for an unknown one, which ffprobe prints, is -99. */
function knownOf(number: number | null): number | null {
  return number !== null && number >= 0 ? number : null;
}

// ------------------------------------------------------------------------------------------- H.264, HEVC

/** The payloads of Annex B units, without emulation prevention bytes. */
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

function avc({ extradata, profile, level, tag }: CodecStringParameters): string | null {
  const H264_SPS = 7;
  const name = tag === "avc3" ? "avc3" : "avc1";
  const isAvcC = extradata?.[0] === 1 && extradata.length >= 4;
  const sps = isAvcC ? extradata : extradata && units(extradata).find((unit) => (unit[0]! & 31) === H264_SPS);
  if (sps) return `${name}.${hex(sps[1]!, 2)}${hex(sps[2]!, 2)}${hex(sps[3]!, 2)}`;
  if (profile === null || level === null) return null;
  const constraints = (profile & 0x200 ? 0x40 : 0) | (profile & 0x800 ? 0x10 : 0); // FF_PROFILE_H264_CONSTRAINED, _INTRA
  return `${name}.${hex(profile & 0xff, 2)}${hex(constraints, 2)}${hex(level, 2)}`;
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

/** AV1's defaults: 4:2:0 with unknown chroma sample position. */
const AV1_DEFAULT_CHROMA = "110";

function av1(parameters: CodecStringParameters): string | null {
  const { extradata, profile, level, pixelFormat } = parameters;
  const isAv1C = extradata !== null && extradata.length >= 4 && extradata[0] === 0x81;
  if (isAv1C) {
    const [, second, third] = extradata as unknown as [number, number, number];
    const depth = third & 0x20 ? 12 : third & 0x40 ? 10 : 8;
    const start = `av01.${second >> 5}.${decimal(second & 31)}${third & 0x80 ? "H" : "M"}.${decimal(depth)}`;
    return start + av1Color(parameters, third >> 4 & 1, `${third >> 3 & 1}${third >> 2 & 1}${third & 3}`);
  }
  if (profile === null || level === null) return null;
  const start = `av01.${profile}.${decimal(level)}M.${decimal(bitDepth(pixelFormat))}`;
  return start + av1Color(parameters, isGray(pixelFormat) ? 1 : 0, av1Chroma(pixelFormat));
}

function av1Chroma(pixelFormat: string | null): string {
  return isGray(pixelFormat) ? AV1_DEFAULT_CHROMA : { 420: AV1_DEFAULT_CHROMA, 422: "100", 444: "000" }[
    chromaOf(pixelFormat)
  ];
}

/** The optional fields; omitted if all have their defaults. */
function av1Color(parameters: CodecStringParameters, monochrome: number, chroma: string): string {
  if (monochrome === 0 && chroma === AV1_DEFAULT_CHROMA && isDefaultColor(parameters)) return "";
  const { primaries, transfer, matrix, range } = cicpOf(parameters);
  return `.${monochrome}.${chroma}.${decimal(primaries)}.${decimal(transfer)}.${decimal(matrix)}.${range}`;
}

/** Maximum luma samples per second and per picture of each level. */
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

function vp9(parameters: CodecStringParameters): string {
  const { profile, level, pixelFormat, width, height, frameRate } = parameters;
  const picture = width * height;
  const rate = picture * (frameRate.num > 0 && frameRate.den > 0 ? frameRate.num / frameRate.den : 30);
  const needed =
    VP9_LEVELS.find(([, maxRate, maxPicture]) => rate <= maxRate && picture <= maxPicture)?.[0] ?? 62;
  const known = level !== null && level > 0 ? level : needed;
  const start = `vp09.${decimal(profile ?? 0)}.${decimal(known)}.${decimal(bitDepth(pixelFormat))}`;
  const VP9_CHROMA = { 420: 1, 422: 2, 444: 3 };
  const chroma = VP9_CHROMA[chromaOf(pixelFormat)];
  if (chroma === VP9_CHROMA[420] && isDefaultColor(parameters)) return start;
  const { primaries, transfer, matrix, range } = cicpOf(parameters);
  return [start, ...[chroma, primaries, transfer, matrix, range].map(decimal)].join(".");
}

// ------------------------------------------------------------------------------------------- pixel formats

/** Bits per sample: "yuv420p10le" has 10. */
function bitDepth(pixelFormat: string | null): number {
  return Number(pixelFormat?.match(/(?:p|gray)(9|1[0-6])(le|be)$/)?.[1] ?? 8);
}

function isGray(pixelFormat: string | null): boolean {
  return pixelFormat?.startsWith("gray") ?? false;
}

/** Chroma subsampling; unknown formats are treated as 4:2:0. */
function chromaOf(pixelFormat: string | null): 420 | 422 | 444 {
  if (pixelFormat?.startsWith("gbr")) return 444;
  return pixelFormat?.includes("444") ? 444 : pixelFormat?.includes("422") ? 422 : 420;
}

// ------------------------------------------------------------------------------------------- MPEG-2, MPEG-4, DTS

/** Object type indications of MPEG-2's profiles (ISO 14496-1), by FFmpeg's profile numbers; Main if unknown. */
const MPEG2_PROFILES = ["65", "64", "63", "62", "61", "60"];

function mpeg2({ profile }: CodecStringParameters): string {
  return `mp4v.${MPEG2_PROFILES[profile ?? 4] ?? "61"}`;
}

/** profile_and_level_indication, from extradata (visual_object_sequence_start_code), else from profile and level. */
function mpeg4({ extradata, profile, level }: CodecStringParameters): string {
  const VISUAL_OBJECT_SEQUENCE = 0xb0;
  for (const unit of extradata ? units(extradata) : []) {
    if (unit[0] === VISUAL_OBJECT_SEQUENCE && unit.length > 1) return `mp4v.20.${unit[1]}`;
  }
  return profile === null || level === null ? "mp4v.20" : `mp4v.20.${profile << 4 | level}`;
}

/** Strings by FFmpeg's profile numbers. */
const DTS_PROFILES: Readonly<Record<number, string>> = { 50: "dtsh", 60: "dtsl", 61: "dtsl", 70: "dtse" };

function dts({ profile }: CodecStringParameters): string {
  return DTS_PROFILES[profile ?? 0] ?? "dtsc";
}

// ------------------------------------------------------------------------------------------- AAC

/** MPEG-2 AAC by FFmpeg's profile numbers: Low Complexity, and with SBR. */
const MPEG2_AAC = [128, 131];

/** The object type from AudioSpecificConfig, else from the profile, which is one less. */
function aac({ extradata, profile }: CodecStringParameters): string {
  const type = extradata && audioObjectType(extradata);
  if (type) return `mp4a.40.${type}`;
  return profile !== null && MPEG2_AAC.includes(profile) ? "mp4a.67" : `mp4a.40.${(profile ?? 1) + 1}`;
}
