/**
 * Common options of demuxers and muxers, and their checks.
 */
import { argumentError } from "../ffi/errors.ts";
import {
  checkFunction,
  checkInteger,
  checkMilliseconds,
  checkRecord,
  checkString,
  fieldName,
  type Names,
  optional,
  readFields,
  typeName,
} from "../io/arguments.ts";
import type { OpenCallback } from "../io/open_callback.ts";
import { checkBufferSize, DEFAULT_BUFFER_SIZE } from "../io/io_context.ts";

/** Common options of demuxers and muxers. */
export interface SessionOptions {
  /** Options of FFmpeg's demuxer or muxer (AVOptions). An unused one is a TypeError. */
  options?: Record<string, string | number | boolean>;
  /** Size of the I/O buffer in bytes. @default {65536} */
  bufferSize?: number;
  /**
   * Name of the source or sink, by default its own path or URL. Relative references resolve against it. A muxer that
   * writes several files (hls, dash, segment, image2) derives their names from it: the file of exactly this name goes
   * to the sink, the others are opened by `onopen`.
   */
  url?: string;
  /**
   * Decides which files a playlist, a manifest, an image sequence or a muxer of several files may open. Without it all
   * are refused. `withinDirectory`, `withinOrigin` and `fromMap` are ready-made ones.
   */
  onopen?: OpenCallback;
  /**
   * Maximum bytes that FFmpeg may allocate, at least 4 MiB; beyond it the session fails with an AVError (EMSGSIZE).
   * Only in the embedded build. A MemorySink's contents don't count. @default {1073741824}
   */
  maxMemory?: number;
  /** Async API only: ends the session with the signal's reason, at once. */
  signal?: AbortSignal;
  /**
   * Async API only: maximum milliseconds of each wait for something outside the library: a callback, a stream, an http
   * request, closing a sink. After that the session ends with a DOMException named TimeoutError.
   * @default {Infinity}
   */
  timeout?: number;
}

/** Minimum of `maxMemory`. */
const MIN_MEMORY = 4194304;

/** The names of {@linkcode SessionOptions}, for the lists of options that have more. */
export const sessionOptionNames: Names<SessionOptions> = {
  options: true,
  bufferSize: true,
  url: true,
  onopen: true,
  maxMemory: true,
  signal: true,
  timeout: true,
};

/**
 * Checks the common options, and that there are no unknown ones; undefined ones are ignored. Returns a copy of all of them.
 *
 * @param names The known options.
 * @param prefix Name of the options if they are an option themselves: "input".
 */
export function checkOptions<T extends SessionOptions>(
  options: T | undefined,
  names: Names<T>,
  prefix = "",
): T {
  if (options === undefined) return {} as T;
  const nameOf = (name: keyof SessionOptions) => fieldName(prefix, name);
  const checked = readFields(options, names, prefix);
  const fields: SessionOptions = checked;
  optional(checkString, fields.url, nameOf("url"));
  optional(checkBufferSize, fields.bufferSize, nameOf("bufferSize"));
  optional(checkInteger, fields.maxMemory, nameOf("maxMemory"), MIN_MEMORY);
  optional(checkMilliseconds, fields.timeout, nameOf("timeout"));
  optional(checkSignal, fields.signal, nameOf("signal"));
  optional(checkFunction, fields.onopen, nameOf("onopen"));
  if (fields.options !== undefined) {
    fields.options = Object.fromEntries(optionPairs(fields, nameOf("options")));
  }
  return checked;
}

/** Checks that it is an AbortSignal. */
export function checkSignal(signal: AbortSignal, name: string): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  throw argumentError(TypeError, name, `must be an AbortSignal, is ${typeName(signal)}`);
}

/** The size of the I/O buffer. */
export function bufferSizeOf(options: SessionOptions): number {
  return options.bufferSize ?? DEFAULT_BUFFER_SIZE;
}

// ------------------------------------------------------------------------------------------- AVOptions

/** Converts AVOptions for the shim; `argument` is their name. */
export function optionPairs({ options }: SessionOptions, argument = "options"): [string, string][] {
  if (options === undefined) return [];
  return Object.entries(checkRecord(options, argument)).map(([name, value]) => {
    checkString(name, argument);
    return [name, optionText(value, fieldName(argument, name), name)];
  });
}

function optionText(value: string | number | boolean, argument: string, name: string): string {
  if (/^protocol_/i.test(name)) throw notFFmpegsToDecide(argument);
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return checkOption(value, argument);
  throw argumentError(TypeError, argument, `must be a string, number or boolean, is ${typeName(value)}`);
}

/** Refuses whitelists, also in nested options that FFmpeg passes on after removing quotes and backslashes. */
function checkOption(value: string, argument: string): string {
  if (/protocol_(white|black)list/i.test(value.replaceAll(/[\\']/g, ""))) throw notFFmpegsToDecide(argument);
  return checkString(value, argument);
}

function notFFmpegsToDecide(argument: string): TypeError {
  return argumentError(TypeError, argument, "must not be set: onopen decides what may be opened");
}

/** Throws if options were not used; `argument` is their name. */
export function checkAllUsed(unused: readonly string[], format: string, argument = "options"): void {
  const [first, ...others] = unused.map((name) => fieldName(argument, name));
  if (first === undefined) return;
  const rest = others.map((name) => `, nor ${name}`).join("");
  throw argumentError(TypeError, first, `${format} has no such option${rest}`);
}
