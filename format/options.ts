/**
 * Options that demuxers and muxers have in common, and how they are checked.
 */
import { argumentError } from "../ffi/errors.ts";
import {
  checkFunction,
  checkInteger,
  checkMilliseconds,
  checkNames,
  checkObject,
  checkString,
  fieldName,
  type Names,
  optional,
  typeName,
} from "../io/arguments.ts";
import type { OpenCallback } from "../io/open_callback.ts";
import { checkBufferSize, DEFAULT_BUFFER_SIZE } from "../io/io_context.ts";

/** Options of demuxers and muxers. */
export interface SessionOptions {
  /** Options of the demuxer or muxer (AVOptions). One that nobody used is a TypeError. */
  options?: Record<string, string | number | boolean>;
  /** I/O buffer in bytes. @default {65536} */
  bufferSize?: number;
  /**
   * What the data is called: relative references resolve against it. A muxer that writes several files (hls, dash,
   * segment, image2) names them after it: the file of this very name goes to the sink, the others are asked of `onopen`.
   * By default the source's or sink's own path or URL.
   */
  url?: string;
  /**
   * Decides what a playlist, a manifest, a sequence of images or a muxer of several files may open. Nothing is opened
   * without it. See `withinDirectory`, `withinOrigin` and `fromMap` for ready-made ones.
   */
  onopen?: OpenCallback;
  /**
   * Bytes that FFmpeg may allocate for it, at least 4 MiB; more are an AVError (EMSGSIZE), and the end of it. The embedded
   * build only. What a MemorySink holds is beside it. @default {1073741824}
   */
  maxMemory?: number;
  /** Async API only: ends the session with the signal's reason, at once. */
  signal?: AbortSignal;
  /**
   * Async API only: milliseconds that may be waited for what is outside the library: a callback, a stream, an http
   * request, the end of a sink. Then the session ends with a TimeoutError DOMException.
   * @default {Infinity}
   */
  timeout?: number;
}

/** The least `maxMemory`. */
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
 * What the options have in common, checked, and that there are no others; undefined options are none.
 *
 * @param names All that there are.
 * @param prefix What the options are called where they are an option themselves: "input".
 */
export function checkOptions<T extends SessionOptions>(
  options: T | undefined,
  names: Names<T>,
  prefix = "",
): T {
  if (options === undefined) return {} as T;
  const nameOf = (name: keyof SessionOptions) => fieldName(prefix, name);
  checkNames(checkObject(options, prefix || "options"), names, prefix);
  optional(checkString, options.url, nameOf("url"));
  optional(checkBufferSize, options.bufferSize, nameOf("bufferSize"));
  optional(checkInteger, options.maxMemory, nameOf("maxMemory"), MIN_MEMORY);
  optional(checkMilliseconds, options.timeout, nameOf("timeout"));
  optional(checkSignal, options.signal, nameOf("signal"));
  optional(checkFunction, options.onopen, nameOf("onopen"));
  optionPairs(options, nameOf("options"));
  return options;
}

function checkSignal(signal: AbortSignal, name: string): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  throw argumentError(TypeError, name, `must be an AbortSignal, is ${typeName(signal)}`);
}

/** The size of the I/O buffer. */
export function bufferSizeOf(options: SessionOptions): number {
  return options.bufferSize ?? DEFAULT_BUFFER_SIZE;
}

// ------------------------------------------------------------------------------------------- AVOptions

/** Options of the demuxer or muxer, as the shim takes them; `argument`: what the program calls them. */
export function optionPairs({ options }: SessionOptions, argument = "options"): [string, string][] {
  if (options === undefined) return [];
  return Object.entries(checkObject(options, argument)).map(([name, value]) => {
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

/** Options within an option are for a context that it opens, too; FFmpeg takes quotes and backslashes out of them. */
function checkOption(value: string, argument: string): string {
  if (/protocol_(white|black)list/i.test(value.replaceAll(/[\\']/g, ""))) throw notFFmpegsToDecide(argument);
  return checkString(value, argument);
}

function notFFmpegsToDecide(argument: string): TypeError {
  return argumentError(TypeError, argument, "what may be opened is not FFmpeg's to decide");
}

/** Options that nobody used are a mistake of the program; `argument`: what it calls them. */
export function checkAllUsed(unused: readonly string[], format: string, argument = "options"): void {
  const [first, ...others] = unused.map((name) => fieldName(argument, name));
  if (first === undefined) return;
  const rest = others.map((name) => `, nor ${name}`).join("");
  throw argumentError(TypeError, first, `${format} has no such option${rest}`);
}
