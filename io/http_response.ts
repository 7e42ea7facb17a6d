/**
 * What an http response says of itself: which part it is, of how many bytes, where it redirects to.
 */
import { isDeno } from "../ffi/runtime.ts";
import { HttpFault } from "./http_error.ts";

/** A part of a file, as Content-Range tells it. */
export interface Part {
  start: number;
  /** Behind its last byte. */
  end: number;
  /** Bytes of the whole, null where the server doesn't say. */
  total: number | null;
}

/**
 * The part that a 206 has; null where it doesn't say, or says what can't be, or has it in an encoding that only the whole can
 * be decoded from.
 */
export function partOf(response: Response): Part | null {
  if (response.status !== 206 || isEncoded(response)) return null;
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(response.headers.get("content-range") ?? "");
  if (!match) return null;
  const [start, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? null : Number(match[3]);
  const isPart = start <= last && last < (total ?? Number.MAX_SAFE_INTEGER);
  return isPart && (total ?? 0) <= Number.MAX_SAFE_INTEGER ? { start, end: last + 1, total } : null;
}

/** Bytes of a whole file; null where the server doesn't say. A length of what was compressed is not that of the media. */
export function lengthOf(response: Response): number | null {
  const length = response.headers.get("content-length");
  return response.status === 206 || length === null || isEncoded(response) ? null : Number(length);
}

/** No range of an empty file can be had. */
export function isEmptyFile(response: Response): boolean {
  return response.status === 416 && /^bytes \*\/0$/i.test(response.headers.get("content-range") ?? "");
}

/** ETag or Last-Modified, for If-Range; weak ETags compare nothing. */
export function validatorOf({ headers }: Response): string | null {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

/** "404 Not Found" */
export function statusLine({ status, statusText }: Response): string {
  return `${status} ${statusText}`.trimEnd();
}

/** Where a response redirects to, as a URL or as what the server said where that is none; null where it doesn't. */
export function redirectOf({ status, headers }: Response, from: URL): URL | string | null {
  const location = headers.get("location");
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return null;
  return URL.parse(location, from) ?? location;
}

/** Milliseconds that the server asks to wait, as seconds or as a date; null where it doesn't. */
export function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds);
}

/** The bytes. Deno doesn't decompress where a range is asked for, or an encoding refused; the others always have. */
export function bodyOf(response: Response): ReadableStream<Uint8Array> {
  const { headers, status } = response;
  const body: ReadableStream<Uint8Array> = response.body ?? new Blob([]).stream();
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding === "identity" || !isDeno) return body;
  if (encoding === "gzip" || encoding === "deflate") {
    return body.pipeThrough(
      new DecompressionStream(encoding) as ReadableWritablePair<Uint8Array, Uint8Array>,
    );
  }
  discard(response);
  throw new HttpFault(`its content-encoding is ${encoding}`, { kind: "final", status });
}

/** Lets go of a response that nobody reads. */
export function discard({ body }: Response): void {
  body?.cancel().catch(() => {});
}

function isEncoded({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}
