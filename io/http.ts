/**
 * http(s): URLs as sources: what a program says about them. How they are read is in http_source.ts.
 */
import type { MaybePromise, Operation } from "../ffi/operation.ts";
import { argumentError } from "../ffi/errors.ts";
import {
  checkFunction,
  checkInteger,
  checkNames,
  checkNumber,
  checkObject,
  MAX_INT32,
  type Names,
  optional,
} from "./arguments.ts";

/** Whatever `new Headers()` takes. */
export type HeadersLike = Headers | Iterable<[string, string]> | Record<string, string>;

/** How an http source is read. */
export interface HttpOptions {
  /**
   * Instead of the global `fetch`. It is called with `redirect: "manual"`, so that avio follows redirects itself, and
   * for each step of them: look at the URL before you add credentials. Where it rejects with a TypeError, which is what
   * `fetch` does when the network fails, it is called again (`retries`).
   */
  fetch?: typeof fetch;
  /**
   * Headers of the requests to the origin (scheme, host and port) of the URL that was opened, or of the option `url` where
   * the source is none. Other origins do not get them, neither when a redirect leads there nor when a playlist names
   * them. A function is called with the URL of each request, whatever its origin, and returns the headers for it.
   */
  headers?: HeadersLike | ((url: URL) => MaybePromise<HeadersLike>);
  /**
   * How often in a row a request is made again that failed: the connection was refused or broke, or the status was 429 or
   * 5xx. @default {3}
   */
  retries?: number;
  /**
   * Milliseconds before a request is made again, twice as many before each further time in a row. A connection that broke
   * is made again at once the first time. @default {200}
   */
  retryDelay?: number;
  /** Milliseconds that are waited at most, also where the server asks for more (Retry-After). @default {30000} */
  maxRetryDelay?: number;
}

/** For a URL that another source names (a playlist, for one). */
export interface NestedHttp {
  /** The origin that `headers` are for: that of the URL that the program opened; null: none. */
  readonly origin: string | null;
  /** Asked before a redirect is followed: the URL to go to, null to refuse. */
  redirect(url: string): Operation<string | null>;
}

/** Whether a source is an http(s): URL. */
export function isHttp(source: unknown): source is string | URL {
  return (typeof source === "string" || source instanceof URL) && /^https?:/i.test(String(source));
}

/** Scheme, host and port of the first of these that is an http(s): URL; null where none is. */
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

/** Checks the options; `argument`: what they are called. */
export function checkHttpOptions(http: HttpOptions, argument: string): HttpOptions {
  checkNames(checkObject(http, argument), names, argument);
  optional(checkFunction, http.fetch, `${argument}.fetch`);
  if (typeof http.headers !== "function") optional(checkHeaders, http.headers, `${argument}.headers`);
  optional(checkInteger, http.retries, `${argument}.retries`, 0);
  optional(checkNumber, http.retryDelay, `${argument}.retryDelay`, 0);
  optional(checkNumber, http.maxRetryDelay, `${argument}.maxRetryDelay`, 0, MAX_INT32);
  return http;
}

function checkHeaders(headers: HeadersLike, name: string): HeadersLike {
  try {
    new Headers(headers);
    return headers;
  } catch (error) {
    throw argumentError(TypeError, name, (error as Error).message);
  }
}
