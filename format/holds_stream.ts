/**
 * What muxers can store of a stream beside its packets and codec: tags, dispositions, how pictures are shown. What is left out is reported.
 */
import type { Session } from "../ffi/session.ts";
import { displayMatrix, inWords, isExact, shownBy } from "./display_matrix.ts";
import { versions } from "./formats.ts";
import { filesOf, holdsMedia, LEFT_OUT, OWN, ROLES_LEFT_OUT, setOf, warnOf, type Written } from "./holds.ts";
import type { MediaType } from "./media_type.ts";
import type { SideDataInit } from "./packet.ts";
import type { Stream } from "./stream.ts";

/** What the program sets on a stream. */
interface SetOnStream {
  metadata?: Readonly<Record<string, string>>;
  disposition?: readonly string[];
}

/** A stream that is added to an output. */
interface AddedStream {
  type: MediaType;
  codec: string;
  sideData: readonly SideDataInit[];
  /** What it copies. */
  from?: Readonly<Required<SetOnStream>> | undefined;
  /** For the warning. */
  source?: number;
  stream: number;
}

/** A copy of a source's stream. */
export function addedLike(stream: Omit<Stream, "discard">): AddedStream {
  const { type, codecParameters: { codec }, sideData, index } = stream;
  return { type, codec, sideData, from: stream, stream: index };
}

/** Warns about what the output can't store of a stream. */
export function warnOfStream(session: Session, output: Written, set: SetOnStream, stream: AddedStream): void {
  warnOfTags(session, output, set, stream);
  warnOfDispositions(session, output, set, stream);
  warnOfMatrix(session, output, stream);
}

// ------------------------------------------------------------------------------------------- tags

/** Whether a tag of a stream of this type can be stored. */
type StreamHolds = (name: string, value: string, type: MediaType) => boolean;

/** A code of ISO 639-2, which mp4 has three letters for. */
const isCode = (value: string) => /^[a-z]{3}$/.test(value);

const OF_TRACK = setOf("creation_time encoder handler_name reel_name timecode vendor_id");
const ofTrack: StreamHolds = (name, value) => name === "language" ? isCode(value) : OF_TRACK.has(name);
const ofTitledTrack: StreamHolds = (name, value, type) =>
  name === "title" || name === "name" || ofTrack(name, value, type);
const ofProgram: StreamHolds = (name, value, type) =>
  name === "language" && (type === "audio" || type === "subtitle") && /^[a-z]{3}(,[a-z]{3})*$/.test(value);

/** Muxers that store all tags of streams. */
const HOLD_STREAM_TAGS = setOf("ffmetadata matroska nut oga ogg ogv opus spx webm");

/** What the others store of them. */
const HOLD_SOME_OF_STREAMS: Readonly<Record<string, StreamHolds>> = {
  "3g2": ofTrack,
  "3gp": ofTrack,
  asf: (name, value) => name === "language" && /^[a-z]{2,3}$/.test(value),
  asf_stream: (name, value) => name === "language" && /^[a-z]{2,3}$/.test(value),
  avi: (name, _, type) => name === "title" || (name === "language" && type === "audio"),
  dash: (name) => name === "language",
  dv: (name) => name === "timecode",
  f4v: ofTrack,
  gxf: (name) => name === "timecode",
  ipod: ofTrack,
  ismv: ofTrack,
  mov: ofTitledTrack,
  mp4: ofTitledTrack,
  mpegts: ofProgram,
  mxf: (name) => name === "timecode" || name === "reel_name",
  mxf_d10: (name) => name === "timecode" || name === "reel_name",
  mxf_opatom: (name) => name === "timecode" || name === "reel_name",
  psp: ofTrack,
};

/** Tags that are set, other than those of the stream that it copies. */
function warnOfTags(session: Session, output: Written, set: SetOnStream, stream: AddedStream): void {
  const { metadata = {}, disposition = stream.from?.disposition ?? [] } = set;
  const { type, from } = stream;
  const { format } = filesOf(output);
  if (HOLD_STREAM_TAGS.has(format) || !holdsMedia(format)) return;
  if (type === "attachment" || disposition.includes("attached_pic")) return; // a cover has them as its description
  const held = Object.hasOwn(HOLD_SOME_OF_STREAMS, format) ? HOLD_SOME_OF_STREAMS[format] : undefined;
  const lost = Object.entries(metadata).filter(([name, value]) =>
    value !== "" && from?.metadata[name] !== value && !OWN.has(name.toLowerCase()) &&
    !held?.(name.toLowerCase(), value, type)
  );
  if (lost.length === 0) return;
  warnOf(session, lost.map(([name]) => name), `${LEFT_OUT}${output.format} can't hold them`, stream);
}

// ------------------------------------------------------------------------------------------- dispositions

const OF_MATROSKA = "default dub original comment forced hearing_impaired visual_impaired";
/** Of WebVTT. */
const OF_TEXT = "captions descriptions metadata";
const OF_MP4 = "default dub comment forced hearing_impaired visual_impaired captions descriptions";
const OF_MOV = setOf("default");

/** Muxers that store some dispositions, and which, by types of streams. */
const HOLD_ROLES: Readonly<Record<string, (type: MediaType) => ReadonlySet<string>>> = {
  "3g2": () => OF_MOV,
  "3gp": () => OF_MOV,
  f4v: () => OF_MOV,
  ipod: () => OF_MOV,
  ismv: () => OF_MOV,
  matroska: (type) => setOf(type === "subtitle" ? `${OF_MATROSKA} ${OF_TEXT}` : OF_MATROSKA),
  mov: () => OF_MOV,
  mp4: () => setOf(OF_MP4),
  mpegts: (type) =>
    setOf(
      {
        audio: "hearing_impaired visual_impaired clean_effects",
        subtitle: "hearing_impaired",
      }[type as string] ?? "",
    ),
  nut: () => setOf("default dub original comment lyrics karaoke"),
  psp: () => OF_MOV,
  webm: (type) => setOf(type === "subtitle" ? `default forced ${OF_TEXT}` : "default forced"),
};

/** Muxers whose files don't have them all, but a playlist or a description may. */
const MAY_HOLD_ROLES = setOf("dash hls ffmetadata rtp rtp_mpegts");

/** What covers are marked by; whether the format has covers is checked elsewhere. */
const OF_COVERS = setOf("attached_pic timed_thumbnails");

/** Dispositions that are set, other than those of the stream that it copies. */
function warnOfDispositions(
  session: Session,
  output: Written,
  { disposition }: SetOnStream,
  stream: AddedStream,
): void {
  const { type, from } = stream;
  const { format } = filesOf(output);
  if (!disposition || !holdsMedia(format) || MAY_HOLD_ROLES.has(output.format)) return;
  const held = Object.hasOwn(HOLD_ROLES, format) ? HOLD_ROLES[format]!(type) : undefined;
  // In MPEG-TS, readers take what is for those who don't see for descriptions.
  const isImplied = (role: string) =>
    format === "mpegts" && role === "descriptions" && disposition.includes("visual_impaired");
  const lost = disposition.filter((role) =>
    !held?.has(role) && !OF_COVERS.has(role) && !from?.disposition.includes(role) && !isImplied(role)
  );
  if (lost.length > 0) warnOf(session, lost, `${ROLES_LEFT_OUT}${output.format} can't hold them`, stream);
}

// ------------------------------------------------------------------------------------------- display matrix

/** Muxers that store how pictures are shown as it is. */
const HOLD_MATRIX = setOf("3g2 3gp f4v ipod ismv mov mp4 psp");

/** Those that store a rotation and a mirroring since this version of libavformat, which is FFmpeg 6.1's. */
const HOLD_TURNED = setOf("matroska webm");
const LATER = 60;

/** Pictures will be shown as they are, not mirrored or turned: those of phones lie on their side. */
function warnOfMatrix(session: Session, output: Written, stream: AddedStream): void {
  const matrix = displayMatrix(stream.sideData);
  const { format } = filesOf(output);
  if (!matrix || !holdsMedia(format)) return;
  const words = lostOf(matrix, format === "dash" ? segmentFormat(output, stream) : format);
  if (words === "") return;
  const { source = 0, stream: index } = stream;
  const warning = { kind: "dropped", source, stream: index, count: 1, log: null } as const;
  const [, rotation] = /^rotated (by [\d.]+ degrees)$/.exec(words) ?? [];
  const what = rotation ? `the rotation ${rotation}` : `the display matrix (${words})`;
  session.warnings.add(warning, `${what} is left out: ${output.format} can't hold it`);
}

/** What the muxer leaves out of what the matrix does, in words; "" for nothing. */
function lostOf(matrix: Int32Array, format: string): string {
  if (HOLD_MATRIX.has(format)) return "";
  const shown = shownBy(matrix);
  const isLater = HOLD_TURNED.has(format) && parseInt(versions().libavformat) > LATER;
  return inWords(isLater && isExact(matrix) ? { ...shown, isMirrored: false, rotation: 0 } : shown);
}

/** Codecs of which DASH's segments are WebM. */
const IN_WEBM = setOf("opus vorbis vp8 vp9");

/** The format of the segments that DASH has of a stream. */
function segmentFormat({ options = {} }: Written, { codec }: AddedStream): string {
  const type = String(options.dash_segment_type ?? "auto");
  const isWebm = /^(auto|0)$/.test(type) ? IN_WEBM.has(codec) : /^(webm|2)$/.test(type);
  return isWebm ? "webm" : "mp4";
}
