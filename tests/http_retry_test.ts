/**
 * http(s) sources: which failed requests are retried, and when; the error after the last retry; and that all requests
 * end with the reader.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { Demuxer, HttpError, type HttpOptions, probe } from "@avio/avio";
import { retryAfterOf } from "../io/http_response.ts";
import { rejectionOf, soon } from "./support/async.ts";
import { type Behaviour, type FileServer, rangeOf, serving, wavOf } from "./support/file_server.ts";
import { fixtureBytes } from "./support/fixtures.ts";

const WAV = wavOf(2_000_000);
const SMALL = fixtureBytes("video.mkv");

/** Where a request can fail, by its number: see `readWav`. */
const PLACES = { "opening": 0, "going on": 1, "another range": 2, "a seek": 3 };

/**
 * Reads some of WAV, seeks and reads on. It makes four requests: the first, one after what opening examined, the next
 * range of that, and one for the seek (to about byte 1,764,000).
 */
async function readWav(url: string, http: HttpOptions = {}, signal?: AbortSignal): Promise<void> {
  const options = { bufferSize: 4096, findStreamInfo: false, http: { retryDelay: 0, ...http } };
  await using demuxer = await Demuxer.open(url, { ...options, ...(signal ? { signal } : {}) });
  const check = async () => {
    const { data, pos } = (await demuxer.read())!;
    assertEquals(data, WAV.subarray(pos!, pos! + data.length));
  };
  for (let i = 0; i < 50; i++) await check();
  await demuxer.seek(40);
  for (let i = 0; i < 10; i++) await check();
}

/** Whether readWav always makes a request. The range after the three may be begun before the seek: the reader reads ahead. */
function isCertain(headers: HeadersInit | undefined): boolean {
  const [from] = /(?<==)\d+/.exec(new Headers(headers).get("range")!)!;
  return Number(from) < 655_404 || Number(from) > 1_700_000;
}

/** A server of WAV that numbers the requests that are certain. */
function serveWav(behaviour: Behaviour, work: (server: FileServer) => Promise<void>): Promise<void> {
  return serving(WAV, { chunk: 16_384, counts: ({ headers }) => isCertain(headers), ...behaviour }, work);
}

/** A URL without a listening server. */
function refusing(): string {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return `http://127.0.0.1:${port}/`;
}

/** A URL whose server accepts requests and closes the connection. */
async function leaving(work: (url: string) => Promise<void>): Promise<void> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(1000));
      connection.close();
    }
  })();
  await work(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/`);
  listener.close();
  await serving;
}

/** A fetch that calls `instead` for some of the requests that are certain, by their number. */
function fetchBut(isOther: (index: number) => boolean, instead: typeof fetch): typeof fetch {
  let index = 0;
  return (input, init) => {
    const counts = isCertain(init?.headers);
    return counts && isOther(index++) ? instead(input, init) : fetch(input, init);
  };
}

/** A fetch that goes elsewhere for some requests, by their number. */
function detour(isOther: (index: number) => boolean, other: string): typeof fetch {
  return fetchBut(isOther, (_, init) => fetch(other, init));
}

// ------------------------------------------------------------------------------------------- retries

Deno.test("readWav() makes the requests that the tests take it to make", async () => {
  await serveWav({}, async (server) => {
    await readWav(server.url);
    assertEquals(server.ranges.slice(0, 2), ["bytes=0-131071", "bytes=44-131115"]);
    assertEquals(server.ranges[2], "bytes=131116-655403");
    assert(server.ranges[3]!.startsWith("bytes=17"), server.ranges[3]!);
  });
});

for (const [place, at] of Object.entries(PLACES)) {
  Deno.test(`A response with status 429 or 5xx is retried: ${place}`, async () => {
    for (const status of [429, 500, 502, 503, 504, 599]) {
      const instead = (_: Request, index: number) => index === at ? new Response("busy", { status }) : null;
      await serveWav({ instead }, async (server) => {
        await readWav(server.url);
        assertEquals(server.ranges[at], server.ranges[at + 1], "the same again");
      });
    }
  });

  Deno.test(`A refused connection is retried: ${place}`, async () => {
    await serveWav({}, (server) => readWav(server.url, { fetch: detour((i) => i === at, refusing()) }));
  });

  Deno.test(`A connection that breaks before the response is retried: ${place}`, async () => {
    await leaving(async (other) => {
      await serveWav({}, (server) => readWav(server.url, { fetch: detour((i) => i === at, other) }));
    });
  });

  Deno.test(`A response that breaks is continued by a new request: ${place}`, async () => {
    for (const bytes of [0, 1, 3000]) {
      await serveWav({ breaksAfter: (index) => index === at ? bytes : null }, async (server) => {
        await readWav(server.url);
        const from = Number(/\d+/.exec(server.ranges[at]!)![0]);
        assert(
          server.ranges.some((range) => range!.startsWith(`bytes=${from + bytes}-`)),
          `${server.ranges}`,
        );
      });
    }
  });

  Deno.test(`A request that fails in a different way each time is retried: ${place}`, async () => {
    const instead = (_: Request, index: number) => index === at ? new Response(null, { status: 503 }) : null;
    const breaksAfter = (index: number) => index === at + 1 ? 0 : null;
    await serveWav({ instead, breaksAfter }, (server) => {
      return readWav(server.url, { fetch: detour((index) => index === at + 2, refusing()) });
    });
  });
}

Deno.test("Retries are counted anew after received bytes", async () => {
  await serving(SMALL, { breaksAfter: () => 3000, chunk: 1000 }, async (server) => {
    await using demuxer = await Demuxer.open(server.url, { http: { retries: 1 } });
    for await (const _ of demuxer);
    assertGreater(server.requests.length, 5);
  });
});

// ------------------------------------------------------------------------------------------- errors without retries

Deno.test("A status that isn't worth a retry is an error at once", async () => {
  for (const status of [400, 401, 403, 404, 410, 451]) {
    const instead = () => new Response("no", { status });
    await serving(SMALL, { instead }, async (server) => {
      const error = await rejectionOf(probe(server.url));
      assertInstanceOf(error, HttpError);
      assertStringIncludes(error.message, `Cannot read ${server.url}: ${status} `);
      if (status === 404) assertEquals(error.message, `Cannot read ${server.url}: 404 Not Found`);
      assertEquals([error.name, error.status, error.url], ["HttpError", status, server.url]);
      assertEquals("cause" in error, false);
      assertEquals(server.requests.length, 1);
    });
  }
});

Deno.test("The error for a failure in the middle has the position", async () => {
  const instead = (_: Request, index: number) => index === 2 ? new Response(null, { status: 404 }) : null;
  await serveWav({ instead }, async (server) => {
    const error = await rejectionOf(readWav(server.url));
    assertInstanceOf(error, HttpError);
    assertEquals(error.message, `Cannot read ${server.url}: 404 Not Found (at byte 131116)`);
    assertEquals(server.requests.length, 3);
  });
});

Deno.test("The error after the last retry has the URL, the position and the number of attempts", async () => {
  for (const retries of [0, 1, 3]) {
    const tries = retries === 0 ? "" : `, after ${retries + 1} tries`;
    const instead = (_: Request, index: number) => index >= 2 ? new Response(null, { status: 503 }) : null;
    await serveWav({ instead }, async (server) => {
      const error = await rejectionOf(readWav(server.url, { retries }));
      assertInstanceOf(error, HttpError);
      assertEquals(
        error.message,
        `Cannot read ${server.url}: 503 Service Unavailable (at byte 131116${tries})`,
      );
      assertEquals([error.status, error.url], [503, server.url]);
      assertEquals(server.requests.length, 3 + retries);
    });
    await serveWav(
      { breaksAfter: (index) => index === 1 ? 5000 : index === 0 ? null : 0 },
      async (server) => {
        const error = await rejectionOf(readWav(server.url, { retries }));
        assertInstanceOf(error, HttpError);
        assert(error.message.endsWith(`(at byte 5044${tries})`), error.message);
        assertInstanceOf(error.cause, Error);
        assertEquals([error.status, error.url], [206, server.url]);
        assertEquals(server.requests.length, 2 + retries);
      },
    );
  }
});

Deno.test("A response that ends too early is continued, and repeated empty responses are an error", async () => {
  const shortened = (bytes: number) => (request: Request, index: number) => {
    const [from, end] = rangeOf(request, WAV.length);
    const headers = { "content-range": `bytes ${from}-${end - 1}/${WAV.length}` };
    return index < 2 ? null : new Response(WAV.subarray(from, from + bytes), { status: 206, headers });
  };
  await serveWav({ instead: shortened(20_000) }, (server) => readWav(server.url));
  await serveWav({ instead: shortened(0) }, async (server) => {
    const error = await rejectionOf(readWav(server.url));
    assertInstanceOf(error, HttpError);
    assertStringIncludes(error.message, "the response ended too early (at byte 131116, after 4 tries)");
    assertEquals(server.requests.length, 2 + 4);
  });
});

Deno.test("A server that can't be reached is an HttpError without a status, and its cause is fetch's", async () => {
  const url = refusing();
  const error = await rejectionOf(probe(url, { http: { retries: 2, retryDelay: 1 } }));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.url], [null, url]);
  assert(error.message.startsWith(`Cannot read ${url}: `), error.message);
  assert(error.message.endsWith("(at byte 0, after 3 tries)"), error.message);
  assertInstanceOf(error.cause, TypeError);
  assertMatch(error.message, /refused/i); // on Node fetch says only that it has failed
});

Deno.test("The error of a broken fetch or response says why, which may be only in its causes", async () => {
  const why = new Error("connect ECONNREFUSED ::1:80", { cause: "odd" });
  const causes: Record<string, [unknown, string]> = {
    cause: [why, "fetch failed: connect ECONNREFUSED ::1:80: odd"],
    errors: [
      new AggregateError([why, new Error("other")], ""),
      "fetch failed: connect ECONNREFUSED ::1:80: odd",
    ],
    text: ["odd", "fetch failed: odd"],
    same: [new Error("failed"), "fetch failed"],
    none: [undefined, "fetch failed"],
  };
  for (const [how, [cause, message]] of Object.entries(causes)) {
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
    const error = await rejectionOf(probe("http://host/", { http: { fetch, retries: 0 } })) as Error;
    assertEquals([how, error.message], [how, `Cannot read http://host/: ${message}`]);
  }
});

Deno.test("An exception of the program's fetch other than TypeError is thrown unchanged, without a retry", async () => {
  const reason = new Error("the program's own");
  for (const at of Object.values(PLACES)) {
    const own = fetchBut((index) => index === at, () => Promise.reject(reason));
    await serveWav({}, async (server) => {
      assertStrictEquals(await rejectionOf(readWav(server.url, { fetch: own })), reason);
      assertEquals(server.requests.length, at);
    });
  }
});

Deno.test("A fetch that returns no Response is a TypeError that names it", async () => {
  const fetch = () => Promise.resolve("text") as never;
  const error = await rejectionOf(probe("http://127.0.0.1/", { http: { fetch } }));
  assertInstanceOf(error, TypeError);
  assertEquals(error.message, "http.fetch: must return a Response");
});

// ------------------------------------------------------------------------------------------- time

Deno.test("Retry-After is seconds or a date; anything else is ignored", () => {
  const after = (text: string) => retryAfterOf(new Response(null, { headers: { "retry-after": text } }));
  assertEquals(["0", "7", " 120 "].map(after), [0, 7000, 120_000]);
  assertEquals(["", "soon", "-5", "1.5x"].map((text) => after(text) || null), [null, null, null, null]);
  assertEquals(retryAfterOf(new Response()), null);
  const inAMinute = after(new Date(Date.now() + 60_000).toUTCString())!;
  assertGreater(inAMinute, 58_000);
  assertLess(inAMinute, 60_001);
  assertEquals(after(new Date(Date.now() - 60_000).toUTCString()), 0);
});

/** Milliseconds that reading takes if the server's first responses are these. */
async function timeWith(headers: HeadersInit, http: HttpOptions, times = 1): Promise<number> {
  let milliseconds = NaN;
  const instead = (_: Request, index: number) =>
    index < times ? new Response(null, { status: 503, headers }) : null;
  await serving(SMALL, { instead }, async (server) => {
    const start = performance.now();
    await soon(probe(server.url, { http }), 10_000);
    milliseconds = performance.now() - start;
    assertEquals(server.requests.length, times + 1);
  });
  return milliseconds;
}

Deno.test("Retry-After overrides retryDelay, up to maxRetryDelay", async () => {
  assertGreater(await timeWith({ "retry-after": "1" }, { retryDelay: 0 }), 999);
  assertLess(await timeWith({ "retry-after": "0" }, { retryDelay: 100_000 }), 5000);
  assertLess(await timeWith({ "retry-after": "86400" }, { maxRetryDelay: 20 }), 5000);
  const tomorrow = new Date(Date.now() + 86_400_000).toUTCString();
  assertLess(await timeWith({ "retry-after": tomorrow }, { maxRetryDelay: 20 }), 5000);
});

Deno.test("The first retry after a broken connection is made at once", async () => {
  await serving(SMALL, { breaksAfter: (index) => index === 0 ? 3000 : null }, async (server) => {
    await soon(probe(server.url, { http: { retryDelay: 1_000_000, maxRetryDelay: 1_000_000 } }));
    assertEquals(server.requests.length, 2);
  });
});

Deno.test("retryDelay doubles from time to time, up to maxRetryDelay", async () => {
  assertGreater(await timeWith({}, { retryDelay: 40 }, 3), 40 + 80 + 160 - 1);
  assertLess(await timeWith({}, { retryDelay: 100_000, maxRetryDelay: 1 }, 3), 5000);
});

// ------------------------------------------------------------------------------------------- ending

/** The error of a read that is aborted with `abort`, which `http` and the server get; checks that it ends soon. */
async function abortedWith(
  http: (abort: () => void) => HttpOptions,
  behaviour: (abort: () => void) => Behaviour = () => ({}),
  end: () => void = () => {},
): Promise<void> {
  const controller = new AbortController();
  const reason = new Error("no longer");
  const abort = () => void setTimeout(() => controller.abort(reason)); // when what called it waits
  await serveWav(behaviour(abort), async (server) => {
    const reading = readWav(server.url, http(abort), controller.signal);
    try {
      assertStrictEquals(await soon(rejectionOf(reading)), reason);
    } finally {
      end();
      await probe(SMALL); // gives the aborted session's thread time to end
    }
  });
}

for (const [place, at] of Object.entries(PLACES)) {
  Deno.test(`An abort ends the wait for a response: ${place}`, async () => {
    const silence = Promise.withResolvers<Response>();
    await abortedWith(() => ({}), (abort) => ({
      instead: (_, index) => index === at ? (abort(), silence.promise) : null,
    }), () => silence.resolve(new Response()));
  });

  Deno.test(`An abort ends the wait for a fetch that ignores its signal: ${place}`, async () => {
    let cancelled = 0;
    const late = Promise.withResolvers<Response>();
    await abortedWith((abort) => ({
      fetch: fetchBut((index) => index === at, () => (abort(), late.promise)),
    }));
    late.resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ })));
    await late.promise;
    await null;
    assertEquals(cancelled, 1, "what comes too late is let go of");
  });

  Deno.test(`An abort ends the wait for bytes: ${place}`, async () => {
    let cancelled: unknown;
    await abortedWith((abort) => ({
      fetch: fetchBut((index) => index === at, async (input, init) => {
        const response = await fetch(input, init);
        await response.body?.cancel();
        abort();
        const { status, headers } = response;
        const body = new ReadableStream({ cancel: (reason) => void (cancelled = reason) });
        return new Response(body, { status, headers });
      }),
    }));
    assertInstanceOf(cancelled, Error);
    assertEquals(cancelled.message, "no longer");
  });

  Deno.test(`An abort ends the wait before a retry, and its timer: ${place}`, async () => {
    await abortedWith(() => ({ maxRetryDelay: 1e9 }), (abort) => ({
      instead(_, index) {
        if (index !== at) return null;
        abort();
        return new Response(null, { status: 503, headers: { "retry-after": "100000" } });
      },
    }));
  });

  Deno.test(`An abort ends the wait for headers: ${place}`, async () => {
    let index = 0;
    const never = new Promise<HeadersInit>(() => {});
    await abortedWith((abort) => ({ headers: () => index++ === at ? (abort(), never) : {} }));
  });
}
