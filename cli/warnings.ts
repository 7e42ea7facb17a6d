/**
 * What was lost or changed, on stderr, and the exit code that says so.
 */
import type { Warning } from "../mod.ts";
import { tell } from "./streams.ts";
import { count, printable } from "./text.ts";

/** Exit codes of `main`. */
export const EXIT = { DONE: 0, FAILED: 1, USAGE: 2, LOSSES: 3, INTERRUPTED: 130, TERMINATED: 143 } as const;

/** Whether it means that something is not in the output. */
export function isLoss({ kind }: Warning): boolean {
  return kind !== "corrected";
}

/** A line for each; with `verbose` the log's line below it. `inputs`: what `sources[0]` and so on are called. */
export function tellWarnings(
  warnings: readonly Warning[],
  { inputs, verbose }: { inputs: readonly string[]; verbose: boolean },
): void {
  for (const { message, count: times, log } of warnings) {
    const named = message.replace(/^sources\[(\d+)\]/, (_, index) => inputs[Number(index)] ?? "");
    const often = times > 1 ? ` (${count(times, "time")})` : "";
    tell(`warning: ${printable(named)}${often}\n`);
    if (verbose && log !== null) tell(`  ${printable(log)}\n`);
  }
}
