/**
 * Tags that the program sets are in the output, or a warning names them (`format/holds.ts`).
 */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Chapter,
  concatSync,
  fromMap,
  type MapFile,
  MemorySink,
  merge,
  Muxer,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  splitSync,
  StrictError,
  type Tags,
  type TagValues,
} from "@avio/avio";
import { fixturePath } from "./support/fixtures.ts";

const all = {
  title: "a title",
  artist: "an artist",
  album: "an album",
  albumArtist: "several",
  track: "3/12",
  disc: "1/2",
  date: "2024",
  genre: "Jazz",
  composer: "a composer",
  performer: "a performer",
  comment: "a comment",
  copyright: "nobody",
  publisher: "a publisher",
  lyrics: "la la",
  show: "a show",
  season: "2",
  episode: "7",
} satisfies TagValues;

/** A file that the format can hold. */
const SOURCES: Record<string, string> = {
  mp4: "video.mp4",
  ipod: "video.mp4",
  mov: "video.mp4",
  "3gp": "video.mp4",
  f4v: "video.mp4",
  ismv: "video.mp4",
  matroska: "video.mp4",
  nut: "video.mp4",
  flv: "video.mp4",
  asf: "video.avi",
  avi: "video.avi",
  mpegts: "video.ts",
  mpeg: "video.avi",
  vob: "video.avi",
  wav: "audio.wav",
  w64: "audio.wav",
  caf: "audio.wav",
  aiff: "audio.wav",
  mp3: "audio.mp3",
  flac: "audio.flac",
  ogg: "audio.ogg",
  webm: "video.webm",
  h264: "video.mp4",
  adts: "video.mp4",
  image2pipe: "image.jpeg",
  mxf: "video.mp4",
  rm: "audio.mp3",
  s16le: "audio.wav",
  latm: "video.mp4",
};

/** Raw formats get one stream only. */
const ONE: Record<string, RemuxOptions> = { h264: { streams: [0] } };

const lettersOf = (tag: string) => tag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** The names that avio's warning has for a tag. */
const namesOf = (tag: string) => [lettersOf(tag), `${tag}_number`, `${tag}_sort`];

for (const [format, name] of Object.entries(SOURCES)) {
  Deno.test(`${format}: each tag that is set is stored, or a warning says that it isn't`, () => {
    for (const tag of Object.keys(all) as (keyof typeof all)[]) {
      if (format === "3gp" && tag === "date") continue; // stored as a number
      const sink = new MemorySink();
      let warnings;
      try {
        const options: RemuxOptions = { format, tags: { [tag]: all[tag] } };
        ({ warnings } = remuxSync(fixturePath(name), sink, { ...options, ...ONE[format] }));
      } catch (error) {
        if (/can't hold/.test(String(error))) return; // nor any other tag
        throw error;
      }
      const { message = "" } = warnings.find(({ message }) => message.includes("can't hold them")) ?? {};
      const isNamed = namesOf(tag).some((name) => message.endsWith(`can't hold them: ${name}`));
      const bytes = sink.bytes();
      const stored = storedIn(bytes, all[tag]);
      assertEquals(stored, !isNamed, `${tag}: ${message}`);
    }
  });
}

/** Whether the file has a tag with that text, under whatever name; FFmpeg does not read those of 3gp. */
function storedIn(bytes: Uint8Array<ArrayBuffer>, text: string): boolean {
  const decoded = new TextDecoder().decode(bytes);
  if (text.length > 3 && (decoded.includes(`${text}\0`) || decoded.includes(`>${text}<`))) return true;
  let info;
  try {
    info = probeSync(bytes);
  } catch {
    return false;
  }
  const records = [info, ...info.streams, ...info.programs].map(({ metadata }) => Object.values(metadata));
  return [...records.flat(), ...Object.values(info.tags as Tags)].includes(text);
}

Deno.test("A warning of tags names up to ten, is of kind dropped, and an error with `strict`", async () => {
  const source = fixturePath("video.ts");
  const metadata = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`name${index}`, "x"]));
  const { warnings } = remuxSync(source, new MemorySink(), { format: "mpegts", metadata });
  const [{ kind, count, message }, ...others] = warnings as [typeof warnings[number]];
  assertEquals([kind, count, others], ["dropped", 300, []]);
  assertStringIncludes(message, "name9 and 290 more");
  assertStringIncludes(message, "tags are left out, mpegts can't hold them: name0, name1");
  const options = { format: "mpegts", tags: { artist: "somebody" }, strict: true };
  assertThrows(() => remuxSync(source, new MemorySink(), options), StrictError, "artist");
  await assertRejects(() => remux(source, new MemorySink(), options), StrictError, "artist");
});

Deno.test("merge, concat and split report tags that are left out, once", async () => {
  const source = fixturePath("video.ts");
  const options = { format: "mpegts", metadata: { artist: "somebody", "": "nothing" } };
  const merged = await merge([source], new MemorySink(), options);
  const joined = concatSync([source, source], new MemorySink(), options);
  const split = splitSync(source, { ...options, every: 1, onsegment: () => new MemorySink() });
  for (const { warnings } of [merged, joined, split]) {
    assertEquals(warnings.map(({ message }) => message.replace(/^sources\[0\]: /, "")), [
      "tags are left out, mpegts can't hold them: artist, ",
    ]);
  }
});

Deno.test("Nothing is reported of tags that a source has, that are removed, or that an option lets the muxer store", () => {
  const source = fixturePath("video.mp4");
  const cases: [RemuxOptions][] = [
    [{ format: "mpegts" }],
    [{ format: "framecrc", tags: { artist: "somebody" } }], // no media
    [{ format: "mp4", metadata: { timecode: "01:00:00:00" } }],
    [{ format: "mpegts", tags: { artist: null } }],
    [{ format: "mpegts", metadata: { artist: "" } }],
    [{ format: "mp4", metadata: { custom: "x" }, options: { movflags: "use_metadata_tags" } }],
    [{ format: "mp4", metadata: { encoder: "x", creation_time: "2024-01-01T00:00:00Z" } }],
  ];
  for (const [options] of cases) {
    assertEquals(remuxSync(source, new MemorySink(), options).warnings, [], JSON.stringify(options));
  }
  const kept = { format: "mpegts", metadata: { artist: "x" }, editMetadata: () => ({}) };
  assertEquals(remuxSync(source, new MemorySink(), kept).warnings, []);
  const wav = { format: "wav", metadata: { description: "x", ISRC: "y" }, options: { write_bext: 1 } };
  assertEquals(remuxSync(fixturePath("audio.wav"), new MemorySink(), wav).warnings, []);
});

/** With the options of a muxer: which of two tags are stored, and whether chapters are. */
const WITH_OPTIONS: [
  format: string,
  options: NonNullable<RemuxOptions["options"]>,
  title: boolean,
  performer: boolean,
  chapters: boolean,
][] = [
  ["mp3", { id3v2_version: 0 }, false, false, false],
  ["mp3", { id3v2_version: 3 }, true, true, true],
  ["aiff", { write_id3v2: 0 }, true, false, false],
  ["aiff", {}, true, true, true],
  ["adts", { write_id3v2: 1 }, true, true, true],
  ["adts", { write_apetag: true }, true, true, false],
  ["flac", { write_header: 0 }, false, false, false],
  ["flv", { flvflags: "no_metadata" }, false, false, false],
  ["flv", { flvflags: "no_metadata-no_metadata" }, true, true, false],
  ["wav", { write_bext: 1 }, true, false, false],
  ["mp4", { movflags: "-use_metadata_tags" }, true, false, true],
  ["mp4", { movflags: "+faststart+use_metadata_tags" }, true, true, true],
  ["3gp", { movflags: "use_metadata_tags" }, true, false, true],
  ["3gp", { movflags: "disable_chpl" }, true, false, false],
  ["f4v", { movflags: "disable_chpl" }, true, false, false],
  ["hls", {}, true, false, false],
  ["hls", { hls_segment_type: "fmp4" }, true, false, false],
  ["dash", {}, true, false, false],
  ["segment", {}, true, false, false],
  ["segment", { segment_format: "matroska" }, true, true, false],
  [
    "segment",
    { segment_format: "mp4", segment_format_options: "movflags=use_metadata_tags" },
    true,
    true,
    false,
  ],
];

/** Names of outputs of several files. */
const NAMES: Record<string, string> = { hls: "a.m3u8", dash: "a.mpd", segment: "a%03d.ts" };

for (const [format, options, title, performer, chapters] of WITH_OPTIONS) {
  Deno.test(`${format} ${JSON.stringify(options)}: what it stores is known`, () => {
    const isHeld = (more: RemuxOptions, text: string, what: RegExp) => {
      const sink = new MemorySink(), files = new Map<string, MapFile>(), url = NAMES[format];
      const nested = url === undefined ? {} : { url, onopen: fromMap(files) };
      const source = fixturePath(SOURCES[format] ?? "video.mp4");
      const { warnings } = remuxSync(source, sink, { format, options, ...nested, ...more });
      const all = [sink, ...files.values()].map((file) => (file as MemorySink).bytes());
      const isThere = all.some((bytes) => storedIn(bytes, text) || hasChapter(bytes, text));
      assertEquals(warnings.some(({ message }) => what.test(message)), !isThere, JSON.stringify(warnings));
      return isThere;
    };
    const chapter: Chapter = { id: 1, start: 0, end: 1, metadata: { title: "a chapter" } };
    assertEquals([
      isHeld({ metadata: { title: "some title" } }, "some title", /tags are left out/),
      isHeld({ metadata: { performer: "some performer" } }, "some performer", /tags are left out/),
      isHeld({ chapters: [chapter] }, "a chapter", /chapters are left out/),
    ], [title, performer, chapters]);
  });
}

function hasChapter(bytes: Uint8Array<ArrayBuffer>, title: string): boolean {
  try {
    return probeSync(bytes).chapters.some(({ metadata }) => metadata.title === title);
  } catch {
    return false;
  }
}

Deno.test("3gp has no fields for the maker and XMP, nor mp4's kin for the timecode; a date is lost where none is stored", () => {
  const cases: [
    format: string,
    source: string,
    name: string,
    value: string,
    options?: Record<string, number>,
  ][] = [
    ["3gp", "video.mp4", "make", "a maker"],
    ["3g2", "video.mp4", "keywords", "some, words"],
    ["3gp", "video.mp4", "xmp", "<xmp>"],
    ["ipod", "video.mp4", "timecode", "01:00:00:00"],
    ["mp4", "video.mp4", "timecode", "01:00:00:00", { write_tmcd: 0 }],
    ["wav", "audio.wav", "creation_time", "2024-01-01T00:00:00Z"],
    ["mpegts", "video.ts", "creation_time", "2024-01-01T00:00:00Z"],
  ];
  for (const [format, source, name, value, options = {}] of cases) {
    const set: RemuxOptions = { format, metadata: { [name]: value }, options };
    const { warnings } = remuxSync(fixturePath(source), new MemorySink(), set);
    assertEquals(warnings.map(({ message }) => message), [
      `tags are left out, ${format} can't hold them: ${name}`,
    ]);
  }
  const held = { format: "ipod", metadata: { timecode: "01:00:00:00" }, options: { write_tmcd: 1 } };
  assertEquals(remuxSync(fixturePath("video.mp4"), new MemorySink(), held).warnings, []);
});

Deno.test("Tags that editMetadata sets are reported, not those that it takes away", () => {
  const source = fixturePath("video.ts");
  const options: RemuxOptions = {
    format: "mpegts",
    metadata: { artist: "somebody" },
    editMetadata: ({ artist: _, ...tags }) => ({ ...tags, composer: "somebody" }),
  };
  for (const { warnings } of [remuxSync(source, new MemorySink(), options)]) {
    assertEquals(warnings.map(({ message }) => message), [
      "tags are left out, mpegts can't hold them: composer",
    ]);
  }
});

Deno.test("Chapters that are set are reported where they can't be stored, also if only a part of the source is kept", () => {
  const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "one" } }];
  const options: RemuxOptions = { format: "mpegts", streams: [0], chapters };
  const { warnings } = remuxSync(fixturePath("video.ts"), new MemorySink(), options);
  assertEquals(warnings.map(({ message }) => message), ["the chapters are left out: mpegts can't hold them"]);
});

Deno.test("A Muxer's warnings name the tags and chapters that its format can't hold", () => {
  const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "One" } }];
  const messages = (format: string, later: boolean) => {
    const settings = { format, tags: { title: "Film", artist: "Ann" }, ...(later ? {} : { chapters }) };
    using muxer = Muxer.openSync(new MemorySink(), settings);
    if (later) muxer.addChapters(chapters);
    return muxer.warnings.map(({ message }) => message);
  };
  for (const later of [false, true]) {
    assertEquals(messages("mpegts", later), [
      "tags are left out, mpegts can't hold them: artist",
      "the chapters are left out: mpegts can't hold them",
    ]);
    assertEquals(messages("matroska", later), []);
    assertEquals(messages("null", later), []);
  }
});
