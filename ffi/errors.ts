/**
 * The errors that avio throws for errors of FFmpeg. Wrong arguments are TypeErrors and RangeErrors, thrown where they
 * are checked; exceptions of callbacks are rethrown unchanged.
 */
import { argumentError } from "./argument_error.ts";
import { AVERROR, codeName } from "./constants.ts";
import { library, readTextOrThrow } from "./library.ts";
import type { LogLine } from "./log.ts";

export { argumentError, callbackError } from "./argument_error.ts";

/**
 * An error that FFmpeg reported.
 *
 * ```ts
 * import { AVError, Demuxer } from "@avio/avio";
 *
 * try {
 *   using demuxer = Demuxer.openSync(new Uint8Array([1, 2, 3]));
 * } catch (error) {
 *   if (error instanceof AVError) console.log(error.codeName); // "INVALIDDATA"
 * }
 * ```
 */
export class AVError extends Error {
  /** AVERROR code, negative. */
  readonly code: number;
  /** Its name without the prefix: "EOF", "INVALIDDATA", "EIO", "EPERM", ... */
  readonly codeName: string;
  /** The operation that failed: "open", "read packet", "write header", ... */
  readonly operation: string;
  /** The last lines that FFmpeg logged during the operation. */
  readonly log: readonly string[];

  /** Called by avio only. */
  constructor(message: string, init: { code: number; operation: string; log?: readonly string[] }) {
    super(message);
    this.name = "AVError";
    this.code = init.code;
    this.codeName = codeName(init.code);
    this.operation = init.operation;
    this.log = init.log ?? [];
  }
}

/**
 * A Demuxer, a Muxer or the like was used after it was closed, or was closed while the call was pending.
 */
export class ClosedError extends Error {
  /** Called by avio only. */
  constructor(message: string) {
    super(message);
    this.name = "ClosedError";
  }
}

/**
 * The error for a setting that the shim has refused. It logs `name: fault`; FFmpeg may have logged the cause before.
 */
export function settingError(line: string, cause: string | undefined): TypeError {
  const [name, ...fault] = line.split(": ") as [string, ...string[]];
  return argumentError(TypeError, name, fault.join(": ") + (cause ? ` (${cause})` : ""));
}

const MAX_LOG_LINES = 8;

/** libavutil's text for a code, without filler words. */
export function errorText(code: number): string {
  const text = readTextOrThrow((out, capacity) => library().avs_error_text(code, out, capacity));
  return text.replace(" when processing input", "");
}

/** Log lines that only report a failure, or advice about FFmpeg; an earlier line has the cause. */
const VAGUE =
  /error reading header$|is not implemented\. Update your FFmpeg|upload a sample|Could not find codec parameters/;

/** The log line that best describes the cause. What FFmpeg has not implemented it only warns of. */
function causeOf(log: readonly LogLine[], code: number): string | undefined {
  const errors = log.filter((line) => line.level === "error");
  const specific = errors.findLast((line) => !VAGUE.test(line.message)) ??
    (errors.length > 0 || code === AVERROR.PATCHWELCOME
      ? log.findLast((line) => line.level === "warning" && !VAGUE.test(line.message))
      : undefined);
  return (specific ?? errors.at(-1))?.message;
}

/**
 * FFmpeg returns -1 (EPERM) without meaning permission. Its log lines begin with the name of a component; ours don't.
 */
function textOf(code: number, cause: string | undefined): string {
  if (code !== AVERROR.EPERM) return errorText(code);
  if (cause === undefined) return "FFmpeg reports no reason";
  return /^[^\s:]+: /.test(cause) ? "FFmpeg reports no error code" : errorText(code);
}

/** `Cannot open input: Invalid data found (mov,mp4: moov atom not found)` */
export function makeError(
  operation: { name: string; phrase: string },
  code: number,
  log: readonly LogLine[],
  explanation?: string,
): AVError {
  const cause = causeOf(log, code);
  const text = explanation ?? textOf(code, cause) + (cause ? ` (${cause})` : "");
  return new AVError(`Cannot ${operation.phrase}: ${text}`, {
    code,
    operation: operation.name,
    log: log.slice(-MAX_LOG_LINES).map((line) => line.message),
  });
}

/** Checks the result of a symbol that is negative only if avio has a defect. */
export function check(result: number, doing: string): number {
  if (result < 0) throw makeError({ name: doing, phrase: doing }, result, []);
  return result;
}
