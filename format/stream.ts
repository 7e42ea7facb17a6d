/**
 * Streams, chapters and programs: their types, and their conversion from and to the shim. Fields have the same names on
 * both sides; the shim's table (`shim/describe.c`) defines the encoding of each.
 */
import { copyBytes } from "../ffi/byte_views.ts";
import * as description from "../ffi/description.ts";
import * as input from "../ffi/input.ts";
import * as output from "../ffi/output.ts";
import type { Session } from "../ffi/session.ts";
import type { Warning } from "../ffi/warnings.ts";
import { displayMatrix, rotationOf } from "./display_matrix.ts";
import type { FormatInfo } from "./formats.ts";
import type { ColorRange, Disposition, FieldOrder } from "./known_names.ts";
import { checkMediaType, type MediaType } from "./media_type.ts";
import { checkContents, checkSideData, type SideData, type SideDataInit } from "./packet.ts";
import {
  checkBoolean,
  checkBytes,
  checkInstance,
  checkInteger,
  checkList,
  checkObject,
  checkString,
  checkStrings,
  type Names,
  optional,
  readFields,
} from "../io/arguments.ts";
import type { Cover } from "./picture.ts";
import { checkRational, checkTimeBase, type Rational } from "./rational.ts";
import type { Tags } from "./tags.ts";

/** Codec parameters of a stream (AVCodecParameters). Fields of other media types are 0 or null. */
export interface CodecParameters {
  /** Kind of the stream. */
  type: MediaType;
  /** FFmpeg's name of the codec: "h264", "aac", "subrip", ... */
  codec: string;
  /** The container's fourcc, "" if there is none. */
  tag: string;
  /** Bits per second, 0 if unknown. */
  bitRate: number;
  /** FFmpeg's number of the profile, null if unknown. */
  profile: number | null;
  /** FFmpeg's name of the profile: "High", "LC", ...; null if it has none. Read-only, derived from `profile`. */
  profileName: string | null;
  /** The codec's level, null if unknown. */
  level: number | null;
  /** Data that a decoder needs before the first packet (avcC, OpusHead, ...). */
  extradata: Uint8Array<ArrayBuffer> | null;
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** FFmpeg's name: "yuv420p", ... */
  pixelFormat: string | null;
  /** Pixel aspect ratio, width by height; 0 if unknown. */
  sampleAspectRatio: Rational;
  /** Frames per second, 0 if unknown; of an input, FFmpeg's guess (av_guess_frame_rate). */
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
  /** Number of frames of delay between decoding and presentation (video_delay). */
  videoDelay: number;
  /** Samples per second. */
  sampleRate: number;
  /** FFmpeg's name: "fltp", "s16", ... */
  sampleFormat: string | null;
  /** Number of channels. */
  channels: number;
  /** FFmpeg's name: "stereo", "5.1(side)", ... */
  channelLayout: string | null;
  /** Samples per packet, 0 if variable. */
  frameSize: number;
  /** Block size in bytes (block_align), for codecs that have it. */
  blockAlign: number;
  /** Bits per sample of the codec, 0 if variable (av_get_bits_per_sample). Read-only, derived from `codec`. */
  bitsPerSample: number;
  /** Bits per coded sample. */
  bitsPerCodedSample: number;
  /** Significant bits per sample. */
  bitsPerRawSample: number;
  /** Samples of encoder delay before the first sample. */
  initialPadding: number;
  /** Samples of padding after the last sample. */
  trailingPadding: number;
  /** Samples to decode and skip after a seek. */
  seekPreroll: number;
}

/** Parameters of a new stream: type, codec, and any other codec parameters. */
export type StreamParameters =
  & Partial<Omit<CodecParameters, "extradata">>
  & { type: MediaType; codec: string; extradata?: Uint8Array | null };

/** A stream to copy: one of a Demuxer, or an object with its fields. */
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

/** Codec parameters made by a program; bytes may be in any kind of buffer. */
export type CodecParametersLike = Omit<CodecParameters, "extradata"> & { extradata: Uint8Array | null };

/** A stream of an input or output (AVStream). */
export interface Stream {
  /** Its index among the streams. */
  readonly index: number;
  /** Its id in the container. */
  readonly id: number;
  /** Kind of the stream. */
  readonly type: MediaType;
  /** Its codec parameters. */
  readonly codecParameters: CodecParameters;
  /** Length of one unit of its timestamps in seconds. */
  readonly timeBase: Rational;
  /** Start time in seconds, null if the container doesn't state it. */
  readonly startTime: number | null;
  /** The same in units of timeBase. */
  readonly startPts: number | null;
  /** Duration in seconds, null if the container doesn't state it. */
  readonly duration: number | null;
  /** The same in units of timeBase. */
  readonly durationTs: number | null;
  /** Number of bits of the container's timestamps, after which they wrap around; 33 in MPEG-TS. */
  readonly ptsWrapBits: number;
  /** Number of frames that the container states, 0 if it doesn't. */
  readonly frames: number;
  /** Average frames per second, `0/0` or `0/1` if unknown. */
  readonly averageFrameRate: Rational;
  /** Lowest frame rate with which all timestamps can be represented (r_frame_rate), `0/0` or `0/1` if unknown. */
  readonly realFrameRate: Rational;
  /** Its disposition: "default", "forced", "attached_pic", ... */
  readonly disposition: readonly Disposition[];
  /** Its tags: "language", "title", ... */
  readonly metadata: Readonly<Record<string, string>>;
  /** Side data of the whole stream: "Display Matrix", ... */
  readonly sideData: readonly SideData[];
  /**
   * Clockwise rotation in degrees (0 to below 360) needed to show its pictures, from the display matrix. It does not tell
   * whether they are also to be mirrored.
   */
  readonly rotation: number;
  /**
   * While true, the demuxer skips this stream's packets. Because both APIs read ahead (the sync one up to 512 packets
   * or 256 KB), packets skipped meanwhile are only available again after a seek.
   */
  discard: boolean;
}

/** A chapter (AVChapter). */
export interface Chapter {
  /** Its id in the container. */
  id: number;
  /** Seconds. */
  start: number;
  /** Seconds. */
  end: number;
  /** Time unit of the input's container for `start` and `end`, in seconds; a Muxer uses microseconds. */
  timeBase?: Rational;
  /** Its tags: "title", ... */
  metadata: Record<string, string>;
}

/** A program: a group of streams that belong together (AVProgram). */
export interface Program {
  /** Its id in the container. */
  id: number;
  /** Its number in the PAT of MPEG-TS (program_num). */
  number: number;
  /** PID of its PMT in MPEG-TS, -1 or 0 elsewhere. */
  pmtPid: number;
  /** PID of its clock in MPEG-TS, -1 or 0 elsewhere. */
  pcrPid: number;
  /** Indexes of its streams. */
  streamIndexes: number[];
  /** Its tags. */
  metadata: Record<string, string>;
}

/** Result of `probe`: plain data, suitable for JSON except extradata, side data and covers. */
export interface MediaInfo {
  /** Container format. */
  format: FormatInfo;
  /** Duration in seconds, null if unknown. */
  duration: number | null;
  /** Start time in seconds, null if unknown. */
  startTime: number | null;
  /** Bits per second, null if unknown. */
  bitRate: number | null;
  /** Size of the source in bytes, null if unknown. */
  size: number | null;
  /** FFmpeg's confidence in the detected format, up to 100 (AVPROBE_SCORE_MAX). */
  probeScore: number;
  /** Tags of the container, under the format's own names. */
  metadata: Record<string, string>;
  /** Tags of the file under common names, independent of the format. */
  tags: Tags;
  /** Its covers and other pictures. */
  covers: Cover[];
  /** Streams of the container. */
  streams: Omit<Stream, "discard">[];
  /** Chapters of the container. */
  chapters: Chapter[];
  /** Programs of the container. */
  programs: Program[];
  /** What is wrong with the source, as far as opening it shows that: packets are not read. */
  warnings: Warning[];
}

// ------------------------------------------------------------------------------------------- describing

/** Description of an input or output. */
export type Description = Omit<MediaInfo, "size" | "tags" | "covers" | "warnings"> & {
  /** Whether its source or sink can seek. */
  seekable: boolean;
};

/** The shim's JSON: bytes are their sizes, and fields that FFmpeg doesn't have are missing. */
interface Sized extends Omit<Description, "streams"> {
  streams: (Omit<Stream, "discard" | "rotation" | "codecParameters" | "sideData"> & {
    codecParameters: Omit<CodecParameters, "extradata"> & { extradata: number | null };
    sideData: { type: string; data: number }[];
  })[];
}

/** Whether it is the text track of chapter titles in mp4, which is redundant: the chapters themselves are copied. */
export function isChapterTrack(
  { type, codecParameters: { codec, tag } }: Pick<Stream, "type" | "codecParameters">,
  chapters: readonly unknown[],
): boolean {
  return chapters.length > 0 && type === "data" && codec === "bin_data" && tag === "text";
}

/** Describes the session's input. */
export function describeInput(session: Session): Description {
  return fromShim(description.describeInput(session));
}

/** Describes the session's output, with its streams from this one on. */
export function describeOutput(session: Session, firstStream = 0): Description {
  return fromShim(description.describeOutput(session, firstStream));
}

/** Beyond all streams. */
const NO_STREAM = 0xffffff;

/** The output's format; describes no streams, of which there may be a thousand. */
export function outputFormat(session: Session): FormatInfo {
  return describeOutput(session, NO_STREAM).format;
}

function fromShim({ json, take }: description.RawDescription): Description {
  const raw = json as Sized;
  const streams = raw.streams.map((stream) => {
    const { extradata: size } = stream.codecParameters;
    const extradata = size === null ? null : take(size);
    const sideData = stream.sideData.map(({ type, data }) => ({ type, data: take(data) }));
    return {
      ...stream,
      codecParameters: { ...stream.codecParameters, extradata },
      sideData,
      rotation: rotationOf(displayMatrix(sideData)),
    };
  });
  for (const { metadata, disposition } of streams) {
    labels.set(metadata, { ...metadata });
    labels.set(disposition, [...disposition]);
  }
  return { ...raw, streams };
}

/** Tags and dispositions as they were read: what a program does to them later, or makes itself, is set by it. */
const labels = new WeakMap<object, object>();

/** The tags or dispositions as they were read; undefined if a program made them. */
export function asRead<T extends object>(label: T): T | undefined {
  return labels.get(label) as T | undefined;
}

/** A demuxer's stream: constant, except for `discard`. */
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

/** Settings of a new stream, besides its codec parameters. */
export interface StreamInit {
  /** Length of one unit of its timestamps in seconds; the muxer may choose another. */
  timeBase?: Rational;
  /** Its tags: "language", "title", ... */
  metadata?: Record<string, string>;
  /** Its disposition: "default", "forced", ... */
  disposition?: Disposition[];
  /** Its id in the container, if that has ids. */
  id?: number;
  /** Side data of the whole stream. */
  sideData?: SideDataInit[];
  /** Frames per second. */
  averageFrameRate?: Rational;
  /**
   * Bitstream filters for its packets, in FFmpeg's syntax: `"h264_metadata=level=4.1"`, `"a,b"` for two. Filters that
   * the muxer needs are added automatically.
   */
  bitstreamFilter?: string;
}

/** Read-only fields, derived from others; ignored when a stream is copied. */
const DERIVED = new Set(["profileName", "bitsPerSample"]);

/** Converts a field's value for the shim, checked by the shim's description of the field. */
function fieldText({ kind, min, max }: output.StreamField, value: unknown, name: string): string {
  switch (kind) {
    case "integer":
      return String(checkInteger(value as number, name, min, max));
    case "rational":
      return fraction(value as Rational, name);
    case "names":
      return checkList(value as string[], name).join(",");
    case "name":
      return checkString(value, name);
  }
}

function fraction(value: Rational, name: string): string {
  const { num, den } = checkRational(value, name);
  return `${num}/${den}`;
}

/** Reads codec parameters, each once, and checks that there are no unknown ones; `argument` is what has them. */
export function readParameters<T extends object>(parameters: T, argument: string): T {
  checkInstance(checkObject(parameters, argument), parameterNames(), argument, "field");
  return readFields(parameters, parameterNames(), "", "field");
}

/** Converts codec parameters but extradata to the shim's fields; `type` comes first, because others depend on it. */
function parameterFields(parameters: Partial<StreamParameters>): [string, string][] {
  const { type, codec, ...rest } = parameters;
  const fields: [string, string][] = [
    ["type", checkMediaType(type!, "type")],
    ["codec", checkString(codec, "codec")],
  ];
  for (const [name, value] of Object.entries(rest)) {
    const isSaid = value !== null && !DERIVED.has(name) && !(name === "tag" && value === "");
    if (isSaid) fields.push([name, fieldText(output.streamFields().get(name)!, value, name)]);
  }
  return fields;
}

/** Fields of a stream besides its codec parameters. */
const INIT_FIELDS: readonly string[] = ["timeBase", "averageFrameRate", "disposition", "id"];

let knownParameters: Readonly<Record<string, true>> | null = null;

/** The names of codec parameters, which the library knows. */
function parameterNames(): Readonly<Record<string, true>> {
  const names = () => [...output.streamFields().keys()].filter((name) => !INIT_FIELDS.includes(name));
  return knownParameters ??= Object.fromEntries(
    ["type", "codec", "extradata", ...names(), ...DERIVED].map((name) => [name, true]),
  );
}

function initFields(init: StreamInit): [string, string][] {
  const { timeBase } = init;
  const checked = timeBase === undefined ? init : { ...init, timeBase: checkTimeBase(timeBase, "timeBase") };
  return INIT_FIELDS.flatMap((name) => {
    const value = checked[name as keyof StreamInit];
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

/** Checks that the settings of a new stream are an object without unknown fields; returns a copy. */
export function checkStreamInit(init: StreamInit): StreamInit {
  checkInstance(checkObject(init, "init"), streamInitNames, "init", "setting");
  const { metadata, ...settings } = readFields(init, streamInitNames, "", "setting");
  return metadata === undefined ? settings : { ...settings, metadata: checkStrings(metadata, "metadata") };
}

/** The settings of a new stream of the output. */
export function streamSettings(
  parameters: Partial<StreamParameters>,
  init: StreamInit,
): output.StreamSettings {
  const settings = checkStreamInit(init);
  const { metadata = {}, sideData: given = [], bitstreamFilter } = settings;
  const { extradata = null, ...fields } = readParameters(parameters, "from");
  const sideData = checkSideData(given, "sideData");
  checkContents(sideData, "sideData");
  return {
    fields: [...parameterFields(fields), ...initFields(settings)],
    metadata: Object.entries(metadata),
    extradata: extradata === null ? null : copyBytes(checkBytes(extradata, "extradata")),
    sideData: sideData.map(({ type, data }) => [type, copyBytes(data)] as const),
    bitstreamFilter: optional(checkString, bitstreamFilter, "bitstreamFilter"),
  };
}
