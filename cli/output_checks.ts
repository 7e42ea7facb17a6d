/**
 * Checks of the output before anything is opened: its format must be known, stdout must not be a terminal, and with -n the
 * file must not exist. The library checks that it is not the input.
 */
import { terminal } from "./console.ts";
import { filePath } from "../ffi/library_paths.ts";
import { files } from "../io/files.ts";
import { Failure, UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { parsePath, STANDARD } from "./streams.ts";

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
