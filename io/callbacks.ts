/**
 * The program's `onread`, `onwrite` and `onseek`, and the rules for what they may return. A result that breaks them is a
 * TypeError or RangeError that begins with the callback's name, and has it as its `argument`; FFmpeg would crash on it,
 * or deliver garbage.
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

/** `read_packet`, `write_packet` and `seek` of avio_alloc_context. Promises need the async API. */
export interface IOCallbacks {
  /**
   * Fills `buffer` from its start with at most `requestedLen` bytes (its length). The result is how many were
   * read; 0, null or undefined is the end of the stream. The buffer is used again for the next call.
   */
  onread?(
    buffer: Uint8Array<ArrayBuffer>,
    requestedLen: number,
  ): MaybePromise<number | null | undefined | void>;
  /**
   * Takes `buffer`, which is yours to keep. The result is how many bytes were taken: the rest is offered again;
   * no result means all of them.
   */
  onwrite?(buffer: Uint8Array<ArrayBuffer>, info: WriteInfo): MaybePromise<number | undefined | void>;
  /**
   * Moves to `offset` and returns the new position; for `constants.seek.SIZE` returns the size in bytes, for END
   * moves relative to the end. Below zero: can't. Without this callback the stream is not seekable.
   */
  onseek?(offset: number, whence: number): MaybePromise<number>;
}

/** Largest read that is offered in one piece; FFmpeg asks for whole packets at times. */
const MAX_READ = 1 << 20;
const SEEK_SET = 0;

const names: Names<IOCallbacks> = { onread: true, onwrite: true, onseek: true };

/**
 * Checks that the callbacks are functions, and that a plain object has no other functions: `onSeek` would never be
 * called. Other values in it are state of its callbacks (`this.position`); an instance of a class may have what it wants.
 */
export function checkCallbacks(callbacks: IOCallbacks, argument: string): void {
  if (isPlain(checkObject(callbacks, argument))) {
    checkNames(functionsOf(callbacks), names, argument, "callback");
  }
  for (const name of Object.keys(names) as (keyof IOCallbacks)[]) {
    optional(checkFunction, callbacks[name], `${argument}.${name}`);
  }
}

function functionsOf(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === "function"));
}

/** A device that calls the program's functions. */
export function deviceOf(callbacks: IOCallbacks, bufferSize: number): Device {
  const late = new LateAnswers();
  const device: Device = {};
  if (callbacks.onread) device.read = reader(callbacks, bufferSize, late);
  if (callbacks.onwrite) device.write = writer(callbacks, late);
  if (callbacks.onseek) device.seek = seeker(callbacks, late);
  return device;
}

/**
 * What a callback still owes when the session that called it has ended: the next session over the same IOContext calls
 * none before that has come, and gets the bytes of a late `onread`.
 */
class LateAnswers {
  #late: LateAnswer | null = null;

  /** Calls a function; what it returns late is kept. `bytesOf`: the bytes that it has brought then. */
  *call<T>(
    callback: () => MaybePromise<T>,
    name: string,
    bytesOf: (answer: T) => Uint8Array | null = () => null,
  ): Operation<T> {
    let isPending = false;
    let answer: MaybePromise<T> | undefined;
    try {
      return yield* call(() => {
        answer = callback();
        isPending = isThenable(answer);
        if (isThenable(answer)) answer.then(() => isPending = false, () => isPending = false);
        return answer;
      }, name);
    } catch (error) {
      if (isPending) this.#late = lateAnswer(answer as PromiseLike<T>, bytesOf);
      throw error;
    }
  }

  /** The bytes that a call of a session before has brought; null where there are none. */
  *take(): Operation<Uint8Array | null> {
    const late = this.#late;
    if (!late) return null;
    if (!late.bytes) yield* call(() => late.arrived, "a callback that was called before");
    this.#late = null;
    return late.bytes!();
  }
}

/** What a callback owes. */
interface LateAnswer {
  /** Resolves when it is there. */
  arrived: PromiseLike<void>;
  /** The bytes that it has brought, or what is wrong with it; null while it is not there. */
  bytes: (() => Uint8Array | null) | null;
}

function lateAnswer<T>(answer: PromiseLike<T>, bytesOf: (answer: T) => Uint8Array | null): LateAnswer {
  const arrived = answer.then(
    (value) => void (late.bytes = () => bytesOf(value)),
    () => void (late.bytes = () => null),
  );
  const late: LateAnswer = { arrived, bytes: null };
  return late;
}

function reader(
  callbacks: IOCallbacks,
  bufferSize: number,
  late: LateAnswers,
): NonNullable<Device["read"]> {
  let scratch = new Uint8Array(0);
  /** As long as asked for; a new one where the user's function took the old one away. */
  const bufferOf = (size: number) => {
    if (scratch.byteLength < size) scratch = new Uint8Array(Math.max(size, Math.min(bufferSize, MAX_READ)));
    return scratch.byteLength === size ? scratch : scratch.subarray(0, size);
  };
  return function* (wanted) {
    const earlier = yield* late.take();
    if (earlier) return earlier;
    const size = Math.min(wanted, MAX_READ);
    const buffer = bufferOf(size);
    const bytesOf = (answer: Awaited<ReturnType<NonNullable<IOCallbacks["onread"]>>>) => {
      const read = wholeNumber(answer ?? 0, "onread");
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

function writer(callbacks: IOCallbacks, late: LateAnswers): NonNullable<Device["write"]> {
  return function* (bytes, info) {
    yield* late.take();
    for (let rest = bytes, position = info.position;;) {
      const size = rest.byteLength;
      const answer = yield* late.call(() => callbacks.onwrite!(rest, { ...info, position }), "onwrite");
      const taken = answer === undefined ? size : wholeNumber(answer, "onwrite");
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

function seeker(callbacks: IOCallbacks, late: LateAnswers): NonNullable<Device["seek"]> {
  return function* (offset, whence) {
    yield* late.take(); // what it has brought is from before
    const result = wholeNumber(yield* late.call(() => callbacks.onseek!(offset, whence), "onseek"), "onseek");
    if (result < 0) return null;
    // Somewhere else than asked for is no use to FFmpeg, which believes to be where it asked to be.
    return whence === SEEK_SET && result !== offset ? null : result;
  };
}

/** What a callback returned, checked to be a whole number. */
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
