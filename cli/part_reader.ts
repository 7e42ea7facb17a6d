/**
 * Reading a file at any place, for what looks for the parts of one: `file_parts.ts`. How much is read depends on the size of
 * the file, and on no size that is written in it.
 */
import type { FileStatus, OpenFile } from "../io/file_system.ts";
import { From } from "../io/file_system.ts";
import { Failure } from "./errors.ts";

/** Bytes that are read at once, at most. */
export const MAX_READ = 16 * 1024 * 1024;

/** Reads, at most: some seconds. Files that people have need far fewer, hostile ones may consist of parts without data. */
const MAX_READS = 10_000_000;

/** Bytes of a file that are read together: heads of parts stand close to each other. */
const WINDOW = 4096;

/** Bytes in which a text is looked for at once. */
const PIECE = 1 << 16;

/** Characters of names; what is longer is a text. */
const MAX_NAME = 64;

const latin = new TextDecoder("latin1");

/** There are more parts in the file than are searched. */
export class TooManyParts extends Failure {
  constructor() {
    super("The file has more parts than are searched");
  }
}

/** An open file, of which only this is used. */
export type SearchedFile = Pick<OpenFile, "seekSync" | "readSync"> & { statSync(): Pick<FileStatus, "size"> };

/** Reads a file at any place; what lies behind its end is missing. */
export class PartReader {
  readonly #file: SearchedFile;
  readonly size: number;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;
  #left: number;

  /** @param maxReads Number of reads after which it throws. */
  constructor(file: SearchedFile, maxReads = MAX_READS) {
    this.#file = file;
    this.size = file.statSync().size;
    this.#left = maxReads;
  }

  /**
   * Bytes from a position on: fewer at the end of the file.
   *
   * @throws {TooManyParts}
   */
  read(position: number, size: number): Uint8Array {
    if (size > MAX_READ) throw new RangeError(`more than ${MAX_READ} bytes at once`);
    if (this.#left-- <= 0) throw new TooManyParts();
    const length = Math.max(0, Math.min(size, this.size - position));
    const from = position - this.#windowAt;
    if (length === 0) return new Uint8Array();
    if (from < 0 || from + length > this.#window.length) this.#moveWindow(position, length, from < 0);
    const begin = position - this.#windowAt;
    return this.#window.subarray(begin, begin + length);
  }

  /** Who reads backwards will read what is in front of these bytes, others what is behind them. */
  #moveWindow(position: number, length: number, isBackwards: boolean): void {
    const before = isBackwards ? Math.min(position, Math.max(0, WINDOW - length)) : 0;
    const begin = position - before, size = Math.max(before + length, WINDOW);
    [this.#window, this.#windowAt] = [this.#readFile(begin, Math.min(size, this.size - begin)), begin];
  }

  #readFile(position: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    this.#file.seekSync(position, From.START);
    let read = 0;
    for (let count; read < bytes.length && (count = this.#file.readSync(bytes.subarray(read)));) {
      read += count;
    }
    if (read < bytes.length) throw new Failure("The file was cut off by another program while it was read");
    return bytes;
  }

  /** Four characters, or as many as are asked for. */
  name(position: number, size = 4): string {
    return nameAt(this.read(position, size), 0, size);
  }

  /** Whether there are only zeros from here to the end of the file. */
  isZero(from: number): boolean {
    for (let at = from; at < this.size; at += PIECE) {
      if (this.read(at, PIECE).some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  /** Whether the text stands anywhere in these bytes. */
  includes(from: number, to: number, text: string): boolean {
    for (let at = from; at + text.length <= to; at += PIECE) {
      const size = Math.min(PIECE + text.length - 1, to - at);
      if (this.name(at, size).includes(text)) return true;
    }
    return false;
  }
}

/** The bytes as numbers. */
export const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A name in the bytes, of four characters as a rule. */
export function nameAt(bytes: Uint8Array, at: number, size = 4): string {
  if (size > MAX_NAME) return latin.decode(bytes.subarray(at, at + size));
  const end = Math.min(at + size, bytes.length);
  let name = ""; // faster than a decoder for so few
  for (let place = at; place < end; place++) name += String.fromCharCode(bytes[place]!);
  return name;
}
