/**
 * Finding and loading the shared library, and the two ways of talking to it that every caller needs: text out
 * of it, and text into it. The library is loaded at first use and never closed. What its symbols are is in
 * `symbols.ts`.
 */
import { ABI_VERSION, groups, type symbols } from "./symbols.ts";

type Symbols = Deno.DynamicLibrary<typeof symbols>["symbols"];

const FILE_NAME = Deno.build.os === "darwin" ? "libavio.dylib" : "libavio.so";
const SYSTEM_FILE_NAME = FILE_NAME.replace("libavio", "libavio-system");
const PLATFORM = `${Deno.build.os}-${Deno.build.arch}`;

/** Version of avio; the one in deno.json, which a test compares. */
export const VERSION = "0.1.0";

/** The shared library was not found, or what was found is not it. */
export class LibraryNotFoundError extends Error {
  /** Every place that was tried, with what was wrong there. */
  readonly tried: readonly string[];

  /** Made by avio when the library is first needed. */
  constructor(tried: readonly string[]) {
    super(
      `Cannot load avio's shared library. Tried:\n${tried.map((place) => `  ${place}\n`).join("")}` +
        `Build it with: deno task build (in a checkout of avio), or name one with AVIO_SHIM_PATH or loadLibrary(path)`,
    );
    this.name = "LibraryNotFoundError";
    this.tried = tried;
  }
}

let loaded: Symbols | undefined;

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
  if (text.startsWith("file:")) return decodeURIComponent(new URL(text).pathname);
  if (path instanceof URL) throw new TypeError(`Cannot load a library from ${text}: only file: URLs`);
  if (text === "" || text.includes("\0")) throw new TypeError("path: must be a path");
  // A bare name would be searched for in places that the environment chooses.
  return text.startsWith("/") ? text : `${Deno.cwd()}/${text}`;
}

function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}

function* candidates(): Generator<string> {
  if (import.meta.url.startsWith("file:")) {
    for (const name of [FILE_NAME, SYSTEM_FILE_NAME]) {
      yield asPath(new URL(`../lib/${PLATFORM}/${name}`, import.meta.url));
    }
  }
  const home = environment("HOME");
  const cache = environment("XDG_CACHE_HOME") ??
    (home && (Deno.build.os === "darwin" ? `${home}/Library/Caches` : `${home}/.cache`));
  if (cache) yield `${cache}/avio/${VERSION}/${FILE_NAME}`;
}

function isAllowed(place: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path: place }).state === "granted";
}

function find(): Symbols {
  const named = environment("AVIO_SHIM_PATH");
  if (named) return open(asPath(named), [named]);
  const tried: string[] = [];
  // With --allow-ffi=PATH the library is the one that may be loaded, wherever it is in the order.
  const places = [...candidates()];
  for (const place of [...places.filter(isAllowed), ...places.filter((place) => !isAllowed(place))]) {
    try {
      return open(place, tried);
    } catch (error) {
      if (!(error instanceof LibraryNotFoundError)) throw error;
      tried.push(...error.tried.slice(tried.length));
    }
  }
  throw new LibraryNotFoundError(tried);
}

/** Loads what is at `place`; errors name it after the places in `tried` before it. */
function open(place: string, tried: readonly string[]): Symbols {
  const before = tried.filter((other) => other !== place);
  const fail = (reason: string) => new LibraryNotFoundError([...before, `${place}: ${reason}`]);
  const [core, ...later] = groups;
  let bound;
  try {
    bound = Deno.dlopen(place, core).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw fail(reasonOf(error, place));
  }
  const version = bound.avs_abi_version();
  if (version !== ABI_VERSION) {
    throw fail(`speaks ABI ${version}, this avio ABI ${ABI_VERSION}; build it again`);
  }
  const all = { ...bound };
  for (const group of later) bindLater(all, place, group);
  return all as Symbols;
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
      throw new TypeError(`${JSON.stringify(name)}: names and values can't contain NUL`);
    }
    text += `${name}\0${value}\0`;
  }
  return encoder.encode(text);
}
