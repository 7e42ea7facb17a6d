/**
 * What is worth saying of a stream in one short phrase: `1280x720 60 fps yuv420p`, `48000 Hz stereo fltp`. What a
 * decoder would have to tell is missing where the library was built without decoders. Layout is in `probe.ts`.
 */
import type { CodecParameters, MediaInfo } from "../mod.ts";
import { rate } from "./text.ts";

/** A stream as `probe` describes it. */
export type ProbedStream = MediaInfo["streams"][number];

/** FFmpeg's numbers of profiles and their names, of codecs that people meet. */
const PROFILES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  h264: {
    44: "CAVLC 4:4:4",
    66: "Baseline",
    578: "Constrained Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    2158: "High 10 Intra",
    118: "Multiview High",
    122: "High 4:2:2",
    2170: "High 4:2:2 Intra",
    128: "Stereo High",
    144: "High 4:4:4",
    244: "High 4:4:4 Predictive",
    2292: "High 4:4:4 Intra",
  },
  hevc: { 1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Rext", 9: "Scc" },
  av1: { 0: "Main", 1: "High", 2: "Professional" },
  vp9: { 0: "Profile 0", 1: "Profile 1", 2: "Profile 2", 3: "Profile 3" },
  vp8: { 0: "0", 1: "1", 2: "2", 3: "3" },
  mpeg2video: {
    0: "4:2:2",
    1: "High",
    2: "Spatially Scalable",
    3: "SNR Scalable",
    4: "Main",
    5: "Simple",
  },
  mpeg4: {
    0: "Simple Profile",
    1: "Simple Scalable Profile",
    2: "Core Profile",
    3: "Main Profile",
    15: "Advanced Simple Profile",
  },
  mjpeg: { 192: "Baseline", 193: "Sequential", 194: "Progressive", 195: "Lossless", 247: "JPEG-LS" },
  aac: {
    0: "Main",
    1: "LC",
    2: "SSR",
    3: "LTP",
    4: "HE-AAC",
    22: "LD",
    28: "HE-AACv2",
    38: "ELD",
    41: "xHE-AAC",
  },
  dts: { 20: "DTS", 30: "DTS-ES", 40: "DTS 96/24", 50: "DTS-HD HRA", 60: "DTS-HD MA", 70: "DTS Express" },
};

/** The profile's name, or its number where we have none; null where it is unknown. */
export function profileName({ codec, profile }: CodecParameters): string | null {
  return profile === null ? null : PROFILES[codec]?.[profile] ?? String(profile);
}

/** `h264 (High)`; "" for what has no codec, such as an attached text. */
export function codecName({ codec, profile }: CodecParameters): string {
  if (codec === "none") return "";
  const name = profile === null ? undefined : PROFILES[codec]?.[profile];
  return name ? `${codec} (${name})` : codec;
}

/** The phrase for a stream of any type. */
export function details(stream: ProbedStream): string {
  const parameters = stream.codecParameters;
  switch (stream.type) {
    case "video":
      return phrase([dimensions(parameters), frameRate(stream), ...pixels(parameters), turned(stream)]);
    case "audio":
      return phrase(sound(parameters));
    case "subtitle":
      return dimensions(parameters);
    case "attachment":
      return phrase([stream.metadata["filename"], stream.metadata["mimetype"]]);
    default:
      return parameters.tag;
  }
}

function phrase(words: readonly (string | null | undefined)[]): string {
  return words.filter(Boolean).join(" ");
}

function dimensions({ width, height, sampleAspectRatio: { num, den } }: CodecParameters): string {
  if (!width || !height) return "";
  const isSquare = num === 0 || den === 0 || num === den;
  return `${width}x${height}` + (isSquare ? "" : ` (pixels ${num}:${den})`);
}

/** A cover is one picture, whatever its time base pretends. */
function frameRate({ averageFrameRate, codecParameters, disposition }: ProbedStream): string {
  if (disposition.includes("attached_pic")) return "";
  const fps = rate(averageFrameRate) || rate(codecParameters.frameRate);
  return fps && `${fps} fps`;
}

function turned({ rotation }: ProbedStream): string {
  return rotation === 0 ? "" : `turned ${rotation}°`;
}

/** The pixel format, and the colours where they are told: `yuv420p10le tv bt2020nc/bt2020/smpte2084`. */
function pixels(parameters: CodecParameters): string[] {
  const { pixelFormat, colorRange, colorSpace, colorPrimaries, colorTransfer } = parameters;
  const colors = [colorSpace, colorPrimaries, colorTransfer].filter((name) => name !== null);
  return [pixelFormat ?? "", colorRange ?? "", [...new Set(colors)].join("/")];
}

function sound({ sampleRate, channels, channelLayout, sampleFormat }: CodecParameters): string[] {
  const known = ["", "mono", "stereo"][channels] ?? `${channels} channels`;
  return [sampleRate ? `${sampleRate} Hz` : "", channelLayout ?? known, sampleFormat ?? ""];
}
