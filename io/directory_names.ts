/**
 * Which paths in a directory a file name can mean. This only processes text and accesses no files.
 */
import { isTooLong, MAX_NAME, type Paths } from "./paths.ts";

/** A directory, as absolute paths. */
export interface Folder {
  /** As the user spelled it, which permissions apply to. */
  path: string;
  /** Without symbolic links. */
  real: string;
}

/** A scheme; also with commas, as in FFmpeg's `subfile,,start,0,end,9,,:name`. */
const SCHEME = /^(?:[a-z][a-z\d+.-]*|subfile,.*):/is;
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
const ENCODED_DOTS = /(?:^|\/)(?:\.?%2e|%2e\.|%2e%2e)(?:\/|$)/i;

/** Resolves names in one directory. */
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

  /** The paths that the URL can mean, relative to the folder and best first; empty if it is refused. */
  placesOf(url: string): string[] {
    if (url.length > MAX_NAME || url.includes("\0") || url.includes("\\") || url.startsWith("//")) return [];
    const places = /^file:\//i.test(url) ? this.#placesOfFileUrl(url) : this.#placesOfName(url);
    return places.filter((place) => !this.#paths.isReserved(place));
  }

  /** The path from a directory to something in it, "" for itself; null if it leads out. */
  below(directory: string, absolute: string): string | null {
    const way = this.#paths.relative(directory, absolute);
    return way === null || /^\.\.(?:\/|$)/.test(way) ? null : way;
  }

  #placesOfName(url: string): string[] {
    if (SCHEME.test(url) && !this.#paths.isAbsolute(url)) return []; // "C:/" isn't a scheme
    const withoutQuery = this.#resolveIn(url.replace(/\?.*/s, ""));
    if (withoutQuery.some((place) => ENCODED_SEPARATOR.test(place) || ENCODED_DOTS.test(place))) return [];
    return [...this.#resolveIn(url), ...withoutQuery, ...withoutQuery.flatMap(decoded)];
  }

  #placesOfFileUrl(url: string): string[] {
    const parsed = URL.parse(url);
    if (!parsed || parsed.host !== "" || ENCODED_SEPARATOR.test(parsed.pathname)) return [];
    return decoded(parsed.pathname).flatMap((path) => this.#resolveIn(this.#paths.ofUrl(path)));
  }

  /**
   * The places of a path. If the working directory is in the folder, paths are not resolved against it: all would lead
   * inside.
   */
  #resolveIn(path: string): string[] {
    if (this.#paths.isAbsolute(path)) return this.#placesBelow(path);
    if (path.startsWith("/")) return []; // on Windows: of an unknown drive
    const here = this.#currentFolder();
    const fromHere = this.#isIn(here) ? [] : this.#placesBelow(this.#paths.resolve(here, path));
    return [...fromHere, ...this.#placesBelow(this.#paths.resolve(this.#folder.path, path))];
  }

  /**
   * The place of an absolute path, which may begin with the folder as it was spelled or with its real path; none for
   * paths outside, the folder itself, or names that no system allows.
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

/** None if the percent-encoding is invalid. */
function decoded(path: string): string[] {
  try {
    return [decodeURIComponent(path)];
  } catch {
    return [];
  }
}
