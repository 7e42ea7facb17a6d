/**
 * What muxers can store of a stream beside its packets and codec: tags, dispositions, how pictures are shown. What is left out is reported.
 */
import type { Session } from "../ffi/session.ts";
import { displayMatrix, inWords, isExact, shownBy } from "./display_matrix.ts";
import { versions } from "./formats.ts";
import { filesOf, holdsMedia, LEFT_OUT, OWN, setOf, tagsHeldBy, warnOf, type Written } from "./holds.ts";
import { type AddedStream, dashSegments, type SetLabels } from "./holds_added.ts";
import { warnOfDispositions } from "./holds_roles.ts";
import type { MediaType } from "./media_type.ts";

/** Warns about what the output can't store of a stream. */
export function warnOfStream(
  session: Session,
  output: Written,
  set: SetLabels,
  stream: AddedStream,
): void {
  warnOfTags(session, output, set, stream);
  warnOfDispositions(session, output, set, stream);
  warnOfMatrix(session, output, stream);
}

// ------------------------------------------------------------------------------------------- tags

/** A tag of a stream. */
interface StreamTag {
  /** In lower case. */
  name: string;
  value: string;
  type: MediaType;
  /** The names of all tags of the stream. */
  names: ReadonlySet<string>;
  files: Written;
}

type StreamHolds = (tag: StreamTag) => boolean;

const only = (words: string): StreamHolds => {
  const names = setOf(words);
  return ({ name }) => names.has(name);
};

/** A code of ISO 639-2, which mp4 has three letters for. */
const isCode = (value: string) => /^[a-z]{3}$/.test(value);

/** The timecode of pictures is a track, which has the name of the reel, too. */
const ofTimecode: StreamHolds = ({ name, type, names, files }) => {
  if (type !== "video" || !tagsHeldBy(files)("timecode")) return false;
  return name === "timecode" || (name === "reel_name" && names.has("timecode") && files.format !== "mp4");
};
const ofTrack: StreamHolds = (tag) =>
  tag.name === "language" ? isCode(tag.value) : tag.name === "handler_name" || ofTimecode(tag);
const ofTitledTrack: StreamHolds = (tag) => tag.name === "title" || ofTrack(tag);
const ofAsf: StreamHolds = ({ name, value }) => name === "language" && /^[a-z]{2,3}$/.test(value);
const ofProgram: StreamHolds = ({ name, value, type }) =>
  name === "language" && (type === "audio" || type === "subtitle") && /^[a-z]{3}(,[a-z]{3})*$/.test(value);

/** The muxer has fields for these, of the file or of pictures, and leaves them out of the tags. */
const ofMatroska: StreamHolds = ({ name, type }) =>
  name === "stereo_mode" ? type === "video" : !/^(creation_time|duration|encoding_tool)$/.test(name);

/** Muxers that store all tags of streams. */
const HOLD_STREAM_TAGS = setOf("ffmetadata nut oga ogg ogv opus spx");

/** What the others store of them. */
const HOLD_SOME_OF_STREAMS: Readonly<Record<string, StreamHolds>> = {
  "3g2": ofTrack,
  "3gp": ofTrack,
  asf: ofAsf,
  asf_stream: ofAsf,
  avi: only("title"),
  dash: only("language role"),
  dv: only("timecode"),
  f4v: ofTrack,
  gxf: only("timecode"),
  ipod: ofTrack,
  ismv: ofTrack,
  matroska: ofMatroska,
  mov: ofTitledTrack,
  mp4: ofTitledTrack,
  mpegts: ofProgram,
  mxf: only("timecode"),
  mxf_d10: only("timecode"),
  mxf_opatom: only("timecode"),
  psp: ofTrack,
  webm: ofMatroska,
};

/** Tags that are set, other than those that the source has. */
function warnOfTags(session: Session, output: Written, set: SetLabels, stream: AddedStream): void {
  const { metadata = {}, disposition = stream.from.disposition } = set;
  const { type, from } = stream;
  const files = filesOf(output), { format } = files;
  if (HOLD_STREAM_TAGS.has(format) || !holdsMedia(format)) return;
  if (disposition.includes("attached_pic")) return; // a cover has them as its description
  const holds = Object.hasOwn(HOLD_SOME_OF_STREAMS, format) ? HOLD_SOME_OF_STREAMS[format] : undefined;
  const names = new Set(Object.keys(metadata).map((name) => name.toLowerCase()));
  const isHeld = (key: string, value: string) => {
    const name = key.toLowerCase();
    const isTitle = name === "name" && !names.has("title"); // it is written as one
    return OWN.has(name) || holds?.({ name: isTitle ? "title" : name, value, type, names, files });
  };
  const lost = Object.entries(metadata).filter(([name, value]) =>
    value !== "" && from.metadata[name] !== value && !isHeld(name, value)
  );
  if (lost.length === 0) return;
  warnOf(session, lost.map(([name]) => name), `${LEFT_OUT}${output.format} can't hold them`, stream);
}

// ------------------------------------------------------------------------------------------- display matrix

/** Muxers that store how pictures are shown as it is. */
const HOLD_MATRIX = setOf("3g2 3gp f4v ipod ismv mov mp4 psp");

/** Those that store a rotation and a mirroring. */
const HOLD_TURNED = setOf("matroska webm");

/** Since this version of libavformat, which is FFmpeg 6.1's, they do so, and HLS and DASH hand side data to their segments. */
const LATER = 60;

/** Pictures will be shown as they are, not mirrored or turned: those of phones lie on their side. */
function warnOfMatrix(session: Session, output: Written, stream: AddedStream): void {
  const matrix = displayMatrix(stream.sideData);
  const { format } = filesOf(output);
  if (!matrix || !holdsMedia(format)) return;
  const words = lostOf(matrix, matrixFormat(output, stream));
  if (words === "") return;
  const { source = 0, stream: index } = stream;
  const warning = { kind: "dropped", source, stream: index, count: 1, log: null } as const;
  const [, rotation] = /^rotated (by [\d.]+ degrees)$/.exec(words) ?? [];
  const what = rotation ? `the rotation ${rotation}` : `the display matrix (${words})`;
  session.warnings.add(warning, `${what} is left out: ${output.format} can't hold it`);
}

/** The format of the files that may have it; "" for none. */
function matrixFormat(output: Written, stream: AddedStream): string {
  const isLater = parseInt(versions().libavformat) > LATER;
  const { format } = filesOf(output);
  if (!isLater && (/^(hls|dash)$/.test(output.format) || HOLD_TURNED.has(format))) return "";
  return format === "dash" ? dashSegments(output, stream) : format;
}

/** What a format leaves out of what the matrix does, in words; "" for nothing. */
function lostOf(matrix: Int32Array, format: string): string {
  if (HOLD_MATRIX.has(format)) return "";
  const shown = shownBy(matrix);
  const isTurned = HOLD_TURNED.has(format) && isExact(matrix);
  return inWords(isTurned ? { ...shown, isMirrored: false, rotation: 0 } : shown);
}
