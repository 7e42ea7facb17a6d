/**
 * MIME types of containers with their codecs, from which a browser knows whether it can play them.
 */
import {
  checkArray,
  checkObject,
  checkRecord,
  checkString,
  type Names,
  readFields,
} from "../io/arguments.ts";
import { codecString } from "./codec_string.ts";
import { type FormatInfo, outputFormats } from "./formats.ts";
import type { StreamLike } from "./stream.ts";

/** The argument of {@linkcode mimeType}: a result of `probe`, a Demuxer, or a Muxer with its streams. */
export interface MimeTypeInfo {
  /** The container's format. */
  readonly format: Pick<FormatInfo, "name" | "mimeTypes">;
  /** Its streams. */
  readonly streams: readonly Pick<StreamLike, "type" | "codecParameters" | "disposition">[];
  /** Its tags, which include the brand of mp4 and mov. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Options of {@linkcode mimeType}. */
export interface MimeTypeOptions {
  /** Name of the format to which the streams will be remuxed: "mp4". @default that of the file */
  readonly format?: string;
}

const optionNames: Names<MimeTypeOptions> = { format: true };

/** MIME subtypes by FFmpeg's format name; a value with "/" is the whole type, independent of the streams. */
const SUBTYPES: Readonly<Record<string, string>> = {
  "3gp": "3gpp",
  "3g2": "3gpp2",
  adts: "audio/aac",
  aac: "audio/aac",
  aiff: "audio/aiff",
  avi: "video/x-msvideo",
  dash: "application/dash+xml",
  f4v: "mp4",
  flac: "audio/flac",
  flv: "video/x-flv",
  hls: "application/vnd.apple.mpegurl",
  ipod: "mp4",
  ismv: "mp4",
  matroska: "x-matroska",
  mov: "quicktime",
  mp3: "audio/mpeg",
  mp4: "mp4",
  mpeg: "video/mpeg",
  mpegts: "video/mp2t",
  oga: "ogg",
  ogg: "ogg",
  ogv: "ogg",
  opus: "ogg",
  psp: "mp4",
  wav: "audio/wav",
  webm: "webm",
  webvtt: "text/vtt",
};

/** Types of picture files, by codec. */
const PICTURES: Readonly<Record<string, string>> = {
  apng: "image/apng",
  bmp: "image/bmp",
  gif: "image/gif",
  jpegxl: "image/jxl",
  mjpeg: "image/jpeg",
  png: "image/png",
  svg: "image/svg+xml",
  tiff: "image/tiff",
  webp: "image/webp",
};

/** Types of pictures in mp4's container, by brand. */
const PICTURE_BRANDS: Readonly<Record<string, string>> = {
  avif: "image/avif",
  avis: "image/avif",
  heic: "image/heic",
  heix: "image/heic",
  mif1: "image/heif",
};

/** Codecs that WebM may hold. */
const WEBM = new Set(["vp8", "vp9", "av1", "opus", "vorbis", "webvtt"]);

/** Formats whose MIME types have the parameter "codecs". */
const HAVE_CODECS = /\/(mp4|webm|x-matroska|ogg|quicktime|3gpp2?|mp2t)$/;

/**
 * Returns the MIME type of a file with its codecs, `video/mp4; codecs="avc1.64001f, mp4a.40.2"`, for `canPlayType`,
 * `MediaSource.isTypeSupported`, `addSourceBuffer` and `content-type`. Covers, data, and subtitles without a codec
 * string are omitted; video or audio without one is listed under FFmpeg's codec name, so that browsers refuse it.
 *
 * ```ts
 * import { mimeType, probeSync } from "@avio/avio";
 *
 * console.log(mimeType(probeSync("fixtures/video.mp4"))); // video/mp4; codecs="avc1.64000c, mp4a.40.2"
 * console.log(mimeType(probeSync("fixtures/audio.mp3"))); // audio/mpeg
 * console.log(mimeType(probeSync("fixtures/video.mkv"), { format: "mp4" })); // what a remux of it to mp4 is
 * ```
 *
 * @param info Format and streams of a file.
 * @param options `format`, if the streams will be in another container.
 * @returns The type, null if the format has none.
 * @throws {TypeError} `info` or `options` is not such an object.
 */
export function mimeType(info: MimeTypeInfo, options: MimeTypeOptions = {}): string | null {
  const { format, streams, metadata = {} } = checkObject(info, "info");
  const { format: other } = readFields(options, optionNames, "options");
  const played = checkArray(streams, "info.streams").map(checkStream).filter(isPlayed);
  const own = checkString(checkObject(format, "info.format").name, "info.format.name");
  const tags = checkRecord(metadata, "info.metadata");
  const type = other === undefined
    ? containerType(own, checkArray(format.mimeTypes ?? [], "info.format.mimeTypes"), played, tags)
    : containerType(checkString(other, "options.format"), [], played, {});
  if (type === null || !HAVE_CODECS.test(type)) return type;
  const codecs = new Set(played.flatMap(nameOf));
  return codecs.size === 0 ? type : `${type}; codecs="${[...codecs].join(", ")}"`;
}

type PlayedStream = MimeTypeInfo["streams"][number];

/** Streams may come from JSON, or from another program. */
function checkStream(stream: PlayedStream, index: number): PlayedStream {
  const name = `info.streams[${index}]`;
  const { type, disposition, codecParameters } = checkObject(stream, name);
  checkString(type, `${name}.type`);
  checkArray(disposition, `${name}.disposition`);
  checkObject(codecParameters, `${name}.codecParameters`);
  return stream;
}

/** Whether a stream is played, not a cover or data. */
function isPlayed({ type, disposition }: PlayedStream): boolean {
  return ["video", "audio", "subtitle"].includes(type) && !disposition.includes("attached_pic");
}

function nameOf({ type, codecParameters }: PlayedStream): string[] {
  const name = codecString(codecParameters) ?? (type === "subtitle" ? null : codecParameters.codec);
  return name === null ? [] : [name];
}

function containerType(
  format: string,
  mimeTypes: readonly string[],
  played: readonly PlayedStream[],
  tags: Readonly<Record<string, string>>,
): string | null {
  const picture = pictureType(format, played, tags);
  if (picture) return picture;
  const name = nameAmong(format.split(","), played, tags);
  const subtype = Object.hasOwn(SUBTYPES, name) ? SUBTYPES[name]! : undefined;
  if (subtype?.includes("/")) return subtype;
  if (subtype) return `${played.some(({ type }) => type === "video") ? "video" : "audio"}/${subtype}`;
  const same = () => outputFormats().find(({ name }) => format.split(",").includes(name))?.mimeTypes[0];
  return mimeTypes[0] ?? same() ?? null;
}

/** The type of a picture file, whose format is "image2" or one of FFmpeg's pipe demuxers, one per codec. */
function pictureType(
  format: string,
  played: readonly PlayedStream[],
  tags: Readonly<Record<string, string>>,
): string | undefined {
  const brand = tags.major_brand ?? "";
  if (Object.hasOwn(PICTURE_BRANDS, brand)) return PICTURE_BRANDS[brand];
  const codec = played[0]?.codecParameters.codec ?? "";
  const isPicture = /_pipe$|^image2/.test(format) && Object.hasOwn(PICTURES, codec);
  return isPicture ? PICTURES[codec] : undefined;
}

/** The actual format of a demuxer for several: that for mp4 and mov, and that for Matroska and WebM. */
function nameAmong(
  names: string[],
  played: readonly PlayedStream[],
  tags: Readonly<Record<string, string>>,
): string {
  if (names.length === 1) return names[0]!;
  if (names.includes("mp4")) {
    const brand = (tags.major_brand ?? "").trim();
    return brand === "qt" ? "mov" : brand.startsWith("3gp") ? "3gp" : brand.startsWith("3g2") ? "3g2" : "mp4";
  }
  if (names.includes("webm")) {
    const fits = played.every(({ codecParameters }) => WEBM.has(codecParameters.codec));
    return fits && played.length > 0 ? "webm" : "matroska";
  }
  return names[0]!;
}
