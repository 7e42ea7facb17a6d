/**
 * IOContext: `avio_alloc_context` as a value. Its native part is made at first use, in a session of its own for
 * plain I/O, or in the session of the demuxer or muxer it is given to.
 */
import { constants } from "../ffi/constants.ts";
import { runSync } from "../ffi/operation.ts";
import type { Device } from "../ffi/device.ts";
import { type Host, Session } from "../ffi/session.ts";
import { IOFlag, type OperationCode, operations } from "../ffi/symbols.ts";
import { checkBytes, checkInteger } from "./arguments.ts";
import { asBytes, memoryDevice } from "./bytes.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";

/** Bytes of an I/O buffer where nothing else is said. */
export const DEFAULT_BUFFER_SIZE = 65536;
const MAX_BUFFER_SIZE = 1 << 30;

/** Which way an I/O context is used; FFmpeg's `write_flag`. */
export type Use = "read" | "write";

/** Checks a size of an I/O buffer. */
export function checkBufferSize(size: number, name: string): number {
  return checkInteger(size, name, 1, MAX_BUFFER_SIZE);
}

/** Where the media comes from, or goes to. */
interface Backing {
  readonly bytes: Uint8Array | null;
  readonly callbacks: IOCallbacks;
  readonly bufferSize: number;
  readonly device: Device;
}

/** Moves the native part of `context` into `session` until that closes; its handle there. `waits`: the async engine. */
export let lendIOContext: (context: IOContext, host: Host, use: Use, waits: boolean) => number;

/**
 * `avio_alloc_context` as a value: media bytes, or callbacks with an I/O buffer, that a demuxer reads from or a
 * muxer writes to. It can also be read and written by itself, without a container.
 *
 * It is used for reading or for writing, whichever comes first. Given to a Demuxer or Muxer it is theirs until
 * they close, and stays usable afterwards, from where they left it.
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
  #native: { session: Session; io: number; use: Use } | null = null;
  #inUse = false;
  #destroyed = false;

  /**
   * Makes an I/O context; its native part is made at first use.
   *
   * @param buffer The media itself (read-only, seekable; not copied, so don't change it meanwhile), or the size in
   * bytes of the I/O buffer for the callbacks.
   * @param options `onread`, `onwrite`, `onseek`.
   * @throws {TypeError} `buffer` or a callback is of the wrong type.
   * @throws {RangeError} The size is not a whole number from 1 to 2^30.
   */
  constructor(buffer: Uint8Array | ArrayBuffer | number, options: IOCallbacks = {}) {
    checkCallbacks(options, "options");
    if (buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer)) {
      const bytes = asBytes(buffer);
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

  /** Has bytes, or `onread`. */
  get readable(): boolean {
    return this.#backing.bytes !== null || this.#backing.device.read !== undefined;
  }

  /** Has `onwrite`. */
  get writable(): boolean {
    return this.#backing.device.write !== undefined;
  }

  /** Has bytes, or `onseek`. */
  get seekable(): boolean {
    return this.#backing.bytes !== null || this.#backing.device.seek !== undefined;
  }

  /** Whether it was destroyed, or handed on by `transfer()`. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /**
   * Hands the bytes or callbacks, with what is buffered, to a new IOContext; this one becomes destroyed.
   *
   * @throws {Error} It is destroyed, or in use by a Demuxer or Muxer.
   */
  transfer(): IOContext {
    this.#checkUsable("transfer");
    const successor = new IOContext(this.#backing.bytes ?? this.#backing.bufferSize);
    successor.#backing = this.#backing;
    successor.#native = this.#native;
    this.#native = null;
    this.#destroyed = true;
    return successor;
  }

  /**
   * Frees the native part; `avio_context_free`. What was written and not flushed is dropped. In use by a Demuxer or
   * Muxer: when that one closes. Inside one of its own callbacks: when native code is out. Again: does nothing.
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (!this.#inUse) this.#free();
  }

  /** The same as {@linkcode destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /**
   * Reads into `into`, as many bytes as fit or as there are; `avio_read`.
   *
   * @returns How many bytes, null at the end.
   */
  readSync(into: Uint8Array): number | null {
    const { length } = checkBytes(into, "into");
    // A callback could detach the caller's array while native code writes to it, but not one it doesn't know.
    const target = this.#backing.bytes ? into : new Uint8Array(length);
    const read = this.#run(operations.ioRead, "read", target)[1]!;
    if (target !== into) {
      if (into.length < read) throw new TypeError("into: was detached or resized by onread");
      into.set(target.subarray(0, read));
    }
    return read === 0 && length > 0 ? null : read;
  }

  /**
   * Puts `bytes` into the I/O buffer, and writes what does not fit; `avio_write`.
   *
   * @returns How many bytes: all of them.
   */
  writeSync(bytes: Uint8Array): number {
    const data = checkBytes(bytes, "bytes").slice(); // a callback can't detach what it doesn't know
    this.#run(operations.ioWrite, "write", data);
    return data.length;
  }

  /**
   * Moves to `offset` from the start, the current position or the end; `avio_seek`.
   *
   * @param whence One of `constants.seek`. @default {constants.seek.SET}
   * @returns The new position from the start.
   */
  seekSync(offset: number, whence: number = constants.seek.SET): number {
    checkInteger(offset, "offset");
    checkInteger(whence, "whence");
    const { SET, CUR, END, SIZE, FORCE } = constants.seek;
    const base = whence & ~FORCE;
    if (base === SIZE) return this.sizeSync() ?? -1;
    if (base !== SET && base !== CUR && base !== END) {
      throw new RangeError(`whence: must be one of constants.seek, is ${whence}`);
    }
    return this.#run(operations.ioSeek, this.#defaultUse(), null, offset, base)[1]!;
  }

  /** The size in bytes, null where it can't be told; `avio_size`. */
  sizeSync(): number | null {
    if (!this.seekable) {
      this.#checkUsable("tell the size");
      return null;
    }
    const { session, io } = this.#prepare(operations.ioSize, this.#defaultUse());
    session.slot.set([0, io]);
    const failure = runSync(session.attempt(operations.ioSize));
    if (failure?.final) throw failure.error;
    return failure ? null : session.slot[1]!;
  }

  /** Writes what is in the buffer; `avio_flush`. */
  flushSync(): void {
    this.#run(operations.ioFlush, this.#defaultUse(), null);
  }

  #defaultUse(): Use {
    return this.#native?.use ?? (this.readable ? "read" : "write");
  }

  #run(operation: OperationCode, use: Use, data: Uint8Array | null, ...numbers: number[]): Float64Array {
    const { session, io } = this.#prepare(operation, use);
    session.slot.set([0, io, ...numbers]);
    runSync(session.run(operation, data));
    return session.slot;
  }

  #prepare(operation: OperationCode, use: Use): { session: Session; io: number } {
    this.#checkUsable(operation.phrase);
    return this.#acquireNative(use);
  }

  #acquireNative(use: Use): { session: Session; io: number; use: Use } {
    if (this.#native) {
      if (this.#native.use !== use) {
        throw new TypeError(`Cannot ${use}: this IOContext is used to ${this.#native.use}`);
      }
      return this.#native;
    }
    const session = new Session();
    return this.#native = { session, io: this.#addTo(session, use), use };
  }

  #addTo(session: Host, use: Use, waits = false): number {
    const { bytes, device, bufferSize } = this.#backing;
    if (use === "read" ? !this.readable : !this.writable) {
      throw new TypeError(`Cannot ${use}: this IOContext has no on${use} callback`);
    }
    if (bytes && waits) return session.addDevice(memoryDevice(bytes), IOFlag.READ, bufferSize);
    if (bytes) return session.addMemoryInput(bytes, bufferSize);
    return session.addDevice(device, use === "read" ? IOFlag.READ : IOFlag.WRITE, bufferSize);
  }

  #checkUsable(doing: string): void {
    if (this.#destroyed) throw new Error(`Cannot ${doing}: this IOContext is destroyed`);
    if (this.#inUse) throw new Error(`Cannot ${doing}: this IOContext is in use by a Demuxer or Muxer`);
  }

  #free(): void {
    this.#native?.session.close();
    this.#native = null;
  }

  static {
    lendIOContext = (context, session, use, waits) => {
      context.#checkUsable(use);
      if (!(session instanceof Session)) return context.#lendNested(session, use);
      if (context.#native && waits && context.#backing.bytes) {
        throw new TypeError(`Cannot ${use}: this IOContext over bytes was used synchronously`);
      }
      const native = context.#native ? context.#acquireNative(use) : null;
      const io = native ? session.attach(native.io, native.session) : context.#addTo(session, use, waits);
      context.#native = { session: native?.session ?? new Session(), io, use };
      context.#inUse = true;
      session.defer(() => context.#takeBack(session));
      return io;
    };
  }

  /** As a nested one: libavformat frees what is native, so only the callbacks are lent. */
  #lendNested(host: Host, use: Use): number {
    if (this.#native) throw new TypeError(`Cannot ${use}: this IOContext has been used before`);
    this.#inUse = true;
    host.defer(() => void (this.#inUse = false));
    return this.#addTo(host, use, true);
  }

  #takeBack(from: Session): void {
    this.#inUse = false;
    if (this.#destroyed) this.#free();
    else this.#native = { ...this.#native!, io: this.#native!.session.attach(this.#native!.io, from) };
  }
}
