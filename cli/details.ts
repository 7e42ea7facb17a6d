/**
 * The most important properties of a stream in one short phrase: `1280x720 60 fps yuv420p`, `48000 Hz stereo fltp`. What
 * only a decoder can determine is missing where the library was built without decoders. Layout is in `probe.ts`.
 */
import { displayMatrix, inWords, shownBy } from "../format/display_matrix.ts";
import type { CodecParameters, MediaInfo } from "../mod.ts";
import { rate } from "./text.ts";

/** A stream as `probe` describes it. */
export type ProbedStream = MediaInfo["streams"][number];

/** `h264 (High)`; "" for a stream without a codec, such as an attached text. */
export function codecName({ codec, profileName }: CodecParameters): string {
  if (codec === "none") return "";
  return profileName ? `${codec} (${profileName})` : codec;
}

/** The phrase that describes a stream. */
export function details(stream: ProbedStream): string {
  const parameters = stream.codecParameters;
  switch (stream.type) {
    case "video":
      return phrase([
        dimensions(parameters),
        frameRate(stream),
        ...pixels(parameters),
        interlaced(parameters),
        rotated(stream),
      ]);
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

/** "" for a cover: it is one picture, whatever frame rate it has. */
function frameRate({ averageFrameRate, codecParameters, disposition }: ProbedStream): string {
  if (disposition.includes("attached_pic")) return "";
  const fps = rate(averageFrameRate) || rate(codecParameters.frameRate);
  return fps && `${fps} fps`;
}

/** The field order of interlaced video: `interlaced (tt)`. */
function interlaced({ fieldOrder }: CodecParameters): string {
  return fieldOrder === null || fieldOrder === "progressive" ? "" : `interlaced (${fieldOrder})`;
}

function rotated({ rotation, sideData }: ProbedStream): string {
  const matrix = displayMatrix(sideData), shown = matrix && shownBy(matrix);
  if (shown?.isMirrored) return inWords(shown);
  return rotation === 0 ? "" : `rotated ${rotation}°`;
}

/** The pixel format, and the colours where they are known: `yuv420p10le tv bt2020nc/bt2020/smpte2084`. */
function pixels(parameters: CodecParameters): string[] {
  const { pixelFormat, colorRange, colorSpace, colorPrimaries, colorTransfer } = parameters;
  const colors = [colorSpace, colorPrimaries, colorTransfer].filter((name) => name !== null);
  return [pixelFormat ?? "", colorRange ?? "", [...new Set(colors)].join("/")];
}

function sound(parameters: CodecParameters): string[] {
  const { sampleRate, channels, channelLayout, sampleFormat, bitsPerRawSample: bits } = parameters;
  const isPart = bits > 0 && bits !== Number(sampleFormat?.match(/\d+/)?.[0]); // 24 bit in s32
  const known = ["", "mono", "stereo"][channels] ?? `${channels} channels`;
  return [
    sampleRate ? `${sampleRate} Hz` : "",
    channelLayout ?? known,
    sampleFormat ?? "",
    isPart ? `${bits} bit` : "",
  ];
}
