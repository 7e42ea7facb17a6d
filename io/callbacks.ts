/**
 * The user's `onread`, `onwrite` and `onseek`, and the rules for what they may answer. An answer that breaks them
 * is a TypeError or RangeError that names the callback; FFmpeg would crash on it, or deliver garbage.
 */
import { checkFunction, checkObject, optional, typeName } from "./arguments.ts";
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
   * Moves to `offset` and answers the new position; for `constants.seek.SIZE` answers the size in bytes, for END
   * moves relative to the end. Below zero: can't. Without this callback the stream is not seekable.
   */
  onseek?(offset: number, whence: number): MaybePromise<number>;
}

/** Largest read that is offered in one piece; FFmpeg asks for whole packets at times. */
const MAX_READ = 1 << 20;
const SEEK_SET = 0;

/** Checks that the callbacks are functions, and that there are no others. */
export function checkCallbacks(callbacks: IOCallbacks, name: string): void {
  checkObject(callbacks, name);
  for (const key of ["onread", "onwrite", "onseek"] as const) {
    optional(checkFunction, callbacks[key], `${name}.${key}`);
  }
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
  #late: Promise<Uint8Array | null> | null = null;

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
      if (isPending) this.#late = Promise.resolve(answer as PromiseLike<T>).then(bytesOf, () => null);
      this.#late?.catch(() => {}); // thrown where it is taken
      throw error;
    }
  }

  /** The bytes that a call of a session before has brought; null where there are none. */
  *take(): Operation<Uint8Array | null> {
    const late = this.#late;
    if (!late) return null;
    const bytes = yield* call(() => late, "a callback that was called before");
    this.#late = null;
    return bytes;
  }
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
      const read = count(answer ?? 0, size, "onread", "read");
      if (buffer.byteLength < read) throw new TypeError("onread: the buffer was detached or resized");
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
      const taken = answer === undefined ? size : count(answer, size, "onwrite", "taken");
      if (taken === size) return;
      if (taken === 0) throw new RangeError(`onwrite: took none of ${size} bytes`);
      if (rest.byteLength !== size) {
        throw new TypeError("onwrite: took a part of a buffer that it detached or resized");
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

/** What the user says, checked: a whole number of bytes from 0 to `most`. */
function count(answer: unknown, most: number, callback: string, verb: string): number {
  const result = wholeNumber(answer, callback);
  if (result < 0 || result > most) {
    throw new RangeError(`${callback}: says ${result} bytes ${verb}, of ${most}`);
  }
  return result;
}

function wholeNumber(answer: unknown, callback: string): number {
  if (typeof answer !== "number") {
    throw new TypeError(`${callback}: must answer a number, answered ${typeName(answer)}`);
  }
  if (!Number.isSafeInteger(answer)) {
    throw new RangeError(`${callback}: must answer a whole number up to 2^53, answered ${answer}`);
  }
  return answer;
}
