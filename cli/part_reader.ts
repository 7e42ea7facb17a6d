/**
 * Reading a file at any place, for what looks for the parts of one: `file_parts.ts`.
 */
import type { FileStatus, OpenFile } from "../io/file_system.ts";
import { From } from "../io/file_system.ts";

/** Bytes that are read at once, at most. */
const MAX_SIZE = 16 * 1024 * 1024;

/** Bytes of a file that are read together: heads of parts stand close to each other. */
const WINDOW = 4096;

const latin = new TextDecoder("latin1");

/** Reads a file at any place; what lies behind its end is missing. */
export class PartReader {
  readonly #file: Pick<OpenFile, "seekSync" | "readSync">;
  readonly size: number;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;

  constructor(file: Pick<OpenFile, "seekSync" | "readSync"> & { statSync(): Pick<FileStatus, "size"> }) {
    this.#file = file;
    this.size = file.statSync().size;
  }

  /** Bytes from a position on: fewer at the end of the file, and 16 MiB at most. */
  read(position: number, size: number): Uint8Array {
    const from = position - this.#windowAt;
    if (from >= 0 && from + size <= this.#window.length) return this.#window.subarray(from, from + size);
    const bytes = this.#readFile(position, Math.max(size, WINDOW));
    [this.#window, this.#windowAt] = [bytes, position];
    return bytes.subarray(0, size);
  }

  #readFile(position: number, size: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, this.size - position, MAX_SIZE)));
    if (bytes.length === 0) return bytes;
    this.#file.seekSync(position, From.START);
    let read = 0;
    for (let count; read < bytes.length && (count = this.#file.readSync(bytes.subarray(read)));) {
      read += count;
    }
    return bytes.subarray(0, read);
  }

  /** Four characters, or as many as are asked for. */
  name(position: number, size = 4): string {
    return nameAt(this.read(position, size), 0, size);
  }
}

/** The bytes as numbers. */
export const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A name in the bytes, of four characters as a rule. */
export const nameAt = (bytes: Uint8Array, at: number, size = 4) =>
  latin.decode(bytes.subarray(at, at + size));
