/**
 * Node's streams as sources and sinks: nothing that they say or send before they are used is lost, each side of a Duplex
 * is its own, and every end is the right one.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import {
  concat,
  Demuxer,
  MemorySink,
  merge,
  Muxer,
  probe,
  probeSync,
  remux,
  remuxSync,
  split,
} from "@avio/avio";
import { rejectionOf } from "./support/async.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { runScriptOk } from "./support/subprocess.ts";

const film = fixtureBytes("video.mp4");
const broadcast = fixtureBytes("video.ts");
const mpegts = { format: "mpegts" } as const;

/** A source that is read from when a promise resolves. */
function after(promise: Promise<unknown>, bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await promise;
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** A Readable that waits for more after these bytes. */
function stalled(bytes: Uint8Array = film.subarray(0, 5000)): Readable {
  const source = new Readable({ read() {} });
  source.push(bytes);
  return source;
}

/** Resolves when a stream is closed. `once` would listen to its errors, too. */
const closing = (stream: Readable | Writable) => new Promise((resolve) => stream.on("close", resolve));

async function listening(server: net.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const codeOf = (error: unknown) => (error as { code?: unknown }).code;

// ------------------------------------------------------------------------------------------- sources

Deno.test("A child's output is a source, also if it has ended before it is read", async () => {
  const file = new URL("../fixtures/video.ts", import.meta.url).pathname;
  const child = spawn("cat", [file], { stdio: ["ignore", "pipe", "ignore"] });
  const first = after(once(child, "exit"), broadcast);
  const { packets } = await concat([first, child.stdout], new MemorySink(), mpegts);
  assertEquals(packets, 2 * 206);
});

Deno.test("A source that fails before it is read is that error, not the end of the process", async () => {
  const failure = new Error("not there");
  for (const join of [concat, merge]) {
    const late = new PassThrough();
    const closed = closing(late);
    late.destroy(failure);
    const error = await rejectionOf(join([after(closed, broadcast), late], new MemorySink(), mpegts));
    assertEquals(error, failure);
  }
});

Deno.test("A Readable that is stalled is destroyed by an abort, a timeout, and close()", async () => {
  const ends: Record<string, (source: Readable) => Promise<unknown>> = {
    abort: async (source) => {
      const controller = new AbortController();
      const probed = probe(source, { signal: controller.signal });
      controller.abort(new Error("enough"));
      assertEquals((await rejectionOf(probed) as Error).message, "enough");
    },
    timeout: async (source) => {
      assertEquals((await rejectionOf(probe(source, { timeout: 1 })) as Error).name, "TimeoutError");
    },
    close: async (source) => {
      const demuxer = await Demuxer.open(source, { probeSize: 2000, analyzeDuration: 0 });
      const read = demuxer.read().catch(() => {});
      await demuxer[Symbol.asyncDispose]();
      await read;
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    const source = stalled(how === "close" ? broadcast : undefined);
    await end(source);
    assertEquals([how, source.destroyed], [how, true]);
  }
});

Deno.test("A Readable that was closed before its end is a premature close", async () => {
  const closed = stalled();
  closed.destroy();
  const open = stalled();
  const errors = [rejectionOf(probe(closed)), rejectionOf(probe(open))];
  open.destroy();
  for (const error of await Promise.all(errors)) assertEquals(codeOf(error), "ERR_STREAM_PREMATURE_CLOSE");
});

Deno.test("A Readable can't be read synchronously", () => {
  const source = Readable.from([film]);
  const error = (() => {
    try {
      probeSync(source);
    } catch (error) {
      return (error as Error).message;
    }
  })();
  assertEquals(error, "source: a Readable can't be read synchronously, use open");
});

Deno.test("A Readable whose chunks are text or objects is a TypeError", async () => {
  const text = Readable.from([Buffer.from(film)]);
  text.setEncoding("latin1");
  for (const source of [text, Readable.from(["text"]), Readable.from([1])]) {
    const error = await rejectionOf(probe(source)) as Error;
    assertEquals(error.name, "TypeError");
    assertStringIncludes(error.message, "source: its chunks must be bytes, one is a");
  }
});

// ------------------------------------------------------------------------------------------- sinks

Deno.test("A Writable that fails before it is written is that error, and the process goes on", async () => {
  const failure = new Error("no space");
  const broken = () => {
    const sink = new Writable({ write() {} });
    const closed = closing(sink);
    sink.destroy(failure);
    return [sink, after(closed, broadcast)] as const;
  };
  const [sink, source] = broken();
  assertEquals(await rejectionOf(remux(source, sink, mpegts)), failure);
  const [merged, track] = broken();
  assertEquals(await rejectionOf(merge([track], merged, mpegts)), failure);
  assertEquals(await rejectionOf(Muxer.open(broken()[0], mpegts)), failure);
  const onsegment = () => broken()[0];
  assertEquals(await rejectionOf(split(film, { ...mpegts, every: 1, onsegment })), failure);
});

Deno.test("A Writable that has ended, or was destroyed, is a TypeError that says so", async () => {
  const ended = new PassThrough();
  ended.end();
  const destroyed = new PassThrough();
  destroyed.destroy();
  for (const [sink, what] of [[ended, "has ended"], [destroyed, "was destroyed"]] as const) {
    const error = await rejectionOf(remux(film, sink, mpegts)) as Error & { argument: string };
    assertEquals([error.argument, error.message], ["sink", `sink: is a Writable that ${what}`]);
  }
});

Deno.test("A Duplex as a sink need not be read to its end", async () => {
  const sink = new PassThrough({ highWaterMark: 1e6 });
  const { bytesWritten } = await remux(film, sink, mpegts);
  assertEquals((await buffer(sink)).length, bytesWritten);
});

Deno.test("A slow Writable gives backpressure", async () => {
  let waiting: (() => void) | null = null;
  let most = 0;
  const sink = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      most = Math.max(most, sink.writableLength);
      waiting = done;
      queueMicrotask(() => waiting?.());
    },
  });
  await remux(film, sink, { ...mpegts, bufferSize: 1024 });
  assertEquals(most <= 4096, true, String(most));
});

Deno.test("What a Writable throws, fails with or ends with is what remux() rejects with", async () => {
  const failure = new Error("disk");
  const sinks: Record<string, Writable> = {
    write: new Writable({ write: (_chunk, _encoding, done) => done(failure) }),
    throws: new Writable({
      write() {
        throw failure;
      },
    }),
    final: new Writable({ write: (_chunk, _encoding, done) => done(), final: (done) => done(failure) }),
  };
  for (const [how, sink] of Object.entries(sinks)) {
    assertEquals([how, await rejectionOf(remux(film, sink, mpegts))], [how, failure]);
  }
  const closed = new Writable({ write: (_chunk, _encoding, done) => void (closed.destroy(), done()) });
  assertEquals(codeOf(await rejectionOf(remux(film, closed, mpegts))), "ERR_STREAM_PREMATURE_CLOSE");
});

Deno.test("A Writable is destroyed with the error of the source, whether it was used or not", async () => {
  const failure = new Error("gone");
  const used = new Writable({ write: (_chunk, _encoding, done) => done() });
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(broadcast),
    pull: (controller) => controller.error(failure),
  });
  assertEquals(await rejectionOf(remux(source, used, mpegts)), failure);
  const unused = new Writable({ write: (_chunk, _encoding, done) => done() });
  const error = await rejectionOf(remux(new Uint8Array(10), unused, mpegts));
  assertEquals([used.destroyed, used.errored], [true, failure]);
  assertEquals([unused.destroyed, unused.errored], [true, error]);
});

Deno.test("A Writable whose end is stalled is destroyed by an abort", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const sink = new Writable({
    write: (_chunk, _encoding, done) => done(),
    final: () => controller.abort(reason),
  });
  assertEquals(await rejectionOf(remux(film, sink, { ...mpegts, signal: controller.signal })), reason);
  assertEquals([sink.destroyed, sink.errored], [true, reason]);
});

Deno.test("A file is closed when remux() resolves", async () => {
  const path = Deno.makeTempFileSync();
  try {
    const sink = createWriteStream(path);
    const { bytesWritten } = await remux(film, sink, mpegts);
    assertEquals([sink.closed, Deno.statSync(path).size], [true, bytesWritten]);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("A Writable can't be written synchronously", () => {
  let message = "";
  try {
    remuxSync(film, new PassThrough(), mpegts);
  } catch (error) {
    ({ message } = error as Error);
  }
  assertEquals(message, "sink: a Writable can't be written synchronously, use open");
});

Deno.test("Standard output is a sink, and still there afterwards", async () => {
  const printed = await runScriptOk(`
    import process from "node:process";
    import { remux } from "@avio/avio";
    const text = "1\\n00:00:00,000 --> 00:00:01,000\\nHello\\n";
    await remux(new TextEncoder().encode(text), process.stdout, { format: "srt" });
    console.log("and this");
  `);
  assertMatch(printed, /^1\n[^]*Hello\n+and this$/);
});

// ------------------------------------------------------------------------------------------- sockets and http

Deno.test("A socket is source and sink at once: the answer goes where the question came from", async () => {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    remux(socket, socket, mpegts).catch((error) => socket.destroy(error));
  });
  const client = net.connect({ port: await listening(server), host: "127.0.0.1", allowHalfOpen: true });
  client.end(film);
  const answer = await buffer(client);
  assertEquals(probeSync(new Uint8Array(answer)).streams.length, 2);
  server.close();
  await once(server, "close");
});

Deno.test("A request is a sink: its response is read afterwards", async () => {
  const server = http.createServer(async (request, response) => {
    const { packets } = await remux(request, new MemorySink(), { format: "matroska" });
    response.end(String(packets));
  });
  const request = http.request({ port: await listening(server), host: "127.0.0.1", method: "PUT" });
  const answered = once(request, "response") as Promise<[http.IncomingMessage]>;
  assertEquals((await remux(film, request, mpegts)).packets, 206);
  const [response] = await answered;
  assertEquals((await buffer(response)).toString(), "206");
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

Deno.test("A server answers after it has read a part of a request, or could read none of it", async () => {
  const server = http.createServer(async (request, response) => {
    try {
      if (request.url === "/probe") response.end(String((await probe(request)).streams.length));
      else await remux(request, response, mpegts);
    } catch (error) {
      response.statusCode = 415;
      response.end((error as Error).name);
    }
  });
  const address = `http://127.0.0.1:${await listening(server)}`;
  const long = new Blob(Array.from({ length: 50 }, () => broadcast));
  const text = new Blob(["text ".repeat(100_000)]);
  const send = async (path: string, body: Blob) => {
    const response = await fetch(address + path, { method: "POST", body });
    return [response.status, (await response.text()).slice(0, 10)];
  };
  assertEquals(await send("/probe", long), [200, "2"]);
  assertEquals(await send("/probe", text), [415, "AVError"]);
  assertEquals(await send("/remux", text), [415, "AVError"]);
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

Deno.test("A response whose client has gone is a premature close, not an abort", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const server = http.createServer((_request, response) => {
    function* endless() {
      for (;;) yield broadcast;
    }
    resolve(rejectionOf(remux(Readable.from(endless()), response, mpegts)));
  });
  const request = http.get({ port: await listening(server), host: "127.0.0.1" });
  const [response] = await once(request, "response") as [http.IncomingMessage];
  response.on("error", () => {});
  response.once("data", () => response.destroy());
  const error = await promise;
  assertEquals((error as Error).name, "Error");
  assertMatch(String(codeOf(error)), /^(ERR_STREAM_PREMATURE_CLOSE|ECONNRESET|EPIPE)$/);
  server.close();
  server.closeAllConnections();
  await once(server, "close");
});

Deno.test("Duplex.from() and a Readable of small pieces are sources", async () => {
  const duplex = Duplex.from((async function* () {
    yield Buffer.from(film);
  })());
  assertEquals((await probe(duplex)).streams.length, 2);
  const pieces = Readable.from((function* () {
    for (let i = 0; i < broadcast.length; i += 100) yield broadcast.subarray(i, i + 100);
  })());
  assertEquals((await remux(pieces, new MemorySink(), { format: "matroska" })).packets, 206);
});
