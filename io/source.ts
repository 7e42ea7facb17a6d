/**
 * Source: everything media can be read from, and how each becomes an I/O context of a session. Who opened what
 * closes it: a file opened here is closed with the session, one that the caller gave stays open.
 */
import { constants } from "../ffi/constants.ts";
import { type Operation, step } from "../ffi/operation.ts";
import type { Device } from "../ffi/device.ts";
import { checkStillThere, type Session } from "../ffi/session.ts";
import { IOFlag } from "../ffi/symbols.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { asBytes, IOContext, lendIOContext, returnIOContext } from "./io_context.ts";

/**
 * What media is read from. A path or file: URL is opened by `Deno.open` under the caller's permissions; a
 * `Deno.FsFile` is read from its start and stays open; an IOContext is in use until the reader closes.
 */
export type Source =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Deno.FsFile
  | IOCallbacks
  | IOContext;

/** A source or sink that is open in a session. */
export interface Attachment {
  /** Handle of its I/O context. */
  readonly io: number;
  /** What it is called, "" where it has no name. */
  readonly url: string;
  /** Takes back what must outlive the session, and closes what was opened; before the session closes. */
  release(): void;
}

/**
 * Opens a source in a session. Bytes are read where they are, where `lend` says that no callback can run meanwhile
 * and take them away.
 */
export function* openSource(
  session: Session,
  source: Source,
  bufferSize: number,
  lend: boolean,
): Operation<Attachment> {
  if (typeof source === "string" || source instanceof URL) {
    const path = pathOf(source, "source");
    const file = yield* step(() => openFile(path));
    return attachFile(session, file, IOFlag.READ, bufferSize, { path, owned: true });
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = asBytes(source);
    const io = lend
      ? session.addMemoryInput(bytes, bufferSize)
      : session.addDevice(memoryDevice(bytes), IOFlag.READ, bufferSize);
    return { io, url: "", release() {} };
  }
  if (source instanceof IOContext) {
    return attachIOContext(session, source, "read");
  }
  if (source instanceof Deno.FsFile) {
    return attachFile(session, source, IOFlag.READ, bufferSize, { path: "", owned: false });
  }
  refuseAsync(source);
  checkCallbacks(source as IOCallbacks, "source");
  if (!(source as IOCallbacks).onread) {
    throw new TypeError(
      "source: must be a path, URL, bytes, Deno.FsFile, IOContext, or an object with an onread function",
    );
  }
  return attachCallbacks(session, source as IOCallbacks, IOFlag.READ, bufferSize);
}

/** A directory can be opened, and its error on reading names nothing. */
function openFile(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { read: true });
  if (!file.statSync().isDirectory) return file;
  file.close();
  throw new Deno.errors.IsADirectory(`source: ${path} is a directory`);
}

function refuseAsync(source: unknown): void {
  const kind = source instanceof Blob
    ? "a Blob"
    : source instanceof Response
    ? "a Response"
    : source instanceof ReadableStream
    ? "a ReadableStream"
    : typeof source === "object" && source !== null && Symbol.asyncIterator in source
    ? "an AsyncIterable"
    : null;
  if (kind) throw new TypeError(`source: ${kind} can't be read synchronously, use open`);
}

/** Bytes as a device: each piece is copied before anyone else can touch them. */
export function memoryDevice(bytes: Uint8Array): Device {
  const { byteLength } = bytes;
  let position = 0;
  return {
    // deno-lint-ignore require-yield
    *read(size) {
      checkStillThere(bytes, byteLength);
      const chunk = bytes.subarray(position, position + size);
      position += chunk.length;
      return chunk.length === 0 ? null : chunk;
    },
    // deno-lint-ignore require-yield
    *seek(offset, whence) {
      if (whence === constants.seek.SIZE) return byteLength;
      return position = whence === constants.seek.END ? byteLength + offset : offset;
    },
  };
}

/** The path that a string or URL names. */
export function pathOf(place: string | URL, name: string): string {
  const text = String(place);
  if (/^https?:/i.test(text)) {
    throw new TypeError(`${name}: ${text} can't be opened synchronously, use open`);
  }
  if (/^file:/i.test(text)) return decodeURIComponent(new URL(text).pathname);
  if (place instanceof URL) throw new TypeError(`${name}: ${text} is neither a file: nor an http(s): URL`);
  if (text === "" || text.includes("\0")) {
    throw new TypeError(`${name}: must be a path, is ${JSON.stringify(text)}`);
  }
  return text;
}

/** Gives an IOContext to a session until it closes. */
export function attachIOContext(session: Session, context: IOContext, use: "read" | "write"): Attachment {
  return {
    io: lendIOContext(context, session, use),
    url: "",
    release: () => returnIOContext(context, session),
  };
}

/** The user's callbacks as an I/O context. */
export function attachCallbacks(
  session: Session,
  callbacks: IOCallbacks,
  flags: number,
  bufferSize: number,
): Attachment {
  const io = session.addDevice(deviceOf(callbacks, bufferSize), flags, bufferSize);
  return { io, url: "", release() {} };
}

/** A file as an I/O context; closed with it where it is owned. */
export function attachFile(
  session: Session,
  file: Deno.FsFile,
  flags: number,
  bufferSize: number,
  { path, owned }: { path: string; owned: boolean },
): Attachment {
  const device = fileDevice(file);
  const io = session.addDevice(device, flags, bufferSize);
  return { io, url: path, release: () => owned && file.close() };
}

/** Pipes and terminals have no positions. What has them is used from its start. */
function fileDevice(file: Deno.FsFile): Device {
  const callbacks: IOCallbacks = {
    onread: (buffer) => file.readSync(buffer),
    onwrite: (buffer) => file.writeSync(buffer),
  };
  if (canSeek(file)) {
    callbacks.onseek = (offset, whence) =>
      whence === constants.seek.SIZE ? sizeOf(file) : file.seekSync(offset, whence);
  }
  return deviceOf(callbacks, 0);
}

function canSeek(file: Deno.FsFile): boolean {
  try {
    file.seekSync(0, Deno.SeekMode.Start);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) throw error; // closed
    return false;
  }
}

/** By seeking: `stat` would need read permission where only writing is allowed. */
function sizeOf(file: Deno.FsFile): number {
  const position = file.seekSync(0, Deno.SeekMode.Current);
  const size = file.seekSync(0, Deno.SeekMode.End);
  file.seekSync(position, Deno.SeekMode.Start);
  return size;
}
