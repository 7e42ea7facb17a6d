/**
 * Options that demuxers and muxers have in common, and how they are checked.
 */
import type { Session } from "../ffi/session.ts";
import { SetWhat } from "../ffi/symbols.ts";
import { checkBufferSize, DEFAULT_BUFFER_SIZE } from "../io/io_context.ts";

/** Options of demuxers and muxers. */
export interface SessionOptions {
  /** Options of the demuxer or muxer (AVOptions). One that nobody used is a TypeError. */
  options?: Record<string, string | number | boolean>;
  /** I/O buffer in bytes. @default {65536} */
  bufferSize?: number;
  /** What the data is called: relative references resolve against it. */
  url?: string;
}

/** The options object itself: undefined is empty. */
export function checkOptions<T extends object>(options: T | undefined, name = "options"): T {
  if (options === undefined) return {} as T;
  if (typeof options !== "object" || options === null) throw new TypeError(`${name}: must be an object`);
  return options;
}

/** The size of the I/O buffer. */
export function bufferSizeOf(options: SessionOptions): number {
  return options.bufferSize === undefined
    ? DEFAULT_BUFFER_SIZE
    : checkBufferSize(options.bufferSize, "bufferSize");
}

/** A string, where there is one. */
export function checkString(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new TypeError(`${name}: must be a string, is ${typeof value}`);
  return value;
}

/** A boolean, where there is one. */
export function checkBoolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new TypeError(`${name}: must be a boolean, is ${typeof value}`);
}

/** A number from `least`, where there is one. */
export function checkNumber(value: unknown, name: string, least = 0): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw new TypeError(`${name}: must be a number, is ${typeof value}`);
  if (!Number.isFinite(value) || value < least) {
    throw new RangeError(`${name}: must be ${least} or more, is ${value}`);
  }
  return value;
}

/** Gives the session AVOptions for the next open or header. */
export function setOptions(session: Session, options: SessionOptions["options"] = {}): void {
  const pairs = Object.entries(checkOptions(options)).map(([name, value]): [string, string] => {
    if (typeof value === "boolean") return [name, value ? "1" : "0"];
    if (typeof value === "string" || typeof value === "number") return [name, String(value)];
    throw new TypeError(`options.${name}: must be a string, number or boolean, is ${typeof value}`);
  });
  session.set(SetWhat.OPTIONS, 0, pairs);
}

/** An option that nobody used is a mistake of the caller. */
export function checkAllUsed(session: Session, format: string): void {
  const names = session.unusedOptions();
  if (names.length > 0) throw new TypeError(`options.${names[0]}: ${format} has no such option`);
}
