/**
 * Loading the shared library, and the two ways of talking to it that every caller needs: text out of it, and text
 * into it. The library is loaded at first use and never closed. Where it is looked for is in `library_paths.ts`, what
 * its symbols are in `symbols.ts`.
 */
import { argumentError } from "./argument_error.ts";
import { cacheFolder, environment, filePath, installCommand, places, PLATFORM } from "./library_paths.ts";
import { ABI_VERSION, groups, type symbols } from "./symbols.ts";

type Symbols = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** The shared library was not found, or what was found is not it. */
export class LibraryNotFoundError extends Error {
  /** Every place that was tried, with what was wrong there. */
  readonly tried: readonly string[];

  /** Made by avio when the library is first needed. */
  constructor(tried: readonly string[]) {
    super(
      `Cannot load avio's shared library. Tried:\n${tried.map((place) => `  ${place}\n`).join("")}` +
        `This command puts one where it is found:\n  ${installCommand()}\n` +
        `Or name one with loadLibrary(path) or AVIO_SHIM_PATH (with --allow-env).`,
    );
    this.name = "LibraryNotFoundError";
    this.tried = tried;
  }
}

let loaded: Symbols | undefined;
let loadedFrom = "";

/** Path of the library, loaded now if it was not. */
export function libraryPath(): string {
  library();
  return loadedFrom;
}

/** The symbols of the library, loaded now if they were not. */
export function library(): Symbols {
  return loaded ??= find();
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
  return text.startsWith("/") ? text : `${Deno.cwd()}/${text}`;
}

function isAllowed(place: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path: place }).state === "granted";
}

function find(): Symbols {
  const named = environment("AVIO_SHIM_PATH");
  if (named) return open(asPath(named), [named]);
  const tried: string[] = [];
  // With --allow-ffi=PATH the library is the one that may be loaded, wherever it is in the order.
  const all = [...places()];
  for (const place of [...all.filter(isAllowed), ...all.filter((place) => !isAllowed(place))]) {
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
  if (!["linux", "darwin"].includes(Deno.build.os)) {
    return [`${PLATFORM}: avio has no library for it yet, only for Linux and macOS`];
  }
  return cacheFolder() ? [] : ["the user's cache folder: not known without --allow-env=HOME,XDG_CACHE_HOME"];
}

/** Loads what is at `place`; errors name it after the places in `tried` before it. */
function open(place: string, tried: readonly string[]): Symbols {
  const bound = openCore(place);
  if (typeof bound === "string") {
    throw new LibraryNotFoundError([...tried.filter((other) => other !== place), `${place}: ${bound}`]);
  }
  loadedFrom = place;
  const all = { ...bound };
  for (const group of groups.slice(1)) bindLater(all, place, group);
  return all as Symbols;
}

/** What every program needs of the library at `place`, or what is wrong with it. */
function openCore(place: string): Deno.DynamicLibrary<typeof groups[0]>["symbols"] | string {
  let bound;
  try {
    bound = Deno.dlopen(place, groups[0]).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return reasonOf(error, place);
  }
  const version = bound.avs_abi_version();
  return version === ABI_VERSION ? bound : `speaks ABI ${version}, this avio ABI ${ABI_VERSION}`;
}

/** What is wrong with a library, null where it is one of this avio. The one that is in use stays so. */
export function faultOf(place: string): string | null {
  const bound = openCore(place);
  return typeof bound === "string" ? bound : null;
}

/** Puts the symbols of a group into `all` when one of them is first used. */
function bindLater(all: object, place: string, group: Deno.ForeignLibraryInterface): void {
  for (const name of Object.keys(group)) {
    const get = () => {
      for (const [other, value] of Object.entries(Deno.dlopen(place, group).symbols)) {
        Object.defineProperty(all, other, { value });
      }
      return (all as Record<string, unknown>)[name];
    };
    Object.defineProperty(all, name, { get, configurable: true });
  }
}

function reasonOf(error: unknown, place: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("No such file")) return "not found";
  if (message.includes("symbol")) return `not a library of this avio (${message})`;
  return message.replace("Could not open library: ", "").replace(`${place}: `, "");
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
