/**
 * What muxers can store beside streams: chapters and tags. Tags that the program sets, and that are left out, are reported
 * here; tags of a source are kept where that is possible, and left out without a warning. Of chapters, `chapters.ts` warns.
 */
import type { Session } from "../ffi/session.ts";
import { rawTags, type TagValues } from "./tags.ts";

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(" "));

/** Muxers that write chapters. */
const HOLD_CHAPTERS = setOf(
  "3g2 3gp aiff asf f4v ffmetadata ipod ismv matroska mov mp3 mp4 nut oga ogg ogv opus spx webm",
);

/** Muxers whose output is no media, but what they found out about it. */
const HOLD_NO_MEDIA = setOf(
  "crc framecrc framehash framemd5 hash md5 mkvtimestamp_v2 null streamhash uncodedframecrc",
);

/** Whether the muxer writes media. */
export function holdsMedia(format: string): boolean {
  return !HOLD_NO_MEDIA.has(format);
}

/** Whether the muxer writes chapters. */
export function canHoldChapters(format: string): boolean {
  return HOLD_CHAPTERS.has(format);
}

/** The tags of mov and 3gp, which have a field for each. */
const MOV = setOf(
  "artist title author album date comment genre copyright make model location keywords xmp timecode",
);

/** The tags of iTunes. */
const ITUNES = setOf(
  "title artist album_artist composer album date encoding_tool comment genre copyright grouping lyrics description " +
    "synopsis show episode_id network keywords episode_sort season_number media_type hd_video gapless_playback compilation " +
    "track disc tmpo location timecode",
);

/** The tags of RIFF's INFO; a field's own name is also one. */
const RIFF = setOf("artist comment copyright date genre language title album track timecode encoded_by");

/** The tags of MXF; those that begin with "comment_" are, too. */
const MXF = setOf("company_name product_name product_version material_package_name reel_name timecode");

/** What muxers can store that have fields for some tags, by FFmpeg's names. */
const HOLD_SOME: Readonly<Record<string, ReadonlySet<string>>> = {
  "3g2": MOV,
  "3gp": MOV,
  aea: setOf("title"),
  au: setOf("title artist album track genre"),
  avi: RIFF,
  dv: setOf("timecode"),
  f4v: ITUNES,
  gxf: setOf("timecode"),
  ipod: ITUNES,
  ismv: ITUNES,
  mov: MOV,
  mp4: ITUNES,
  mpegts: setOf("title service_name service_provider"),
  mxf: MXF,
  mxf_d10: MXF,
  mxf_opatom: MXF,
  psp: setOf("title"),
  rm: setOf("title author copyright comment"),
  sox: setOf("comment"),
  wav: RIFF,
};

/** Muxers that store all, and those that pass them on to the muxers of their segments. */
const HOLD_ALL = setOf(
  "aiff asf asf_stream caf ffmetadata flac flv lrc matroska mp3 nut oga ogg ogv oma opus smjpeg spx tta webm wtv wv dash hls " +
    "rtp rtp_mpegts segment stream_segment webm_chunk webm_dash_manifest",
);

/** What muxers write themselves, or from what they know. */
const OWN = setOf("encoder creation_time major_brand minor_version compatible_brands");

/** Options of muxers with which they store more. */
const IS_ON = /^(?!0|false)/;
const MORE: Readonly<Record<string, RegExp>> = {
  movflags: /use_metadata_tags/,
  write_bext: IS_ON,
  write_id3v2: IS_ON,
};

/** Names in a message. */
const MAX_NAMES = 10;

/** How the message begins. */
const LEFT_OUT = "tags are left out, ";

interface SetTags {
  tags?: TagValues;
  metadata?: Readonly<Record<string, string>>;
  options?: Readonly<Record<string, unknown>>;
}

/** Warns about tags that are set, and that the output's format can't store. */
export function warnOfTags(
  session: Session,
  format: string,
  { tags = {}, metadata = {}, options = {} }: SetTags,
): void {
  const all = Object.entries({ ...rawTags(tags, format), ...metadata });
  const lost = all.filter(([name, value]) => value !== "" && !canHoldTag(format, name.toLowerCase()));
  const holdsMore = Object.entries(MORE).some(([name, value]) => value.test(String(options[name] ?? "0")));
  if (lost.length === 0 || holdsMore) return;
  const names = lost.slice(0, MAX_NAMES).map(([name]) => name).join(", ");
  const more = lost.length > MAX_NAMES ? ` and ${lost.length - MAX_NAMES} more` : "";
  const warning = { kind: "dropped", source: 0, stream: null, count: lost.length, log: null } as const;
  session.warnings.add(warning, `${LEFT_OUT}${format} can't hold them: ${names}${more}`);
}

/** Whether it is such a warning. */
export function isOfTags({ message }: { message: string }): boolean {
  return message.startsWith(LEFT_OUT);
}

function canHoldTag(format: string, name: string): boolean {
  if (OWN.has(name) || HOLD_ALL.has(format) || !holdsMedia(format)) return true;
  const held = HOLD_SOME[format];
  if (held === undefined) return false;
  return held.has(name) || (held === RIFF && /^i[a-z0-9]{3}$/.test(name)) ||
    (held === MXF && name.startsWith("comment_"));
}
