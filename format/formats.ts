/**
 * The container formats that the library can read and write.
 */
import { library, readTextOrThrow, VERSION } from "../ffi/library.ts";
import { Direction } from "../ffi/symbols.ts";

/** A container format (AVInputFormat, AVOutputFormat). */
export interface FormatInfo {
  /** FFmpeg's name; a demuxer of several formats has several, separated by commas. */
  name: string;
  /** Name for people. */
  longName: string;
  /** Extensions of file names, without a dot. */
  extensions: string[];
  /** MIME types. */
  mimeTypes: string[];
}

function list(text: string): string[] {
  return text === "" ? [] : text.split(",").map((item) => item.trim());
}

/** A format as the shim writes it: lists are one string. */
export function formatInfo(
  raw: { name: string; longName: string; extensions: string; mimeTypes: string },
): FormatInfo {
  return { ...raw, extensions: list(raw.extensions), mimeTypes: list(raw.mimeTypes) };
}

function formats(direction: number): FormatInfo[] {
  const text = readTextOrThrow((out, capacity) => library().avs_formats(direction, out, capacity));
  return (JSON.parse(text) as Parameters<typeof formatInfo>[0][]).map(formatInfo);
}

/** The formats that a Demuxer can read. */
export function inputFormats(): FormatInfo[] {
  return formats(Direction.INPUT);
}

/** The formats that a Muxer can write. */
export function outputFormats(): FormatInfo[] {
  return formats(Direction.OUTPUT);
}

/** What runs: versions of avio's parts, and the terms FFmpeg is under. */
export interface Versions {
  /** Version of avio. */
  avio: string;
  /** Version of FFmpeg. */
  ffmpeg: string;
  /** Version of libavformat. */
  libavformat: string;
  /** Version of libavcodec. */
  libavcodec: string;
  /** Version of libavutil. */
  libavutil: string;
  /** Licence of FFmpeg as it was built. */
  license: string;
  /** FFmpeg inside the shared library, or the system's. */
  build: "embedded" | "system";
  /** The line that FFmpeg was configured with. */
  configuration: string;
}

/**
 * What runs.
 *
 * ```ts
 * import { versions } from "@avio/avio";
 *
 * console.log(versions().ffmpeg); // "7.1.5"
 * ```
 */
export function versions(): Versions {
  const text = readTextOrThrow((out, capacity) => library().avs_library_info(out, capacity));
  return { avio: VERSION, ...JSON.parse(text) };
}

/** Text of the licence that the FFmpeg inside the shared library is under. */
export function licenseText(): string {
  return readTextOrThrow((out, capacity) => library().avs_license_text(out, capacity));
}
