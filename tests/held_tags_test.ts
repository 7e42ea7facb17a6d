/**
 * Tags that the program sets are in the output, or a warning names them (`format/holds.ts`).
 */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Chapter,
  concatSync,
  Demuxer,
  fromMap,
  IOContext,
  type MapFile,
  MemorySink,
  merge,
  mergeSync,
  Muxer,
  probeSync,
  remux,
  type RemuxOptions,
  remuxSync,
  splitSync,
  type Stream,
  type StreamInit,
  type StreamLike,
  StrictError,
  type Tags,
  tagsOf,
  type TagValues,
} from "@avio/avio";
import { readerOf } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { box, type Bytes, joined } from "./support/pieces.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

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
      if (format === "3gp" && tag === "date" && !isEmbedded) continue; // stored as a number
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

/** Whether the file has a tag with that text, under whatever name; other versions of FFmpeg do not read those of 3gp. */
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

/** A value with that many bytes. */
const long = (bytes: number) => "v".repeat(bytes);

Deno.test("A tag that the muxer would give a wrong length, another number or another name is left out with a warning", () => {
  const cases: [format: string, source: string, name: string, spoiled: string[], kept: string[]][] = [
    ["flv", "video.mp4", "artist", [long(65536), "ü".repeat(40_000)], [long(1000)]],
    ["mov", "video.mp4", "artist", [long(65536), long(70_000)], [long(65535), "ü".repeat(30_000)]],
    ["asf", "video.avi", "artist", [long(32767), long(70_000)], [long(32766)]],
    ["mp4", "video.mp4", "track", ["A5", "0", "70000", "5/70000", "32768", ""], [
      "5",
      "32767",
      "5/12",
      "5 / 12",
    ]],
    ["mp4", "video.mp4", "season_number", ["first", "3000000000", ...isEmbedded ? [] : ["300"]], ["0", "12"]],
    ["mp4", "video.mp4", "compilation", ["yes", "256"], ["1"]],
    ["flac", "audio.flac", "a=b", ["c"], []],
    ["ogg", "audio.ogg", "a=b", ["c"], []],
  ];
  for (const [format, source, name, spoiled, kept] of cases) {
    for (const value of [...spoiled, ...kept]) {
      const sink = new MemorySink();
      const metadata = { [name]: value, title: "a title" };
      const { warnings } = remuxSync(fixturePath(source), sink, { format, metadata });
      const info = probeSync(sink.bytes());
      const what = `${format} ${name} ${value.slice(0, 10)} ${value.length}`;
      const found = [info, ...info.streams].flatMap(({ metadata }) => metadata[name] ?? metadata.a ?? []);
      const number = value.replaceAll(" ", "");
      assertEquals(found.filter((text) => text !== number), [], what);
      assertEquals([found.length > 0, info.tags.title], [kept.includes(value), "a title"], what);
      const isNamed = warnings.some(({ message }) => message.endsWith(`can't hold them: ${name}`));
      assertEquals(isNamed, spoiled.includes(value) && value !== "", what);
    }
  }
  const options = { movflags: "use_metadata_tags" };
  const listed = { format: "mp4", metadata: { track: "A5" }, options };
  assertEquals(remuxSync(fixturePath("video.mp4"), new MemorySink(), listed).warnings, []);
});

Deno.test("A tag of a source that the muxer would spoil is left out, and the others are whole", () => {
  const source = new MemorySink();
  remuxSync(fixturePath("video.mp4"), source, {
    format: "matroska",
    metadata: { artist: long(70_000), title: "a title" },
  });
  for (const format of ["flv", "mov", "asf"]) {
    const sink = new MemorySink();
    remuxSync(source.bytes(), sink, { format });
    const { tags, warnings } = probeSync(sink.bytes());
    assertEquals([tags.title, tags.artist, warnings], ["a title", undefined, []], format);
  }
});

Deno.test({
  name: "Seasons and episodes of more than 255 are in mp4",
  ignore: !isEmbedded,
  fn() {
    const sink = new MemorySink();
    const tags = { season: "2024", episode: "70000" };
    assertEquals(remuxSync(fixturePath("video.mp4"), sink, { format: "mp4", tags }).warnings, []);
    const { season, episode } = probeSync(sink.bytes()).tags;
    assertEquals({ season, episode }, tags);
  },
});

const chapterOf = (title: string, index = 0, more = {}): Chapter => ({
  id: index + 1,
  start: index / 100,
  end: (index + 1) / 100,
  metadata: { title, ...more },
});

Deno.test("A title of a chapter that is too long is cut with a warning, and the next one is whole", () => {
  const cases: [format: string, source: string, bytes: number][] = [
    ["mp4", "video.mp4", 65535],
    ["mov", "video.mp4", 65535],
    ["3gp", "video.mp4", 255],
    ["f4v", "video.mp4", 255],
  ];
  for (const [format, source, bytes] of cases) {
    const titles = [long(bytes), long(bytes + 1), "ü".repeat(bytes), "last"];
    const sink = new MemorySink();
    const chapters = titles.map((title, index) => chapterOf(title, index));
    const { warnings } = remuxSync(fixturePath(source), sink, { format, chapters });
    assertEquals(warnings.map(({ count, message }) => `${count} ${message}`), [
      `2 titles of chapters are cut: ${format} has room for ${bytes} bytes`,
    ]);
    assertEquals(
      probeSync(sink.bytes()).chapters.map(({ metadata }) => metadata.title),
      [long(bytes), long(bytes), "ü".repeat(Math.floor(bytes / 2)), "last"],
      format,
    );
  }
});

Deno.test({
  name: "mp3: a long title of a chapter is read, and so is what follows it",
  ignore: !isEmbedded,
  fn() {
    for (const id3v2_version of [3, 4]) {
      for (const title of [long(90), long(100), long(127), long(128), long(300), "ü".repeat(9000)]) {
        const sink = new MemorySink();
        const chapters = [chapterOf(title, 0, { artist: long(200) }), chapterOf("last", 1)];
        remuxSync(fixturePath("cover.mp3"), sink, { format: "mp3", chapters, options: { id3v2_version } });
        const info = probeSync(sink.bytes());
        assertEquals(info.chapters.map(({ metadata }) => metadata), chapters.map(({ metadata }) => metadata));
        assertEquals(info.covers.length, 1);
        assertEquals(isConforming(sink.bytes(), id3v2_version), true);
      }
    }
  },
});

Deno.test({
  name: "mp3: chapters with sizes as FFmpeg wrote them are read, and so is what follows",
  ignore: !isEmbedded,
  fn() {
    for (const length of [100, 150, 300]) {
      const sink = new MemorySink();
      const chapters = [chapterOf(long(length), 0), chapterOf("last", 1)];
      remuxSync(fixturePath("cover.mp3"), sink, { format: "mp3", chapters });
      const bytes = sink.bytes();
      const at = new TextDecoder("latin1").decode(bytes).indexOf("CHAP") + 4;
      const [, , high = 0, low = 0] = bytes.subarray(at, at + 4);
      const size = high * 128 + low;
      bytes.set([size >> 8, size & 255], at + 2); // 8 bits in each byte
      const info = probeSync(bytes);
      assertEquals(info.chapters.map(({ metadata }) => metadata.title), [long(length), "last"]);
      assertEquals(info.covers.length, 1);
    }
  },
});

/** Whether the frames of the ID3 tag fill it, as its version counts their sizes. */
function isConforming(bytes: Uint8Array, version: number): boolean {
  const sizeAt = (at: number, bits: number) =>
    bytes.subarray(at, at + 4).reduce((size, byte) => size * 2 ** bits + byte, 0);
  const end = 10 + sizeAt(6, 7);
  let at = 10;
  while (at < end && bytes[at] !== 0) at += 10 + sizeAt(at + 4, version === 4 ? 7 : 8);
  return at <= end && bytes.subarray(at, end).every((byte) => byte === 0);
}

Deno.test("More chapters than a format has room for, and tags of chapters that it can't store, are reported", () => {
  const many = Array.from({ length: 300 }, (_, index) => chapterOf(`${index}`, index));
  for (const format of ["3gp", "f4v"]) {
    const sink = new MemorySink();
    const { warnings } = remuxSync(fixturePath("video.mp4"), sink, { format, chapters: many });
    assertEquals(warnings.map(({ kind, count }) => `${kind} ${count}`), ["dropped 45"]);
    assertEquals(probeSync(sink.bytes()).chapters.length, 255);
  }
  const chapters = [
    chapterOf("one", 0, { artist: "Ann", comment: "" }),
    chapterOf("two", 1, { artist: "Bob" }),
  ];
  for (
    const [format, isLost] of [["mp4", true], ["webm", true], ["matroska", false], ["nut", false]] as const
  ) {
    using muxer = Muxer.openSync(new MemorySink(), { format });
    muxer.addChapters(chapters);
    const words = `tags of chapters are left out, ${format} can't hold them: artist`;
    assertEquals(muxer.warnings.map(({ message }) => message), isLost ? [words] : [], format);
  }
});

Deno.test("Chapters that begin before 0 begin at 0, with a warning", () => {
  const metadata = { title: "one" };
  for (
    const [format, source] of [["nut", "video.mp4"], ["mp4", "video.mp4"], ["mp3", "audio.mp3"]] as const
  ) {
    const sink = new MemorySink();
    const chapters = [{ id: 1, start: -2, end: -1, metadata }, { id: 2, start: -1, end: 2, metadata }];
    const { warnings } = remuxSync(fixturePath(source), sink, { format, chapters });
    assertEquals(warnings.map(({ kind, count, message }) => `${kind} ${count} ${message}`), [
      "corrected 2 chapters that begin before 0 begin at 0",
    ]);
    const times = probeSync(sink.bytes()).chapters.map(({ start, end }) => `${start} ${end}`);
    assertEquals(times.at(-1), "0 2", format);
  }
});

const decoder = new TextDecoder();

Deno.test("A tag of a stream that is set is stored, or a warning names it", () => {
  const cases: [format: string, source: string, stored: string[], lost: string[]][] = [
    ["mp4", "video.mp4", ["language=fra", "title=a title", "handler_name=a handler"], [
      "language=pt-BR",
      "custom=x",
    ]],
    ["mov", "video.mp4", ["language=fra", "title=a title"], ["language=fr", "custom=x"]],
    ["ipod", "video.mp4", ["language=fra"], ["title=a title"]],
    ["matroska", "video.mp4", ["language=fra", "language=pt-BR", "title=a title", "custom=x"], []],
    ["webm", "video.webm", ["language=fra", "title=a title", "custom=x"], []],
    ["nut", "video.mp4", ["language=fra", "custom=x"], []],
    ["ogg", "audio.ogg", ["language=fra", "custom=x"], []],
    ["mpegts", "video.ts", ["language=fra"], ["language=fr", "title=a title"]],
    ["asf", "video.avi", ["language=fre", "language=fr"], ["language=french", "title=a title"]],
    ["avi", "video.avi", ["title=a title"], ["custom=x"]],
    ["flv", "video.mp4", [], ["language=fra", "title=a title"]],
    ["mp3", "audio.mp3", [], ["language=fra", "title=a title"]],
    ["wav", "audio.wav", [], ["language=fra"]],
    ["flac", "audio.flac", [], ["language=fra"]],
    ["vob", "video.avi", [], ["language=fra"]],
  ];
  for (const [format, source, stored, lost] of cases) {
    for (const tag of [...stored, ...lost]) {
      const [name, value] = tag.split("=") as [string, string];
      const sink = new MemorySink();
      const { streams } = probeSync(fixturePath(source));
      const { index } = streams.find(({ type }) => type === "audio") ?? streams[0]!;
      const choice = { index, metadata: { [name]: value } };
      const { warnings } = remuxSync(fixturePath(source), sink, { format, streams: [choice] });
      const isLost = lost.includes(tag);
      const words = `stream ${index}: tags are left out, ${format} can't hold them: ${name}`;
      assertEquals(warnings.map(({ message }) => message), isLost ? [words] : [], `${format} ${tag}`);
      const bytes = sink.bytes();
      const found = Object.values(probeSync(bytes).streams[0]!.metadata);
      // FFmpeg reads no titles of AVI, and before 9 none of tracks of mp4.
      const isThere = name === "title"
        ? decoder.decode(bytes).includes(value)
        : found.includes(value === "fr" ? "fre" : value);
      assertEquals(isThere, !isLost, `${format} ${tag}`);
    }
  }
  const merged = mergeSync(
    [fixturePath("video.ts"), {
      source: fixturePath("video.mp4"),
      streams: [{ index: 1, metadata: { title: "x" } }],
    }],
    new MemorySink(),
    { format: "mpegts" },
  );
  assertEquals(merged.warnings.map(({ source, stream, message }) => ({ source, stream, message })), [{
    source: 1,
    stream: 1,
    message: "sources[1], stream 1: tags are left out, mpegts can't hold them: title",
  }]);
});

Deno.test("A Muxer warns of tags of streams that are set, not of those that are copied, nor of covers", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.mkv"));
  using muxer = Muxer.openSync(new MemorySink(), { format: "flv" });
  muxer.addStream(demuxer.streams[0]!, { metadata: { ...demuxer.streams[0]!.metadata } });
  assertEquals(muxer.warnings, []);
  muxer.addStream(demuxer.streams[1]!, { metadata: { ...demuxer.streams[1]!.metadata, language: "fra" } });
  assertEquals(muxer.warnings.map(({ message }) => message), [
    "stream 1: tags are left out, flv can't hold them: language",
  ]);
  using song = Muxer.openSync(new MemorySink(), { format: "mp3" });
  song.addStream({ type: "audio", codec: "mp3", sampleRate: 44100, channels: 2 });
  song.addCover({ data: fixtureBytes("image.jpeg"), description: "a picture" });
  const cover = {
    metadata: { title: "a picture", comment: "Other" },
    disposition: ["attached_pic" as const],
  };
  song.addStream({ type: "video", codec: "mjpeg", width: 16, height: 16 }, cover);
  assertEquals(song.warnings, []);
});

Deno.test("The title of a track in mp4 is kept by a remux", () => {
  if (libavformat < 63) return; // which does not read it
  const titled = new MemorySink();
  const streams = [{ index: 0, metadata: { title: "Director's cut" } }, 1];
  remuxSync(fixturePath("video.mp4"), titled, { format: "mp4", streams });
  const muxed = new MemorySink();
  using demuxer = Demuxer.openSync(titled.bytes());
  using muxer = Muxer.openSync(muxed, { format: "mov" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  const outputs = ["mp4", "mov", "matroska"].map((format) => {
    const sink = new MemorySink();
    remuxSync(titled.bytes(), sink, { format, streams: [{ index: 0, metadata: { language: "fra" } }, 1] });
    return sink;
  });
  for (const sink of [titled, muxed, ...outputs]) {
    const [first, second] = probeSync(sink.bytes()).streams.map((stream) => tagsOf(stream).title);
    assertEquals([first, second], ["Director's cut", undefined]);
  }
});

/** A film that is to be shown turned by 90 degrees. */
function turnedFilm(): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink();
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  using muxer = Muxer.openSync(sink, { format: "mp4" });
  const numbers = new Int32Array([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]);
  const sideData = [{ type: "Display Matrix", data: new Uint8Array(numbers.buffer) }];
  for (const stream of demuxer.streams) muxer.addStream(stream, stream.type === "video" ? { sideData } : {});
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  assertEquals(muxer.warnings, []);
  return sink.bytes();
}

Deno.test("A rotation that the output can't store is reported", () => {
  const film = turnedFilm();
  const written = (format: string, options: RemuxOptions = {}) => {
    const sink = new MemorySink(), files = new Map<string, MapFile>(), url = NAMES[format];
    const nested = url === undefined ? {} : { url, onopen: fromMap(files) };
    const { warnings } = remuxSync(film, sink, { format, streams: [0], ...nested, ...options });
    const info = url === undefined ? probeSync(sink.bytes()) : probeSync(sink.bytes(), nested);
    return { rotation: info.streams[0]!.rotation, messages: warnings.map(({ message }) => message) };
  };
  for (
    const format of [
      "mp4",
      "mov",
      "3gp",
      "ipod",
      "matroska",
      "mpegts",
      "avi",
      "flv",
      "nut",
      "asf",
      "h264",
      "hls",
    ]
  ) {
    const { rotation, messages } = written(format);
    const words = `stream 0: the rotation by 90 degrees is left out: ${format} can't hold it`;
    assertEquals(messages, rotation === 90 ? [] : [words], format);
  }
  assertEquals(written("mpegts").rotation, 0);
  const inMp4 = written("hls", { options: { hls_segment_type: "fmp4" } }).messages;
  assertEquals(inMp4.length, libavformat > 60 ? 0 : 1); // FFmpeg 5.1 does not hand it to the segments
  assertEquals(remuxSync(film, new MemorySink(), { format: "framecrc" }).warnings, []);
  using demuxer = Demuxer.openSync(film);
  using muxer = Muxer.openSync(new MemorySink(), { format: "flv" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  assertEquals(muxer.warnings.map(({ kind, stream }) => ({ kind, stream })), [{
    kind: "dropped",
    stream: 0,
  }]);
});

/** A fixture with streams of each type that a format can hold. */
const WITH_ROLES: [format: string, name: string][] = [
  ...["matroska", "mp4", "mov", "ipod", "3gp", "f4v", "ismv", "nut", "flv"].map((format) =>
    [format, "video.mp4"] as [string, string]
  ),
  ["webm", "video.webm"],
  ["mpegts", "video.ts"],
  ["avi", "video.avi"],
  ["asf", "video.avi"],
  ["ogg", "audio.ogg"],
  ["mp3", "audio.mp3"],
  ["matroska", "subtitles.mkv"],
];

const ROLES = [
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
  "descriptions",
  "dependent",
] as const;

for (const [format, name] of WITH_ROLES) {
  Deno.test(`${format}: each disposition that is set is stored, or a warning says that it isn't: ${name}`, () => {
    for (const { type, disposition } of probeSync(fixturePath(name)).streams) {
      if (type === "attachment" || (type === "video" && format === "ogg")) continue;
      for (const role of ROLES.filter((role) => !disposition.includes(role))) {
        const sink = new MemorySink();
        const { warnings } = remuxSync(fixturePath(name), sink, {
          format,
          streams: (stream) =>
            stream.type !== "attachment" && { disposition: stream.type === type ? [role] : [] },
        });
        const said = warnings.filter(({ message }) => message.includes("dispositions are left out"));
        const isStored = probeSync(sink.bytes()).streams.some((stream) =>
          stream.type === type && stream.disposition.includes(role)
        );
        assertEquals(
          said.map(({ kind, message }) => [kind, message.split(": ").at(-1)]),
          isStored ? [] : [["dropped", role]],
          type,
        );
      }
    }
  });
}

Deno.test("Dispositions that a source has are left out without a warning; merge and a Muxer report others", () => {
  const film = fixturePath("video.mp4"), song = fixturePath("audio.mp3");
  const copied = remuxSync(film, new MemorySink(), {
    format: "flv",
    streams: ({ disposition }) => ({ disposition: [...disposition] }),
  });
  assertEquals(copied.warnings, []);
  const merged = mergeSync(
    [{ source: song, streams: [{ index: 0, disposition: ["forced", "dub"] }] }],
    new MemorySink(),
    {
      format: "mp3",
    },
  );
  assertEquals(merged.warnings.map(({ message }) => message.split(": ").at(-1)), ["forced, dub"]);
  using demuxer = Demuxer.openSync(song);
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp3" });
  muxer.addStream(demuxer.streams[0]!, { disposition: ["karaoke"] });
  assertEquals(muxer.warnings.map(({ kind, stream }) => [kind, stream]), [["dropped", 0]]);
  const strict = { format: "mp3", strict: true, streams: [{ index: 0, disposition: ["forced"] }] } as const;
  assertThrows(() => remuxSync(song, new MemorySink(), strict), StrictError, "forced");
});

Deno.test("A Muxer reports tags and dispositions of a stream that the program made, or changed, not those of a source", () => {
  using demuxer = Demuxer.openSync(fixturePath("subtitles.mkv"));
  const [film, sound] = demuxer.streams as [Stream, Stream];
  const made: StreamLike = {
    ...film,
    disposition: ["forced", "dub"],
    metadata: { language: "deu", custom: "x" },
  };
  const messages = (format: string, from: StreamLike, init: StreamInit = {}) => {
    const sink = new MemorySink();
    using muxer = Muxer.openSync(sink, { format });
    muxer.addStream(from, init);
    muxer.writeSync({
      streamIndex: 0,
      data: new Uint8Array([0, 0, 0, 2, 9, 16]),
      pts: 0,
      dts: 0,
      isKey: true,
    });
    muxer.finishSync();
    return muxer.warnings.map(({ message }) => message.replace("stream 0: ", ""));
  };
  assertEquals(messages("mpegts", made), [
    "tags are left out, mpegts can't hold them: language, custom",
    "dispositions are left out, mpegts can't hold them: forced, dub",
  ]);
  assertEquals(messages("mp4", made), ["tags are left out, mp4 can't hold them: custom"]);
  assertEquals(messages("matroska", made), []);
  assertEquals(messages("flv", film), []);
  assertEquals(messages("flv", { ...film }), []);
  assertEquals(messages("flv", { ...film, disposition: ["default"] }), [
    "dispositions are left out, flv can't hold them: default",
  ]);
  assertEquals(messages("flv", made, { metadata: {}, disposition: [] }), []);
  assertEquals(messages("flv", probeSync(fixturePath("subtitles.mkv")).streams[0]!), []);
  (sound.metadata as Record<string, string>).language = "fra"; // which was "deu"
  assertEquals(messages("flv", sound), ["tags are left out, flv can't hold them: language"]);
});

Deno.test("Ogg gets the tags that are set for the file, also if a stream of the source has one of the name", () => {
  const source = new MemorySink();
  const streams = [{ index: 0, metadata: { title: "old", artist: "somebody" } }];
  remuxSync(fixturePath("audio.ogg"), source, { format: "matroska", streams });
  const written = new MemorySink(), metadata = { TITLE: "new" };
  using demuxer = Demuxer.openSync(source.bytes());
  using muxer = Muxer.openSync(written, { format: "ogg", metadata });
  muxer.addStream(demuxer.streams[0]!);
  for (const packet of demuxer.packetsSync()) muxer.writeSync(packet);
  muxer.finishSync();
  const remuxed = new MemorySink(), merged = new MemorySink();
  remuxSync(source.bytes(), remuxed, { format: "ogg", metadata });
  mergeSync([source.bytes()], merged, { format: "ogg", metadata });
  for (const sink of [written, remuxed, merged]) {
    const { title, artist } = tagsOf(probeSync(sink.bytes()).streams[0]!);
    assertEquals({ title, artist }, { title: "new", artist: "somebody" });
  }
  const own = new MemorySink();
  remuxSync(source.bytes(), own, { format: "ogg", metadata, streams });
  assertEquals(tagsOf(probeSync(own.bytes()).streams[0]!).title, "old");
});

Deno.test("A date in 3gp is a year: more of it is reported, and so is what has none", () => {
  for (
    const [date, isCut, year] of [["2024", false, 2024], ["2024-05-06", true, 2024], [
      "May",
      true,
      null,
    ]] as const
  ) {
    const sink = new MemorySink();
    const { warnings } = remuxSync(fixturePath("video.mp4"), sink, { format: "3gp", metadata: { date } });
    const words = "tags are left out, 3gp can't hold them: date";
    assertEquals(warnings.map(({ message }) => message), isCut ? [words] : [], date);
    const at = new TextDecoder("latin1").decode(sink.bytes()).indexOf("yrrc");
    assertEquals(at < 0 ? null : new DataView(sink.bytes().buffer).getUint16(at + 8), year);
  }
});

/** An atom of 3GPP that has a text. */
const assetOf = (type: string, text: readonly number[]) => {
  const body = [0, 0, 0, 0, 0x15, 0xc7, ...text];
  return [0, 0, 0, body.length + 8, ...new TextEncoder().encode(type), ...body];
};

/** A 3gp with a title, which is replaced by these atoms of the same size. */
function withAssets(atoms: readonly number[]): Uint8Array<ArrayBuffer> {
  const sink = new MemorySink(), length = atoms.length - 15;
  remuxSync(fixturePath("video.mp4"), sink, { format: "3gp", metadata: { title: "t".repeat(length) } });
  const bytes = sink.bytes(), at = new TextDecoder("latin1").decode(bytes).indexOf("titl") - 4;
  bytes.set(atoms, at);
  return bytes;
}

Deno.test({
  name:
    "Tags of 3gp are read: in UTF-16, without an end, with the number of a track, empty, and of a wrong size",
  ignore: !isEmbedded,
  fn() {
    const text = (words: string) => [...new TextEncoder().encode(words)];
    const cases: [number[], Record<string, string>][] = [
      [assetOf("titl", [0xfe, 0xff, 0, 0x54, 0, 0xfc, 0, 0x72, 0, 0]), { title: "Tür" }],
      [assetOf("titl", text("no end")), { title: "no end" }],
      [assetOf("albm", [...text("some album"), 0, 7]), { album: "some album", track: "7" }],
      [assetOf("albm", [...text("some album"), 0]), { album: "some album" }],
      [assetOf("auth", [0x58, 0, 0, 0]), { author: "X" }],
      [assetOf("auth", [0, 0, 0, 0]), {}],
      [[...assetOf("titl", text("one\0")), ...assetOf("titl", text("two\0"))], { title: "one" }],
      [[0, 0, 0, 14, ...text("yrrc"), 0, 0, 0, 0, 7, 0xe8, 0, 0, 0, 8, ...text("free")], { date: "2024" }],
    ];
    for (const [atoms, expected] of cases) {
      const { metadata } = probeSync(withAssets(atoms));
      for (const brand of ["major_brand", "minor_version", "compatible_brands"]) delete metadata[brand];
      assertEquals(metadata, expected);
    }
  },
});

Deno.test("A text that smjpeg's readers refuse is left out with a warning", () => {
  for (const [length, isLost] of [[504, false], [505, true]] as const) {
    const sink = new MemorySink();
    const metadata = { title: long(length) };
    const { warnings } = remuxSync(fixturePath("image.jpeg"), sink, { format: "smjpeg", metadata });
    assertEquals(warnings.length, isLost ? 1 : 0);
    const found = probeSync(sink.bytes()).metadata;
    if (isEmbedded) assertEquals(found.title, isLost ? undefined : long(length));
  }
});

Deno.test({
  name:
    "What has the name of a tag of 3gp but not its form is passed over in a source that can't seek, however it comes",
  ignore: !isEmbedded,
  fn() {
    const sink = new MemorySink();
    remuxSync(fixtureBytes("video.mp4"), sink, { format: "3gp", options: { movflags: "faststart" } });
    const bytes = sink.bytes() as Bytes, view = new DataView(bytes.buffer, bytes.byteOffset);
    const begin = view.getUint32(0), end = begin + view.getUint32(begin); // of moov
    for (let filled = 0; filled < 7; filled++) {
      const tag = box("auth", Uint8Array.of(0, 8, 0x15, 0xc7), new TextEncoder().encode("somebody"));
      const tags = box("udta", box("free", new Uint8Array(4000 + filled)), tag);
      const behind = box("free", new Uint8Array(5e6)); // more than is kept of such a source
      const made = joined(bytes.slice(0, end), tags, bytes.slice(end), behind);
      new DataView(made.buffer).setUint32(begin, end - begin + tags.length);
      const source = readerOf(made, {
        seekable: false,
        amount: (asked, call) => call < 3000 ? Math.min(asked, 7) : asked,
      });
      using io = new IOContext(4096, source);
      using demuxer = Demuxer.openSync(io);
      assertEquals(demuxer.streams.length, 2, `${filled}`);
    }
  },
});
