/**
 * A server of one file on the loopback interface that records requests, and misbehaves as a test chooses.
 */
import { fixtureBytes } from "./fixtures.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** How a server may behave. */
export interface Behaviour {
  /** Supports Range. @default {true} */
  ranges?: boolean;
  /** Content-Range has the range of the part. @default {true} */
  tellsPart?: boolean;
  /** Max bytes of a part. */
  maxPart?: number;
  /** The ETag, by the number of the request. */
  etag?: (request: number) => string;
  /** Sends Content-Length, or a total in Content-Range. @default {true} */
  tellsSize?: boolean;
  /** Breaks the connection after so many bytes, by the number of the request; null: does not. */
  breaksAfter?: (request: number) => number | null;
  /** Whether a request is numbered and recorded; others are answered as requests that nothing happens to. @default {all} */
  counts?: (request: Request) => boolean;
  /** A response instead of the media, by the number of the request. */
  instead?: (request: Request, index: number) => Response | null | Promise<Response | null>;
  /** Bytes of a chunk, and milliseconds before each. */
  chunk?: number;
  pause?: number;
}

/** A server of one file, with its requests and what it has sent. */
export class FileServer implements AsyncDisposable {
  readonly requests: { url: string; headers: Headers }[] = [];
  /** Bytes sent. */
  sent = 0;
  /** Responses that the client has aborted. */
  left = 0;
  /** Responses that are being sent. */
  open = 0;
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(bytes: Bytes, behaviour: Behaviour = {}) {
    this.#server = Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => {},
      onError: () => new Response(),
    }, async (request) => {
      const counts = behaviour.counts?.(request) ?? true;
      const index = counts ? this.#record(request) : -1;
      const other = await behaviour.instead?.(request, index);
      return other ?? this.#answer(bytes, request, index, behaviour);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get url(): string {
    return `${this.origin}/media`;
  }

  /** The paths requested so far. */
  get paths(): string[] {
    return this.requests.map(({ url }) => new URL(url).pathname);
  }

  /** The Range headers so far. */
  get ranges(): (string | null)[] {
    return this.requests.map((request) => request.headers.get("range"));
  }

  /** Returns the number of the request. */
  #record(request: Request): number {
    return this.requests.push({ url: request.url, headers: new Headers(request.headers) }) - 1;
  }

  #answer(bytes: Bytes, request: Request, index: number, behaviour: Behaviour): Response {
    const { ranges = true, tellsSize = true, tellsPart = true, maxPart = Infinity } = behaviour;
    const { etag = () => `"one"`, breaksAfter = () => null } = behaviour;
    const [from, last] = rangeOf(request, bytes.length);
    const end = Math.min(last, from + maxPart);
    const ifRange = request.headers.get("if-range");
    const isPart = ranges && request.headers.has("range") && (ifRange === null || ifRange === etag(index));
    if (isPart && from >= bytes.length) {
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${bytes.length}` } });
    }
    const part = isPart ? bytes.subarray(from, end) : bytes;
    const headers = new Headers({ etag: etag(index) });
    if (tellsSize && !isPart) headers.set("content-length", String(part.length));
    const total = tellsSize ? bytes.length : "*";
    if (isPart && tellsPart) headers.set("content-range", `bytes ${from}-${end - 1}/${total}`);
    const body = this.#bodyOf(part, breaksAfter(index), behaviour);
    return new Response(body, { status: isPart ? 206 : 200, headers });
  }

  #bodyOf(part: Bytes, limit: number | null, { chunk = 1000, pause = 0 }: Behaviour): ReadableStream<Bytes> {
    let at = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.open++;
    return new ReadableStream({
      pull: async (controller) => {
        if (pause) await new Promise((resolve) => timer = setTimeout(resolve, pause));
        if (limit !== null && at >= limit) {
          this.open--;
          return controller.error(new Error("broken on purpose"));
        }
        if (at >= part.length) {
          this.open--;
          return controller.close();
        }
        const piece = part.slice(at, Math.min(at + chunk, limit ?? Infinity));
        at += piece.length;
        this.sent += piece.length;
        controller.enqueue(piece);
      },
      cancel: () => {
        clearTimeout(timer);
        this.left++;
        this.open--;
      },
    }, { highWaterMark: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** The first requested byte, and the one after the last. */
export function rangeOf(request: Request, size: number): [number, number] {
  const [, from = "0", last = ""] = request.headers.get("range")?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
  return [Number(from), last === "" ? size : Math.min(Number(last) + 1, size)];
}

/** Serves while `work` runs. */
export async function serving(
  bytes: Bytes,
  behaviour: Behaviour,
  work: (server: FileServer) => Promise<void>,
): Promise<void> {
  await using server = new FileServer(bytes, behaviour);
  await work(server);
}

/** A WAV of so many bytes: no index, one stream, packets of some KiB. */
export function wavOf(size: number): Bytes {
  const header = fixtureBytes("audio.wav").slice(0, 44);
  const wav = new Uint8Array(size).map((_, i) => (i * 31) >> 4);
  wav.set(header);
  const view = new DataView(wav.buffer);
  view.setUint32(4, size - 8, true);
  wav.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, size - 44, true);
  return wav;
}
