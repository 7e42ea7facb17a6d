/**
 * Arguments as they are written, one kind at a time: checked, and turned into values. An error here is a
 * UsageError that names the flag. Which flags there are is `cli.ts`'s.
 */
import type { MediaType } from "../mod.ts";
import { UsageError } from "./errors.ts";
import { parseTime } from "./text.ts";

/** Exactly as many file names as there are `names` of them. */
export function checkFiles(given: readonly string[], names: readonly string[]): string[] {
  const missing = names[given.length];
  if (missing) throw new UsageError(`${missing} is missing`);
  const extra = given[names.length];
  if (extra !== undefined) throw new UsageError(`Unexpected argument '${extra}'`);
  const empty = names.find((_, index) => given[index] === "");
  if (empty) throw new UsageError(`${empty} is empty`);
  return [...given];
}

/** Seconds, or `h:mm:ss.mmm`. */
export function timeOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseTime(text);
  if (seconds !== null) return seconds;
  throw new UsageError(`${flag}: must be seconds or h:mm:ss(.mmm), is '${text}'`);
}

/** Where a cut begins and ends. */
export function rangeOf(
  startText: string | undefined,
  endText: string | undefined,
): { start: number | undefined; end: number | undefined } {
  const start = timeOf(startText, "--start");
  const end = timeOf(endText, "--end");
  if (end !== undefined && end <= (start ?? 0)) {
    throw new UsageError(`--end: must be after ${startText ?? 0}, is '${endText}'`);
  }
  return { start, end };
}

const TYPES: readonly MediaType[] = ["video", "audio", "subtitle", "data", "attachment"];

/** Types of streams, by name. */
export function mediaTypes(names: readonly string[], flag: string): MediaType[] {
  return names.map((name) => {
    const type = TYPES.find((type) => type === name);
    if (type) return type;
    throw new UsageError(`${flag}: must be one of ${TYPES.join(", ")}, is '${name}'`);
  });
}

/** `key=value`, any number of times; the last of a key counts. */
export function keyValues(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new UsageError(`${flag}: must be key=value, is '${text}'`);
  }));
}
