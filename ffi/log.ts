/**
 * FFmpeg's log: level and listener. The shim collects the lines of each session; they are delivered after each
 * operation.
 */
import { argumentError } from "./argument_error.ts";
import { harmless } from "./harmless.ts";
import { library } from "./library.ts";

/** Names of log levels, in FFmpeg's order. */
export type LogLevel = "quiet" | "error" | "warning" | "info" | "verbose" | "debug";

/** A line that FFmpeg logged. */
export interface LogLine {
  /** Its level; FFmpeg's "panic" and "fatal" are reported as "error". */
  level: string;
  /** The line, prefixed with the name of the demuxer, muxer or parser. */
  message: string;
}

/** AV_LOG_* */
const levels: Readonly<Record<LogLevel, number>> = {
  quiet: -8,
  error: 16,
  warning: 24,
  info: 32,
  verbose: 40,
  debug: 48,
};

let level: LogLevel | null = null;
let listener: ((line: LogLine) => void) | null = null;

/**
 * Sets FFmpeg's log level: lines of this and more severe levels go to the listener of {@linkcode onLog}, or to stderr
 * if there is none. By default nothing is printed, and a listener gets "info" and more severe lines.
 *
 * @param newLevel The least severe level to report; "quiet" reports nothing.
 * @throws {TypeError} There is no such level.
 */
export function setLogLevel(newLevel: LogLevel): void {
  if (typeof newLevel !== "string" || !Object.hasOwn(levels, newLevel)) {
    const names = Object.keys(levels).join(", ");
    const given = typeof newLevel === "string" ? newLevel : `a value of type ${typeof newLevel}`;
    throw argumentError(TypeError, "level", `must be one of ${names}, is ${given}`);
  }
  level = newLevel;
  applyLevel();
}

/**
 * Calls a listener for each line that FFmpeg logs, after the operation that logged it. Exceptions of the listener are
 * reported as uncaught errors and do not affect the operation.
 *
 * @param newListener Called with each line; null removes the listener.
 * @throws {TypeError} It is neither a function nor null.
 */
export function onLog(newListener: ((line: LogLine) => void) | null): void {
  if (newListener !== null && typeof newListener !== "function") {
    throw argumentError(TypeError, "listener", "must be a function or null");
  }
  listener = newListener;
  applyLevel();
}

/** The reported level, null if nothing is reported. */
function reportedLevel(): LogLevel | null {
  return level ?? (listener ? "info" : null);
}

function applyLevel(): void {
  library().avs_set_log_level(levels[reportedLevel() ?? "quiet"]);
}

/** Parses lines of `avs_take_log`: level, tab, message, newline. */
export function parseLog(text: string): LogLine[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const tab = line.indexOf("\t");
    return { level: levelName(Number(line.slice(0, tab))), message: line.slice(tab + 1) };
  });
}

function levelName(value: number): string {
  for (const [name, number] of Object.entries(levels)) {
    if (value <= number) return name;
  }
  return "debug";
}

/** Passes lines to the listener, or prints them. */
export function deliverLog(lines: readonly LogLine[]): void {
  const threshold = reportedLevel();
  if (threshold === null) return;
  for (const line of lines) {
    if (levels[line.level as LogLevel] > levels[threshold]) continue;
    if (!listener) {
      console.error(harmless(line.message));
      continue;
    }
    try {
      listener(line);
    } catch (error) {
      report(error);
    }
  }
}

/** Reports an uncaught error. Node has no `reportError`. */
function report(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
