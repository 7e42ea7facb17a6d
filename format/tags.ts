/**
 * Tags under common names for all formats: read from each format's own names and places, and written under FFmpeg's
 * names, which muxers convert.
 */
import {
  checkArray,
  checkObject,
  checkRecord,
  checkString,
  type Names,
  readFields,
} from "../io/arguments.ts";

/** Tags of a file, a stream or a chapter under common names, independent of the format; absent tags are missing. */
export interface Tags {
  /** Title of the song, film, stream or chapter. */
  title?: string;
  /** Artist of the song. */
  artist?: string;
  /** Album. */
  album?: string;
  /** Artist of the album. */
  albumArtist?: string;
  /** Track number, with the total if it is known: "3", "3/12". */
  track?: string;
  /** Disc number, with the total if it is known: "1", "1/2". */
  disc?: string;
  /** Release date: "2024", "2024-05-31". */
  date?: string;
  /** Genre. */
  genre?: string;
  /** Composer. */
  composer?: string;
  /** Performer, in addition to the artist. */
  performer?: string;
  /** Comment. */
  comment?: string;
  /** Description of the content. */
  description?: string;
  /** Copyright notice. */
  copyright?: string;
  /** Publisher. */
  publisher?: string;
  /** Lyrics. */
  lyrics?: string;
  /** Language, usually three letters ("eng"), usually of a stream. */
  language?: string;
  /** The program that made the file. */
  encoder?: string;
  /** Name of the series. */
  show?: string;
  /** Season number. */
  season?: string;
  /** Episode number. */
  episode?: string;
}

/** Tags to write: a string sets a tag, null removes one of the source. The muxer writes `encoder` itself. */
export type TagValues = { [Name in Exclude<keyof Tags, "encoder">]?: string | null };

/** Names of each tag: FFmpeg's first, then those of formats, in lower case and without separators. */
const NAMES: Readonly<Record<keyof Tags, readonly [ffmpeg: string, ...others: string[]]>> = {
  title: ["title", "inam", "name"],
  artist: ["artist", "iart", "author"],
  album: ["album", "iprd", "albumtitle", "product"],
  albumArtist: ["album_artist", "ensemble"],
  track: ["track", "tracknumber", "partnumber", "iprt", "itrk"],
  disc: ["disc", "discnumber", "partofset"],
  date: ["date", "year", "icrd", "datereleased", "releasedate", "tyer", "tdrc"],
  genre: ["genre", "ignr"],
  composer: ["composer", "writer"],
  performer: ["performer", "leadperformer"],
  comment: ["comment", "comments", "icmt"],
  description: ["description", "synopsis"],
  copyright: ["copyright", "icop"],
  publisher: ["publisher", "label", "organization"],
  lyrics: ["lyrics", "unsyncedlyrics"],
  language: ["language", "ilng"],
  encoder: ["encoder", "isft", "software", "encodedby"],
  show: ["show", "tvshow"],
  season: ["season_number", "season", "tvseason"],
  episode: ["episode_sort", "episode", "tvepisode"],
};

/** The names of {@linkcode TagValues}. */
const tagNames = Object.fromEntries(
  Object.keys(NAMES).filter((name) => name !== "encoder").map((name) => [name, true]),
) as Names<TagValues>;

/** Formats with a single field for comment and description; "synopsis" counts as description, not as comment. */
const SAME_COMMENT = new Set(["flac", "ogg", "oga", "ogv", "opus", "spx", "asf", "asf_stream", "wtv"]);

/** mp4's code for no language. */
const UNDETERMINED = "und";

/** Names of totals, which some formats store separately. */
const TOTALS = {
  track: ["tracktotal", "totaltracks", "totalparts"],
  disc: ["disctotal", "totaldiscs"],
} as const;

/**
 * Normalizes a name: "ALBUM ARTIST", "album_artist" and "WM/AlbumArtist" are equal, and so are "lyrics" and
 * "lyrics-eng".
 */
function plain(name: string): string {
  return name.toLowerCase().replace(/^wm\//, "").replace(/^lyrics-.*$/, "lyrics").replaceAll(/[ _-]/g, "");
}

/** Something with tags. */
export interface Tagged {
  /** Tags under the format's own names. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The streams, if it is a file. */
  readonly streams?: readonly {
    readonly metadata: Readonly<Record<string, string>>;
    readonly disposition?: readonly string[];
  }[];
  /** The format, if it is a file. */
  readonly format?: { readonly name: string };
}

/**
 * Returns the tags of a file, a stream, a chapter or a program under common names: `TPE2` in mp3, `aART` in mp4 and
 * `ALBUMARTIST` in FLAC are all `albumArtist`. Tags that Ogg stores in its only stream are returned as the file's.
 * `metadata` has all tags under the format's own names.
 *
 * ```ts
 * import { probeSync, tagsOf } from "@avio/avio";
 *
 * const info = probeSync("fixtures/cover.mp3");
 * console.log(info.tags.title, info.tags.artist);
 * console.log(info.streams.map((stream) => tagsOf(stream).language));
 * ```
 *
 * @param tagged A result of `probe`, a Demuxer, a stream, a chapter or a program.
 * @returns The tags.
 * @throws {TypeError} It has no `metadata`.
 */
export function tagsOf(tagged: Tagged): Tags {
  const { metadata, streams = [], format } = checkObject(tagged, "tagged");
  const ofStream = format?.name === "ogg" ? oggTags(checkArray(streams, "tagged.streams")) : {};
  const found = new Map<string, string>();
  for (const tags of [checkRecord(metadata, "tagged.metadata"), ofStream]) {
    for (const [name, value] of Object.entries(tags)) {
      if (!found.has(plain(name))) found.set(plain(name), value);
    }
  }
  const tags: Tags = {};
  for (const [tag, names] of Object.entries(NAMES) as [keyof Tags, readonly string[]][]) {
    const value = names.map((name) => found.get(plain(name))).find((value) => value !== undefined);
    const isSaid = value !== undefined && !(tag === "language" && value === UNDETERMINED);
    if (isSaid) tags[tag] = withTotal(found, tag, value);
  }
  return tags;
}

/** Ogg stores the tags of a song in its stream; covers, stored in a tag, are separate streams for FFmpeg. */
function oggTags(streams: NonNullable<Tagged["streams"]>): Readonly<Record<string, string>> {
  const songs = streams.filter(({ disposition }) => !disposition?.includes("attached_pic"));
  const tagged = songs.find(({ metadata }) =>
    Object.keys(metadata).some((name) => !["language", "encoder"].includes(plain(name)))
  );
  return (tagged ?? songs[0])?.metadata ?? {};
}

/** "3" of "12" is "3/12". */
function withTotal(found: ReadonlyMap<string, string>, tag: keyof Tags, value: string): string {
  if ((tag !== "track" && tag !== "disc") || value.includes("/")) return value;
  const total = TOTALS[tag].map((name) => found.get(name)).find((count) => count !== undefined);
  return total === undefined ? value : `${value}/${total}`;
}

// ------------------------------------------------------------------------------------------- writing

/** Checks changes to tags; returns a copy. */
export function checkTagValues(tags: TagValues, name: string): TagValues {
  const checked = readFields(tags, tagNames, name, "tag");
  for (const [tag, value] of Object.entries(checked)) {
    if (value !== null) checkString(value, `${name}.${tag}`);
  }
  return checked;
}

/** Tags under FFmpeg's names, which the format's muxer converts. */
export function rawTags(tags: TagValues, format: string): Record<string, string> {
  const nameOf = (tag: keyof Tags) =>
    tag === "description" && SAME_COMMENT.has(format) ? "synopsis" : NAMES[tag][0];
  return Object.fromEntries(
    entriesOf(tags).flatMap(([tag, value]) => value === null ? [] : [[nameOf(tag), value]]),
  );
}

/**
 * Tags of a source under names that the output's muxer knows: avi calls an album "product", which no muxer knows. Formats
 * with a single field for comment and description keep the comment.
 */
export function tagsToKeep(
  metadata: Readonly<Record<string, string>>,
  format: string,
): Record<string, string> {
  const renamed = new Map([["product", NAMES.album[0]]]);
  if (SAME_COMMENT.has(format)) renamed.set("description", "synopsis");
  const entries = Object.entries(metadata);
  const moved = entries.flatMap(([name, value]) => {
    const to = renamed.get(name.toLowerCase());
    return to === undefined ? [] : [[to, value] as const];
  });
  const gone = new Set([...renamed.keys(), ...moved.map(([name]) => name)]);
  return Object.fromEntries([...entries.filter(([name]) => !gone.has(name.toLowerCase())), ...moved]);
}

/** Applies changes to tags: a changed tag is removed under all its names, and set under FFmpeg's name. */
export function withTagValues(
  metadata: Readonly<Record<string, string>>,
  changes: TagValues,
  format: string,
): Record<string, string> {
  const names = entriesOf(changes).flatMap(([tag]) => [
    ...NAMES[tag],
    ...(tag === "track" || tag === "disc" ? TOTALS[tag] : []),
  ]);
  const gone = new Set(names.map(plain));
  const kept = Object.entries(metadata).filter(([name]) => !gone.has(plain(name)));
  return { ...Object.fromEntries(kept), ...rawTags(changes, format) };
}

/** The tags without those of the same names, which are to replace them: Ogg's muxer keeps those of a stream. */
export function withoutNames(
  metadata: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = new Set(Object.keys(others).map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !names.has(name.toLowerCase())));
}

function entriesOf(tags: TagValues): [keyof Tags, string | null][] {
  return Object.entries(tags).filter(([, value]) => value !== undefined) as [keyof Tags, string | null][];
}
