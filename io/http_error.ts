/**
 * What a program gets where an http(s): URL can't be read.
 */

/**
 * An http(s): URL can't be read: the server refused, could not be reached, or what it sent is not what was asked for.
 *
 * ```ts
 * import { HttpError, probe } from "@avio/avio";
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, () => new Response(null, { status: 404 }));
 * try {
 *   await probe(`http://localhost:${server.addr.port}/clip.mp4`);
 * } catch (error) {
 *   if (error instanceof HttpError) console.log(error.status); // 404
 * }
 * await server.shutdown();
 * ```
 */
export class HttpError extends Error {
  /** Status of the response that it failed with; null where there was no response. */
  readonly status: number | null;
  /** The URL that was to be read, as it was opened. Where redirects led is in the message. */
  readonly url: string;

  /** Made by avio. */
  constructor(message: string, init: { status: number | null; url: string; cause?: unknown }) {
    super(message, "cause" in init ? { cause: init.cause } : undefined);
    this.name = "HttpError";
    this.status = init.status;
    this.url = init.url;
  }
}

/** Whether the same request may succeed: "broken" connections, "busy" servers; or not: "final". */
export type FaultKind = "broken" | "busy" | "final";

/** What went wrong with one request. Who asked knows the URL and the position, and makes an HttpError of it. */
export class HttpFault extends Error {
  readonly kind: FaultKind;
  readonly status: number | null;
  /** Milliseconds that the server wants not to be asked. */
  readonly retryAfter: number | null;

  constructor(
    message: string,
    init: { kind: FaultKind; status: number | null; retryAfter?: number | null; cause?: unknown },
  ) {
    super(message, "cause" in init ? { cause: init.cause } : undefined);
    this.kind = init.kind;
    this.status = init.status;
    this.retryAfter = init.retryAfter ?? null;
  }
}
