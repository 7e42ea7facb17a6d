/**
 * Where outputs go, checked before anything is opened: stdout must not be a terminal, and the format known. That an output
 * is not the input the library checks.
 */
import { terminal } from "./console.ts";
import { UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { STANDARD } from "./streams.ts";

/** All that can be known to be wrong before an output is overwritten. */
export function checkPlaces(output: string, format: string | undefined): void {
  if (output === STANDARD && format === undefined) {
    throw new UsageError("Writing to stdout needs a format: -f matroska, for one");
  }
  checkStdout(output);
  checkOutputFormat(format, output);
}

/** Media is no text. */
export function checkStdout(output: string): void {
  if (output === STANDARD && terminal.stdout.isTerminal()) {
    throw new UsageError("stdout is a terminal, and media is no text: send it to a file or a pipe");
  }
}
