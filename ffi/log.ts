/**
 * FFmpeg's log: its levels, what listens to it. The shim keeps the lines of each session; they come here when an
 * operation is over.
 */
import { argumentError } from "./argument_error.ts";
import { library } from "./library.ts";

/** Names of log levels, in FFmpeg's order. */
export type LogLevel = "quiet" | "error" | "warning" | "info" | "verbose" | "debug";

/** A line that FFmpeg logged. */
export interface LogLine {
  /** Its level; FFmpeg's "panic" and "fatal" count as "error". */
  level: string;
  /** The line, with the name of the demuxer, muxer or parser before it. */
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
 * How much of FFmpeg's log is told: lines of this level and graver ones go to the listener of {@linkcode onLog},
 * or to stderr where there is none. Without this call nothing is printed, and a listener gets "info" and above.
 */
export function setLogLevel(newLevel: LogLevel): void {
  if (!Object.hasOwn(levels, newLevel)) {
    const names = Object.keys(levels).join(", ");
    throw argumentError(TypeError, "level", `must be one of ${names}, is ${String(newLevel)}`);
  }
  level = newLevel;
  applyLevel();
}

/**
 * Calls `newListener` for each line that FFmpeg logs, after the operation that logged it; `null` ends that.
 * What the listener throws is reported like an uncaught error of a timer, and disturbs nothing.
 */
export function onLog(newListener: ((line: LogLine) => void) | null): void {
  if (newListener !== null && typeof newListener !== "function") {
    throw argumentError(TypeError, "listener", "must be a function or null");
  }
  listener = newListener;
  applyLevel();
}

/** The level that is told, null where nobody is told anything. */
function toldLevel(): LogLevel | null {
  return level ?? (listener ? "info" : null);
}

function applyLevel(): void {
  library().avs_set_log_level(levels[toldLevel() ?? "quiet"]);
}

/** Level, tab, message, newline; as `avs_take_log` gives them. */
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

/** Tells whoever wants to know. */
export function tellLog(lines: readonly LogLine[]): void {
  const told = toldLevel();
  if (told === null) return;
  for (const line of lines) {
    if (levels[line.level as LogLevel] > levels[told]) continue;
    if (!listener) {
      console.error(line.message);
      continue;
    }
    try {
      listener(line);
    } catch (error) {
      report(error);
    }
  }
}

/** As an uncaught error. Node has no `reportError`. */
function report(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
