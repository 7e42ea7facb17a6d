/**
 * Where avio's shared library may be, and the command that installs one there. `library.ts` loads it, `install.ts`
 * installs it; nothing is loaded or read here. Also avio's version.
 */
import manifest from "../deno.json" with { type: "json" };
import { isDeno, runtime } from "./runtime.ts";

/** Version of avio. */
export const VERSION: string = manifest.version;

/** Whether the system is Windows. */
export const isWindows: boolean = runtime.os === "windows";

/** The platform: operating system, processor, and "musl" if that is the C library; the name of a folder in lib/. */
export const PLATFORM: string = `${runtime.os}-${runtime.arch}${runtime.isMusl ? "-musl" : ""}`;

/** The supported platforms. */
export const PLATFORMS: readonly string[] = [
  "linux-x86_64",
  "linux-aarch64",
  "linux-x86_64-musl",
  "linux-aarch64-musl",
  "darwin-aarch64",
  "darwin-x86_64",
  "windows-x86_64",
];

/** File name of the shared library of a platform. */
export function fileNameOn(platform: string): string {
  const suffix = { darwin: "dylib", windows: "dll" }[platform.split("-")[0]!] ?? "so";
  return `libavio.${suffix}`;
}

/** File name of the shared library. */
export const FILE_NAME: string = fileNameOn(PLATFORM);

const SYSTEM_FILE_NAME = FILE_NAME.replace("libavio", "libavio-system");

/** The value of an environment variable, if it is set and may be read. */
export function environment(variable: string): string | undefined {
  return runtime.environment(variable);
}

/** The user's cache folder for libraries of this version; null if it is unknown. */
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

/**
 * The system path of a file: URL.
 *
 * @throws {TypeError | URIError} It names no file of this machine: without its host it would be another one.
 */
export function filePath(url: URL, os: string = runtime.os): string {
  const path = decodeURIComponent(url.pathname);
  if (path.includes("\0")) throw new TypeError("it contains NUL");
  if (os !== "windows") {
    if (url.host !== "") throw new TypeError(`it is on another machine, ${url.host}`);
    return path;
  }
  const own = path.replaceAll("/", "\\");
  if (url.host !== "") return `\\\\${url.host}${own}`; // a share of another machine
  return /^\\[a-z]:/i.test(own) ? own.slice(1) : own;
}

/** Whether a path is absolute; on Windows, with a drive or a share. */
export function isWholePath(path: string, os: string = runtime.os): boolean {
  return os === "windows" ? /^(?:[a-z]:[\\/]|\\\\)/i.test(path) : path.startsWith("/");
}

/** What CommonJS defines. */
declare const __filename: string | undefined;

/**
 * The URL of this module; null if it is unknown. In a bundle of CommonJS, which has no `import.meta`, it is the bundle's.
 */
function ownUrl(): string | null {
  const { url } = import.meta as { url?: string };
  return url ?? (typeof __filename === "string" ? String(fileUrl(__filename)) : null);
}

/** The file: URL of an absolute path. */
function fileUrl(path: string): URL {
  const url = new URL("file:///");
  url.pathname = path.replaceAll("%", "%25").replaceAll("\\", "/");
  return url;
}

/** The library in this platform's npm package; null if it isn't installed. */
function packagedLibrary(url: string): string | null {
  const name = `@avio/${PLATFORM}/${FILE_NAME}`;
  try {
    return filePath(new URL(import.meta.resolve(name)));
  } catch {
    return runtime.resolve(name, url); // no such package, no packages here, or none for a bundle's own folder
  }
}

/** The places where the library is searched by default, in order. */
export function* places(): Generator<string> {
  const url = ownUrl();
  if (url?.startsWith("file:")) {
    for (const name of [FILE_NAME, SYSTEM_FILE_NAME]) {
      yield filePath(new URL(`../lib/${PLATFORM}/${name}`, url));
    }
    const packaged = packagedLibrary(url);
    if (packaged !== null) yield packaged;
    yield filePath(new URL(FILE_NAME, url)); // where a bundler has put both
  }
  const { standalone } = runtime;
  if (standalone !== null) yield folderOf(standalone) + FILE_NAME;
  const folder = cacheFolder();
  if (folder) yield `${folder}/${FILE_NAME}`;
}

/** The command that installs a library in one of these places. */
export function installCommand(): string {
  const { protocol, pathname } = new URL(ownUrl() ?? "file:///");
  if (protocol === "file:" && pathname.endsWith(".ts")) { // a checkout
    return `deno task --cwd '${filePath(new URL("..", import.meta.url))}' build`;
  }
  if (!isDeno) {
    // A bundle of avio and the program needs only the library.
    const isPackage = pathname.includes("/node_modules/");
    return isPackage
      ? `npm install --force @avio/avio@${VERSION}`
      : `npm install @avio/${PLATFORM}@${VERSION}`;
  }
  // The module is on JSR, or in the npm package, which has no sources to build from.
  if (protocol === "file:" || pathname.endsWith(`/@avio/avio/${VERSION}/ffi/library_paths.ts`)) {
    return `deno run -A jsr:@avio/avio@${VERSION}/install`;
  }
  return `deno run -A ${new URL("../install.ts", import.meta.url)}`;
}

/** A folder with a trailing slash or backslash. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
