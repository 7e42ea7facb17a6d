/**
 * What avio throws for an error of FFmpeg. Wrong arguments are TypeErrors and RangeErrors where they are
 * checked; exceptions of the user's callbacks are thrown as they are.
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
  /** AVERROR code, below zero. */
  readonly code: number;
  /** Its name without the prefix: "EOF", "INVALIDDATA", "EIO", "EPERM", ... */
  readonly codeName: string;
  /** What was being done: "open", "read packet", "write header", ... */
  readonly operation: string;
  /** The lines that FFmpeg logged meanwhile, the last few of them. */
  readonly log: readonly string[];

  /** Made by avio. */
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
 * A Demuxer, a Muxer or whatever else was used after it had been closed; or what was under way when it was closed.
 */
export class ClosedError extends Error {
  /** Made by avio. */
  constructor(message: string) {
    super(message);
    this.name = "ClosedError";
  }
}

/** A setting that the shim has refused; it logs `name: fault`, and FFmpeg may have logged the cause before. */
export function settingError(line: string, cause: string | undefined): TypeError {
  const [name, ...fault] = line.split(": ") as [string, ...string[]];
  return argumentError(TypeError, name, fault.join(": ") + (cause ? ` (${cause})` : ""));
}

const MAX_LOG_LINES = 8;

/** What libavutil says of a code, without the words that say nothing. */
export function errorText(code: number): string {
  const text = readTextOrThrow((out, capacity) => library().avs_error_text(code, out, capacity));
  return text.replace(" when processing input", "");
}

/** Lines that say only that something went wrong, or what to do about FFmpeg; another one before them says what. */
const VAGUE =
  /error reading header$|is not implemented\. Update your FFmpeg|upload a sample|Could not find codec parameters/;

/** The line that says most of what went wrong. */
function causeOf(log: readonly LogLine[]): string | undefined {
  const errors = log.filter((line) => line.level === "error");
  const told = errors.findLast((line) => !VAGUE.test(line.message)) ??
    (errors.length > 0
      ? log.findLast((line) => line.level === "warning" && !VAGUE.test(line.message))
      : undefined);
  return (told ?? errors.at(-1))?.message;
}

/** FFmpeg's own -1 is no lack of permission, but of a reason. Its lines begin with the name of who says them; ours don't. */
function textOf(code: number, cause: string | undefined): string {
  const isOurs = cause !== undefined && !/^[^\s:]+: /.test(cause);
  return code === AVERROR.EPERM && !isOurs ? "FFmpeg reports no reason" : errorText(code);
}

/** `Cannot open input: Invalid data found (mov,mp4: moov atom not found)` */
export function makeError(
  operation: { name: string; phrase: string },
  code: number,
  log: readonly LogLine[],
  explanation?: string,
): AVError {
  const cause = causeOf(log);
  const text = explanation ?? textOf(code, cause) + (cause ? ` (${cause})` : "");
  return new AVError(`Cannot ${operation.phrase}: ${text}`, {
    code,
    operation: operation.name,
    log: log.slice(-MAX_LOG_LINES).map((line) => line.message),
  });
}

/** What a symbol answers that only a defect of avio makes negative. */
export function check(result: number, doing: string): number {
  if (result < 0) throw makeError({ name: doing, phrase: doing }, result, []);
  return result;
}
