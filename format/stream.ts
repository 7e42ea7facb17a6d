/**
 * Streams, chapters and programs: their types, and their way out of and into the shim. Names of fields are the
 * same on both sides; the shim's table (`shim/describe.c`) says how each is written.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import { argumentError } from "../ffi/errors.ts";
import * as input from "../ffi/input.ts";
import * as output from "../ffi/output.ts";
import type { Session } from "../ffi/session.ts";
import { fromBase64, toBase64 } from "../io/base64.ts";
import type { FormatInfo } from "./formats.ts";
import type { ColorRange, Disposition, FieldOrder } from "./known_names.ts";
import { checkMediaType, type MediaType } from "./media_type.ts";
import { checkContents, checkSideData, type SideData, type SideDataInit } from "./packet.ts";
import {
  checkArray,
  checkBoolean,
  checkBytes,
  checkInteger,
  checkNames,
  checkObject,
  checkString,
  checkStrings,
  type Names,
  optional,
} from "../io/arguments.ts";
import type { Cover } from "./picture.ts";
import { checkRational, checkTimeBase, type Rational } from "./rational.ts";
import type { Tags } from "./tags.ts";

/** How a stream is coded (AVCodecParameters). Fields of another media type are 0 or null. */
export interface CodecParameters {
  /** Kind of the stream. */
  type: MediaType;
  /** FFmpeg's name of the codec: "h264", "aac", "subrip", ... */
  codec: string;
  /** The container's fourcc, "" where there is none. */
  tag: string;
  /** Bits per second, 0 where unknown. */
  bitRate: number;
  /** FFmpeg's number of the profile, null where unknown. */
  profile: number | null;
  /** FFmpeg's name of the profile: "High", "LC", ...; null where it has none. Told only: it follows from `profile`. */
  profileName: string | null;
  /** The codec's level, null where unknown. */
  level: number | null;
  /** What a decoder needs before the first packet (avcC, OpusHead, ...). */
  extradata: Uint8Array<ArrayBuffer> | null;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** FFmpeg's name: "yuv420p", ... */
  pixelFormat: string | null;
  /** Width of a pixel by its height, 0 where unknown. */
  sampleAspectRatio: Rational;
  /** Frames per second, 0 where unknown; of an input, what FFmpeg guesses (av_guess_frame_rate). */
  frameRate: Rational;
  /** FFmpeg's name: "bt709", ... */
  colorSpace: string | null;
  /** "tv" or "pc". */
  colorRange: ColorRange | null;
  /** FFmpeg's name: "bt709", ... */
  colorPrimaries: string | null;
  /** FFmpeg's name: "bt709", "smpte2084", ... */
  colorTransfer: string | null;
  /** FFmpeg's name: "left", "center", ... */
  chromaLocation: string | null;
  /** "progressive", "tt", "bb", "tb" or "bt". */
  fieldOrder: FieldOrder | null;
  /** Frames by which decoding is ahead of showing (video_delay). */
  videoDelay: number;
  /** Samples per second. */
  sampleRate: number;
  /** FFmpeg's name: "fltp", "s16", ... */
  sampleFormat: string | null;
  /** How many. */
  channels: number;
  /** FFmpeg's name: "stereo", "5.1(side)", ... */
  channelLayout: string | null;
  /** Samples per packet, 0 where it varies. */
  frameSize: number;
  /** Bytes of one sample of all channels, for codecs that have it. */
  blockAlign: number;
  /** Bits of a sample of this codec, 0 where that varies (av_get_bits_per_sample). Told only: it follows from `codec`. */
  bitsPerSample: number;
  /** Bits of a coded sample. */
  bitsPerCodedSample: number;
  /** Bits of a sample that mean something. */
  bitsPerRawSample: number;
  /** Samples that the encoder put before the first. */
  initialPadding: number;
  /** Samples that the encoder put behind the last. */
  trailingPadding: number;
  /** Samples to decode before the first one to be heard after a seek. */
  seekPreroll: number;
}

/** A new stream: its type and codec, and what else is known of it. */
export type StreamParameters =
  & Partial<Omit<CodecParameters, "extradata">>
  & { type: MediaType; codec: string; extradata?: Uint8Array | null };

/** A stream to copy: one of a demuxer, or described like one. */
export type StreamLike =
  & Omit<
    Stream,
    | "codecParameters"
    | "sideData"
    | "discard"
    | "rotation"
    | "realFrameRate"
    | "startPts"
    | "durationTs"
    | "ptsWrapBits"
  >
  & {
    readonly codecParameters: CodecParametersLike;
    readonly sideData: readonly SideDataInit[];
  };

/** Codec parameters that a program makes: bytes in any memory. */
export type CodecParametersLike = Omit<CodecParameters, "extradata"> & { extradata: Uint8Array | null };

/** A stream of an input or output (AVStream). */
export interface Stream {
  /** Its place among the streams. */
  readonly index: number;
  /** The container's own number of it. */
  readonly id: number;
  /** Kind of the stream. */
  readonly type: MediaType;
  /** How it is coded. */
  readonly codecParameters: CodecParameters;
  /** Seconds in one unit of its timestamps. */
  readonly timeBase: Rational;
  /** Seconds, null where the container doesn't say. */
  readonly startTime: number | null;
  /** The same in units of timeBase, exactly. */
  readonly startPts: number | null;
  /** Seconds, null where the container doesn't say. */
  readonly duration: number | null;
  /** The same in units of timeBase, exactly. */
  readonly durationTs: number | null;
  /** Bits that the container has for a timestamp: it starts again from 0 after so many; 33 in MPEG-TS. */
  readonly ptsWrapBits: number;
  /** How many frames the container says it has, 0 where it doesn't say. */
  readonly frames: number;
  /** Frames per second, `0/0` or `0/1` where unknown. */
  readonly averageFrameRate: Rational;
  /** Frames per second by which all its timestamps can be told (r_frame_rate), `0/0` or `0/1` where unknown. */
  readonly realFrameRate: Rational;
  /** What it is for: "default", "forced", "attached_pic", ... */
  readonly disposition: readonly Disposition[];
  /** Its tags: "language", "title", ... */
  readonly metadata: Readonly<Record<string, string>>;
  /** Side data of the whole stream: "Display Matrix", ... */
  readonly sideData: readonly SideData[];
  /** Degrees clockwise by which its pictures are to be turned to be shown, from 0 to less than 360; of its display matrix. */
  readonly rotation: number;
  /**
   * Not delivered by the demuxer while true. Both APIs read ahead (the sync one a batch, of 512 packets or 256 KB at most):
   * what has been passed over meanwhile comes back only with a seek.
   */
  discard: boolean;
}

/** A chapter (AVChapter). */
export interface Chapter {
  /** The container's own number of it. */
  id: number;
  /** Seconds. */
  start: number;
  /** Seconds. */
  end: number;
  /** Seconds in one unit in which an input's container counts `start` and `end`; a Muxer counts in microseconds. */
  timeBase?: Rational;
  /** Its tags: "title", ... */
  metadata: Record<string, string>;
}

/** A program: streams that belong together (AVProgram). */
export interface Program {
  /** The container's own number of it. */
  id: number;
  /** Its number in the PAT of MPEG-TS (program_num). */
  number: number;
  /** PID of its PMT in MPEG-TS, -1 or 0 elsewhere. */
  pmtPid: number;
  /** PID of its clock in MPEG-TS, -1 or 0 elsewhere. */
  pcrPid: number;
  /** Its streams. */
  streamIndexes: number[];
  /** Its tags. */
  metadata: Record<string, string>;
}

/** What `probe` returns: plain data, JSON-safe but for extradata, side data and covers. */
export interface MediaInfo {
  /** Container format. */
  format: FormatInfo;
  /** Seconds, null where unknown. */
  duration: number | null;
  /** Seconds, null where unknown. */
  startTime: number | null;
  /** Bits per second, null where unknown. */
  bitRate: number | null;
  /** Bytes of the source, null where unknown. */
  size: number | null;
  /** How sure FFmpeg is of the format, 100 at most (AVPROBE_SCORE_MAX). */
  probeScore: number;
  /** Tags of the container, as its format has them. */
  metadata: Record<string, string>;
  /** Tags of the file, by one vocabulary whatever the format calls them. */
  tags: Tags;
  /** Pictures that belong to it. */
  covers: Cover[];
  /** Streams of the container. */
  streams: Omit<Stream, "discard">[];
  /** Chapters of the container. */
  chapters: Chapter[];
  /** Programs of the container. */
  programs: Program[];
}

// ------------------------------------------------------------------------------------------- describing

/** What an input or an output is. */
export type Description = Omit<MediaInfo, "size" | "tags" | "covers"> & {
  /** Whether its source or sink can seek. */
  seekable: boolean;
};

/** As the shim writes it: bytes are base64, and what is not a field of FFmpeg's is missing. */
interface RawDescription extends Omit<Description, "streams"> {
  streams: (Omit<Stream, "discard" | "rotation" | "codecParameters" | "sideData"> & {
    codecParameters: Omit<CodecParameters, "extradata"> & { extradata: string | null };
    sideData: { type: string; data: string }[];
  })[];
}

/** What the session's input is. */
export function describeInput(session: Session): Description {
  return fromShim(input.describeInput(session) as RawDescription);
}

/** What the session's output is. */
export function describeOutput(session: Session): Description {
  return fromShim(output.describeOutput(session) as RawDescription);
}

function fromShim(raw: RawDescription): Description {
  const streams = raw.streams.map((stream) => {
    const { extradata } = stream.codecParameters;
    const sideData = stream.sideData.map(({ type, data }) => ({ type, data: fromBase64(data) }));
    return {
      ...stream,
      codecParameters: {
        ...stream.codecParameters,
        extradata: extradata === null ? null : fromBase64(extradata),
      },
      sideData,
      rotation: rotationBy(sideData),
    };
  });
  return { ...raw, streams };
}

function rotationBy(sideData: readonly SideData[]): number {
  const matrix = sideData.find(({ type }) => type.toLowerCase() === DISPLAY_MATRIX)?.data;
  return matrix && matrix.length >= 36 ? rotationOf(matrix) : 0;
}

const DISPLAY_MATRIX = "display matrix";

/** av_display_rotation_get, the other way round: of a 3 by 3 matrix of 32-bit numbers. */
function rotationOf(matrix: Uint8Array): number {
  const view = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  const [a, b, c, d] = [0, 4, 12, 16].map((at) => view.getInt32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  const degrees = Math.atan2(b / Math.hypot(b, d), a / Math.hypot(a, c)) * 180 / Math.PI;
  return Number.isNaN(degrees) ? 0 : (Math.round(degrees * 1000) / 1000 + 360) % 360;
}

/** A demuxer's stream: described once, but for `discard`, which the demuxer obeys. */
export interface DemuxerStream extends Stream {}

export class DemuxerStream {
  #discard = false;
  #session: Session;

  constructor(session: Session, described: Omit<Stream, "discard">) {
    this.#session = session;
    Object.assign(this, described);
    Object.freeze(this.timeBase); // shared by the packets of the stream
  }

  get discard(): boolean {
    return this.#discard;
  }

  set discard(value: boolean) {
    this.#discard = checkBoolean(value, "discard");
    input.setDiscard(this.#session, this.index, value);
  }
}

// ------------------------------------------------------------------------------------------- setting

/** Settings of a new stream that are not about its codec. */
export interface StreamInit {
  /** Seconds in one unit of its timestamps; the muxer may choose another. */
  timeBase?: Rational;
  /** Its tags: "language", "title", ... */
  metadata?: Record<string, string>;
  /** What it is for: "default", "forced", ... */
  disposition?: Disposition[];
  /** The container's own number of it, where it has one. */
  id?: number;
  /** Side data of the whole stream. */
  sideData?: SideDataInit[];
  /** Frames per second. */
  averageFrameRate?: Rational;
  /**
   * Bitstream filters that its packets go through, in FFmpeg's words: `"h264_metadata=level=4.1"`, `"a,b"` for two. Those
   * that the muxer needs are put in without being asked for.
   */
  bitstreamFilter?: string;
}

/** What follows from other fields; a stream that is like another has it already. */
const DERIVED = new Set(["profileName", "bitsPerSample"]);

/** A field's value as the shim takes it, checked by what the shim says of the field. */
function fieldText({ kind, min, max }: output.StreamField, value: unknown, name: string): string {
  switch (kind) {
    case "integer":
      return String(checkInteger(value as number, name, min, max));
    case "rational":
      return fraction(value as Rational, name);
    case "bytes":
      return toBase64(copyBytes(checkBytes(value, name)));
    case "names":
      return checkArray(value as string[], name).map((role) => checkString(role, name)).join(",");
    case "name":
      return checkString(value, name);
  }
}

function fraction(value: Rational, name: string): string {
  checkRational(value, name);
  return `${value.num}/${value.den}`;
}

/** Codec parameters as the shim's fields; `type` comes first, because others depend on it. */
function parameterFields(parameters: Partial<StreamParameters>): [string, string][] {
  const { type, codec, ...rest } = parameters;
  const fields: [string, string][] = [
    ["type", checkMediaType(type!, "type")],
    ["codec", checkString(codec, "codec")],
  ];
  for (const [name, value] of Object.entries(rest)) {
    if (DERIVED.has(name)) continue;
    const field = INIT_FIELDS.includes(name) ? undefined : output.streamFields().get(name);
    if (!field) {
      throw argumentError(TypeError, name, `there is no such field; the fields are ${parameterNames()}`);
    }
    const isSaid = value !== null && value !== undefined && !(name === "tag" && value === "");
    if (isSaid) fields.push([name, fieldText(field, value, name)]);
  }
  return fields;
}

function parameterNames(): string {
  return [...output.streamFields().keys()].filter((name) => !INIT_FIELDS.includes(name)).join(", ");
}

/** Fields of a stream that are not about its codec. */
const INIT_FIELDS: readonly string[] = ["timeBase", "averageFrameRate", "disposition", "id"];

function initFields(init: StreamInit): [string, string][] {
  optional(checkTimeBase, init.timeBase, "timeBase");
  return INIT_FIELDS.flatMap((name) => {
    const value = init[name as keyof StreamInit];
    return value === undefined ? [] : [[name, fieldText(output.streamFields().get(name)!, value, name)]];
  });
}

const streamInitNames: Names<StreamInit> = {
  timeBase: true,
  metadata: true,
  disposition: true,
  id: true,
  sideData: true,
  averageFrameRate: true,
  bitstreamFilter: true,
};

/** The settings of a new stream of the output. */
export function streamSettings(
  parameters: Partial<StreamParameters>,
  init: StreamInit,
): output.StreamSettings {
  const { metadata = {}, sideData = [], bitstreamFilter } = checkNames(
    checkObject(init, "init"),
    streamInitNames,
    "",
    "setting",
  );
  checkContents(checkSideData(sideData, "sideData"), "sideData");
  return {
    fields: [...parameterFields(parameters), ...initFields(init)],
    metadata: checkStrings(metadata, "metadata"),
    sideData: sideData.map(({ type, data }) => [type, toBase64(copyBytes(data))] as const),
    bitstreamFilter: optional(checkString, bitstreamFilter, "bitstreamFilter"),
  };
}
