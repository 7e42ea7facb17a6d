/**
 * `avio rewrite`: values of tags that libavformat joins, or of which it keeps one, and frames that it writes as others, are not
 * lost without a word; ordinary tags are no loss, whatever version and encoding they have.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemorySink, probeSync, remuxSync } from "@avio/avio";
import { partsIn } from "../cli/file_parts.ts";
import { PartReader } from "../cli/part_reader.ts";
import { Parts } from "../cli/parts.ts";
import { avio, temporaryFolder } from "./support/cli.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { box, type Bytes, frame, id3, joined, number } from "./support/pieces.ts";

/** What `avio rewrite` says to a file, without a word if it is rewritten, and the file afterwards. */
async function rewrite(
  name: string,
  bytes: Bytes,
  ...flags: string[]
): Promise<[said: string, after: Bytes]> {
  using folder = temporaryFolder();
  const path = folder.path(name);
  Deno.writeFileSync(path, bytes);
  const { code, stderr } = await avio("rewrite", "-q", path, ...flags);
  const after = Deno.readFileSync(path);
  assertEquals(code, stderr === "" ? 0 : 1, stderr);
  if (code !== 0) assertEquals(after, bytes);
  return [stderr.replace(/^.*?rewrites it without\): /s, "").trimEnd(), after];
}

const ALBUM = ["--metadata", "album=X"];

const mp3 = (...tags: Uint8Array[]) => joined(...tags, fixtureBytes("audio.mp3").slice(startOf("audio.mp3")));

/** Where the media begins: behind the ID3 tag. */
function startOf(name: string): number {
  const bytes = fixtureBytes(name);
  return 10 + bytes.subarray(6, 10).reduce((size, byte) => size * 128 + byte, 0);
}

/** A frame of version 2. */
const short = (name: string, data: string) => joined(name, number(data.length, 3), data);
/** A frame of version 3. */
const old = (name: string, data: string | number[]) => frame(name, data, number);

function aiff(tag: Uint8Array): Bytes {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("audio.wav"), sink, { format: "aiff" });
  const bytes = joined(sink.bytes(), "ID3 ", number(tag.length), tag, Array(tag.length % 2).fill(0));
  bytes.set(number(bytes.length - 8), 4);
  return bytes;
}

function wav(tag: Uint8Array): Bytes {
  const bytes = joined(
    fixtureBytes("audio.wav"),
    "id3 ",
    number(tag.length).reverse(),
    tag,
    Array(tag.length % 2).fill(0),
  );
  bytes.set(number(bytes.length - 8).reverse(), 4);
  return bytes;
}

// ------------------------------------------------------------------------------------------- ID3

/** Frames, and what is lost of them. */
const LOST: readonly (readonly [what: string, why: string, name: string, make: () => Bytes])[] = [
  [
    "the ID3 frame TPE1",
    "with two values",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TPE1", "\x03A\0B"))),
  ],
  [
    "the ID3 frame TPE1",
    "with two values of UTF-16",
    "a.mp3",
    () => mp3(id3(3, 0, old("TPE1", [1, 0xff, 0xfe, 65, 0, 0, 0, 0xff, 0xfe, 66, 0]))),
  ],
  ["the ID3 frame TP1", "of version 2", "a.mp3", () => mp3(id3(2, 0, short("TP1", "\0A\0B")))],
  [
    "the ID3 frame TPE1",
    "twice",
    "a.mp3",
    () => mp3(id3(3, 0, old("TPE1", "\0A"), old("TPE1", "\0B"))),
  ],
  [
    "the ID3 frame TPE1",
    "in a second tag",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TPE1", "\0A")), id3(4, 0, frame("TPE1", "\0B"))),
  ],
  [
    "the ID3 frame TPE1; the ID3 frame TXXX:artist",
    "beside TPE1",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TPE1", "\x03A"), frame("TXXX", "\x03artist\0lower"))),
  ],
  [
    "the ID3 frame TXXX:MOOD",
    "with two values",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TXXX", "\x03MOOD\0x\0y"))),
  ],
  [
    "the ID3 frame TIPL",
    "with pairs",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TIPL", "\x03producer\0P\0mix\0M"))),
  ],
  [
    "the ID3 frame COMM:eng; the ID3 frame COMM:fra",
    "in two languages",
    "a.mp3",
    () => mp3(id3(4, 0, frame("COMM", "\x03eng\0c1"), frame("COMM", "\x03fra\0c3"))),
  ],
  ["the ID3 frame COMM:eng", "of version 2", "a.mp3", () => mp3(id3(2, 0, short("COM", "\0eng\0c")))],
  [
    "the ID3 frame COMM:iTunNORM:eng",
    "",
    "a.mp3",
    () => mp3(id3(3, 0, old("COMM", "\0engiTunNORM\x000001"))),
  ],
  ["the ID3 frame USLT:eng", "", "a.mp3", () => mp3(id3(3, 0, old("USLT", "\0eng\0words")))],
  ["the ID3 frame TCON", "with a genre of its own", "a.mp3", () => mp3(id3(3, 0, old("TCON", "\0(4)Euro")))],
  [
    "the tag date; the ID3 frame TIME",
    "of version 3",
    "a.mp3",
    () => mp3(id3(3, 0, old("TYER", "\x002001"), old("TDAT", "\x000302"), old("TIME", "\x000405"))),
  ],
  ["the ID3 frame TCMP", "of iTunes", "a.mp3", () => mp3(id3(3, 0, old("TCMP", "\x001")))],
  [
    "the ID3 frame TIT2, which is compressed, encrypted or one of a group",
    "",
    "a.mp3",
    () => mp3(id3(4, 0, frame("TIT2", "\0A").with(9, 4))),
  ],
  ["the ID3 frame TPE1", "in aiff", "a.aiff", () => aiff(id3(4, 0, frame("TPE1", "\x03A\0B")))],
  ["the ID3 frame TPE1", "in wav", "a.wav", () => wav(id3(4, 0, frame("TPE1", "\x03A\0B")))],
  [
    "the ID3 frame TPE1",
    "before flac",
    "a.flac",
    () => joined(id3(4, 0, frame("TPE1", "\x03A\0B")), fixtureBytes("audio.flac")),
  ],
];

for (const [what, why, name, make] of LOST) {
  Deno.test(`cli: rewrite of ${name} refuses to lose ${what} ${why}`, async () => {
    assertEquals((await rewrite(name, make(), ...ALBUM))[0], what.replace("TP1", "TPE1"));
  });
}

/** UTF-16 with a mark of the order of its bytes. */
const wide = (
  text: string,
) => [0xff, 0xfe, ...[...text].flatMap((character) => number(character.charCodeAt(0), 2).reverse())];

/** Tags that are the same to other programs afterwards. */
const KEPT: readonly (readonly [why: string, name: string, make: () => Bytes])[] = [
  [
    "of version 2",
    "a.mp3",
    () =>
      mp3(
        id3(
          2,
          0,
          short("TT2", "\0T"),
          short("TP1", "\0A\xe4"),
          short("TYE", "\x002001"),
          short("TSS", "\0LAME"),
        ),
      ),
  ],
  ["of version 3", "a.mp3", () =>
    mp3(id3(
      3,
      0,
      old("TIT2", [1, ...wide("T\u00fc\u263a"), 0, 0]),
      old("TPE1", [0, 0xc4, 0x80]),
      old("TYER", "\x002001"),
      old("TDAT", "\x000302"),
      old("TCON", "\0(17)"),
      old("TXXX", [1, ...wide("A name\0"), ...wide("1")]),
      old("TSSE", "\0LAME 32bits version 3.100"),
      old("TLEN", "\x001000"),
    ))],
  ["of version 4", "a.mp3", () =>
    mp3(id3(
      4,
      0,
      frame("TIT2", "\x03T\u{1f600}\0\0"),
      frame("TPE1", [2, 0, 65]),
      frame("TDRC", "\x002001-02-03T04:05:06"),
      frame("TCON", "\x0317"),
      frame("TBPM", "\x00120"),
      frame("TSOP", "\0A"),
      frame("TCOM", [1, 0xff, 0xfe]),
      frame("TALB", [0, 0, 0, 4, 1, 0xff, 0, 0xfe, 65, 0]).with(9, 3),
      frame("COMM", "\0eng\0"),
    ))],
  ["twice the same", "a.mp3", () => mp3(id3(3, 0, old("TIT2", "\0T")), id3(4, 0, frame("TIT2", "\x03T")))],
  [
    "in aiff of version 3",
    "a.aiff",
    () => aiff(id3(3, 0, old("TIT2", "\0T"), old("TYER", "\x002001"), old("TDAT", "\x000302"))),
  ],
];

for (const [why, name, make] of KEPT) {
  Deno.test(`cli: rewrite of ${name} has nothing against ordinary ID3 ${why}`, async () => {
    const bytes = make(), [said, after] = await rewrite(name, bytes, "--metadata", "disc=1");
    assertEquals(said, "");
    const { title, artist, date, genre } = probeSync(bytes).tags, now = probeSync(after).tags;
    assertEquals({ title, artist, date, genre }, {
      title: now.title,
      artist: now.artist,
      date: now.date,
      genre: now.genre,
    });
  });
}

Deno.test("cli: rewrite has nothing against a tag of its own that has all tags", async () => {
  const metadata = {
    ...{ title: "T", artist: "A;B", album: "C", album_artist: "D", track: "1/2", disc: "3", genre: "Rock" },
    ...{ date: "2001-02-03", composer: "E", performer: "F", comment: "G", description: "H", copyright: "I" },
    ...{ publisher: "J", lyrics: "K", language: "eng", encoded_by: "L", compilation: "1", MOOD: "M" },
  };
  for (const version of ["3", "4"]) {
    for (const [name, format] of [["audio.mp3", "mp3"], ["audio.wav", "aiff"]] as const) {
      const sink = new MemorySink();
      remuxSync(fixtureBytes(name), sink, { format, metadata, options: { id3v2_version: version } });
      assertEquals((await rewrite(`a.${format}`, sink.bytes(), "--metadata", "title=X"))[0], "");
    }
  }
});

Deno.test("cli: rewrite leaves ID3 in aac, and its version in aiff", async () => {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("video.mp4"), sink, {
    format: "adts",
    streams: (stream) => stream.type === "audio",
  });
  const aac = joined(id3(4, 0, frame("TIT2", "\x03T")), sink.bytes());
  const [said, after] = await rewrite("a.aac", aac, ...ALBUM);
  assertEquals([said, probeSync(after).tags.title, probeSync(after).tags.album], ["", "T", "X"]);
  const [, song] = await rewrite("a.aiff", aiff(id3(3, 0, old("TIT2", "\0T"))), ...ALBUM);
  const at = new TextDecoder("latin1").decode(song).indexOf("ID3\x03");
  assertEquals(at > 0, true);
});

Deno.test("cli: rewrite replaces the values that it is asked to, and nothing else is lost", async () => {
  const frames = [
    frame("TPE1", "\x03A\0B"),
    frame("TXXX", "\x03artist\0lower"),
    frame("COMM", "\x03eng\0c1"),
    frame("USLT", "\x03eng\0words"),
  ];
  const bytes = mp3(id3(4, 0, ...frames));
  const flags = ["artist=X", "Comment=Y", "lyrics-eng=Z"].flatMap((tag) => ["--metadata", tag]);
  const [said, after] = await rewrite("a.mp3", bytes, ...flags);
  assertEquals([said, probeSync(after).tags.artist, probeSync(after).tags.comment], ["", "X", "Y"]);
  assertEquals((await rewrite("a.mp3", bytes, "--no-metadata"))[0], "");
  const [rest] = await rewrite("a.mp3", bytes, "--metadata", "artist=X");
  assertEquals(rest, "the ID3 frame COMM:eng; the ID3 frame USLT:eng");
});

const picture = (type: string) =>
  frame("APIC", [...joined([0], type, [0, 3, 0], fixtureBytes("image.jpeg"))]);
/** A chapter of a second with these frames. */
const chapterFrame = (...frames: Uint8Array[]) =>
  frame("CHAP", [...joined("c\0", number(0), number(1000), Array(8).fill(255), ...frames)]);
const contents = (name: string) => frame("CTOC", [...joined(name, [0, 3, 1], "c\0")]);

Deno.test("cli: rewrite refuses to lose covers, chapters and their frames that are not read", async () => {
  const LOST: readonly (readonly [what: string, without: string, ...frames: Uint8Array[]])[] = [
    ["the ID3 frame APIC", "--no-cover", picture("image/x-other")],
    ["the ID3 frame APIC", "--no-cover", picture("image/jpeg"), picture("-->")],
    [
      "the ID3 frame APIC, which is compressed, encrypted or one of a group",
      "",
      picture("image/jpeg").with(9, 4),
    ],
    [
      "the ID3 frame WXXX of a chapter",
      "--no-chapters",
      contents("a"),
      chapterFrame(frame("TIT2", "\0T"), frame("WXXX", "\0\0url")),
    ],
    [
      "the ID3 frame TIT2 of a chapter",
      "--no-chapters",
      contents("a"),
      chapterFrame(frame("TIT2", "\0A\0B")),
    ],
    ["the ID3 frame CTOC", "--no-chapters", contents("a"), contents("b"), chapterFrame(frame("TIT2", "\0T"))],
    ["the ID3 frame CHAP", "--no-chapters", frame("CHAP", "a chapter without times\0")],
  ];
  for (const [what, without, ...frames] of LOST) {
    const bytes = mp3(id3(4, 0, ...frames));
    assertStringIncludes((await rewrite("a.mp3", bytes, ...ALBUM))[0], what);
    assertStringIncludes((await rewrite("a.mp3", bytes, "--no-metadata"))[0], what);
    if (without) assertEquals((await rewrite("a.mp3", bytes, without))[0], "");
  }
  const whole = mp3(id3(4, 0, picture("image/jpeg"), contents("a"), chapterFrame(frame("TIT2", "\x03T"))));
  assertEquals((await rewrite("a.mp3", whole, ...ALBUM))[0], "");
});

// ------------------------------------------------------------------------------------------- Vorbis comments

const little = (value: number) => number(value).reverse();

/** Comments with the name of a program in front. */
const comments = (...tags: string[]) =>
  joined(little(1), "x", little(tags.length), ...tags.map((tag) => joined(little(joined(tag).length), tag)));

/** A FLAC file with these comments. */
function flac(...tags: string[]): Bytes {
  const bytes = fixtureBytes("audio.flac"), block = comments(...tags);
  let media = 4;
  for (let isLast = false; !isLast; media += 4 + new DataView(bytes.buffer).getUint32(media) % 2 ** 24) {
    isLast = bytes[media]! > 127;
  }
  return joined(bytes.slice(0, 42).with(4, 0), [0x84], number(block.length, 3), block, bytes.slice(media));
}

/** The checksum of a page of Ogg. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum << 1 ^ (sum < 0 ? 0x04c11db7 : 0);
  }
  return sum >>> 0;
}

/** A file in Ogg whose second page has been filled with a packet and, behind it, what else was there. */
function ogg(format: string, source: string, packet: (old: Uint8Array) => Uint8Array): Bytes {
  const sink = new MemorySink();
  remuxSync(fixtureBytes(source), sink, { format, streams: (stream) => stream.type === "audio" });
  const bytes = sink.bytes(), at = new TextDecoder("latin1").decode(bytes).indexOf("OggS", 4);
  const table = bytes.subarray(at + 27, at + 27 + bytes[at + 26]!),
    first = table.findIndex((size) => size < 255) + 1;
  const sum = (sizes: Uint8Array) => sizes.reduce((total, size) => total + size, 0);
  const from = at + 27 + table.length, end = from + sum(table);
  const made = packet(bytes.subarray(from, from + sum(table.subarray(0, first))));
  const sizes = [
    ...Array(Math.floor(made.length / 255)).fill(255),
    made.length % 255,
    ...table.subarray(first),
  ];
  const page = joined(
    bytes.slice(at, at + 22),
    [0, 0, 0, 0, sizes.length],
    sizes,
    made,
    bytes.slice(from + sum(table.subarray(0, first)), end),
  );
  page.set(little(checksum(page)), 22);
  return joined(bytes.slice(0, at), page, bytes.slice(end));
}

const vorbis = (...tags: string[]) =>
  ogg("ogg", "audio.ogg", () => joined("\x03vorbis", comments(...tags), [1]));
const flacInOgg = (...tags: string[]) =>
  ogg("oga", "audio.flac", () => joined([0x84], number(comments(...tags).length, 3), comments(...tags)));

for (const [name, make] of [["a.flac", flac], ["a.ogg", vorbis], ["a.oga", flacInOgg]] as const) {
  Deno.test(`cli: rewrite of ${name} does not join values of Vorbis comments`, async () => {
    const several = make("TITLE=T", "ARTIST=A", "Artist=B");
    const lost = "a value of the tag ARTIST; a value of the tag Artist";
    assertEquals((await rewrite(name, several, ...ALBUM))[0], lost);
    const [said, after] = await rewrite(name, several, "--metadata", "artist=X");
    assertEquals([said, probeSync(after).tags.artist], ["", "X"]);
    const names = make("COMMENT=C", "DESCRIPTION=D");
    assertEquals((await rewrite(name, names, ...ALBUM))[0].includes("a value of the tag COMMENT"), true);
    const long = make("TITLE=T", `ARTIST=${"a".repeat(2000)}`, "ARTIST=B");
    assertEquals((await rewrite(name, long, ...ALBUM))[0].includes("a value of the tag ARTIST"), true);
  });

  Deno.test(`cli: rewrite of ${name} has nothing against ordinary Vorbis comments`, async () => {
    const ordinary = make(
      ...["TITLE=T\u00fc;\u{1f600}", "artist=A", "ALBUMARTIST=B", "TRACKNUMBER=1", "COMMENT=C", "EMPTY="],
      ...["ENCODER=e", "REPLAYGAIN_TRACK_GAIN=-1 dB", "a b=c=d"],
    );
    assertEquals((await rewrite(name, ordinary, "--metadata", "disc=1"))[0], "");
  });
}

// ------------------------------------------------------------------------------------------- APE

/** A file with an APE tag of these items: a name, a zero, values with zeros between them. */
function withApe(...items: (readonly [item: string, flags?: number])[]): Bytes {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("audio.wav"), sink, { format: "wav" });
  const body = joined(...items.map(([text, flags = 0]) => {
    const value = joined(text.slice(text.indexOf("\0") + 1));
    return joined(little(value.length), little(flags), text.slice(0, text.indexOf("\0") + 1), value);
  }));
  const end = joined(
    "APETAGEX",
    little(2000),
    little(body.length + 32),
    little(items.length),
    Array(12).fill(0),
  );
  return joined(sink.bytes(), body, end);
}

Deno.test("rewrite: values of APE tags are found", async () => {
  const bytes = withApe(["Artist\0A\0B"], ["Title\0T"], ["Cover\0a.bin\0data", 2], ["File\0a", 4], [
    "Empty\0",
  ]);
  assertEquals(await partsOfBytes("wv", bytes), [
    "a value of the tag Artist",
    "a value of the tag Title",
    "that the tag File is a link",
  ]);
});

// ------------------------------------------------------------------------------------------- mp4

const item = (name: string, ...values: Uint8Array[]) => {
  const data = values.map((value) => joined(number(16 + value.length), "data", number(1), number(0), value));
  const body = joined(...data);
  return joined(number(8 + body.length), [...name].map((letter) => letter.charCodeAt(0)), body);
};

/** An m4a whose tags are these. */
function m4a(...items: Uint8Array[]): Bytes {
  const sink = new MemorySink();
  remuxSync(fixtureBytes("video.mp4"), sink, {
    format: "ipod",
    streams: (stream) => stream.type === "audio",
    editMetadata: () => ({}),
  });
  const bytes = sink.bytes(), text = new TextDecoder("latin1").decode(bytes);
  const moov = text.indexOf("moov") - 4, size = new DataView(bytes.buffer).getUint32(moov);
  const udta = text.indexOf("udta", moov) - 4;
  const kept = udta < 0 ? bytes.slice(moov + 8, moov + size) : bytes.slice(moov + 8, udta);
  const hdlr = box("hdlr", number(0, 8), "mdirappl", number(0, 9));
  const tags = box("udta", box("meta", number(0), hdlr, box("ilst", ...items)));
  return joined(bytes.slice(0, moov), box("moov", kept, tags));
}

const text = (value: string) => joined(value);
const ARTIST = "\xa9ART";

Deno.test("cli: rewrite of m4a does not join values of a tag, and names those that are not read", async () => {
  for (
    const items of [[item(ARTIST, text("A"), text("B"))], [item(ARTIST, text("A")), item(ARTIST, text("B"))]]
  ) {
    const bytes = m4a(...items, item("\xa9nam", text("T")));
    assertEquals((await rewrite("a.m4a", bytes, ...ALBUM))[0], "the values of the box \xa9ART");
    const [said, after] = await rewrite("a.m4a", bytes, "--metadata", "artist=X");
    assertEquals([said, probeSync(after).tags.artist, probeSync(after).tags.title], ["", "X", "T"]);
  }
  const unread = m4a(item("tmpo", joined([0, 120])), item("\xa9mvn", text("Allegro")));
  assertEquals((await rewrite("a.m4a", unread, ...ALBUM))[0], "the box tmpo; the box \xa9mvn");
});

Deno.test("cli: rewrite of m4a has nothing against ordinary tags", async () => {
  const items = [
    ...[item(ARTIST, text("A;B")), item("\xa9nam", text("T")), item("cpil", joined([1]))],
    ...[item("trkn", joined([0, 0, 0, 1, 0, 2, 0, 0])), item("\xa9too", text("x"), text("y"))],
  ];
  assertEquals((await rewrite("a.m4a", m4a(...items), ...ALBUM))[0], "");
});

// ------------------------------------------------------------------------------------------- bounds

/** The parts of a file in memory. */
async function partsOfBytes(name: string, bytes: Bytes): Promise<string[]> {
  let at = 0;
  const file = {
    statSync: () => ({ size: bytes.length }),
    seekSync: (offset: number) => at = offset,
    readSync(target: Uint8Array) {
      const read = bytes.subarray(at, at + target.length);
      target.set(read);
      at += read.length;
      return read.length;
    },
  };
  const parts = await partsIn(new PartReader(file), { format: { name }, streams: [], programs: [] });
  return parts.missingIn(new Parts());
}

Deno.test("rewrite: of values of ID3 ten thousand are told apart, and long ones take the memory of a digest", async () => {
  const many = Array.from({ length: 12_000 }, (_, n) => frame("TXXX", `\x03${n}\0v`));
  const found = await partsOfBytes("mp3", id3(4, 0, ...many));
  assertEquals([found.length, found.at(-1)], [10_001, "more than 10,000 values of tags"]);
  const long = await partsOfBytes(
    "mp3",
    id3(4, 0, frame("TXXX", `\x03${"n".repeat(1_000_000)}\0${"v".repeat(1_000_000)}`)),
  );
  assertEquals(long.length, 1);
  assertEquals(long[0]!.length < 200, true);
});

Deno.test("rewrite: an ID3 frame of text that is larger than what is read at once is lost", async () => {
  const [found] = await partsOfBytes("mp3", id3(4, 0, frame("TIT2", Array(17 << 20).fill(65))));
  assertStringIncludes(found!, "what is in an ID3 frame TIT2 of more than 16 MiB");
});
