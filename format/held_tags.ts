/**
 * Which tags muxers can store: those that the program sets, and that are left out, are reported. Tags of a source are kept
 * where that is possible, and left out without a warning.
 */
import type { Session } from "../ffi/session.ts";
import { rawTags, type TagValues } from "./tags.ts";

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(" "));

/** The tags of mov and 3gp, which have a field for each. */
const MOV = setOf("artist title author album date comment genre copyright make model location keywords xmp");

/** The tags of iTunes. */
const ITUNES = setOf(
  "title artist album_artist composer album date encoding_tool comment genre copyright grouping lyrics description " +
    "synopsis show episode_id network keywords episode_sort season_number media_type hd_video gapless_playback compilation " +
    "track disc tmpo location",
);

/** The tags of RIFF's INFO; a field's own name is also one. */
const RIFF = setOf("artist comment copyright date genre language title album track timecode encoded_by");

/** What a muxer can store, by FFmpeg's names; of others it is assumed that they store all. */
const HELD: Readonly<Record<string, ReadonlySet<string>>> = {
  "3g2": MOV,
  "3gp": MOV,
  avi: RIFF,
  f4v: ITUNES,
  ipod: ITUNES,
  ismv: ITUNES,
  mov: MOV,
  mp4: ITUNES,
  mpegts: setOf("title service_name service_provider"),
  wav: RIFF,
};

/** Muxers that store none. */
const HOLD_NONE = setOf(
  "ac3 ass data dnxhd dts dv eac3 gif h261 h263 h264 hevc ivf m4v mjpeg mp2 mpeg mpeg1video mpeg2video obu rawvideo srt " +
    "svcd truehd vcd vob dvd voc vvc w64 webvtt yuv4mpegpipe",
);

/** What muxers write themselves, or from what they know. */
const OWN = setOf("encoder creation_time major_brand minor_version compatible_brands");

/** Options of muxers with which they store more. */
const MORE: Readonly<Record<string, RegExp>> = { movflags: /use_metadata_tags/, write_bext: /^(?!0|false)/ };

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
  if (OWN.has(name)) return true;
  const held = HELD[format];
  if (held === undefined) return !HOLD_NONE.has(format);
  return held.has(name) || (held === RIFF && /^i[a-z0-9]{3}$/.test(name));
}
