/**
 * Where outputs go, checked before anything is opened: stdout must not be a terminal, and the format known. That an output
 * is not the input the library checks.
 */
import { terminal } from "./console.ts";
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import { Failure, UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { placeOf, STANDARD } from "./streams.ts";

/** All that can be known to be wrong before an output is overwritten. */
export function checkPlaces(output: string, format: string | undefined): void {
  if (output === STANDARD && format === undefined) {
    throw new UsageError("Writing to stdout needs a format: -f matroska, for one");
  }
  if (!isText(format)) checkStdout(output);
  checkOutputFormat(format, output);
}

/** Formats whose files are text, which a terminal may have: subtitles, tags, and sums of what is in a file. */
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

/** Refuses to write over a file that is there. */
export function checkNew(output: string): void {
  if (output !== STANDARD && isThere(output)) {
    throw new Failure(`${output} is there already, and -n leaves it`);
  }
}

function isThere(output: string): boolean {
  try {
    const place = placeOf(output);
    files.statSync(place instanceof URL ? filePath(place) : place);
    return true;
  } catch (error) {
    if (files.is(error, "NotFound")) return false;
    throw error;
  }
}

/** Media is no text. */
export function checkStdout(output: string): void {
  if (output === STANDARD && terminal.stdout.isTerminal()) {
    throw new UsageError("stdout is a terminal, and media is no text: send it to a file or a pipe");
  }
}
