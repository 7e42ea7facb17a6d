/**
 * What native code asks of a session, and who answers: the devices behind its I/O contexts, who opens nested ones, who
 * transforms packets. How an answer is waited for, and what its failure means, is in `session.ts`.
 */
import { AVERROR } from "./constants.ts";
import { type Answer, type Device, type Marker, perform } from "./device.ts";
import { check } from "./errors.ts";
import { library } from "./library.ts";
import type { Operation } from "./operation.ts";
import { openModes, Request } from "./symbols.ts";

const markers: readonly Marker[] = ["header", "sync", "boundary", "unknown", "trailer", "flush"];

/** What the user knows the kinds of requests by. */
export const callbackNames: Readonly<Record<number, string>> = {
  [Request.READ]: "onread",
  [Request.WRITE]: "onwrite",
  [Request.SEEK]: "onseek",
  [Request.OPEN]: "onopen",
  [Request.CLOSE]: "closing what onopen opened",
  [Request.TRANSFORM]: "transform",
};

/** Is something to be read, to be written, is it there, or to be deleted? */
export type OpenMode = (typeof openModes)[number];

/** Answers what libavformat wants to open: an I/O context's handle, an AVERROR code, null to refuse. */
export type Opener = (url: string, mode: OpenMode, waits: boolean) => Answer<number | null>;

/** An I/O context's device, with the memory that its writes use again and again: new memory costs more than the copy. */
interface Attached {
  device: Device;
  scratch: Uint8Array<ArrayBuffer>;
}

const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder();

/** Who answers the requests of one session. */
export class Requests {
  #devices = new Map<number, Attached>();
  #closers = new Map<number, () => Operation<void>>();
  /** Null: nothing is opened. */
  opener: Opener | null = null;
  /** Takes the packets that are ready, and puts what becomes of them; null: they go on as they are. */
  transformer: (() => Answer<void>) | null = null;

  /** Whether native code can ask anything at all. */
  get canBeAsked(): boolean {
    return this.#devices.size > 0 || this.opener !== null || this.transformer !== null;
  }

  /** The I/O context's requests are for this device. */
  attach(io: number, device: Device): void {
    this.#devices.set(io, { device, scratch: new Uint8Array(0) });
  }

  /** The I/O context goes to another session; whether it had a device, which goes along. */
  move(io: number, next: number, to: Requests): boolean {
    const attached = this.#devices.get(io);
    this.#devices.delete(io);
    if (attached) to.#devices.set(next, attached);
    return attached !== undefined;
  }

  /** The I/O context is no more. */
  detach(io: number): void {
    this.#devices.delete(io);
  }

  /** What is to be done when libavformat closes a nested I/O context. */
  onClose(io: number, close: () => Operation<void>): void {
    this.#closers.set(io, close);
  }

  clear(): void {
    this.#devices.clear();
    this.#closers.clear();
  }

  /**
   * Asks whoever is asked, and gives the answer to the thread that waits. Late, after the end, it finds nobody.
   * `waits`: by the async engine.
   */
  answer(io: number, kind: number, a: number, b: number, c: number, waits: boolean): Answer<void> {
    switch (kind) {
      case Request.READ:
        return this.#read(io, a);
      case Request.WRITE:
        return this.#write(io, a, b, c);
      case Request.SEEK:
        return this.#seek(io, a, b);
      case Request.OPEN:
        return this.#open(io, a, b, waits);
      case Request.CLOSE:
        return this.#close(io, waits);
      default:
        return this.#transform(io);
    }
  }

  #of(io: number): Attached {
    const attached = this.#devices.get(io);
    if (attached) return attached;
    throw new Error("The I/O context has no device");
  }

  *#read(io: number, size: number): Answer<void> {
    const attached = this.#of(io);
    const chunk = (yield* attached.device.read!(size)) ?? NOTHING;
    if (this.#devices.get(io) !== attached) return; // given back meanwhile: its next request is another one
    library().avs_reply_read(io, chunk as Uint8Array<ArrayBuffer>, chunk.byteLength);
  }

  *#write(io: number, size: number, position: number, marker: number): Answer<void> {
    const attached = this.#of(io);
    const bytes = attached.device.transient ? transient(attached, size) : new Uint8Array(size);
    check(library().avs_take_write(io, bytes, size), "take written bytes");
    const time = library().avs_request_time(io);
    const info = {
      position,
      marker: markers[marker] ?? "unknown",
      time: Number.isNaN(time) ? null : time,
    };
    yield* attached.device.write!(bytes, info);
    if (this.#devices.get(io) !== attached) return;
    library().avs_reply(io, size);
  }

  *#seek(io: number, offset: number, whence: number): Answer<void> {
    const attached = this.#of(io);
    const position = yield* attached.device.seek!(offset, whence);
    if (this.#devices.get(io) !== attached) return;
    library().avs_reply(io, position ?? AVERROR.ESPIPE);
  }

  *#open(io: number, length: number, mode: number, waits: boolean): Answer<void> {
    const url = new Uint8Array(length);
    check(library().avs_take_write(io, url, length), "take a URL");
    const opened = yield* this.opener!(decoder.decode(url), openModes[mode]!, waits);
    library().avs_reply(io, opened ?? AVERROR.EPERM);
  }

  *#close(io: number, waits: boolean): Answer<void> {
    const close = this.#closers.get(io);
    this.#closers.delete(io);
    if (close) yield* perform(close(), waits);
    this.#devices.delete(io);
    library().avs_reply(io, 0);
  }

  *#transform(io: number): Answer<void> {
    yield* this.transformer!();
    library().avs_reply(io, 0);
  }
}

function transient(attached: Attached, size: number): Uint8Array<ArrayBuffer> {
  if (attached.scratch.length < size) attached.scratch = new Uint8Array(size);
  return attached.scratch.subarray(0, size);
}
