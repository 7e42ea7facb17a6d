/**
 * Sink: everything that media can be written to, and how each kind becomes an I/O context of a host. The rules for
 * closing are those of sources.
 */
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import { isObject, kindOf } from "./arguments.ts";
import type { Attachment } from "./attachment.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { attachSinkFile, openSinkFile, pathIn, SharedFile } from "./file.ts";
import { files } from "./files.ts";
import { isHttp } from "./http.ts";
import { IOContext, lendIOContext } from "./io_context.ts";
import { MemorySink, openMemorySink } from "./memory_sink.ts";
import { isNodeWritable, NodeSink } from "./node_stream.ts";
import type { BunFile, NodeWritable, OpenedFile } from "./opened_file.ts";
import { PositionedDevice, type PositionedSink, positionedStream } from "./positioned_sink.ts";
import { isWritable, StreamSink } from "./stream.ts";

/**
 * What media is written to. A path or file: URL is created or truncated, under the program's permissions. A file that
 * the program has opened (`Deno.FsFile`, Node's `FileHandle`) is written from its start and stays open; for
 * `faststart`, which rereads the output, it must also be open for reading. A WritableStream, or a `Writable` of Node,
 * is closed after the trailer. A `FileSystemWritableFileStream` and a {@linkcode PositionedSink} can seek. An IOContext
 * is in use until the writer closes. `Bun.file(path)` stands for its path.
 *
 * A file that is also a source of the same call is a TypeError before anything is overwritten. Files are compared by
 * device and inode with all sources that are files or standard input, and with files that their playlists, manifests
 * and scripts name (in their first MiB). Sinks without read permission, and files behind callbacks and streams, can't
 * be compared.
 */
export type Sink =
  | string
  | URL
  | WritableStream<Uint8Array>
  | PositionedSink
  | OpenedFile
  | NodeWritable
  | BunFile
  | IOCallbacks
  | IOContext
  | MemorySink;

/** How writes reach the sink. */
export interface WriteOptions {
  bufferSize: number;
  /** Whether to combine small writes. */
  coalesce: boolean;
}

/** The name of a sink, "" if it has none. */
export function sinkUrl(sink: Sink): string {
  if (isHttp(sink)) throw argumentError(TypeError, "sink", `${sink} can't be written to`);
  return pathIn(sink, "sink") ?? "";
}

/** Opens a sink in a host. */
export function* openSink(
  host: Host,
  sink: Sink | SharedFile,
  options: WriteOptions,
): Operation<Attachment> {
  const { bufferSize, coalesce } = options;
  const use = { use: "write", direct: !coalesce } as const;
  const path = sinkUrl(sink as Sink);
  if (path !== "") return yield* openSinkFile(host, path, { use, bufferSize });
  if (sink instanceof MemorySink) return { io: openMemorySink(sink, host, use, bufferSize), url: "" };
  if (sink instanceof IOContext) {
    return { io: lendIOContext(sink, host, "write", false), url: "" };
  }
  const file = files.opened(sink);
  if (file) {
    return { io: yield* attachSinkFile(host, SharedFile.of(file), { use, bufferSize }), url: "" };
  }
  if (sink instanceof SharedFile) {
    return { io: yield* attachSinkFile(host, sink, { use, bufferSize }), url: "" };
  }
  const positioned = positionedStream(sink);
  if (positioned) {
    if (!(yield* canWait())) {
      throw argumentError(TypeError, "sink", "a WritableStream can't be written synchronously, use open");
    }
    const device = new PositionedDevice(host, positioned);
    return { io: host.addDevice(device, use, bufferSize), url: "", finish: () => device.finish() };
  }
  const isNode = isNodeWritable(sink);
  if (isNode || isWritable(sink)) {
    if (!(yield* canWait())) {
      const kind = isNode ? "Writable" : "WritableStream";
      throw argumentError(TypeError, "sink", `a ${kind} can't be written synchronously, use open`);
    }
    const chunks = isNode ? new NodeSink(host, sink) : new StreamSink(host, sink);
    const device = { write: (bytes: Uint8Array<ArrayBuffer>) => chunks.put(bytes) };
    return { io: host.addDevice(device, use, bufferSize), url: "", finish: () => chunks.finish() };
  }
  return { io: host.addDevice(callbackDevice(sink as IOCallbacks, bufferSize), use, bufferSize), url: "" };
}

function callbackDevice(callbacks: IOCallbacks, bufferSize: number): Device {
  if (isObject(callbacks)) {
    checkCallbacks(callbacks, "sink");
    if (callbacks.onwrite) return deviceOf(callbacks, bufferSize);
  }
  throw argumentError(
    TypeError,
    "sink",
    "must be a path, URL, WritableStream, open file, IOContext, MemorySink, " +
      `or an object with an onwrite function, is ${kindOf(callbacks)}`,
  );
}
