/**
 * What is worth saying of a stream in one short phrase: `1280x720 60 fps yuv420p`, `48000 Hz stereo fltp`. What a
 * decoder would have to tell is missing where the library was built without decoders. Layout is in `probe.ts`.
 */
import type { CodecParameters, MediaInfo } from "../mod.ts";
import { rate } from "./text.ts";

/** A stream as `probe` describes it. */
export type ProbedStream = MediaInfo["streams"][number];

/** FFmpeg's numbers of profiles, the ones that people meet. */
const PROFILES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  h264: {
    66: "Baseline",
    578: "Constrained Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4",
  },
  hevc: { 1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Rext" },
  av1: { 0: "Main", 1: "High", 2: "Professional" },
  vp9: { 0: "Profile 0", 1: "Profile 1", 2: "Profile 2", 3: "Profile 3" },
  aac: { 0: "Main", 1: "LC", 2: "SSR", 3: "LTP", 4: "HE-AAC", 22: "LD", 28: "HE-AACv2", 38: "ELD" },
};

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
      return phrase([dimensions(parameters), frameRate(stream), ...pixels(parameters)]);
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

/** The pixel format, and the colours where they are told: `yuv420p10le bt2020nc/bt2020/smpte2084`. */
function pixels({ pixelFormat, colorSpace, colorPrimaries, colorTransfer }: CodecParameters): string[] {
  const colors = [colorSpace, colorPrimaries, colorTransfer].filter((name) => name !== null);
  return [pixelFormat ?? "", [...new Set(colors)].join("/")];
}

function sound({ sampleRate, channels, channelLayout, sampleFormat }: CodecParameters): string[] {
  const known = ["", "mono", "stereo"][channels] ?? `${channels} channels`;
  return [sampleRate ? `${sampleRate} Hz` : "", channelLayout ?? known, sampleFormat ?? ""];
}
