/**
 * Openers: ready-made `onopen` functions, for files under one directory, URLs of one origin, and names in a Map. They
 * decide without waiting, so both APIs can use them, and open nothing: their answers are opened as any other Source
 * or Sink, by source.ts and sink.ts.
 */
import { isAbsolute, join, relative, resolve } from "./paths.ts";
import { argumentError } from "../ffi/errors.ts";
import { checkBoolean, checkNames, checkObject, checkString, optional, typeName } from "./arguments.ts";
import { pathOf } from "./file.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";

// ------------------------------------------------------------------------------------------- withinDirectory

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
 * itself, other schemes than file:, hosts, backslashes, and percent-encoded slashes and `..`. A file that does not
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
 * @returns An opener that answers absolute paths.
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
  return ({ url, mode }) => {
    const places = placesOf(folder, url);
    if (mode === "read") return pathToRead(folder, places);
    const place = write ? places[0] : undefined;
    return place === undefined ? null : lookUp(folder, place)?.path ?? null;
  };
}

interface Folder {
  /** Absolute, and as the user spelled it: permissions are given for that. */
  path: string;
  /** Without symbolic links. */
  real: string;
}

function folderAt(directory: string | URL): Folder {
  const place = directory instanceof URL ? directory : checkString(directory, "directory");
  const path = resolve(Deno.cwd(), pathOf(place, "directory"));
  const real = Deno.realPathSync(path);
  if (Deno.statSync(path).isDirectory) return { path, real };
  throw new Deno.errors.NotADirectory(`directory: ${path} is not a directory`);
}

/** `subfile,,start,0,end,9,,:name` is FFmpeg's own. */
const SCHEME = /^(?:[a-z][a-z\d+.-]*|subfile,.*):/is;
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
const ENCODED_DOTS = /(?:^|\/)(?:\.?%2e|%2e\.|%2e%2e)(?:\/|$)/i;

/** Where in the folder the URL can mean, relative to it and best first; none where it is refused. */
function placesOf(folder: Folder, url: string): string[] {
  if (url.includes("\0") || url.includes("\\") || url.startsWith("//")) return [];
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
  const here = Deno.cwd();
  const fromHere = isIn(folder, here) ? [] : placesBelow(folder, resolve(here, path));
  return [...fromHere, ...placesBelow(folder, resolve(folder.path, path))];
}

/** The place of an absolute path, which may be spelled like the folder or really; none outside, or of the folder. */
function placesBelow({ path, real }: Folder, absolute: string): string[] {
  const place = below(path, absolute) ?? below(real, absolute);
  return place ? [place] : [];
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
function pathToRead(folder: Folder, places: string[]): string | null {
  let missing: string | null = null;
  for (const place of places) {
    const found = lookUp(folder, place);
    if (!found) return null;
    if (found.exists) return found.path;
    missing ??= found.path;
  }
  return missing;
}

/**
 * The path that a place really has: opening it follows no symbolic link below the folder. Of what does not exist it
 * is the parents that are checked, up to one that does; null where they lead out.
 */
function lookUp(folder: Folder, place: string): { path: string; exists: boolean } | null {
  const parts = place.split("/");
  for (let known = parts.length; known > 0; known--) {
    const path = join(folder.path, ...parts.slice(0, known));
    const real = unlessMissing(() => Deno.realPathSync(path));
    if (real !== null) return placeAt(folder, real, parts.slice(known));
    // A link to nothing: creating the file would create it where the link points.
    if (unlessMissing(() => Deno.lstatSync(path))) return null;
  }
  return { path: join(folder.path, place), exists: false };
}

function placeAt(folder: Folder, real: string, missing: string[]): ReturnType<typeof lookUp> {
  const way = below(folder.real, real);
  if (way === null) return null;
  const path = join(folder.path, way, ...missing);
  return path === folder.path ? null : { path, exists: missing.length === 0 };
}

/** Null where there is nothing by that name, or can't be: too long, a circle of links. */
function unlessMissing<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) throw error;
    return null;
  }
}

// ------------------------------------------------------------------------------------------- withinOrigin

/** What `withinOrigin` allows. */
export interface WithinOriginOptions {
  /** Only what is below this path: "/media/" or "/media" allow "/media/a.ts". @default {"/"} */
  path?: string;
}

/**
 * Allows reading from one http(s) origin: same scheme, host and port, and below `path` where that is given. Relative
 * names resolve against the origin and path. Refused are other origins and schemes, user names and passwords,
 * everything that is to be written, and, where there is a path, encoded slashes, which servers read differently.
 *
 * It is asked for URLs, not for where they redirect to: `fetch` follows redirects under the caller's permissions. It
 * reads http only in the async API.
 *
 * ```ts
 * import { withinOrigin } from "@avio/avio";
 *
 * const onopen = withinOrigin("https://example.com", { path: "/media/" });
 * console.log(onopen({ url: "seg0.ts", mode: "read" })); // https://example.com/media/seg0.ts
 * console.log(onopen({ url: "http://127.0.0.1/", mode: "read" })); // null
 * ```
 *
 * @param origin Scheme, host and port: "https://example.com".
 * @param options The path to stay below.
 * @returns An opener that answers absolute URLs.
 * @throws {TypeError} An argument is wrong.
 */
export function withinOrigin(origin: string | URL, options: WithinOriginOptions = {}): OpenCallback {
  const base = originOf(origin);
  const path = optional(
    checkString,
    checkNames(checkObject(options, "options"), { path: true }).path,
    "path",
  );
  if (path !== undefined) setPrefix(base, path);
  return ({ url, mode }) => {
    if (mode !== "read" || url === "" || url.includes("\0")) return null;
    const target = URL.parse(url, base);
    if (!target || !isSameOrigin(target, base)) return null;
    return path === undefined || isBelow(target.pathname, base.pathname) ? target.href : null;
  };
}

function originOf(origin: string | URL): URL {
  const text = origin instanceof URL ? origin.href : checkString(origin, "origin");
  const parsed = URL.parse(text);
  // A path that were ignored would allow more than it says.
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`) return parsed;
  throw argumentError(TypeError, "origin", `must be like "https://example.com", is ${JSON.stringify(text)}`);
}

/** Slashes and dots that a server may decode once more than URL does. */
const ENCODED_PATH = /%(?:25)*(?:2f|5c)|%(?:25)+2e/i;

function setPrefix(base: URL, path: string): void {
  base.pathname = path;
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  if (ENCODED_PATH.test(base.pathname)) {
    throw argumentError(TypeError, "path", `has encoded slashes or dots, is ${path}`);
  }
}

/** By protocol too: "blob:https://example.com/" has the origin of what follows. */
function isSameOrigin(target: URL, base: URL): boolean {
  const { protocol, origin, username, password } = target;
  return protocol === base.protocol && origin === base.origin && username === "" && password === "";
}

function isBelow(pathname: string, prefix: string): boolean {
  return pathname.startsWith(prefix) && !ENCODED_PATH.test(pathname);
}

// ------------------------------------------------------------------------------------------- fromMap

/** A file in the Map of `fromMap`. A Blob is read only in the async API. */
export type MapFile = Uint8Array | ArrayBuffer | Blob | MemorySink;

/**
 * Allows the names in a Map, and nothing else: what is read is taken from it, what is written becomes a new
 * MemorySink in it, in place of what had the name. So the files that an HLS muxer writes are the Map. Names are
 * equal when they are the same but for a leading "./"; a MemorySink that has been written can be read.
 *
 * ```ts
 * import { fromMap, type MapFile, MemorySink, remuxSync } from "@avio/avio";
 *
 * const files = new Map<string, MapFile>();
 * const playlist = new MemorySink();
 * remuxSync("fixtures/video.mp4", playlist, { format: "hls", url: "index.m3u8", onopen: fromMap(files) });
 * console.log([...files.keys()]); // [ "index0.ts" ]
 * ```
 *
 * @param files The files by name; asked and changed at each open.
 * @returns An opener that answers bytes, Blobs and new MemorySinks. It throws an Error where a MemorySink can't be
 * read because it is being written, and a TypeError where the Map has something else.
 * @throws {TypeError} `files` is not a Map.
 */
export function fromMap(files: Map<string, MapFile>): OpenCallback {
  if (!(files instanceof Map)) {
    throw argumentError(TypeError, "files", `must be a Map, is ${typeName(files)}`);
  }
  return ({ url, mode }) => {
    const name = files.has(url) ? url : [...files.keys()].find((key) => bare(key) === bare(url));
    if (mode === "read") return name === undefined ? null : contentOf(files.get(name)!, name);
    return addSink(files, name ?? bare(url));
  };
}

function bare(name: string): string {
  return name.replace(/^(?:\.\/)+/, "");
}

function addSink(files: Map<string, MapFile>, name: string): MemorySink | null {
  if (name === "") return null;
  const sink = new MemorySink();
  files.set(name, sink);
  return sink;
}

function contentOf(file: MapFile, name: string): Uint8Array | ArrayBuffer | Blob {
  if (file instanceof MemorySink) return bytesOf(file, name);
  if (file instanceof Uint8Array || file instanceof ArrayBuffer || file instanceof Blob) return file;
  throw argumentError(
    TypeError,
    "files",
    `${name} must be a Uint8Array, ArrayBuffer, Blob or MemorySink, is ${typeName(file)}`,
  );
}

/** What the sink throws does not say which file it is about. */
function bytesOf(sink: MemorySink, name: string): Uint8Array {
  try {
    return sink.bytes();
  } catch (error) {
    throw new Error(`Cannot read ${name} while it is written: ${(error as Error).message}`, { cause: error });
  }
}
