/**
 * The values of ID3 frames that libavformat reads as tags, comments and lyrics: it keeps one value of a frame and one frame of a
 * name, and writes comments and lyrics as frames TXXX. Values are brought to one form for all versions and encodings, so that
 * those of two files can be compared.
 */
import { Buffer } from "node:buffer";
import type { Value } from "./parts.ts";
import { isWrittenAnew } from "./rewrite_losses.ts";

/** Frames of version 2, which have three letters, as they are called since version 3. */
const NEW_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  ("COM:COMM ULT:USLT TT1:TIT1 TT2:TIT2 TT3:TIT3 TP1:TPE1 TP2:TPE2 TP3:TPE3 TP4:TPE4 TCM:TCOM TXT:TEXT " +
    "TLA:TLAN TCO:TCON TAL:TALB TPA:TPOS TRK:TRCK TRC:TSRC TYE:TYER TDA:TDAT TIM:TIME TRD:TRDA TMT:TMED " +
    "TFT:TFLT TBP:TBPM TCR:TCOP TPB:TPUB TEN:TENC TSS:TSSE TOF:TOFN TLE:TLEN TSI:TSIZ TDY:TDLY TKE:TKEY " +
    "TOT:TOAL TOA:TOPE TOL:TOLY TOR:TORY TXX:TXXX TCP:TCMP TST:TSOT TSA:TSOA TSP:TSOP TS2:TSO2 TSC:TSOC")
    .split(" ").map((pair) => pair.split(":")),
);

/** Tags by frame, as libavformat calls them. */
const TAGS: Readonly<Record<string, string>> = {
  TALB: "album",
  TCMP: "compilation",
  TCOM: "composer",
  TCON: "genre",
  TCOP: "copyright",
  TDAT: "date",
  TDEN: "creation_time",
  TDRC: "date",
  TDRL: "date",
  TENC: "encoded_by",
  TIME: "date",
  TIT1: "grouping",
  TIT2: "title",
  TLAN: "language",
  TPE1: "artist",
  TPE2: "album_artist",
  TPE3: "performer",
  TPOS: "disc",
  TPUB: "publisher",
  TRCK: "track",
  TSOA: "album-sort",
  TSOP: "artist-sort",
  TSOT: "title-sort",
  TSSE: "encoder",
  TSST: "disc_subtitle",
  TYER: "date",
};

const UTF_16 = 1, UTF_16_BIG = 2, UTF_8 = 3;

const decoders = {
  utf8: new TextDecoder("utf-8", { ignoreBOM: true }),
  utf16: new TextDecoder("utf-16le", { ignoreBOM: true }),
};

/** ISO 8859-1: what TextDecoder calls latin1 has other characters from 0x80 to 0x9F. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

/** Characters of two bytes; a mark at the start of each text says in which order. */
function utf16(bytes: Uint8Array, isBig: boolean): string {
  const even = bytes.slice(0, bytes.length & ~1);
  if (isBig) {
    for (let at = 0; at < even.length; at += 2) [even[at], even[at + 1]] = [even[at + 1]!, even[at]!];
  }
  return decoders.utf16.decode(even);
}

const BYTE_ORDER = /^[\ufeff\ufffe]/;
const LITTLE = "\ufeff";

/** The texts of UTF-16, each with a mark of its order or in that of the one before. */
function textsOfUtf16(bytes: Uint8Array): string[] {
  const isBig = bytes[0] === 0xfe && bytes[1] === 0xff;
  const texts = utf16(bytes, isBig).split("\0");
  return texts.map((text) => text.startsWith(LITTLE) ? text.slice(1) : text);
}

/** The texts in these bytes, which zeros separate; the last ones may be empty. */
function textsOf(bytes: Uint8Array, encoding: number): string[] {
  if (encoding === UTF_16) return textsOfUtf16(bytes);
  if (encoding === UTF_16_BIG) return utf16(bytes, true).split("\0");
  return (encoding === UTF_8 ? decoders.utf8.decode(bytes) : latin1(bytes)).split("\0");
}

/** Without empty texts at the end. */
function trimmed(texts: readonly string[]): readonly string[] {
  return texts.slice(0, texts.findLastIndex((text) => text.replace(BYTE_ORDER, "") !== "") + 1);
}

/** Year, month and day, hour and minute: a frame of version 4, three of those before. */
const DATE = /^(\d{4})(?:-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?)?$/;

function* valuesOfDate(text: string): Generator<[kind: string, content: string]> {
  const [, year, month, day, hour, minute] = DATE.exec(text) ?? [];
  if (year === undefined) return yield ["TYER", text];
  yield ["TYER", year];
  if (month !== undefined) yield ["TDAT", `${day}${month}`];
  if (hour !== undefined) yield ["TIME", `${hour}${minute}`];
}

/** A number of a genre, and what may stand behind it, as `(17)Rock`. */
const GENRE = /^\((\d+)\)(.*)$|^(\d+)$/s;

/** A genre may be written as a number; the tag `genre` is compared, so that any other text for it is the right one. */
function* valuesOfGenre(text: string): Generator<[kind: string, content: string]> {
  yield ["TCON", ""];
  const [matched, , name = ""] = GENRE.exec(text) ?? [];
  if (matched === undefined || name !== "") yield ["TCON", name || text];
}

function* valuesOfText(name: string, texts: readonly string[]): Generator<[kind: string, content: string]> {
  const all = texts.join("\0");
  if (texts.length === 1 && /^(TYER|TDRC)$/.test(name)) return yield* valuesOfDate(all);
  if (texts.length === 1 && name === "TCON") return yield* valuesOfGenre(all);
  yield [name, all];
}

/** A frame with a description: TXXX, COMM and USLT. */
function described(name: string, data: Uint8Array): Value[] {
  const hasLanguage = name !== "TXXX";
  const language = hasLanguage ? latin1(data.subarray(1, 4)) : "";
  const [description = "", ...rest] = textsOf(data.subarray(hasLanguage ? 4 : 1), data[0]!);
  const texts = trimmed(rest);
  if (texts.length === 0 || (!hasLanguage && isWrittenAnew(description))) return [];
  const what = ["the ID3 frame " + name, description, language].filter((part) => part !== "").join(":");
  return [{ what, kind: what, names: [tagOf(name, description, language)], content: texts.join("\0") }];
}

/** What libavformat calls it. */
function tagOf(name: string, description: string, language: string): string {
  if (name === "USLT") return ["lyrics", description, language].filter((part) => part !== "").join("-");
  return description || (name === "COMM" ? "comment" : "");
}

/**
 * The values of a frame of text, a comment or lyrics; none if it is empty, or of those that a muxer writes itself.
 *
 * @param data What is behind the head of the frame.
 */
export function valuesOfFrame(id: string, data: Uint8Array): Value[] {
  const name = NEW_NAMES[id] ?? id;
  if (data.length === 0 || name === "TSSE") return [];
  if (/^(TXXX|COMM|USLT)$/.test(name)) return described(name, data);
  const texts = trimmed(textsOf(data.subarray(1), data[0]!));
  if (texts.length === 0 || (name === "TLAN" && texts.join() === "und")) return [];
  const tag = TAGS[name], names = [id, name, ...(tag === undefined ? [] : [tag])];
  return [...valuesOfText(name, texts)].map(([kind, content]) => ({
    what: `the ID3 frame ${name}`,
    kind: `the ID3 frame ${kind}`,
    names,
    content,
  }));
}
