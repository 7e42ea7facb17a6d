/**
 * Loads the shared library, and exchanges text with it. The library is loaded on first use and never closed.
 * `library_paths.ts` lists where to look for it, `symbols.ts` its symbols.
 */
import { byteLengthOf, newBytes, partOf } from "./byte_views.ts";
import { argumentError } from "./argument_error.ts";
import type { Library } from "./binding.ts";
import { fileFault, HEAD_BYTES } from "./file_format.ts";
import {
  cacheFolder,
  environment,
  filePath,
  installCommand,
  isWholePath,
  places,
  PLATFORM,
  PLATFORMS,
} from "./library_paths.ts";
import { isDeno, runtime } from "./runtime.ts";
import { ABI_VERSION } from "./symbols.ts";

/** The shared library was not found, or the found file is not a matching library. */
export class LibraryNotFoundError extends Error {
  /** Each place that was tried, with what was wrong there. */
  readonly tried: readonly string[];

  /** Called by avio only. */
  constructor(tried: readonly string[]) {
    super(
      `Cannot load avio's shared library. Tried:\n${tried.map((place) => `  ${place}\n`).join("")}` +
        `This command installs one:
  ${installCommand()}\n` +
        `Or name one with loadLibrary(path) or AVIO_SHIM_PATH${isDeno ? " (with --allow-env)" : ""}.`,
    );
    this.name = "LibraryNotFoundError";
    this.tried = tried;
  }
}

let loaded: Library | undefined;
let loadedFrom = "";

/** Path of the library; loads it if necessary. */
export function libraryPath(): string {
  library();
  return loadedFrom;
}

/** The library; loads it if necessary. */
export function library(): Library {
  return loaded ??= find();
}

let ownClient = 0;

/**
 * The number that the library knows this copy of the modules by: a program may have others on this thread, which use the
 * same library and get neither its requests nor its events.
 */
export function client(): number {
  ownClient ||= library().newClient();
  if (ownClient === 0) throw new Error("Out of memory");
  return ownClient;
}

/**
 * Loads the shared library. Call it before anything else of avio, and only if the library is not in one of the usual
 * places.
 *
 * Without a path, and on first use of avio, the library is searched in this order: the path in the environment variable
 * `AVIO_SHIM_PATH`, beside the module, in the user's cache folder. A loaded library is never unloaded.
 *
 * @param path Path or file: URL of the library.
 * @throws {LibraryNotFoundError} There is no file, or it is not a matching library.
 * @throws {Error} A library has already been loaded.
 * @throws {Deno.errors.NotCapable} There is no permission for FFI.
 */
export function loadLibrary(path?: string | URL): void {
  if (path === undefined) {
    library();
    return;
  }
  if (loaded) throw new Error("Cannot load another library: one is loaded already");
  const place = asPath(path);
  loaded = open(place, [place]);
}

function asPath(path: string | URL): string {
  const text = String(path);
  if (text.startsWith("file:")) return filePath(new URL(text));
  if (path instanceof URL) {
    throw argumentError(TypeError, "path", `must be a path or a file: URL, is ${text}`);
  }
  if (text === "" || text.includes("\0")) {
    throw argumentError(TypeError, "path", `must be a path, is ${JSON.stringify(text)}`);
  }
  // The system would search a bare name in places set by the environment.
  return isWholePath(text) ? text : `${runtime.currentFolder()}/${text}`;
}

function find(): Library {
  const named = environment("AVIO_SHIM_PATH");
  if (named) return open(asPath(named), [named]);
  const tried: string[] = [];
  // With --allow-ffi=PATH, use the permitted library, wherever it is in the order.
  const all = [...places()];
  const mayLoad = (place: string) => runtime.mayLoad(place);
  for (const place of [...all.filter(mayLoad), ...all.filter((place) => !mayLoad(place))]) {
    try {
      return open(place, tried);
    } catch (error) {
      if (!(error instanceof LibraryNotFoundError)) throw error;
      tried.push(...error.tried.slice(tried.length));
    }
  }
  throw new LibraryNotFoundError([...tried, ...notLookedAt()]);
}

function notLookedAt(): string[] {
  if (!PLATFORMS.includes(PLATFORM)) {
    return [`${PLATFORM}: avio has no library for it, only for ${PLATFORMS.join(", ")}`];
  }
  return cacheFolder() ? [] : ["the user's cache folder: not known without --allow-env=HOME,XDG_CACHE_HOME"];
}

/** Loads the library at `place`; errors list the places in `tried` before it. */
function open(place: string, tried: readonly string[]): Library {
  if (runtime.fault !== null) throw new Error(runtime.fault);
  const bound = load(place);
  if (typeof bound === "string") {
    throw new LibraryNotFoundError([...tried.filter((other) => other !== place), `${place}: ${bound}`]);
  }
  loadedFrom = place;
  return bound;
}

/**
 * Loads a library; returns it, or what is wrong with it. If the file may be read, it is checked first: a truncated
 * library would crash the process.
 */
function load(place: string): Library | string {
  const read = runtime.readHead(place, HEAD_BYTES);
  return (read && fileFault(read.head, read.size, PLATFORM)) ?? runtime.load(place, ABI_VERSION);
}

/** What is wrong with a library, null if it matches this avio. The library in use is not replaced. */
export function faultOf(place: string): string | null {
  const bound = load(place);
  return typeof bound === "string" ? bound : null;
}

// ------------------------------------------------------------------------------------------------ text

const decoder = new TextDecoder();
const encoder = new TextEncoder();
let textBuffer = newBytes(4096);

/** Calls a symbol that writes to `out`, at most `capacity` bytes; returns the number of all, or an error. */
type WriteBytes = (out: Uint8Array<ArrayBuffer>, capacity: number) => number;

/** Maximum bytes of a buffer that is kept for the next text: the description of a file may have hundreds of megabytes. */
const MAX_KEPT = 1 << 20;

/** Calls a symbol that writes bytes; returns them, valid until the next call, or its negative result. */
export function readBytes(call: WriteBytes): Uint8Array<ArrayBuffer> | number {
  let out = textBuffer, size = call(out, byteLengthOf(out));
  if (size > byteLengthOf(out)) {
    const isKept = size * 2 <= MAX_KEPT;
    out = newBytes(isKept ? size * 2 : size);
    if (isKept) textBuffer = out;
    size = call(out, byteLengthOf(out));
  }
  return size < 0 ? size : partOf(out, 0, size);
}

/** The same for text. */
export function readText(call: WriteBytes): string | number {
  const bytes = readBytes(call);
  return typeof bytes === "number" ? bytes : decoder.decode(bytes);
}

/** The same for symbols that fail only when out of memory. */
export function readTextOrThrow(call: WriteBytes): string {
  const text = readText(call);
  if (typeof text === "number") throw new Error("Out of memory");
  return text;
}

/** Characters of a text for C: V8's longest string has about 2^29, and three bytes of each can be counted in 32 bits. */
const MAX_TEXT = 2 ** 29 - 1024;

/** `name NUL value NUL ...`, as `avs_set` takes it. */
export function encodePairs(pairs: Iterable<readonly [string, string]>): Uint8Array<ArrayBuffer> {
  let text = "";
  for (const [name, value] of pairs) {
    if (name.includes("\0") || value.includes("\0")) {
      throw argumentError(TypeError, name, "neither names nor values can contain NUL");
    }
    if (text.length + name.length + value.length > MAX_TEXT) {
      throw argumentError(
        RangeError,
        name,
        `must have at most ${MAX_TEXT} characters, with the values before it`,
      );
    }
    text += `${name}\0${value}\0`;
  }
  return encoder.encode(text);
}
