/**
 * withinOrigin: an `onopen` for the URLs of one http(s) origin.
 */
import { argumentError } from "../ffi/errors.ts";
import { checkString, optional, readFields } from "./arguments.ts";
import type { OpenCallback } from "./open_callback.ts";
import { MAX_NAME } from "./paths.ts";

/** Options of {@linkcode withinOrigin}. */
export interface WithinOriginOptions {
  /** Allows only URLs below this path: "/media/" or "/media" allow "/media/a.ts". @default {"/"} */
  path?: string;
}

/**
 * Allows reading from one http(s) origin (same scheme, host and port), and only below `path` if that is given. Relative
 * names resolve against the origin and path. Refused are other origins and schemes, user names and passwords, all
 * writing, URLs of more than 65,536 characters, and, if there is a path, encoded slashes, which servers interpret
 * differently.
 *
 * Like any `onopen`, it is also called for redirects of these URLs, so a redirect can't leave the origin. http sources
 * need the async API.
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
 * @returns An opener that returns absolute URLs.
 * @throws {TypeError} An argument is wrong.
 */
export function withinOrigin(origin: string | URL, options: WithinOriginOptions = {}): OpenCallback {
  const base = originOf(origin);
  const path = optional(
    checkString,
    readFields(options, { path: true }).path,
    "path",
  );
  if (path !== undefined) setPrefix(base, path);
  return ({ url, mode }) => {
    if (mode !== "read" || url === "" || url.length > MAX_NAME || url.includes("\0")) return null;
    const target = URL.parse(url, base);
    if (!target || !isSameOrigin(target, base)) return null;
    return path === undefined || isBelow(target.pathname, base.pathname) ? target.href : null;
  };
}

function originOf(origin: string | URL): URL {
  const text = origin instanceof URL ? origin.href : checkString(origin, "origin");
  const parsed = URL.parse(text);
  // A path here would be ignored and allow more than it states.
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`) return parsed;
  throw argumentError(TypeError, "origin", `must be like "https://example.com", is ${JSON.stringify(text)}`);
}

/** Encoded slashes and dots, which a server may decode although URL does not. */
const ENCODED_PATH = /%(?:25)*(?:2f|5c)|%(?:25)+2e/i;

function setPrefix(base: URL, path: string): void {
  base.pathname = path;
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  if (ENCODED_PATH.test(base.pathname)) {
    throw argumentError(TypeError, "path", `has encoded slashes or dots, is ${path}`);
  }
}

/** Also compares the protocol: "blob:https://example.com/" has the origin of the inner URL. */
function isSameOrigin(target: URL, base: URL): boolean {
  const { protocol, origin, username, password } = target;
  return protocol === base.protocol && origin === base.origin && username === "" && password === "";
}

function isBelow(pathname: string, prefix: string): boolean {
  return pathname.startsWith(prefix) && !ENCODED_PATH.test(pathname);
}
