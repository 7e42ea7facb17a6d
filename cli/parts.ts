/**
 * The parts that were found in a file, by their names, and which of them another file lacks. What could not be searched counts
 * as lacking: nothing passes unseen.
 */
import type { PartReader } from "./part_reader.ts";
import { count } from "./text.ts";

/** Names that are told apart, at most: in a hostile file each part has a name of its own. */
const MAX_NAMES = 1000;

/** Parts in each other, at most; libavformat reads no more than 16. */
const MAX_DEPTH = 32;

/** Names of parts, each with how often it is there. */
export class Parts {
  readonly #counts = new Map<string, number>();
  readonly #unsearched = new Set<string>();

  add(name: string): void {
    const before = this.#counts.get(name);
    if (before !== undefined || this.#counts.size < MAX_NAMES) this.#counts.set(name, (before ?? 0) + 1);
    else this.addUnsearched(`parts of more than ${count(MAX_NAMES, "kind")}`);
  }

  /** Adds what stands behind the last part of a file, unless it is nothing but zeros. */
  addBehind(reader: PartReader, from: number): void {
    if (!reader.isZero(from)) this.add("what is behind the end of its media");
  }

  /** Adds what was not searched. */
  addUnsearched(what: string): void {
    this.#unsearched.add(what);
  }

  /** Whether parts may be in so many others; otherwise they are not searched. */
  isSearched(depth: number): boolean {
    if (depth > MAX_DEPTH) this.addUnsearched(`what is in more than ${count(MAX_DEPTH, "part")} around it`);
    return depth <= MAX_DEPTH;
  }

  /** What the other file has less often, and what was not searched here, each once. */
  missingIn(other: Parts): string[] {
    const missing = [...this.#counts].filter(([name, often]) => (other.#counts.get(name) ?? 0) < often);
    return [...missing.map(([name]) => name), ...this.#unsearched];
  }
}
