/**
 * Sink: everything media can be written to, and how each becomes an I/O context of a host. What holds for
 * sources about closing holds here too.
 */
import { argumentError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import type { Attachment } from "./attachment.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { attachSinkFile, openSinkFile, pathIn, SharedFile } from "./file.ts";
import { files } from "./files.ts";
import { isHttp } from "./http.ts";
import { IOContext, lendIOContext } from "./io_context.ts";
import { MemorySink, openMemorySink } from "./memory_sink.ts";
import type { BunFile, NodeWritable, OpenedFile } from "./opened_file.ts";
import { PositionedDevice, type PositionedSink, positionedStream } from "./positioned_sink.ts";
import { StreamSink } from "./stream.ts";

/**
 * What media is written to. A path or file: URL is created or truncated under the caller's permissions; a file that the
 * program has opened (`Deno.FsFile`, Node's `FileHandle`) is written from its start and stays open, and where the muxer goes
 * over its output again (`faststart`) it is one that can be read; a `Writable` of Node's is a stream; a
 * `FileSystemWritableFileStream` and a {@linkcode PositionedSink} can seek; an IOContext is in use
 * until the writer closes. `Bun.file(path)` is its path.
 *
 * A file that is a source of the same call is a TypeError before anything of it is lost: files are compared by device and
 * inode with sources that are files or standard input, open or to come, and with what playlists, manifests and scripts
 * that were opened by path name (in their first MiB). Not compared are sinks that may be written and not read, and the
 * files behind callbacks and streams.
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
  /** Gather small writes. */
  coalesce: boolean;
}

/** What a sink is called, "" where it has no name. */
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
    return { io: yield* attachSinkFile(host, new SharedFile(file), { use, bufferSize }), url: "" };
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
  const isStream = sink instanceof WritableStream;
  const stream = isStream ? sink : files.stream(sink);
  if (stream) {
    if (!(yield* canWait())) {
      const kind = isStream ? "WritableStream" : "Writable";
      throw argumentError(TypeError, "sink", `a ${kind} can't be written synchronously, use open`);
    }
    const chunks = new StreamSink(host, stream);
    const device = { write: (bytes: Uint8Array<ArrayBuffer>) => chunks.put(bytes) };
    return { io: host.addDevice(device, use, bufferSize), url: "", finish: () => chunks.finish() };
  }
  const callbacks = sink as IOCallbacks;
  checkCallbacks(callbacks, "sink");
  if (!callbacks.onwrite) {
    throw argumentError(
      TypeError,
      "sink",
      "must be a path, URL, WritableStream, open file, IOContext, MemorySink, " +
        "or an object with an onwrite function",
    );
  }
  return { io: host.addDevice(deviceOf(callbacks, bufferSize), use, bufferSize), url: "" };
}
