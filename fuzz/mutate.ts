/**
 * Damages the bytes of a real file, as a broken disk, a lost connection or an attacker would.
 */
import { concatBytes } from "../tests/support/essence.ts";
import type { Random } from "./random.ts";
import type { Sample } from "./samples.ts";
import { changeStructure } from "./structure.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Mutation = (bytes: Bytes, random: Random, samples: readonly Sample[]) => Bytes;

/** A random offset, often at the beginning, sometimes at the end, where headers and indexes are. */
function place(length: number, random: Random): number {
  const where = random.next();
  if (where < 0.4) return random.below(Math.min(length, 256));
  if (where < 0.6) return random.below(Math.min(length, 4096));
  if (where < 0.7) return length - 1 - random.below(Math.min(length, 2048));
  return random.below(length);
}

const numbers = [
  0,
  1,
  2,
  3,
  7,
  8,
  15,
  16,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0xffff,
  0x7ffffff0,
  0x7fffffff,
  0x80000000,
  0xffffffff,
];

const mutations: Readonly<Record<string, Mutation>> = {
  structure: changeStructure,

  flip(bytes, random) {
    for (let n = random.small(30); n > 0; n--) bytes[place(bytes.length, random)]! ^= 1 << random.below(8);
    return bytes;
  },

  set(bytes, random) {
    for (let n = random.small(30); n > 0; n--) {
      bytes[place(bytes.length, random)] = random.pick([0, 0xff, 0x7f, 0x80, random.below(256)]);
    }
    return bytes;
  },

  length(bytes, random) {
    const view = new DataView(bytes.buffer);
    for (let n = random.small(4); n > 0 && bytes.length >= 8; n--) {
      const at = Math.min(place(bytes.length, random), bytes.length - 8);
      const value = random.chance(0.3) ? view.getUint32(at) + random.below(9) - 4 : random.pick(numbers);
      const little = random.chance(0.5);
      if (random.chance(0.6)) view.setUint32(at, value, little);
      else if (random.chance(0.5)) view.setUint16(at, value, little);
      else view.setBigUint64(at, BigInt(value >>> 0) << BigInt(random.pick([0, 31, 32])), little);
    }
    return bytes;
  },

  truncate: (bytes, random) => bytes.slice(0, place(bytes.length, random) + 1),

  insert(bytes, random) {
    const at = place(bytes.length, random);
    const more = new Uint8Array(random.small(5000)).fill(random.pick([0, 0xff, 0x47, random.below(256)]));
    return concatBytes([bytes.subarray(0, at), more, bytes.subarray(at)]);
  },

  duplicate(bytes, random) {
    const at = place(bytes.length, random);
    const piece = bytes.subarray(at, at + random.small(5000));
    return concatBytes([bytes.subarray(0, at), ...Array(random.small(20)).fill(piece), bytes.subarray(at)]);
  },

  remove(bytes, random) {
    const at = place(bytes.length, random);
    return concatBytes([bytes.subarray(0, at), bytes.subarray(at + random.small(5000))]);
  },

  splice(bytes, random, samples) {
    const other = random.pick(samples).bytes;
    return concatBytes([
      bytes.subarray(0, place(bytes.length, random)),
      other.subarray(place(other.length, random)),
    ]);
  },

  swap(bytes, random) {
    const size = Math.min(random.small(4000), bytes.length >> 1);
    const first = random.below(bytes.length - 2 * size + 1);
    const second = first + size + random.below(bytes.length - first - 2 * size + 1);
    const kept = bytes.slice(first, first + size);
    bytes.copyWithin(first, second, second + size);
    bytes.set(kept, second);
    return bytes;
  },

  payload(bytes, random) {
    const header = random.small(4000);
    for (let n = random.small(bytes.length); n > 0 && header < bytes.length; n--) {
      bytes[header + random.below(bytes.length - header)] = random.below(256);
    }
    return bytes;
  },

  digits(bytes, random) { // formats that are text
    for (let n = random.small(20); n > 0; n--) {
      const at = place(bytes.length, random);
      for (let i = at; i < Math.min(at + 40, bytes.length); i++) {
        if (bytes[i]! >= 0x30 && bytes[i]! <= 0x39) bytes[i] = 0x30 + random.pick([0, 9, random.below(10)]);
      }
    }
    return bytes;
  },
};

/** Max bytes of one case, to keep it short. */
const MAX_BYTES = 400_000;

/** Returns a damaged copy of a sample, sometimes an undamaged one, and what was done. */
export function mutate(
  sample: Sample,
  random: Random,
  samples: readonly Sample[],
): { bytes: Uint8Array<ArrayBuffer>; how: string[] } {
  let bytes = sample.bytes.slice();
  const how: string[] = [];
  if (random.chance(0.08)) return { bytes, how };
  for (let n = random.small(6); n > 0 && bytes.length > 0; n--) {
    const name = random.chance(0.3) ? "structure" : random.pick(Object.keys(mutations));
    bytes = mutations[name]!(bytes, random, samples).slice(0, MAX_BYTES);
    how.push(name);
  }
  return { bytes, how };
}
