/**
 * Requests of one http(s): URL. Redirects are followed here, so that `onopen` can check each of them, and headers are
 * sent only to the origin that they were given for.
 */
import { argumentError } from "../ffi/errors.ts";
import { call, type Operation } from "../ffi/operation.ts";
import { abortable } from "./abortable.ts";
import { headersOf, type HttpOptions, type NestedHttp } from "./http.ts";
import { HttpFault, messageOf } from "./http_error.ts";
import { discard, redirectOf, retryAfterOf, statusLine } from "./http_response.ts";

const MAX_REDIRECTS = 20; // same limit as fetch

export class HttpClient {
  #url: URL;
  #options: HttpOptions;
  #nested: NestedHttp | null;
  #signal: AbortSignal;
  /** The target of redirects, requested directly next time. */
  #location: URL;

  /** @param signal Ends every wait. */
  constructor(url: URL, options: HttpOptions, nested: NestedHttp | null, signal: AbortSignal) {
    this.#url = url;
    this.#location = url;
    this.#options = options;
    this.#nested = nested;
    this.#signal = signal;
  }

  /** The final URL after redirects, null if there were none. */
  get redirectedTo(): string | null {
    return this.#location.href === this.#url.href ? null : this.#location.href;
  }

  /**
   * Makes a request; returns a response with a success status, or 416 (no such range). The target of earlier redirects
   * is requested first; if that fails (for example an expired signed URL), the original URL.
   */
  *get(headers: Record<string, string>): Operation<Response> {
    const location = this.#location;
    try {
      return yield* this.#follow(location, headers);
    } catch (error) {
      if (location === this.#url || !(error instanceof HttpFault)) throw error;
      this.#location = this.#url;
      return yield* this.#follow(this.#url, headers);
    }
  }

  *#follow(from: URL, headers: Record<string, string>): Operation<Response> {
    let url = from;
    for (let redirects = 0;; redirects++) {
      const response = yield* this.#request(url, headers);
      const { status } = response;
      const target = redirectOf(response, url);
      if (target === null) return yield* this.#accept(response, url);
      discard(response);
      if (redirects === MAX_REDIRECTS) {
        throw new HttpFault(`redirected more than ${MAX_REDIRECTS} times`, { kind: "final", status });
      }
      url = yield* this.#allow(target, status);
    }
  }

  /** Redirects that the program's own `fetch` followed itself can only be checked afterwards. */
  *#accept(response: Response, requested: URL): Operation<Response> {
    const url = response.redirected ? URL.parse(response.url) ?? requested : requested;
    try {
      if (url !== requested) {
        const allowed = yield* this.#allow(url, response.status);
        if (allowed.href !== url.href) throw this.#refused(url, response.status);
      }
      if (!response.ok && response.status !== 416) throw this.#faultOf(response, url);
      this.#location = url;
      return response;
    } catch (error) {
      discard(response);
      throw error;
    }
  }

  /** Checks the target of a redirect: a URL that the program opened may redirect to any http(s) URL. */
  *#allow(target: URL | string, status: number): Operation<URL> {
    if (typeof target === "string" || !/^https?:$/.test(target.protocol)) {
      throw new HttpFault(`redirected to ${target}, which is not an http(s) URL`, { kind: "final", status });
    }
    if (!this.#nested) return target;
    const place = yield* this.#nested.redirect(target.href);
    const allowed = place === null ? null : URL.parse(place);
    if (allowed) return allowed;
    throw this.#refused(target, status);
  }

  #refused(target: URL, status: number): HttpFault {
    return new HttpFault(`redirected to ${target}, which onopen refused`, { kind: "final", status });
  }

  #faultOf(response: Response, url: URL): HttpFault {
    const { status } = response;
    const where = url.href === this.#url.href ? "" : `redirected to ${url}: `;
    const isBusy = status === 429 || status >= 500;
    return new HttpFault(where + statusLine(response), {
      kind: isBusy ? "busy" : "final",
      status,
      retryAfter: isBusy ? retryAfterOf(response) : null,
    });
  }

  /**
   * `fetch` rejects with a TypeError when the network fails; other errors are the program's own or missing permissions.
   */
  *#request(url: URL, own: Record<string, string>): Operation<Response> {
    const headers = yield* this.#headersFor(url);
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    const { fetch = globalThis.fetch } = this.#options;
    const init: RequestInit = { headers, redirect: "manual", signal: this.#signal };
    let response: Response;
    try {
      response = yield* call(() => abortable(fetch(url.href, init), this.#signal, discard), "http.fetch");
    } catch (error) {
      if (this.#signal.aborted || !isTypeError(error)) throw error;
      throw new HttpFault(messageOf(error), { kind: "broken", status: null, cause: error });
    }
    if (typeof response?.headers?.get === "function") return response;
    throw argumentError(TypeError, "http.fetch", "must return a Response");
  }

  *#headersFor(url: URL): Operation<Headers> {
    const { headers } = this.#options;
    if (typeof headers === "function") {
      const given = async () => await headers(new URL(url));
      return headersOf(yield* call(() => abortable(given(), this.#signal), "http.headers"), "http.headers");
    }
    const origin = this.#nested ? this.#nested.origin : this.#url.origin;
    return headersOf(url.origin === origin ? headers : undefined, "http.headers");
  }
}

/** Whether an error is a TypeError, of any realm: under Jest `fetch` is of another one. */
function isTypeError(error: unknown): error is TypeError {
  return error instanceof TypeError ||
    (Object.prototype.toString.call(error) === "[object Error]" && (error as Error).name === "TypeError");
}
