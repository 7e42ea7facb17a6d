/**
 * withinDirectory: an `onopen` for the files under one directory.
 */
import { type Operation, step } from "../ffi/operation.ts";
import { checkBoolean, checkNames, checkObject, checkString, optional } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { DirectoryNames, type Folder } from "./directory_names.ts";
import { files } from "./files.ts";
import type { OpenCallback } from "./open_callback.ts";
import { opener } from "./opener.ts";
import { paths } from "./paths.ts";

/** What `withinDirectory` allows. */
export interface WithinDirectoryOptions {
  /** Files may be created and overwritten too. @default {false} */
  write?: boolean;
}

/**
 * Allows the files under one directory, and in those below it. Names are relative to the directory, absolute paths
 * or file: URLs; a relative name that leads from the working directory, outside, into the directory is taken so
 * ("media/seg0.ts", which is what "seg0.ts" becomes in a playlist opened as "media/index.m3u8"). To be read, a name
 * is tried as it is, then without what follows "?", then percent-decoded too; to be written it is taken as it is.
 *
 * Refused are all places outside, also through `..` or a symbolic link, links that lead nowhere, the directory
 * itself, other schemes than file:, hosts, backslashes, percent-encoded slashes and `..`, and paths of more than 4,096
 * bytes. On Windows also names that the system has a meaning for: devices (`NUL`, `con.txt`), streams (`a:b`), wildcards,
 * dots and blanks at the end of a name, paths without a drive that begin with a slash; letters are equal there whatever
 * their case. A file that does not exist is not refused, opening it then fails with `Deno.errors.NotFound`.
 *
 * The directory needs read permission, for writing also write permission. Links are checked before avio opens the
 * file, so this is no protection from somebody who can change the directory meanwhile; and a hard link is a file
 * like any other.
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
 * @param directory Path or file: URL of a directory that exists; it may be a symbolic link to one.
 * @param options Whether files may be written.
 * @returns An opener that returns absolute paths, or promises of them where it may (`canWait`).
 * @throws {TypeError} An argument is wrong.
 * @throws {Deno.errors.NotFound} There is no such directory.
 * @throws {Deno.errors.NotADirectory} It is something else.
 * @throws {Deno.errors.NotCapable} It may not be read. The opener throws this too, where permission ends.
 */
export function withinDirectory(
  directory: string | URL,
  options: WithinDirectoryOptions = {},
): OpenCallback {
  const write = optional(
    checkBoolean,
    checkNames(checkObject(options, "options"), { write: true }).write,
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

/** A place in the folder; of what does not exist, where it would be. */
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

/** What is at places in the folder. */
class Lookup {
  readonly names: DirectoryNames;
  readonly #folder: Folder;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.names = new DirectoryNames(paths, folder, currentFolder);
  }

  /** The first that exists. If none does the user gets the error of opening what was asked for. */
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
   * The path that a place really has: opening it follows no symbolic link below the folder. Of what does not exist it
   * is the parents that are checked, down to the first that doesn't; null where they lead out.
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
      // A link to nothing: creating the file would create it where the link points.
      else if (yield* unlessMissing(() => files.lstatSync(path), () => files.lstat(path))) return null;
      else return this.#placeAt(real, parts.slice(index));
    }
    return this.#placeAt(real, []); // it came meanwhile
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

/** Null where there is nothing by that name, or can't be: too long, a circle of links. */
function* unlessMissing<T>(look: () => T, lookAsync: () => Promise<T>): Operation<T | null> {
  try {
    return yield* step<T>(look, lookAsync);
  } catch (error) {
    if (files.is(error, "NotCapable") || files.is(error, "PermissionDenied")) throw error;
    return null;
  }
}
