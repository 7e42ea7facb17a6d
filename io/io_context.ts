/**
 * IOContext: `avio_alloc_context` as a value. Its native part is made when it is used, in a session of its own for plain
 * I/O, or in the session of the demuxer or muxer that it is given to; between two uses only where it stands is kept.
 */
import { byteLengthOf, copyBytes, plainView } from "../ffi/byte_views.ts";
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { type NativeIO, restoreIO, type SavedIO, saveIO } from "../ffi/native_io.ts";
import { flushIO, readIO, seekIO, sizeIONow, writeIO } from "../ffi/plain_io.ts";
import { type Host, Session } from "../ffi/session.ts";
import { checkBytes, checkInteger } from "./arguments.ts";
import { asBytes, attachBytes } from "./bytes.ts";
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

/**
 * Lends `context` to a host until that closes; its I/O context there.
 *
 * @param lend Native code may read its bytes where they are.
 */
export let lendIOContext: (context: IOContext, host: Host, use: Use, lend: boolean) => NativeIO;

/** IOContexts that are used by themselves keep what is native of them until as many others have been used. */
const MAX_NATIVE = 8;
let native: WeakRef<IOContext>[] = [];
/**
 * Those of them in this turn of the event loop, the last one last. Until it is over a WeakRef would keep whatever it was made
 * for: a loop that uses thousands would keep them all.
 */
let used: IOContext[] = [];

/** Frees what is native of an IOContext that nobody uses, and keeps where it stands. */
let park: (context: IOContext) => void;

/** The context was used by itself just now. */
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
  /** Which way it is used, once it was. */
  #use: Use | null = null;
  /** Its own session, for plain I/O. */
  #native: { session: Session; io: NativeIO } | null = null;
  /** Where it stands while nothing of it is native. */
  #saved: SavedIO | null = null;
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
    this.#park();
    const successor = new IOContext(this.#backing.bytes ?? this.#backing.bufferSize);
    successor.#backing = this.#backing;
    successor.#use = this.#use;
    successor.#saved = this.#saved;
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
   * Reads into `into`, as many bytes as fit or as there are; `avio_read`.
   *
   * @returns How many bytes, null at the end.
   */
  readSync(into: Uint8Array): number | null {
    const length = byteLengthOf(checkBytes(into, "into"));
    // A callback could detach the caller's array while native code writes to it, but not one it doesn't know.
    const target = new Uint8Array(length);
    const read = this.#plain("read", "read", ({ session, io }) => readIO(session, io, target));
    if (byteLengthOf(into) < read) {
      throw argumentError(TypeError, "into", "was detached or resized by onread");
    }
    plainView(into).set(target.subarray(0, read));
    return read === 0 && length > 0 ? null : read;
  }

  /**
   * Puts `bytes` into the I/O buffer, and writes what does not fit; `avio_write`.
   *
   * @returns How many bytes: all of them.
   */
  writeSync(bytes: Uint8Array): number {
    const data = copyBytes(checkBytes(bytes, "bytes")); // a callback can't detach what it doesn't know
    this.#plain("write", "write", ({ session, io }) => writeIO(session, io, data));
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
      throw argumentError(RangeError, "whence", `must be one of constants.seek, is ${whence}`);
    }
    return this.#plain("seek", this.#defaultUse, ({ session, io }) => seekIO(session, io, offset, base));
  }

  /** The size in bytes, null where it can't be told; `avio_size`. */
  sizeSync(): number | null {
    if (!this.seekable) {
      this.#checkUsable("tell the size");
      return null;
    }
    return this.#plain("tell the size", this.#defaultUse, ({ session, io }) => sizeIONow(session, io));
  }

  /** Writes what is in the buffer; `avio_flush`. */
  flushSync(): void {
    this.#plain("flush", this.#defaultUse, ({ session, io }) => flushIO(session, io));
  }

  get #defaultUse(): Use {
    return this.#use ?? (this.readable ? "read" : "write");
  }

  /** Plain I/O, in a session of its own. */
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

  /** A new I/O context of the host, which stands where this one stood. */
  #addTo(host: Host, use: Use, lend: boolean): NativeIO {
    const { bytes, device, bufferSize } = this.#backing;
    // Of writes that were left behind and of a full buffer more may wait than the buffer holds.
    const size = use === "write" ? Math.max(bufferSize, this.#saved?.buffered.length ?? 0) : bufferSize;
    const io = bytes ? attachBytes(host, bytes, size, lend) : host.addDevice({ ...device }, { use }, size);
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

  /** Bytes of the program's need no copy of what is buffered. */
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
