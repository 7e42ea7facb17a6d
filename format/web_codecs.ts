/**
 * WebCodecs' configurations as plain data: a decoder's configuration from a stream, and a stream's parameters from an
 * encoder's configuration. Neither needs a browser.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import {
  checkInteger,
  checkObject,
  checkString,
  MAX_INT32,
  type Names,
  pickFields,
} from "../io/arguments.ts";
import { codecString } from "./codec_string.ts";
import { colorParametersOf, type WebColors, type WebColorSpace, webColorSpace } from "./color_names.ts";
import { displayMatrix, shownBy } from "./display_matrix.ts";
import { checkBufferSource } from "./encoded_chunk.ts";
import { checkSideData, type SideDataInit } from "./packet.ts";
import type { CodecParametersLike, StreamLike, StreamParameters } from "./stream.ts";
import { webCodecOf } from "./web_codec_names.ts";

/** The argument of `VideoDecoder.configure()` (`VideoDecoderConfig`). */
export interface VideoConfig {
  /** The codec string: "avc1.64001f", ... */
  codec: string;
  /** Data that the decoder needs before the first chunk; missing if the chunks contain it (Annex B, VP8, VP9, AV1). */
  description?: Uint8Array<ArrayBuffer>;
  /** Width in pixels. */
  codedWidth: number;
  /** Height in pixels. */
  codedHeight: number;
  /** Numerator of the display aspect ratio, if pixels are not square. */
  displayAspectWidth?: number;
  /** Denominator of the display aspect ratio, if pixels are not square. */
  displayAspectHeight?: number;
  /** Colours, as far as they are known. */
  colorSpace?: WebColorSpace;
  /** Clockwise rotation in degrees needed to show the pictures; missing if it is 0. */
  rotation?: number;
  /** Whether the pictures, rotated, are to be mirrored from left to right; missing if not. */
  flip?: boolean;
}

/** The argument of `AudioDecoder.configure()` (`AudioDecoderConfig`). */
export interface AudioConfig {
  /** The codec string: "mp4a.40.2", "opus", ... */
  codec: string;
  /** Data that the decoder needs before the first chunk; missing if the chunks contain it (ADTS, MP3, PCM). */
  description?: Uint8Array<ArrayBuffer>;
  /** Samples per second. */
  sampleRate: number;
  /** Number of channels. */
  numberOfChannels: number;
}

/** An encoder's `metadata.decoderConfig`, or a copy that was sent as data. */
export interface EncoderReport {
  /** The codec string. */
  codec: string;
  /** Data that a decoder needs before the first chunk. */
  description?: Uint8Array | ArrayBuffer | SharedArrayBuffer | ArrayBufferView;
  /** Width of video in pixels. */
  codedWidth?: number;
  /** Height of video in pixels. */
  codedHeight?: number;
  /** Numerator of the display aspect ratio of video. */
  displayAspectWidth?: number;
  /** Denominator of the display aspect ratio of video. */
  displayAspectHeight?: number;
  /** Colours of video. */
  colorSpace?: WebColors;
  /** Samples per second of audio. */
  sampleRate?: number;
  /** Number of channels of audio. */
  numberOfChannels?: number;
}

const reportNames: Names<EncoderReport> = {
  codec: true,
  description: true,
  codedWidth: true,
  codedHeight: true,
  displayAspectWidth: true,
  displayAspectHeight: true,
  colorSpace: true,
  sampleRate: true,
  numberOfChannels: true,
};

/**
 * Returns the argument of `VideoDecoder.configure()` or `AudioDecoder.configure()` for the packets of a stream; that
 * for video has `codedWidth`, that for audio `sampleRate`. H.264, HEVC and AAC whose packets contain their headers
 * (Annex B, ADTS) have no `description`; those of FLAC, Vorbis and Opus follow the WebCodecs codec registry.
 *
 * ```ts
 * import { decoderConfig, Demuxer } from "@avio/avio";
 *
 * using demuxer = Demuxer.openSync("fixtures/video.mp4");
 * const video = demuxer.bestStream("video")!;
 * const config = decoderConfig(video); // { codec: "avc1.64000c", codedWidth: 320, codedHeight: 180, description, ... }
 * // In a browser: decoder.configure(config), then for each packet of the stream
 * for (const packet of demuxer.packetsSync()) {
 *   if (packet.streamIndex === video.index) packet.toEncodedChunkInit(); // decoder.decode(new EncodedVideoChunk(...))
 * }
 * console.log(config?.codec);
 * ```
 *
 * @param stream A stream of a Demuxer, or of a result of `probe`.
 * @returns Plain data; null if the web platform has no name for the codec, if the source does not state the size, or the
 * sample rate and channels, which every decoder needs, and for streams of other types.
 * @throws {TypeError} It isn't a stream.
 */
export function decoderConfig(
  stream:
    & Pick<StreamLike, "type" | "codecParameters">
    & { readonly rotation?: number; readonly sideData?: readonly SideDataInit[] },
): VideoConfig | AudioConfig | null {
  const { type, codecParameters, rotation = 0, sideData = [] } = checkObject(stream, "stream");
  const parameters = checkObject(codecParameters, "stream.codecParameters");
  const codec = codecString(parameters);
  if (codec === null || (type !== "video" && type !== "audio")) return null;
  const description = descriptionOf(parameters);
  const common = { codec, ...(description ? { description } : {}) };
  if (type === "audio") {
    const { sampleRate, channels } = parameters;
    return sampleRate > 0 && channels > 0 ? { ...common, sampleRate, numberOfChannels: channels } : null;
  }
  const { width, height, sampleAspectRatio: { num, den } } = parameters;
  if (width <= 0 || height <= 0) return null;
  const colorSpace = webColorSpace(parameters);
  return {
    ...common,
    codedWidth: width,
    codedHeight: height,
    ...(num > 0 && den > 0 && num !== den
      ? { displayAspectWidth: width * num, displayAspectHeight: height * den }
      : {}),
    ...(colorSpace ? { colorSpace } : {}),
    ...orientationOf(rotation, checkSideData(sideData, "stream.sideData")),
  };
}

/** WebCodecs rotates before it mirrors: by as much in the other direction. */
function orientationOf(
  rotation: number,
  sideData: readonly SideDataInit[],
): Pick<VideoConfig, "rotation" | "flip"> {
  const matrix = displayMatrix(sideData), shown = matrix && shownBy(matrix);
  if (!shown?.isMirrored) return rotation === 0 ? {} : { rotation };
  const before = (360 - shown.rotation) % 360;
  return { ...(before === 0 ? {} : { rotation: before }), flip: true };
}

/**
 * Converts the configuration from a WebCodecs `VideoEncoder` or `AudioEncoder` to parameters for `Muxer.addStream()`.
 * Encoders pass it as `metadata.decoderConfig` with their first chunk; it may have been sent as JSON or over a
 * WebSocket.
 *
 * ```ts
 * import { codecParametersOf, MemorySink, Muxer, Packet } from "@avio/avio";
 *
 * // What a browser sent: the configuration, then the chunks.
 * const config = { codec: "vp8", codedWidth: 160, codedHeight: 90 };
 * const chunk = { type: "key", timestamp: 0, duration: 33333, data: new Uint8Array(100) } as const;
 *
 * const sink = new MemorySink();
 * using muxer = Muxer.openSync(sink, { format: "webm" });
 * const streamIndex = muxer.addStream(codecParametersOf(config));
 * muxer.writeSync(Packet.fromEncodedChunk(chunk, { streamIndex }));
 * muxer.finishSync();
 * ```
 *
 * @param config The encoder's `decoderConfig`.
 * @returns The stream parameters.
 * @throws {TypeError | RangeError} A field is wrong, or the codec is unknown.
 */
export function codecParametersOf(
  config: EncoderReport,
): StreamParameters {
  const report = pickFields(checkObject(config, "config"), reportNames);
  const { codec: name, description } = report;
  const known = webCodecOf(checkString(name, "config.codec"));
  if (!known) throw argumentError(TypeError, "config.codec", `there is no codec ${JSON.stringify(name)}`);
  const bytes = description === undefined ? null : checkBufferSource(description, "config.description");
  return known.type === "audio"
    ? audioParameters(known, report, bytes)
    : videoParameters(known, report, bytes);
}

type Known = NonNullable<ReturnType<typeof webCodecOf>>;

function videoParameters(
  known: Known,
  config: EncoderReport,
  description: Uint8Array | null,
): StreamParameters {
  const size = (name: "codedWidth" | "codedHeight" | "displayAspectWidth" | "displayAspectHeight") =>
    checkInteger(config[name], `config.${name}`, 1, MAX_INT32);
  const [width, height] = [size("codedWidth"), size("codedHeight")];
  const hasAspect = config.displayAspectWidth !== undefined && config.displayAspectHeight !== undefined;
  const aspect = hasAspect
    ? reduced(size("displayAspectWidth") * height, size("displayAspectHeight") * width)
    : null;
  return {
    ...known,
    width,
    height,
    extradata: description && copyBytes(description),
    ...(aspect && aspect.num !== aspect.den ? { sampleAspectRatio: aspect } : {}),
    ...(config.colorSpace ? colorParametersOf(checkObject(config.colorSpace, "config.colorSpace")) : {}),
  };
}

function reduced(num: number, den: number): { num: number; den: number } {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);
  const common = divisor(num, den);
  return { num: num / common, den: den / common };
}

/** Samples per packet, for codecs with a fixed number. */
const FRAME_SIZES: Readonly<Record<string, number>> = { aac: 1024, mp3: 1152, ac3: 1536, eac3: 1536 };

function audioParameters(
  known: Known,
  config: EncoderReport,
  description: Uint8Array | null,
): StreamParameters {
  const sampleRate = checkInteger(config.sampleRate, "config.sampleRate", 1, MAX_INT32);
  const channels = checkInteger(config.numberOfChannels, "config.numberOfChannels", 1, 255);
  const bits = known.bitsPerCodedSample;
  return {
    ...known,
    sampleRate,
    channels,
    extradata: extradataOf(known.codec, description, sampleRate, channels),
    ...(FRAME_SIZES[known.codec] ? { frameSize: FRAME_SIZES[known.codec]! } : {}),
    ...(bits ? { blockAlign: bits / 8 * channels } : {}),
  };
}

// ------------------------------------------------------------------------------------------- descriptions

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const startsWith = (bytes: Uint8Array, text: string) => ascii(text).every((byte, at) => bytes[at] === byte);

function joined(...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** First byte of avcC and hvcC; Annex B begins with 0. */
const CONFIGURATION_VERSION = 1;
const STREAMINFO_SIZE = 34;
/** Size of the box header before ALACSpecificConfig in FFmpeg's extradata. */
const ALAC_BOX_HEADER = 12;
const ALAC_CONFIG_SIZE = 24;

/** Converts FFmpeg's extradata to WebCodecs' description; null if there is none. */
function descriptionOf({ codec, extradata }: CodecParametersLike): Uint8Array<ArrayBuffer> | null {
  if (!extradata || extradata.length === 0) return null;
  switch (codec) {
    case "h264":
    case "hevc":
      return extradata[0] === CONFIGURATION_VERSION ? copyBytes(extradata) : null;
    case "flac":
      return startsWith(extradata, "fLaC") ? copyBytes(extradata) : flacDescription(extradata);
    case "opus":
      return startsWith(extradata, "OpusHead") ? copyBytes(extradata) : null;
    case "vorbis":
      return vorbisDescription(extradata);
    case "alac":
      return copyBytes(extradata.subarray(extradata.length > ALAC_CONFIG_SIZE ? ALAC_BOX_HEADER : 0));
    case "aac":
    case "mpeg4":
    case "theora":
      return copyBytes(extradata);
  }
  return null;
}

/** FLAC's signature, and the header of its only metadata block. */
function flacDescription(streamInfo: Uint8Array): Uint8Array<ArrayBuffer> {
  const LAST_BLOCK = 0x80;
  return joined(ascii("fLaC"), [LAST_BLOCK, 0, 0, STREAMINFO_SIZE], streamInfo.subarray(0, STREAMINFO_SIZE));
}

/** Three headers with Xiph lacing: their number minus one, the sizes of the first two, then the headers. */
function vorbisDescription(extradata: Uint8Array): Uint8Array<ArrayBuffer> {
  const IDENTIFICATION_SIZE = 30;
  const hasSizes = extradata[0] === 0 && extradata[1] === IDENTIFICATION_SIZE;
  if (!hasSizes) return copyBytes(extradata);
  const headers: Uint8Array[] = [];
  for (let at = 0; headers.length < 3 && at + 2 <= extradata.length;) {
    const size = extradata[at]! << 8 | extradata[at + 1]!;
    headers.push(extradata.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  const laced = headers.slice(0, 2).flatMap(({ length }) => [
    ...Array(Math.floor(length / 255)).fill(255),
    length % 255,
  ]);
  return joined([2], laced, ...headers);
}

/** Converts WebCodecs' description to FFmpeg's extradata. */
function extradataOf(
  codec: string,
  description: Uint8Array | null,
  sampleRate: number,
  channels: number,
): Uint8Array<ArrayBuffer> | null {
  if (codec === "opus" && description === null) return opusHead(sampleRate, channels);
  if (description === null || description.length === 0) return null;
  if (codec === "flac" && startsWith(description, "fLaC")) {
    return copyBytes(description.subarray(8, 8 + STREAMINFO_SIZE));
  }
  if (codec === "alac" && description.length === ALAC_CONFIG_SIZE) {
    return joined([0, 0, 0, ALAC_BOX_HEADER + ALAC_CONFIG_SIZE], ascii("alac"), [0, 0, 0, 0], description);
  }
  return copyBytes(description);
}

/** OpusHead for Opus without a description: mono or stereo, nothing to skip. */
function opusHead(sampleRate: number, channels: number): Uint8Array<ArrayBuffer> {
  const rate = new Uint8Array(4);
  new DataView(rate.buffer).setUint32(0, sampleRate, true);
  return joined(ascii("OpusHead"), [1, channels, 0, 0], rate, [0, 0, 0]);
}
