/**
 * Sources and sinks over memory; a test chooses how many bytes their callbacks move at a time.
 */
import { constants, type IOCallbacks, type WriteInfo } from "@avio/avio";

const PRIMES = [
  2,
  3,
  5,
  7,
  11,
  13,
  17,
  19,
  23,
  29,
  31,
  37,
  41,
  43,
  47,
  53,
  59,
  61,
  67,
  71,
  73,
  79,
  83,
  89,
  97,
];

/** The number of the `wanted` bytes that a callback moves, by the number of the call. */
export type Amount = (wanted: number, call: number) => number;

/** The amounts that tests use. */
export const amounts = {
  all: (wanted) => wanted,
  "1 byte": () => 1,
  primes: (wanted, call) => Math.min(wanted, PRIMES[call % PRIMES.length]!),
  halves: (wanted) => Math.ceil(wanted / 2),
} as const satisfies Record<string, Amount>;

/** The short ones. */
export const shortAmounts = ["1 byte", "primes", "halves"] as const;

/** Callbacks that read `bytes`. */
export function readerOf(
  bytes: Uint8Array,
  { amount = amounts.all, seekable = true }: { amount?: Amount; seekable?: boolean } = {},
): IOCallbacks {
  let position = 0;
  let calls = 0;
  const onread = (buffer: Uint8Array, requestedLen: number) => {
    const left = bytes.length - position;
    if (left <= 0) return 0;
    const size = Math.min(left, amount(requestedLen, calls++));
    buffer.set(bytes.subarray(position, position + size));
    position += size;
    return size;
  };
  if (!seekable) return { onread };
  return {
    onread,
    onseek(offset, whence) {
      if (whence === constants.seek.SIZE) return bytes.length;
      return position = whence === constants.seek.END ? bytes.length + offset : offset;
    },
  };
}

/** A sink that collects what was written. */
export class Collector implements IOCallbacks {
  /** How often `onwrite` was called. */
  writes = 0;
  #bytes = new Uint8Array(4096);
  #size = 0;
  #position = 0;
  #amount: Amount;

  constructor(amount: Amount = amounts.all) {
    this.#amount = amount;
  }

  /** All that was written. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  onwrite = (buffer: Uint8Array, info: WriteInfo): number => {
    if (info.position !== this.#position) {
      throw new Error(`onwrite: said to be at ${info.position}, is at ${this.#position}`);
    }
    const size = this.#amount(buffer.length, this.writes++);
    const end = this.#position + size;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(end * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(buffer.subarray(0, size), this.#position);
    this.#position = end;
    this.#size = Math.max(this.#size, end);
    return size;
  };

  onseek = (offset: number, whence: number): number => {
    if (whence === constants.seek.SIZE) return this.#size;
    return this.#position = whence === constants.seek.END ? this.#size + offset : offset;
  };
}
