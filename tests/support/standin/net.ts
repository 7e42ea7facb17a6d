/**
 * Replacements of `Deno.serve`, `Deno.listen` and `Deno.connect`, over `node:http` and `node:net`.
 */
import http from "node:http";
import net from "node:net";
import { Readable } from "node:stream";

interface ServeOptions {
  port?: number;
  hostname?: string;
  onListen?: () => void;
  onError?: (error: unknown) => Response;
  signal?: AbortSignal;
}

/** Milliseconds between the last byte of a response that breaks off, and its end. */
const BREAKING = 100;

type Handler = (request: Request) => Response | Promise<Response>;

/** The port is needed at once; `listen` sets it synchronously if it needs no name lookup. */
function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}

function requestOf(incoming: http.IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", headers, url = "/" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
    signal,
    ...(hasBody ? { body: Readable.toWeb(incoming) as unknown as BodyInit, duplex: "half" } : {}),
  };
  return new Request(`http://${headers.host}${url}`, init);
}

async function respond(response: Response, outgoing: http.ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  const reader = response.body?.getReader();
  outgoing.on("close", () => void reader?.cancel().catch(() => {}));
  try {
    for (let next; (next = await reader?.read()) && !next.done;) {
      if (!outgoing.write(next.value)) {
        await new Promise((resolve) => outgoing.once("drain", resolve).once("close", resolve));
      }
    }
    outgoing.end();
  } catch {
    // In the middle of the response. Node's fetch drops bytes that arrive together with the end.
    setTimeout(() => outgoing.socket?.end(), BREAKING);
  }
}

/** `Deno.serve`. */
export function serve(options: ServeOptions | Handler, given?: Handler) {
  const handler = given ?? options as Handler;
  const { port = 8000, hostname, onError, signal } = typeof options === "function"
    ? {} as ServeOptions
    : options;
  const server = http.createServer((incoming, outgoing) => {
    const left = new AbortController();
    outgoing.on("close", () => left.abort());
    void (async () => {
      try {
        await respond(await handler(requestOf(incoming, left.signal)), outgoing);
      } catch (error) {
        await respond(onError?.(error) ?? new Response("", { status: 500 }), outgoing);
      }
    })();
  });
  server.listen(port); // with a host there would be a lookup, and the port would be known later
  const finished = new Promise<void>((resolve) => server.on("close", resolve));
  const shutdown = () => {
    server.close();
    server.closeAllConnections();
    return finished;
  };
  signal?.addEventListener("abort", () => void shutdown());
  return {
    addr: { transport: "tcp", hostname: hostname ?? "0.0.0.0", port: portOf(server) },
    finished,
    shutdown,
    ref: () => void server.ref(),
    unref: () => void server.unref(),
    [Symbol.asyncDispose]: shutdown,
  };
}

/** `Deno.listen`; connections are accepted by iteration only. */
export function listen({ port = 0, hostname = "127.0.0.1" }: { port?: number; hostname?: string }) {
  const waiting: ((socket: net.Socket | null) => void)[] = [];
  const arrived: net.Socket[] = [];
  const server = net.createServer((socket) => {
    const next = waiting.shift();
    if (next) next(socket);
    else arrived.push(socket);
  });
  server.listen(port);
  const close = () => {
    server.close();
    for (const socket of arrived) socket.destroy();
    for (const next of waiting.splice(0)) next(null);
  };
  const accept = () =>
    new Promise<net.Socket | null>((resolve) => {
      const socket = arrived.shift();
      if (socket) resolve(socket);
      else waiting.push(resolve);
    });
  return {
    addr: { transport: "tcp", hostname, port: portOf(server) },
    close,
    unref: () => void server.unref(),
    async accept() {
      const socket = await accept();
      if (!socket) throw new Error("The listener is closed");
      return connectionOf(socket);
    },
    async *[Symbol.asyncIterator]() {
      for (let socket; (socket = await accept());) yield connectionOf(socket);
    },
    [Symbol.dispose]: close,
  };
}

function connectionOf(socket: net.Socket) {
  socket.on("error", () => {});
  return {
    read: (target: Uint8Array) =>
      new Promise<number | null>((resolve) => {
        socket.once("data", (chunk: Uint8Array) => {
          target.set(chunk.subarray(0, target.length));
          resolve(Math.min(chunk.length, target.length));
        });
        socket.once("end", () => resolve(null));
      }),
    write: (bytes: Uint8Array) =>
      new Promise<number>((resolve, reject) =>
        socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length))
      ),
    close: () => void socket.destroy(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** `Deno.connect`. */
export function connect({ port, hostname = "127.0.0.1" }: { port: number; hostname?: string }) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, hostname, () => resolve(connectionOf(socket)));
    socket.on("error", reject);
  });
}
