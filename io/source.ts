/**
 * Source: everything media can be read from, and how each becomes an I/O context of a host. Who opened what
 * closes it: a file opened here is closed with the session, one that the caller gave stays open; a stream is
 * cancelled unless it was read to its end.
 */
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { attachSourceFile, openSourceFile, pathOf, stdinDevice } from "./file.ts";
import { type HttpOptions, isHttp, type NestedHttp } from "./http.ts";
import { attachHttp } from "./http_source.ts";
import type { Attachment } from "./attachment.ts";
import { asBytes, attachBytes } from "./bytes.ts";
import { IOContext, lendIOContext } from "./io_context.ts";
import { blobDevice, iterableDevice, streamDevice } from "./stream.ts";

/**
 * What media is read from. A path or file: URL is opened by `Deno.open`, an http(s): URL by `fetch`, under the
 * caller's permissions; a `Deno.FsFile` is read from its start and stays open, `Deno.stdin` from where it is; a stream is
 * cancelled when the reader closes before its end; an IOContext is in use until the reader closes.
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
  | typeof Deno.stdin
  | IOCallbacks
  | IOContext;

/** How a source is opened. */
export interface ReadOptions {
  bufferSize: number;
  /** Bytes may be read where they are: no callback can run meanwhile and take them away. */
  lend: boolean;
  http?: HttpOptions | undefined;
  /** It is named by another source, not by the program. */
  nested?: NestedHttp | undefined;
  /** By a muxer that wrote it: a file may be open to be written. */
  isReadBack?: boolean | undefined;
}

/** Opens a source in a host. */
export function* openSource(host: Host, source: Source, options: ReadOptions): Operation<Attachment> {
  const { bufferSize, lend } = options;
  if (isHttp(source)) return yield* attachHttp(host, String(source), options);
  if (typeof source === "string" || source instanceof URL) {
    const path = pathOf(source, "source");
    return { io: yield* openSourceFile(host, path, options), url: path };
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const isLent = lend && !(yield* canWait());
    return { io: attachBytes(host, asBytes(source), bufferSize, isLent), url: "" };
  }
  if (source instanceof IOContext) {
    const isLent = lend && !(yield* canWait());
    return { io: lendIOContext(source, host, "read", isLent), url: "" };
  }
  if (source instanceof Deno.FsFile) {
    return { io: yield* attachSourceFile(host, source, options), url: "" };
  }
  if (source === Deno.stdin) {
    return { io: host.addDevice(stdinDevice(), { use: "read" }, bufferSize), url: "" };
  }
  const kind = asyncKind(source);
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

/** What a source that is asynchronous by nature is called, null for the others. */
function asyncKind(source: unknown): string | null {
  if (source instanceof Blob) return "a Blob";
  if (source instanceof Response) return "a Response";
  if (source instanceof ReadableStream) return "a ReadableStream";
  const isIterable = typeof source === "object" && source !== null && Symbol.asyncIterator in source;
  return isIterable ? "an AsyncIterable" : null;
}

function asyncDevice(host: Host, source: AsyncSource): Device {
  if (source instanceof Blob) return blobDevice(source);
  if (source instanceof Response) {
    if (!source.body) throw argumentError(TypeError, "source", "a Response without a body");
    return streamDevice(host, source.body);
  }
  return source instanceof ReadableStream ? streamDevice(host, source) : iterableDevice(host, source);
}

function callbackDevice(callbacks: IOCallbacks, bufferSize: number): Device {
  checkCallbacks(callbacks, "source");
  if (callbacks.onread) return deviceOf(callbacks, bufferSize);
  throw argumentError(
    TypeError,
    "source",
    "must be a path, URL, bytes, Blob, Response, stream, Deno.FsFile, Deno.stdin, IOContext, " +
      "or an object with an onread function",
  );
}
