/**
 * The error for an http(s): URL that can't be read.
 */

/**
 * An http(s): URL can't be read: the server refused it, could not be reached, or sent something else than what was
 * requested.
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
  /** Status of the response; null if there was none. */
  readonly status: number | null;
  /** The URL as it was opened. The message contains the target of redirects. */
  readonly url: string;

  /** Called by avio only. */
  constructor(message: string, init: { status: number | null; url: string; cause?: unknown }) {
    super(message, "cause" in init ? { cause: init.cause } : undefined);
    this.name = "HttpError";
    this.status = init.status;
    this.url = init.url;
  }
}

/** Whether a retry may succeed ("broken" connection, "busy" server) or not ("final"). */
export type FaultKind = "broken" | "busy" | "final";

/** A failure of one request. The caller, who knows the URL and position, turns it into an HttpError. */
export class HttpFault extends Error {
  readonly kind: FaultKind;
  readonly status: number | null;
  /** Milliseconds to wait before a retry, from Retry-After. */
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

/** Causes of an error that are named. */
const MAX_CAUSES = 3;

/** What a failed fetch or response says. Node's error says only "fetch failed" or "terminated"; its causes tell why. */
export function messageOf(error: unknown): string {
  try {
    return textOf(error, MAX_CAUSES);
  } catch {
    return "its error can't be read"; // a program's own fetch may throw anything
  }
}

function textOf(error: unknown, causes: number): string {
  const { message = error, cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  const text = String(message);
  const isLast = cause === undefined || cause === null || causes === 0;
  const reason = isLast ? "" : textOf(firstOf(cause), causes - 1).trim();
  return text.includes(reason) ? text : `${text}: ${reason}`;
}

/** The first of several errors: of one address after the other. */
function firstOf(error: unknown): unknown {
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
}
