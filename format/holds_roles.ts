/**
 * Which dispositions of a stream muxers can store. Those that are set, and left out, are reported.
 */
import type { Session } from "../ffi/session.ts";
import { versions } from "./formats.ts";
import { filesOf, holdsMedia, ROLES_LEFT_OUT, setOf, warnOf, type Written } from "./holds.ts";
import { type AddedStream, dashSegments, type Labels, type SetLabels } from "./holds_added.ts";

/** Those of a stream's roles that can be stored. */
type RolesHeld = (
  roles: ReadonlySet<string>,
  stream: AddedStream,
  tags: Labels["metadata"],
) => Iterable<string>;

/** The first of these that the stream has: there is one place for them. */
const firstOf = (roles: ReadonlySet<string>, names: readonly string[]) =>
  names.filter((name) => roles.has(name)).slice(0, 1);

const DEFAULT = setOf("default");
const ofMp4: RolesHeld = () =>
  setOf("default dub comment forced hearing_impaired visual_impaired captions descriptions");
const ofMov: RolesHeld = () => DEFAULT;

const ofMatroska: RolesHeld = (roles, { type, codecParameters: { codec } }) => {
  if (type === "attachment") return [];
  // One flag says which of the two it is.
  const original = roles.has("dub") && roles.has("original") ? [] : ["dub", "original"];
  const describes = type === "subtitle" && (codec !== "webvtt" || !isOld());
  return [
    ...["default", "comment", "forced", "hearing_impaired", "visual_impaired"],
    ...original,
    ...(describes ? ["descriptions"] : []),
  ];
};

/** FFmpeg 5.1, which writes the flag, but not for WebVTT. */
const isOld = () => parseInt(versions().libavformat) < 60;

/** The name of the codec says what texts are. */
const ofWebm: RolesHeld = (roles, { codecParameters: { codec } }) => [
  ...["default", "forced"],
  ...(codec === "webvtt" ? firstOf(roles, ["captions", "descriptions", "metadata"]) : []),
];

const ofTransport: RolesHeld = (
  roles,
  { type, codecParameters: { codec, extradata } },
  { language = "" },
) => {
  if (type === "audio" && hasCode(language)) {
    const [role] = firstOf(roles, ["clean_effects", "hearing_impaired", "visual_impaired"]);
    // Readers take what is for those who don't see for descriptions.
    return role === "visual_impaired" ? [role, "descriptions"] : role ? [role] : [];
  }
  if (codec !== "dvb_subtitle") return [];
  // The kind of its subtitles is in the extradata, if that is not from an old FFmpeg.
  const kind = extradata && extradata.length > 4 ? extradata[4]! : 0x20;
  return kind >= 0x20 && kind <= 0x25 ? ["hearing_impaired"] : [];
};

/** Whether there is a code of three letters, beside which the role is written: none is "und". */
const hasCode = (language: string) =>
  language === "" || language.split(",").some(({ length }) => length === 3);

/** Muxers that store some dispositions, and which. */
const HOLD_ROLES: Readonly<Record<string, RolesHeld>> = {
  "3g2": ofMov,
  "3gp": ofMov,
  f4v: ofMov,
  ipod: ofMov,
  ismv: ofMov,
  matroska: ofMatroska,
  mov: ofMov,
  mp4: ofMp4,
  mpegts: ofTransport,
  nut: () => setOf("default dub original comment lyrics karaoke"),
  psp: ofMov,
  webm: ofWebm,
};

/** Outputs whose descriptions may have them. */
const MAY_HOLD_ROLES = setOf("rtp rtp_mpegts");

/** Warns about dispositions that are set, and that the output can't store. */
export function warnOfDispositions(
  session: Session,
  output: Written,
  { disposition, metadata = {} }: SetLabels,
  stream: AddedStream,
): void {
  const { format } = filesOf(output);
  if (!disposition || !holdsMedia(format) || MAY_HOLD_ROLES.has(output.format)) return;
  const roles = new Set(disposition);
  const held = new Set(heldBy(output)(roles, stream, metadata));
  const lost = disposition.filter((role) =>
    !held.has(role) && !isOfCovers(role, roles) && !isKnown(role, stream)
  );
  if (lost.length > 0) warnOf(session, lost, `${ROLES_LEFT_OUT}${output.format} can't hold them`, stream);
}

/** HLS and DASH don't hand dispositions to the muxers of their segments; in mp4 a track that is used is a default one. */
function heldBy(output: Written): RolesHeld {
  const { format } = filesOf(output);
  if (output.format === "hls") return format === "mp4" ? ofMov : () => [];
  if (format === "dash") return (_, stream) => dashSegments(output, stream) === "mp4" ? DEFAULT : [];
  return Object.hasOwn(HOLD_ROLES, format) ? HOLD_ROLES[format]! : () => [];
}

/** What covers are marked by; whether the format has covers is checked elsewhere. */
const isOfCovers = (role: string, roles: ReadonlySet<string>) =>
  role === "attached_pic" || (role === "timed_thumbnails" && roles.has("attached_pic"));

/**
 * The source's own are left out without a warning, as its tags are. But players take the first stream of a type where none is the
 * default one: that it was another is lost.
 */
const isKnown = (role: string, { from, isFirst }: AddedStream) =>
  from.disposition.includes(role) && (role !== "default" || isFirst);
