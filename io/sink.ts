/**
 * Sink: everything media can be written to, and how each becomes an I/O context of a host. What holds for
 * sources about closing holds here too.
 */
import { argumentError } from "../ffi/errors.ts";
import { canWait, type Operation } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import type { Attachment } from "./attachment.ts";
import { checkCallbacks, deviceOf, type IOCallbacks } from "./callbacks.ts";
import { attachSinkFile, openSinkFile, pathOf, SharedFile } from "./file.ts";
import { isHttp } from "./http.ts";
import { IOContext, lendIOContext } from "./io_context.ts";
import { MemorySink, openMemorySink } from "./memory_sink.ts";
import { StreamSink } from "./stream.ts";

/**
 * What media is written to. A path or file: URL is created or truncated by `Deno.open` under the caller's
 * permissions; a `Deno.FsFile` is written from its start and stays open, and where the muxer goes over its output again
 * (`faststart`) it is one that can be read; an IOContext is in use until the writer closes.
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
  | Deno.FsFile
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
  return typeof sink === "string" || sink instanceof URL ? pathOf(sink, "sink") : "";
}

/** Opens a sink in a host. */
export function* openSink(
  host: Host,
  sink: Sink | SharedFile,
  options: WriteOptions,
): Operation<Attachment> {
  const { bufferSize, coalesce } = options;
  const use = { use: "write", direct: !coalesce } as const;
  if (typeof sink === "string" || sink instanceof URL) {
    const path = sinkUrl(sink);
    return { io: yield* openSinkFile(host, path, { use, bufferSize }), url: path };
  }
  if (sink instanceof MemorySink) return { io: openMemorySink(sink, host, use, bufferSize), url: "" };
  if (sink instanceof IOContext) {
    return { io: lendIOContext(sink, host, "write", false), url: "" };
  }
  if (sink instanceof Deno.FsFile) {
    return { io: yield* attachSinkFile(host, new SharedFile(sink), { use, bufferSize }), url: "" };
  }
  if (sink instanceof SharedFile) {
    return { io: yield* attachSinkFile(host, sink, { use, bufferSize }), url: "" };
  }
  if (sink instanceof WritableStream) {
    if (!(yield* canWait())) {
      throw argumentError(TypeError, "sink", "a WritableStream can't be written synchronously, use open");
    }
    const device = new StreamSink(host, sink);
    return { io: host.addDevice(device, use, bufferSize), url: "", finish: () => device.finish() };
  }
  checkCallbacks(sink, "sink");
  if (!sink.onwrite) {
    throw argumentError(
      TypeError,
      "sink",
      "must be a path, URL, WritableStream, Deno.FsFile, IOContext, MemorySink, " +
        "or an object with an onwrite function",
    );
  }
  return { io: host.addDevice(deviceOf(sink, bufferSize), use, bufferSize), url: "" };
}
