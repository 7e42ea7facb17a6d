/**
 * Where avio's shared library may be, and what puts one there. `library.ts` looks, `install.ts` puts; nothing is loaded
 * or read here. Also what avio's version is.
 */
import manifest from "../deno.json" with { type: "json" };
import { isDeno, runtime } from "./runtime.ts";

/** Version of avio. */
export const VERSION: string = manifest.version;

/** Operating system and processor, as the folders of libraries are called. */
export const PLATFORM: string = `${runtime.os}-${runtime.arch}`;

/** What the shared library is called. */
export const FILE_NAME: string = runtime.os === "darwin" ? "libavio.dylib" : "libavio.so";

const SYSTEM_FILE_NAME = FILE_NAME.replace("libavio", "libavio-system");

/** An environment variable that is set and may be read. */
export function environment(variable: string): string | undefined {
  return runtime.environment(variable);
}

/** The user's folder for libraries of this version; null where it can't be told. */
export function cacheFolder(): string | null {
  const home = environment("HOME");
  const caches = environment("XDG_CACHE_HOME") ??
    (home && (runtime.os === "darwin" ? `${home}/Library/Caches` : `${home}/.cache`));
  return caches ? `${caches}/avio/${VERSION}` : null;
}

/** Path of a file: URL. */
export function filePath(url: URL): string {
  return decodeURIComponent(url.pathname);
}

/** Where the library is looked for when nothing names one, in this order. */
export function* places(): Generator<string> {
  if (import.meta.url.startsWith("file:")) {
    for (const name of [FILE_NAME, SYSTEM_FILE_NAME]) {
      yield filePath(new URL(`../lib/${PLATFORM}/${name}`, import.meta.url));
    }
  }
  const { standalone } = runtime;
  if (standalone !== null) yield standalone.slice(0, standalone.lastIndexOf("/") + 1) + FILE_NAME;
  const folder = cacheFolder();
  if (folder) yield `${folder}/${FILE_NAME}`;
}

/** The command that puts a library into one of the places. */
export function installCommand(): string {
  const { protocol, pathname } = new URL(import.meta.url);
  if (!isDeno && pathname.includes("/node_modules/")) return `npm install --force @avio/avio@${VERSION}`;
  if (protocol === "file:" && pathname.endsWith(".ts")) { // a checkout
    return `deno task --cwd '${filePath(new URL("..", import.meta.url))}' build`;
  }
  // JSR's address ends so, and the npm package has no sources to build from.
  if (protocol === "file:" || pathname.endsWith(`/@avio/avio/${VERSION}/ffi/library_paths.ts`)) {
    return `deno run -A jsr:@avio/avio@${VERSION}/install`;
  }
  return `deno run -A ${new URL("../install.ts", import.meta.url)}`;
}
