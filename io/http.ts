/**
 * http(s): URLs as sources. One open-ended request streams forward; a new one is made on a real seek, and where a
 * connection breaks. Servers without ranges are read as a stream that can't seek.
 */
import { constants } from "../ffi/constants.ts";
import type { Device } from "../ffi/device.ts";
import { argumentError } from "../ffi/errors.ts";
import { call, type Operation, step } from "../ffi/operation.ts";
import type { Host } from "../ffi/session.ts";
import { IOFlag } from "../ffi/symbols.ts";
import {
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  type Names,
  optional,
} from "./arguments.ts";
import { most } from "./read_size.ts";
import type { Attachment } from "./source.ts";

/** How an http source is read. */
export interface HttpOptions {
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
  /** Headers of every request. */
  headers?: HeadersInit;
  /** How often in a row a broken connection is made again. @default {3} */
  retries?: number;
  /** Milliseconds before the second time in a row; twice as many before each further one. @default {200} */
  retryDelay?: number;
}

/** Seeking ahead by less than this reads on instead of asking again. */
const READ_THROUGH = 256 * 1024;

/** Whether a source is an http(s): URL. */
export function isHttp(source: unknown): source is string | URL {
  return (typeof source === "string" || source instanceof URL) && /^https?:/i.test(String(source));
}

/** Opens an http source in a host. */
export function* attachHttp(
  host: Host,
  url: string,
  { bufferSize, http = {} }: { bufferSize: number; http?: HttpOptions | undefined },
): Operation<Attachment> {
  const source = new HttpSource(url, http);
  host.defer((failure) => source.close(failure?.error));
  yield* step(() => {
    throw argumentError(TypeError, "source", `${url} can't be opened synchronously, use open`);
  }, () => source.open());
  return { io: host.addDevice(source.device(), IOFlag.READ, bufferSize), url, size: source.size };
}

const names: Names<HttpOptions> = { fetch: true, headers: true, retries: true, retryDelay: true };

/** Checks the options; `argument`: what they are called. */
export function checkHttpOptions(http: HttpOptions, argument: string): HttpOptions {
  checkNames(checkObject(http, argument), names, argument);
  optional(checkFunction, http.fetch, `${argument}.fetch`);
  optional(checkHeaders, http.headers, `${argument}.headers`);
  optional(checkInteger, http.retries, `${argument}.retries`, 0);
  optional(checkNumber, http.retryDelay, `${argument}.retryDelay`, 0);
  return http;
}

function checkHeaders(headers: HeadersInit, name: string): HeadersInit {
  try {
    new Headers(headers);
    return headers;
  } catch (error) {
    throw argumentError(TypeError, name, (error as Error).message);
  }
}

/** What no retry can mend. */
class Changed extends Error {}

class HttpSource {
  #url: string;
  #options: HttpOptions;
  #abort = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Of the next byte that #chunk or #reader gives. */
  #position = 0;
  #size: number | null = null;
  #ranges = false;
  /** ETag or Last-Modified, for If-Range. */
  #validator: string | null = null;

  constructor(url: string, options: HttpOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** Bytes, null where the server doesn't say. */
  get size(): number | null {
    return this.#size;
  }

  async open(): Promise<void> {
    const response = await this.#request(0);
    if (isEmpty(response)) return void (this.#size = 0);
    this.#ranges = response.status === 206 && !isEncoded(response);
    this.#size = sizeOf(response);
    const etag = response.headers.get("etag");
    this.#validator = etag && !etag.startsWith("W/") ? etag : response.headers.get("last-modified");
    this.#take(response);
  }

  /** Whatever it waits for ends with the reason. */
  close(reason?: unknown): void {
    this.#reader?.cancel(reason).catch(() => {});
    this.#abort.abort(reason);
  }

  device(): Device {
    const read = (size: number) => this.#read(most(size));
    return this.#ranges && this.#size !== null ? { read, seek: this.#seek.bind(this) } : { read };
  }

  async #request(from: number): Promise<Response> {
    const headers = new Headers(this.#options.headers);
    headers.set("accept-encoding", "identity"); // positions are those of the media
    headers.set("range", `bytes=${from}-`);
    if (this.#validator) headers.set("if-range", this.#validator);
    const response = await this.#fetch({ headers, signal: this.#abort.signal });
    if (response.ok) return response;
    await response.body?.cancel();
    if (isEmpty(response)) return response;
    throw new Error(`Cannot read ${this.#url}: ${response.status} ${response.statusText}`);
  }

  /** What the global fetch throws does not say what it was about; what the caller's throws is the caller's. */
  async #fetch(init: RequestInit): Promise<Response> {
    if (this.#options.fetch) return await this.#options.fetch(this.#url, init);
    try {
      return await fetch(this.#url, init);
    } catch (error) {
      if (this.#abort.signal.aborted || !(error instanceof TypeError)) throw error;
      throw new TypeError(`Cannot read ${this.#url}: ${error.message}`, { cause: error });
    }
  }

  #take(response: Response): void {
    this.#reader = this.#bodyOf(response)?.getReader() ?? null;
    this.#chunk = new Uint8Array(0);
  }

  /** Deno doesn't decompress where a range is asked for, or an encoding refused. */
  #bodyOf({ body, headers }: Response): ReadableStream<Uint8Array> | null {
    const encoding = headers.get("content-encoding") ?? "identity";
    if (encoding === "identity") return body;
    if (encoding !== "gzip" && encoding !== "deflate") {
      throw new Error(`Cannot read ${this.#url}: its content-encoding is ${encoding}`);
    }
    return body?.pipeThrough(new DecompressionStream(encoding)) ?? null;
  }

  /** Goes on from `position` with a new request. */
  async #reopen(position: number): Promise<void> {
    await this.#reader?.cancel().catch(() => {});
    this.#reader = null;
    this.#position = position;
    if (this.#size !== null && position >= this.#size) return;
    const response = await this.#request(position);
    if (response.status !== 206 || sizeOf(response) !== this.#size) {
      await response.body?.cancel();
      throw new Changed(`Cannot read ${this.#url}: it changed while it was read`);
    }
    if (startOf(response) !== position) {
      await response.body?.cancel();
      throw new Error(`Cannot read ${this.#url}: asked for the bytes from ${position} on, got others`);
    }
    this.#take(response);
  }

  *#read(size: number): ReturnType<NonNullable<Device["read"]>> {
    if (this.#chunk.length === 0) this.#chunk = yield* call(() => this.#nextChunk(), "source");
    const piece = this.#chunk.subarray(0, size);
    this.#chunk = this.#chunk.subarray(piece.length);
    this.#position += piece.length;
    return piece.length === 0 ? null : piece;
  }

  /** Empty at the end. A connection that breaks is made again, from where it stopped. */
  async #nextChunk(): Promise<Uint8Array> {
    const retries = this.#options.retries ?? 3;
    for (let left = retries;; left--) {
      try {
        const chunk = await this.#readOn();
        if (chunk) return chunk;
        if (this.#size === null || this.#position >= this.#size) return new Uint8Array(0);
        throw new Error(`Cannot read ${this.#url}: it ended at byte ${this.#position} of ${this.#size}`);
      } catch (error) {
        if (!this.#ranges || left <= 0 || this.#abort.signal.aborted) throw error;
        if (left < retries) await this.#pause((this.#options.retryDelay ?? 200) * 2 ** (retries - left - 1));
        await this.#reopen(this.#position).catch((cause) => {
          if (left <= 1 || cause instanceof Changed) throw cause;
        });
      }
    }
  }

  /** Until the source is closed, at most. */
  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end);
    });
  }

  async #readOn(): Promise<Uint8Array | null> {
    while (this.#reader) {
      const { value, done } = await this.#reader.read();
      if (done) return null;
      if (value.length > 0) return value;
    }
    return null;
  }

  *#seek(offset: number, whence: number): ReturnType<NonNullable<Device["seek"]>> {
    if (whence === constants.seek.SIZE) return this.#size;
    const target = whence === constants.seek.END ? this.#size! + offset : offset;
    if (target < 0) return null;
    const ahead = target - this.#position;
    if (ahead >= 0 && ahead < READ_THROUGH && this.#reader) {
      while (this.#position < target) {
        if (!(yield* this.#read(target - this.#position))) break;
      }
      this.#position = target;
    } else {
      yield* call(() => this.#reopen(target), "source");
    }
    return target;
  }
}

/** No range of an empty file can be had. */
function isEmpty(response: Response): boolean {
  return response.status === 416 && /^bytes \*\/0$/i.test(response.headers.get("content-range") ?? "");
}

/** From Content-Range where a part was sent, Content-Length where all of it. */
function sizeOf(response: Response): number | null {
  const range = response.headers.get("content-range")?.match(/\/(\d+)$/)?.[1];
  const size = response.status === 206 ? range : response.headers.get("content-length");
  // A length of what was compressed is not that of the media.
  return size && !isEncoded(response) ? Number(size) : null;
}

/** First byte of the part that was sent. */
function startOf(response: Response): number | null {
  const start = response.headers.get("content-range")?.match(/^bytes (\d+)-/i)?.[1];
  return start === undefined ? null : Number(start);
}

function isEncoded(response: Response): boolean {
  return (response.headers.get("content-encoding") ?? "identity") !== "identity";
}
