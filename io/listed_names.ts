/**
 * Extracts the names in the text of a playlist, a manifest or an ffconcat script, and the paths that a name can mean. A
 * hostile file may have any text, up to a MiB, so each part of it is read once, without backtracking.
 */
import { isTooLong, MAX_NAME } from "./paths.ts";

/**
 * All possible file names, without duplicates, up to a maximum number. Wrong guesses do no harm: no such file exists.
 */
export function namesIn(text: string, max: number): string[] {
  const isXml = text.trimStart().startsWith("<"); // trimStart removes a byte order mark, too
  const names = new Set<string>();
  for (const name of isXml ? namesInXml(text) : namesInLines(text)) {
    if (names.size === max) break;
    if (name.length <= MAX_NAME) names.add(name);
  }
  return [...names];
}

function* namesInLines(text: string): Generator<string> {
  for (const untrimmed of text.split("\n")) {
    const line = untrimmed.trim();
    if (line.startsWith("file") && line[4]?.trim() === "") yield unquoted(line.slice(5).trim());
    else if (line.startsWith("#")) yield* urisIn(line);
    else if (line !== "") yield line;
  }
}

/** Attributes of an HLS tag. */
function* urisIn(line: string): Generator<string> {
  for (const [, name] of line.matchAll(/URI="([^"]*)"/g)) yield name!;
}

/** Attribute values and element texts. */
function* namesInXml(text: string): Generator<string> {
  for (const piece of text.split("<")) {
    for (const [, double, single] of piece.matchAll(/="([^"]+)"|='([^']+)'/g)) {
      yield plain((double ?? single)!);
    }
    const content = piece.slice(piece.lastIndexOf(">") + 1).trim();
    if (content !== "") yield plain(content);
  }
}

function plain(text: string): string {
  return text.replaceAll("&amp;", "&");
}

/** Unquotes as FFmpeg's scripts do: `'it'\\''s'` is `it's`. */
function unquoted(text: string): string {
  return text.replace(/'([^']*)'|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped);
}

/** The paths that a name can mean, as in `withinDirectory`: unchanged, without a query, decoded. */
export function readings(name: string): string[] {
  if (/^[a-z][a-z\d+.-]+:/i.test(name) && !/^file:/i.test(name)) return [];
  const path = name.replace(/^file:(?:\/\/)?/i, "");
  const bare = path.replace(/[?#].*/s, "");
  return [...new Set([path, bare, decoded(bare)])].filter((path) => path !== "" && !isTooLong(path));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
