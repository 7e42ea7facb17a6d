/**
 * withinDirectory: an `onopen` for the files under one directory.
 */
import { type Operation, step } from "../ffi/operation.ts";
import { checkBoolean, checkNames, checkObject, checkString, optional } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { files } from "./files.ts";
import type { OpenCallback } from "./open_callback.ts";
import { opener } from "./opener.ts";
import { isAbsolute, isTooLong, join, MAX_NAME, relative, resolve } from "./paths.ts";

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
 * bytes. A file that does not
 * exist is not refused, opening it then fails with `Deno.errors.NotFound`.
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
  const folder = folderAt(directory);
  return opener(function* ({ url, mode }) {
    const places = placesOf(folder, url);
    if (mode === "read") return yield* pathToRead(folder, places);
    const place = write ? places[0] : undefined;
    return place === undefined ? null : (yield* lookUp(folder, place))?.path ?? null;
  });
}

interface Folder {
  /** Absolute, and as the user spelled it: permissions are given for that. */
  path: string;
  /** Without symbolic links. */
  real: string;
}

/** A place in the folder; of what does not exist, where it would be. */
interface Found {
  path: string;
  exists: boolean;
}

function folderAt(directory: string | URL): Folder {
  const place = directory instanceof URL ? directory : checkString(directory, "directory");
  const path = resolve(files.currentFolder(), pathOf(place, "directory"));
  const real = files.realPathSync(path);
  if (files.statSync(path).isDirectory) return { path, real };
  throw files.error("NotADirectory", `directory: ${path} is not a directory`);
}

/** `subfile,,start,0,end,9,,:name` is FFmpeg's own. */
const SCHEME = /^(?:[a-z][a-z\d+.-]*|subfile,.*):/is;
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
const ENCODED_DOTS = /(?:^|\/)(?:\.?%2e|%2e\.|%2e%2e)(?:\/|$)/i;

/** Where in the folder the URL can mean, relative to it and best first; none where it is refused. */
function placesOf(folder: Folder, url: string): string[] {
  if (url.length > MAX_NAME || url.includes("\0") || url.includes("\\") || url.startsWith("//")) return [];
  if (/^file:\//i.test(url)) return placesOfFileUrl(folder, url);
  if (SCHEME.test(url)) return [];
  const withoutQuery = resolveIn(folder, url.replace(/\?.*/s, ""));
  if (withoutQuery.some((place) => ENCODED_SEPARATOR.test(place) || ENCODED_DOTS.test(place))) return [];
  return [...resolveIn(folder, url), ...withoutQuery, ...withoutQuery.flatMap(decoded)];
}

function placesOfFileUrl(folder: Folder, url: string): string[] {
  const parsed = URL.parse(url);
  if (!parsed || parsed.host !== "" || ENCODED_SEPARATOR.test(parsed.pathname)) return [];
  return decoded(parsed.pathname).flatMap((path) => resolveIn(folder, path));
}

/** None where it is not percent-encoded rightly. */
function decoded(path: string): string[] {
  try {
    return [decodeURIComponent(path)];
  } catch {
    return [];
  }
}

/** The places of a path. From a working directory in the folder, every name would lead into it and say nothing. */
function resolveIn(folder: Folder, path: string): string[] {
  if (isAbsolute(path)) return placesBelow(folder, path);
  const here = files.currentFolder();
  const fromHere = isIn(folder, here) ? [] : placesBelow(folder, resolve(here, path));
  return [...fromHere, ...placesBelow(folder, resolve(folder.path, path))];
}

/**
 * The place of an absolute path, which may be spelled like the folder or really; none outside, or of the folder, or where no
 * system has files.
 */
function placesBelow({ path, real }: Folder, absolute: string): string[] {
  const place = below(path, absolute) ?? below(real, absolute);
  return place && !isTooLong(place) ? [place] : [];
}

function isIn({ path, real }: Folder, absolute: string): boolean {
  return below(path, absolute) !== null || below(real, absolute) !== null;
}

/** The way from a directory to something in it, "" to itself; null where it leads out. */
function below(directory: string, absolute: string): string | null {
  const way = relative(directory, absolute);
  return /^\.\.(?:\/|$)/.test(way) ? null : way;
}

/** The first that exists. If none does the user gets the error of opening what was asked for. */
function* pathToRead(folder: Folder, places: string[]): Operation<string | null> {
  let missing: string | null = null;
  for (const place of places) {
    const found = yield* lookUp(folder, place);
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
function* lookUp(folder: Folder, place: string): Operation<Found | null> {
  const whole = yield* realPath(join(folder.path, place));
  if (whole !== null) return placeAt(folder, whole, []);
  const parts = place.split("/");
  let path = folder.path;
  let real = folder.real;
  for (const [index, part] of parts.entries()) {
    path = join(path, part);
    const next = yield* realPath(path);
    if (next !== null) real = next;
    // A link to nothing: creating the file would create it where the link points.
    else if (yield* unlessMissing(() => files.lstatSync(path), () => files.lstat(path))) return null;
    else return placeAt(folder, real, parts.slice(index));
  }
  return placeAt(folder, real, []); // it came meanwhile
}

function realPath(path: string): Operation<string | null> {
  return unlessMissing(() => files.realPathSync(path), () => files.realPath(path));
}

function placeAt(folder: Folder, real: string, missing: string[]): Found | null {
  const way = below(folder.real, real);
  if (way === null) return null;
  const path = join(folder.path, way, missing.join("/"));
  return path === folder.path ? null : { path, exists: missing.length === 0 };
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
