/**
 * What a playlist, a manifest or a muxer of many files opens: the caller's `onopen` is asked, and what it answers becomes
 * an I/O context of the session until libavformat closes it. A muxer's own sink is served here too, where the muxer
 * opens it by name or goes over it again.
 */
import { AVERROR } from "../ffi/constants.ts";
import { call, canWait, type MaybePromise, type Operation, step } from "../ffi/operation.ts";
import { argumentError } from "../ffi/errors.ts";
import type { OpenMode } from "../ffi/requests.ts";
import type { Cleanup, Host, Session } from "../ffi/session.ts";
import { operations } from "../ffi/symbols.ts";
import type { HttpOptions } from "./http.ts";
import { attachReadBack, SharedFile } from "./file.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";
import { openSink, type Sink } from "./sink.ts";
import { type Attachment, openSource, type Source } from "./source.ts";

/** What may be opened, and how. */
export interface NestedOptions {
  onopen?: OpenCallback | undefined;
  /** Asked for what is read, in place of the other. */
  onopenInput?: OpenCallback | undefined;
  ondelete?: ((url: string) => MaybePromise<void>) | undefined;
  bufferSize: number;
  coalesce?: boolean | undefined;
  http?: HttpOptions | undefined;
  /** The muxer's own output, by the name that it opens it by; of one in memory, what it reads again is in the shim. */
  own?: Own | undefined;
}

/** What a muxer writes to: a file of the caller's may be read back while it is written. */
type Target = Exclude<Sink, Deno.FsFile> | SharedFile;

/** A sink as what a muxer writes to. */
export function targetOf(sink: Sink): Target {
  return sink instanceof Deno.FsFile ? new SharedFile(sink) : sink;
}

/** A muxer's own output. */
export interface Own {
  url: string;
  sink: Target;
  /** Whether the muxer has opened it by its name. */
  isUsed: boolean;
}

/** From now on the session opens what these options allow; what others before allowed, too. */
export function allowNested(session: Session, options: NestedOptions): void {
  if (!options.onopen && !options.own) return;
  const nested = new Nested(session, options);
  session.setOpener((url, mode) => nested.open(url, mode));
}

class Nested {
  #session: Session;
  #options: NestedOptions;
  /** Sinks that are being written, by the names that they were asked for by. */
  #written = new Map<string, Target>();

  constructor(session: Session, options: NestedOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Handle of the I/O context, an AVERROR code, null to refuse. */
  *open(url: string, mode: OpenMode): Operation<number | null> {
    if (mode === "delete") {
      yield* call(() => this.#options.ondelete?.(url), "ondelete");
      return null;
    }
    if (mode === "check") return (yield* this.#isThere(url)) ? 0 : null;
    return mode === "read" ? yield* this.#openToRead(url) : yield* this.#openToWrite(url);
  }

  *#ask(url: string, mode: "read" | "write"): Operation<Source | Sink | null> {
    const { onopen, onopenInput = onopen } = this.#options;
    const ask = mode === "read" ? onopenInput : onopen;
    const answer = yield* call(() => ask?.({ url, mode }), "onopen");
    return answer ?? null;
  }

  /** What a muxer may read is what it has written, too; of that what is in memory the shim reads by itself. */
  *#openToRead(url: string): Operation<number | null> {
    const { bufferSize, http, own } = this.#options;
    const target = own?.url === url ? this.#readable(own) : this.#written.get(url);
    const fault = target instanceof SharedFile ? yield* target.readBackFault() : null;
    if (target instanceof SharedFile && fault === null) {
      return yield* this.#attach((scope) => readBack(scope, target, bufferSize));
    }
    // A muxer that goes on with what is there (hls with `append_list`) begins anew where nothing is.
    if (isPlace(target) && !(yield* exists(target))) return AVERROR.ENOENT;
    const source = isPlace(target) ? target : (yield* this.#ask(url, "read")) as Source | null;
    if (fault !== null && source === null) throw argumentError(TypeError, "sink", fault);
    if (source === null) return null;
    const options = { bufferSize, lend: false, http, isReadBack: target !== undefined };
    return yield* this.#attach((scope) => openSource(scope, source, options));
  }

  /** Muxers go over their own output in the header or in the trailer; otherwise it is a source that names it. */
  #readable({ sink }: Own): Target | undefined {
    const { operation } = this.#session;
    return operation === operations.header || operation === operations.trailer ? sink : undefined;
  }

  *#openToWrite(url: string): Operation<number | null> {
    const { bufferSize, coalesce = true } = this.#options;
    const sink = (yield* this.#ownSink(url)) ?? (yield* this.#ask(url, "write")) as Sink | null;
    if (sink === null) return null;
    const target = sink instanceof SharedFile ? sink : targetOf(sink);
    return yield* this.#attach((scope) => {
      this.#written.set(url, target);
      scope.defer(() => void this.#written.delete(url));
      return openSink(scope, target, { bufferSize, coalesce });
    });
  }

  /** The sink that the muxer was given; one that can't be begun again is used once. */
  *#ownSink(url: string): Operation<Target | null> {
    const { own } = this.#options;
    if (own?.url !== url) return null;
    const { sink, isUsed } = own;
    if (isUsed && sink instanceof SharedFile) yield* sink.truncate();
    else if (isUsed && !isPlace(sink) && !(sink instanceof MemorySink)) return null;
    own.isUsed = true;
    return sink;
  }

  *#attach(open: (scope: Scope) => Operation<Attachment>): Operation<number> {
    const scope = new Scope(this.#session);
    try {
      const attachment = yield* open(scope);
      this.#session.onClose(attachment.io, () => scope.close(attachment));
      return attachment.io;
    } catch (error) {
      scope.release(null);
      throw error;
    }
  }

  /** For a sequence of images, whose demuxer looks how far it goes: what can't be opened is its end. */
  *#isThere(url: string): Operation<boolean> {
    const source = yield* this.#ask(url, "read");
    if (source === null) return false;
    return !isPlace(source) || (yield* exists(source));
  }
}

function* readBack(scope: Scope, file: SharedFile, bufferSize: number): Operation<Attachment> {
  return { io: yield* attachReadBack(scope, file, bufferSize), url: "" };
}

function isPlace(target: unknown): target is string | URL {
  return typeof target === "string" || target instanceof URL;
}

function* exists(place: string | URL): Operation<boolean> {
  try {
    const { isDirectory } = yield* step(() => Deno.statSync(place), () => Deno.stat(place));
    return !isDirectory;
  } catch {
    return false;
  }
}

/** What a source or a sink that ends before the session has opened: closed with it, or with the session. */
export class Scope implements Host {
  #session: Session;
  #cleanups: Cleanup[] = [];
  #ended: Cleanup = (failure) => this.release(failure);

  constructor(session: Session) {
    this.#session = session;
    this.files = session.files;
    session.defer(this.#ended);
  }

  addDevice: Host["addDevice"] = (...parameters) => this.#session.addDevice(...parameters);
  addMemoryInput: Host["addMemoryInput"] = (...parameters) => this.#session.addMemoryInput(...parameters);
  readonly files: Host["files"];
  addMemoryOutput: Host["addMemoryOutput"] = (...parameters) => this.#session.addMemoryOutput(...parameters);

  defer(cleanup: Cleanup): void {
    this.#cleanups.push(cleanup);
  }

  /** Whatever happens to one of them, the others are cleaned up too. */
  release(failure: Parameters<Cleanup>[0]): Promise<unknown> {
    const results: unknown[] = [];
    using stack = new DisposableStack();
    for (const cleanup of this.#cleanups.splice(0)) stack.defer(() => void results.push(cleanup(failure)));
    return Promise.allSettled(results);
  }

  /** libavformat has closed it: a sink has all that it gets. */
  *close(attachment: Attachment): Operation<void> {
    if (attachment.finish) yield* attachment.finish();
    this.#session.undefer(this.#ended);
    const released = this.release(null);
    if (yield* canWait()) yield* step(() => {}, () => released);
  }
}
