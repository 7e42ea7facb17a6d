/**
 * Where avio's shared library may be, and what puts one there. `library.ts` looks, `install.ts` puts; nothing is loaded
 * or read here. Also what avio's version is.
 */
import manifest from "../deno.json" with { type: "json" };
import { isDeno, runtime } from "./runtime.ts";

/** Version of avio. */
export const VERSION: string = manifest.version;

/** Whether paths are those of Windows. */
export const isWindows: boolean = runtime.os === "windows";

/** Operating system, processor, and the C library where it is musl, as the folders of libraries are called. */
export const PLATFORM: string = `${runtime.os}-${runtime.arch}${runtime.isMusl ? "-musl" : ""}`;

/** Those that avio has a library for. */
export const PLATFORMS: readonly string[] = [
  "linux-x86_64",
  "linux-aarch64",
  "linux-x86_64-musl",
  "linux-aarch64-musl",
  "darwin-aarch64",
  "darwin-x86_64",
  "windows-x86_64",
];

/** What the shared library of a platform is called. */
export function fileNameOn(platform: string): string {
  const suffix = { darwin: "dylib", windows: "dll" }[platform.split("-")[0]!] ?? "so";
  return `libavio.${suffix}`;
}

/** What the shared library is called. */
export const FILE_NAME: string = fileNameOn(PLATFORM);

const SYSTEM_FILE_NAME = FILE_NAME.replace("libavio", "libavio-system");

/** An environment variable that is set and may be read. */
export function environment(variable: string): string | undefined {
  return runtime.environment(variable);
}

/** The user's folder for libraries of this version; null where it can't be told. */
export function cacheFolder(): string | null {
  if (runtime.os === "windows") {
    const folder = environment("LOCALAPPDATA");
    return folder ? `${folder}\\avio\\${VERSION}` : null;
  }
  const home = environment("HOME");
  const caches = environment("XDG_CACHE_HOME") ??
    (home && (runtime.os === "darwin" ? `${home}/Library/Caches` : `${home}/.cache`));
  return caches ? `${caches}/avio/${VERSION}` : null;
}

/** Path of a file: URL, as the system has it. */
export function filePath(url: URL, os: string = runtime.os): string {
  const path = decodeURIComponent(url.pathname);
  if (os !== "windows") return path;
  const own = path.replaceAll("/", "\\");
  if (url.host !== "") return `\\\\${url.host}${own}`; // a share of another machine
  return /^\\[a-z]:/i.test(own) ? own.slice(1) : own;
}

/** Whether a path says where it begins; on Windows with its drive, or the machine whose share it is. */
export function isWholePath(path: string, os: string = runtime.os): boolean {
  return os === "windows" ? /^(?:[a-z]:[\\/]|\\\\)/i.test(path) : path.startsWith("/");
}

/** The library in the package of this platform, which npm installs beside this one; null where there is none. */
function packagedLibrary(): string | null {
  try {
    return filePath(new URL(import.meta.resolve(`@avio/${PLATFORM}/${FILE_NAME}`)));
  } catch {
    return null; // no such package, or no packages here
  }
}

/** Where the library is looked for when nothing names one, in this order. */
export function* places(): Generator<string> {
  if (import.meta.url.startsWith("file:")) {
    for (const name of [FILE_NAME, SYSTEM_FILE_NAME]) {
      yield filePath(new URL(`../lib/${PLATFORM}/${name}`, import.meta.url));
    }
    const packaged = packagedLibrary();
    if (packaged !== null) yield packaged;
    yield filePath(new URL(FILE_NAME, import.meta.url)); // where a bundler has put both
  }
  const { standalone } = runtime;
  if (standalone !== null) yield folderOf(standalone) + FILE_NAME;
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

/** With the slash at its end, whichever it is. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
