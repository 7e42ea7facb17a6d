/**
 * Checks of the output before anything is opened: its format must be known, stdout must not be a terminal, and with -n the
 * file must not exist; it must be none of the files that are read.
 */
import { terminal } from "./console.ts";
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import { roleOf } from "../io/source_files.ts";
import { Failure, UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { isUrl, parsePath, STANDARD } from "./streams.ts";

/** Checks the format, and that media does not go to a terminal. */
export function checkOutput(output: string, format: string | undefined): void {
  if (output === STANDARD && format === undefined) {
    throw new UsageError("Writing to stdout needs a format, for example -f matroska");
  }
  if (!isText(format)) checkStdout(output);
  checkOutputFormat(format, output);
}

/** Formats that are text, which may go to a terminal: subtitles, tags, checksums. */
const TEXT = new Set([
  "ass",
  "crc",
  "ffmetadata",
  "framecrc",
  "framehash",
  "framemd5",
  "hash",
  "jacosub",
  "lrc",
  "md5",
  "microdvd",
  "srt",
  "ssa",
  "streamhash",
  "ttml",
  "uncodedframecrc",
  "webvtt",
]);

function isText(format: string | undefined): boolean {
  return format !== undefined && TEXT.has(format.toLowerCase());
}

/** Throws if the file exists. */
export function checkNew(output: string): void {
  if (output !== STANDARD && exists(output)) {
    throw new Failure(`${output} already exists, and -n does not overwrite it`);
  }
}

function exists(output: string): boolean {
  try {
    const path = parsePath(output);
    files.statSync(path instanceof URL ? filePath(path) : path);
    return true;
  } catch (error) {
    if (files.is(error, "NotFound")) return false;
    throw error;
  }
}

/** Throws if media would be written to a terminal. */
export function checkStdout(output: string): void {
  if (output === STANDARD && terminal.stdout.isTerminal()) {
    throw new UsageError("stdout is a terminal: media can only be written to a file or a pipe");
  }
}

/**
 * Throws if the output is one of the files that are read, by name or by link. The library compares outputs that are paths
 * with its sources only: it doesn't know of redirected stdout, nor of files whose bytes are added.
 *
 * @param read Names of these files by what they are: "the input".
 */
export function checkNotInput(output: string, read: Readonly<Record<string, readonly string[]>>): void {
  if (isUrl(output)) return;
  const place = output === STANDARD ? null : parsePath(output);
  for (const [what, names] of Object.entries(read)) {
    for (const name of names) {
      const role = isUrl(name) ? null : roleOf(name === STANDARD ? terminal.stdin : parsePath(name), place);
      if (role === null) continue;
      const shown = role.replace("the source", what);
      const path = place === null ? "stdout" : place instanceof URL ? filePath(place) : place;
      throw new Failure(`Cannot open output: it is ${shown}, which it would overwrite: ${path}`);
    }
  }
}

/**
 * The same for what a command prints: `avio probe a.mp4 >> a.mp4` would append to its input. A name that is none is reported
 * when it is opened.
 */
export function checkNotPrintedInto(inputs: readonly string[]): void {
  for (const input of inputs) {
    try {
      checkNotInput(STANDARD, { "the input": [input] });
    } catch (error) {
      if (error instanceof Failure) throw error;
    }
  }
}
