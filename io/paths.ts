/**
 * Paths as text: no file system is asked. `node:path` would do for most of it, but loading it takes 9 ms of every start.
 *
 * Those of Windows are written with slashes here, as its functions take them, and are compared without regard to case.
 */
import { isWindows } from "../ffi/library_paths.ts";

/** Bytes of a path (PATH_MAX). */
const MAX_PATH = 4096;

/** Characters of a name that are looked at: it may have a query, and letters that are encoded. */
export const MAX_NAME = 64 * 1024;

/** Whether no file can have the path. */
export function isTooLong(path: string): boolean {
  return path.length > MAX_PATH || new TextEncoder().encode(path).length > MAX_PATH;
}

/** How a system spells paths. */
export interface PathRules {
  /** A path as it is compared and put together here. */
  plain(path: string): string;
  /** What is before the names of an absolute path: "/", "C:/", "//machine/share/"; "" of others. */
  root(path: string): string;
  isSameName(one: string, other: string): boolean;
  /** Whether the system has a meaning of its own for a name of a file. */
  isReserved(name: string): boolean;
}

/** Linux and macOS, whose file systems may or may not regard case. */
export const posixRules: PathRules = {
  plain: (path) => path,
  root: (path) => path.startsWith("/") ? "/" : "",
  isSameName: (one, other) => one === other,
  isReserved: () => false,
};

/** Names of devices, with any extension; `COM\u00b9` is `COM1`. */
const DEVICE =
  /^(?:con|prn|aux|nul|com[\d\u00b9\u00b2\u00b3]|lpt[\d\u00b9\u00b2\u00b3]|conin\$|conout\$) *(?:\.|$)/i;

/** Windows, whatever its file system. */
export const windowsRules: PathRules = {
  plain: (path) =>
    path.replaceAll("\\", "/").replace(/^\/\/\?\/(?:UNC\/)?/i, (lead) => lead.length > 4 ? "//" : ""),
  root: (path) => /^(?:[a-z]:\/|\/\/[^/]+\/[^/]+(?:\/|$))/i.exec(path)?.[0].replace(/\/?$/, "/") ?? "",
  isSameName: (one, other) => one === other || folded(one) === folded(other),
  // A stream ("a:b"), a drive, a wildcard, a device; and dots or blanks at the end, which the system leaves out.
  // deno-lint-ignore no-control-regex
  isReserved: (name) => /[\x00-\x1f<>:"|?*]|[. ]$/.test(name) || DEVICE.test(name),
};

/** As file systems of Windows compare: letter by letter. */
function folded(name: string): string {
  return name.replace(/[^]/gu, (letter) => {
    const large = letter.toUpperCase();
    return large.length === letter.length ? large : letter;
  });
}

const systemRules = isWindows ? windowsRules : posixRules;

/** Paths by the rules of a system. */
export class Paths {
  readonly #rules: PathRules;

  constructor(rules: PathRules = systemRules) {
    this.#rules = rules;
  }

  /** A path of the system's as the others take it. */
  plain(path: string): string {
    return this.#rules.plain(path);
  }

  /** The path in a file: URL: "/C:/a" is "C:/a". */
  ofUrl(path: string): string {
    const bare = path.slice(1);
    return this.isAbsolute(bare) && /^[a-z]:/i.test(bare) ? bare : path;
  }

  /** Whether it begins at a root. */
  isAbsolute(path: string): boolean {
    return this.#rules.root(path) !== "";
  }

  /** Whether a path would lead elsewhere than its names say: to a device, or to another path. */
  isReserved(path: string): boolean {
    return path.split("/").some((name) => this.#rules.isReserved(name));
  }

  /** The parts as one path. */
  join(...parts: string[]): string {
    return this.#normalize(parts.filter((part) => part !== "").join("/")) || ".";
  }

  /** Where a path leads from an absolute folder. */
  resolve(folder: string, path: string): string {
    return this.#normalize(this.isAbsolute(path) ? path : `${folder}/${path}`);
  }

  /** The way from one absolute path to another, "" where they are the same; null where they have different roots. */
  relative(from: string, to: string): string | null {
    if (!this.#rules.isSameName(this.#rules.root(from), this.#rules.root(to))) return null;
    const [start, end] = [this.#names(from), this.#names(to)];
    const common = start.findIndex((name, index) => !this.#rules.isSameName(name, end[index] ?? ""));
    const shared = common === -1 ? start.length : common;
    return [...start.slice(shared).map(() => ".."), ...end.slice(shared)].join("/");
  }

  /** Without `.`, `..` and empty parts, as far as that can be. */
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

/** Of this system. */
export const paths: Paths = new Paths();
