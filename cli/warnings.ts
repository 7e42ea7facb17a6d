/**
 * Prints warnings, and defines the exit codes.
 */
import type { Warning } from "../mod.ts";
import { writeStderr } from "./streams.ts";
import { count, printable } from "./text.ts";

/** Exit codes of `main`. */
export const EXIT = { DONE: 0, FAILED: 1, USAGE: 2, LOSSES: 3, INTERRUPTED: 130, TERMINATED: 143 } as const;

/** Whether something is missing in the output. */
export function isLoss({ kind }: Warning): boolean {
  return kind !== "corrected";
}

/** Prints a line for each warning; with `verbose` also the log's. `inputs` are the names for `sources[0]` and so on. */
export function printWarnings(
  warnings: readonly Warning[],
  { inputs, verbose }: { inputs: readonly string[]; verbose: boolean },
): void {
  for (const { message, count: times, log } of warnings) {
    const named = message.replace(/^sources\[(\d+)\]/, (_, index) => inputs[Number(index)] ?? "");
    const often = times > 1 ? ` (${count(times, "time")})` : "";
    writeStderr(`warning: ${printable(named)}${often}\n`);
    if (verbose && log !== null) writeStderr(`  ${printable(log)}\n`);
  }
}
