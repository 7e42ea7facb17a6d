/**
 * File names with wildcard fields, as in templates of manifests and image sequences. They come from untrusted files, so
 * they are matched part by part from left to right, without backtracking.
 */

/** Whether a name has a field. */
export function hasField(name: string, field: RegExp): boolean {
  return name.search(field) !== -1;
}

export class NamePattern {
  #isPlain: boolean;
  #first: string;
  #between: string[];
  #last: string;
  /** Total length of all parts. */
  #length: number;

  /** @param field Matches a field. */
  constructor(pattern: string, field: RegExp) {
    const parts = pattern.split(field);
    this.#isPlain = parts.length === 1;
    this.#first = parts[0]!;
    this.#last = parts.at(-1)!;
    this.#between = parts.slice(1, -1).filter((part) => part !== "");
    this.#length = parts.reduce((length, part) => length + part.length, 0);
  }

  /** Whether a name matches the pattern. */
  matches(name: string): boolean {
    if (this.#isPlain) return name === this.#first;
    if (name.length < this.#length) return false;
    if (!name.startsWith(this.#first) || !name.endsWith(this.#last)) return false;
    const rest = name.slice(0, name.length - this.#last.length);
    let at = this.#first.length;
    for (const part of this.#between) {
      const found = rest.indexOf(part, at); // a later match would leave less for the parts that follow
      if (found === -1) return false;
      at = found + part.length;
    }
    return true;
  }
}
