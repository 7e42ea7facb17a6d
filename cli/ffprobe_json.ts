/**
 * MediaInfo with the field names of `ffprobe -of json -show_format -show_streams -show_chapters -show_programs`. Unknown
 * values are left out, as ffprobe does. `codec_string` is an addition; fields that the library does not have are missing
 * (coded_width, refs, closed_captions, ...).
 */
import {
  type Chapter,
  codecs,
  codecString,
  type MediaInfo,
  type Program,
  type Rational,
  type SideData,
  type SideDataFields,
  sideDataFields,
} from "../mod.ts";
import { toBase64 } from "../io/base64.ts";
import type { ProbedStream } from "./details.ts";

type Json = Record<string, unknown>;

/** All dispositions that ffprobe prints, in its order. */
const DISPOSITIONS = [
  "default",
  "dub",
  "original",
  "comment",
  "lyrics",
  "karaoke",
  "forced",
  "hearing_impaired",
  "visual_impaired",
  "clean_effects",
  "attached_pic",
  "timed_thumbnails",
  "non_diegetic",
  "captions",
  "descriptions",
  "metadata",
  "dependent",
  "still_image",
  "multilayer",
];

/** The whole JSON object. */
export function ffprobeJson(filename: string, info: MediaInfo): Json {
  const longNames = new Map(codecs().map(({ name, longName }) => [name, longName]));
  const streams = info.streams.map((stream) => streamJson(stream, longNames));
  return {
    programs: info.programs.map((program) => programJson(program, streams)),
    streams,
    chapters: info.chapters.map(chapterJson),
    format: formatJson(filename, info),
  };
}

function formatJson(filename: string, info: MediaInfo): Json {
  return known({
    filename,
    nb_streams: info.streams.length,
    nb_programs: info.programs.length,
    format_name: info.format.name,
    format_long_name: info.format.longName,
    start_time: seconds(info.startTime),
    duration: seconds(info.duration),
    size: info.size === null ? null : String(info.size),
    bit_rate: positive(info.bitRate),
    probe_score: info.probeScore,
    tags: tags(info.metadata),
  });
}

function streamJson(stream: ProbedStream, longNames: ReadonlyMap<string, string>): Json {
  const { codecParameters: parameters, timeBase } = stream;
  const tag = parameters.tag === "" ? "[0][0][0][0]" : parameters.tag;
  const hasCodec = parameters.codec !== "none";
  return known({
    index: stream.index,
    codec_name: hasCodec ? parameters.codec : null,
    codec_long_name: hasCodec ? longNames.get(parameters.codec) ?? null : null,
    profile: parameters.profileName ?? parameters.profile?.toString(),
    codec_type: stream.type,
    codec_tag_string: tag,
    codec_tag: tagNumber(tag),
    codec_string: codecString(parameters),
    ...mediaJson(stream),
    id: stream.id === 0 ? null : `0x${(stream.id >>> 0).toString(16)}`,
    r_frame_rate: fraction(stream.realFrameRate),
    avg_frame_rate: fraction(stream.averageFrameRate),
    time_base: fraction(timeBase),
    start_pts: stream.startPts,
    start_time: seconds(stream.startTime),
    duration_ts: stream.durationTs,
    duration: seconds(stream.duration),
    bit_rate: positive(parameters.bitRate),
    bits_per_raw_sample: positive(parameters.bitsPerRawSample),
    nb_frames: positive(stream.frames),
    extradata_size: parameters.extradata?.length ?? null,
    disposition: Object.fromEntries(
      DISPOSITIONS.map((name) => [name, stream.disposition.includes(name) ? 1 : 0]),
    ),
    tags: tags(stream.metadata),
    side_data_list: stream.sideData.length === 0 ? null : stream.sideData.map((side) => sideJson(side)),
  });
}

function mediaJson(stream: ProbedStream): Json {
  const { codecParameters: parameters } = stream;
  switch (stream.type) {
    case "video":
      return videoJson(stream);
    case "audio":
      return {
        sample_fmt: parameters.sampleFormat,
        sample_rate: String(parameters.sampleRate),
        channels: parameters.channels,
        channel_layout: parameters.channelLayout,
        bits_per_sample: parameters.bitsPerSample,
        initial_padding: parameters.initialPadding,
      };
    case "subtitle":
      return { width: parameters.width || null, height: parameters.height || null };
    default:
      return {};
  }
}

function videoJson({ codecParameters: parameters }: ProbedStream): Json {
  const { width, height, sampleAspectRatio: pixel } = parameters;
  const hasShape = pixel.num > 0 && pixel.den > 0;
  const UNKNOWN_LEVEL = -99;
  return {
    width,
    height,
    has_b_frames: parameters.videoDelay,
    sample_aspect_ratio: hasShape ? `${pixel.num}:${pixel.den}` : null,
    display_aspect_ratio: hasShape && width && height ? shape(width * pixel.num, height * pixel.den) : null,
    pix_fmt: parameters.pixelFormat,
    level: parameters.level ?? UNKNOWN_LEVEL,
    color_range: parameters.colorRange,
    color_space: parameters.colorSpace,
    color_transfer: parameters.colorTransfer,
    color_primaries: parameters.colorPrimaries,
    chroma_location: parameters.chromaLocation,
    field_order: parameters.fieldOrder,
  };
}

/** `timeBase` is present in chapters that were read from a file. */
function chapterJson({ id, start, end, timeBase, metadata }: Chapter): Json {
  return known({
    id,
    time_base: timeBase && fraction(timeBase),
    start: timeBase && ticks(start, timeBase),
    start_time: seconds(start),
    end: timeBase && ticks(end, timeBase),
    end_time: seconds(end),
    tags: tags(metadata),
  });
}

function programJson(program: Program, streams: readonly Json[]): Json {
  const { id, number, pmtPid, pcrPid, streamIndexes, metadata } = program;
  return known({
    program_id: id,
    program_num: number,
    nb_streams: streamIndexes.length,
    pmt_pid: pmtPid,
    pcr_pid: pcrPid,
    tags: tags(metadata),
    streams: streamIndexes.map((index) => streams[index]),
  });
}

/** A display matrix and known structures as ffprobe prints them; other side data as base64. */
function sideJson(side: SideData): Json {
  const { type, data } = side;
  const name = { side_data_type: type };
  const fields = sideDataFields(side);
  if (fields) return { ...name, ...fieldsJson(type, fields) };
  if (type.toLowerCase() !== "display matrix" || data.length < 36) return { ...name, data: toBase64(data) };
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const matrix = Array.from({ length: 9 }, (_, index) => view.getInt32(index * 4, true));
  const row = (index: number) => {
    const values = matrix.slice(index * 3, index * 3 + 3).map((value) => ` ${String(value).padStart(11)}`);
    return `\n${String(index).padStart(8, "0")}: ${values.join("")}`;
  };
  return { ...name, displaymatrix: `${row(0)}${row(1)}${row(2)}\n`, rotation: rotation(matrix) };
}

/** Fields with ffprobe's names, without those that ffprobe prints only where they apply. */
function fieldsJson(type: string, fields: SideDataFields): Json {
  const { projection, hasPrimaries, hasLuminance } = fields;
  const isShown = (name: string) => {
    if (fields[name] === null) return false;
    if (name === "hasPrimaries" || name === "hasLuminance") return false;
    if (hasPrimaries === 0 && /^(red|green|blue|whitePoint)[XY]$/.test(name)) return false;
    if (hasLuminance === 0 && name.endsWith("Luminance")) return false;
    if (name.startsWith("bound")) return projection === "tiled equirectangular";
    return name !== "padding" || projection === "cubemap";
  };
  const whole = type.toLowerCase() === "spherical mapping";
  const value = (field: SideDataFields[string]) =>
    typeof field === "object" && field
      ? fraction(field)
      : whole && typeof field === "number"
      ? Math.trunc(field)
      : field;
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => isShown(name)).map(([name, field]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value(field),
    ]),
  );
}

/** As av_display_rotation_get: degrees counterclockwise, while the library's `rotation` is clockwise. */
function rotation([a = 0, b = 0, , c = 0, d = 0]: readonly number[]): number {
  const [across, down] = [Math.hypot(a, c), Math.hypot(b, d)];
  if (across === 0 || down === 0) return 0;
  return -Math.trunc(Math.atan2(b / down, a / across) * 180 / Math.PI) || 0;
}

// ------------------------------------------------------------------------------------------- values

function known(values: Json): Json {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  );
}

function seconds(value: number | null): string | null {
  return value === null ? null : value.toFixed(6);
}

function ticks(value: number, { num, den }: Rational): number {
  return Math.round(value * den / num);
}

function fraction({ num, den }: Rational): string {
  return `${num}/${den}`;
}

function positive(value: number | null): string | null {
  return value !== null && value > 0 ? String(value) : null;
}

function tags(metadata: Readonly<Record<string, string>>): Json | null {
  return Object.keys(metadata).length === 0 ? null : { ...metadata };
}

/** A ratio in lowest terms, as av_reduce does it for small numbers. */
function shape(width: number, height: number): string {
  let [a, b] = [width, height];
  while (b > 0) [a, b] = [b, a % b];
  return `${width / a}:${height / a}`;
}

/** `avc1` is 0x31637661: the first letter is the lowest byte; `[27]` is a byte that is not printable. */
function tagNumber(tag: string): string {
  const bytes = [...tag.matchAll(/\[(\d{1,3})\]|(.)/gs)].map(([, number, letter]) =>
    number === undefined ? letter!.charCodeAt(0) : Number(number)
  );
  const value = bytes.slice(0, 4).reduce((sum, byte, index) => sum + byte * 256 ** index, 0);
  return `0x${value.toString(16).padStart(4, "0")}`;
}
