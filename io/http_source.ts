/**
 * An http(s): URL as a device. It is read in ranges that grow during sequential reading: small ones first, in case only
 * the beginning is needed, then the rest in one. After a seek the next read makes a new request. Failed requests are
 * retried from the byte where they stopped. Servers without range support are read as a stream that can't seek.
 */
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { call, canWait, type Operation } from "../ffi/operation.ts";
import type { Cleanup } from "../ffi/resource_scope.ts";
import type { Host } from "../ffi/session.ts";
import { turnStep } from "../ffi/turns.ts";
import { pause } from "./abortable.ts";
import type { Attachment } from "./attachment.ts";
import type { HttpOptions, NestedHttp } from "./http.ts";
import { HttpClient } from "./http_client.ts";
import { HttpError, HttpFault, messageOf } from "./http_error.ts";
import { bodyOf, discard, isEmptyFile, lengthOf, partOf, statusLine, validatorOf } from "./http_response.ts";
import { maxPiece } from "./read_size.ts";
import { checkChunk, filledChunk } from "./stream.ts";

/** Bytes of the first range at the start and after a seek. */
const FIRST_RANGE = 128 * 1024;
/** Growth factor of each further range. */
const RANGE_GROWTH = 4;
/** After a range of this many bytes, the rest is requested at once. */
const LAST_RANGE = 8 * 1024 * 1024;
/** A forward seek of up to this many bytes reads on instead, if the response continues that far. */
const READ_THROUGH = 256 * 1024;

const RETRIES = 3;
const RETRY_DELAY = 200; // milliseconds
const MAX_RETRY_DELAY = 30_000; // milliseconds

const NOTHING = new Uint8Array(0);

/** Opens an http source in a host. */
export function* attachHttp(
  host: Host,
  url: string,
  { bufferSize, http = {}, nested = null }: {
    bufferSize: number;
    http?: HttpOptions | undefined;
    nested?: NestedHttp | undefined | null;
  },
): Operation<Attachment> {
  if (!(yield* canWait())) {
    throw argumentError(TypeError, "source", `${url} can't be opened synchronously, use open`);
  }
  const source = new HttpSource(url, http, nested);
  host.defer(source.closing());
  yield* source.open();
  const io = host.addDevice(source.device(), { use: "read" }, bufferSize);
  return { io, url: source.url, size: source.size };
}

class HttpSource {
  /** The URL as the program or the media spelled it. */
  #url: string;
  #options: HttpOptions;
  #client: HttpClient;
  #abort = new AbortController();
  #isOpen = false;
  /** Size in bytes, null if the server doesn't state it. */
  #size: number | null = null;
  #hasRanges = true;
  /** The validator for If-Range. */
  #validator: string | null = null;

  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #chunk: Uint8Array = NOTHING;
  /** Position of the next byte from #chunk or #reader. */
  #position = 0;
  /** End position of the response; null if unknown. */
  #end: number | null = null;
  /** Status of the response. */
  #status = 0;
  /** Whether the rest of the file was requested. */
  #isLast = false;
  /** Whether the end was reached although the size is unknown. */
  #hasEnded = false;

  /** Position of the next read. */
  #target = 0;
  /** Bytes of the next range. */
  #rangeSize = FIRST_RANGE;

  constructor(url: string, options: HttpOptions, nested: NestedHttp | null) {
    const parsed = URL.parse(url);
    if (!parsed) throw argumentError(TypeError, "source", `${url} is not a valid URL`);
    this.#url = url;
    this.#options = options;
    this.#client = new HttpClient(parsed, options, nested, this.#abort.signal);
  }

  /** The final URL after redirects on opening. */
  get url(): string {
    return this.#client.redirectedTo ?? this.#url;
  }

  get size(): number | null {
    return this.#size;
  }

  open(): Operation<void> {
    return this.#persist(() => this.#connect());
  }

  /**
   * Returns a cleanup that ends the source and its pending waits with the host's failure. A method of its own:
   * JavaScriptCore would keep all variables of a surrounding generator alive, including the host.
   */
  closing(): Cleanup {
    return (failure) => {
      this.#letGo(failure?.error);
      this.#abort.abort(failure?.error);
    };
  }

  device(): Device {
    const read = (size: number) => this.#read(maxPiece(size));
    return this.#hasRanges && this.#size !== null
      ? { read, seek: this.#seek.bind(this), seeksLate: true, size: this.#size }
      : { read };
  }

  *#read(size: number): ReturnType<NonNullable<Device["read"]>> {
    yield* this.#goToTarget();
    const piece = yield* this.#next(size);
    this.#target = this.#position;
    return piece.length === 0 ? null : piece;
  }

  /** Sets the position of the next read. */
  // deno-lint-ignore require-yield
  *#seek(offset: number, whence: number): ReturnType<NonNullable<Device["seek"]>> {
    if (whence === constants.seek.SIZE) return this.#size;
    const target = whence === constants.seek.END ? this.#size! + offset : offset;
    return target < 0 ? null : this.#target = target;
  }

  *#goToTarget(): Operation<void> {
    const gap = this.#target - this.#position;
    if (gap === 0) return;
    const isNear = gap > 0 && gap < READ_THROUGH;
    if (isNear && this.#reader && this.#target < (this.#end ?? Infinity)) {
      while (this.#position < this.#target) yield* this.#next(this.#target - this.#position);
      return;
    }
    this.#letGo();
    this.#position = this.#target;
    if (!isNear) this.#rangeSize = FIRST_RANGE;
  }

  /** Returns at maxPiece `size` bytes from the position on; none at the end. */
  *#next(size: number): Operation<Uint8Array> {
    if (this.#chunk.length === 0) this.#chunk = yield* this.#persist(() => this.#nextChunk());
    const piece = this.#chunk.subarray(0, size);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.#position += piece.length;
    return piece;
  }

  *#nextChunk(): Operation<Uint8Array> {
    while (!this.#isAtEnd()) {
      if (!this.#reader) yield* this.#connect();
      else {
        const chunk = yield* this.#readBody(this.#reader);
        if (chunk) return chunk;
        this.#endResponse();
      }
      yield* turnStep();
    }
    return NOTHING;
  }

  #isAtEnd(): boolean {
    return this.#hasEnded || (this.#size !== null && this.#position >= this.#size);
  }

  *#readBody(reader: ReadableStreamDefaultReader<Uint8Array>): Operation<Uint8Array | null> {
    let chunk: Uint8Array | null;
    const next = async () => {
      const { value, done } = await reader.read();
      return done ? null : checkChunk(value);
    };
    try {
      chunk = yield* call(() => filledChunk(next), "source");
    } catch (error) {
      if (error instanceof TypeError && "argument" in error) throw error; // the program's own fetch; a retry won't help
      throw this.#broken(messageOf(error), { cause: error });
    }
    this.#abort.signal.throwIfAborted(); // an abort ends the stream without an error
    return chunk;
  }

  #endResponse(): void {
    this.#reader = null;
    if (this.#end !== null && this.#position < this.#end) throw this.#broken("the response ended too early");
    this.#hasEnded = this.#size === null && (this.#isLast || !this.#hasRanges);
  }

  /** Without range support, bytes can't be read again. */
  #broken(message: string, init: { cause?: unknown } = {}): HttpFault {
    return new HttpFault(message, {
      ...init,
      kind: this.#hasRanges ? "broken" : "final",
      status: this.#status,
    });
  }

  // ---------------------------------------------------------------------------------------- requests

  /** Requests the bytes from the position on, unless that is the end. */
  *#connect(): Operation<void> {
    const last = this.#lastOfRange();
    const response = yield* this.#client.get({
      "accept-encoding": "identity", // so that positions are those of the uncompressed media
      ...(this.#hasRanges ? { range: `bytes=${this.#position}-${last ?? ""}` } : {}),
      ...(this.#validator === null ? {} : { "if-range": this.#validator }),
    });
    this.#isLast = last === null;
    if (this.#isOpen) this.#continue(response);
    else if (this.#hasRanges && response.status === 206 && partOf(response)?.start !== 0) {
      discard(response); // without a usable Content-Range
      this.#hasRanges = false;
      yield* this.#connect();
    } else this.#begin(response);
  }

  /** The last byte of the next range, null for the rest of the file. */
  #lastOfRange(): number | null {
    if (!this.#hasRanges || this.#rangeSize > LAST_RANGE) return null;
    if (this.#size === null) return this.#isOpen ? null : this.#rangeSize - 1;
    return Math.min(this.#position + this.#rangeSize, this.#size) - 1;
  }

  #begin(response: Response): void {
    const part = partOf(response);
    if (isEmptyFile(response)) this.#size = 0;
    else if (response.status === 416) throw this.#wrong(response, statusLine(response));
    else this.#size = part ? part.total : lengthOf(response);
    this.#hasRanges &&= part !== null;
    this.#validator = validatorOf(response);
    this.#isOpen = true;
    this.#take(response, part ? part.end : this.#size);
  }

  #continue(response: Response): void {
    if (response.status === 416 && this.#size === null) {
      discard(response);
      this.#hasEnded = true;
      return;
    }
    const part = partOf(response);
    if (!part || part.total !== this.#size) throw this.#wrong(response, "it changed while it was read");
    if (part.start !== this.#position || part.end <= part.start) {
      throw this.#wrong(response, `requested the bytes from ${this.#position} on, but got others`);
    }
    this.#take(response, part.end);
  }

  #take(response: Response, end: number | null): void {
    this.#reader = bodyOf(response).getReader();
    this.#status = response.status;
    this.#end = end;
    this.#rangeSize *= RANGE_GROWTH;
  }

  /** An error that no retry can fix. */
  #wrong(response: Response, message: string): HttpFault {
    discard(response);
    return new HttpFault(message, { kind: "final", status: response.status });
  }

  #letGo(reason?: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
    this.#reader = null;
    this.#chunk = NOTHING;
    this.#hasEnded = false;
  }

  // ---------------------------------------------------------------------------------------- retries

  /** Runs `work`, with retries as the options allow. */
  *#persist<T>(work: () => Operation<T>): Operation<T> {
    for (let tries = 1;; tries++) {
      try {
        return yield* work();
      } catch (error) {
        this.#letGo();
        this.#abort.signal.throwIfAborted();
        if (!(error instanceof HttpFault)) throw error;
        const { retries = RETRIES } = this.#options;
        if (error.kind === "final" || tries > retries) throw this.#errorOf(error, tries);
        const milliseconds = this.#delayBefore(error, tries);
        if (milliseconds > 0) yield* call(() => pause(milliseconds, this.#abort.signal), "source");
        yield* turnStep();
      }
    }
  }

  #delayBefore({ kind, retryAfter }: HttpFault, tries: number): number {
    const { retryDelay = RETRY_DELAY, maxRetryDelay = MAX_RETRY_DELAY } = this.#options;
    const doublings = kind === "broken" ? tries - 2 : tries - 1;
    const delay = doublings < 0 ? 0 : retryDelay * 2 ** doublings;
    return Math.min(retryAfter ?? delay, maxRetryDelay);
  }

  #errorOf(fault: HttpFault, tries: number): HttpError {
    const { message, status } = fault;
    const where = [
      ...(this.#position > 0 || tries > 1 ? [`at byte ${this.#position}`] : []),
      ...(tries > 1 ? [`after ${tries} tries`] : []),
    ];
    const text = where.length > 0 ? `${message} (${where.join(", ")})` : message;
    return new HttpError(`Cannot read ${this.#url}: ${text}`, {
      status,
      url: this.#url,
      ...("cause" in fault ? { cause: fault.cause } : {}),
    });
  }
}
