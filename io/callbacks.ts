/**
 * The program's `onread`, `onwrite` and `onseek`, and the checks of what they return. A wrong result, which would make
 * FFmpeg crash or return garbage, is a TypeError or RangeError whose message begins with the callback's name, which is
 * also its `argument`.
 */
import { callbackError } from "../ffi/errors.ts";
import {
  checkFunction,
  checkNames,
  checkObject,
  isPlain,
  type Names,
  optional,
  typeName,
} from "./arguments.ts";
import type { Device, WriteInfo } from "../ffi/device.ts";
import { call, isThenable, type MaybePromise, type Operation } from "../ffi/operation.ts";

/**
 * The callbacks of `avio_alloc_context`: `read_packet`, `write_packet` and `seek`. They may return promises in the async API.
 */
export interface IOCallbacks {
  /**
   * Fills `buffer` from its start with at most `requestedLen` bytes (its length) and returns how many; 0, null or
   * undefined means the end of the stream. The buffer is reused for the next call.
   */
  onread?(
    buffer: Uint8Array<ArrayBuffer>,
    requestedLen: number,
  ): MaybePromise<number | null | undefined | void>;
  /**
   * Writes `buffer`, which is yours to keep, and returns how many bytes were written; it is called again with the rest.
   * undefined means all of them.
   */
  onwrite?(buffer: Uint8Array<ArrayBuffer>, info: WriteInfo): MaybePromise<number | undefined | void>;
  /**
   * Moves to `offset` from the start (`constants.seek.SET`) or the end (`END`), in bytes, and returns the new position
   * from the start; for `SIZE` returns the size in bytes. A negative result means that it can't. Without this callback
   * the stream is not seekable.
   */
  onseek?(offset: number, whence: number): MaybePromise<number>;
}

/** Largest buffer passed to `onread`, in bytes; FFmpeg sometimes requests whole packets. */
const MAX_READ = 1 << 20;
const SEEK_SET = 0;

/** The names of {@linkcode IOCallbacks}. */
export const callbackNames: Names<IOCallbacks> = { onread: true, onwrite: true, onseek: true };

/**
 * Checks that the callbacks are functions, and that a plain object has no other functions: `onSeek` would never be
 * called. Other values are allowed as state of the callbacks (`this.position`), and so are all members of class
 * instances.
 */
export function checkCallbacks(callbacks: IOCallbacks, argument: string): void {
  if (isPlain(checkObject(callbacks, argument))) {
    checkNames(functionsOf(callbacks), callbackNames, argument, "callback");
  }
  for (const name of Object.keys(callbackNames) as (keyof IOCallbacks)[]) {
    optional(checkFunction, callbacks[name], `${argument}.${name}`);
  }
}

function functionsOf(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === "function"));
}

/** Makes a device that calls the program's callbacks. */
export function deviceOf(callbacks: IOCallbacks, bufferSize: number): Device {
  const late = new LateResults();
  const device: Device = {};
  if (callbacks.onread) device.read = reader(callbacks, bufferSize, late);
  if (callbacks.onwrite) device.write = writer(callbacks, late);
  if (callbacks.onseek) device.seek = seeker(callbacks, late);
  return device;
}

/**
 * Keeps track of a callback that is still pending when its session ends: the next session over the same IOContext waits
 * for it before it calls any callback, and gets the bytes of a late `onread`.
 */
class LateResults {
  #late: LateResult | null = null;

  /** Calls a callback and keeps a late result. `bytesOf` returns the bytes of such a result. */
  *call<T>(
    callback: () => MaybePromise<T>,
    name: string,
    bytesOf: (result: T) => Uint8Array | null = () => null,
  ): Operation<T> {
    let isPending = false;
    let result: MaybePromise<T> | undefined;
    try {
      return yield* call(() => {
        result = asPromise(callback());
        isPending = isThenable(result);
        if (isThenable(result)) result.then(() => isPending = false, () => isPending = false);
        return result;
      }, name);
    } catch (error) {
      if (isPending) this.#late = lateResult(result as PromiseLike<T>, bytesOf);
      throw error;
    }
  }

  /** Waits for a callback that an earlier session called; returns the bytes that it read, or null. */
  *take(): Operation<Uint8Array | null> {
    const late = this.#late;
    if (!late) return null;
    if (!late.bytes) yield* call(() => late.arrived, "a callback that was called before");
    this.#late = null;
    return late.bytes!();
  }
}

/** Other thenables may do their work once for each `then()`, like the queries of some databases. */
function asPromise<T>(result: MaybePromise<T>): MaybePromise<T> {
  return isThenable(result) && !(result instanceof Promise) ? Promise.resolve(result) : result;
}

/** The result of a pending callback. */
interface LateResult {
  /** Resolves when the callback has returned. */
  arrived: PromiseLike<void>;
  /** Returns the bytes that it read, or throws if its result is wrong; null while it is pending. */
  bytes: (() => Uint8Array | null) | null;
}

function lateResult<T>(result: PromiseLike<T>, bytesOf: (result: T) => Uint8Array | null): LateResult {
  const arrived = result.then(
    (value) => void (late.bytes = () => bytesOf(value)),
    () => void (late.bytes = () => null),
  );
  const late: LateResult = { arrived, bytes: null };
  return late;
}

function reader(
  callbacks: IOCallbacks,
  bufferSize: number,
  late: LateResults,
): NonNullable<Device["read"]> {
  let scratch = new Uint8Array(0);
  /** A buffer of the requested size; a new one if the callback has detached the old one. */
  const bufferOf = (size: number) => {
    if (scratch.byteLength < size) scratch = new Uint8Array(Math.max(size, Math.min(bufferSize, MAX_READ)));
    return scratch.byteLength === size ? scratch : scratch.subarray(0, size);
  };
  return function* (wanted) {
    const earlier = yield* late.take();
    if (earlier) return earlier;
    const size = Math.min(wanted, MAX_READ);
    const buffer = bufferOf(size);
    const bytesOf = (result: Awaited<ReturnType<NonNullable<IOCallbacks["onread"]>>>) => {
      const read = wholeNumber(result ?? 0, "onread");
      if (read > size) throw wrongResult("onread", read, `; at most ${size} bytes were requested`);
      if (read < 0) throw wrongResult("onread", read, `: it must be a number from 0 to ${size}`);
      if (buffer.byteLength < read) {
        throw callbackError(TypeError, "onread", "detached or resized its buffer");
      }
      if (read === 0) return null;
      return read === buffer.byteLength ? buffer : buffer.subarray(0, read);
    };
    return bytesOf(yield* late.call(() => callbacks.onread!(buffer, size), "onread", bytesOf));
  };
}

function writer(callbacks: IOCallbacks, late: LateResults): NonNullable<Device["write"]> {
  return function* (bytes, info) {
    yield* late.take();
    for (let rest = bytes, position = info.position;;) {
      const size = rest.byteLength;
      const result = yield* late.call(() => callbacks.onwrite!(rest, { ...info, position }), "onwrite");
      const taken = result === undefined ? size : wholeNumber(result, "onwrite");
      if (taken === size) return;
      if (taken > size) throw wrongResult("onwrite", taken, `; there were ${size} bytes to take`);
      if (taken <= 0) throw wrongResult("onwrite", taken, `: it must take at least one of ${size} bytes`);
      if (rest.byteLength !== size) {
        throw callbackError(TypeError, "onwrite", "took a part of a buffer that it detached or resized");
      }
      rest = rest.subarray(taken);
      position += taken;
    }
  };
}

function seeker(callbacks: IOCallbacks, late: LateResults): NonNullable<Device["seek"]> {
  return function* (offset, whence) {
    yield* late.take(); // its bytes are from before the seek
    const result = wholeNumber(yield* late.call(() => callbacks.onseek!(offset, whence), "onseek"), "onseek");
    if (result < 0) return null;
    // FFmpeg assumes that it is at the position that it requested, so another position is a failure.
    return whence === SEEK_SET && result !== offset ? null : result;
  };
}

/** Checks that a callback returned a whole number. */
function wholeNumber(result: unknown, callback: string): number {
  if (typeof result !== "number") {
    throw callbackError(TypeError, callback, `returned ${typeName(result)}: it must be a number`);
  }
  if (Number.isSafeInteger(result)) return result;
  throw wrongResult(callback, result, ": it must be a whole number below 2^53");
}

/** `onread returned 1000000; at most 65536 bytes were requested` */
function wrongResult(callback: string, result: number, fault: string): RangeError {
  return callbackError(RangeError, callback, `returned ${result}${fault}`);
}
