/**
 * IOContext: `avio_alloc_context` as an object. Its native part is created on use: in its own session for direct I/O,
 * or in the session of the demuxer or muxer that uses it. Between uses only its position and buffered bytes are kept.
 */
import { byteLengthOf, copyBytes, isMemory, plainView } from "../ffi/byte_views.ts";
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { type NativeIO, restoreIO, type SavedIO, saveIO } from "../ffi/native_io.ts";
import { flushIO, readIO, seekIO, sizeIONow, writeIO } from "../ffi/plain_io.ts";
import { type Host, Session } from "../ffi/session.ts";
import { bytesOf, checkBytes, checkInstance, checkInteger, className, MAX_INT32 } from "./arguments.ts";
import { attachBytes } from "./bytes.ts";
import { callbackNames, checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";

/** Default size of an I/O buffer in bytes. */
export const DEFAULT_BUFFER_SIZE = 65536;
const MAX_BUFFER_SIZE = 1 << 30;

/** Direction in which an I/O context is used; FFmpeg's `write_flag`. */
export type Use = "read" | "write";

/** Checks the size of an I/O buffer. */
export function checkBufferSize(size: number, name: string): number {
  return checkInteger(size, name, 1, MAX_BUFFER_SIZE);
}

/** Checks the callbacks; bytes in their place, which is easily mixed up, would be read by nobody. */
function checkOptions(options: IOCallbacks): void {
  if (isMemory(options)) {
    const problem = `must be an object with callbacks, is ${
      className(options)
    }; new IOContext(bytes) reads bytes`;
    throw argumentError(TypeError, "options", problem);
  }
  checkCallbacks(options, "options");
  checkInstance(options, callbackNames, "options", "callback");
}

/** The bytes or callbacks behind an IOContext. */
interface Backing {
  readonly bytes: Uint8Array | null;
  readonly callbacks: IOCallbacks;
  readonly bufferSize: number;
  readonly device: Device;
}

/**
 * Lends `context` to a host until that closes; its I/O context there.
 *
 * @param lend Native code may read its bytes in place, without a copy.
 */
export let lendIOContext: (context: IOContext, host: Host, use: Use, lend: boolean) => NativeIO;

/** An IOContext used directly keeps its native part until this many others have been used. */
const MAX_NATIVE = 8;
let native: WeakRef<IOContext>[] = [];
/**
 * Those used in this turn of the event loop, most recent last. They are not WeakRefs, because a WeakRef keeps its
 * target alive until the end of the turn: a loop over thousands of contexts would keep them all.
 */
let used: IOContext[] = [];

/** Frees the native part of an unused IOContext, keeping its position and buffered bytes. */
let park: (context: IOContext) => void;

/** Notes that the context has just been used directly. */
function keepNative(context: IOContext): void {
  if (used.at(-1) === context) return;
  if (used.length === 0) {
    used = native.flatMap((reference) => reference.deref() ?? []);
    queueMicrotask(endTurn);
  }
  used = [...used.filter((other) => other !== context), context];
  if (used.length > MAX_NATIVE) park(used.shift()!);
}

function endTurn(): void {
  native = used.map((context) => new WeakRef(context));
  used = [];
}

/**
 * `avio_alloc_context` as an object: media bytes, or callbacks with an I/O buffer, that a demuxer reads from or a muxer
 * writes to. It can also be read and written directly, without a container.
 *
 * It is used either for reading or for writing, depending on the first use. While a Demuxer or Muxer uses it, it is
 * locked; after that closes, it can be used again from the position where it was left.
 *
 * ```ts
 * import { constants, Demuxer, IOContext } from "@avio/avio";
 *
 * using file = Deno.openSync("fixtures/video.mp4");
 * using io = new IOContext(4096, {
 *   onread: (buffer) => file.readSync(buffer),
 *   onseek: (offset, whence) =>
 *     whence === constants.seek.SIZE ? file.statSync().size : file.seekSync(offset, whence),
 * });
 * using demuxer = Demuxer.openSync(io);
 * console.log(demuxer.streams.length); // 2
 * ```
 */
export class IOContext implements Disposable {
  #backing: Backing;
  /** Direction of the first use. */
  #use: Use | null = null;
  /** Its own session, for direct I/O. */
  #native: { session: Session; io: NativeIO } | null = null;
  /** Position and buffered bytes while it has no native part. */
  #saved: SavedIO | null = null;
  #inUse = false;
  #destroyed = false;

  /**
   * Creates an I/O context. Its native part is allocated on first use.
   *
   * @param buffer The media itself (read-only, seekable; not copied, so don't change it while it is in use), or the
   * size in bytes of the I/O buffer for the callbacks.
   * @param options `onread`, `onwrite`, `onseek`.
   * @throws {TypeError} `buffer` or a callback is of the wrong type, or there are both bytes and callbacks.
   * @throws {RangeError} The size is not a whole number from 1 to 2^30.
   */
  constructor(buffer: Uint8Array | ArrayBuffer | number, options: IOCallbacks = {}) {
    checkOptions(options);
    if (isMemory(buffer)) {
      if (Object.keys(callbackNames).some((name) => name in options)) {
        const problem =
          "an IOContext over bytes calls no callbacks; with callbacks, buffer is the size of theirs";
        throw argumentError(TypeError, "options", problem);
      }
      const bytes = bytesOf(buffer, "buffer");
      this.#backing = { bytes, callbacks: {}, bufferSize: DEFAULT_BUFFER_SIZE, device: {} };
    } else {
      const bufferSize = checkBufferSize(buffer, "buffer");
      this.#backing = { bytes: null, callbacks: options, bufferSize, device: deviceOf(options, bufferSize) };
    }
  }

  /** Size of the I/O buffer in bytes. */
  get bufferSize(): number {
    return this.#backing.bufferSize;
  }

  /** Whether it can be read: it has bytes, or `onread`. */
  get readable(): boolean {
    return this.#backing.bytes !== null || this.#backing.device.read !== undefined;
  }

  /** Whether it can be written: it has `onwrite`. */
  get writable(): boolean {
    return this.#backing.device.write !== undefined;
  }

  /** Whether it can seek: it has bytes, or `onseek`. */
  get seekable(): boolean {
    return this.#backing.bytes !== null || this.#backing.device.seek !== undefined;
  }

  /** Whether it was destroyed or transferred. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /**
   * Moves the bytes or callbacks, and buffered data, to a new IOContext. This one is destroyed.
   *
   * @returns The new IOContext.
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer.
   */
  transfer(): IOContext {
    this.#checkUsable("transfer");
    this.#park();
    const successor = new IOContext(this.#backing.bytes ?? this.#backing.bufferSize);
    successor.#backing = this.#backing;
    successor.#use = this.#use;
    successor.#saved = this.#saved;
    this.#destroyed = true;
    return successor;
  }

  /**
   * Frees the native part, like `avio_context_free`. Bytes that were written but not flushed are dropped. If a Demuxer
   * or Muxer uses it, it is freed when that closes; within one of its own callbacks, when that returns. Calling it
   * again does nothing.
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (this.#inUse) return;
    this.#native?.session.close();
    this.#native = null;
    this.#saved = null;
  }

  /** The same as {@linkcode destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /**
   * Reads bytes until `into` is full or the source ends, like `avio_read`.
   *
   * @param into Filled from its start.
   * @returns The number of bytes read, null at the end.
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer; or the exception of a callback.
   * @throws {AVError} It is busy, within one of its own callbacks (EBUSY), or reading failed.
   */
  readSync(into: Uint8Array): number | null {
    const length = byteLengthOf(checkBytes(into, "into"));
    // A callback could detach the caller's array while native code writes to it, but not this private one.
    const target = new Uint8Array(length);
    const read = this.#plain("read", "read", ({ session, io }) => readIO(session, io, target));
    if (byteLengthOf(into) < read) {
      throw argumentError(TypeError, "into", "was detached or resized by onread");
    }
    plainView(into).set(target.subarray(0, read));
    return read === 0 && length > 0 ? null : read;
  }

  /**
   * Appends `bytes` to the I/O buffer, which is written when it is full, like `avio_write`.
   *
   * @param bytes The bytes to write; copied.
   * @returns The number of bytes written: all of them.
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer; or the exception of a callback.
   * @throws {AVError} It is busy, within one of its own callbacks (EBUSY), or writing failed.
   */
  writeSync(bytes: Uint8Array): number {
    const data = copyBytes(checkBytes(bytes, "bytes")); // a callback can't detach a private copy
    this.#plain("write", "write", ({ session, io }) => writeIO(session, io, data));
    return data.length;
  }

  /**
   * Moves to `offset` bytes from the start, the current position or the end, like `avio_seek`.
   *
   * @param offset Bytes, may be negative.
   * @param whence One of `constants.seek`. @default {constants.seek.SET}
   * @returns The new position in bytes from the start; for `constants.seek.SIZE` the size, -1 if it is unknown.
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer; or the exception of a callback.
   * @throws {AVError} It can't seek there, or is busy (EBUSY).
   */
  seekSync(offset: number, whence: number = constants.seek.SET): number {
    checkInteger(offset, "offset");
    checkInteger(whence, "whence");
    const { SET, CUR, END, SIZE, FORCE } = constants.seek;
    const base = whence & ~FORCE; // of 32 bits: whence itself may be larger
    const isKnown = whence <= MAX_INT32 && [SET, CUR, END, SIZE].some((known) => known === base);
    if (isKnown && base === SIZE) return this.sizeSync() ?? -1;
    if (!isKnown) {
      throw argumentError(RangeError, "whence", `must be one of constants.seek, is ${whence}`);
    }
    return this.#plain("seek", this.#defaultUse, ({ session, io }) => seekIO(session, io, offset, base));
  }

  /**
   * The size in bytes, like `avio_size`.
   *
   * @returns The size, null if it is unknown.
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer; or the exception of a callback.
   */
  sizeSync(): number | null {
    if (!this.seekable) {
      this.#checkUsable("get the size");
      return null;
    }
    return this.#plain("get the size", this.#defaultUse, ({ session, io }) => sizeIONow(session, io));
  }

  /**
   * Writes what is in the I/O buffer, like `avio_flush`.
   *
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer; or the exception of a callback.
   * @throws {AVError} It is busy (EBUSY), or writing failed.
   */
  flushSync(): void {
    this.#plain("flush", this.#defaultUse, ({ session, io }) => flushIO(session, io));
  }

  get #defaultUse(): Use {
    return this.#use ?? (this.readable ? "read" : "write");
  }

  /** Runs direct I/O in the context's own session. */
  #plain<T>(phrase: string, use: Use, operation: (native: { session: Session; io: NativeIO }) => T): T {
    this.#checkUsable(phrase);
    this.#checkUse(use);
    if (!this.#native) {
      const session = new Session("IOContext");
      this.#native = { session, io: this.#addTo(session, use, true) };
    }
    keepNative(this);
    return operation(this.#native);
  }

  /** Adds an I/O context to the host, at the position of this one. */
  #addTo(host: Host, use: Use, lend: boolean): NativeIO {
    const { bytes, device, bufferSize } = this.#backing;
    // Pending writes and a full buffer together may exceed the buffer size.
    const size = use === "write" ? Math.max(bufferSize, this.#saved?.buffered.length ?? 0) : bufferSize;
    const io = bytes
      ? attachBytes(host, bytes, size, { lend, isFresh: !this.#saved })
      : host.addDevice({ ...device }, { use }, size);
    if (this.#saved) restoreIO(io, this.#saved);
    this.#saved = null;
    this.#use = use;
    return io;
  }

  #park(): void {
    if (!this.#native) return;
    const { session, io } = this.#native;
    if (!session.hasEnded) this.#saved = this.#save(io);
    session.close();
    this.#native = null;
  }

  /** Saves position and buffered bytes; an IOContext over bytes needs no copy of the latter. */
  #save(io: NativeIO): SavedIO {
    const saved = saveIO(io, this.#use!);
    return this.#backing.bytes ? { ...saved, buffered: new Uint8Array(0) } : saved;
  }

  #checkUse(use: Use): void {
    if (this.#use !== null && this.#use !== use) {
      throw new TypeError(`Cannot ${use}: this IOContext is used to ${this.#use}`);
    }
    if (use === "read" ? !this.readable : !this.writable) {
      throw new TypeError(`Cannot ${use}: this IOContext has no on${use} callback`);
    }
  }

  #checkUsable(doing: string): void {
    if (this.#destroyed) throw new Error(`Cannot ${doing}: this IOContext is destroyed`);
    if (this.#inUse) throw new Error(`Cannot ${doing}: this IOContext is in use by a Demuxer or Muxer`);
  }

  static {
    park = (context) => context.#park();
    lendIOContext = (context, host, use, lend) => {
      context.#checkUsable(use);
      context.#checkUse(use);
      context.#park();
      const io = context.#addTo(host, use, lend);
      context.#inUse = true;
      host.defer(() => {
        context.#inUse = false;
        if (!context.#destroyed) context.#saved = context.#save(io);
      });
      return io;
    };
  }
}
