/**
 * What muxers can store of a file's tags, and whether of chapters. Tags that the program sets, and that are left out, are reported;
 * tags of a source are kept where that is possible, and left out without a warning. So is "encoder", which muxers replace.
 * `holds_stream.ts` has what belongs to a stream, `holds_chapters.ts` what is stored of chapters.
 */
import type { Session } from "../ffi/session.ts";
import { guessFormat, versions } from "./formats.ts";

/** The words of a text. */
export const setOf = (words: string): ReadonlySet<string> => new Set(words.split(" "));

/** An output: its muxer, the name of its file, and its muxer's options. */
export interface Written {
  format: string;
  url?: string | undefined;
  options?: Readonly<Record<string, unknown>> | undefined;
}

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

/** Whether chapters can be in the output. */
export function canHoldChapters(output: Written): boolean {
  const change = changesOf(output).find(({ chapters }) => chapters !== undefined);
  return change?.chapters ?? HOLD_CHAPTERS.has(output.format);
}

/** The tags of mov, which has a field for each. */
const MOV =
  "artist title author album date comment genre copyright make model location keywords xmp creation_time";

/** The tags of 3gp. */
const THREE_GP = "artist title author album date comment genre copyright location creation_time";

/** The tags of iTunes. */
const ITUNES =
  "title artist album_artist composer album date encoding_tool comment genre copyright grouping lyrics description " +
  "synopsis show episode_id network keywords episode_sort season_number media_type hd_video gapless_playback compilation " +
  "track disc tmpo location creation_time";

/** The tags of RIFF's INFO; a field's own name is also one. */
const RIFF = setOf("artist comment copyright date genre language title album track timecode encoded_by");

/** What the broadcast extension of wav has beside them. */
const BROADCAST = setOf(
  "description originator originator_reference origination_date origination_time time_reference umid coding_history",
);

/** The tags of MXF; those that begin with "comment_" are, too. */
const MXF = setOf(
  "company_name product_name product_version material_package_name reel_name timecode creation_time",
);

/** What flv has of its own, and does not take from tags. */
const OF_FLV = setOf(
  "width height videodatarate framerate videocodecid audiodatarate audiosamplerate audiosamplesize stereo audiocodecid " +
    "duration datasize lasttimestamp totalframes",
);

/** Whether a tag can be stored, by its name in lower case. */
type Holds = (name: string) => boolean;

/** Whether a tag would be stored as something else. */
type Spoils = (name: string, value: string) => boolean;

const all: Holds = () => true;
const none: Holds = () => false;
const only = (words: string): Holds => {
  const names = setOf(words);
  return (name) => names.has(name);
};
const riff: Holds = (name) => RIFF.has(name) || /^i[a-z0-9]{3}$/.test(name);
/** It states the duration itself. */
const matroska: Holds = (name) => name !== "duration";
const flv: Holds = (name) => !OF_FLV.has(name);
const mxf: Holds = (name) => MXF.has(name) || name.startsWith("comment_");

/** What muxers can store that have fields for some tags, by FFmpeg's names. */
const HOLD_SOME: Readonly<Record<string, Holds>> = {
  "3g2": only(THREE_GP),
  "3gp": only(THREE_GP),
  aea: only("title"),
  au: only("title artist album track genre"),
  avi: riff,
  avif: only("creation_time"),
  dash: only("title"),
  dv: only("timecode creation_time"),
  f4v: only(ITUNES),
  flv,
  gxf: only("timecode creation_time"),
  ipod: only(ITUNES),
  ismv: only(ITUNES),
  matroska,
  mov: only(`${MOV} timecode`),
  mp4: only(`${ITUNES} timecode`),
  mpegts: only("title service_name service_provider"),
  mxf,
  mxf_d10: mxf,
  mxf_opatom: mxf,
  psp: only("title creation_time"),
  rm: only("title author copyright comment"),
  sox: only("comment"),
  wav: riff,
  webm: matroska,
  webm_chunk: matroska,
  webm_dash_manifest: matroska,
};

/** Muxers that store all. */
const HOLD_ALL = setOf(
  "aiff asf asf_stream caf ffmetadata flac lrc mp3 nut oga ogg ogv oma opus rtp rtp_mpegts smjpeg spx tta wtv wv",
);

/** What muxers write themselves. */
export const OWN = setOf("encoder major_brand minor_version compatible_brands");

const encoder = new TextEncoder();

/** Whether a text has more bytes than that in UTF-8. */
export function isOver(bytes: number, text: string): boolean {
  return text.length > bytes || text.length * 3 > bytes && encoder.encode(text).length > bytes;
}

/** What a length of 16 bits can state. */
export const MAX_BYTES = 65535;
/** The same in UTF-16, with a NUL. */
export const MAX_UNITS = 32766;

const overBytes: Spoils = (name, value) => isOver(MAX_BYTES, name) || isOver(MAX_BYTES, value);
const overUnits: Spoils = (name, value) => name.length > MAX_UNITS || value.length > MAX_UNITS;

/** The largest numbers of tags of iTunes, which has numbers for them. Seasons and episodes have 32 bits, but see below. */
const ITUNES_NUMBERS: Readonly<Record<string, number>> = {
  track: 32767,
  disc: 32767,
  tmpo: 65535,
  season_number: 2 ** 31 - 1,
  episode_sort: 2 ** 31 - 1,
  media_type: 255,
  hd_video: 255,
  gapless_playback: 255,
  compilation: 255,
};

/** Of a system's FFmpeg. */
const OF_SYSTEM: typeof ITUNES_NUMBERS = { ...ITUNES_NUMBERS, season_number: 255, episode_sort: 255 };

/** Whether 0 is no number of it. */
const isOrdinal = (name: string) => name === "track" || name === "disc";

const isNoNumber: Spoils = (name, value) => {
  const numbers = versions().build === "system" ? OF_SYSTEM : ITUNES_NUMBERS;
  if (!Object.hasOwn(numbers, name)) return false;
  const max = numbers[name]!;
  const [, first = "", , second = "0"] = value.match(/^\s*(\d+)([^/]*\/\s*(\d+))?/) ?? [];
  const isNone = first === "" || (isOrdinal(name) && Number(first) === 0);
  return isNone || Number(first) > max || Number(second) > max;
};

/** Tags that muxers would spoil: they would get a wrong length, and damage what follows, or another name or number. */
const SPOILED: readonly { formats: ReadonlySet<string>; spoils: Spoils }[] = [
  { formats: setOf("flv"), spoils: overBytes },
  { formats: setOf("mov"), spoils: overBytes },
  { formats: setOf("asf asf_stream mxf mxf_d10 mxf_opatom"), spoils: overUnits },
  { formats: setOf("flac oga ogg ogv opus spx"), spoils: (name) => name.includes("=") },
  { formats: setOf("f4v ipod ismv mp4"), spoils: isNoNumber },
  // A longer text is an error for readers, who can't open the file.
  { formats: setOf("smjpeg"), spoils: (name, value) => isOver(MAX_TEXT, `${name} = ${value}`) },
  { formats: setOf("3g2 3gp"), spoils: (name, value) => name === "date" && !hasYear(value) },
];

/** Bytes of a text in smjpeg. */
const MAX_TEXT = 512;

/** Whether a date begins with a year, which has 16 bits in 3gp. */
const hasYear = (date: string) => {
  const year = parseInt(date);
  return year > 0 && year < 65536;
};

/** Tags of which only a part is stored: of a date in 3gp the year. */
const isCut = ({ format }: Written, name: string, value: string) =>
  /^3g[2p]$/.test(format) && name === "date" && !/^\s*\d+\s*$/.test(value);

/** What an option changes of what a muxer stores. */
interface Change {
  formats: ReadonlySet<string>;
  option: string;
  /** Whether the option's value does it. */
  when: (value: string) => boolean;
  /** What is stored instead. */
  tags?: Holds;
  /** What is stored, too. */
  more?: Holds;
  /** Whether chapters are stored. */
  chapters?: boolean;
}

const isOn = (value: string) => /^(1|y|yes|true|on|enabled?)$/i.test(value);
const isOff = (value: string) => /^(0|n|no|false|off|disabled?)$/i.test(value);
/** Whether a flag is set: the last mention counts. */
const hasFlag = (flag: string) => (value: string) =>
  [...value.matchAll(/([+-]?)([a-z0-9_]+)/gi)].findLast(([, , name]) => name === flag)?.[1]?.match(/^\+?$/) !=
    null;

const CHANGES: readonly Change[] = [
  {
    formats: setOf("mp3"),
    option: "id3v2_version",
    when: (value) => value === "0",
    tags: none,
    chapters: false,
  },
  {
    formats: setOf("aiff"),
    option: "write_id3v2",
    when: isOff,
    tags: only("title author copyright comment"),
    chapters: false,
  },
  { formats: setOf("adts"), option: "write_id3v2", when: isOn, tags: all, chapters: true },
  { formats: setOf("adts"), option: "write_apetag", when: isOn, tags: all },
  { formats: setOf("flac"), option: "write_header", when: isOff, tags: none },
  { formats: setOf("flv"), option: "flvflags", when: hasFlag("no_metadata"), tags: none },
  { formats: setOf("wav"), option: "write_bext", when: isOn, more: (name) => BROADCAST.has(name) },
  {
    formats: setOf("f4v ipod ismv mov mp4"),
    option: "movflags",
    when: hasFlag("use_metadata_tags"),
    tags: all,
  },
  { formats: setOf("mov"), option: "write_tmcd", when: isOff, tags: only(MOV) },
  { formats: setOf("mp4"), option: "write_tmcd", when: isOff, tags: only(ITUNES) },
  {
    formats: setOf("3g2 3gp f4v ipod ismv psp"),
    option: "write_tmcd",
    when: isOn,
    more: (name) => name === "timecode",
  },
  { formats: setOf("3g2 3gp f4v ismv"), option: "movflags", when: hasFlag("disable_chpl"), chapters: false },
];

/** What the output's options change. */
function changesOf({ format, options = {} }: Written): Change[] {
  return CHANGES.filter(({ formats, option, when }) =>
    formats.has(format) && options[option] !== undefined && when(String(options[option]).trim())
  );
}

const SEGMENTS = /^(stream_|s)?segment\b/;

/** The files that have the tags: those of segments, with their own options. */
export function filesOf(output: Written): Written {
  const { format, url = "", options = {} } = output;
  if (format === "hls") {
    const isMp4 = /^(fmp4|1)$/.test(String(options.hls_segment_type ?? ""));
    return { format: isMp4 ? "mp4" : "mpegts", options: listedIn(options.hls_segment_options) };
  }
  if (!SEGMENTS.test(format)) return output;
  const named = options.segment_format === undefined ? undefined : String(options.segment_format);
  const files = named ?? guessFormat({ fileName: url })?.name ?? format;
  return { format: files, options: listedIn(options.segment_format_options) };
}

/** The options of segments, which are one text: "movflags=faststart:write_tmcd=0". */
function listedIn(text: unknown): Record<string, string> {
  const pairs = typeof text === "string" ? text.split(":").map((pair) => pair.split("=")) : [];
  return Object.fromEntries(pairs.map(([name = "", ...value]) => [name, value.join("=")]));
}

/** Names in a message. */
const MAX_NAMES = 10;

/** How messages begin. */
export const LEFT_OUT = "tags are left out, ", ROLES_LEFT_OUT = "dispositions are left out, ";

/** The tags without those that the muxer would spoil. */
export function withoutSpoiled(output: Written, tags: Readonly<Record<string, string>>): [string, string][] {
  const isSpoiled = spoiledBy(filesOf(output));
  return Object.entries(tags).filter(([name, value]) => !isSpoiled(name.toLowerCase(), value));
}

/** Warns about tags that are set, and that the output can't store. */
export function warnOfTags(
  session: Session,
  output: Written,
  tags: Readonly<Record<string, string>>,
): void {
  const files = filesOf(output);
  const canHold = tagsHeldBy(files), isSpoiled = spoiledBy(files);
  const isLost = (name: string, value: string) =>
    !canHold(name) || isSpoiled(name, value) || isCut(files, name, value);
  const lost = Object.entries(tags).filter(([name, value]) =>
    value !== "" && isLost(name.toLowerCase(), value)
  );
  if (lost.length > 0) {
    warnOf(
      session,
      lost.map(([name]) => name),
      `${LEFT_OUT}${output.format} can't hold them`,
    );
  }
}

/** Warns about what is left out. */
export function warnOf(
  session: Session,
  names: readonly string[],
  words: string,
  { source = 0, stream = null }: { source?: number; stream?: number | null } = {},
): void {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  const warning = { kind: "dropped", source, stream, count: names.length, log: null } as const;
  session.warnings.add(warning, `${words}: ${shown}${more}`);
}

/** Whether it is such a warning, also of a stream's tags or dispositions. */
export function isOfTags({ message }: { message: string }): boolean {
  return message.includes(LEFT_OUT) || message.includes(ROLES_LEFT_OUT);
}

/** Which tags of the file can be stored. */
export function tagsHeldBy(files: Written): Holds {
  const { format } = files;
  const changes = changesOf(files);
  const usual = HOLD_ALL.has(format) || !holdsMedia(format) ? all : HOLD_SOME[format] ?? none;
  const held = [
    changes.find(({ tags }) => tags !== undefined)?.tags ?? usual,
    ...changes.flatMap(({ more }) => more ?? []),
  ];
  return (name) => OWN.has(name) || held.some((holds) => holds(name));
}

function spoiledBy(files: Written): Spoils {
  const found = SPOILED.filter(({ formats }) => formats.has(files.format));
  // As a list of texts, with lengths of 32 bits.
  const isListed = changesOf(files).some(({ option, tags }) => option === "movflags" && tags === all);
  return (name, value) => !isListed && found.some(({ spoils }) => spoils(name, value));
}
