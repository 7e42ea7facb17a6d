/**
 * The container formats that the library can read and write.
 */
import * as catalog from "../ffi/catalog.ts";
import { libraryPath } from "../ffi/library.ts";
import { VERSION } from "../ffi/library_paths.ts";
import { checkNames, checkObject, checkOneOf, checkString, type Names } from "../io/arguments.ts";
import type { MediaType } from "./media_type.ts";

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
  /** What is special about it: "globalHeader", "opensFiles", "noByteSeek", ... (AVFMT_*) */
  flags: string[];
  /** Of an output format: the codecs that an encoder would choose for it. */
  defaultCodecs?: { video?: string; audio?: string; subtitle?: string };
}

/** An option of a format (AVOption), for `options` of a Demuxer or Muxer. */
export interface FormatOption {
  /** What `options` calls it. */
  name: string;
  /** What it does, in FFmpeg's words. */
  help: string;
  /** "integer", "number", "boolean", "string", "flags", "duration", "dictionary", ... */
  type: string;
  /** What it is where nothing is said, null where FFmpeg doesn't tell. */
  default: string | number | boolean | null;
  /** Least number, null where it is no number. */
  min: number | null;
  /** Greatest number, null where it is no number. */
  max: number | null;
  /** Values that have names; for "flags" they can be joined: "faststart+frag_keyframe". */
  constants: { name: string; help: string; value: number }[];
  /** All formats have it. */
  generic: boolean;
}

/** A codec that FFmpeg has a name for; avio neither decodes nor encodes. */
export interface CodecInfo {
  /** FFmpeg's name. */
  name: string;
  /** Name for people. */
  longName: string;
  /** Kind of media. */
  type: MediaType;
  /** What is decoded is what was encoded, or can be. */
  isLossless: boolean;
  /** All its frames are key frames. */
  isIntraOnly: boolean;
}

/** The formats that a Demuxer can read. */
export function inputFormats(): FormatInfo[] {
  return catalog.listFormats("input") as FormatInfo[];
}

/** The formats that a Muxer can write. */
export function outputFormats(): FormatInfo[] {
  return catalog.listFormats("output") as FormatInfo[];
}

/**
 * The options of a format: its own, then those that all formats have.
 *
 * ```ts
 * import { formatOptions } from "@avio/avio";
 *
 * const movflags = formatOptions("mp4", "output").find(({ name }) => name === "movflags");
 * console.log(movflags?.constants.map(({ name }) => name)); // ["rtphint", "faststart", ...]
 * ```
 *
 * @param name FFmpeg's name of the format; of a demuxer with several, any of them.
 * @param direction Whether it is the demuxer's options or the muxer's.
 * @returns What there is, as data.
 * @throws {AVError} There is no such format.
 * @throws {TypeError} An argument is wrong.
 */
export function formatOptions(name: string, direction: "input" | "output"): FormatOption[] {
  checkString(name, "name");
  checkOneOf(direction, ["input", "output"], "direction");
  return catalog.listFormatOptions(name, direction) as FormatOption[];
}

/** The codecs that there are names for. */
export function codecs(): CodecInfo[] {
  return catalog.listCodecs() as CodecInfo[];
}

const guessNames: Names<{ fileName: string; mimeType: string }> = { fileName: true, mimeType: true };

/**
 * The output format that fits a file name or a MIME type best, null where none does; `av_guess_format`.
 *
 * ```ts
 * import { guessFormat } from "@avio/avio";
 *
 * console.log(guessFormat({ fileName: "film.mkv" })?.name); // "matroska"
 * ```
 *
 * @param options What is known of the output.
 * @returns The format, null where none fits.
 * @throws {TypeError} An option is wrong.
 */
export function guessFormat(options: { fileName?: string; mimeType?: string }): FormatInfo | null {
  const { fileName = "", mimeType = "" } = checkNames(checkObject(options, "options"), guessNames);
  const extension = checkString(fileName, "fileName").match(/\.([^./\\]+)$/)?.[1]?.toLowerCase();
  const type = checkString(mimeType, "mimeType").split(";")[0]!.trim().toLowerCase();
  const score = ({ extensions, mimeTypes }: FormatInfo) =>
    (type !== "" && mimeTypes.includes(type) ? 2 : 0) +
    (extension !== undefined && extensions.includes(extension) ? 1 : 0);
  const best = outputFormats().map((format) => ({ format, score: score(format) }))
    .reduce((best, next) => next.score > best.score ? next : best, {
      format: null as FormatInfo | null,
      score: 0,
    });
  return best.format;
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
  /** Path of avio's shared library that is loaded. */
  library: string;
}

/**
 * What runs.
 *
 * ```ts
 * import { versions } from "@avio/avio";
 *
 * console.log(versions().ffmpeg); // "9.0.2"
 * ```
 */
export function versions(): Versions {
  return { avio: VERSION, ...catalog.libraryInfo(), library: libraryPath() } as Versions;
}

/** Text of the licence that the FFmpeg inside the shared library is under. */
export function licenseText(): string {
  return catalog.licenseText();
}
