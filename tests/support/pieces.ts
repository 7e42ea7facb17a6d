/**
 * Pieces of files, byte by byte: boxes of mp4, tags of ID3 and APE, chunks, elements of Matroska.
 */
import { concatBytes } from "./essence.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function joined(...parts: (string | Uint8Array | number[])[]): Bytes {
  return concatBytes(
    parts.map((part) => typeof part === "string" ? encoder.encode(part) : Uint8Array.from(part)),
  );
}

/** A number of so many bytes. */
export function number(value: number, size = 4): number[] {
  return Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256);
}

export const little = (value: number, size = 4) => number(value, size).reverse();
export const sync7 = (value: number) => [21, 14, 7, 0].map((shift) => value >> shift & 127);

export const box = (name: string, ...parts: (string | Uint8Array | number[])[]) => {
  const body = joined(...parts);
  return joined(number(8 + body.length), name, body);
};
/** The same with a size of 64 bits. */
export const largeBox = (name: string, ...parts: (string | Uint8Array | number[])[]) => {
  const body = joined(...parts);
  return joined(number(1), name, number(16 + body.length, 8), body);
};

export const frame = (name: string, data: string | number[], size = sync7) => {
  const bytes = joined(data);
  return joined(name, size(bytes.length), [0, 0], bytes);
};
export const POPM = [...encoder.encode("a@b"), 0, 255, 0, 0, 0, 1];

export function id3(version: number, flags: number, ...frames: Uint8Array[]): Bytes {
  const body = joined(...frames);
  return joined("ID3", [version, 0, flags], sync7(body.length), body);
}

export function apeTag(): Bytes {
  const item = joined(little(1), little(0), "MOOD", [0], "x"), size = 32 + item.length;
  const end = (flags: number) =>
    joined("APETAGEX", little(2000), little(size), little(1), [0, 0, 0, flags], Array(8).fill(0));
  return joined(end(0xa0), item, end(0x80));
}

export const chunk = (name: string, ...parts: (string | Uint8Array | number[])[]) => {
  const body = joined(...parts);
  return joined(name, little(body.length), body, Array(body.length % 2).fill(0));
};

export const element = (id: number[], ...parts: (string | Uint8Array | number[])[]) => {
  const body = joined(...parts);
  return joined(id, [0x40 | body.length >> 8, body.length & 255], body);
};
