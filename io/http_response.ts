/**
 * Parses the headers of http responses: range, size, validator, redirect target, retry delay.
 */
import { isDeno } from "../ffi/runtime.ts";
import { HttpFault } from "./http_error.ts";

/** A part of a file, from Content-Range. */
export interface Part {
  start: number;
  /** Position after its last byte. */
  end: number;
  /** Size of the whole file in bytes, null if the server doesn't state it. */
  total: number | null;
}

/**
 * The part in a 206 response; null if it is missing or impossible, or compressed, because then only the whole can be
 * decoded.
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

/** Size of the whole file in bytes; null if the server doesn't state it, or states that of the compressed file. */
export function lengthOf(response: Response): number | null {
  const length = response.headers.get("content-length");
  return response.status === 206 || length === null || isEncoded(response) ? null : Number(length);
}

/** Whether a 416 response means that the file is empty, since an empty file has no ranges. */
export function isEmptyFile(response: Response): boolean {
  return response.status === 416 && /^bytes \*\/0$/i.test(response.headers.get("content-range") ?? "");
}

/** ETag or Last-Modified, for If-Range, which doesn't allow weak ETags. */
export function validatorOf({ headers }: Response): string | null {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

/** "404 Not Found" */
export function statusLine({ status, statusText }: Response): string {
  return `${status} ${statusText}`.trimEnd();
}

/** The target of a redirect, as a URL, or as text if it isn't valid; null if the response isn't a redirect. */
export function redirectOf({ status, headers }: Response, from: URL): URL | string | null {
  const location = headers.get("location");
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return null;
  return URL.parse(location, from) ?? location;
}

/** Milliseconds until a retry, from Retry-After (seconds or a date); null without it. */
export function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds);
}

/**
 * The decompressed bytes. Deno doesn't decompress responses to requests with a range or `accept-encoding`; other
 * runtimes always do.
 */
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

/** Cancels the body of a response. */
export function discard({ body }: Response): void {
  body?.cancel().catch(() => {});
}

function isEncoded({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}
