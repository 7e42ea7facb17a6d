/**
 * The options of http(s) sources. http_source.ts reads them.
 */
import type { MaybePromise, Operation } from "../ffi/operation.ts";
import { argumentError } from "../ffi/errors.ts";
import {
  checkFunction,
  checkInteger,
  checkNumber,
  checkRecord,
  MAX_INT32,
  type Names,
  optional,
  readFields,
} from "./arguments.ts";

/** Anything that `new Headers()` accepts. */
export type HeadersLike = Headers | Iterable<[string, string]> | Record<string, string>;

/** How an http source is read. */
export interface HttpOptions {
  /**
   * Replaces the global `fetch`. It is called with `redirect: "manual"`, because avio follows redirects itself, and
   * again for each redirect: check the URL before you add credentials. If it rejects with a TypeError, as `fetch` does
   * when the network fails, the request is retried (`retries`).
   */
  fetch?: typeof fetch;
  /**
   * Headers of requests to the origin (scheme, host and port) of the URL that was opened, or of the option `url` if the
   * source isn't a URL. They are not sent to other origins, neither in redirects nor for URLs in a playlist. A function
   * is called with the URL of each request, of any origin, and returns its headers.
   */
  headers?: HeadersLike | ((url: URL) => MaybePromise<HeadersLike>);
  /**
   * How often in a row a failed request is retried: one whose connection was refused or broke, or whose status is 429
   * or 5xx. @default {3}
   */
  retries?: number;
  /**
   * Milliseconds before a retry, doubled for each further retry in a row. The first retry after a broken connection is
   * made at once. @default {200}
   */
  retryDelay?: number;
  /** Maximum milliseconds before a retry, even if the server asks for more (Retry-After). @default {30000} */
  maxRetryDelay?: number;
}

/** Options for URLs that another source (a playlist, for example) names. */
export interface NestedHttp {
  /** The origin that `headers` are sent to, that of the URL that the program opened; null for none. */
  readonly origin: string | null;
  /** Called before a redirect is followed; returns the URL to follow, null to refuse. */
  redirect(url: string): Operation<string | null>;
}

/** Whether a source is an http(s): URL. */
export function isHttp(source: unknown): source is string | URL {
  return (typeof source === "string" || source instanceof URL) && /^https?:/i.test(String(source));
}

/** Scheme, host and port of the first http(s): URL among these; null if there is none. */
export function httpOrigin(...places: unknown[]): string | null {
  const url = places.find(isHttp);
  return url === undefined ? null : URL.parse(String(url))?.origin ?? null;
}

const names: Names<HttpOptions> = {
  fetch: true,
  headers: true,
  retries: true,
  retryDelay: true,
  maxRetryDelay: true,
};

/** Checks the options; `argument` is their name. */
export function checkHttpOptions(http: HttpOptions, argument: string): HttpOptions {
  const options = readFields(http, names, argument);
  const { fetch, headers, retries, retryDelay, maxRetryDelay } = options;
  optional(checkFunction, fetch, `${argument}.fetch`);
  if (headers !== undefined && typeof headers !== "function") headersOf(headers, `${argument}.headers`);
  optional(checkInteger, retries, `${argument}.retries`, 0);
  optional(checkNumber, retryDelay, `${argument}.retryDelay`, 0);
  optional(checkNumber, maxRetryDelay, `${argument}.maxRetryDelay`, 0, MAX_INT32);
  return options;
}

/** Makes Headers; `name` is the argument's. Of an object that isn't plain the web platform would take its own fields only. */
export function headersOf(init: HeadersLike | undefined, name: string): Headers {
  const isRecord = typeof init === "object" && init !== null && !(Symbol.iterator in init);
  const headers = isRecord ? checkRecord(init, name) : init;
  try {
    return new Headers(headers);
  } catch (error) {
    throw argumentError(TypeError, name, (error as Error).message);
  }
}
