/**
 * Tags by one vocabulary over all formats: read out of what each format calls them and where it keeps them, and written under
 * the names that FFmpeg gives to each format in its own words.
 */
import { checkArray, checkNames, checkObject, checkString, type Names } from "../io/arguments.ts";

/** Tags of a file, a stream or a chapter, by one vocabulary whatever the format calls them; what there is not is not there. */
export interface Tags {
  /** Of the song, the film, the stream, the chapter. */
  title?: string;
  /** Who plays or sings. */
  artist?: string;
  /** What it is a part of. */
  album?: string;
  /** Whose album it is. */
  albumArtist?: string;
  /** Number within the album, with how many there are where that is known: "3", "3/12". */
  track?: string;
  /** Number of the disc, with how many there are where that is known: "1", "1/2". */
  disc?: string;
  /** When it was made public: "2024", "2024-05-31". */
  date?: string;
  /** Kind of music or film. */
  genre?: string;
  /** Who wrote it. */
  composer?: string;
  /** Who performs it, beside the artist. */
  performer?: string;
  /** What anybody has to say of it. */
  comment?: string;
  /** What it is about. */
  description?: string;
  /** Whose right it is. */
  copyright?: string;
  /** Who has published it. */
  publisher?: string;
  /** Its words. */
  lyrics?: string;
  /** Its language, mostly by three letters: "eng"; mostly of a stream. */
  language?: string;
  /** The program that has made the file. */
  encoder?: string;
  /** The series. */
  show?: string;
  /** Number of the season. */
  season?: string;
  /** Number of the episode. */
  episode?: string;
}

/** Tags to write: a string sets a tag, null takes away one that the source has. The muxer writes `encoder` itself. */
export type TagValues = { [Name in Exclude<keyof Tags, "encoder">]?: string | null };

/** What a tag is called: by FFmpeg, then by formats, in lower case and without what separates words. */
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

/** Formats that have one place for a comment and a description; "synopsis" is a description for us, and no comment. */
const SAME_COMMENT = new Set(["flac", "ogg", "oga", "ogv", "opus", "spx", "asf", "asf_stream", "wtv"]);

/** The language that mp4 has where it has none. */
const UNDETERMINED = "und";

/** How many there are, where a format says that apart. */
const TOTALS = {
  track: ["tracktotal", "totaltracks", "totalparts"],
  disc: ["disctotal", "totaldiscs"],
} as const;

/** "ALBUM ARTIST", "album_artist" and "WM/AlbumArtist" are the same, and so are "lyrics" and "lyrics-eng". */
function plain(name: string): string {
  return name.toLowerCase().replace(/^wm\//, "").replace(/^lyrics-.*$/, "lyrics").replaceAll(/[ _-]/g, "");
}

/** What tags are read of. */
export interface Tagged {
  /** Tags as the format has them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of a file: its streams. */
  readonly streams?: readonly {
    readonly metadata: Readonly<Record<string, string>>;
    readonly disposition?: readonly string[];
  }[];
  /** Of a file: its format. */
  readonly format?: { readonly name: string };
}

/**
 * The tags of a file, a stream, a chapter or a program by one vocabulary, whatever the format calls them: `TPE2` of mp3,
 * `aART` of mp4 and `ALBUMARTIST` of FLAC are `albumArtist`. Tags that Ogg keeps at its only stream are the file's.
 * `metadata` has them all, as the format has them.
 *
 * ```ts
 * import { probeSync, tagsOf } from "@avio/avio";
 *
 * const info = probeSync("fixtures/cover.mp3");
 * console.log(info.tags.title, info.tags.artist);
 * console.log(info.streams.map((stream) => tagsOf(stream).language));
 * ```
 *
 * @param tagged What has tags.
 * @returns Those that there are.
 * @throws {TypeError} It has no tags.
 */
export function tagsOf(tagged: Tagged): Tags {
  const { metadata, streams = [], format } = checkObject(tagged, "tagged");
  const ofStream = format?.name === "ogg" ? oggTags(checkArray(streams, "tagged.streams")) : {};
  const found = new Map<string, string>();
  for (const tags of [checkObject(metadata, "tagged.metadata"), ofStream]) {
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

/** Ogg has the tags of a song with its stream; covers, which are in a tag, are streams for FFmpeg. */
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

/** Changes to tags, checked. */
export function checkTagValues(tags: TagValues, name: string): TagValues {
  checkNames(checkObject(tags, name), tagNames, name, "tag");
  for (const [tag, value] of Object.entries(tags)) {
    if (value !== null && value !== undefined) checkString(value, `${name}.${tag}`);
  }
  return tags;
}

/** Tags as FFmpeg calls them, which the muxer of the format has names of its own for. */
export function rawTags(tags: TagValues, format: string): Record<string, string> {
  const nameOf = (tag: keyof Tags) =>
    tag === "description" && SAME_COMMENT.has(format) ? "synopsis" : NAMES[tag][0];
  return Object.fromEntries(
    entriesOf(tags).flatMap(([tag, value]) => value === null ? [] : [[nameOf(tag), value]]),
  );
}

/**
 * Tags of a source by names under which an output of the format keeps them: avi calls an album "product", which no muxer
 * knows, and where comment and description have one place the comment gets it.
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

/** Tags with changes: whatever a changed tag was called, it is gone, or there by FFmpeg's name. */
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

function entriesOf(tags: TagValues): [keyof Tags, string | null][] {
  return Object.entries(tags).filter(([, value]) => value !== undefined) as [keyof Tags, string | null][];
}
