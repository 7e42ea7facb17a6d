/**
 * Loading the shared library, and the two ways of talking to it that every caller needs: text out of it, and text
 * into it. The library is loaded at first use and never closed. Where it is looked for is in `library_paths.ts`, what
 * its symbols are in `symbols.ts`.
 */
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

/** The shared library was not found, or what was found is not it. */
export class LibraryNotFoundError extends Error {
  /** Every place that was tried, with what was wrong there. */
  readonly tried: readonly string[];

  /** Made by avio when the library is first needed. */
  constructor(tried: readonly string[]) {
    super(
      `Cannot load avio's shared library. Tried:\n${tried.map((place) => `  ${place}\n`).join("")}` +
        `This command puts one where it is found:\n  ${installCommand()}\n` +
        `Or name one with loadLibrary(path) or AVIO_SHIM_PATH${isDeno ? " (with --allow-env)" : ""}.`,
    );
    this.name = "LibraryNotFoundError";
    this.tried = tried;
  }
}

let loaded: Library | undefined;
let loadedFrom = "";

/** Path of the library, loaded now if it was not. */
export function libraryPath(): string {
  library();
  return loadedFrom;
}

/** The library, loaded now if it was not. */
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
 * Loads the shared library; before the first use of anything else, and only where its place is not the usual one.
 *
 * Without a path, and at first use, it is looked for in this order: the path in the environment variable
 * `AVIO_SHIM_PATH`, beside the module, in the user's cache folder. A library that is loaded stays loaded.
 *
 * @param path Path or file: URL of the library.
 * @throws {LibraryNotFoundError} Nothing there, or something else.
 * @throws {Deno.errors.NotCapable} No permission for FFI.
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
  // A bare name would be searched for in places that the environment chooses.
  return isWholePath(text) ? text : `${runtime.currentFolder()}/${text}`;
}

function find(): Library {
  const named = environment("AVIO_SHIM_PATH");
  if (named) return open(asPath(named), [named]);
  const tried: string[] = [];
  // With --allow-ffi=PATH the library is the one that may be loaded, wherever it is in the order.
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

/** Loads what is at `place`; errors name it after the places in `tried` before it. */
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
 * The library at a place, or what is wrong with it. What the file is, is looked at first, where it may be read: a library
 * that is cut off would end the process with a signal.
 */
function load(place: string): Library | string {
  const read = runtime.readHead(place, HEAD_BYTES);
  return (read && fileFault(read.head, read.size, PLATFORM)) ?? runtime.load(place, ABI_VERSION);
}

/** What is wrong with a library, null where it is one of this avio. The one that is in use stays so. */
export function faultOf(place: string): string | null {
  const bound = load(place);
  return typeof bound === "string" ? bound : null;
}

// ------------------------------------------------------------------------------------------------ text

const decoder = new TextDecoder();
const encoder = new TextEncoder();
let textBuffer = new Uint8Array(4096);

/** Calls a symbol that answers with text; a negative answer is the result. */
export function readText(call: (out: Uint8Array<ArrayBuffer>, capacity: number) => number): string | number {
  let size = call(textBuffer, textBuffer.length);
  if (size > textBuffer.length) {
    textBuffer = new Uint8Array(size * 2);
    size = call(textBuffer, textBuffer.length);
  }
  return size < 0 ? size : decoder.decode(textBuffer.subarray(0, size));
}

/** Text that can't fail but for want of memory. */
export function readTextOrThrow(call: (out: Uint8Array<ArrayBuffer>, capacity: number) => number): string {
  const text = readText(call);
  if (typeof text === "number") throw new Error("Out of memory");
  return text;
}

/** `name NUL value NUL ...`, as `avs_set` takes it. */
export function encodePairs(pairs: Iterable<readonly [string, string]>): Uint8Array<ArrayBuffer> {
  let text = "";
  for (const [name, value] of pairs) {
    if (name.includes("\0") || value.includes("\0")) {
      throw argumentError(TypeError, name, "neither names nor values can contain NUL");
    }
    text += `${name}\0${value}\0`;
  }
  return encoder.encode(text);
}
