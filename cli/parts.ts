/**
 * The parts that were found in a file, by their names, and which of them another file lacks. What could not be searched counts
 * as lacking: nothing passes unseen.
 */
import { createHash } from "node:crypto";
import type { PartReader } from "./part_reader.ts";
import { count } from "./text.ts";

/** Names that are told apart, at most: in a hostile file each part has a name of its own. */
const MAX_NAMES = 1000;

/** Parts in each other, at most; libavformat reads no more than 16. */
const MAX_DEPTH = 32;

/** Values of tags that are told apart, at most. */
const MAX_VALUES = 10_000;

/** Characters of values that are kept, at most; of longer ones a digest is. */
const MAX_CONTENT = 64;

/** A value of a tag as it stands in a file. */
export interface Value {
  /** What is lost, in words. */
  what: string;
  /** What it is a value of, in the same words for all versions of a format. */
  kind: string;
  /** Tags that change it, as libavformat calls them. */
  names: readonly string[];
  content: string;
}

/** What stands for covers and chapters among the names of tags that change something. */
export const COVERS = "\0covers", CHAPTERS = "\0chapters";

/** Whether a rewrite was asked to change a value of these tags. */
export type IsChanged = (names: readonly string[]) => boolean;

/** Names of parts, each with how often it is there, and values of tags, of which it doesn't matter how often they are there. */
export class Parts {
  readonly #counts = new Map<string, number>();
  readonly #values = new Map<string, Omit<Value, "kind" | "content">>();
  readonly #changeable = new Map<string, number>();
  readonly #unsearched = new Set<string>();

  add(name: string): void {
    const before = this.#counts.get(name);
    if (before !== undefined || this.#counts.size < MAX_NAMES) this.#counts.set(name, (before ?? 0) + 1);
    else this.addUnsearched(`parts of more than ${count(MAX_NAMES, "kind")}`);
  }

  addValue({ what, kind, names, content }: Value): void {
    const key = shortened(`${kind}\0${content}`);
    if (this.#values.has(key)) return;
    if (this.#values.size < MAX_VALUES) {
      this.#values.set(key, { what: shortened(what), names: names.map(shortened) });
    } else this.addUnsearched(`more than ${count(MAX_VALUES, "value")} of tags`);
  }

  /** Adds a part, of few kinds, that tags, covers or chapters of these names change: it matters how often it is there. */
  addChangeable(what: string, names: readonly string[]): void {
    const often = (this.#changeable.get(what) ?? 0) + 1;
    this.#changeable.set(what, often);
    this.addValue({ what, kind: what, names, content: `${often}` });
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

  /** What the other file has less often or not at all, and what was not searched here, each once. */
  missingIn(other: Parts, isChanged: IsChanged = () => false): string[] {
    const missing = [...this.#counts].filter(([name, often]) => (other.#counts.get(name) ?? 0) < often);
    const values = [...this.#values].filter(([key, { names }]) =>
      !other.#values.has(key) && !isChanged(names)
    );
    const whats = [...missing.map(([name]) => name), ...values.map(([, { what }]) => what)];
    return [...new Set(whats), ...this.#unsearched];
  }
}

/** The text, or of a long one its beginning and a digest. */
function shortened(text: string): string {
  if (text.length <= MAX_CONTENT) return text;
  return `${text.slice(0, MAX_CONTENT)}… ${createHash("md5").update(text).digest("hex")}`;
}
