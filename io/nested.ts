/**
 * What a playlist, a manifest or a muxer of many files opens: the caller's `onopen` is asked, and what it answers becomes
 * an I/O context of the session until libavformat closes it. A muxer's own sink is served here too, where the muxer
 * opens it by name or goes over it again.
 */
import { AVERROR } from "../ffi/constants.ts";
import { call, canWait, type MaybePromise, type Operation, step } from "../ffi/operation.ts";
import type { OpenMode } from "../ffi/requests.ts";
import type { Cleanup, Host, Session } from "../ffi/session.ts";
import type { Attachment } from "./attachment.ts";
import { type HttpOptions, isHttp, type NestedHttp } from "./http.ts";
import { MemorySink } from "./memory_sink.ts";
import type { OpenCallback } from "./open_callback.ts";
import { openSink, type Sink } from "./sink.ts";
import { openSource, type Source } from "./source.ts";

/** What may be opened, and how. */
export interface NestedOptions {
  onopen?: OpenCallback | undefined;
  /** Asked for what is read, in place of the other. */
  onopenInput?: OpenCallback | undefined;
  ondelete?: ((url: string) => MaybePromise<void>) | undefined;
  bufferSize: number;
  coalesce?: boolean | undefined;
  http?: HttpOptions | undefined;
  /** The origin that `http.headers` are for; null: none. */
  origin?: string | null | undefined;
  /** The muxer's own output, by the name that it opens it by; of one in memory, what it reads again is in the shim. */
  own?: Own | undefined;
}

/** A muxer's own output. */
export interface Own {
  url: string;
  sink: Sink;
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
  #written = new Map<string, Sink>();

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
    const own = this.#ownPlace(url, mode);
    // A muxer that goes on with what is there (hls with `append_list`) begins anew where nothing is.
    if (mode === "read" && own !== null && !(yield* exists(own as string | URL))) {
      return AVERROR.ENOENT;
    }
    const place = own ?? (yield* this.#ask(url, mode));
    if (place === null) return null;
    return yield* this.#attach(url, place, mode);
  }

  *#ask(url: string, mode: "read" | "write"): Operation<Source | Sink | null> {
    const { onopen, onopenInput = onopen } = this.#options;
    const ask = mode === "read" ? onopenInput : onopen;
    const wait = yield* canWait();
    const answer = yield* call(() => ask?.({ url, mode, canWait: wait }), "onopen");
    return answer ?? null;
  }

  /** The sink that the muxer was given; one that can't be begun again is used once. */
  #ownPlace(url: string, mode: "read" | "write"): Source | Sink | null {
    const { own } = this.#options;
    const sink = own?.url === url ? own.sink : this.#written.get(url);
    const isNamed = typeof sink === "string" || sink instanceof URL;
    if (mode === "read") return isNamed ? sink : null; // what is in memory the shim reads by itself
    if (own?.url !== url || sink === undefined) return null;
    if (own.isUsed && !isNamed && !(sink instanceof MemorySink)) {
      if (!(sink instanceof Deno.FsFile)) return null;
      sink.truncateSync(0);
    }
    own.isUsed = true;
    return sink;
  }

  *#attach(url: string, place: Source | Sink, mode: "read" | "write"): Operation<number> {
    const scope = new Scope(this.#session);
    try {
      const { bufferSize, coalesce = true, http } = this.#options;
      const attachment = mode === "read"
        ? yield* openSource(scope, place as Source, { bufferSize, lend: false, http, nested: this.#http() })
        : yield* openSink(scope, place as Sink, { bufferSize, coalesce });
      if (mode === "write") {
        this.#written.set(url, place as Sink);
        scope.defer(() => void this.#written.delete(url));
      }
      this.#session.onClose(attachment.io, () => scope.close(attachment));
      return attachment.io;
    } catch (error) {
      scope.release(null);
      throw error;
    }
  }

  /** Where a URL is redirected to is asked as if it had been named. */
  #http(): NestedHttp {
    const ask = this.#ask.bind(this);
    return {
      origin: this.#options.origin ?? null,
      *redirect(url) {
        const place = yield* ask(url, "read");
        return isHttp(place) ? String(place) : null;
      },
    };
  }

  /** For a sequence of images, whose demuxer looks how far it goes: what can't be opened is its end. */
  *#isThere(url: string): Operation<boolean> {
    const source = yield* this.#ask(url, "read");
    if (source === null) return false;
    if (typeof source !== "string" && !(source instanceof URL)) return true;
    return yield* exists(source);
  }
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
    session.defer(this.#ended);
  }

  addDevice: Host["addDevice"] = (...parameters) => this.#session.addDevice(...parameters);
  addMemoryInput: Host["addMemoryInput"] = (...parameters) => this.#session.addMemoryInput(...parameters);
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
