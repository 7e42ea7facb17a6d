/**
 * Paths of POSIX, as text: no file system is asked. `node:path` would do, but loading it takes 9 ms of every start.
 */

/** Bytes of a path (PATH_MAX). */
const MAX_PATH = 4096;

/** Characters of a name that are looked at: it may have a query, and letters that are encoded. */
export const MAX_NAME = 64 * 1024;

/** Whether no file can have the path. */
export function isTooLong(path: string): boolean {
  return path.length > MAX_PATH || new TextEncoder().encode(path).length > MAX_PATH;
}

/** Whether it begins at the root. */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/");
}

/** Without `.`, `..` and empty parts, as far as that can be. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !isAbsolute(path)) parts.push(part);
  }
  return (isAbsolute(path) ? "/" : "") + parts.join("/");
}

/** The parts as one path. */
export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== "").join("/")) || ".";
}

/** Where a path leads from an absolute folder. */
export function resolve(folder: string, path: string): string {
  return normalize(isAbsolute(path) ? path : `${folder}/${path}`);
}

/** The way from one absolute path to another, "" where they are the same. */
export function relative(from: string, to: string): string {
  const [start, end] = [from, to].map((path) => normalize(path).split("/").filter((part) => part !== "")) as [
    string[],
    string[],
  ];
  const common = start.findIndex((part, index) => part !== end[index]);
  const shared = common === -1 ? start.length : common;
  return [...start.slice(shared).map(() => ".."), ...end.slice(shared)].join("/");
}
