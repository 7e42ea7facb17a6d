/**
 * Path functions on text, without file access. `node:path` has most of them, but loading it adds 9 ms to every start.
 *
 * Windows paths have slashes here, which its functions accept, and are compared case-insensitively.
 */
import { isWindows } from "../ffi/library_paths.ts";

/** Maximum bytes of a path (PATH_MAX). */
const MAX_PATH = 4096;

/** Maximum characters of a name, which may have a query and percent-encoding. */
export const MAX_NAME = 64 * 1024;

/** Whether a path is too long for any file. */
export function isTooLong(path: string): boolean {
  return path.length > MAX_PATH || new TextEncoder().encode(path).length > MAX_PATH;
}

/** The path syntax of a system. */
export interface PathRules {
  /** Normalizes a path to the form used here. */
  plain(path: string): string;
  /** The root of an absolute path: "/", "C:/", "//machine/share/"; "" for relative paths. */
  root(path: string): string;
  isSameName(one: string, other: string): boolean;
  /** Whether a file name has a special meaning for the system. */
  isReserved(name: string): boolean;
}

/** Linux and macOS, whose file systems may or may not be case-sensitive. */
export const posixRules: PathRules = {
  plain: (path) => path,
  root: (path) => path.startsWith("/") ? "/" : "",
  isSameName: (one, other) => one === other,
  isReserved: () => false,
};

/** Device names, with any extension; `COM\u00b9` is `COM1`. */
const DEVICE =
  /^(?:con|prn|aux|nul|com[\d\u00b9\u00b2\u00b3]|lpt[\d\u00b9\u00b2\u00b3]|conin\$|conout\$) *(?:\.|$)/i;

/** Windows, whatever its file system. */
export const windowsRules: PathRules = {
  plain: (path) =>
    path.replaceAll("\\", "/").replace(/^\/\/\?\/(?:UNC\/)?/i, (lead) => lead.length > 4 ? "//" : ""),
  root: (path) => /^(?:[a-z]:\/|\/\/[^/]+\/[^/]+(?:\/|$))/i.exec(path)?.[0].replace(/\/?$/, "/") ?? "",
  isSameName: (one, other) => one === other || folded(one) === folded(other),
  // A stream ("a:b"), a drive, a wildcard, a device; and dots or spaces at the end, which the system removes.
  // deno-lint-ignore no-control-regex
  isReserved: (name) => /[\x00-\x1f<>:"|?*]|[. ]$/.test(name) || DEVICE.test(name),
};

/** Compares like Windows file systems: character by character, ignoring case. */
function folded(name: string): string {
  return name.replace(/[^]/gu, (letter) => {
    const large = letter.toUpperCase();
    return large.length === letter.length ? large : letter;
  });
}

const systemRules = isWindows ? windowsRules : posixRules;

/** Path functions by the rules of a system. */
export class Paths {
  readonly #rules: PathRules;

  constructor(rules: PathRules = systemRules) {
    this.#rules = rules;
  }

  /** Converts a path of the system to the form of the other methods. */
  plain(path: string): string {
    return this.#rules.plain(path);
  }

  /** The path in a file: URL: "/C:/a" is "C:/a". */
  ofUrl(path: string): string {
    const bare = path.slice(1);
    return this.isAbsolute(bare) && /^[a-z]:/i.test(bare) ? bare : path;
  }

  /** Whether a path begins at a root. */
  isAbsolute(path: string): boolean {
    return this.#rules.root(path) !== "";
  }

  /** Whether a part of a path has a special meaning, so that it leads to a device or another path. */
  isReserved(path: string): boolean {
    return path.split("/").some((name) => this.#rules.isReserved(name));
  }

  /** Joins parts to a path. */
  join(...parts: string[]): string {
    return this.#normalize(parts.filter((part) => part !== "").join("/")) || ".";
  }

  /** Resolves a path against an absolute folder. */
  resolve(folder: string, path: string): string {
    return this.#normalize(this.isAbsolute(path) ? path : `${folder}/${path}`);
  }

  /** The relative path from one absolute path to another, "" if they are equal; null if they have different roots. */
  relative(from: string, to: string): string | null {
    if (!this.#rules.isSameName(this.#rules.root(from), this.#rules.root(to))) return null;
    const [start, end] = [this.#names(from), this.#names(to)];
    const common = start.findIndex((name, index) => !this.#rules.isSameName(name, end[index] ?? ""));
    const shared = common === -1 ? start.length : common;
    return [...start.slice(shared).map(() => ".."), ...end.slice(shared)].join("/");
  }

  /** Removes `.`, `..` and empty parts where possible. */
  #normalize(path: string): string {
    return this.#rules.root(path) + this.#names(path).join("/");
  }

  #names(path: string): string[] {
    const root = this.#rules.root(path);
    const names: string[] = [];
    for (const name of path.slice(root.length).split("/")) {
      if (name === "" || name === ".") continue;
      if (name === ".." && names.length > 0 && names.at(-1) !== "..") names.pop();
      else if (name !== ".." || root === "") names.push(name);
    }
    return names;
  }
}

/** Paths of this system. */
export const paths: Paths = new Paths();
