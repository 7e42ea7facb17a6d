/**
 * Options that demuxers and muxers have in common, and how they are checked.
 */
import { argumentError } from "../ffi/errors.ts";
import { checkFunction, checkNumber, checkObject, checkString, optional, typeName } from "../io/arguments.ts";
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
  /** Async API only: ends the session with the signal's reason, at once. */
  signal?: AbortSignal;
  /** Async API only: milliseconds that one callback may take; then it is a TimeoutError DOMException. */
  timeout?: number;
}

/** What the options have in common, checked; undefined options are none. */
export function checkOptions<T extends SessionOptions>(options: T | undefined, name = "options"): T {
  if (options === undefined) return {} as T;
  checkObject(options, name);
  optional(checkString, options.url, "url");
  optional(checkBufferSize, options.bufferSize, "bufferSize");
  optional(checkNumber, options.timeout, "timeout", 0);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new TypeError("signal: must be an AbortSignal");
  }
  optional(checkFunction, options.onopen, "onopen");
  optionPairs(options);
  return options;
}

/** The size of the I/O buffer. */
export function bufferSizeOf(options: SessionOptions): number {
  return options.bufferSize ?? DEFAULT_BUFFER_SIZE;
}

/** Options of the demuxer or muxer, as the shim takes them. */
export function optionPairs({ options }: SessionOptions): [string, string][] {
  if (options === undefined) return [];
  return Object.entries(checkObject(options, "options")).map(([name, value]) => {
    checkString(name, "options");
    if (/^protocol_/i.test(name)) {
      throw new TypeError(`options.${name}: what may be opened is not FFmpeg's to decide`);
    }
    if (typeof value === "boolean") return [name, value ? "1" : "0"];
    if (typeof value === "string") return [name, checkOption(name, value)];
    if (typeof value === "number") return [name, String(value)];
    throw new TypeError(`options.${name}: must be a string, number or boolean, is ${typeName(value)}`);
  });
}

/** Options within an option are for a context that it opens, too; FFmpeg takes quotes and backslashes out of them. */
function checkOption(name: string, value: string): string {
  if (!/protocol_(white|black)list/i.test(value.replaceAll(/[\\']/g, ""))) {
    return checkString(value, `options.${name}`);
  }
  throw new TypeError(`options.${name}: what may be opened is not FFmpeg's to decide`);
}

/** Options that nobody used are a mistake of the program. */
export function checkAllUsed(unused: readonly string[], format: string): void {
  if (unused.length === 0) return;
  const names = unused.map((name) => `options.${name}`).join(", ");
  throw argumentError(TypeError, names, `${format} has no such option`);
}
