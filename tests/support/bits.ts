/**
 * Writes the headers of codecs bit by bit. What they mean is in the files that make them: `crafted.ts`, `fuzz/bombs.ts`.
 */
type Bytes = Uint8Array<ArrayBuffer>;

/** Writes bits, the highest first. */
export class BitWriter {
  #bits: number[] = [];

  /** An unsigned number of so many bits. */
  u(width: number, value: number): this {
    for (let bit = width - 1; bit >= 0; bit--) this.#bits.push(Math.floor(value / 2 ** bit) % 2);
    return this;
  }

  /** Exp-Golomb, unsigned. */
  ue(value: number): this {
    const width = Math.floor(Math.log2(value + 1));
    return this.u(width, 0).u(width + 1, value + 1);
  }

  /** The bits, a one, and zeros up to the next byte. */
  stopped(): Bytes {
    this.#bits.push(1);
    return this.bytes();
  }

  /** The bits, and zeros up to the next byte. */
  bytes(): Bytes {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => bytes[i >> 3]! |= bit << (7 - i % 8));
    return bytes;
  }
}

/** A NAL unit after a start code, with emulation prevention bytes. */
export function nalUnit(header: number[], payload: Uint8Array): Bytes {
  const bytes = [0, 0, 0, 1, ...header];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(bytes);
}
