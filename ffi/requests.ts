/**
 * Answers requests of native code to a session: reads, writes and seeks of devices, nested opens of the input and the
 * output, transforms of packets. The first exception is kept here; `session.ts` ends the session with it.
 */
import { byteLengthOf, newBytes, partOf } from "./byte_views.ts";
import { AVERROR, constants } from "./constants.ts";
import type { Device, Marker } from "./device.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { NativeIO } from "./native_io.ts";
import { isThenable, type Operation, runAsync, runSync, type Wait } from "./operation.ts";
import type { Failure } from "./resource_scope.ts";
import { Direction, openModes, Request } from "./symbols.ts";

const markers: readonly Marker[] = ["header", "sync", "boundary", "unknown", "trailer", "flush"];

/**
 * The purpose of an open: read, write, check for existence, delete; or read a part that may be missing.
 */
export type OpenMode = (typeof openModes)[number];

/** The result of an open: an I/O context, true for success without one, "missing", or null if refused. */
export type Opened = NativeIO | true | "missing" | null;

/** Opens a file that libavformat names. */
export type Opener = (url: string, mode: OpenMode) => Operation<Opened>;

/** For which side a file is opened. */
export type Side = "input" | "output";

/** An I/O context's device with a buffer reused for its writes: allocating memory costs more than copying. */
interface Attached {
  device: Device;
  scratch: Uint8Array<ArrayBuffer>;
}

/** Number of microtasks after which a settled promise of a callback has been processed. */
const SETTLED_TURNS = 8;
const NOTHING = newBytes(0);
const decoder = new TextDecoder();

/** Answers the requests of one session. */
export class Requests {
  #devices = new Map<number, Attached>();
  #closers = new Map<number, () => Operation<void>>();
  /** Openers by side and number of the input. */
  #openers = new Map<string, Opener | undefined>();
  #transformer: (() => Operation<void>) | null = null;
  #wait: Wait;
  #isOver: () => boolean;
  /** The first exception of a callback, which later calls of the session throw. */
  thrown: Failure | null = null;
  /** Why the first missing part could not be opened; reported if nothing can be read without it. */
  missing: Failure | null = null;
  /** Number of pending answers. */
  waiting = 0;
  /** Number of started answers. */
  #started = 0;

  /** @param isOver Whether the session has ended, so that no callback may be called. */
  constructor(wait: Wait, isOver: () => boolean) {
    this.#wait = wait;
    this.#isOver = isOver;
  }

  /** Whether native code can make any request. */
  get canReceive(): boolean {
    return this.#devices.size > 0 || this.hasOpener || this.#transformer !== null;
  }

  get hasOpener(): boolean {
    return this.#openers.size > 0;
  }

  /** Sets the device of an I/O context. */
  attach({ handle }: NativeIO, device: Device): void {
    this.#devices.set(handle, { device, scratch: NOTHING });
  }

  /** Removes a freed I/O context. */
  detach({ handle }: NativeIO): void {
    this.#devices.delete(handle);
  }

  /** Sets what to do when libavformat closes a nested I/O context. */
  onClose({ handle }: NativeIO, close: () => Operation<void>): void {
    this.#closers.set(handle, close);
  }

  /** Sets the opener of one side (of an input by number, if there are several); undefined: refuse all. */
  setOpener(side: Side, opener: Opener | undefined, input: number): void {
    this.#openers.set(side === "input" ? `input ${input}` : side, opener);
  }

  setTransformer(transformer: () => Operation<void>): void {
    this.#transformer = transformer;
  }

  clear(): void {
    this.#devices.clear();
    this.#closers.clear();
    this.#openers.clear();
    this.#transformer = null;
  }

  // ---------------------------------------------------------------------------------------- the two engines

  /** Called within an operation of the sync engine. Without a reply the request fails. */
  answerNow(io: number, kind: number, a: number, b: number, c: number): void {
    if (this.#isOver()) return;
    try {
      runSync(this.#serve(io, kind, a, b, c));
    } catch (error) {
      this.thrown ??= { error };
    }
  }

  /** Called for a request of the session's own thread; returns a promise if the answer is asynchronous. */
  answer(io: number, kind: number, a: number, b: number, c: number): Promise<unknown> | null {
    if (this.#isOver()) return null;
    const answering = this.waiting > 0
      ? this.#afterOthers(io, kind, a, b, c)
      : this.#run(io, this.#serve(io, kind, a, b, c));
    if (!answering) return null;
    this.waiting++;
    return answering.finally(() => this.waiting--);
  }

  /** Waits for other callbacks first: if one of them has failed, this one is not called. */
  async #afterOthers(io: number, kind: number, a: number, b: number, c: number): Promise<void> {
    for (let started = -1; started !== this.#started;) {
      started = this.#started;
      for (let turn = 0; turn < SETTLED_TURNS; turn++) await null;
    }
    if (!this.#isOver()) await this.#run(io, this.#serve(io, kind, a, b, c));
  }

  /** Never rejects: the first exception is kept, and native code gets an error. */
  #run(io: number, answer: Operation<void>): Promise<void> | null {
    const fail = (error: unknown) => {
      if (this.#isOver()) return;
      this.thrown ??= { error };
      library().avs_reply(io, AVERROR.EXTERNAL);
    };
    if (this.thrown) {
      library().avs_reply(io, AVERROR.EXTERNAL);
      return null;
    }
    this.#started++;
    try {
      const result = runAsync(answer, this.#wait);
      return isThenable(result) ? Promise.resolve(result).catch(fail) : null;
    } catch (error) {
      fail(error);
      return null;
    }
  }

  // ---------------------------------------------------------------------------------------- kinds of requests

  #serve(io: number, kind: number, a: number, b: number, c: number): Operation<void> {
    switch (kind) {
      case Request.READ:
        return this.#read(io, a, b);
      case Request.WRITE:
        return this.#write(io, a, b, c);
      case Request.SEEK:
        return this.#seek(io, a, b);
      case Request.OPEN:
        return this.#open(io, a, b, c);
      case Request.CLOSE:
        return this.#close(io);
      default:
        return this.#transform(io);
    }
  }

  #of(io: number): Attached {
    const attached = this.#devices.get(io);
    if (attached) return attached;
    throw new Error("The I/O context has no device");
  }

  *#read(io: number, size: number, position: number): Operation<void> {
    const { device } = this.#of(io);
    if (position >= 0) yield* device.seek!(position, constants.seek.SET);
    const chunk = (yield* device.read!(size)) ?? NOTHING;
    library().avs_reply_read(io, chunk as Uint8Array<ArrayBuffer>, byteLengthOf(chunk));
  }

  *#write(io: number, size: number, position: number, marker: number): Operation<void> {
    const attached = this.#of(io);
    const bytes = attached.device.transient ? transient(attached, size) : newBytes(size);
    check(library().avs_take_write(io, bytes, size), "take written bytes");
    const time = library().avs_request_time(io);
    yield* attached.device.write!(bytes, {
      position,
      marker: markers[marker] ?? "unknown",
      time: Number.isNaN(time) ? null : time,
    });
    library().avs_reply(io, size);
  }

  *#seek(io: number, offset: number, whence: number): Operation<void> {
    const position = yield* this.#of(io).device.seek!(offset, whence);
    library().avs_reply(io, position ?? AVERROR.ESPIPE);
  }

  *#open(io: number, length: number, mode: number, side: number): Operation<void> {
    const url = newBytes(length);
    check(library().avs_take_write(io, url, length), "take a URL");
    const opener = this.#openers.get(
      side % 2 === Direction.INPUT ? `input ${Math.floor(side / 2)}` : "output",
    );
    const opened = opener ? yield* opener(decoder.decode(url), openModes[mode]!) : null;
    library().avs_reply(io, replyOf(opened));
  }

  *#close(io: number): Operation<void> {
    const close = this.#closers.get(io);
    this.#closers.delete(io);
    if (close) yield* close();
    this.#devices.delete(io);
    library().avs_reply(io, 0);
  }

  *#transform(io: number): Operation<void> {
    yield* this.#transformer!();
    library().avs_reply(io, 0);
  }
}

function replyOf(opened: Opened): number {
  if (opened === null) return AVERROR.EPERM;
  if (opened === true) return 0;
  return opened === "missing" ? AVERROR.ENOENT : opened.handle;
}

function transient(attached: Attached, size: number): Uint8Array<ArrayBuffer> {
  if (byteLengthOf(attached.scratch) < size) attached.scratch = newBytes(size);
  return partOf(attached.scratch, 0, size);
}
