/**
 * Requests of one http(s): URL. Redirects are followed here, so that each can be asked about, and so that headers go
 * only to the origin that they were given for.
 */
import { argumentError } from "../ffi/errors.ts";
import { call, type Operation } from "../ffi/operation.ts";
import { abortable } from "./abortable.ts";
import type { HeadersLike, HttpOptions, NestedHttp } from "./http.ts";
import { HttpFault } from "./http_error.ts";
import { discard, redirectOf, retryAfterOf, statusLine } from "./http_response.ts";

const MAX_REDIRECTS = 20; // as fetch has it

export class HttpClient {
  #url: URL;
  #options: HttpOptions;
  #nested: NestedHttp | null;
  #signal: AbortSignal;
  /** Where redirects led to: asked the next time. */
  #location: URL;

  /** @param signal Ends whatever it waits for. */
  constructor(url: URL, options: HttpOptions, nested: NestedHttp | null, signal: AbortSignal) {
    this.#url = url;
    this.#location = url;
    this.#options = options;
    this.#nested = nested;
    this.#signal = signal;
  }

  /** Where redirects led to, null where there were none. */
  get redirectedTo(): string | null {
    return this.#location.href === this.#url.href ? null : this.#location.href;
  }

  /**
   * A response that is a success, or says that there is no such range (416). Where redirects led to before is asked
   * first; what is not to be had there (a signed URL that is no longer good), where they began.
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

  /** What the program's own `fetch` has followed by itself can only be looked at afterwards. */
  *#accept(response: Response, asked: URL): Operation<Response> {
    const url = response.redirected ? URL.parse(response.url) ?? asked : asked;
    try {
      if (url !== asked) {
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

  /** Where a redirect may go to: what the program has named itself, anywhere that is http. */
  *#allow(target: URL | string, status: number): Operation<URL> {
    if (typeof target === "string" || !/^https?:$/.test(target.protocol)) {
      throw new HttpFault(`redirected to ${target}, which is no http(s) URL`, { kind: "final", status });
    }
    if (!this.#nested) return target;
    const answer = yield* this.#nested.redirect(target.href);
    const allowed = answer === null ? null : URL.parse(answer);
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

  /** A TypeError is what `fetch` rejects with where the network fails; all else is the program's, or a permission's. */
  *#request(url: URL, own: Record<string, string>): Operation<Response> {
    const headers = yield* this.#headersFor(url);
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    const { fetch = globalThis.fetch } = this.#options;
    const init: RequestInit = { headers, redirect: "manual", signal: this.#signal };
    let response: Response;
    try {
      response = yield* call(() => abortable(fetch(url.href, init), this.#signal, discard), "http.fetch");
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof TypeError)) throw error;
      throw new HttpFault(error.message, { kind: "broken", status: null, cause: error });
    }
    if (typeof response?.headers?.get === "function") return response;
    throw argumentError(TypeError, "http.fetch", "must return a Response");
  }

  *#headersFor(url: URL): Operation<Headers> {
    const { headers } = this.#options;
    if (typeof headers === "function") {
      const given = async () => await headers(new URL(url));
      return headersOf(yield* call(() => abortable(given(), this.#signal), "http.headers"));
    }
    const origin = this.#nested ? this.#nested.origin : this.#url.origin;
    return headersOf(url.origin === origin ? headers : undefined);
  }
}

function headersOf(init: HeadersLike | undefined): Headers {
  try {
    return new Headers(init);
  } catch (error) {
    throw argumentError(TypeError, "http.headers", (error as Error).message);
  }
}
