/**
 * Nested opens: files that a playlist, a manifest or a muxer of several files opens. The program's `onopen` (of the
 * input or of the output) is called, and what it returns becomes an I/O context of the session until libavformat closes
 * it. A muxer's own sink is also served here if the muxer opens it by name or rereads it.
 */
import { argumentError } from "../ffi/errors.ts";
import { call, canWait, type MaybePromise, type Operation, step } from "../ffi/operation.ts";
import { locateIO } from "../ffi/native_io.ts";
import type { Opened, OpenMode } from "../ffi/requests.ts";
import { type Cleanup, type Failure, type Released, ResourceScope } from "../ffi/resource_scope.ts";
import type { Host, Session } from "../ffi/session.ts";
import { GRACE, within } from "../ffi/waits.ts";
import type { Attachment } from "./attachment.ts";
import { attachReadBack, pathOf, SharedFile } from "./file.ts";
import { files } from "./files.ts";
import { HttpError } from "./http_error.ts";
import { type HttpOptions, isHttp, type NestedHttp } from "./http.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";
import { openSink, type Sink } from "./sink.ts";
import type { OpenedFile } from "./opened_file.ts";
import { openSource, type Source } from "./source.ts";

/** What an input may open, and how. */
export interface NestedInputOptions {
  onopen?: OpenCallback | undefined;
  bufferSize: number;
  http?: HttpOptions | undefined;
  /** The origin that `http.headers` are sent to; null for none. */
  origin: string | null;
  /** The name of the source, under which a live playlist is opened again. */
  url: string;
}

/** What an output may open, and how. */
export interface NestedOutputOptions {
  onopen?: OpenCallback | undefined;
  ondelete?: ((url: string) => MaybePromise<void>) | undefined;
  bufferSize: number;
  coalesce: boolean;
  /** The muxer's own output, by the name under which it opens it; an output in memory is reread within the shim. */
  own?: Own | undefined;
}

/** What a muxer writes to; a file that the program opened may be read back while it is written. */
type Target = Exclude<Sink, OpenedFile> | SharedFile;

/** Makes a target of a sink. */
export function targetOf(sink: Sink): Target {
  const file = files.opened(sink);
  return file ? SharedFile.of(file) : sink as Target;
}

/** A muxer's own output. */
export interface Own {
  url: string;
  sink: Target;
  /** Whether the muxer has opened it by its name. */
  isUsed: boolean;
}

/** Lets the session's input open what these options allow, and nothing else. */
export function allowNestedInput(session: Session, options: NestedInputOptions): void {
  const { onopen, bufferSize, http, origin, url: own } = options;
  if (!onopen) return session.setOpener("input", undefined);
  const callOnOpen = callerOf(onopen);
  const nested = nestedHttp(callOnOpen, origin);
  const known = new KnownNames();
  known.add(own);
  session.setMissing(null);
  session.setOpener("input", function* (url, mode) {
    if (mode === "write" || mode === "delete") return null;
    const source = (yield* callOnOpen(url, "read")) as Source | null;
    if (source === null) return null;
    if (mode === "check") return (yield* isThere(source)) ? true : null;
    try {
      const opened = yield* attach(session, function* (host) {
        const attachment = yield* openSource(host, source, { bufferSize, lend: false, http, nested });
        const isRedirected = isHttp(url) && String(source) === url && attachment.url !== url;
        if (isRedirected) locateIO(attachment.io!, attachment.url);
        return attachment;
      });
      known.add(url);
      return opened;
    } catch (error) {
      if (mode !== "part" || !isMissing(error) || known.has(url)) throw error;
      session.setMissing({ error });
      return "missing";
    }
  });
}

/** Whether an error means that the file doesn't exist; with other errors (no permission, no response) it may exist. */
function isMissing(error: unknown): boolean {
  if (error instanceof HttpError) return error.status === 404 || error.status === 410;
  return files.is(error, "NotFound");
}

/**
 * The most recently opened names. A live playlist is opened again and again: if it disappears, that is an error, not a
 * skipped segment.
 */
class KnownNames {
  #names = new Set<string>();

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    const [oldest] = this.#names;
    if (this.#names.size > 100) this.#names.delete(oldest!);
  }
}

/** Lets the session's output open what these options allow, and nothing else. */
export function allowNestedOutput(session: Session, options: NestedOutputOptions): void {
  if (!options.onopen && !options.own) return session.setOpener("output", undefined);
  const output = new NestedOutput(session, options);
  session.setOpener("output", (url, mode) => output.open(url, mode));
}

/** Calls `onopen`. */
type CallOnOpen = (url: string, mode: "read" | "write") => Operation<Source | Sink | null>;

function callerOf(onopen: OpenCallback | undefined): CallOnOpen {
  return function* (url, mode) {
    const waits = yield* canWait();
    return (yield* call(() => onopen?.({ url, mode, canWait: waits }), "onopen")) ?? null;
  };
}

/** Calls `onopen` for the target of a redirect as if it had been named. */
function nestedHttp(callOnOpen: CallOnOpen, origin: string | null): NestedHttp {
  return {
    origin,
    *redirect(url) {
      const place = yield* callOnOpen(url, "read");
      return isHttp(place) ? String(place) : null;
    },
  };
}

class NestedOutput {
  #session: Session;
  #options: NestedOutputOptions;
  #callOnOpen: CallOnOpen;
  /** Sinks that are being written, by requested name. */
  #written = new Map<string, Target>();

  constructor(session: Session, options: NestedOutputOptions) {
    this.#session = session;
    this.#options = options;
    this.#callOnOpen = callerOf(options.onopen);
  }

  *open(url: string, mode: OpenMode): Operation<Opened> {
    switch (mode) {
      case "delete":
        yield* call(() => this.#options.ondelete?.(url), "ondelete");
        return null;
      case "check":
        return null;
      case "read":
      case "part":
        return yield* this.#read(url);
      case "write":
        return yield* this.#write(url);
    }
  }

  /** Opens a file for a muxer to read. It may be one that it has written; the shim itself rereads those in memory. */
  *#read(url: string): Operation<Opened> {
    const { bufferSize, own } = this.#options;
    const target = own?.url === url ? own.sink : this.#written.get(url);
    const fault = target instanceof SharedFile ? yield* target.readBackFault() : null;
    if (target instanceof SharedFile && fault === null) {
      return yield* attach(this.#session, (host) => readBack(host, target, bufferSize));
    }
    // A muxer that continues an existing file (hls with `append_list`) starts a new one if there is none.
    if (isPlace(target) && !(yield* isThere(target))) return "missing";
    const source = isPlace(target) ? target : (yield* this.#callOnOpen(url, "read")) as Source | null;
    if (fault !== null && source === null) throw argumentError(TypeError, "sink", fault);
    if (source === null) return null;
    const nested = nestedHttp(this.#callOnOpen, null);
    const options = { bufferSize, lend: false, nested, isReadBack: target !== undefined };
    return yield* attach(this.#session, (host) => openSource(host, source, options));
  }

  *#write(url: string): Operation<Opened> {
    const sink = (yield* this.#ownSink(url)) ?? (yield* this.#callOnOpen(url, "write")) as Sink | null;
    if (sink === null) return null;
    const { bufferSize, coalesce } = this.#options;
    const target = sink instanceof SharedFile ? sink : targetOf(sink);
    const written = this.#written;
    return yield* attach(this.#session, function* (host) {
      const attachment = yield* openSink(host, target, { bufferSize, coalesce });
      written.set(url, target);
      host.defer(removing(written, url));
      return attachment;
    });
  }

  /** The muxer's own sink; one that can't be rewritten is used once. */
  *#ownSink(url: string): Operation<Target | null> {
    const { own } = this.#options;
    if (own?.url !== url) return null;
    const { sink, isUsed } = own;
    if (isUsed && sink instanceof SharedFile) yield* sink.truncate();
    else if (isUsed && !isPlace(sink) && !(sink instanceof MemorySink)) return null;
    own.isUsed = true;
    return sink;
  }
}

function* readBack(host: Host, file: SharedFile, bufferSize: number): Operation<Attachment> {
  return { io: yield* attachReadBack(host, file, bufferSize), url: "" };
}

function isPlace(target: unknown): target is string | URL {
  return typeof target === "string" || target instanceof URL;
}

/** Opens something that libavformat will close. */
function* attach(session: Session, open: (host: Host) => Operation<Attachment>): Operation<Opened> {
  const scope = new Scope(session);
  try {
    const attachment = yield* open(scope);
    const io = attachment.io!;
    session.onClose(io, () => scope.close(attachment));
    return io;
  } catch (error) {
    scope.release({ error });
    throw error;
  }
}

/** Whether a file exists. The demuxer of image sequences opens images until one is missing. */
function* isThere(place: Source): Operation<boolean> {
  if (!isPlace(place)) return true;
  try {
    const path = pathOf(place, "source");
    const { isDirectory } = yield* step(() => files.statSync(path), () => files.stat(path));
    return !isDirectory;
  } catch {
    return false;
  }
}

/** A function of its own: within a generator it would keep all variables of that alive. */
function removing(targets: Map<string, Target>, url: string): Cleanup {
  return () => void targets.delete(url);
}

/** A host that ends before the session, or with it. */
export class Scope implements Host {
  readonly files: Host["files"];
  #session: Session;
  #resources = new ResourceScope();
  #ended: Cleanup;

  constructor(session: Session) {
    this.#session = session;
    this.files = session.files;
    const resources = this.#resources;
    this.#ended = (failure) => resources.release(failure).settled ?? undefined;
    session.defer(this.#ended);
  }

  addDevice: Host["addDevice"] = (...parameters) => this.#session.addDevice(...parameters);
  addLentBytes: Host["addLentBytes"] = (...parameters) => this.#session.addLentBytes(...parameters);
  addCopiedBytes: Host["addCopiedBytes"] = (...parameters) => this.#session.addCopiedBytes(...parameters);
  addMemoryOutput: Host["addMemoryOutput"] = (...parameters) => this.#session.addMemoryOutput(...parameters);

  defer(cleanup: Cleanup): void {
    this.#resources.defer(cleanup);
  }

  /** Closes what was opened in this scope. */
  release(failure: Failure | null): Released {
    this.#session.undefer(this.#ended);
    return this.#resources.release(failure);
  }

  /** Finishes the sink or ends the source, and waits for it. */
  *close(attachment: Attachment): Operation<void> {
    if (attachment.finish) yield* attachment.finish();
    const { settled, failure } = this.release(null);
    if (settled && (yield* canWait())) yield* step(() => {}, () => within(GRACE, settled));
    if (failure) throw failure.error;
  }
}
