/**
 * Sink: everything media can be written to, and how each becomes an I/O context of a session. What holds for
 * sources about closing holds here too.
 */
import { type Operation, step } from "../ffi/operation.ts";
import type { Session } from "../ffi/session.ts";
import { IOFlag } from "../ffi/symbols.ts";
import { checkCallbacks, type IOCallbacks } from "./callbacks.ts";
import { IOContext } from "./io_context.ts";
import { closeMemorySink, MemorySink, openMemorySink } from "./memory_sink.ts";
import { attachCallbacks, attachFile, attachIOContext, type Attachment, pathOf } from "./source.ts";

/**
 * What media is written to. A path or file: URL is created or truncated by `Deno.open` under the caller's
 * permissions; a `Deno.FsFile` is written from its start and stays open; an IOContext is in use until the writer
 * closes.
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
  return typeof sink === "string" || sink instanceof URL ? pathOf(sink, "sink") : "";
}

/** Opens a sink in a session. */
export function* openSink(session: Session, sink: Sink, options: WriteOptions): Operation<Attachment> {
  const { bufferSize, coalesce } = options;
  const flags = IOFlag.WRITE | (coalesce ? 0 : IOFlag.DIRECT);
  if (typeof sink === "string" || sink instanceof URL) {
    const path = pathOf(sink, "sink");
    const file = yield* step(() => Deno.openSync(path, { write: true, create: true, truncate: true }));
    return attachFile(session, file, flags, bufferSize, { path, owned: true });
  }
  if (sink instanceof MemorySink) {
    const io = openMemorySink(sink, session, bufferSize);
    return { io, url: "", release: () => closeMemorySink(sink) };
  }
  if (sink instanceof IOContext) {
    return attachIOContext(session, sink, "write");
  }
  if (sink instanceof Deno.FsFile) {
    return attachFile(session, sink, flags, bufferSize, { path: "", owned: false });
  }
  if (sink instanceof WritableStream) {
    throw new TypeError("sink: a WritableStream can't be written synchronously, use open");
  }
  checkCallbacks(sink, "sink");
  if (!sink.onwrite) {
    throw new TypeError(
      "sink: must be a path, URL, Deno.FsFile, IOContext, MemorySink, or an object with an onwrite function",
    );
  }
  return attachCallbacks(session, sink, flags, bufferSize);
}
