/**
 * `avio rewrite` of hostile files: the search for parts ends, and takes work and memory by the size of the file, whatever sizes
 * and counts are written in it and however deep its parts are in each other; what is not searched is said to be lost. And the
 * comparison of tags and covers takes work by their number, not by its square.
 */
import { assert, assertEquals, assertLessOrEqual, assertRejects, assertStringIncludes } from "@std/assert";
import { probeSync } from "@avio/avio";
import { partsIn, type Searched } from "../cli/file_parts.ts";
import { MAX_READ, PartReader, type SearchedFile } from "../cli/part_reader.ts";
import { Parts } from "../cli/parts.ts";
import { lossesOf, type Rewritten } from "../cli/rewrite_losses.ts";
import { avio, temporaryFolder } from "./support/cli.ts";
import { fixtureBytes } from "./support/fixtures.ts";
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
  sync7,
} from "./support/pieces.ts";
import { isEmbedded } from "./support/versions.ts";

/** A file in memory. */
class MemoryFile implements SearchedFile {
  readonly #content: Uint8Array;
  #position = 0;

  constructor(content: Uint8Array) {
    this.#content = content;
  }

  statSync() {
    return { size: this.#content.length };
  }

  seekSync(offset: number): number {
    return this.#position = offset;
  }

  readSync(target: Uint8Array): number {
    const bytes = this.#content.subarray(this.#position, this.#position + target.length);
    target.set(bytes);
    this.#position += bytes.length;
    return bytes.length;
  }
}

/** Bytes that are read in any case: of the start and the end, and in which the first packet of MPEG-TS is looked for. */
const ALWAYS = 1 << 17;

/** Counts bytes, and refuses to go on when there are more than some for each byte of the file. */
class Meter {
  readonly #what: string;
  #left: number;

  constructor(what: string, { length }: Uint8Array) {
    this.#what = what;
    this.#left = 8 * length + ALWAYS;
  }

  count(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new Error(`too many bytes are ${this.#what}`);
  }
}

/** Reads a file in memory within limits of reads, bytes of the file, and bytes that are searched. */
class MeteredReader extends PartReader {
  readonly #searched: Meter;

  constructor(content: Uint8Array) {
    const file = new MemoryFile(content), fromFile = new Meter("read", content);
    const metered = {
      statSync: () => file.statSync(),
      seekSync: (offset: number) => file.seekSync(offset),
      readSync(target: Uint8Array) {
        fromFile.count(target.length);
        return file.readSync(target);
      },
    };
    super(metered, 2 * content.length + 100);
    this.#searched = new Meter("searched", content);
  }

  override read(position: number, size: number): Uint8Array {
    const bytes = super.read(position, size);
    this.#searched.count(bytes.length);
    return bytes;
  }
}

const FORMATS = {
  mp3: "mp3",
  flac: "flac",
  ogg: "ogg",
  mp4: "mov,mp4,m4a,3gp,3g2,mj2",
  mkv: "matroska,webm",
  wav: "wav",
  w64: "w64",
  avi: "avi",
  aiff: "aiff",
  wv: "wv",
  ts: "mpegts",
};
type Format = keyof typeof FORMATS;

const infoOf = (format: Format): Searched => ({
  format: { name: FORMATS[format] },
  streams: [],
  programs: [],
});

/** The parts of a file, and a failure if it takes more than so many reads and bytes for each of its bytes. */
async function search(format: Format, content: Uint8Array): Promise<string[]> {
  const parts = await partsIn(new MeteredReader(content), infoOf(format));
  const missing = parts.missingIn(new Parts());
  assert(!missing.some((part) => part.includes("millions")), "too many reads");
  assertLessOrEqual(missing.length, 1010);
  return missing;
}

// ------------------------------------------------------------------------------------------- files with one wrong field

const popm = id3(4, 0, frame("TIT2", [3, 65]), frame("POPM", POPM));
const uuid = box("uuid", "0123456789abcdefDATA");
const sampleDescription = box("stsd", number(0), number(1), box("encv", Array(78).fill(0), box("sinf")));
const id3v1 = joined("TAG", Array(125).fill(32));
const lyrics = joined("LYRICSBEGIN", "IND0000200", "000021", "LYRICS200");
const packet = (pid: number) => joined([0x47, 0x40 | pid >> 8, pid & 255, 0x10], Array(184).fill(0xff));
const [TAGS, TAG, SIMPLE, NAME] = [[0x12, 0x54, 0xc3, 0x67], [0x73, 0x73], [0x67, 0xc8], [0x45, 0xa3]];
const SEGMENT = [0x18, 0x53, 0x80, 0x67], LANGUAGE = [0x22, 0xb5, 0x9d], ORDERED = [0x45, 0xdd];
const TRACK = [0xae], EDITION = [0x45, 0xb9];
/** Comments with the name of a program in front. */
const comments = (...tags: string[]) =>
  joined(little(1), "x", little(tags.length), ...tags.map((tag) => joined(little(tag.length), tag)));
/** A page of a stream of Ogg, with a whole packet. */
const page = (serial: number, packet: Uint8Array) =>
  joined("OggS", [0, 0], number(0, 8), little(serial), Array(8).fill(0), [1, packet.length], packet);
const w64Chunk = (name: string) => joined(name, Array(12).fill(1), little(32, 8), "DATADATA");

/** A small file with all that is searched for in its format. */
const FILES: Readonly<Record<Format, Bytes>> = {
  mp3: joined(
    id3(2, 0, joined("TT2", number(2, 3), [0, 65]), joined("POP", number(2, 3), "ab")),
    id3(3, 0x80, frame("TIT2", [1, 0xff, 0, 0xfe, 65, 0], number), frame("POPM", [1, 2], number)),
    id3(4, 0x40, joined(sync7(6), [1, 0], frame("POPM", POPM))),
    popm,
    [0xff, 0xfb, 0x90, 0, 1, 2, 3],
    apeTag(),
    lyrics,
    id3v1,
  ),
  flac: joined(popm, "fLaC", [0, 0, 0, 34], Array(34).fill(1), [2, 0, 0, 8], "testDATA", [4, 0, 0, 16], [
    ...comments("A=b"),
  ], [
    0x85,
    0,
    0,
    2,
    1,
    1,
  ]),
  ogg: joined(
    page(1, joined("OpusHead")),
    page(2, joined("Speex   ")),
    page(1, joined("OpusTags", comments("A=b", "C=d"))),
    page(2, comments("E=f")),
    page(1, joined("data")),
  ),
  mp4: joined(
    box("ftyp", "isom"),
    box(
      "moov",
      box("trak", box("mdia", box("minf", box("stbl", sampleDescription)))),
      box("udta", box("meta", number(0), box("ilst", box("Xxxx"))), box("Yyyy")),
    ),
    box("mdat"),
    largeBox("moov", uuid),
  ),
  mkv: element(
    SEGMENT,
    element(TRACK, element(LANGUAGE, "fr-CA")),
    element(EDITION, element(ORDERED, [1])),
    element(TAGS, element(TAG, element(SIMPLE, element(NAME, "MOOD"), element(SIMPLE)))),
  ),
  wav: joined(
    "RIFF",
    number(0),
    "WAVE",
    chunk("fmt ", Array(16).fill(1)),
    chunk("LIST", "adtl", chunk("note", little(1))),
    chunk("id3 ", popm),
    chunk("data", "abcdefg"),
    chunk("iXML", "<a/>"),
  ),
  w64: joined("riff", Array(36).fill(1), w64Chunk("fmt "), w64Chunk("bext")),
  avi: joined(
    joined("RIFF", little(12 + 32 + 12 + 12), "AVI "),
    chunk("LIST", "hdrl", chunk("LIST", "strl", chunk("strz", "ab"))),
    chunk("LIST", "movi"),
    chunk("_PMX", "<x/>"),
    chunk("RIFF", "AVIX", chunk("_PMY", "<x/>")),
  ),
  aiff: joined("FORM", number(0), "AIFF", "MARK", number(2), [0, 0], "ID3 ", number(popm.length), popm),
  wv: joined(Array(20).fill(1), apeTag(), id3v1),
  ts: joined(...[0, 0x12, 0x100, 0x14, 0x12, 0x13].map(packet)),
};

/** Written to a field of so many bytes: the least, the greatest, around the file's size and the rest of it, negative. */
function valuesOf(width: number, size: number, rest: number): bigint[] {
  const all = (1n << BigInt(8 * width)) - 1n, half = all >> 1n;
  const numbers = [0, 1, 2, 7, 8, 15, 16, 127, rest, rest + 1, size, size + 1, -1 - rest, -size];
  const values = [...numbers.map(BigInt), all - 1n, all, half, half + 1n];
  return [...new Set(values.map((value) => value & all))];
}

function write(bytes: Uint8Array, at: number, width: number, value: bigint, isLittle: boolean): void {
  for (let n = 0; n < width; n++) {
    bytes[at + (isLittle ? n : width - 1 - n)] = Number(value >> BigInt(8 * n) & 255n);
  }
}

function* mutationsOf(bytes: Bytes, end: number): Generator<Bytes> {
  for (let at = 0; at < end; at++) {
    for (const width of [1, 2, 3, 4, 8].filter((width) => at + width <= bytes.length)) {
      for (const value of valuesOf(width, bytes.length, bytes.length - at - width)) {
        for (const isLittle of width === 1 ? [true] : [true, false]) {
          const mutation = bytes.slice();
          write(mutation, at, width, value, isLittle);
          yield mutation;
        }
      }
    }
  }
}

/** The head of an MPEG-TS packet is searched, the rest is not. */
const searchedOf = (format: Format, bytes: Bytes) => format === "ts" ? 4 : bytes.length;

const RF64 = joined(
  "RF64",
  number(0),
  "WAVE",
  chunk("ds64", number(7, 8)),
  chunk("iXML", "<a/>"),
  "data",
  number(0),
);

const files = [
  ...Object.entries(FILES).map(([format, bytes]) => [format as Format, format, bytes] as const),
  ["wav", "RF64", RF64] as const,
];

for (const [format, what, bytes] of files) {
  Deno.test(`rewrite: the search of ${what} ends, whatever is written in a field`, async () => {
    const found = await search(format, bytes);
    assert(found.length > 0, "the file itself has parts");
    for (const mutation of mutationsOf(bytes, searchedOf(format, bytes))) await search(format, mutation);
    for (let end = 0; end < bytes.length; end++) await search(format, bytes.slice(0, end));
  });
}

Deno.test("rewrite: sizes of Lyrics3 that are none end the search", async () => {
  for (
    const size of ["-00015", "-00085", "1e+005", "0x0010", "     1", "00001.", "+00001", "999999", "000000"]
  ) {
    const found = await search("mp3", joined(Array(200).fill(1), size, "LYRICS200", id3v1));
    assertEquals(found, ["the ID3 tag of version 1", "the Lyrics3 tag"], size);
  }
});

// ------------------------------------------------------------------------------------------- many, and deep ones

const MANY = 1 << 20;

function repeated(unit: Uint8Array, front: Uint8Array = joined(), size = MANY): Bytes {
  const bytes = new Uint8Array(size);
  bytes.set(front);
  for (let at = front.length; at + unit.length <= size; at += unit.length) bytes.set(unit, at);
  return bytes;
}

const RIFF = joined("RIFF", number(0), "WAVE"), AVI = joined("RIFF", number(0), "AVI ");
const ENDLESS = [1, ...Array(7).fill(0xff)];
const unsynchronizedHead = joined("ID3", [3, 0, 0x80], [127, 127, 127, 127]);

/** Files of a MB of small parts. */
const REPEATED: readonly (readonly [what: string, format: Format, bytes: () => Bytes])[] = [
  ["empty ID3 tags", "mp3", () => repeated(id3(4, 0))],
  ["ID3 frames without data", "mp3", () => repeated(frame("POPM", []), unsynchronizedHead.with(5, 0))],
  ["unsynchronized frames", "mp3", () => repeated(frame("POPM", [], number), unsynchronizedHead)],
  ["APE tags", "mp3", () => repeated(apeTag().subarray(-32).with(12, 0).with(23, 0), joined(), 32 * 30_000)],
  [
    "APE tags within others",
    "wv",
    () => repeated(apeTag().subarray(-32).with(12, 255).with(13, 255).with(23, 0), joined(), 32 * 30_000),
  ],
  [
    "items of an APE tag",
    "wv",
    () => joined(repeated(joined(little(1), little(0), "A", [0], "b")), apeTag().subarray(-32).with(14, 15)),
  ],
  ["Lyrics3 tags", "mp3", () => repeated(joined("000000LYRICS200"), joined(), 15 * 70_000)],
  ["blocks", "flac", () => repeated(joined([2, 0, 0, 0]), joined("fLaC"))],
  [
    "comments",
    "flac",
    () =>
      repeated(joined(little(3), "A=b"), joined("fLaC", [4, 15, 255, 255], little(0), [255, 255, 255, 255])),
  ],
  ["blocks of comments", "flac", () => repeated(joined([4, 0, 0, 16], comments("A=b")), joined("fLaC"))],
  [
    "blocks of comments that claim more",
    "flac",
    () => repeated(joined([4, 0, 0, 8], little(0), [255, 255, 255, 255]), joined("fLaC")),
  ],
  ["pages", "ogg", () => repeated(page(1, joined("x")))],
  [
    "pages of a packet that does not end",
    "ogg",
    () =>
      repeated(joined(page(1, joined("")).with(26, 255), Array(255).fill(255), new Uint8Array(255 * 255))),
  ],
  [
    "pages of comments",
    "ogg",
    () => joined(page(1, joined("x")), repeated(page(1, joined("OpusTags", comments("A=b"))))),
  ],
  ["ID3 frames of text", "mp3", () => repeated(frame("TIT2", [0, 65]), unsynchronizedHead.with(5, 0))],
  [
    "ID3 frames in chapters",
    "mp3",
    () =>
      repeated(
        frame("CHAP", [...joined("a", Array(17).fill(0), ...Array(100).fill(frame("WXXX", [])))]),
        unsynchronizedHead.with(5, 0),
      ),
  ],
  ["boxes", "mp4", () => repeated(box("uuid"))],
  [
    "values of tags",
    "mp4",
    () => repeated(box("data"), joined(number(MANY), "ilst", number(MANY - 8), "\x00ART")),
  ],
  ["tags with a value", "mp4", () => repeated(box("disk", box("data")), joined(number(MANY), "ilst"))],
  ["sample descriptions", "mp4", () => repeated(box("stsd", "sinf"))],
  ["elements", "mkv", () => repeated(element(ORDERED, [1]))],
  ["elements of no known size", "mkv", () => repeated(joined(SEGMENT, ENDLESS))],
  ["chunks", "wav", () => repeated(chunk("iXML"), RIFF)],
  ["chunks of ID3 that claim more", "wav", () => repeated(chunk("id3 ", id3(3, 0).fill(127, 6)), RIFF)],
  [
    "chunks of ID3 that claim more",
    "aiff",
    () => repeated(joined("ID3 ", number(10), id3(3, 0).fill(127, 6)), RIFF),
  ],
  ["unsynchronized ID3 in chunks", "wav", () => repeated(chunk("id3 ", unsynchronizedHead), RIFF)],
  [
    "chunks",
    "w64",
    () => repeated(joined("bext", Array(12).fill(1), little(24, 8)), FILES.w64.subarray(0, 40)),
  ],
  ["chunks", "avi", () => repeated(chunk("_PMX"), AVI)],
  ["packets", "ts", () => repeated(packet(0x12))],
  ["bytes of synchronization", "ts", () => repeated(joined([0x47]), joined(...Array(6).fill(packet(0x100))))],
];

for (const [what, format, make] of REPEATED) {
  Deno.test(`rewrite: the work of searching ${format} grows with the file: ${what}`, async () => {
    const bytes = make();
    await search(format, bytes);
  });
}

/** Files of parts in each other. */
const NESTED: readonly (readonly [format: Format, bytes: () => Bytes])[] = [
  ["mp4", () => repeated(joined(number(0), "udta"))],
  ["mp4", () => repeated(joined(number(MANY), "moov"))],
  ["mp4", () => repeated(joined(number(1), "meta", number(MANY, 8)))],
  ["mkv", () => repeated(joined(SIMPLE, ENDLESS))],
  ["mkv", () => repeated(joined(TRACK, [0xff]))],
  ["mkv", () => repeated(joined([0xb6], [0x08, 0xff, 0xff, 0xff, 0xff]))],
  ["avi", () => repeated(joined("LIST", little(MANY), "hdrl"), AVI)],
  ["avi", () => repeated(joined("RIFF", little(0xffffffff), "AVIX"), AVI)],
];

for (const [index, [format, make]] of NESTED.entries()) {
  Deno.test(`rewrite: parts of ${format} in each other are searched to a depth, and the rest is lost (${index})`, async () => {
    assertStringIncludes(
      (await search(format, make())).join("; "),
      "what is in more than 32 parts around it",
    );
  });
}

Deno.test("rewrite: of parts that each have a name of their own a thousand are told apart, and the rest is lost", async () => {
  const name = (index: number) => index.toString(36).padStart(4, "A").toUpperCase();
  const boxes = joined(...Array.from({ length: 5000 }, (_, index) => box(name(index))));
  const frames = joined(...Array.from({ length: 5000 }, (_, index) => frame(name(index), [])));
  for (
    const [format, bytes] of [["mp4", box("udta", boxes)], ["mp3", id3(4, 0, frames)], [
      "wav",
      joined(RIFF, boxes),
    ]] as const
  ) {
    const found = await search(format, format === "wav" ? littleChunks(boxes) : bytes);
    assertEquals([found.length, found.at(-1)], [1001, "parts of more than 1,000 kinds"], format);
  }
});

/** Chunks from boxes of no content: the name stands in front of the size. */
function littleChunks(boxes: Bytes): Bytes {
  const bytes = joined(RIFF, boxes);
  for (let at = RIFF.length; at < bytes.length; at += 8) {
    const name = bytes.slice(at + 4, at + 8);
    bytes.set(name, at);
    bytes.fill(0, at + 4, at + 8);
  }
  return bytes;
}

Deno.test("rewrite: a search ends after so many reads, and what is behind them is lost", async () => {
  const reader = new PartReader(new MemoryFile(repeated(box("uuid"))), 1000);
  const found = (await partsIn(reader, infoOf("mp4"))).missingIn(new Parts());
  assertEquals(found, ["the box uuid", "what is behind the first millions of parts"]);
});

// ------------------------------------------------------------------------------------------- nothing passes unseen

const BIG = MAX_READ + 1_000_000;

Deno.test("rewrite: frames of ID3 and descriptions of samples are found behind 16 MiB", async () => {
  const cover = joined("APIC", sync7(BIG), [0, 0]), rest = frame("POPM", POPM);
  const tag = new Uint8Array(10 + cover.length + BIG + rest.length);
  tag.set(joined("ID3", [4, 0, 0], sync7(tag.length - 10), cover));
  tag.set(rest, tag.length - rest.length);
  assertEquals(await search("mp3", tag), ["the ID3 frame POPM", "the ID3 frame APIC"]);
  tag[3] = 3;
  tag[5] = 0x80;
  assertEquals(await search("mp3", tag), ["what is in an unsynchronized ID3 tag of more than 16 MiB"]);
  for (const at of [BIG, 1 << 16, (1 << 16) + 1, (1 << 16) + 2, (1 << 16) + 4, 20]) {
    const description = new Uint8Array(BIG + 8);
    description.set(joined(number(description.length), "stsd"));
    description.set(joined("sinf"), 8 + at - 4);
    const stbl = joined(number(description.length + 8), "stbl", description);
    const minf = joined(number(stbl.length + 8), "minf", stbl);
    assertEquals(
      await search("mp4", box("moov", box("trak", box("mdia", minf)))),
      ["the encryption"],
      `${at}`,
    );
  }
});

Deno.test("rewrite: a box that is larger than what it is in ends there, and is searched", async () => {
  const moov = box("moov", box("udta", box("Xxxx")), uuid);
  moov.set(number(moov.length + 100));
  const cut = "the end of the box moov, which is cut off";
  assertEquals(await search("mp4", moov), [cut, "the box Xxxx", "the box uuid"]);
});

Deno.test("rewrite: an element of no known size goes to the end of what it is in", async () => {
  const inner = joined(element([0xec], Array(200).fill(0)), element(SIMPLE, element(SIMPLE)));
  for (const ids of [[TAGS], [TAGS, TAG], [SEGMENT, TAGS]]) {
    const bytes = joined(...ids.flatMap((id) => [id, [0xff]]), inner);
    assertEquals(await search("mkv", bytes), ["the element SimpleTag in another"]);
  }
});

Deno.test("rewrite: data of WAVE that was written as a stream is not taken for chunks, and zeros are no chunk", async () => {
  const data = joined(RIFF, "data", number(0), "abcd", number(0));
  assertEquals(await search("wav", data), []);
  assertEquals(await search("wav", joined(RIFF, number(0), number(0), chunk("iXML"))), ["the chunk iXML"]);
});

Deno.test("rewrite: packets of MPEG-TS are found behind a damage and behind what is in front", async () => {
  const damaged = (junk: Uint8Array) =>
    joined(...Array(6).fill(packet(0)), junk, packet(0x12), ...Array(6).fill(packet(0)));
  const found = ["the packets of PID 0x12"];
  for (const size of [1, 100, 187, 189, 3000]) {
    const junk = new Uint8Array(size).fill(0x55).with(Math.floor(size / 2), 0x47).with(0, 0x55);
    assertEquals((await search("ts", damaged(junk))).slice(-1), found, `${size}`);
    assertEquals(await search("ts", joined(Array(size).fill(0), damaged(joined()))), found);
  }
  assertEquals(await search("ts", new Uint8Array(5000)), [
    "packets of PIDs that no stream has, if there are any",
  ]);
});

Deno.test("rewrite: the search of MPEG-TS ends with the signal", async () => {
  const reader = new PartReader(new MemoryFile(joined(...Array(20).fill(packet(0)))));
  const reason = new Error("stopped");
  const error = await assertRejects(() => partsIn(reader, infoOf("ts"), AbortSignal.abort(reason)));
  assertEquals(error, reason);
});

Deno.test("rewrite: a file that gets shorter while it is searched is an error", async () => {
  const file = Object.assign(new MemoryFile(packet(0)), { statSync: () => ({ size: 1000 }) });
  await assertRejects(
    () => partsIn(new PartReader(file), infoOf("ts")),
    Error,
    "was cut off by another program",
  );
});

// ------------------------------------------------------------------------------------------- comparisons

function rewritten(name: string, before: object, after: object): Rewritten {
  const info = { ...probeSync(fixtureBytes(name)), chapters: [], covers: [], metadata: {} };
  return {
    args: { edits: {}, filters: {}, metadata: {}, noMetadata: false } as unknown as Rewritten["args"],
    before: { ...info, ...before },
    after: { ...info, ...after },
    result: { streams: [] } as unknown as Rewritten["result"],
    chapters: [],
    covers: [],
  };
}

Deno.test("rewrite: a hundred thousand tags are compared in the time that it takes to read them", () => {
  const tags = (suffix: string) =>
    Object.fromEntries(
      Array.from({ length: 100_000 }, (_, n) => [`TAG${n}${n < 99_999 ? "" : suffix}`, "x"]),
    );
  const started = performance.now();
  const losses = lossesOf(rewritten("audio.flac", { metadata: tags("a") }, { metadata: tags("b") }));
  assertEquals(losses, ["the tag TAG99999a"]);
  assertLessOrEqual(performance.now() - started, 20_000);
});

Deno.test("rewrite: a thousand covers that differ at their ends are compared in the time that it takes to read them", () => {
  const data = Array.from({ length: 1000 }, (_, n) => {
    const bytes = new Uint8Array(50_000);
    bytes.set(number(n), bytes.length - 4);
    return bytes;
  });
  const covers = data.map((data) => ({
    data,
    kind: "",
    description: "",
  })) as unknown as Rewritten["before"]["covers"];
  const started = performance.now();
  const losses = lossesOf({ ...rewritten("audio.flac", {}, { covers: covers.toReversed() }), covers });
  assertEquals(losses, []);
  assertLessOrEqual(performance.now() - started, 20_000);
});

/** A FLAC file with these tags. */
function withTags(tags: readonly string[]): Bytes {
  const flac = fixtureBytes("audio.flac"), streamInfo = flac.slice(4, 4 + 38);
  let media = 4;
  for (let isLast = false; !isLast; media += 4 + new DataView(flac.buffer).getUint32(media) % 2 ** 24) {
    isLast = flac[media]! > 127;
  }
  const comments = tags.map((tag) => joined(little(tag.length), tag));
  const block = joined(little(1), "x", little(tags.length), ...comments);
  return joined("fLaC", streamInfo, [0x84], number(block.length, 3), block, flac.slice(media));
}

Deno.test("cli: rewrite refuses to lose tags that are not read, as there are too many of them", async () => {
  using folder = temporaryFolder();
  const files = {
    "many.flac": withTags(Array.from({ length: 1100 }, (_, n) => `TAG${n}=${n}`)),
    "long.flac": withTags([...Array(2000).fill(`ARTIST=${"a".repeat(50)}`), "TITLE=T"]),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const path = folder.path(name);
    Deno.writeFileSync(path, bytes);
    const before = probeSync(path).metadata;
    const { code, stderr } = await avio("rewrite", "-q", path);
    if (isEmbedded) {
      assertStringIncludes(stderr, "tags are left out: there are too many of them, or one is too long\n");
      assertEquals(Deno.readFileSync(path), bytes);
    } else {
      // The values of an artist would be joined.
      assertEquals([name, code], [name, name === "long.flac" ? 1 : 0], stderr);
      assertEquals({ ...probeSync(path).metadata, ...before }, probeSync(path).metadata);
    }
  }
});

Deno.test("cli: rewrite of hostile files ends with their losses, of which it lists some", async () => {
  using folder = temporaryFolder();
  const audio = fixtureBytes("audio.mp3");
  const ape = apeTag().slice(-32);
  ape.set(little(0), 12);
  ape.set(little(0), 20);
  const names = Array.from(
    { length: 5000 },
    (_, n) => frame(n.toString(36).padStart(4, "A").toUpperCase(), [1]),
  );
  const files = {
    "ape.mp3": joined(audio, ape),
    "lyrics.mp3": joined(audio, ape, "-00085LYRICS200"),
    "frames.mp3": joined(id3(4, 0, ...names), audio),
  };
  for (const [name, bytes] of Object.entries(files)) {
    Deno.writeFileSync(folder.path(name), bytes);
    const { code, stderr } = await avio("rewrite", folder.path(name));
    assertEquals([name, code], [name, 1]);
    assertStringIncludes(stderr, "is left as it was, ");
    assertLessOrEqual(stderr.length, 10_000);
    assertEquals(Deno.readFileSync(folder.path(name)), bytes);
  }
});
