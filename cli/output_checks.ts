/**
 * Where outputs go, checked before anything is opened: an output must not be the input, stdout no terminal, and the
 * format known.
 */
import { Failure, UsageError } from "./errors.ts";
import { checkOutputFormat } from "./formats.ts";
import { placeOf, STANDARD } from "./streams.ts";

/** All that can be known to be wrong before an output is overwritten. */
export function checkPlaces(inputs: readonly string[], output: string, format: string | undefined): void {
  if (output === STANDARD && format === undefined) {
    throw new UsageError("Writing to stdout needs a format: -f matroska, for one");
  }
  checkStdout(output);
  for (const input of inputs) checkNotInput(input, output);
  checkOutputFormat(format, output);
}

/** Media is no text. */
export function checkStdout(output: string): void {
  if (output === STANDARD && Deno.stdout.isTerminal()) {
    throw new UsageError("stdout is a terminal, and media is no text: send it to a file or a pipe");
  }
}

/** A file that is written over while it is read is lost. */
export function checkNotInput(input: string, output: string): void {
  if (!isSameFile(input, output)) return;
  throw new Failure(`Cannot open output: it is the input, which it would overwrite: ${output}`);
}

/** By name, or by what the file system says where it may be asked. */
function isSameFile(input: string, output: string): boolean {
  if (input === STANDARD || output === STANDARD) return false;
  if (input === output) return true;
  const [a, b] = [input, output].map(identityOf);
  return a !== null && a === b;
}

function identityOf(name: string): string | null {
  const path = placeOf(name);
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
  try {
    const { isFile, dev, ino } = Deno.statSync(path);
    return isFile && ino !== null ? `${dev}:${ino}` : null;
  } catch {
    return null; // whoever opens it says it better
  }
}
