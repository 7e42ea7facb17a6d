/**
 * Tags under common names, and covers: a table over formats of what is written and read back, files of other programs,
 * and what remux does with them.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Cover,
  type CoverInit,
  Demuxer,
  type MediaInfo,
  MemorySink,
  Muxer,
  type MuxerOptions,
  probe,
  probeSync,
  remuxSync,
  type Tags,
  tagsOf,
} from "@avio/avio";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const tags: Required<Omit<Tags, "encoder">> = {
  title: "Tïtle",
  artist: "Ärtist 日本",
  album: "Album",
  albumArtist: "Album Artist",
  track: "3/12",
  disc: "1/2",
  date: "2024",
  genre: "Jazz",
  composer: "Composer",
  performer: "Performer",
  comment: "A comment",
  description: "A description",
  copyright: "(c)",
  publisher: "Publisher",
  lyrics: "La la",
  language: "eng",
  show: "Show",
  season: "2",
  episode: "7",
};

const jpeg = fixtureBytes("image.jpeg");
const png = fixtureBytes("image.png");

/** A fixture's packets, muxed again with tags and covers. */
function muxed(name: string, options: MuxerOptions, covers: CoverInit[] = []): Uint8Array<ArrayBuffer> {
  using demuxer = Demuxer.openSync(fixturePath(name));
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, options);
  covers.forEach((cover) => muxer.addCover(cover)); // before the streams: the order is free
  const isSound = ["opus", "wav", "mp3", "flac", "aiff"].includes(options.format!);
  const indexes = new Map(
    demuxer.streams.filter(({ type }) => !isSound || type === "audio")
      .map((stream) => [stream.index, muxer.addStream({ ...stream, metadata: {} })]),
  );
  for (const packet of demuxer.packetsSync()) {
    const streamIndex = indexes.get(packet.streamIndex);
    if (streamIndex !== undefined) muxer.writeSync({ ...packet, streamIndex });
  }
  muxer.finishSync();
  return sink.bytes() as Uint8Array<ArrayBuffer>;
}

// ------------------------------------------------------------------------------------------- tags

/** Tags that a format can't store. */
const LOST: [format: string, source: string, lost: (keyof Tags)[]][] = [
  ["mp4", "video.mp4", ["performer", "publisher", "language"]],
  ["ipod", "video.mp4", ["performer", "publisher", "language"]],
  ["mp3", "audio.mp3", []],
  ["flac", "audio.flac", []],
  ["ogg", "audio.ogg", []],
  ["opus", "video.webm", []],
  ["matroska", "video.mp4", []],
  ["webm", "video.webm", []],
  ["flv", "video.mp4", []],
  ["nut", "video.mp4", []],
  ["caf", "audio.wav", []],
  ["asf", "audio.mp3", []],
  ["wtv", "audio.mp3", []],
  [
    "mov",
    "video.mp4",
    [
      "albumArtist",
      "track",
      "disc",
      "composer",
      "performer",
      "description",
      "publisher",
      "lyrics",
      "language",
      "show",
      "season",
      "episode",
    ],
  ],
  ...["wav", "avi"].map((
    format,
  ) =>
    [format, format === "wav" ? "audio.wav" : "video.avi", [
      "albumArtist",
      "disc",
      "composer",
      "performer",
      "description",
      "publisher",
      "lyrics",
      "show",
      "season",
      "episode",
    ]] as [string, string, (keyof Tags)[]]
  ),
];

for (const [format, source, lost] of LOST) {
  Deno.test(`Tags written to ${format} are read back under the same names`, () => {
    const { tags: { encoder: _, ...found } } = probeSync(muxed(source, { format, tags }));
    const expected = Object.fromEntries(
      Object.entries(tags).filter(([name]) => !lost.includes(name as keyof Tags)),
    );
    assertEquals({ ...found }, expected);
  });
}

Deno.test("tagsOf() knows the names that programs give to tags, in any case", () => {
  const table: [Record<string, string>, Tags][] = [
    [{ TITLE: "a", "ALBUM ARTIST": "b", TRACKNUMBER: "3", TRACKTOTAL: "12" }, {
      title: "a",
      albumArtist: "b",
      track: "3/12",
    }],
    [{ ALBUMARTIST: "b", DISCNUMBER: "1", TOTALDISCS: "2", YEAR: "1999" }, {
      albumArtist: "b",
      disc: "1/2",
      date: "1999",
    }],
    [{ "WM/AlbumTitle": "a", Author: "b", "WM/Year": "1999" }, { album: "a", artist: "b", date: "1999" }],
    [{ DATE_RELEASED: "1999", ORGANIZATION: "p", "lyrics-eng": "la" }, {
      date: "1999",
      publisher: "p",
      lyrics: "la",
    }],
    [{ date: "2024", year: "1999", PART_NUMBER: "4" }, { date: "2024", track: "4" }],
    [{ season_number: "2", episode_sort: "7", synopsis: "s" }, {
      season: "2",
      episode: "7",
      description: "s",
    }],
    [{ creation_time: "2024-01-01T00:00:00Z", handler_name: "x" }, {}],
    [{ language: "und" }, {}],
    [{}, {}],
  ];
  for (const [metadata, expected] of table) assertEquals(tagsOf({ metadata }), expected);
  assertThrows(() => tagsOf(null as unknown as MediaInfo), TypeError, "tagged: must be an object");
  assertThrows(() => tagsOf({} as MediaInfo), TypeError, "tagged.metadata: must be an object");
});

Deno.test("tagsOf() finds tags that Ogg stores with its streams, also beside a cover", () => {
  const plain = probeSync(fixturePath("audio.ogg"));
  assertEquals([plain.metadata.title, plain.tags.title], [undefined, "avio test"]);
  using demuxer = Demuxer.openSync(muxed("audio.ogg", { format: "ogg", tags }, [{ data: jpeg }]));
  assertEquals([demuxer.streams.length, demuxer.tags.albumArtist], [2, "Album Artist"]);
});

Deno.test("The option tags is checked, and metadata overrides it", () => {
  const open = (options: unknown) => () => {
    using _ = Muxer.openSync(new MemorySink(), { format: "mp3", ...options as MuxerOptions });
  };
  assertThrows(open({ tags: 5 }), TypeError, "tags: must be an object");
  assertThrows(open({ tags: { titel: "x" } }), TypeError, "tags.titel: there is no such tag");
  assertThrows(open({ tags: { title: 5 } }), TypeError, "tags.title: must be a string");
  assertThrows(open({ tags: { encoder: "x" } }), TypeError, "tags.encoder: there is no such tag");
  const bytes = muxed("audio.mp3", {
    format: "mp3",
    tags: { title: "a", artist: null },
    metadata: { title: "b" },
  });
  assertEquals(probeSync(bytes).tags.title, "b");
});

Deno.test("remuxSync() sets and removes tags under all of their names, and keeps the others", () => {
  const options = { format: "ogg", metadata: { ALBUMARTIST: "old", YEAR: "1999", MOOD: "calm" } };
  const source = muxed("audio.ogg", options);
  for (const format of ["ogg", "matroska"]) {
    const sink = new MemorySink();
    remuxSync(source, sink, { format, tags: { albumArtist: "new", date: null, title: "t" } });
    const info = probeSync(sink.bytes());
    assertEquals([info.tags.albumArtist, info.tags.date, info.tags.title], ["new", undefined, "t"], format);
    assertEquals(JSON.stringify(info).includes("old"), false, format);
    assertEquals(JSON.stringify(info).includes("calm"), true, format);
  }
  const seen: Record<string, string>[] = [];
  remuxSync(source, new MemorySink(), {
    format: "matroska",
    tags: { title: "t", description: "d" },
    editMetadata: (metadata) => (seen.push(metadata), metadata),
  });
  assertEquals([seen[0]!.title, seen[0]!.description], ["t", "d"]);
});

// ------------------------------------------------------------------------------------------- covers

const covers: Cover[] = [
  { data: jpeg, mimeType: "image/jpeg", description: "The slèeve", kind: "front" },
  { data: png, mimeType: "image/png", description: "", kind: "back" },
];

/** Fields of covers that a format keeps. */
const COVER_TABLE: [format: string, source: string, kept: Partial<Cover>[]][] = [
  ["mp3", "audio.mp3", covers],
  ["flac", "audio.flac", covers],
  ["matroska", "video.mp4", covers],
  ["matroska", "audio.flac", covers],
  ["ogg", "audio.ogg", covers.slice(0, 1)],
  ["opus", "video.webm", covers.slice(0, 1)],
  ["mp4", "video.mp4", covers.map((cover) => ({ ...cover, description: "", kind: "front" }))],
  ["ipod", "video.mp4", covers.map((cover) => ({ ...cover, description: "", kind: "front" }))],
];

for (const [format, source, kept] of COVER_TABLE) {
  Deno.test(`Covers written to ${format} with ${source} are read back`, async () => {
    const bytes = muxed(source, { format, tags: { title: "t" } }, covers.slice(0, kept.length));
    const info = probeSync(bytes);
    assertEquals(info.covers, kept as Cover[]);
    assertEquals((await probe(bytes)).covers, kept as Cover[]);
    assertEquals(info.tags.title, "t");
    using demuxer = Demuxer.openSync(bytes);
    using original = Demuxer.openSync(fixturePath(source));
    const size = (from: Demuxer, type: string) =>
      [...from.packetsSync()].filter(({ streamIndex }) => {
        const { type: kind, disposition } = from.streams[streamIndex]!;
        return kind === type && !disposition.includes("attached_pic");
      }).reduce((sum, { data }) => sum + data.length, 0);
    assertEquals(size(demuxer, "audio"), size(original, "audio"), "what else is in it is all there");
  });
}

Deno.test("probe() reads the covers of files that ffmpeg made", () => {
  const { covers: [cover, ...others], tags: { title } } = probeSync(fixturePath("cover.mp3"));
  assertEquals([others.length, cover!.mimeType.startsWith("image/"), title !== ""], [0, true, true]);
  for (const name of ["video.mp4", "audio.mp3", "video.webm", "image.png"]) {
    assertEquals(probeSync(fixturePath(name)).covers, [], name);
  }
});

Deno.test("Muxer.addCover() knows the kinds of ID3 and FLAC, and the type of a picture", () => {
  for (const kind of ["other", "icon", "leaflet", "media", "artist", "band", "logo", "screen"]) {
    const [cover] = probeSync(muxed("audio.flac", { format: "flac" }, [{ data: jpeg, kind }])).covers;
    assertEquals(cover?.kind, kind);
  }
  for (const kind of ["tattoo", "constructor", "__proto__"]) {
    const unknown = probeSync(muxed("audio.flac", { format: "flac" }, [{ data: jpeg, kind }]));
    assertEquals(unknown.covers[0]?.kind, "other");
  }
  const gif = Uint8Array.fromHex(
    "4749463839610100010080000000000000ffffff21f90401000000002c00000000010001000002024401003b",
  );
  const [cover] = probeSync(muxed("audio.mp3", { format: "mp3" }, [{ data: gif }])).covers;
  assertEquals([cover?.mimeType, cover?.data], ["image/gif", gif]);
});

Deno.test("A song with a cover in GIF is remuxed to flac without it, as the muxer lacks GIF", () => {
  const gif = Uint8Array.fromHex(
    "4749463839610100010080000000000000ffffff21f90401000000002c00000000010001000002024401003b",
  );
  const source = muxed("audio.flac", { format: "matroska" }, [{ data: gif }]);
  const sink = new MemorySink();
  const { warnings } = remuxSync(source, sink, { format: "flac" });
  assertEquals(warnings.map(({ message }) => message), [
    "stream 1: cover (gif) is left out: flac can't hold it",
  ]);
  assertEquals(probeSync(sink.bytes()).covers, []);
});

Deno.test("Muxer.addCover() refuses data that is not a picture, and formats that can't store covers", () => {
  const add = (format: string, cover: unknown, options: MuxerOptions = {}) => () => {
    using muxer = Muxer.openSync(new MemorySink(), { format, ...options });
    muxer.addCover(cover as CoverInit);
    muxer.addCover(cover as CoverInit);
  };
  assertThrows(add("mp3", null), TypeError, "cover: must be an object");
  assertThrows(add("mp3", { data: "x" }), TypeError, "cover.data: must be a Uint8Array");
  assertThrows(
    add("mp3", { data: new Uint8Array(9) }),
    TypeError,
    "cover.data: the data is not a known picture type",
  );
  assertThrows(
    add("mp3", { data: jpeg, mimeType: "text/plain" }),
    TypeError,
    "cover.mimeType: text/plain is not a known picture type",
  );
  assertThrows(add("mp3", { data: jpeg, type: "front" }), TypeError, "cover.type: there is no such field");
  assertThrows(add("mpegts", { data: jpeg }), Error, "mpegts can't store covers");
  assertThrows(add("mov", { data: jpeg }), Error, "mov can't store covers");
  assertThrows(add("ogg", { data: jpeg }), Error, "ogg can store only one");
  const options = { movflags: "frag_keyframe+empty_moov" };
  assertThrows(add("mp4", { data: jpeg }, { options }), Error, "fragmented mp4 can't store covers");
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp3" });
  muxer.addStream({ type: "audio", codec: "mp3", sampleRate: 44100, channels: 2 });
  muxer.startSync();
  assertThrows(() => muxer.addCover({ data: jpeg }), Error, "Cannot add cover: the header has been written");
});

Deno.test("A cover is kept by remuxes from format to format", () => {
  const description = { description: "", kind: "front" };
  let bytes = muxed("audio.mp3", { format: "mp3" }, covers.slice(0, 1));
  for (const format of ["matroska", "mp4", "mp3"]) {
    const sink = new MemorySink();
    remuxSync(bytes, sink, { format });
    bytes = sink.bytes() as Uint8Array<ArrayBuffer>;
    const [cover] = probeSync(bytes).covers;
    assert(cover, format);
    assertEquals({ ...cover, ...description }, { ...covers[0]!, ...description }, format);
  }
});

// ------------------------------------------------------------------------------------------- attachments, chapters

Deno.test("Muxer.addAttachment() puts a file into Matroska, addChapters() chapters into it", () => {
  const sink = new MemorySink();
  using demuxer = Demuxer.openSync(fixturePath("video.mp4"));
  using muxer = Muxer.openSync(sink, {
    format: "matroska",
    chapters: [{ id: 1, start: 0, end: 1, metadata: {} }],
  });
  const data = Uint8Array.of(1, 2, 3);
  assertEquals(
    muxer.addAttachment({ data, fileName: "a.ttf", mimeType: "font/ttf", description: "A font" }),
    0,
  );
  muxer.addChapters([{ id: 2, start: 1, end: 2.5, metadata: { title: "Two" } }]);
  for (const stream of demuxer.streams) muxer.addStream(stream);
  for (const packet of demuxer.packetsSync()) {
    muxer.writeSync({ ...packet, streamIndex: packet.streamIndex + 1 });
  }
  muxer.finishSync();
  const { streams, chapters } = probeSync(sink.bytes());
  const font = streams.find(({ type }) => type === "attachment")!;
  assertEquals([font.codecParameters.extradata, font.metadata.filename, font.metadata.mimetype], [
    data,
    "a.ttf",
    "font/ttf",
  ]);
  assertEquals(chapters.map(({ start, end, metadata }) => [start, end, metadata.title]), [[0, 1, undefined], [
    1,
    2.5,
    "Two",
  ]]);
});

Deno.test("Muxer.addAttachment() and addChapters() check their arguments", () => {
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  const file = { data: new Uint8Array(1), fileName: "a", mimeType: "b/c" };
  assertThrows(() => muxer.addAttachment(file), Error, "mp4 can't store attachments");
  assertThrows(
    () => muxer.addAttachment({ ...file, fileName: 5 as unknown as string }),
    TypeError,
    "attachment.fileName",
  );
  assertThrows(
    () => muxer.addAttachment({ ...file, name: "x" } as never),
    TypeError,
    "attachment.name: there is no such",
  );
  assertThrows(
    () => muxer.addChapters([{ id: 1, start: 2, end: 1, metadata: {} }]),
    RangeError,
    "chapters[0].end",
  );
  assertThrows(() => muxer.addChapters(5 as never), TypeError, "chapters: must be an array");
});

/** A fixture whose streams each format can hold. */
const sources: Readonly<Record<string, string>> = {
  mp3: "audio.mp3",
  flac: "audio.flac",
  matroska: "video.mkv",
  ogg: "audio.ogg",
  mp4: "video.mp4",
  nut: "video.mp4",
  asf: "audio.mp3",
  wav: "audio.wav",
  avi: "audio.mp3",
  mov: "video.mp4",
  webm: "video.webm",
  flv: "video.flv",
  caf: "audio.wav",
};

for (const [from, fixture] of Object.entries(sources)) {
  Deno.test(`remux() from ${from} keeps all tags that the output can store`, () => {
    const { language: _, ...ofFile } = tags;
    const source = new MemorySink();
    remuxSync(fixturePath(fixture), source, { format: from, tags: ofFile });
    const before = probeSync(source.bytes()).tags as Record<string, string>;
    for (const to of Object.keys(sources)) {
      const sink = new MemorySink();
      try {
        remuxSync(source.bytes(), sink, { format: to });
      } catch (error) {
        assert(/none is left|no sound/.test((error as Error).message), `${to}: ${error}`);
        continue;
      }
      const after = probeSync(sink.bytes()).tags as Record<string, string>;
      const lost: readonly string[] = LOST.find(([format]) => format === to)?.[2] ?? [];
      const kept = Object.keys(ofFile).filter((tag) => before[tag] && !lost.includes(tag));
      for (const tag of kept) assertEquals(after[tag], before[tag], `${from} to ${to}: ${tag}`);
    }
  });
}

Deno.test("remux({ tags }) changes the language of a song in Ogg, and removes it", () => {
  for (const fixture of ["audio.ogg", "video.webm"]) {
    const remuxed = (source: string | Uint8Array<ArrayBuffer>, tags: MuxerOptions["tags"]) => {
      const sink = new MemorySink();
      remuxSync(source, sink, { format: "ogg", tags: tags!, streams: ({ type }) => type === "audio" });
      return sink.bytes();
    };
    const german = remuxed(fixturePath(fixture), { language: "deu", title: "Titel" });
    assertEquals(probeSync(german).tags.language, "deu");
    const french = remuxed(german, { language: "fra" });
    assertEquals([probeSync(french).tags.language, probeSync(french).tags.title], ["fra", "Titel"]);
    assertEquals(probeSync(remuxed(french, { language: null })).tags.language, undefined);
  }
});
