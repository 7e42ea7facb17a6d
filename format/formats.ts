/**
 * The container formats and codecs of the library.
 */
import * as catalog from "../ffi/catalog.ts";
import { libraryPath } from "../ffi/library.ts";
import { VERSION } from "../ffi/library_paths.ts";
import { checkOneOf, checkString, type Names, readFields } from "../io/arguments.ts";
import type { MediaType } from "./media_type.ts";

/** A container format (AVInputFormat, AVOutputFormat). */
export interface FormatInfo {
  /** FFmpeg's name; a demuxer for several formats has several names, separated by commas. */
  name: string;
  /** Descriptive name. */
  longName: string;
  /** File name extensions, without a dot. */
  extensions: string[];
  /** MIME types. */
  mimeTypes: string[];
  /** Its flags: "globalHeader", "opensFiles", "noByteSeek", ... (AVFMT_*) */
  flags: string[];
  /** Default codecs of an output format. */
  defaultCodecs?: { video?: string; audio?: string; subtitle?: string };
}

/** An option of a format (AVOption), for `options` of a Demuxer or Muxer. */
export interface FormatOption {
  /** Its name in `options`. */
  name: string;
  /** FFmpeg's description. */
  help: string;
  /** "integer", "number", "boolean", "string", "flags", "duration", "dictionary", ... */
  type: string;
  /** Default value, null if FFmpeg doesn't state it. */
  default: string | number | boolean | null;
  /** Minimum, null if it isn't a number. */
  min: number | null;
  /** Maximum, null if it isn't a number. */
  max: number | null;
  /** Named values; those of "flags" can be combined: "faststart+frag_keyframe". */
  constants: { name: string; help: string; value: number }[];
  /** Whether all formats have it. */
  generic: boolean;
}

/** A codec that FFmpeg knows (AVCodecDescriptor); avio neither decodes nor encodes. */
export interface CodecInfo {
  /** FFmpeg's name. */
  name: string;
  /** Descriptive name. */
  longName: string;
  /** Kind of media. */
  type: MediaType;
  /** Whether it is, or can be, lossless. */
  isLossless: boolean;
  /** Whether all its frames are key frames. */
  isIntraOnly: boolean;
}

/**
 * Lists the formats that a Demuxer can read.
 *
 * @returns The formats.
 */
export function inputFormats(): FormatInfo[] {
  return catalog.listFormats("input") as FormatInfo[];
}

/**
 * Lists the formats that a Muxer can write.
 *
 * @returns The formats.
 */
export function outputFormats(): FormatInfo[] {
  return catalog.listFormats("output") as FormatInfo[];
}

/**
 * Returns the options of a format: its own, then those of all formats.
 *
 * ```ts
 * import { formatOptions } from "@avio/avio";
 *
 * const movflags = formatOptions("mp4", "output").find(({ name }) => name === "movflags");
 * console.log(movflags?.constants.map(({ name }) => name)); // ["rtphint", "faststart", ...]
 * ```
 *
 * @param name FFmpeg's name of the format; any one of a demuxer's names.
 * @param direction "input" for the demuxer's options, "output" for the muxer's.
 * @returns The options.
 * @throws {AVError} There is no such format.
 * @throws {TypeError} An argument is wrong.
 */
export function formatOptions(name: string, direction: "input" | "output"): FormatOption[] {
  checkString(name, "name");
  checkOneOf(direction, ["input", "output"], "direction");
  return catalog.listFormatOptions(name, direction) as FormatOption[];
}

/**
 * Lists all codecs that FFmpeg knows.
 *
 * @returns The codecs.
 */
export function codecs(): CodecInfo[] {
  return catalog.listCodecs() as CodecInfo[];
}

const guessNames: Names<{ fileName: string; mimeType: string }> = { fileName: true, mimeType: true };

/**
 * Finds the output format for a file name or a MIME type, like `av_guess_format`.
 *
 * ```ts
 * import { guessFormat } from "@avio/avio";
 *
 * console.log(guessFormat({ fileName: "film.mkv" })?.name); // "matroska"
 * ```
 *
 * @param options File name or MIME type of the output.
 * @returns The format, null if none fits.
 * @throws {TypeError} An option is wrong.
 */
export function guessFormat(options: { fileName?: string; mimeType?: string }): FormatInfo | null {
  const { fileName = "", mimeType = "" } = readFields(options, guessNames);
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

/** Versions and licence of the loaded library. */
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
  /** Licence of this build of FFmpeg. */
  license: string;
  /** "embedded" if FFmpeg is inside the shared library, "system" if it is the system's. */
  build: "embedded" | "system";
  /** FFmpeg's configure options. */
  configuration: string;
  /** Path of avio's loaded shared library. */
  library: string;
}

/**
 * Returns versions and licence of the loaded library.
 *
 * ```ts
 * import { versions } from "@avio/avio";
 *
 * console.log(versions().ffmpeg); // "9.0.2"
 * ```
 *
 * @returns The versions, and where the library is.
 */
export function versions(): Versions {
  return { avio: VERSION, ...catalog.libraryInfo(), library: libraryPath() } as Versions;
}

/**
 * The licence of the FFmpeg inside the shared library.
 *
 * @returns Its text.
 */
export function licenseText(): string {
  return catalog.licenseText();
}
