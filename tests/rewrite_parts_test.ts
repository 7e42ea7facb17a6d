/**
 * `avio rewrite`: what no stream, tag or chapter of a file shows is not lost without a word, wherever in a file it stands;
 * and a file stays of the kind that it was.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Demuxer, MemorySink, probeSync, type RemuxOptions, remuxSync } from "@avio/avio";
import { avio, temporaryFolder } from "./support/cli.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { dataByStream } from "./support/packets.ts";
import {
  apeTag,
  box,
  type Bytes,
  chunk,
  element,
  frame,
  id3,
  joined,
  largeBox,
  little,
  number,
  POPM,
} from "./support/pieces.ts";
import { isEmbedded } from "./support/versions.ts";

function remuxed(name: string, format: string, options: Omit<RemuxOptions, "format"> = {}): Bytes {
  const sink = new MemorySink();
  remuxSync(fixtureBytes(name), sink, { format, ...options });
  return sink.bytes();
}

// ------------------------------------------------------------------------------------------- pieces of files

/** The mp4 with another `moov`, which stands at its end. */
function withMoov(make: (moov: Bytes) => Bytes): Bytes {
  const mp4 = fixtureBytes("video.mp4"), at = new TextDecoder("latin1").decode(mp4).indexOf("moov") - 4;
  return joined(mp4.subarray(0, at), make(mp4.slice(at + 8)));
}

const uuid = box("uuid", "0123456789abcdefDATA");

const title = frame("TIT2", [3, 65]);
const popm = id3(4, 0, frame("POPM", POPM));
/** Of version 3, with a zero behind each 0xFF: what comes behind the frame that has one is found all the same. */
const unsynchronized = id3(
  3,
  0x80,
  frame("TIT2", [1, 0xff, 0, 0xfe, 65, 0], number).with(7, 5),
  frame("POPM", POPM.slice(0, 4), number),
);

const id3v1 = joined("TAG", "Old".padEnd(125, "\0"));
const lyrics = joined("LYRICSBEGIN", "IND0000200", "000021", "LYRICS200");

function withBlock(type: number): Bytes {
  const flac = fixtureBytes("audio.flac"), behind = 8 + 34;
  return joined(flac.subarray(0, behind), [type, 0, 0, 8], "testDATA", flac.subarray(behind));
}

function riff(name: string, ...chunks: Uint8Array[]): Bytes {
  const bytes = joined(fixtureBytes(name), ...chunks);
  bytes.set(little(bytes.length - 8), 4);
  return bytes;
}

function aiff(...parts: (string | Uint8Array | number[])[]): Bytes {
  const body = joined(...parts);
  const bytes = joined(remuxed("audio.wav", "aiff"), parts[0]!, number(body.length - 4), body.subarray(4));
  bytes.set(number(bytes.length - 8), 4);
  return bytes;
}

const wave64 = (): Bytes => {
  const guid = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];
  return joined(remuxed("audio.wav", "w64"), "bext", guid, little(32, 8), "DATADATA");
};

const [TAGS, TAG, SIMPLE, NAME, TEXT] = [[0x12, 0x54, 0xc3, 0x67], [0x73, 0x73], [0x67, 0xc8], [0x45, 0xa3], [
  0x44,
  0x87,
]];
const [CHAPTERS, EDITION, ORDERED, CHAPTER] = [[0x10, 0x43, 0xa7, 0x70], [0x45, 0xb9], [0x45, 0xdd], [0xb6]];
const UID = [0x73, 0xc4], START = [0x91];
const simple = (...inner: Uint8Array[]) =>
  element(SIMPLE, element(NAME, "MOOD"), element(TEXT, "x"), ...inner);
const chapter = (uid: number, ...inner: Uint8Array[]) =>
  element(CHAPTER, element(UID, [uid]), element(START, [0]), ...inner);

/** Written as a stream, whose segment goes on to the end of the file. */
function matroska(...elements: Uint8Array[]): Bytes {
  const options = { options: { live: 1 } };
  return joined(remuxed("video.mkv", "matroska", options), ...elements);
}

/** A packet of a table that no stream has: the EPG. */
const eit = joined([0x47, 0x40, 0x12, 0x10, 0], Array(183).fill(0xff));

const BEHIND = "what is behind the end of its media";
/** Something of another program, as cameras and phones append it. */
const archive = joined("PK\x03\x04", Array(300).fill(1));

/** The film, of which an editor has cut away what comes after so many milliseconds: it is still in the file. */
function trimmed(milliseconds: number): Bytes {
  const mp4 = fixtureBytes("video.mp4").slice(), text = new TextDecoder("latin1").decode(mp4);
  for (const { index } of text.matchAll(/elst/g)) mp4.set(number(milliseconds), index + 12);
  return mp4;
}

/** What is lost, and a file that has it. */
const LOST: readonly (readonly [what: string, where: string, name: string, make: () => Bytes])[] = [
  [
    "the box uuid",
    "in a moov of 64 bits",
    "video.mp4",
    () => withMoov((moov) => largeBox("moov", moov, uuid)),
  ],
  [
    "the box Xxxx",
    "in an udta of 64 bits",
    "video.mp4",
    () => withMoov((moov) => box("moov", moov, largeBox("udta", box("Xxxx", "DATA")))),
  ],
  [
    "the box uuid",
    "of 64 bits",
    "video.mp4",
    () => joined(fixtureBytes("video.mp4"), largeBox("uuid", uuid)),
  ],
  [
    "the box uuid",
    "without a size",
    "video.mp4",
    () => joined(fixtureBytes("video.mp4"), number(0), uuid.subarray(4)),
  ],
  ["the box abcd", "behind mdat", "video.mp4", () => joined(fixtureBytes("video.mp4"), box("abcd", "DATA"))],
  ["the box abcd", "in moov", "video.mp4", () => withMoov((moov) => box("moov", moov, box("abcd", "DATA")))],
  [
    "another box moov",
    "behind the first",
    "video.mp4",
    () => joined(fixtureBytes("video.mp4"), fixtureBytes("video.mp4")),
  ],
  [
    isEmbedded ? "the source has an error in it" : "the end of the box moov, which is cut off",
    "behind which its index is cut off",
    "video.mp4",
    () => fixtureBytes("video.mp4").slice(0, -1),
  ],
  [
    isEmbedded ? "the source ends too early" : BEHIND,
    "behind which is something else",
    "fragmented.mp4",
    () => joined(fixtureBytes("fragmented.mp4"), archive),
  ],
  ...["video.mp4", "video.mkv", "video.webm", "audio.ogg"].map((name) =>
    [BEHIND, "", name, () => joined(fixtureBytes(name), archive)] as const
  ),
  [
    isEmbedded ? "it is cut off" : BEHIND,
    "whose last page is cut off",
    "audio.ogg",
    () => fixtureBytes("audio.ogg").slice(0, -1),
  ],
  [
    isEmbedded ? "the source has an error in it" : "what is between its packets",
    "behind which is something else",
    "video.ts",
    () => joined(fixtureBytes("video.ts"), archive),
  ],
  [
    "65 of 131 packets of stream 1, which an edit list leaves out",
    "",
    "video.mp4",
    () => trimmed(1500),
  ],
  [
    "the ID3 frame POPM",
    "in a second tag",
    "audio.mp3",
    () => joined(id3(4, 0, title), popm, fixtureBytes("audio.mp3")),
  ],
  [
    "the ID3 frame POPM",
    "unsynchronized",
    "audio.mp3",
    () => joined(unsynchronized, fixtureBytes("audio.mp3")),
  ],
  [
    "the ID3 frame POPM",
    "behind a frame with a size of version 3",
    "audio.mp3",
    () =>
      joined(
        id3(4, 0, frame("TXXX", `\x03a\0${"b".repeat(300)}`, number), frame("POPM", POPM)),
        fixtureBytes("audio.mp3"),
      ),
  ],
  ["the ID3 frame POPM", "before flac", "audio.flac", () => joined(popm, fixtureBytes("audio.flac"))],
  ["the APE tag", "of mp3", "audio.mp3", () => joined(fixtureBytes("audio.mp3"), apeTag())],
  ["the APE tag", "before ID3v1", "audio.mp3", () => joined(fixtureBytes("audio.mp3"), apeTag(), id3v1)],
  ["the Lyrics3 tag", "of mp3", "audio.mp3", () => joined(fixtureBytes("audio.mp3"), lyrics, id3v1)],
  ["the block APPLICATION", "behind ID3", "audio.flac", () => joined(id3(4, 0, title), withBlock(2))],
  ["the block 100", "of no type that FLAC defines", "audio.flac", () => withBlock(100)],
  [
    "the chunk adtl",
    "of wav",
    "audio.wav",
    () => riff("audio.wav", chunk("LIST", "adtl", chunk("note", little(1), "x\0"))),
  ],
  ["the ID3 frame POPM", "in a chunk", "audio.wav", () => riff("audio.wav", chunk("id3 ", popm))],
  [
    "the chunk iXML",
    "of RF64",
    "audio.wav",
    () => joined(remuxed("audio.wav", "wav", { options: { rf64: "always" } }), chunk("iXML", "<a/>")),
  ],
  ["the chunk bext", "of Wave64", "audio.w64", wave64],
  ["the chunk _PMX", "of avi", "video.avi", () => riff("video.avi", chunk("_PMX", "<x/>"))],
  [
    "the chunk MARK",
    "of aiff",
    "audio.aiff",
    () => aiff("MARK", number(1, 2), number(1, 2), number(0), [1, 65]),
  ],
  ["the ID3 frame POPM", "of aiff", "audio.aiff", () => aiff("ID3 ", popm)],
  [
    "the element SimpleTag in another",
    "",
    "video.mkv",
    () => matroska(element(TAGS, element(TAG, simple(simple())))),
  ],
  [
    "the element EditionFlagOrdered",
    "",
    "video.mkv",
    () => matroska(element(CHAPTERS, element(EDITION, element(ORDERED, [1]), chapter(1)))),
  ],
  [
    "the element ChapterAtom in another",
    "",
    "video.mkv",
    () => matroska(element(CHAPTERS, element(EDITION, chapter(1, chapter(2))))),
  ],
  ["the packets of PID 0x12", "", "video.ts", () => joined(fixtureBytes("video.ts"), eit)],
];

for (const [what, where, name, make] of LOST) {
  Deno.test(`cli: rewrite refuses to lose ${what} of ${name} ${where}`, async () => {
    using folder = temporaryFolder();
    const path = folder.path(name), bytes = make();
    Deno.writeFileSync(path, bytes);
    const refused = await avio("rewrite", path);
    assertEquals([refused.code, refused.stderr.includes(what)], [1, true], refused.stderr);
    assertEquals(Deno.readFileSync(path), bytes);
  });
}

Deno.test("cli: zeros behind the media of a file are no loss", async () => {
  for (const name of ["video.mp4", "video.mkv", "audio.ogg", "video.ts"]) {
    using folder = temporaryFolder();
    const path = folder.path(name);
    Deno.writeFileSync(path, joined(fixtureBytes(name), Array(5000).fill(0)));
    const { code, stderr } = await avio("rewrite", "-q", path);
    assertEquals([name, code, stderr], [name, 0, ""]);
  }
});

Deno.test("cli: rewrite leaves a file of its kind: sizes and numbers in MPEG-TS, versions of ID3, ID3 in aiff", async () => {
  using folder = temporaryFolder();
  const rewritten = async (name: string, bytes: Bytes, ...flags: string[]) => {
    const path = folder.path(name);
    Deno.writeFileSync(path, bytes);
    const { code, stderr } = await avio("rewrite", "-q", path, ...flags);
    assertEquals([name, code, stderr], [name, 0, ""]);
    return Deno.readFileSync(path);
  };
  const options = {
    mpegts_service_id: 77,
    mpegts_pmt_start_pid: 0x300,
    mpegts_m2ts_mode: 1,
  };
  const metadata = { service_name: "A channel", service_provider: "A provider" };
  const camcorder = remuxed("video.ts", "mpegts", { options, metadata });
  const after = await rewritten("video.ts", camcorder);
  assertEquals([after[4], after[196], probeSync(after).programs], [
    0x47,
    0x47,
    probeSync(camcorder).programs,
  ]);
  const renamed = await rewritten("video.ts", camcorder, "--metadata", "service_name=Another");
  assertEquals(probeSync(renamed).programs[0]!.metadata.service_name, "Another");
  assertEquals(
    probeSync(await rewritten("plain.ts", fixtureBytes("video.ts"))).programs[0]!.metadata.service_name,
    "avio test",
  );

  const old = remuxed("audio.mp3", "mp3", { options: { id3v2_version: 3, write_id3v1: 1 } });
  const song = await rewritten("audio.mp3", old);
  assertEquals([song[3], new TextDecoder().decode(song.subarray(-128, -125))], [3, "TAG"]);

  const aiff = await rewritten(
    "audio.aiff",
    remuxed("audio.wav", "aiff"),
    "--metadata",
    "album=A",
    "--metadata",
    "title=T",
  );
  assertEquals([probeSync(aiff).tags.album, probeSync(aiff).tags.title], ["A", "T"]);
});

Deno.test("cli: rewrite of raw H.264 writes no second copy of its headers, wherever they stand in a packet", async () => {
  using folder = temporaryFolder();
  const path = folder.path("video.h264");
  Deno.writeFileSync(path, remuxed("video.mp4", "h264"));
  const before = dataByStream(Deno.readFileSync(path));
  assertEquals((await avio("rewrite", "-q", path)).code, 0);
  assertEquals(dataByStream(path), before);
});

Deno.test("cli: rewrite reports the size of the file, not how much was written for it", async () => {
  using folder = temporaryFolder();
  const path = folder.path("video.mp4");
  Deno.writeFileSync(path, fixtureBytes("video.mp4"));
  const { stderr } = await avio("rewrite", path);
  const { size } = Deno.statSync(path);
  assertStringIncludes(stderr, ` packets, ${(size / 1000).toPrecision(3)} kB, `);
});

Deno.test("cli: rewrite of a file that another muxer of FFmpeg wrote is no loss of the muxer's name", async () => {
  using folder = temporaryFolder();
  const path = folder.path("video.avi"), list = chunk("LIST", "INFO", chunk("ISFT", "Lavf59.27.100\0"));
  Deno.writeFileSync(path, riff("video.avi", list));
  const { code, stderr } = await avio("rewrite", "-q", path);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("aiff has tags, and not only its own four, in an ID3 tag", () => {
  const bytes = remuxed("audio.wav", "aiff", { metadata: { artist: "A", title: "T" } });
  using demuxer = Demuxer.openSync(bytes);
  assertMatch(JSON.stringify(demuxer.metadata), /"artist":"A"/);
  assert(new TextDecoder("latin1").decode(bytes).includes("ID3 "));
});
