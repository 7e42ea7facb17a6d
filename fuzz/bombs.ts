/**
 * Small files that make libavformat do much work: tables that declare a length and are missing, endless lists, names that are
 * searched for one by one. Each has about `size` bytes, or less than a MiB. `tests/bounds_test.ts` checks the memory and time
 * that they take; `samples.ts` adds them to the first inputs of the fuzzers.
 */
import { BitWriter, nalUnit } from "../tests/support/bits.ts";
import { deflateSync } from "node:zlib";

type Part = Uint8Array | number[] | string;

const encoder = new TextEncoder();

function join(...parts: Part[]): Uint8Array<ArrayBuffer> {
  return joinAll(parts);
}

function joinAll(parts: Part[]): Uint8Array<ArrayBuffer> {
  const pieces = parts.map((part) => typeof part === "string" ? encoder.encode(part) : Uint8Array.from(part));
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Repeats the parts that `make` returns, as many as fit into `size` bytes. */
function fill(size: number, make: (index: number) => Part): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (let index = 0;; index++) {
    const piece = join(make(index));
    if (at + piece.length > size || piece.length === 0) return all.subarray(0, at);
    all.set(piece, at);
    at += piece.length;
  }
}

/** The same part as often as it fits into `size` bytes. */
function repeat(size: number, part: Part): Uint8Array<ArrayBuffer> {
  const piece = join(part), all = new Uint8Array(Math.floor(size / piece.length) * piece.length);
  all.set(piece.subarray(0, all.length));
  for (let at = piece.length; at < all.length; at *= 2) all.copyWithin(at, 0, at);
  return all;
}

/** Parts of the same length, each of which `write` fills. */
function numbered(
  count: number,
  length: number,
  write: (view: DataView, at: number, index: number) => void,
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(count * length), view = new DataView(all.buffer);
  for (let index = 0; index < count; index++) write(view, index * length, index);
  return all;
}

const be = (bytes: number, value: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * (bytes - 1 - i))) % 256);
const le = (bytes: number, value: number): number[] => be(bytes, value).reverse();
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const sync7 = (
  value: number,
): number[] => [value >> 21 & 127, value >> 14 & 127, value >> 7 & 127, value & 127];
const MANY = 0x0fffffff;

// ------------------------------------------------------------------------------------------- mp3, id3, ape

const id3Frame = (name: string, body: Part, size = join(body).length) =>
  join(name, be(4, size), [0, 0], body);
const mp3Frame = join([0xff, 0xfb, 0x90, 0x00], zeros(413));

function id3(frames: Uint8Array): Uint8Array {
  return join("ID3", [3, 0, 0], sync7(frames.length), frames, ...Array(20).fill(mp3Frame));
}

function ape(count: number, size: number): Uint8Array {
  return join(
    "MAC ",
    le(2, 3990),
    [0, 0],
    le(4, 52),
    le(4, 24),
    le(4, count * 4),
    le(4, 44),
    le(4, 0),
    le(4, 0),
    le(4, 0),
    zeros(16),
    le(2, 2000),
    le(2, 0),
    le(4, 73728),
    le(4, 1),
    le(4, count),
    le(2, 16),
    le(2, 2),
    le(4, 44100),
    fill(size, (i) => le(4, 100 + i)),
  );
}

const apeItem = (i: number) => join(le(4, 1), le(4, 0), `k${i}`, [0], "v");

function apeTag(size: number): Uint8Array {
  const items = fill(size, apeItem);
  const count = Math.min(65536, Math.floor(items.length / 12));
  return join(
    ...Array(20).fill(mp3Frame),
    items,
    "APETAGEX",
    le(4, 2000),
    le(4, items.length + 32),
    le(4, count),
    le(4, 0),
    zeros(8),
  );
}

// ------------------------------------------------------------------------------------------- ogg, flac

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

function oggSum(page: Uint8Array): number[] {
  let crc = 0;
  for (const byte of page) crc = (crc << 8 ^ crcTable[crc >>> 24 ^ byte]!) >>> 0;
  return le(4, crc);
}

function oggPages(packet: Uint8Array, serial: number, first: number, granule = 0): Uint8Array {
  const pages: Uint8Array[] = [];
  for (let at = 0, sequence = first; at <= packet.length; sequence++) {
    const part = packet.subarray(at, at + 255 * 255);
    const laces = Array(Math.floor(part.length / 255)).fill(255);
    if (at + part.length === packet.length && laces.length < 255) laces.push(part.length % 255);
    const flags = (at > 0 ? 1 : 0) | (sequence === 0 ? 2 : 0);
    const page = join(
      "OggS",
      [0, flags],
      le(8, granule),
      le(4, serial),
      le(4, sequence),
      zeros(4),
      [laces.length],
      laces,
      part,
    );
    page.set(oggSum(page), 22);
    pages.push(page);
    at += part.length;
    if (laces.at(-1) !== 255 || part.length === 0) break;
  }
  return join(...pages);
}

const vorbisComment = (text: string) => join(le(4, text.length), text);
const vorbisComments = (size: number, text: (i: number) => string) =>
  join(vorbisComment("x"), le(4, MANY), fill(size, (i) => vorbisComment(text(i))));

function opus(size: number, text: (i: number) => string): Uint8Array {
  const head = join("OpusHead", [1, 2], le(2, 312), le(4, 48000), [0, 0, 0]);
  return join(oggPages(head, 1, 0), oggPages(join("OpusTags", vorbisComments(size, text)), 1, 1));
}

const flacBlock = (type: number, body: Uint8Array, last = false) =>
  join([type | (last ? 128 : 0)], be(3, body.length), body);
const streamInfo = join(be(2, 4096), be(2, 4096), zeros(6), be(4, 0x0ac442f0), be(4, 44100), zeros(16));

function flac(...blocks: Uint8Array[]): Uint8Array {
  return join("fLaC", flacBlock(0, streamInfo), ...blocks, flacBlock(1, zeros(4), true), [
    0xff,
    0xf8,
    0xc9,
    0x18,
    0,
    0xc2,
  ]);
}

// ------------------------------------------------------------------------------------------- mp4

const box = (name: string, ...parts: Part[]): Uint8Array => {
  const body = join(...parts);
  return join(be(4, body.length + 8), name, body);
};
const full = (name: string, ...parts: Part[]) => box(name, zeros(4), ...parts);

const ftyp = box("ftyp", "isom", be(4, 512), "isomiso2");
const mvhd = full(
  "mvhd",
  zeros(8),
  be(4, 1000),
  be(4, 1000),
  be(4, 0x10000),
  be(2, 0x100),
  zeros(10),
  zeros(36),
  zeros(24),
  be(4, 2),
);
const soun = box("mp4a", zeros(6), be(2, 1), zeros(8), be(2, 2), be(2, 16), zeros(4), be(4, 44100 * 65536));
const stsd = full("stsd", be(4, 1), soun);

/** The tables of one track, by name: missing ones are those of one sample. */
const trak = (tables: Record<string, Uint8Array> = {}, ...beside: Uint8Array[]): Uint8Array =>
  trakOf("soun", tables, ...beside);

function trakOf(kind: string, tables: Record<string, Uint8Array> = {}, ...beside: Uint8Array[]): Uint8Array {
  const all = {
    stsd,
    stts: full("stts", be(4, 1), be(4, 1), be(4, 1)),
    stsc: full("stsc", be(4, 1), be(4, 1), be(4, 1), be(4, 1)),
    stsz: full("stsz", be(4, 0), be(4, 1), be(4, 100)),
    stco: full("stco", be(4, 1), be(4, 100)),
    ...tables,
  };
  return box(
    "trak",
    full("tkhd", zeros(8), be(4, 1), zeros(4), be(4, 1000), zeros(60)),
    ...beside,
    box(
      "mdia",
      full("mdhd", zeros(8), be(4, 44100), be(4, 44100), be(4, 0)),
      full("hdlr", zeros(4), kind, zeros(13)),
      box("minf", full("smhd", zeros(4)), box("stbl", ...Object.values(all))),
    ),
  );
}

const mp4 = (...boxes: Uint8Array[]) => join(ftyp, box("moov", mvhd, ...boxes), box("mdat", zeros(64)));

/** Many samples of one size, in as many chunks or in one. */
const oneSize = (samples: number, chunks: number) =>
  trak({
    stts: full("stts", be(4, 1), be(4, samples), be(4, 2)),
    stsc: full("stsc", be(4, 1), be(4, 1), be(4, Math.ceil(samples / chunks)), be(4, 1)),
    stsz: full("stsz", be(4, 1), be(4, samples)),
  });

const mvex = box("mvex", full("trex", be(4, 1), be(4, 1), be(4, 1), be(4, 1), zeros(4)));
const traf = (...boxes: Uint8Array[]) =>
  box("moof", full("mfhd", be(4, 1)), box("traf", full("tfhd", be(4, 1)), ...boxes));
const fragmented = (...boxes: Uint8Array[]) =>
  join(
    ftyp,
    box("moov", mvhd, trak({ stts: full("stts", be(4, 0)) }), mvex),
    ...boxes,
    box("mdat", zeros(64)),
  );

const noSamples = {
  stts: full("stts", be(4, 0)),
  stsz: full("stsz", be(4, 0), be(4, 0)),
  stsc: full("stsc", be(4, 0)),
  stco: full("stco", be(4, 0)),
};

/** A list of fragments, of which each is before the others. Only if this maker's name is there, the list is looked for. */
function fragmentsBackwards(size: number): Uint8Array {
  const numbers = fill(size, (i) => join(be(4, i), be(4, 0xf0000000 - i), [1, 1, 1]));
  const list = full("tfra", be(4, 1), be(4, 0), be(4, Math.floor(size / 11)), numbers);
  return join(
    join(ftyp, box("free", "Anevia\x1a\x1a", zeros(8))),
    box("moov", mvhd, trak(noSamples), mvex),
    traf(full("trun", be(4, 1))),
    box("mdat", zeros(64)),
    box("mfra", list, full("mfro", be(4, 8 + list.length + 16))),
  );
}

/** Each edit refers to the last of two million samples. */
function editsBySamples(size: number): Uint8Array {
  const samples = 2_000_000;
  const edit = [...be(8, 1), ...be(8, (samples - 1) * 88200), ...be(4, 0x10000)];
  const edits = Math.floor(size / edit.length);
  return mp4(trak(
    {
      stts: full("stts", be(4, 1), be(4, samples), be(4, 88200)),
      ctts: full("ctts", be(4, 1), be(4, samples), be(4, 0)),
      stsc: full("stsc", be(4, 1), be(4, 1), be(4, samples), be(4, 1)),
      stsz: full("stsz", be(4, 1), be(4, samples)),
    },
    box("edts", box("elst", [1, 0, 0, 0], be(4, edits), fill(size, () => edit))),
  ));
}

/** One track, to which the chapter reference refers again and again. */
function chaptersByNames(size: number): Uint8Array {
  const samples = 30_000; // all within one read
  return join(
    mp4(trak(
      {
        stts: full("stts", be(4, 1), be(4, samples), be(4, 1)),
        stsc: full("stsc", be(4, 1), be(4, 1), be(4, samples), be(4, 1)),
        stsz: full("stsz", be(4, 1), be(4, samples)),
      },
      box("tref", box("chap", fill(size, () => be(4, 1)))),
    )),
    zeros(samples),
  );
}

function trunsByFragments(size: number): Uint8Array {
  const entries = Math.min(65535, Math.floor(size / 2 / 12));
  return join(
    ftyp,
    box("moov", mvhd, ...Array.from({ length: 30 }, () => trak(noSamples)), mvex),
    full(
      "sidx",
      be(4, 1),
      be(4, 1000),
      zeros(10),
      be(2, entries),
      fill(12 * entries, () => [...be(4, 100), ...be(4, 1), 0, 0, 0, 0]),
    ),
    traf(fill(size / 2, () => full("trun", be(4, 1)))),
    box("mdat", zeros(64)),
  );
}

/** The track ID is negative, so its fragments are not found in the index of fragments. */
function trunsOfNegativeTrack(size: number): Uint8Array {
  const id = be(4, 0x80000001), track = trak(noSamples);
  track.set(id, 28);
  return join(
    ftyp,
    box("moov", mvhd, track, box("mvex", full("trex", id, be(4, 1), be(4, 1), be(4, 1), zeros(4)))),
    box(
      "moof",
      full("mfhd", be(4, 1)),
      box("traf", full("tfhd", id), fill(size, () => full("trun", be(4, 1)))),
    ),
    box("mdat", zeros(64)),
  );
}

/** A HEIF file with these boxes in its "meta". */
function heif(...boxes: Uint8Array[]): Uint8Array {
  return join(
    box("ftyp", "heic", be(4, 0), "mif1heic"),
    full("meta", full("hdlr", zeros(4), "pict", zeros(13)), full("pitm", be(2, 1)), ...boxes),
  );
}

/** A grid of two rows of tiles, the first of which has no size. */
function heifGrid(): Uint8Array {
  const item = (id: number, type: string) => box("infe", [2, 0, 0, 0], be(2, id), be(2, 0), type, [0]);
  const make = (at: number) =>
    join(
      heif(
        full(
          "iloc",
          [0x44, 0],
          be(2, 3),
          ...[1, 2, 3].map((id) => join(be(2, id), be(2, 0), be(2, 1), be(4, at), be(4, 8))),
        ),
        full("iinf", be(2, 3), item(1, "grid"), item(2, "hvc1"), item(3, "hvc1")),
        full("iref", box("dimg", be(2, 1), be(2, 2), be(2, 2), be(2, 3))),
        box(
          "iprp",
          box("ipco", full("ispe", be(4, 16), be(4, 16))),
          full("ipma", be(4, 1), be(2, 3), [1, 1]),
        ),
      ),
      box("mdat", [0, 0, 1, 0], be(2, 16), be(2, 16), zeros(56)),
    );
  return make(make(0).length - 64);
}

const heifItem = (id: number, type: string) => box("infe", [2, 0, 0, 0], be(2, id), be(2, 0), type, [0]);
const heifItems = (items: Uint8Array[]) => full("iinf", be(2, items.length), joinAll(items));
const heifPlaces = (ids: number[]) =>
  full(
    "iloc",
    [0x44, 0],
    be(2, ids.length),
    joinAll(ids.map((id) => join(be(2, id), be(2, 0), be(2, 1), be(4, 0), be(4, 8)))),
  );
/** As many items as fit into half of the bytes; and references to the first item in the other half. */
function heifReferences(size: number, name: string, type: string): Uint8Array {
  const many = Math.min(Math.floor(size / 42), 60_000), boxes = Math.max(1, Math.floor(size / 2 / 131_086));
  const to = repeat(131_070, be(2, 1));
  const from = Array.from({ length: boxes }, (_, i) => 2 + i);
  return heif(
    heifItems([
      ...from.map((id) => heifItem(id, type)),
      ...Array.from({ length: many }, (_, i) => heifItem(1000 + i, "mime")),
      heifItem(1, "hvc1"),
    ]),
    heifPlaces([1, ...from]),
    full("iref", ...from.map((id) => box(name, be(2, id), be(2, 65535), to))),
  );
}
/** A picture of so many tiles, at most 60,000, each with its size and a profile. */
function heifTiles(count: number): Uint8Array {
  const ids = Array.from({ length: Math.min(count, 60_000) }, (_, i) => i + 2);
  return heif(
    heifPlaces([1, ...ids]),
    heifItems([heifItem(1, "iovl"), ...ids.map((id) => heifItem(id, "hvc1"))]),
    full("iref", box("dimg", be(2, 1), be(2, ids.length), joinAll(ids.map((id) => be(2, id))))),
    box(
      "iprp",
      box("ipco", full("ispe", be(4, 16), be(4, 16)), box("colr", "prof", zeros(200))),
      full("ipma", be(4, ids.length), joinAll(ids.map((id) => join(be(2, id), [2, 1, 2])))),
    ),
  );
}
/** A profile of half of the bytes, which the item has as often as the other half says. */
function heifProperties(size: number): Uint8Array {
  const count = Math.floor(size / 2 / 258);
  return heif(
    heifPlaces([1]),
    heifItems([heifItem(1, "hvc1")]),
    box(
      "iprp",
      box("ipco", box("colr", "prof", zeros(size / 2))),
      full("ipma", be(4, count), repeat(count * 258, join(be(2, 1), [255], zeros(255).fill(1)))),
    ),
  );
}
/** An item with one block of Exif, of half of the bytes, as often as the other half says. */
function heifExif(size: number): Uint8Array {
  const exif = join(be(4, 0), "MM\0*", be(4, 8), be(2, 0), zeros(size / 2));
  const boxes = Math.max(1, Math.floor(size / 2 / 131_086));
  const references = box("cdsc", be(2, 2), be(2, 65535), repeat(131_070, be(2, 1)));
  const head = (at: number) =>
    heif(
      heifItems([heifItem(1, "hvc1"), heifItem(2, "Exif")]),
      full(
        "iloc",
        [0x44, 0],
        be(2, 2),
        ...[8, exif.length].map((size, i) => join(be(2, i + 1), be(2, 0), be(2, 1), be(4, at), be(4, size))),
      ),
      full("iref", ...Array.from({ length: boxes }, () => references)),
    );
  return join(head(head(0).length + 8), box("mdat", exif));
}

const ilstTag = (i: number) =>
  box("----", full("mean", "com.apple"), full("name", `k${i}`), box("data", be(4, 1), zeros(4), "v"));

// ------------------------------------------------------------------------------------------- Matroska

function element(id: number, ...parts: Part[]): Uint8Array {
  const body = join(...parts);
  const idBytes = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  return join(be(idBytes, id), [1], be(7, body.length), body);
}
/** An element with a short size, for those that are repeated often. */
function short(id: number, ...parts: Part[]): Uint8Array {
  const body = join(...parts);
  const idBytes = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  return join(be(idBytes, id), body.length < 127 ? [0x80 | body.length] : be(2, 0x4000 | body.length), body);
}
const ebmlHead = element(0x1a45dfa3, element(0x4282, "matroska"), element(0x4287, [4]), element(0x4285, [2]));
const mkvInfo = element(0x1549a966, element(0x2ad7b1, be(3, 1000000)));
const mkvTrack = (i: number, ...parts: Uint8Array[]) =>
  element(
    0xae,
    short(0xd7, be(2, i)),
    short(0x73c5, be(2, i)),
    short(0x83, [2]),
    short(0x86, "A_PCM/INT/LIT"),
    ...parts,
  );
const mkvTracks = (...tracks: Uint8Array[]) => element(0x1654ae6b, ...tracks);
const mkv = (...parts: Uint8Array[]) => join(ebmlHead, element(0x18538067, mkvInfo, ...parts));
const cluster = element(0x1f43b675, element(0xe7, [0]), element(0xa3, [0x81, 0, 0, 0x80], zeros(100)));
const oneTrack = mkvTracks(mkvTrack(1));

// ------------------------------------------------------------------------------------------- RIFF, FLV, ASF and others

const chunk = (name: string, ...parts: Part[]) => {
  const body = join(...parts);
  return join(name, le(4, body.length), body, body.length % 2 ? [0] : []);
};
const wavFormat = chunk("fmt ", le(2, 1), le(2, 2), le(4, 44100), le(4, 176400), le(2, 4), le(2, 16));
const wav = (...chunks: Uint8Array[]) =>
  chunk("RIFF", "WAVE", wavFormat, ...chunks, chunk("data", zeros(4000)));
const infoTag = (i: number) => chunk(i.toString(36).toUpperCase().padStart(4, "I").slice(-4), "v");

function avi(streams: Uint8Array[], ...behind: Uint8Array[]): Uint8Array {
  const avih = chunk(
    "avih",
    le(4, 40000),
    zeros(20),
    le(4, streams.length),
    zeros(4),
    le(4, 320),
    le(4, 240),
    zeros(16),
  );
  return chunk(
    "RIFF",
    "AVI ",
    chunk("LIST", "hdrl", avih, ...streams),
    chunk("LIST", "movi", chunk("00dc", zeros(100))),
    ...behind,
  );
}
const aviStream = (...more: Uint8Array[]) =>
  chunk(
    "LIST",
    "strl",
    chunk(
      "strh",
      "vidsMJPG",
      zeros(12),
      le(4, 1),
      le(4, 25),
      zeros(8),
      le(4, 0),
      le(4, 0),
      le(4, 0),
      zeros(8),
    ),
    chunk("strf", le(4, 40), le(4, 320), le(4, 240), le(2, 1), le(2, 24), "MJPG", zeros(20)),
    ...more,
  );

/** A sound with an index. The number of the stream is ten times the first character, and the second one. */
const aviSound = (stream: number, positions: Uint8Array) =>
  chunk(
    "LIST",
    "strl",
    chunk("strh", "auds", zeros(16), le(4, 1), le(4, 2_000_000_000), le(4, 0), le(4, 1000), zeros(20)),
    chunk("strf", le(2, 85), le(2, 2), le(4, 44100), le(4, 4000), le(2, 0), le(2, 16)),
    chunk(
      "indx",
      le(2, 2),
      [0, 1],
      le(4, positions.length / 8),
      [48 + Math.floor(stream / 200) * 20, 48 + stream % 200],
      "wb",
      le(8, 8),
      zeros(4),
      positions,
    ),
  );
/** One stream has packets at millions of positions, the others before and behind them. */
function positionsByStreams(size: number): Uint8Array {
  const positions = (...list: number[]) => join(...list.map((at) => join(le(4, at), le(4, 1))));
  const others = Array.from({ length: Math.min(Math.floor(size / 400), 999) }, (_, i) => i + 1);
  return avi([
    aviSound(
      0,
      numbered(Math.floor(size / 16), 8, (view, at, i) => {
        view.setUint32(at, 100 + i, true);
        view.setUint32(at + 4, 1, true);
      }),
    ),
    ...others.map((i) => aviSound(i, positions(50, 100_000_000 + i))),
  ]);
}

const flvTag = (type: number, body: Uint8Array) =>
  join([type], be(3, body.length), zeros(7), body, be(4, body.length + 11));
const flv = (...tags: Uint8Array[]) => join("FLV", [1, 5], be(4, 9), be(4, 0), ...tags);
const amfName = (name: string) => join(be(2, name.length), name);
const onMetaData = (body: Uint8Array) => join([2], amfName("onMetaData"), [8], be(4, MANY), body, [0, 0, 9]);

const guid = (text: string) => {
  const [a, b, c, ...rest] = text.split("-").map((part) =>
    [...part.matchAll(/../g)].map(([hex]) => parseInt(hex!, 16))
  );
  return [...a!.reverse(), ...b!.reverse(), ...c!.reverse(), ...rest.flat()];
};
const asfObject = (id: string, ...parts: Part[]) => {
  const body = join(...parts);
  return join(guid(id), le(8, body.length + 24), body);
};
const wide = (text: string) => join([...text].flatMap((letter) => [letter.charCodeAt(0), 0]), [0, 0]);
const asf = (...objects: Uint8Array[]) => {
  const fileProperties = asfObject(
    "8CABDCA1-A947-11CF-8EE4-00C00C205365",
    zeros(16),
    le(8, 0),
    zeros(32),
    zeros(8),
    le(4, 2),
    le(4, 3200),
    le(4, 3200),
    le(4, 1000),
  );
  const body = join(fileProperties, ...objects);
  return join(
    guid("75B22630-668E-11CF-A6D9-00AA0062CE6C"),
    le(8, body.length + 30),
    le(4, objects.length + 1),
    [1, 2],
    body,
    asfObject("75B22636-668E-11CF-A6D9-00AA0062CE6C", zeros(26), zeros(3200)),
  );
};
const asfTag = (i: number) => join(le(2, 14), wide(`k${i}`.padEnd(6)), le(2, 0), le(2, 4), wide("v"));

const caf = (...chunks: Uint8Array[]) => join("caff", be(4, 0x10000), ...chunks);
const cafChunk = (name: string, ...parts: Part[]) => {
  const body = join(...parts);
  return join(name, be(8, body.length), body);
};
const cafDescription = cafChunk(
  "desc",
  [0x40, 0xe5, 0x88, 0x80, 0, 0, 0, 0],
  "aac ",
  zeros(4),
  be(4, 0),
  be(4, 1024),
  be(4, 2),
  be(4, 0),
);

const mxfKlv = (key: string, body: Uint8Array) =>
  join([...key.matchAll(/../g)].map(([hex]) => parseInt(hex!, 16)), [0x83], be(3, body.length), body);
/** A partition pack; it contains its own offset in the file. */
const mxfPartition = (at: number) =>
  mxfKlv(
    "060e2b34020501010d01020101020400",
    join(be(2, 1), be(2, 3), be(4, 1), be(8, at), zeros(64), be(4, 0), be(4, 16)),
  );
const mxfIndex = (entries: number, size: number, start = 0) =>
  mxfKlv(
    "060e2b34025301010d01020101100100",
    join(
      [0x3c, 0x0a, 0, 16],
      zeros(16),
      [0x3f, 0x0b, 0, 8],
      be(4, 25),
      be(4, 1),
      [0x3f, 0x0c, 0, 8],
      be(8, start),
      [0x3f, 0x0d, 0, 8],
      be(8, entries),
      [0x3f, 0x0a],
      be(2, Math.min(65535, size + 8)),
      be(4, entries),
      be(4, 11),
      zeros(size),
    ),
  );

const mxfUid = (id: number) => join(zeros(12), be(4, id));
const mxfTag = (tag: number, ...parts: Part[]) => {
  const body = join(...parts);
  return join(be(2, tag), be(2, body.length), body);
};
const mxfSet = (type: string, id: number, ...tags: Uint8Array[]) =>
  mxfKlv(`060e2b34025301010d0101010101${type}00`, join(mxfTag(0x3c0a, mxfUid(id)), ...tags));
const mxfRefs = (...ids: number[]) => join(be(4, ids.length), be(4, 16), ...ids.map(mxfUid));
const mxfEssence = mxfKlv("060e2b34010201010d01030115010500", zeros(64));
/** A file that is read to its end: the given parts, a material package of the tracks, and essence. */
const mxf = (tracks: number[], packages: number[], ...parts: Uint8Array[]) =>
  join(
    mxfPartition(0),
    ...parts,
    mxfSet("18", 2, mxfTag(0x1901, mxfRefs(1, ...packages))),
    mxfSet("36", 1, mxfTag(0x4403, mxfRefs(...tracks))),
    mxfEssence,
  );

/** Each component is searched for in each package, and each package among all sets. */
function mxfReferences(size: number): Uint8Array {
  const count = Math.min(4000, Math.floor(size / 48));
  return mxf(
    [3],
    Array(count).fill(99),
    mxfSet("37", 99), // sets are searched from the last to the first
    fill(size / 3, (i) => mxfSet("37", 100_000 + i)),
    mxfSet("3b", 3, mxfTag(0x4801, be(4, 1)), mxfTag(0x4803, mxfUid(4))),
    mxfSet("0f", 4, mxfTag(0x1001, mxfRefs(...Array(count).fill(5)))),
    mxfSet("11", 5, mxfTag(0x1101, zeros(16), new Uint8Array(16).fill(7))),
  );
}

// ------------------------------------------------------------------------------------------- MPEG

function crc32(bytes: Uint8Array): number[] {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc << 8 ^ crcTable[crc >>> 24 ^ byte]!) >>> 0;
  return be(4, crc);
}
function section(table: number, id: number, number: number, last: number, body: Uint8Array): Uint8Array {
  const data = join([table], be(2, 0xb000 | body.length + 9), be(2, id), [0xc1, number, last], body);
  return join(data, crc32(data));
}
function tsPackets(pid: number, payload: Uint8Array, state: { counter: number }): Uint8Array {
  const bytes = join([0], payload);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 184) {
    const head = [0x47, (at === 0 ? 0x40 : 0) | pid >> 8, pid & 255, 0x10 | state.counter++ & 15];
    const part = bytes.subarray(at, at + 184);
    packets.push(join(head, part, new Uint8Array(184 - part.length).fill(255)));
  }
  return join(...packets);
}
function programs(size: number): Uint8Array {
  const state = { counter: 0 };
  return fill(size, (i) => {
    const list = Array.from(
      { length: 250 },
      (_, j) => [...be(2, (i * 250 + j) % 65535 + 1), ...be(2, 0xe000 | 32 + (i * 250 + j) % 8000)],
    );
    return tsPackets(0, section(0, 1, i % 256, 255, join(list.flat())), state);
  });
}
/** A PAT of one program, whose PMT has the PID 0x100. */
function oneProgram(): Uint8Array {
  return tsPackets(0, section(0, 1, 0, 0, join(be(2, 1), be(2, 0xe100))), { counter: 0 });
}
function programStreams(size: number): Uint8Array {
  const state = { counter: 0 };
  return join(
    oneProgram(),
    fill(size, (i) => {
      const list = Array.from(
        { length: 190 },
        (_, j) => [0x0f, ...be(2, 0xe000 | (0x101 + (i * 190 + j) % 7000)), 0xf0, 0],
      );
      return tsPackets(0x100, section(2, 1, 0, 0, join(be(2, 0xe101), be(2, 0xf000), list.flat())), state);
    }),
  );
}
/** Tables of the last of 250 programs, in turn, each with as many streams as there may be. */
function streamsByPrograms(size: number): Uint8Array {
  const state = { counter: 0 }, program = 250;
  const list = Array.from({ length: program }, (_, i) => [...be(2, i + 1), ...be(2, 0xe100)]);
  const pmt = (version: number) => {
    const streams = Array.from(
      { length: 190 },
      (_, i) => [0x0f, ...be(2, 0xe000 | (0x101 + (version * 190 + i) % 950)), 0xf0, 0],
    );
    const data = join(
      [2],
      be(2, 0xb000 | 190 * 5 + 13),
      be(2, program),
      [0xc1 | version % 32 << 1, 0, 0],
      be(2, 0xe101),
      be(2, 0xf000),
      streams.flat(),
    );
    return join(data, crc32(data));
  };
  const tables = Array.from({ length: 32 }, (_, i) => pmt(i));
  return join(
    tsPackets(0, section(0, 1, 0, 0, join(list.flat())), { counter: 0 }),
    fill(size, (i) => tsPackets(0x100, tables[i % 32]!, state)),
  );
}
function services(size: number): Uint8Array {
  const state = { counter: 0 };
  return join(
    oneProgram(),
    fill(size, (i) => {
      const list = Array.from(
        { length: 50 },
        (
          _,
          j,
        ) => [...be(2, i * 50 + j), 0xfc, ...be(2, 0x8000 | 11), 0x48, 9, 1, 3, 97, 98, 99, 3, 100, 101, 102],
      );
      return tsPackets(0x11, section(0x42, 1, i % 256, 255, join(be(2, 1), [255], list.flat())), state);
    }),
  );
}

/** Bits of H.265. */
class Bits extends BitWriter {
  /** Pairs of a length and a number. */
  fixed(...pairs: (readonly [number, number])[]): this {
    for (const [bits, value] of pairs) this.u(bits, value);
    return this;
  }
  golomb(...values: number[]): this {
    for (const value of values) this.ue(value);
    return this;
  }
  unit(header: number[]): Uint8Array {
    return nalUnit(header, this.stopped());
  }
}

/** A picture of a million blocks, and behind it as many PPS with its tiles as fit. */
function hevcTables(size: number): Uint8Array {
  const profile = [[8, 1], [32, 0x60000000], [16, 0x9000], [32, 0], [8, 186]] as const;
  const video = new Bits().fixed([4, 0], [2, 3], [6, 0], [3, 0], [1, 1], [16, 65535], ...profile, [1, 1])
    .golomb(1, 0, 0).fixed([6, 0]).golomb(0).fixed([2, 0]).unit([0x40, 1]);
  const sequence = new Bits().fixed([4, 0], [3, 0], [1, 1], ...profile).golomb(0, 1, 32752, 8000).fixed([
    1,
    0,
  ])
    .golomb(0, 0, 4).fixed([1, 1]).golomb(1, 0, 0, 0, 1, 0, 2, 0, 0).fixed([4, 0]).golomb(0).fixed([5, 0])
    .unit([0x42, 1]);
  const pictures = [1, 3, 5, 7].map((qp) =>
    new Bits().golomb(0, 0).fixed([7, 0]).golomb(0, 0, qp).fixed([3, 0]).golomb(0, 0).fixed([4, 0], [2, 2])
      .golomb(19, 21).fixed([2, 3], [4, 0]).golomb(0).fixed([2, 0]).unit([0x44, 1])
  );
  const slice = new Bits().fixed([1, 1], [1, 0]).golomb(0, 2).fixed([16, 0x5555]).unit([0x26, 1]);
  return join(video, sequence, pictures[0]!, slice, fill(size, (i) => pictures[i % 4]!), slice, video);
}

/** Tables of 250 programs, each in the order that the one before it has not. */
function programsSwapped(size: number): Uint8Array {
  const state = { counter: 0 };
  const list = Array.from({ length: 250 }, (_, i) => [...be(2, i + 1), ...be(2, 0xe000 | 32 + i)]);
  const tables = [list, list.toReversed()].map((programs) => section(0, 1, 0, 0, join(programs.flat())));
  return fill(size, (i) => tsPackets(0, tables[i % 2]!, state));
}
/** Short tables of one program, in turn, and one that is never complete behind them. */
function tablesGathered(size: number): Uint8Array {
  const state = { counter: 0 };
  const tables = [0, 2].map((version) => {
    const data = join([2], be(2, 0xb00d), be(2, 1), [0xc1 | version, 0, 0], be(2, 0xe101), be(2, 0xf000));
    return join(data, crc32(data));
  });
  const run = fill(4080, (i) => tables[i % 2]!);
  return join(oneProgram(), fill(size, () => tsPackets(0x100, join(run, [2, 0xbf, 0xff]), state)));
}

/** A packet of comments of Vorbis, in whose last page many other packets say that they are comments. */
export function commentsOfPage(ogg: Uint8Array, size: number): Uint8Array {
  const packets: Uint8Array[] = [];
  const part: Uint8Array[] = [];
  let serial = 0;
  for (let at = 0; at < ogg.length && packets.length < 3;) {
    const laces = ogg.subarray(at + 27, at + 27 + ogg[at + 26]!);
    serial = new DataView(ogg.buffer, ogg.byteOffset).getUint32(at + 14, true);
    at += 27 + laces.length;
    for (const lace of laces) {
      part.push(ogg.subarray(at, at + lace));
      at += lace;
      if (lace < 255) packets.push(join(...part.splice(0)));
    }
  }
  let sequence = 0;
  const page = (flags: number, granule: number, laces: number[], data: Uint8Array) => {
    const bytes = join(
      join("OggS", [0, flags], le(8, granule), le(4, serial), le(4, sequence++), zeros(4)),
      [laces.length],
      laces,
      data,
    );
    bytes.set(oggSum(bytes), 22);
    return bytes;
  };
  const lacesOf = ({ length }: Uint8Array) => [...Array(Math.floor(length / 255)).fill(255), length % 255];
  const comments = join([3], "vorbis", vorbisComments(size, (i) => `k${i}=v`), [1]);
  const whole = Math.floor(comments.length / 65025), rest = comments.subarray(whole * 65025);
  const others = 255 - lacesOf(rest).length;
  return join(
    ...packets.slice(0, 3).map((packet, i) => page(i === 0 ? 2 : 0, 0, lacesOf(packet), packet)),
    ...Array.from(
      { length: whole },
      (_, i) =>
        page(i === 0 ? 0 : 1, 1e9, Array(255).fill(255), comments.subarray(i * 65025, (i + 1) * 65025)),
    ),
    page(
      whole > 0 ? 1 : 0,
      1e9,
      [...lacesOf(rest), ...Array(others).fill(1)],
      join(rest, zeros(others).fill(3)),
    ),
  );
}

/** Each tag of sound is whole, can't be read, and ends behind the next ones. */
function tagsWithinTags(size: number): Uint8Array {
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer), length = 59_540;
  bytes.set(flv());
  for (let at = 13; at + length + 100 < size; at += 48) {
    view.setUint32(at, 0x08000000 + length - 11);
    bytes.set([0x97, 255, 255, 255], at + 11);
    view.setUint32(at + length, length);
    bytes.set([8, 0, 0, 9], at + length + 4);
    view.setUint32(at + length + 24, 20);
  }
  return bytes;
}

/** ASF whose payloads each begin a packet of 15 MB. */
function packetsStated(size: number): Uint8Array {
  const packet = join(
    [0x82, 0, 0, 1, 0x5d],
    le(4, 0),
    le(2, 0),
    [0x80 | 63],
    fill(
      63 * 18,
      (i) => join([0x81, i], le(4, 0), [8], le(4, 15_000_000 + i % 2), le(4, 0), le(2, 1), [0]),
    ),
  );
  const stream = asfObject(
    "B7DC0791-A9B7-11CF-8EE6-00C00C205365",
    guid("F8699E40-5B4D-11CF-A8FD-00805F5C442B"),
    guid("20FB5700-5B55-11CF-A8FD-00805F5C442B"),
    zeros(8),
    le(4, 18),
    join(le(4, 0), le(2, 1), le(4, 0), le(2, 85), le(2, 2), le(4, 44100), le(4, 16000), le(2, 1)),
    join(le(2, 16), le(2, 0)),
  );
  const whole = asf(stream);
  const packets = fill(size, () => join(packet, zeros(3200 - packet.length)));
  return join(
    whole.subarray(0, whole.length - 3250), // without its own data
    asfObject(
      "75B22636-668E-11CF-A6D9-00AA0062CE6C",
      zeros(16),
      le(8, packets.length / 3200),
      [1, 1],
      packets,
    ),
  );
}

/** A block of 256 frames, with any number of additions. */
const blockWithAdditions = (size: number) =>
  element(
    0xa0,
    element(0x75a1, repeat(size, [0xa6, 0x83, 0xa5, 0x81, 0])),
    short(0xa1, [0x81, 0, 0, 0x04, 255], zeros(256)),
  );

/** Packets of text, and pictures behind them whose times in the file can't be known. */
function picturesBehindText(size: number): Uint8Array {
  const text = mkvTrack(1, short(0x83, [17]), short(0x86, "S_TEXT/UTF8"));
  const pictures = mkvTrack(
    2,
    short(0x83, [1]),
    short(0x86, "V_MPEG4/ISO/AVC"),
    short(0x23e383, be(4, 40_000_000)),
    element(0xe0, short(0xb0, [16]), short(0xba, [16])),
  );
  const lace = (track: number) => short(0xa3, [0x80 | track, 0, 0, 0x84, 255], new Uint8Array(256).fill(9));
  return mkv(
    mkvTracks(text, pictures),
    element(
      0x1f43b675,
      element(0xe7, [0]),
      fill(size / 2, () => lace(1)),
      fill(size / 2, () => lace(2)),
    ),
  );
}

// ------------------------------------------------------------------------------------------- text

const lines = (head: string, size: number, line: (i: number) => string) =>
  join(head, fill(size - head.length, (i) => `${line(i)}\n`));
const clock = (i: number) =>
  `${String(Math.floor(i / 3600) % 100).padStart(2, "0")}:${
    String(Math.floor(i / 60) % 60).padStart(2, "0")
  }:${String(i % 60).padStart(2, "0")}`;
const dash = (set: string) =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S"><Period>${set}</Period></MPD>`;
const representation = (i: number) =>
  `<Representation id="${i}" bandwidth="1"><BaseURL>${i}.mp4</BaseURL><SegmentBase indexRange="0-9"/></Representation>`;

/** A key ring of OpenMG: any number of keys, each of which is tried over as many bytes as the header says. */
function omaKeys(size: number): Uint8Array {
  const keys = Math.floor(size / 16);
  const ring = join(
    join(be(2, 1), be(2, 128), be(2, 0), be(2, Math.min(keys * 16, 60_000)), zeros(8), "KEYRING     "),
    zeros(148),
    be(4, 0),
    be(4, keys * 16),
    zeros(64 + keys * 16),
  );
  const frame = id3Frame("GEOB", join("\0\0\0OMG_LSI\0", ring));
  return join(
    "ea3",
    [3, 0, 0],
    sync7(frame.length + 20),
    frame,
    zeros(20),
    "EA3",
    [1, 0, 96, 0, 1],
    zeros(1088),
  );
}

/** The numbers of Musepack: seven bits in each byte, the last of which has no mark. */
const musepackNumber = (value: number, bytes = 6): number[] =>
  Array.from(
    { length: bytes },
    (_, i) => Math.floor(value / 2 ** (7 * (bytes - 1 - i))) % 128 | (i < bytes - 1 ? 128 : 0),
  );
const musepackChunk = (name: string, ...parts: Part[]) => {
  const body = join(...parts);
  return join(name, musepackNumber(body.length + 5, 3), body);
};

/** Any number of chunks name one table of places, which is in the second half of the bytes. */
function musepackSeekTables(size: number): Uint8Array {
  const chunks = Math.floor(size / 2 / 8), entries = Math.floor(size / 2 / 13) * 8;
  const head = musepackChunk("SH", [1, 1, 1, 1, 8], musepackNumber(2 ** 40), [0, 0, 16]);
  // Entries have 13 bits: 1, and the number 8.
  const eight = Array.from({ length: 8 }, () => "1000000001000").join("").match(/.{8}/g)!;
  const places = repeat(Math.floor(entries / 8) * 13, eight.map((bits) => parseInt(bits, 2)));
  // What precedes them is as long as whole bytes, but for the four bits of the distance.
  const table = musepackChunk("ST", musepackNumber(entries), [0], musepackNumber(4, 1), [8, 0], places);
  return join(
    "MPCK",
    head,
    fill(chunks * 8, (i) => join("SO", [8], musepackNumber((chunks - i) * 8, 5))),
    table,
    musepackChunk("AP", zeros(20)),
  );
}

/** Variable-length numbers and units of IAMF, with the beginning that all files have. */
const leb = (value: number): number[] => value < 128 ? [value] : [value % 128 | 128, ...leb(value >> 7)];
const iamfUnit = (type: number, ...parts: Part[]) => {
  const body = join(...parts);
  return join([type << 3], leb(body.length), body);
};
const iamfStart = join(
  iamfUnit(31, "iamf", [0, 0]),
  iamfUnit(0, [1], "Opus", leb(2 ** 30), [255, 255, 1, 2, 0, 0, 0, 0, 187, 128, 0, 0, 0]),
  iamfUnit(1, [1, 0, 1, 1, 0, 0, 1 << 5, 1 << 4, 1, 1]),
);

/** Blocks of a parameter, each of which says that it has two million parts. */
function iamfParts(size: number): Uint8Array {
  const parameter = (id: number) => [id, 1, 128];
  return join(
    iamfStart,
    iamfUnit(2, [1, 0, 1, 1, 1, 0, 0], parameter(7), [0, 0], parameter(8), [0, 0, 1, 2 << 6, 0, 0, 0, 0, 0]),
    iamfUnit(4),
    repeat(size, iamfUnit(3, [8], leb(2_000_000), [1])),
    iamfUnit(6, zeros(20)),
  );
}

/** A mix of one sound again and again, each time with a parameter of its own. */
function iamfParameters(size: number): Uint8Array {
  const elements = fill(size, (i) => join([1, 0, 0], leb(i + 1), [1, 128, 0, 0]));
  return join(
    iamfStart,
    iamfUnit(2, [1, 0, 1], leb(Math.floor(size / 12)), elements),
    iamfUnit(6, zeros(20)),
  );
}

/** A mix whose sounds have each 900 empty texts, one for each language. */
function iamfLanguages(size: number): Uint8Array {
  const languages = fill(900 * 4, (i) => String(i + 100) + "\0");
  const elements = Array.from(
    { length: Math.min(1000, Math.floor(size / 908)) },
    (_, i) => join([1], zeros(900), [0, 0], leb(i + 1), [1, 128, 0, 0]),
  );
  return join(
    iamfStart,
    iamfUnit(2, [1], leb(900), languages, zeros(900), [1], leb(elements.length), ...elements),
    iamfUnit(6, zeros(20)),
  );
}

/** A text of 100 MB for each 100 KB. */
function compressedTexts(size: number): Uint8Array {
  const text = new Uint8Array(100_000_000).fill(97);
  text[0] = 0;
  const body = join(be(4, text.length), deflateSync(text));
  const frames = fill(Math.max(size, body.length + 10), () => join("TXXX", sync7(body.length), [0, 9], body));
  return join("ID3", [4, 0, 0], sync7(frames.length), frames, ...Array(20).fill(mp3Frame));
}

/** Chunks of 38 bytes, each of which says that its tag has 256 MiB. */
const id3Stated = (size: number) =>
  repeat(
    size,
    chunk("ID3 ", "ID3", [3, 0, 0, 127, 127, 127, 127], id3Frame("GEOB", "\0a\0b\0c\0\0", MANY - 15)),
  );
/** A thousand tags, and chunks of none. */
const id3Again = (size: number) =>
  join(
    chunk("ID3 ", id3(fill(17_000, (i) => id3Frame("TXXX", `\0k${i}\0v`)))),
    repeat(size, chunk("ID3 ", "ID3", [3, 0, 0, 0, 0, 0, 0])),
  );

/** Streams of MPEG-4, with as many descriptors as fit that name one whose extradata has 256 MiB. */
function descriptorsStated(size: number): Uint8Array {
  const state = { counter: 0 };
  const described = (tag: number, ...parts: Part[]) => {
    const body = join(...parts);
    return join([tag, body.length], body);
  };
  const decoder = described(4, [0x40, 0x15], zeros(11), [5, 255, 255, 255, 127]);
  const initial = described(2, zeros(7), described(3, be(2, 0x1234), [0], decoder));
  const about = described(0x1d, [0, 0], initial);
  const names = repeat(800, [0x1e, 2, 0x12, 0x34]);
  return join(
    repeat(188 * 12, oneProgram()),
    fill(Math.max(size, 1128), (i) => {
      const head = join([0xc1 | (i % 32) << 1, 0, 0], be(2, 0xe101), be(2, 0xf000 | about.length), about);
      const stream = join([0x0f], be(2, 0xe101), be(2, 0xf000 | names.length), names);
      const data = join([2], be(2, 0xb000 | head.length + stream.length + 6), be(2, 1), head, stream);
      return tsPackets(0x100, join(data, crc32(data)), state);
    }),
  );
}

const simpleTag = (name: string, ...parts: Part[]) =>
  short(0x67c8, short(0x45a3, name), short(0x4487, "v"), ...parts);
const tagsOf = (target: Part, ...tags: Uint8Array[]) => element(0x7373, element(0x63c0, target), ...tags);
/** Tracks of one UID, and tags of it. */
const tagsByTracks = (size: number) =>
  mkv(
    mkvTracks(...Array.from({ length: 100 }, (_, i) => mkvTrack(i + 1, short(0x73c5, [7])))),
    element(0x1254c367, fill(size, (i) => tagsOf(short(0x63c5, [7]), simpleTag(`t${i % 990}`)))),
    cluster,
  );
/** Tags in tags, each with a language, behind many that have none. */
function tagsInLanguages(size: number): Uint8Array {
  const language = join(short(0x447a, "eng"), short(0x4484, [1]));
  let nested = simpleTag("z", language);
  for (let i = 1; i < 12; i++) nested = simpleTag("z", language, nested);
  const many = fill(17_000, (i) => simpleTag(`t${i}`)), tag = tagsOf(join(), nested);
  return mkv(
    oneTrack,
    element(0x1254c367, tagsOf(join(), many), repeat(Math.max(size, tag.length), tag)),
    cluster,
  );
}
/** A block with as many additions as its track has mappings. */
const additionsByMappings = (size: number) =>
  mkv(
    mkvTracks(mkvTrack(1, short(0x55ee, [9]), repeat(size / 2, short(0x41e4, short(0x41f0, [2]))))),
    element(
      0x1f43b675,
      element(0xe7, [0]),
      element(
        0xa0,
        short(0xa1, [0x81, 0, 0, 0x80], zeros(30)),
        element(0x75a1, repeat(size / 2, short(0xa6, short(0xee, [5]), short(0xa5, "x")))),
      ),
    ),
  );
/** For the manifest of DASH: a cue for each second. */
function cuesForDash(size: number): Uint8Array {
  const clusters = join(
    ...[0, 1, 2].map((i) =>
      element(0x1f43b675, element(0xe7, be(4, i * 1000)), short(0xa3, [0x81, 0, 0, 0x80, 0]))
    ),
  );
  const head = (cues: number) =>
    join(
      element(0x114d9b74, element(0x4dbb, short(0x53ab, be(4, 0x1c53bb6b)), short(0x53ac, be(4, cues)))),
      element(0x1549a966, element(0x2ad7b1, be(3, 1000000)), short(0x4489, [0x4c, 0, 0, 0])),
      oneTrack,
    );
  const at = head(0).length;
  const cues = fill(
    size,
    (i) =>
      short(0xbb, short(0xb3, be(4, 1000 * i)), short(0xb7, short(0xf7, [1]), short(0xf1, be(4, at + i)))),
  );
  return join(ebmlHead, element(0x18538067, head(at + clusters.length), clusters, element(0x1c53bb6b, cues)));
}

/** Sets of one type. */
const mxfSets = (size: number) =>
  join(mxfPartition(0), fill(size, () => mxfKlv("060e2b34025301010d01010101013b00", join())), mxfEssence);
/** Partitions that each skip all others, and something to read behind them. */
function mxfPartitionsSkipped(size: number): Uint8Array {
  const partition = (at: number, before: number, footer: number, type: string, more = 0) => {
    const body = join(
      be(2, 1),
      be(2, 2),
      be(4, 1),
      be(8, at),
      be(8, before),
      be(8, footer),
      zeros(48),
      be(4, 0),
      be(4, 16),
    );
    const klv = mxfKlv(`060e2b34020501010d010201010${type}0400`, body);
    klv.set(be(3, body.length + more), 17);
    return klv;
  };
  const length = partition(0, 0, 0, "2").length, first = length + mxfEssence.length;
  const count = Math.floor(size / 2 / length), last = first + (count - 1) * length;
  const partitions = Array.from(
    { length: count },
    (_, i) =>
      partition(
        first + i * length,
        i > 0 ? first + (i - 1) * length : 0,
        last,
        "3",
        (count - 1 - i) * length,
      ),
  );
  return join(
    partition(0, 0, last, "2"),
    mxfEssence,
    joinAll(partitions),
    repeat(size / 2, mxfKlv("060e2b34010101010101010101010101", join())),
  );
}

/** Sixteen million pictures, of which there is nothing. */
const smackerFrames = () =>
  join("SMK2", le(4, 64), le(4, 64), le(4, 0xffffff), le(4, 10), zeros(36), zeros(16), zeros(32));

// ------------------------------------------------------------------------------------------- what is looked for again and again

/** A primer pack of many tags, and sets of many others. */
function mxfTagsByPrimer(size: number): Uint8Array {
  const items = numbered(
    Math.min(65536, Math.floor(size / 36)),
    18,
    (view, at) => view.setUint16(at, 0x8001),
  );
  const primer = mxfKlv("060e2b34020501010d01020101050100", join(be(4, items.length / 18), be(4, 18), items));
  return mxf([], [], primer, mxfSet("37", 9, repeat(size / 2, mxfTag(0x8000, [0]))));
}

/** Packets of a byte before the first frame of FLAC, as its old mapping in Ogg allows. */
function packetsBeforeFlac(size: number): Uint8Array {
  const page = (flags: number, laces: number[], body: Part) => {
    const bytes = join(
      "OggS",
      [0, flags],
      zeros(8),
      le(4, 1),
      zeros(8),
      [laces.length],
      laces,
      body,
    );
    bytes.set(oggSum(bytes), 22);
    return bytes;
  };
  return join(page(2, [4], "fLaC"), repeat(size, page(0, Array(255).fill(1), zeros(255))));
}

/** A track of many planes, and tracks that are compared with each of them. */
function planesByTracks(size: number): Uint8Array {
  const planes = element(0xe2, element(0xe3, repeat(size, [0xe4, 0x83, 0xe6, 0x81, 0])));
  const track = element(0xae, short(0xd7, [1]), short(0x83, [1]), short(0x86, "V_VP8"), planes);
  return mkv(mkvTracks(repeat(Math.min(size, 1996), [0xae, 0x80]), track), cluster);
}

/** The range coder of FFV1. */
class RangeWriter {
  #low = 0n;
  #range = 0xff00;
  #bytes = 2;
  #ones = new Array<number>(256).fill(0);

  constructor() {
    const factor = 214748364, one = 2 ** 32, max = 248, ones = this.#ones;
    const next = (p: number) => p + Math.floor(((one - p) * factor + one / 2) / one);
    for (let i = 0, p = one / 2, last = 0; i < 128; i++) {
      const p8 = Math.max(Math.floor((256 * p + one / 2) / one), last + 1);
      if (last > 0 && last < 256 && p8 <= max) ones[last] = p8;
      p = next(p);
      last = p8;
    }
    for (let i = 256 - max; i <= max; i++) {
      if (ones[i]! > 0) continue;
      const p8 = Math.floor((256 * next(Math.floor((i * one + 128) / 256)) + one / 2) / one);
      ones[i] = Math.min(Math.max(p8, i + 1), max);
    }
  }

  bit(states: number[], at: number, bit: boolean): void {
    const state = states[at]!, ofOne = (this.#range * state) >> 8;
    if (bit) this.#low += BigInt(this.#range - ofOne);
    this.#range = bit ? ofOne : this.#range - ofOne;
    states[at] = bit ? this.#ones[state]! : 256 - this.#ones[256 - state]!;
    if (this.#range >= 0x100) return;
    this.#range *= 256;
    this.#low *= 256n;
    this.#bytes++;
  }

  symbol(states: number[], value: number): void {
    this.bit(states, 0, value === 0);
    if (value === 0) return;
    const width = Math.floor(Math.log2(value));
    for (let i = 0; i < width; i++) this.bit(states, 1 + Math.min(i, 9), true);
    this.bit(states, 1 + Math.min(width, 9), false);
    for (let i = width - 1; i >= 0; i--) this.bit(states, 22 + Math.min(i, 9), (value >> i) % 2 === 1);
  }

  /** What is read behind the end is zeros. */
  bytes(): Uint8Array {
    return new Uint8Array(bytesOf(this.#low, this.#bytes));
  }
}

const bytesOf = (value: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * (bytes - 1 - i))) & 255n));

/** Tracks of FFV1 whose extradata has 15,000 contexts, and ends before what it states about them, if it does. */
export function ffv1Tracks(size: number, hasStates = true): Uint8Array {
  const writer = new RangeWriter(), fresh = () => new Array<number>(32).fill(128), states = fresh();
  for (const value of [2, 1, 0, 8]) writer.symbol(states, value); // version 2, coder, colours, bits
  writer.bit(states, 0, true);
  for (const value of [0, 0]) writer.symbol(states, value);
  writer.bit(states, 0, false);
  for (const value of [0, 0, 1]) writer.symbol(states, value); // one slice, one table
  for (const runs of [16, 16, 16, 1, 1]) {
    const own = fresh();
    for (let run = 0; run < runs; run++) writer.symbol(own, 128 / runs - 1);
  }
  writer.bit(states, 0, hasStates);
  const extradata = writer.bytes(), picture = short(0xe0, short(0xb0, [16]), short(0xba, [16]));
  const track = (i: number) =>
    short(
      0xae,
      short(0xd7, be(2, i)),
      short(0x83, [1]),
      short(0x86, "V_FFV1"),
      picture,
      short(0x63a2, extradata),
    );
  const count = Math.min(999, Math.floor(size / (track(1).length + 10)));
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const blocks = numbers.map((i) => short(0xa3, be(2, 0x4000 | i), [0, 0, 0x80], zeros(2)));
  return mkv(mkvTracks(...numbers.map(track)), element(0x1f43b675, element(0xe7, [0]), ...blocks));
}

/** By name: functions that make a file of about so many bytes. */
export const bombs: Record<string, (size: number) => Uint8Array> = {
  "id3 txxx": (n) => id3(fill(n, (i) => id3Frame("TXXX", `\0k${i}\0v`))),
  "id3 txxx of one name": (n) => id3(fill(n, () => id3Frame("TXXX", `\0k\0v`))),
  "id3 priv": (n) => id3(fill(n, (i) => id3Frame("PRIV", `k${i}\0v`))),
  "id3 comm": (n) => id3(fill(n, (i) => id3Frame("COMM", `\0eng${i}\0v`))),
  "id3 geob": (n) => id3(fill(n, (i) => id3Frame("GEOB", `\0a/b\0${i}\0d\0v`))),
  "id3 chap": (n) =>
    id3(fill(n, (i) => id3Frame("CHAP", join(`c${i}\0`, be(4, i), be(4, i + 1), be(4, 0), be(4, 0))))),
  "id3 apic": (n) => id3(fill(n, (i) => id3Frame("APIC", `\0image/png\0\x03${i}\0\x89PNG\r\n\x1a\n`))),
  "id3 long names": (n) => id3(fill(n, (i) => id3Frame("TXXX", `\0${"k".repeat(250)}${i}\0v`))),
  "id3 texts compressed": compressedTexts,
  "id3 of zeros": (n) => join(fill(n, () => "ID3\x03\0\0\0\0\0\0"), mp3Frame),
  "mp3 syncs": (n) => new Uint8Array(n).fill(255),
  "mp3 xing": (n) =>
    join(
      [0xff, 0xfb, 0x90, 0x00],
      zeros(32),
      "Xing",
      be(4, 15),
      be(4, MANY),
      be(4, MANY),
      fill(n, (i) => [i & 255]),
    ),
  "ape seek table": (n) => ape(MANY, n),
  "ape tag": (n) => apeTag(n),
  "ac3 syncs": (n) => fill(n, () => [0x0b, 0x77]),
  "ac3 frames": (n) => fill(n, () => [0x0b, 0x77, 0, 0, 0, 0x40, 0, 0]),
  "ac3 smallest frames": (n) => fill(n, () => join([0x0b, 0x77, 0, 0, 0, 0x40, 0x2f, 0x84], zeros(120))),
  "eac3 smallest frames": (n) => fill(n, () => [0x0b, 0x77, 0, 3, 0x3f, 0x80, 0, 0]),
  "aac adts": (n) => fill(n, () => [0xff, 0xf1, 0x50, 0x80, 0, 0xff, 0xfc]),
  "dts headers within each other": (n) => repeat(n, [0x64, 0x58, 0x20, 0x25, ...Array(6).fill(255)]),
  "dts syncs": (n) => fill(n, () => [0x7f, 0xfe, 0x80, 0x01]),
  "mlp syncs": (n) => fill(n, () => [0xf8, 0x72, 0x6f, 0xba]),
  "mpeg video start codes": (n) => fill(n, () => [0, 0, 1, 0xb3]),
  "mpeg4 start codes": (n) => fill(n, () => [0, 0, 1, 0xb6]),
  "h264 units": (n) => fill(n, () => [0, 0, 0, 1, 0x67, 0x42, 0, 0x1e, 0xe9, 0, 0, 0, 1, 0x68, 0xce]),
  "hevc units": (n) => fill(n, () => [0, 0, 0, 1, 0x40, 1, 12, 1]),
  "hevc tables of pictures": hevcTables,
  "vc1 start codes": (n) => fill(n, () => [0, 0, 1, 0x0f]),
  "mpeg packets": (n) => fill(n, () => [0, 0, 1, 0xba, 0x44, 0, 4, 0, 4, 1, 1, 0x89, 0xc3, 0xf8]),
  "mpeg streams": (n) => fill(n, (i) => [0, 0, 1, 0xc0 + i % 48, 0, 3, 0x80, 0, 0]),
  "vorbis comments": (n) => opus(n, (i) => `k${i}=v`),
  "vorbis comments of one name": (n) => opus(n, () => "k=v"),
  "vorbis chapters": (n) => opus(n, (i) => `CHAPTER${String(i % 1000).padStart(3, "0")}=00:00:01.000`),
  "ogg streams": (n) =>
    fill(n, (i) => oggPages(join("OpusHead", [1, 2], le(2, 312), le(4, 48000), [0, 0, 0]), i, 0)),
  "ogg empty pages": (n) =>
    join(
      opus(100, () => "k=v"),
      fill(n, (i) => oggPages(join(), 1, i + 2)),
    ),
  "ogg pages of a wrong sum": (n) =>
    join(
      opus(100, () => "k=v"),
      repeat(n, join("OggS", new Uint8Array(28).fill(255))),
    ),
  "ogg chained": (n) =>
    fill(
      n,
      (i) =>
        join(
          oggPages(join("OpusHead", [1, 2], le(2, 312), le(4, 48000), [0, 0, 0]), i, 0),
          oggPages(join("OpusTags", vorbisComments(20, () => "k=v")), i, 1),
          oggPages(zeros(10), i, 2, 960),
        ),
    ),
  "flac comments": (n) => flac(flacBlock(4, vorbisComments(n, (i) => `k${i}=v`))),
  "flac seek table": (n) => flac(flacBlock(3, fill(n, (i) => join(be(8, i), be(8, i), be(2, 1))))),
  "flac pictures": (n) =>
    flac(
      ...Array.from({ length: Math.floor(n / 60) }, () =>
        flacBlock(
          6,
          join(be(4, 3), be(4, 9), "image/png", be(4, 0), zeros(16), be(4, 8), "\x89PNG\r\n\x1a\n"),
        )),
    ),
  "flac cue sheet": (n) =>
    flac(
      flacBlock(5, join(zeros(395), [255], fill(n, (i) => join(be(8, i), [i % 254 + 1], zeros(26), [0])))),
    ),
  "mp4 one size": () => mp4(oneSize(MANY >> 5, 1)),
  "mp4 one size, eight tracks": () => mp4(...Array.from({ length: 8 }, () => oneSize(MANY >> 5, 1))),
  "mp4 one size, a thousand tracks": () => mp4(...Array.from({ length: 1000 }, () => oneSize(100_000, 1))),
  "mp4 one size, too many": () => mp4(oneSize(MANY, 1)),
  "mp4 constant pcm": () =>
    mp4(trak({
      stsd: full(
        "stsd",
        be(4, 1),
        box("sowt", zeros(6), be(2, 1), zeros(8), be(2, 2), be(2, 16), zeros(4), be(4, 44100 * 65536)),
      ),
      stsz: full("stsz", be(4, 1), be(4, MANY)),
      stts: full("stts", be(4, 1), be(4, MANY), be(4, 1)),
      stsc: full("stsc", be(4, 1), be(4, 1), be(4, MANY), be(4, 1)),
    })),
  "mp4 stsz": (n) => mp4(trak({ stsz: full("stsz", be(4, 0), be(4, MANY), fill(n, () => be(4, 1))) })),
  "mp4 stz2": (n) => mp4(trak({ stsz: full("stz2", be(4, 4), be(4, MANY), fill(n, () => [1])) })),
  "mp4 stts": (n) =>
    mp4(trak({ stts: full("stts", be(4, MANY), fill(n, () => [...be(4, 1), ...be(4, 1)])) })),
  "mp4 stts of many": (n) =>
    mp4(
      trak({
        stts: full("stts", be(4, n / 8), fill(n, () => [...be(4, MANY), ...be(4, 1)])),
        stsz: full("stsz", be(4, 1), be(4, 1 << 22)),
      }),
    ),
  "mp4 ctts": (n) =>
    mp4(trak({ ctts: full("ctts", be(4, MANY), fill(n, () => [...be(4, MANY), ...be(4, 1)])) })),
  "mp4 ctts of many": (n) =>
    mp4(
      trak({
        ctts: full("ctts", be(4, 4), fill(Math.min(n, 32), () => [...be(4, MANY), ...be(4, 1)])),
        stsz: full("stsz", be(4, 1), be(4, 1 << 20)),
        stts: full("stts", be(4, 1), be(4, 1 << 20), be(4, 2)),
        stsc: full("stsc", be(4, 1), be(4, 1), be(4, 1 << 20), be(4, 1)),
      }),
    ),
  "mp4 stsc": (n) =>
    mp4(
      trak({ stsc: full("stsc", be(4, MANY), fill(n, (i) => [...be(4, i + 1), ...be(4, 1), ...be(4, 1)])) }),
    ),
  "mp4 stco": (n) => mp4(trak({ stco: full("stco", be(4, MANY), fill(n, () => be(4, 1))) })),
  "mp4 stss": (n) => mp4(trak({ stss: full("stss", be(4, MANY), fill(n, (i) => be(4, i + 1))) })),
  "mp4 stps": (n) => mp4(trak({ stps: full("stps", be(4, MANY), fill(n, (i) => be(4, i + 1))) })),
  "mp4 sdtp": (n) => mp4(trak({ sdtp: full("sdtp", zeros(n)) })),
  "mp4 sbgp": (n) =>
    mp4(trak({ sbgp: full("sbgp", "rap ", be(4, MANY), fill(n, () => [...be(4, 1), ...be(4, 1)])) })),
  "mp4 sgpd": (n) => mp4(trak({ sgpd: box("sgpd", [1, 0, 0, 0], "sync", be(4, 1), be(4, MANY), zeros(n)) })),
  "mp4 sbgp of many": (n) =>
    mp4(
      trak({
        sbgp: full("sbgp", "rap ", be(4, n / 8), fill(n, () => [...be(4, MANY), ...be(4, 1)])),
        stsz: full("stsz", be(4, 1), be(4, 1 << 22)),
        stts: full("stts", be(4, 1), be(4, 1 << 22), be(4, 2)),
        stsc: full("stsc", be(4, 1), be(4, 1), be(4, 1 << 22), be(4, 1)),
      }),
    ),
  "mp4 elst": (n) =>
    mp4(
      trak(
        {},
        box("edts", full("elst", be(4, MANY), fill(n, () => [...be(4, 10), ...be(4, 0), ...be(4, 0x10000)]))),
      ),
    ),
  "mp4 elst over many samples": (n) =>
    mp4(
      trak(
        {
          stsz: full("stsz", be(4, 1), be(4, 1 << 16)),
          stts: full("stts", be(4, 1), be(4, 1 << 16), be(4, 1)),
          stsc: full("stsc", be(4, 1), be(4, 1), be(4, 1 << 16), be(4, 1)),
        },
        box(
          "edts",
          full("elst", be(4, n / 12), fill(n, () => [...be(4, MANY), ...be(4, 0), ...be(4, 0x10000)])),
        ),
      ),
    ),
  "mp4 edits by samples": editsBySamples,
  "mp4 chapters by names": chaptersByNames,
  "mp4 saio": (n) => mp4(trak({ saio: full("saio", be(4, MANY), fill(n, () => be(4, 1))) })),
  "mp4 saiz": (n) => mp4(trak({ saiz: full("saiz", [0], be(4, MANY), zeros(n)) })),
  "mp4 senc": (n) => mp4(trak({ senc: full("senc", be(4, MANY), zeros(n)) })),
  /** Without the packet, of so many bytes, which begins at its end. */
  "mp4 long packet of av1": (n) => {
    const av01 = box("av01", zeros(6), be(2, 1), zeros(16), zeros(4), zeros(46), be(2, 24), be(2, 65535));
    const head = (at: number) =>
      join(
        ftyp,
        box(
          "moov",
          mvhd,
          trakOf("vide", {
            stsd: full("stsd", be(4, 1), av01),
            stsz: full("stsz", be(4, 0), be(4, 1), be(4, n)),
            stco: full("stco", be(4, 1), be(4, at)),
          }),
        ),
        join(be(4, n + 8), "mdat"),
      );
    return head(head(0).length);
  },
  "mp4 bit rates of a text": (n) => {
    const rates = fill(n, () => box("btrt", zeros(12)));
    return mp4(trakOf("sbtl", {
      stsd: full("stsd", be(4, 1), box("tx3g", zeros(6), be(2, 1), zeros(30), rates)),
    }));
  },
  "mp4 tracks": (n) => mp4(...Array.from({ length: Math.floor(n / 500) }, () => trak())),
  "mp4 sample descriptions": (n) => mp4(trak({ stsd: full("stsd", be(4, 1024), fill(n, () => soun)) })),
  "mp4 ilst": (n) =>
    mp4(
      box("udta", full("meta", full("hdlr", zeros(4), "mdirappl", zeros(9)), box("ilst", fill(n, ilstTag)))),
    ),
  "mp4 keys": (n) =>
    mp4(
      box(
        "meta",
        full("hdlr", zeros(4), "mdta", zeros(13)),
        full("keys", be(4, MANY >> 4), fill(n, (i) => box("mdta", `k${i}`))),
      ),
    ),
  "mp4 chpl": (n) =>
    mp4(box("udta", box("chpl", [1, 0, 0, 0], zeros(4), [255], fill(n, (i) => [...be(8, i), 1, 97])))),
  "mp4 chapter lists": (n) =>
    mp4(
      box(
        "udta",
        fill(n, () => box("chpl", [1, 0, 0, 0], zeros(4), [255], fill(2560, (i) => [...be(8, i), 1, 97]))),
      ),
    ),
  "mp4 references": (n) =>
    mp4(trak({}, box("tref", box("tmcd", numbered(n >> 2, 4, (view, at, i) => view.setUint32(at, i + 2)))))),
  "mp4 dref": (n) =>
    mp4(
      trak(
        {},
        box(
          "mdia",
          box(
            "minf",
            box(
              "dinf",
              full(
                "dref",
                be(4, MANY >> 8),
                fill(n, () => full("alis")),
              ),
            ),
          ),
        ),
      ),
    ),
  "mp4 pssh": (n) => mp4(fill(n, () => full("pssh", zeros(16), be(4, 0)))),
  "mp4 pssh of many keys": (n) =>
    mp4(fill(n, () => box("pssh", [1, 0, 0, 0], zeros(16), be(4, 60), zeros(960), be(4, 0)))),
  "mp4 nested": (n) => {
    let inner: Uint8Array = join();
    for (let i = 0; i < Math.min(n / 8, 5000); i++) inner = box("moov", inner);
    return join(ftyp, inner);
  },
  "mp4 free boxes": (n) => join(ftyp, fill(n, () => box("free"))),
  "mp4 trun": () => fragmented(traf(full("trun", be(4, 1 << 24)))),
  "mp4 truns": (n) => fragmented(traf(fill(n, () => full("trun", be(4, 1 << 16))))),
  "mp4 truns by fragments": trunsByFragments,
  "mp4 fragments backwards": fragmentsBackwards,
  "mp4 truns of a negative track": trunsOfNegativeTrack,
  "mp4 fragments": (n) => fragmented(fill(n, () => traf(full("trun", be(4, 1))))),
  "mp4 sidx": (n) =>
    join(
      ftyp,
      fill(n, () =>
        full("sidx", be(4, 1), be(4, 1000), zeros(8), be(2, 0), be(2, 1), be(4, 100), be(4, 1000), zeros(4))),
      box("moov", mvhd, trak(), mvex),
    ),
  "mp4 sidx of many": (n) =>
    join(
      ftyp,
      full(
        "sidx",
        be(4, 1),
        be(4, 1000),
        zeros(8),
        be(2, 0),
        be(2, 65535),
        fill(n, () => [...be(4, 1), ...be(4, 1), 0, 0, 0, 0]),
      ),
      box("moov", mvhd, trak(), mvex),
    ),
  "heif items": (n) =>
    join(
      box("ftyp", "heic", be(4, 0), "mif1heic"),
      full(
        "meta",
        full("hdlr", zeros(4), "pict", zeros(13)),
        full(
          "iinf",
          be(2, 65535),
          fill(n / 2, (i) => box("infe", [2, 0, 0, 0], be(2, i), be(2, 0), "hvc1", [0])),
        ),
        full(
          "iloc",
          [0x44, 0],
          be(2, 65535),
          fill(n / 2, (i) => join(be(2, i), be(2, 0), be(2, 1), be(4, 0), be(4, 1))),
        ),
      ),
    ),
  "heif grid of a tile without a size": heifGrid,
  "heif grid of tiles": heifTiles,
  "heif places backwards": (n) => {
    const count = Math.floor(n / 10);
    const places = numbered(count, 10, (view, at, i) => view.setUint32(at, count - i));
    return heif(box("iloc", [2, 0, 0, 0], [0, 0], be(4, count), places));
  },
  "heif tiles by items": (n) => heifReferences(n, "dimg", "iovl"),
  "heif descriptions by items": (n) => heifReferences(n, "cdsc", "uri "),
  "heif properties by items": heifProperties,
  "heif exif by references": heifExif,
  "heif properties": (n) => heif(box("iprp", box("ipco", fill(n, () => full("ispe", be(4, 1), be(4, 1)))))),
  "matroska tags": (n) =>
    mkv(
      oneTrack,
      element(
        0x1254c367,
        element(0x7373, fill(n, (i) => short(0x67c8, short(0x45a3, `K${i}`), short(0x4487, "v")))),
      ),
      cluster,
    ),
  "matroska tags of one name": (n) =>
    mkv(
      oneTrack,
      element(
        0x1254c367,
        element(0x7373, fill(n, () => short(0x67c8, short(0x45a3, `K`), short(0x4487, "v")))),
      ),
      cluster,
    ),
  "matroska tags, each its own": (n) =>
    mkv(
      oneTrack,
      element(
        0x1254c367,
        fill(n, (i) =>
          short(
            0x7373,
            short(0x63c0, short(0x63c5, be(2, i))),
            short(0x67c8, short(0x45a3, `K${i}`), short(0x4487, "v")),
          )),
      ),
      cluster,
    ),
  "matroska tags by chapters": (n) =>
    mkv(
      oneTrack,
      element(
        0x1043a770,
        element(0x45b9, repeat(n / 2, short(0xb6, short(0x73c4, be(3, 1)), short(0x91, [0])))),
      ),
      element(
        0x1254c367,
        repeat(n / 2, short(0x7373, short(0x63c0, short(0x63c4, [2])), short(0x67c8, short(0x45a3, "K")))),
      ),
      cluster,
    ),
  "matroska tags nested": (n) => {
    let inner: Uint8Array = join();
    for (let i = 0; i < Math.min(n / 20, 400); i++) inner = element(0x67c8, short(0x45a3, "K"), inner);
    return mkv(oneTrack, element(0x1254c367, element(0x7373, inner)), cluster);
  },
  "matroska cues": (n) =>
    mkv(
      oneTrack,
      element(
        0x1c53bb6b,
        fill(
          n,
          (i) => short(0xbb, short(0xb3, be(3, i)), short(0xb7, short(0xf7, [1]), short(0xf1, be(3, i)))),
        ),
      ),
      cluster,
    ),
  "matroska empty cues": (n) => mkv(oneTrack, element(0x1c53bb6b, fill(n, () => [0xbb, 0x80])), cluster),
  "matroska cue positions": (n) =>
    mkv(oneTrack, element(0x1c53bb6b, element(0xbb, short(0xb3, [1]), fill(n, () => [0xb7, 0x80]))), cluster),
  "matroska seek heads": (n) =>
    mkv(
      fill(n, () => short(0x114d9b74, short(0x4dbb, short(0x53ab, be(4, 0x1549a966)), short(0x53ac, [0])))),
      oneTrack,
      cluster,
    ),
  "matroska chapters": (n) =>
    mkv(
      oneTrack,
      element(
        0x1043a770,
        element(
          0x45b9,
          fill(
            n,
            (i) => short(0xb6, short(0x73c4, be(3, i + 1)), short(0x91, be(3, i)), short(0x92, be(3, i + 1))),
          ),
        ),
      ),
      cluster,
    ),
  "matroska chapters backwards": (n) =>
    mkv(
      oneTrack,
      element(
        0x1043a770,
        element(
          0x45b9,
          fill(
            n,
            (i) =>
              short(
                0xb6,
                short(0x73c4, be(3, 16777215 - i)),
                short(0x91, be(3, i)),
                short(0x92, be(3, i + 1)),
              ),
          ),
        ),
      ),
      cluster,
    ),
  "matroska chapter displays": (n) =>
    mkv(
      oneTrack,
      element(
        0x1043a770,
        element(0x45b9, element(0xb6, short(0x73c4, [1]), short(0x91, [1]), fill(n, () => [0x80, 0x80]))),
      ),
      cluster,
    ),
  "matroska attachments": (n) =>
    mkv(
      oneTrack,
      element(
        0x1941a469,
        fill(n, (i) =>
          short(
            0x61a7,
            short(0x466e, `${i}`),
            short(0x4660, "a/b"),
            short(0x465c, "x"),
            short(0x46ae, be(3, i)),
          )),
      ),
      cluster,
    ),
  "matroska empty attachments": (n) =>
    mkv(oneTrack, element(0x1941a469, fill(n, () => [0x61, 0xa7, 0x80])), cluster),
  "matroska tracks": (n) => mkv(mkvTracks(fill(n, (i) => mkvTrack(i + 1))), cluster),
  "matroska empty tracks": (n) => mkv(mkvTracks(fill(n, () => [0xae, 0x80])), cluster),
  "matroska encodings": (n) =>
    mkv(mkvTracks(mkvTrack(1, element(0x6d80, fill(n, () => [0x62, 0x40, 0x80])))), cluster),
  "matroska track operations": (n) =>
    mkv(mkvTracks(mkvTrack(1, element(0xe2, element(0xe3, fill(n, () => [0xe4, 0x80]))))), cluster),
  "matroska additions": (n) => mkv(mkvTracks(mkvTrack(1, fill(n, () => [0x41, 0xe4, 0x80]))), cluster),
  "matroska lace": (n) =>
    mkv(
      oneTrack,
      element(
        0x1f43b675,
        element(0xe7, [0]),
        fill(n, () => element(0xa3, [0x81, 0, 0, 0x84, 255], zeros(256))),
      ),
    ),
  "matroska additions of a lace": (n) =>
    mkv(
      oneTrack,
      element(
        0x1f43b675,
        element(0xe7, [0]),
        ...Array(Math.ceil(n / 1_000_000)).fill(blockWithAdditions(Math.min(n, 1_000_000))),
      ),
    ),
  "matroska sizes of blocks": (n) =>
    join(
      ebmlHead,
      be(4, 0x18538067),
      [255],
      mkvInfo,
      oneTrack,
      cluster,
      fill(n, () => join(be(4, 0x1f43b675), [255, 0xa3], be(4, 0x10000000 | 8_000_000))),
    ),
  "matroska pictures behind text": picturesBehindText,
  "matroska packets and tracks": (n) =>
    mkv(
      mkvTracks(
        ...Array.from({ length: Math.min(999, Math.floor(n / 200)) }, (_, i) => mkvTrack(i + 1)),
        mkvTrack(1000, short(0x86, "A_NOTHING")),
      ),
      element(0x1f43b675, element(0xe7, [0]), repeat(n, [0xa3, 0x86, 0x43, 0xe8, 0, 0, 0x80, 0x55])),
    ),
  "matroska empty blocks": (n) =>
    mkv(oneTrack, element(0x1f43b675, element(0xe7, [0]), fill(n, () => [0xa3, 0x84, 0x81, 0, 0, 0x80]))),
  "matroska track far ahead": (n) => {
    const block = (track: number, time: number) => [0xa3, 0x85, 0x80 | track, ...be(2, time), 0x80, 0x55];
    const pictures = mkvTrack(
      2,
      short(0x83, [1]),
      short(0x86, "V_MJPEG"),
      element(0xe0, short(0xb0, [16]), short(0xba, [16])),
    );
    const count = Math.floor(n / 14);
    return mkv(
      mkvTracks(mkvTrack(1), pictures),
      element(
        0x1f43b675,
        element(0xe7, [0]),
        block(2, 0),
        fill(count * 7, () => block(1, 20000)),
        fill(count * 7, (i) => block(2, Math.floor(i * 10000 / count))),
      ),
    );
  },
  "matroska empty clusters": (n) => mkv(oneTrack, fill(n, () => [0x1f, 0x43, 0xb6, 0x75, 0x80])),
  "matroska voids": (n) => mkv(oneTrack, fill(n, () => [0xec, 0x80]), cluster),
  "matroska codec private": () =>
    mkv(mkvTracks(join([0xae, 1], be(7, 200), short(0xd7, [1]), be(2, 0x63a2), [1], be(7, 0x0ffffff0)))),
  "wav info": (n) => wav(chunk("LIST", "INFO", fill(n, infoTag))),
  "wav info lists": (n) => wav(fill(n, () => chunk("LIST", "INFO", chunk("INAM", "v")))),
  "wav labels": (n) => wav(chunk("LIST", "adtl", fill(n, (i) => chunk("labl", le(4, i), "v")))),
  "wav chunks": (n) => wav(fill(n, () => chunk("junk"))),
  "wav cues": (n) => wav(chunk("cue ", le(4, MANY), fill(n, (i) => join(le(4, i), zeros(20))))),
  "wav bext": (n) => wav(chunk("bext", zeros(602), new Uint8Array(n).fill(97))),
  "wav id3": (n) =>
    wav(chunk("id3 ", "ID3", [3, 0, 0], sync7(n), fill(n, (i) => id3Frame("TXXX", `\0k${i}\0v`)))),
  "w64 tags": (n) =>
    join("riff", [0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 4, 0xc1, 0, 0], le(8, MANY), "wave", [
      0xf3,
      0xac,
      0xd3,
      0x11,
      0x8c,
      0xd1,
      0,
      0xc0,
      0x4f,
      0x8e,
      0xdb,
      0x8a,
    ], fill(n, () => join("junk", zeros(12), le(8, 24)))),
  "aiff comments": (n) =>
    join(
      "FORM",
      be(4, n + 100),
      "AIFF",
      "COMM",
      be(4, 18),
      be(2, 2),
      be(4, 1000),
      be(2, 16),
      [0x40, 0x0e, 0xac, 0x44],
      zeros(6),
      fill(n, () => join("ANNO", be(4, 2), "vv")),
    ),
  "avi index": (n) =>
    avi([aviStream()], chunk("idx1", fill(n, (i) => join("00dc", le(4, 16), le(4, i * 4), le(4, 1))))),
  "avi super index": (n) =>
    avi([
      aviStream(chunk(
        "indx",
        le(2, 4),
        [0, 0],
        le(4, MANY),
        "00dc",
        zeros(12),
        fill(n, () => join(le(8, 4), le(4, 32), le(4, 1))),
      )),
    ]),
  "avi standard index": (n) =>
    avi([
      aviStream(chunk(
        "indx",
        le(2, 2),
        [0, 1],
        le(4, MANY),
        "00dc",
        zeros(12),
        fill(n, (i) => join(le(4, i), le(4, 1))),
      )),
    ]),
  "avi positions by streams": positionsByStreams,
  "avi streams": (n) => avi(Array.from({ length: Math.floor(n / 150) }, () => aviStream())),
  "avi info": (n) => avi([aviStream()], chunk("LIST", "INFO", fill(n, infoTag))),
  "flv metadata": (n) =>
    flv(flvTag(18, onMetaData(fill(n, (i) => join(amfName(`k${i}`), [2], amfName("v")))))),
  "flv metadata nested": (n) => flv(flvTag(18, onMetaData(fill(n, () => join(amfName("k"), [3]))))),
  "flv key frames": (n) =>
    flv(
      flvTag(
        18,
        onMetaData(join(
          amfName("keyframes"),
          [3],
          ...["filepositions", "times"].map((name) =>
            join(
              amfName(name),
              [10],
              be(4, MANY),
              fill(n / 2, () => join([0], zeros(8))),
            )
          ),
        )),
      ),
    ),
  "flv key frames stated": (n) =>
    flv(
      fill(
        n,
        () =>
          flvTag(
            18,
            onMetaData(join(amfName("keyframes"), [3], amfName("times"), [10], be(4, 12_000_000), [1])),
          ),
      ),
    ),
  "flv tags within tags": tagsWithinTags,
  "flv arrays": (n) => flv(flvTag(18, onMetaData(fill(n, () => join(amfName("k"), [10], be(4, 1), [5]))))),
  "flv empty tags": (n) => flv(fill(n, () => flvTag(9, join()))),
  "asf packets stated": packetsStated,
  "asf content": (n) => asf(asfObject("D2D0A440-E307-11D2-97F0-00A0C95EA850", le(2, 65535), fill(n, asfTag))),
  "asf contents": (n) =>
    asf(
      ...Array.from({ length: Math.floor(n / 60) }, (_, i) =>
        asfObject("D2D0A440-E307-11D2-97F0-00A0C95EA850", le(2, 1), asfTag(i))),
    ),
  "asf objects of nothing": (n) => asf(repeat(n, asfObject("D2D0A440-E307-11D2-97F0-00A0C95EA850"))),
  "asf markers": (n) =>
    asf(
      asfObject(
        "F487CD01-A951-11CF-8EE6-00C00C205365",
        zeros(16),
        le(4, MANY),
        zeros(2),
        le(2, 0),
        fill(n, (i) => join(le(8, 0), le(8, i), zeros(10), le(4, 0))),
      ),
    ),
  "asf stream properties": (n) =>
    asf(
      ...Array.from({ length: Math.floor(n / 110) }, (_, i) =>
        asfObject(
          "B7DC0791-A9B7-11CF-8EE6-00C00C205365",
          guid("F8699E40-5B4D-11CF-A8FD-00805F5C442B"),
          zeros(16),
          zeros(8),
          le(4, 16),
          le(4, 0),
          le(2, i % 127 + 1),
          zeros(4),
          le(2, 1),
          le(2, 2),
          le(4, 44100),
          le(4, 176400),
          le(2, 4),
          le(2, 16),
        )),
    ),
  "caf packet table": (n) =>
    caf(
      cafDescription,
      cafChunk("pakt", be(8, MANY), be(8, MANY), zeros(8), fill(n, () => [1])),
      cafChunk("data", zeros(1000)),
    ),
  "caf strings": (n) =>
    caf(
      cafDescription,
      cafChunk("info", be(4, MANY), fill(n, (i) => `k${i}\0v\0`)),
      cafChunk("data", zeros(1000)),
    ),
  "caf chunks": (n) => caf(cafDescription, fill(n, () => cafChunk("junk")), cafChunk("data", zeros(1000))),
  "mxf partitions": (n) => mxf([], [], fill(n, (i) => mxfPartition((i + 1) * mxfPartition(0).length))),
  "mxf index": (n) => mxf([], [], mxfIndex(MANY >> 4, Math.min(n, 60000))),
  "mxf indexes": (n) => mxf([], [], fill(n, (i) => mxfIndex(1, 11, i))),
  "mxf components by packages by sets": mxfReferences,
  "mxf sets": (n) =>
    join(
      mxfPartition(0),
      fill(n, (i) =>
        mxfKlv("060e2b34025301010d01010101013f00", join([0x3c, 0x0a, 0, 16], zeros(12), be(4, i)))),
    ),
  "mxf tags": (n) =>
    join(
      mxfPartition(0),
      fill(n, (i) =>
        mxfKlv(
          "060e2b34025301010d01010101013000",
          join([0x3c, 0x0a, 0, 16], zeros(12), be(4, i), [0x3c, 1, 0, 4, 0, 97, 0, 98]),
        )),
    ),
  "nsv times backwards": (n) => {
    const count = Math.floor(n / 8), numbers = fill(n / 2, (i) => le(4, count - i));
    const table = join(numbers, "TOC2", numbers);
    return join(
      join(
        "NSVf",
        le(4, 28 + table.length),
        le(4, 1000),
        le(4, 1000),
        le(4, 0),
        le(4, 2 * count + 1),
        le(4, count),
      ),
      join(table, "NSVs", "VP62", "MP3 ", le(2, 64), le(2, 64), [25], zeros(100)),
    );
  },
  "mods key frames backwards": (n) => {
    const count = Math.floor(n / 8);
    return join(
      join(
        "MODSN3\n\0",
        le(4, 10),
        le(4, 64),
        le(4, 64),
        le(4, 0x19000000),
        zeros(16),
        le(4, 48),
        le(4, count),
      ),
      fill(n, (i) => join(le(4, count - i), le(4, 8))),
      zeros(100),
    );
  },
  "nut startcodes": (n) =>
    join(
      "nut/multimedia container\0",
      fill(n, () => join(be(4, 0x4e4d7a56), be(4, 0x1f5f04ad), [5], zeros(5))),
    ),
  "tta seek table": (n) =>
    join(
      "TTA1",
      le(2, 1),
      le(2, 2),
      le(2, 16),
      le(4, 44100),
      le(4, 0xffffffff),
      zeros(4),
      fill(n, () => le(4, 1)),
    ),
  "wavpack blocks": (n) =>
    fill(
      n,
      () =>
        join(
          "wvpk",
          le(4, 24),
          le(2, 0x410),
          [0, 0],
          le(4, 100),
          le(4, 0),
          le(4, 0),
          le(4, 0x1800),
          zeros(4),
        ),
    ),
  "oma keys": omaKeys,
  "musepack seek tables": musepackSeekTables,
  "iamf parts of parameters": iamfParts,
  "iamf parameters": iamfParameters,
  "iamf configurations": (n) =>
    join(iamfStart, fill(n, (i) => iamfUnit(0, leb(i + 2), "none", [1, 0, 0])), iamfUnit(6, zeros(20))),
  "musepack tags": (n) => join("MPCK", fill(n, () => join("ST", [3]))),
  "real media properties": (n) =>
    join(
      ".RMF",
      be(4, 18),
      zeros(10),
      fill(n, (i) => join("MDPR", be(4, 50), be(2, 0), be(2, i), zeros(38))),
    ),
  "real media index": (n) =>
    join(
      ".RMF",
      be(4, 18),
      zeros(10),
      "INDX",
      be(4, MANY),
      be(2, 0),
      be(4, MANY),
      be(2, 0),
      be(4, 0),
      fill(n, (i) => join(be(2, 0), be(4, i), be(4, i), be(4, i))),
    ),
  "au annotation": (n) =>
    join(".snd", be(4, n + 24), be(4, 1000), be(4, 3), be(4, 44100), be(4, 2), new Uint8Array(n).fill(97)),
  "smjpeg comments": (n) =>
    join([0, 0x0a], "SMJPEG", be(4, 0), be(4, 1000), fill(n, () => join("_TXT", be(4, 3), "a=b"))),
  "voc blocks": (n) =>
    join("Creative Voice File\x1a", le(2, 26), le(2, 0x10a), le(2, 0x1129), fill(n, () => [3, 0, 0, 0])),
  "iff chunks": (n) =>
    join(
      "FORM",
      be(4, n + 100),
      "8SVX",
      "VHDR",
      be(4, 20),
      zeros(20),
      fill(n, () => join("ANNO", be(4, 2), "vv")),
    ),
  "iff comments behind chunks": (n) =>
    join(
      "FORM",
      be(4, n + 1_000_000),
      "8SVX",
      "VHDR",
      be(4, 20),
      zeros(20),
      fill(n, () => join("COMT", be(4, 16), [255, 255], zeros(10), be(4, 10))),
      zeros(920_000),
    ),
  "mpegts programs": programs,
  "mpegts programs swapped": programsSwapped,
  "mpegts tables gathered": tablesGathered,
  "mpegts descriptors stated": descriptorsStated,
  "wav id3 stated": (n) => wav(id3Stated(n)),
  "wav id3 again": (n) => wav(id3Again(n)),
  "matroska tags by tracks": tagsByTracks,
  "matroska tags in languages": tagsInLanguages,
  "matroska additions by mappings": additionsByMappings,
  "webm cues for dash": cuesForDash,
  "mxf sets of one type": mxfSets,
  "mxf partitions skipped": mxfPartitionsSkipped,
  "mxf tags by primer": mxfTagsByPrimer,
  "ogg packets before flac": packetsBeforeFlac,
  "matroska planes by tracks": planesByTracks,
  "matroska tracks of ffv1": (n) => ffv1Tracks(n),
  "iamf texts by languages": iamfLanguages,
  "smacker frames": smackerFrames,
  "mpegts streams": programStreams,
  "mpegts services": services,
  "mpegts streams by programs": streamsByPrograms,
  "mpegts nothing": (n) => fill(n, () => join([0x47, 0x1f, 0xff, 0x10], new Uint8Array(184))),
  "ffmetadata tags": (n) => lines(";FFMETADATA1\n", n, (i) => `k${i}=v`),
  "ffmetadata long names": (n) => lines(";FFMETADATA1\n", n, (i) => `${"k".repeat(200)}${i}=v`),
  "ffmetadata chapters": (n) => lines(";FFMETADATA1\n", n, (i) => `[CHAPTER]\nSTART=${i}\nEND=${i + 1}`),
  "ffmetadata empty chapters": (n) => lines(";FFMETADATA1\n", n, () => "[CHAPTER]"),
  "ffmetadata streams": (n) => lines(";FFMETADATA1\n", n, () => "[STREAM]"),
  "hls variants": (n) => lines("#EXTM3U\n", n, (i) => `#EXT-X-STREAM-INF:BANDWIDTH=1\n${i}.m3u8`),
  "hls variants of one name": (n) => lines("#EXTM3U\n", n, () => `#EXT-X-STREAM-INF:BANDWIDTH=1\na`),
  "hls renditions": (n) =>
    lines("#EXTM3U\n", n, (i) => `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="${i}",URI="${i}"`),
  "hls renditions by variants": (n) => {
    const groups = 'AUDIO="a",VIDEO="a",SUBTITLES="a"';
    return join(
      lines("#EXTM3U\n", n / 10, () => `#EXT-X-STREAM-INF:BANDWIDTH=1,${groups}\na`),
      lines("", n - n / 10, () => '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="a"'),
    );
  },
  "hls segments": (n) => lines("#EXTM3U\n#EXT-X-TARGETDURATION:1\n", n, (i) => `#EXTINF:1,\n${i}`),
  "hls empty segments": (n) => lines("#EXTM3U\n#EXT-X-TARGETDURATION:1\n", n, () => `#EXTINF:0,\na`),
  "hls keys": (n) =>
    lines(
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n",
      n,
      (i) => `#EXT-X-KEY:METHOD=AES-128,URI="${i}"\n#EXTINF:1,\n${i}`,
    ),
  "hls maps": (n) => lines("#EXTM3U\n#EXT-X-TARGETDURATION:1\n", n, (i) => `#EXT-X-MAP:URI="${i}"`),
  "dash representations": (n) =>
    join(
      dash(
        `<AdaptationSet mimeType="audio/mp4">${
          new TextDecoder().decode(fill(n, representation))
        }</AdaptationSet>`,
      ),
    ),
  "dash adaptation sets": (n) =>
    join(dash(new TextDecoder().decode(fill(n, () => `<AdaptationSet mimeType="audio/mp4"/>`)))),
  "dash timeline": (n) =>
    join(
      dash(
        `<AdaptationSet mimeType="audio/mp4"><SegmentTemplate media="a"><SegmentTimeline>${
          new TextDecoder().decode(fill(n, () => `<S d="1" r="2000000"/>`))
        }</SegmentTimeline></SegmentTemplate><Representation id="1"/></AdaptationSet>`,
      ),
    ),
  "dash segment list": (n) =>
    join(
      dash(
        `<AdaptationSet mimeType="audio/mp4"><Representation id="1"><SegmentList>${
          new TextDecoder().decode(fill(n, () => `<SegmentURL media="a"/>`))
        }</SegmentList></Representation></AdaptationSet>`,
      ),
    ),
  "dash nested": (n) => join(dash("<a>".repeat(Math.floor(n / 7)) + "</a>".repeat(Math.floor(n / 7)))),
  "dash attributes": (n) => join(dash(`<a ${new TextDecoder().decode(fill(n, (i) => `b${i}="" `))}/>`)),
  "dash entities": () =>
    join(
      `<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY a "aaaaaaaaaa">${
        Array.from(
          { length: 9 },
          (_, i) => `<!ENTITY a${i} "${`&a${i || ""};`.replace("a0", "a").repeat(10)}">`,
        ).join("")
      }]><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">&a8;</MPD>`,
    ),
  "concat files": (n) => lines("ffconcat version 1.0\n", n, () => "file a"),
  "concat streams": (n) => lines("ffconcat version 1.0\nfile a\n", n, () => "stream"),
  "concat metadata": (n) => lines("ffconcat version 1.0\nfile a\n", n, (i) => `file_packet_meta k${i} v`),
  "subrip": (n) => lines("", n, (i) => `${i}\n${clock(i)},000 --> ${clock(i + 1)},000\na\n`),
  "subrip backwards": (n) =>
    lines("", n, (i) => `${i}\n${clock(99999 - i)},000 --> ${clock(99999 - i)},500\na\n`),
  "webvtt": (n) => lines("WEBVTT\n\n", n, (i) => `${clock(i)}.000 --> ${clock(i + 1)}.000\na\n`),
  "ass": (n) =>
    lines(
      "[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: a\n",
      n,
      (i) => `Dialogue: 0,0:00:${String(i % 60).padStart(2, "0")}.00,0:00:59.00,a`,
    ),
  "ass header": (n) => lines("[Script Info]\nScriptType: v4.00+\n", n, () => `; a`),
  "microdvd": (n) => lines("", n, (i) => `{${i}}{${i + 1}}a`),
  "mpl2": (n) => lines("", n, (i) => `[${i}][${i + 1}] a`),
  "lrc": (n) => lines("[ti:a]\n", n, () => `[00:01.00][00:02.00][00:03.00]a`),
  "sami": (n) => lines("<SAMI>\n<BODY>\n", n, (i) => `<SYNC Start=${i}>a`),
  "sbg": (n) => lines("-SE\n", n, (i) => `a${i}: 100+1/1`),
  "vobsub": (n) =>
    lines(
      "# VobSub index file, v7\nid: en, index: 0\n",
      n,
      (i) => `timestamp: ${clock(i)}:000, filepos: 000000000`,
    ),
  "realtext": (n) => lines('<window duration="1">\n', n, () => `<time begin="1"/>a`),
  "mcc": (n) => lines("File Format=MacCaption_MCC V1.0\n", n, (i) => `${clock(i)}:00 T52S524F67ZZ72F4QROO`),
  "empty lines": (n) => join("WEBVTT\n", new Uint8Array(n).fill(10)),
};
