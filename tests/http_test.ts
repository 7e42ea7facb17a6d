/**
 * http(s) sources, with a server on the loopback interface that records its requests.
 */
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  AVError,
  concatSync,
  Demuxer,
  type DemuxerOptions,
  MemorySink,
  probe,
  probeSync,
  remux,
} from "@avio/avio";
import { withIndexFarBehind } from "./support/chunked.ts";
import { readRows, rejectionOf, soon } from "./support/async.ts";
import { rangeOf, serving, wavOf } from "./support/file_server.ts";
import { fixtureBytes, mediaFixtures } from "./support/fixtures.ts";
import { rowsOf } from "./support/packets.ts";
import { eventually } from "./support/threads.ts";

// ------------------------------------------------------------------------------------------- ranges

for (const name of mediaFixtures) {
  Deno.test(`An http: source has the packets of ${name}`, async () => {
    await serving(fixtureBytes(name), {}, async (server) => {
      assertEquals(await readRows(server.url), rowsOf(fixtureBytes(name)));
      assertEquals(await readRows(new URL(server.url)), rowsOf(fixtureBytes(name)));
    });
  });
}

Deno.test("A small http: source that is read forward is one request", async () => {
  for (const name of ["faststart.mp4", "video.mkv", "audio.flac"]) {
    await serving(fixtureBytes(name), {}, async (server) => {
      await readRows(server.url, { bufferSize: 4096 });
      assertEquals(server.ranges, ["bytes=0-131071"], name);
    });
  }
});

Deno.test("The ranges of an http: source grow while it is read forward; the last one is open-ended", async () => {
  const wav = wavOf(16_000_000);
  await serving(wav, { chunk: 65536 }, async (server) => {
    const sink = new MemorySink();
    await remux(server.url, sink, { format: "wav" });
    assertEquals(server.ranges, [
      "bytes=0-131071", // then it reads after the data, and seeks back
      "bytes=44-131115",
      "bytes=131116-655403",
      "bytes=655404-2752555",
      "bytes=2752556-11141163",
      "bytes=11141164-",
    ]);
    assertEquals(sink.bytes().subarray(-8_000_000), wav.subarray(-8_000_000));
  });
});

Deno.test("probe() of an http: source makes the server send little more than it needs", async () => {
  const sink = new MemorySink();
  concatSync(Array(60).fill(fixtureBytes("video.mkv")), sink, { format: "matroska" });
  assert(sink.bytes().length > 1_500_000);
  await serving(sink.bytes(), { chunk: 10_000 }, async (server) => {
    assertEquals((await probe(server.url)).size, sink.bytes().length);
    assertEquals(server.ranges, ["bytes=0-131071"]);
    assertLessOrEqual(server.sent, 131_072);
  });
});

Deno.test("An http: source makes a new small request after a seek, and reads through small gaps", async () => {
  const wav = wavOf(8_000_000);
  await serving(wav, { chunk: 65536 }, async (server) => {
    await using demuxer = await Demuxer.open(server.url, { bufferSize: 4096 });
    const readAt = async (position: number) => {
      await demuxer.seek(position / wav.length * demuxer.duration!);
      const packet = (await demuxer.read())!;
      assertEquals(packet.data, wav.subarray(packet.pos!, packet.pos! + packet.data.length));
    };
    // Requests may begin this much before a packet.
    const requested = (position: number) => {
      const ranges = server.ranges.map((range) =>
        /^bytes=(\d+)-(\d+)$/.exec(range ?? "")?.slice(1).map(Number)
      );
      const found = ranges.find((range) =>
        range && range[0]! > position - 20_000 && range[0]! < position + 100
      );
      return found && found[1]! - found[0]! + 1;
    };
    await readAt(6_400_000);
    assertEquals(requested(6_400_000), 131_072, "far ahead");
    assertEquals(server.requests.at(-1)!.headers.get("if-range"), `"one"`);
    await readAt(6_500_000);
    assertEquals(requested(6_500_000), undefined, "a small gap");
    await readAt(1_600_000);
    assertEquals(requested(1_600_000), 131_072, "back");
  });
});

Deno.test("A seek without a read makes no request", async () => {
  await serving(wavOf(8_000_000), { chunk: 65536 }, async (server) => {
    const demuxer = await Demuxer.open(server.url, { bufferSize: 4096 });
    const before = server.requests.length;
    for (const seconds of [100, 20, 50]) await demuxer.seek(seconds);
    await demuxer.close();
    assertEquals(server.requests.length, before);
  });
});

Deno.test("Parts may be shorter than requested", async () => {
  const bytes = fixtureBytes("video.mkv");
  await serving(bytes, { maxPart: 5000 }, async (server) => {
    assertEquals(await readRows(server.url), rowsOf(bytes));
    assertEquals(server.requests.length, Math.ceil(bytes.length / 5000));
  });
});

Deno.test("A part without Content-Range is not used: the whole is requested, and read forward", async () => {
  const bytes = fixtureBytes("faststart.mp4");
  await serving(bytes, { tellsPart: false }, async (server) => {
    assertEquals(await readRows(server.url, { bufferSize: 4096 }), rowsOf(bytes));
    assertEquals(server.ranges, ["bytes=0-131071", null]);
  });
});

Deno.test("The size of an http: source is the total of Content-Range", async () => {
  await serving(fixtureBytes("video.mkv"), {}, async (server) => {
    assertEquals((await probe(server.url)).size, fixtureBytes("video.mkv").length);
  });
});

Deno.test("The size of an http: source without ranges is its Content-Length", async () => {
  for (const tellsSize of [true, false]) {
    await serving(fixtureBytes("video.mkv"), { ranges: false, tellsSize }, async (server) => {
      assertEquals((await probe(server.url)).size, tellsSize ? fixtureBytes("video.mkv").length : null);
    });
  }
});

Deno.test("An mp4 with its index at the end is read by ranges", async () => {
  await serving(fixtureBytes("video.mp4"), { chunk: 500 }, async (server) => {
    assertEquals(await readRows(server.url, { bufferSize: 2048 }), rowsOf(fixtureBytes("video.mp4")));
  });
});

Deno.test("A part of a compressed response is not used: the whole is requested", async () => {
  const bytes = fixtureBytes("faststart.mp4");
  const packed = await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  const instead = ({ headers }: Request) => {
    const encoded = { "content-encoding": "gzip", etag: '"one"' };
    if (!headers.has("range")) return new Response(packed, { headers: encoded });
    const range = { "content-range": `bytes 0-999/${packed.length}` };
    return new Response(packed.subarray(0, 1000), { status: 206, headers: { ...encoded, ...range } });
  };
  await serving(bytes, { instead }, async (server) => {
    assertEquals(await readRows(server.url, { bufferSize: 4096 }), rowsOf(bytes));
    assertEquals(server.ranges, ["bytes=0-131071", null]);
  });
});

// ------------------------------------------------------------------------------------------- without ranges

Deno.test("A server without ranges gives a source that can't seek, and one request", async () => {
  for (const tellsSize of [true, false]) {
    await serving(fixtureBytes("faststart.mp4"), { ranges: false, tellsSize }, async (server) => {
      const rows = rowsOf(fixtureBytes("faststart.mp4"));
      assertEquals(await readRows(server.url, { bufferSize: 4096 }), rows);
      assertEquals(server.requests.length, 1);
    });
    await serving(
      withIndexFarBehind(fixtureBytes("video.mp4")),
      { ranges: false, tellsSize },
      async (server) => {
        const reading = () => readRows(server.url, { bufferSize: 4096 });
        const error = await assertRejects(reading, AVError, "not seekable");
        assertEquals(error.codeName, "ESPIPE");
      },
    );
  }
});

Deno.test("Ranges without a total are read forward", async () => {
  await serving(fixtureBytes("faststart.mp4"), { tellsSize: false }, async (server) => {
    const rows = rowsOf(fixtureBytes("faststart.mp4"));
    assertEquals(await readRows(server.url), rows);
  });
  for (const size of [131_071, 131_072, 131_073, 700_000]) {
    const wav = wavOf(size);
    await serving(wav, { tellsSize: false, chunk: 10_000 }, async (server) => {
      assertEquals(await readRows(server.url), await readRows(new Blob([wav]).stream()), `${size} bytes`);
      assertEquals(server.ranges, ["bytes=0-131071", `bytes=${Math.min(size, 131_072)}-`]);
    });
  }
});

// ------------------------------------------------------------------------------------------- broken connections

Deno.test("A broken connection is made again from where it stopped", async () => {
  for (const name of ["video.mkv", "video.ts", "faststart.mp4"] as const) {
    const bytes = fixtureBytes(name);
    const breaksAfter = (request: number) => request < 3 ? 7000 : null;
    await serving(bytes, { breaksAfter, chunk: 700 }, async (server) => {
      assertEquals(await readRows(server.url), rowsOf(bytes), name);
      assert(server.requests.length >= 4, `${server.requests.length} requests`);
      for (const request of server.requests.slice(1)) {
        assertEquals(request.headers.get("if-range"), `"one"`);
      }
    });
  }
});

Deno.test("A connection that breaks repeatedly is an error after the given number of retries", async () => {
  for (const retries of [0, 1, 3]) {
    const breaksAfter = (request: number) => request === 0 ? 9000 : 0;
    await serving(fixtureBytes("video.mkv"), { breaksAfter, chunk: 900 }, async (server) => {
      const error = await rejectionOf(readRows(server.url, { bufferSize: 1000, http: { retries } }));
      assert(error instanceof Error && !(error instanceof AVError), String(error));
      assertEquals(server.requests.length, 1 + retries);
    });
  }
});

Deno.test("The delay between retries grows; a signal ends it, too", async () => {
  const breaksAfter = (request: number) => request === 0 ? 9000 : 0;
  await serving(fixtureBytes("video.mkv"), { breaksAfter, chunk: 900 }, async (server) => {
    const start = performance.now();
    await rejectionOf(readRows(server.url, { bufferSize: 1000, http: { retries: 3, retryDelay: 40 } }));
    assert(performance.now() - start >= 40 + 80, "the second and third retry wait");
  });
  await serving(fixtureBytes("video.mkv"), { breaksAfter, chunk: 900 }, async (server) => {
    const signal = AbortSignal.timeout(200);
    const http = { retries: 3, retryDelay: 100_000 };
    assertStrictEquals(
      await rejectionOf(readRows(server.url, { bufferSize: 1000, http, signal })),
      signal.reason,
    );
  });
});

Deno.test("An empty file is an error of the format, not of http", async () => {
  await serving(new Uint8Array(0), {}, async (server) => {
    const error = await rejectionOf(Demuxer.open(server.url));
    assert(error instanceof AVError, String(error));
  });
});

Deno.test("Invalid options of http are TypeErrors and RangeErrors that name them", async () => {
  const bad = { retries: -1, retryDelay: "soon", fetch: "no function" };
  for (const [name, value] of Object.entries(bad)) {
    const options = { http: { [name]: value } } as unknown as DemuxerOptions;
    const error = await rejectionOf(Demuxer.open("http://127.0.0.1:1/", options));
    assert(error instanceof TypeError || error instanceof RangeError, String(error));
    assert(error.message.includes(`http.${name}`), error.message);
  }
});

Deno.test("Without ranges a broken connection is an error at once, never the end of the source", async () => {
  const breaksAfter = () => 9000;
  await serving(fixtureBytes("video.mkv"), { ranges: false, breaksAfter }, async (server) => {
    const error = await rejectionOf(readRows(server.url));
    assert(error instanceof Error && !(error instanceof AVError), String(error));
    assertEquals(server.requests.length, 1);
  });
});

Deno.test("A file that has changed since it was opened is an error, not a mixture", async () => {
  const breaksAfter = (request: number) => request === 0 ? 9000 : null;
  const etag = (request: number) => request === 0 ? `"one"` : `"two"`;
  await serving(fixtureBytes("video.mkv"), { breaksAfter, etag }, async (server) => {
    const error = await assertRejects(() => readRows(server.url), Error, "changed while it was read");
    assertStringIncludes(error.message, server.url);
    assertEquals(server.requests.length, 2, "which no retry can mend");
  });
});

Deno.test("A file with another size than on opening has changed, even if the server ignores If-Range", async () => {
  const bytes = fixtureBytes("video.mkv");
  const instead = (request: Request, index: number) => {
    if (index === 0) return null;
    const [from] = rangeOf(request, bytes.length);
    const headers = { "content-range": `bytes ${from}-${bytes.length + 9}/${bytes.length + 10}` };
    return new Response(bytes.subarray(from), { status: 206, headers });
  };
  const breaksAfter = () => 9000;
  await serving(bytes, { instead, breaksAfter, etag: () => `W/"weak"` }, async (server) => {
    await assertRejects(() => readRows(server.url), Error, "changed while it was read");
    assertEquals(server.requests[1]!.headers.get("if-range"), null, "weak ones compare nothing");
  });
});

Deno.test("A part that ends after the total size is not used: the whole is requested", async () => {
  const bytes = fixtureBytes("video.mkv");
  const ranges = [`bytes 0-${bytes.length - 1}/500`, "bytes 9-0/500", `bytes 0-499/1${"0".repeat(400)}`];
  for (const range of ranges) {
    const instead = (_request: Request, index: number) =>
      index === 0 ? new Response(bytes, { status: 206, headers: { "content-range": range } }) : null;
    await serving(bytes, { instead }, async (server) => {
      assertEquals(await readRows(server.url), rowsOf(bytes));
      assertEquals(server.requests[1]!.headers.get("range"), null);
    });
  }
});

Deno.test("A part other than the requested one is an error", async () => {
  const bytes = fixtureBytes("video.mkv");
  const instead = (request: Request, index: number) => {
    if (index === 0) return null;
    const from = rangeOf(request, bytes.length)[0] === 0 ? 1 : 0; // the bytes before the break may not have arrived
    const headers = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    return new Response(bytes.slice(from), { status: 206, headers });
  };
  await serving(bytes, { instead, breaksAfter: () => 9000 }, async (server) => {
    const error = await rejectionOf(readRows(server.url));
    assert(error instanceof Error && !(error instanceof AVError), String(error));
  });
});

// ------------------------------------------------------------------------------------------- fetch, headers, errors

Deno.test("fetch and headers are the caller's", async () => {
  await serving(fixtureBytes("video.mkv"), {}, async (server) => {
    let calls = 0;
    const options: DemuxerOptions = {
      http: {
        headers: { authorization: "Bearer secret", "x-one": "1" },
        fetch: (input, init) => {
          calls++;
          return fetch(input, init);
        },
      },
    };
    assertEquals(await readRows(server.url, options), rowsOf(fixtureBytes("video.mkv")));
    assertEquals(calls, server.requests.length);
    for (const { headers } of server.requests) {
      assertEquals(headers.get("authorization"), "Bearer secret");
      assertEquals(headers.get("x-one"), "1");
    }
  });
});

Deno.test("The body of a fetch of the caller's own may be of any bytes; anything else is an error, at once", async () => {
  const film = fixtureBytes("video.mp4");
  let requests = 0;
  const probed = (chunk: unknown) => {
    requests = 0;
    const fetch = () => (requests++, Promise.resolve(new Response(ReadableStream.from([chunk]) as BodyInit)));
    return probe("http://example.com/a", { http: { fetch } });
  };
  const detached = film.slice();
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  for (
    const chunk of [film.slice().buffer, new Uint16Array(film.slice().buffer), new DataView(film.buffer)]
  ) {
    const { streams, size } = await probed(chunk);
    assertEquals([streams.length, size], [2, film.length]);
  }
  for (const chunk of ["text", 5, undefined, detached]) {
    const error = await rejectionOf(probed(chunk)) as TypeError & { argument?: string };
    assertEquals([error.argument, error instanceof TypeError, requests], ["source", true, 1]);
  }
});

Deno.test("The error of fetch is thrown unchanged", async () => {
  const reason = new Error("no network");
  const http = { fetch: () => Promise.reject(reason) };
  assertStrictEquals(await rejectionOf(Demuxer.open("https://example.invalid/a.mp4", { http })), reason);
});

Deno.test("Statuses that are errors name themselves and the URL", async () => {
  for (const status of [404, 500, 403]) {
    const instead = () => new Response("no", { status });
    await serving(fixtureBytes("video.mkv"), { instead }, async (server) => {
      const error = await assertRejects(() => Demuxer.open(server.url), Error, String(status));
      assertStringIncludes(error.message, server.url);
    });
  }
});

Deno.test("Compressed responses are decompressed, and read forward", async () => {
  const bytes = fixtureBytes("audio.wav");
  const instead = (_request: Request) => {
    const body = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Response(body, { headers: { "content-encoding": "gzip", "content-type": "audio/wav" } });
  };
  await serving(bytes, { instead }, async (server) => {
    assertEquals((await readRows(server.url)).length, rowsOf(bytes).length);
    assertEquals((await probe(server.url)).size, null);
    assertEquals(
      server.requests[0]!.headers.get("accept-encoding")!.split(", ")[0],
      "identity",
      "is not requested",
    );
  });
});

Deno.test("A redirect is followed", async () => {
  await serving(fixtureBytes("video.mp4"), {}, async (target) => {
    const instead = () => Response.redirect(target.url, 302);
    await serving(fixtureBytes("video.mkv"), { instead }, async (server) => {
      assertEquals(await readRows(server.url), rowsOf(fixtureBytes("video.mp4")));
    });
    assertEquals(target.ranges[0], "bytes=0-131071");
  });
});

Deno.test("The sync API can't read http:", async () => {
  await assertRejects(
    async () => void await Promise.resolve(probeSync("http://127.0.0.1:9/a")),
    TypeError,
    "use open",
  );
});

// ------------------------------------------------------------------------------------------- ending

Deno.test("Closing early closes the connection", async () => {
  await serving(wavOf(8_000_000), { chunk: 65536, pause: 3 }, async (server) => {
    const demuxer = await Demuxer.open(server.url);
    await demuxer.read();
    await demuxer.close();
    await eventually(() => server.open === 0);
    assertEquals(server.open, 0);
    assert(server.left > 0);
    assertLessOrEqual(server.sent, 1_000_000);
  });
});

Deno.test("An abort closes the connection and rejects with its reason, even while the server sends nothing", async () => {
  await serving(wavOf(8_000_000), { chunk: 1000, pause: 30 }, async (server) => {
    const controller = new AbortController();
    const reason = new Error("no longer");
    const reading = rejectionOf(readRows(server.url, { signal: controller.signal }));
    await eventually(() => server.sent > 2000);
    controller.abort(reason);
    assertStrictEquals(await soon(reading), reason);
    await eventually(() => server.left > 0);
    assertEquals(server.left, 1);
  });
});

Deno.test("An abort before the response ends the request with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("no longer");
  const answer = Promise.withResolvers<Response>();
  const requested = Promise.withResolvers<void>();
  const instead = () => (requested.resolve(), answer.promise);
  await serving(fixtureBytes("video.mkv"), { instead }, async (server) => {
    const opening = rejectionOf(Demuxer.open(server.url, { signal: controller.signal }));
    await soon(requested.promise);
    controller.abort(reason);
    assertStrictEquals(await soon(opening), reason);
    answer.resolve(new Response());
  });
});

Deno.test("remux() reads from http:", async () => {
  await serving(fixtureBytes("video.mp4"), {}, async (server) => {
    const sink = new MemorySink();
    const result = await remux(server.url, sink, { format: "matroska" });
    assertEquals(result.packets, 206);
    assertEquals(probeSync(sink.bytes()).format.name, "matroska,webm");
  });
});
