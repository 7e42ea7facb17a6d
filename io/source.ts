/**
 * Source: everything that media can be read from, and how each kind becomes an I/O context of a host. Whoever opened a
 * file closes it: a file opened here is closed with the session, one that the caller passed stays open; a stream is
 * cancelled unless it was read to its end.
 */
import { isMemory } from "../ffi/byte_views.ts";
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { attachSourceFile, openSourceFile, pathIn, stdinDevice } from "./file.ts";
import { files } from "./files.ts";
import { type HttpOptions, isHttp, type NestedHttp } from "./http.ts";
import { attachHttp } from "./http_source.ts";
import type { Attachment } from "./attachment.ts";
import { bytesOf, isObject, kindOf } from "./arguments.ts";
import { attachBytes } from "./bytes.ts";
import { IOContext, lendIOContext } from "./io_context.ts";
import { isNodeReadable, nodeReadableDevice } from "./node_stream.ts";
import type { OpenedFile, StandardInput } from "./opened_file.ts";
import { blobDevice, isBlob, isResponse, isStream, iterableDevice, streamDevice } from "./stream.ts";

/**
 * What media is read from. A path or file: URL is opened, an http(s): URL is fetched, under the program's permissions.
 * A file that the program has opened (`Deno.FsFile`, Node's `FileHandle`) is read from its start and stays open,
 * standard input (`Deno.stdin`, Node's `process.stdin`) from its current position. A stream, also Node's `Readable`, is
 * cancelled if the reader closes before its end; of a request that a server has received, the rest is read and ignored, so that
 * it can be answered. An IOContext is in use until the reader closes. `Bun.file(path)`
 * stands for its path.
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
  | OpenedFile
  | StandardInput
  | IOCallbacks
  | IOContext;

/** How a source is opened. */
export interface ReadOptions {
  bufferSize: number;
  /** Whether bytes may be read in place: no callback can run meanwhile and detach them. */
  lend: boolean;
  http?: HttpOptions | undefined;
  /** Options of a source that another source names, not the program. */
  nested?: NestedHttp | undefined;
  /** Read back by the muxer that wrote it: a file may still be open for writing. */
  isReadBack?: boolean | undefined;
}

/** Opens a source in a host. */
export function* openSource(host: Host, source: Source, options: ReadOptions): Operation<Attachment> {
  const { bufferSize, lend } = options;
  if (isHttp(source)) return yield* attachHttp(host, String(source), options);
  const path = pathIn(source, "source");
  if (path !== null) {
    return { io: yield* openSourceFile(host, path, options), url: path };
  }
  if (isMemory(source)) {
    const isLent = lend && !(yield* canWait());
    return { io: attachBytes(host, bytesOf(source, "source"), bufferSize, { lend: isLent }), url: "" };
  }
  if (source instanceof IOContext) {
    const isLent = lend && !(yield* canWait());
    return { io: lendIOContext(source, host, "read", isLent), url: "" };
  }
  const file = files.opened(source);
  if (file) return { io: yield* attachSourceFile(host, file, options), url: "" };
  const kind = asyncKind(source);
  if (files.isStdin(source) && !(kind !== null && (yield* canWait()))) {
    return { io: host.addDevice(stdinDevice(), { use: "read" }, bufferSize), url: "" };
  }
  if (kind === null) {
    return {
      io: host.addDevice(callbackDevice(source as IOCallbacks, bufferSize), { use: "read" }, bufferSize),
      url: "",
    };
  }
  if (!(yield* canWait())) {
    throw argumentError(TypeError, "source", `${kind} can't be read synchronously, use open`);
  }
  const device = asyncDevice(host, source as AsyncSource);
  return { io: host.addDevice(device, { use: "read" }, bufferSize), url: "" };
}

type AsyncSource = Blob | Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** The kind of a source that can only be read asynchronously, null for others. */
function asyncKind(source: unknown): string | null {
  if (isBlob(source)) return "a Blob";
  if (isResponse(source)) return "a Response";
  if (isStream(source)) return "a ReadableStream";
  if (isNodeReadable(source)) return "a Readable";
  const isIterable = typeof source === "object" && source !== null && Symbol.asyncIterator in source;
  return isIterable ? "an AsyncIterable" : null;
}

/** Bytes: no Blob is larger. */
const MAX_BLOB = 2 ** 50;

function asyncDevice(host: Host, source: AsyncSource): Device {
  if (isBlob(source)) {
    // Bun does not know the size of a file in S3, and of some parts of files.
    return source.size <= MAX_BLOB ? blobDevice(source) : streamDevice(host, source.stream());
  }
  if (isResponse(source)) {
    if (!source.body) throw argumentError(TypeError, "source", "is a Response without a body");
    return streamDevice(host, source.body);
  }
  if (isStream(source)) return streamDevice(host, source);
  return isNodeReadable(source) ? nodeReadableDevice(host, source) : iterableDevice(host, source);
}

function callbackDevice(callbacks: IOCallbacks, bufferSize: number): Device {
  if (isObject(callbacks)) {
    checkCallbacks(callbacks, "source");
    if (callbacks.onread) return deviceOf(callbacks, bufferSize);
  }
  throw argumentError(
    TypeError,
    "source",
    "must be a path, URL, bytes, Blob, Response, stream, AsyncIterable, open file, standard input, IOContext, " +
      `or an object with an onread function, is ${kindOf(callbacks)}`,
  );
}
