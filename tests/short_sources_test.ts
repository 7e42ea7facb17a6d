/**
 * Short files as every kind of source: path, bytes, Blob, callbacks without seeking, streams with chunks of any size.
 * The packets are the same, although a stream can't seek to what is at the end of a file.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AVError, Demuxer, IOContext, MemorySink, probe, remuxSync, type Source } from "@avio/avio";
import { concatBytes } from "./support/essence.ts";
import { fixtureBytes, fixturePath, mediaFixtures, otherFixtures, realPath } from "./support/fixtures.ts";
import { libavformat } from "./support/versions.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function inPieces(bytes: Bytes, size: number): ReadableStream<Bytes> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at += size));
    },
  });
}

function reading(bytes: Bytes) {
  let at = 0;
  return {
    onread(buffer: Uint8Array) {
      const length = Math.min(buffer.length, bytes.length - at);
      buffer.set(bytes.subarray(at, at += length));
      return length;
    },
  };
}

const ways: Record<string, (bytes: Bytes) => Source> = {
  bytes: (bytes) => bytes,
  Blob: (bytes) => new Blob([bytes]),
  "onread alone": reading,
  "pieces of 11": (bytes) => inPieces(bytes, 11),
  "pieces of 977": (bytes) => inPieces(bytes, 977),
  "pieces of 40001": (bytes) => inPieces(bytes, 40001),
  "one piece": (bytes) => inPieces(bytes, bytes.length),
};

/** Streams and packets as text, and the error that ends them. */
async function contentOf(source: Source, url: string): Promise<string[]> {
  const rows: string[] = [];
  try {
    await using demuxer = await Demuxer.open(source, { url });
    rows.push(demuxer.streams.map(({ type, codecParameters }) => `${type} ${codecParameters.codec}`).join());
    for await (const { streamIndex, pts, dts, duration, isKey, data } of demuxer) {
      rows.push([streamIndex, pts, dts, duration, isKey, data.toHex()].join());
    }
    assertEquals(await demuxer.read(), null); // there is no error after the end either
  } catch (error) {
    rows.push(String(error));
  }
  return rows;
}

async function compare(name: string, bytes: Bytes, reference: Source = bytes): Promise<string[]> {
  const expected = await contentOf(reference, name);
  for (const [way, source] of Object.entries(ways)) {
    const rows = await contentOf(source(bytes), name);
    assertEquals(rows.length, expected.length, `${name}, ${way}: ${rows.at(-1)?.slice(0, 200)}`);
    assertEquals(rows, expected, `${name}, ${way}`);
  }
  return expected;
}

for (const name of [...mediaFixtures, ...otherFixtures]) {
  Deno.test(`${name} is the same from every kind of source`, async () => {
    const rows = await compare(name, fixtureBytes(name), fixturePath(name));
    assert(rows.length > 1, String(rows));
  });
}

for (
  const name of [
    "bfb99c951422.made-caf",
    "18c6139106bc.aif",
    "1677a7edfbca.tta",
    "4b322e00621a.mpc",
    "025c18578383.avif",
  ]
) {
  const path = realPath(`odd/${name}`);
  Deno.test({
    name: `${name}, a file from elsewhere, is the same from every kind of source`,
    ignore: !path || (name.endsWith(".avif") && libavformat < 61), // which has packets of no bytes there
    fn: async () => void await compare(name, Deno.readFileSync(path), path),
  });
}

// ------------------------------------------------------------------------------------------- what is at the end

/** By the ffmpeg command, into a file, which it can go back in. */
function made(name: string, args: string[]): Bytes {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/${name}`;
    const { success, stderr } = new Deno.Command("ffmpeg", {
      args: ["-v", "error", "-nostdin", ...args, path],
    })
      .outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const tone = ["-f", "lavfi", "-i", "sine=duration=1"];

function chunk(name: string, data: Uint8Array, littleEndian = false): Bytes {
  const bytes = new Uint8Array(8 + data.length + (data.length & 1));
  bytes.set(new TextEncoder().encode(name));
  new DataView(bytes.buffer).setUint32(4, data.length, littleEndian);
  bytes.set(data, 8);
  return bytes;
}

/** AIFF whose description comes behind its samples. */
function aiffFromBehind(): Bytes {
  const common = Uint8Array.of(0, 1, 0, 0, 3, 0xe8, 0, 16, 0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0);
  const sound = chunk("SSND", new Uint8Array(8 + 2000).map((_, i) => i < 8 ? 0 : i % 251));
  const body = concatBytes([new TextEncoder().encode("AIFF"), sound, chunk("COMM", common)]);
  return chunk("FORM", body);
}

/** An ID3 tag that is a cover. */
function coverTag(): Uint8Array {
  const frame = (name: string, data: Uint8Array) => {
    const bytes = new Uint8Array(10 + data.length);
    bytes.set(new TextEncoder().encode(name));
    new DataView(bytes.buffer).setUint32(4, data.length);
    bytes.set(data, 10);
    return bytes;
  };
  const text = (value: string) => new TextEncoder().encode(value);
  const picture = frame("APIC", concatBytes([text("\0image/png\0\x03\0"), fixtureBytes("image.png")]));
  const { length } = picture;
  const header = [
    0x49,
    0x44,
    0x33,
    3,
    0,
    0,
    length >> 21 & 127,
    length >> 14 & 127,
    length >> 7 & 127,
    length & 127,
  ];
  return concatBytes([Uint8Array.from(header), picture]);
}

/** A wav with tags, and a cover among them, behind its samples. */
function wavWithCover(): Bytes {
  const bytes = concatBytes([fixtureBytes("audio.wav"), chunk("id3 ", coverTag(), true)]) as Bytes;
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes;
}

function aiffWithCover(): Bytes {
  const common = Uint8Array.of(0, 1, 0, 0, 3, 0xe8, 0, 16, 0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0);
  const sound = chunk("SSND", new Uint8Array(8 + 2000).map((_, i) => i < 8 ? 0 : i % 251));
  const tag = chunk("ID3 ", coverTag());
  return chunk("FORM", concatBytes([new TextEncoder().encode("AIFF"), chunk("COMM", common), sound, tag]));
}

/** Two icons; the one that is listed first lies behind. */
function icons(): Bytes {
  const png = fixtureBytes("image.png"), size = png.length;
  const bytes = concatBytes([new Uint8Array(6 + 2 * 16), png, png]) as Bytes;
  const view = new DataView(bytes.buffer);
  view.setUint16(2, 1, true);
  view.setUint16(4, 2, true);
  [38 + size, 38].forEach((at, i) => {
    view.setUint32(14 + i * 16, size, true);
    view.setUint32(18 + i * 16, at, true);
  });
  return bytes;
}

/** HEIF: two pictures that are tiles of a third. */
function tiles(): Bytes {
  const number = (size: number, value: number) =>
    Uint8Array.from({ length: size }, (_, i) => value / 256 ** (size - 1 - i));
  const box = (name: string, ...parts: Uint8Array[]) => {
    const body = concatBytes([new TextEncoder().encode(name), ...parts]);
    return concatBytes([number(4, body.length + 4), body]);
  };
  const full = (name: string, ...parts: Uint8Array[]) => box(name, number(4, 0), ...parts);
  const text = (value: string) => new TextEncoder().encode(value);
  const item = (id: number, type: string) =>
    box("infe", Uint8Array.of(2, 0, 0, 0), number(2, id), number(2, 0), text(type), number(1, 0));
  const picture = fixtureBytes("image.jpeg");
  const grid = concatBytes([Uint8Array.of(0, 0, 1, 0), number(2, 64), number(2, 128)]);
  const place = (id: number, at: number, length: number) =>
    concatBytes([number(2, id), number(2, 0), number(2, 1), number(4, at), number(4, length)]);
  const make = (at: number): Uint8Array =>
    concatBytes([
      box("ftyp", text("mif1"), number(4, 0), text("mif1")),
      full(
        "meta",
        full("hdlr", number(4, 0), text("pict"), number(13, 0)),
        full("pitm", number(2, 1)),
        full(
          "iloc",
          Uint8Array.of(0x44, 0),
          number(2, 3),
          place(1, at, grid.length),
          place(2, at + grid.length, picture.length),
          place(3, at + grid.length, picture.length),
        ),
        full("iinf", number(2, 3), item(1, "grid"), item(2, "jpeg"), item(3, "jpeg")),
        full("iref", box("dimg", number(2, 1), number(2, 2), number(2, 2), number(2, 3))),
        box(
          "iprp",
          box("ipco", full("ispe", number(4, 64), number(4, 64))),
          full(
            "ipma",
            number(4, 2),
            ...[2, 3].map((id) => concatBytes([number(2, id), Uint8Array.of(1, 1)])),
          ),
        ),
      ),
      box("mdat", grid, picture),
    ]);
  return make(make(0).length - grid.length - picture.length) as Bytes;
}

/** WavPack with an APE tag behind. */
function wavpack(): { song: Bytes; tagged: Bytes } {
  const text = new TextEncoder();
  const item = concatBytes([Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0), text.encode("Title\0Song")]);
  const border = new Uint8Array(32); // before and behind
  border.set(text.encode("APETAGEX"));
  const view = new DataView(border.buffer);
  [2000, item.length + 32, 1, 0x80000000].forEach((value, i) => view.setUint32(8 + 4 * i, value, true));
  const song = made("a.wv", [...tone, "-c:a", "wavpack", "-fflags", "+bitexact"]);
  return { song, tagged: concatBytes([song, border, item, border]) as Bytes };
}

function withChapters(): Bytes {
  const sink = new MemorySink();
  remuxSync(fixturePath("video.mp4"), sink, {
    format: "mp4",
    options: { movflags: "faststart" },
    url: "a.mp4",
    chapters: [{ id: 0, start: 0, end: 1, metadata: { title: "One" } }, {
      id: 1,
      start: 1,
      end: 3,
      metadata: { title: "Two" },
    }],
  });
  return sink.bytes() as Bytes;
}

const files: Record<string, { bytes: () => Bytes; streams: number }> = {
  "behind.aiff": { bytes: aiffFromBehind, streams: 1 },
  "alac.caf": { bytes: () => made("a.caf", [...tone, "-c:a", "alac"]), streams: 1 },
  "cover.aiff": { bytes: aiffWithCover, streams: 2 },
  "icons.ico": { bytes: icons, streams: 2 },
  "tiles.heic": { bytes: tiles, streams: 2 },
  "cover.wav": { bytes: wavWithCover, streams: 2 },
  "tags.wv": { bytes: () => wavpack().tagged, streams: 1 },
  "chapters.mp4": { bytes: withChapters, streams: 3 },
  "short.avi": { bytes: () => fixtureBytes("video.avi"), streams: 2 },
};

for (const [name, { bytes, streams }] of Object.entries(files)) {
  Deno.test({
    name: `${name}, with data at its end, is the same from every kind of source`,
    ignore: name === "tiles.heic" && libavformat < 63, // which has no tiles in JPEG
    fn: async () => {
      const rows = await compare(name, bytes());
      assertEquals(rows[0]!.split(",").length, streams, rows[0]);
      assert(rows.length > 1 && !rows.at(-1)!.includes("Error"), rows.at(-1));
    },
  });
}

Deno.test("A short source whose IOContext was read before is read from its position to the end", async () => {
  const before = new Uint8Array(1000).fill(1);
  const bytes = concatBytes([before, fixtureBytes("video.mp4")]) as Bytes;
  const expected = await contentOf(fixtureBytes("video.mp4"), "a.mp4");
  for (const size of [7, 512, 4096]) {
    using io = new IOContext(size, reading(bytes));
    io.readSync(new Uint8Array(1000));
    assertEquals(await contentOf(io, "a.mp4"), expected, `bufferSize ${size}`);
  }
});

Deno.test("Nothing of a long source is lost by searching its end", async () => {
  // WavPack's blocks are independent: enough of them to exceed what is kept.
  const { song: blocks } = wavpack();
  const long = concatBytes(Array(Math.ceil(6 * 2 ** 20 / blocks.length)).fill(blocks)) as Bytes;
  const expected = (await contentOf(long, "a.wv")).length;
  for (const way of ["onread alone", "pieces of 40001", "one piece"]) {
    assertEquals((await contentOf(ways[way]!(long), "a.wv")).length, expected, way);
  }
});

Deno.test("A source that must be read completely and is too long is a clear error", async () => {
  const long = concatBytes([
    chunk("free", new Uint8Array(0)),
    new Uint8Array([0, 0x50, 0, 0, 0x6d, 0x64, 0x61, 0x74]),
    new Uint8Array(0x500000 - 8),
  ]) as Bytes;
  long.set([0, 0, 0, 8], 0);
  long.set(new TextEncoder().encode("free"), 4);
  await assertRejects(() => Demuxer.open(inPieces(long, 40001), { format: "mp4" }), AVError);
});

/** An element of Matroska with a size of 8 bytes, as muxers write it that don't know the size yet. */
const element = (id: string, ...content: Uint8Array[]): Bytes => {
  const body = concatBytes(content), size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(body.length) | 1n << 56n);
  return concatBytes([Uint8Array.fromHex(id), size, body]);
};

/** The elements in a segment, by their IDs. */
function elementsOf(matroska: Bytes): [id: string, body: Bytes][] {
  const lengthAt = (at: number) => Math.clz32(matroska[at]!) - 23;
  const sizeAt = (at: number, length: number) =>
    matroska.subarray(at, at + length).reduce(
      (sum, byte, i) => sum * 256 + (i ? byte : byte & 255 >> length),
      0,
    );
  const found: [string, Bytes][] = [];
  for (let at = 0; at < matroska.length;) {
    const id = matroska.slice(at, at + lengthAt(at)).toHex();
    const start = at + lengthAt(at) + lengthAt(at + lengthAt(at));
    const size = sizeAt(at + lengthAt(at), lengthAt(at + lengthAt(at)));
    at = start;
    if (id === "18538067") continue;
    found.push([id, matroska.slice(start, start + size)]);
    at += size;
  }
  return found;
}

/** Matroska with its tags and chapters behind its clusters, where mkvpropedit puts them; its SeekHead says so. */
function withTagsBehind(matroska: Bytes, unknownSize = false): Bytes {
  const [HEADER, INFO, TRACKS, CLUSTER, TAGS, CHAPTERS] = [
    "1a45dfa3",
    "1549a966",
    "1654ae6b",
    "1f43b675",
    "1254c367",
    "1043a770",
  ];
  const all = elementsOf(matroska);
  const pick = (wanted: string) =>
    concatBytes(all.filter(([id]) => id === wanted).map(([id, body]) => element(id, body)));
  const [info, tracks, clusters, tags, chapters] = [INFO, TRACKS, CLUSTER, TAGS, CHAPTERS].map(
    pick,
  ) as Bytes[];
  const seek = (id: string, place: number) => {
    const position = new Uint8Array(4);
    new DataView(position.buffer).setUint32(0, place);
    return element("4dbb", Uint8Array.fromHex(`53ab84${id}53ac84`), position);
  };
  const headOf = (place: number) =>
    element("114d9b74", seek(TAGS, place), seek(CHAPTERS, place + tags!.length));
  const before = headOf(0).length + info!.length + tracks!.length + clusters!.length;
  const segment = element("18538067", headOf(before), info!, tracks!, clusters!, tags!, chapters!);
  if (unknownSize) segment.fill(255, 5, 12);
  return concatBytes([pick(HEADER!), segment]);
}

Deno.test("Tags and chapters of a short Matroska behind its packets are found in a source that can't seek", async () => {
  const sink = new MemorySink();
  const chapters = [{ id: 1, start: 0, end: 1, metadata: { title: "one" } }];
  remuxSync(fixturePath("video.mp4"), sink, { format: "matroska", tags: { title: "a title" }, chapters });
  const bytes = withTagsBehind(sink.bytes().slice());
  for (const [name, way] of Object.entries(ways)) {
    const { tags, chapters, streams, warnings } = await probe(way(bytes));
    assertEquals([tags.title, chapters.length, streams.length, warnings], ["a title", 1, 2, []], name);
  }
  const live = await probe(reading(withTagsBehind(sink.bytes().slice(), true)));
  assertEquals(live.chapters, []); // its packets don't wait for its end
});
