/**
 * Which places in a directory a name of a file can mean: text alone, no file is looked at.
 */
import { isTooLong, MAX_NAME, type Paths } from "./paths.ts";

/** A directory, by absolute paths. */
export interface Folder {
  /** As the user spelled it: permissions are given for that. */
  path: string;
  /** Without symbolic links. */
  real: string;
}

/** `subfile,,start,0,end,9,,:name` is FFmpeg's own. */
const SCHEME = /^(?:[a-z][a-z\d+.-]*|subfile,.*):/is;
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
const ENCODED_DOTS = /(?:^|\/)(?:\.?%2e|%2e\.|%2e%2e)(?:\/|$)/i;

/** Names in one directory. */
export class DirectoryNames {
  readonly #paths: Paths;
  readonly #folder: Folder;
  readonly #currentFolder: () => string;

  /** @param currentFolder The working directory, absolute. */
  constructor(paths: Paths, folder: Folder, currentFolder: () => string) {
    this.#paths = paths;
    this.#folder = folder;
    this.#currentFolder = currentFolder;
  }

  /** Where in the folder the URL can mean, relative to it and best first; none where it is refused. */
  placesOf(url: string): string[] {
    if (url.length > MAX_NAME || url.includes("\0") || url.includes("\\") || url.startsWith("//")) return [];
    const places = /^file:\//i.test(url) ? this.#placesOfFileUrl(url) : this.#placesOfName(url);
    return places.filter((place) => !this.#paths.isReserved(place));
  }

  /** The way from a directory to something in it, "" to itself; null where it leads out. */
  below(directory: string, absolute: string): string | null {
    const way = this.#paths.relative(directory, absolute);
    return way === null || /^\.\.(?:\/|$)/.test(way) ? null : way;
  }

  #placesOfName(url: string): string[] {
    if (SCHEME.test(url) && !this.#paths.isAbsolute(url)) return []; // "C:/" is one of neither
    const withoutQuery = this.#resolveIn(url.replace(/\?.*/s, ""));
    if (withoutQuery.some((place) => ENCODED_SEPARATOR.test(place) || ENCODED_DOTS.test(place))) return [];
    return [...this.#resolveIn(url), ...withoutQuery, ...withoutQuery.flatMap(decoded)];
  }

  #placesOfFileUrl(url: string): string[] {
    const parsed = URL.parse(url);
    if (!parsed || parsed.host !== "" || ENCODED_SEPARATOR.test(parsed.pathname)) return [];
    return decoded(parsed.pathname).flatMap((path) => this.#resolveIn(this.#paths.ofUrl(path)));
  }

  /** The places of a path. From a working directory in the folder, every name would lead into it and say nothing. */
  #resolveIn(path: string): string[] {
    if (this.#paths.isAbsolute(path)) return this.#placesBelow(path);
    if (path.startsWith("/")) return []; // on Windows: of whatever drive
    const here = this.#currentFolder();
    const fromHere = this.#isIn(here) ? [] : this.#placesBelow(this.#paths.resolve(here, path));
    return [...fromHere, ...this.#placesBelow(this.#paths.resolve(this.#folder.path, path))];
  }

  /**
   * The place of an absolute path, which may be spelled like the folder or really; none outside, or of the folder, or where
   * no system has files.
   */
  #placesBelow(absolute: string): string[] {
    const place = this.below(this.#folder.path, absolute) ?? this.below(this.#folder.real, absolute);
    return place && !isTooLong(place) ? [place] : [];
  }

  #isIn(absolute: string): boolean {
    return this.below(this.#folder.path, absolute) !== null ||
      this.below(this.#folder.real, absolute) !== null;
  }
}

/** None where it is not percent-encoded rightly. */
function decoded(path: string): string[] {
  try {
    return [decodeURIComponent(path)];
  } catch {
    return [];
  }
}
