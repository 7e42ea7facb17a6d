/**
 * withinDirectory: an `onopen` for the files under one directory.
 */
import { type Operation, step } from "../ffi/operation.ts";
import { checkBoolean, checkString, optional, readFields } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { DirectoryNames, type Folder } from "./directory_names.ts";
import { files } from "./files.ts";
import type { OpenCallback } from "./open_callback.ts";
import { opener } from "./opener.ts";
import { paths } from "./paths.ts";

/** Options of {@linkcode withinDirectory}. */
export interface WithinDirectoryOptions {
  /** Whether files may also be created and overwritten. @default {false} */
  write?: boolean;
}

/**
 * Allows the files under one directory and its subdirectories. Names are relative to the directory, absolute paths or
 * file: URLs. A name relative to the working directory also works if that is outside of the directory and the name
 * leads into it ("media/seg0.ts", which is what "seg0.ts" becomes in a playlist opened as "media/index.m3u8"). For
 * reading, a name is tried unchanged, then without the part from "?" on, then also percent-decoded; for writing it is
 * used unchanged.
 *
 * Refused are all paths outside, also through `..` or a symbolic link, dangling links, the directory itself, other
 * schemes than file:, hosts, backslashes, percent-encoded slashes and `..`, and paths of more than 4,096 bytes. On
 * Windows also names with a special meaning: devices (`NUL`, `con.txt`), streams (`a:b`), wildcards, dots and spaces at
 * the end of a name, paths without a drive that begin with a slash; names are case-insensitive there. A file that does
 * not exist is not refused; opening it fails with `Deno.errors.NotFound`.
 *
 * The directory needs read permission, for writing also write permission. Links are checked before avio opens the file,
 * so this doesn't protect from someone who can change the directory meanwhile. Hard links are treated as ordinary
 * files.
 *
 * ```ts
 * import { Demuxer, withinDirectory } from "@avio/avio";
 *
 * const playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nvideo.ts\n#EXT-X-ENDLIST\n";
 * using demuxer = Demuxer.openSync(new TextEncoder().encode(playlist), {
 *   format: "hls",
 *   onopen: withinDirectory("fixtures"),
 * });
 * ```
 *
 * @param directory Path or file: URL of an existing directory, or of a symbolic link to one.
 * @param options Whether files may be written.
 * @returns An opener that returns absolute paths, or promises for them if that is allowed (`canWait`).
 * @throws {TypeError} An argument is wrong.
 * @throws {Deno.errors.NotFound} The directory does not exist.
 * @throws {Deno.errors.NotADirectory} It isn't a directory.
 * @throws {Deno.errors.NotCapable} There is no permission to read it. The opener throws this, too, for files without
 * permission.
 */
export function withinDirectory(
  directory: string | URL,
  options: WithinDirectoryOptions = {},
): OpenCallback {
  const write = optional(
    checkBoolean,
    readFields(options, { write: true }).write,
    "write",
  );
  const look = new Lookup(folderAt(directory));
  return opener(function* ({ url, mode }) {
    const places = look.names.placesOf(url);
    if (mode === "read") return yield* look.pathToRead(places);
    const place = write ? places[0] : undefined;
    return place === undefined ? null : (yield* look.up(place))?.path ?? null;
  });
}

/** A path in the folder, of an existing file or one to be created. */
interface Found {
  path: string;
  exists: boolean;
}

function folderAt(directory: string | URL): Folder {
  const place = directory instanceof URL ? directory : checkString(directory, "directory");
  const path = paths.resolve(currentFolder(), paths.plain(pathOf(place, "directory")));
  const real = paths.plain(files.realPathSync(path));
  if (files.statSync(path).isDirectory) return { path, real };
  throw files.error("NotADirectory", `directory: ${path} is not a directory`);
}

function currentFolder(): string {
  return paths.plain(files.currentFolder());
}

/** Finds files in the folder. */
class Lookup {
  readonly names: DirectoryNames;
  readonly #folder: Folder;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.names = new DirectoryNames(paths, folder, currentFolder);
  }

  /** The first path that exists. If none does, the first, so that opening it reports the error. */
  *pathToRead(places: string[]): Operation<string | null> {
    let missing: string | null = null;
    for (const place of places) {
      const found = yield* this.up(place);
      if (!found) return null;
      if (found.exists) return found.path;
      missing ??= found.path;
    }
    return missing;
  }

  /**
   * The real path of a place, without symbolic links below the folder. For a file that does not exist its existing
   * parents are checked; null if the path leads out.
   */
  *up(place: string): Operation<Found | null> {
    const whole = yield* realPath(paths.join(this.#folder.path, place));
    if (whole !== null) return this.#placeAt(whole, []);
    const parts = place.split("/");
    let path = this.#folder.path;
    let real = this.#folder.real;
    for (const [index, part] of parts.entries()) {
      path = paths.join(path, part);
      const next = yield* realPath(path);
      if (next !== null) real = next;
      // A dangling link: creating the file would create the link's target.
      else if (yield* unlessMissing(() => files.lstatSync(path), () => files.lstat(path))) return null;
      else return this.#placeAt(real, parts.slice(index));
    }
    return this.#placeAt(real, []); // it was created meanwhile
  }

  #placeAt(real: string, missing: string[]): Found | null {
    const way = this.names.below(this.#folder.real, real);
    if (way === null) return null;
    const path = paths.join(this.#folder.path, way, missing.join("/"));
    return path === this.#folder.path ? null : { path, exists: missing.length === 0 };
  }
}

function* realPath(path: string): Operation<string | null> {
  const real = yield* unlessMissing(() => files.realPathSync(path), () => files.realPath(path));
  return real === null ? null : paths.plain(real);
}

/** Null if there is no such file, or can't be one: name too long, circular links. */
function* unlessMissing<T>(look: () => T, lookAsync: () => Promise<T>): Operation<T | null> {
  try {
    return yield* step<T>(look, lookAsync);
  } catch (error) {
    if (files.is(error, "NotCapable") || files.is(error, "PermissionDenied")) throw error;
    return null;
  }
}
