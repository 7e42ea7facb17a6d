/**
 * http(s) sources: redirects, and headers, which must only be sent to the origin that they were given for.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  Demuxer,
  type DemuxerOptions,
  HttpError,
  MemorySink,
  probe,
  remux,
  type Source,
  withinOrigin,
} from "@avio/avio";
import { readRows, rejectionOf, soon } from "./support/async.ts";
import { avio } from "./support/cli.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { bytesOf, hashes, playlistOf, recording, tsHashes, tsSegments } from "./support/many_files.ts";
import { rowsOf } from "./support/packets.ts";

type Page = Uint8Array<ArrayBuffer> | ((request: Request) => Response);

/** A server of pages by path, which records requests. */
class Site implements AsyncDisposable {
  readonly pages: Map<string, Page>;
  readonly requests: { path: string; headers: Headers }[] = [];
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(pages: Record<string, Page> = {}) {
    this.pages = new Map(Object.entries(pages));
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname: path } = new URL(request.url);
      this.requests.push({ path, headers: new Headers(request.headers) });
      const page = this.pages.get(path);
      if (page === undefined) return new Response(null, { status: 404 });
      return typeof page === "function" ? page(request) : partOf(page, request);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get paths(): string[] {
    return this.requests.map(({ path }) => path);
  }

  /** Values of a header, request by request. */
  values(name: string): (string | null)[] {
    return this.requests.map(({ headers }) => headers.get(name));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

function partOf(bytes: Uint8Array<ArrayBuffer>, request: Request): Response {
  const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  const end = last === "" ? bytes.length : Math.min(Number(last) + 1, bytes.length);
  const headers = { "content-range": `bytes ${first}-${end - 1}/${bytes.length}` };
  return new Response(bytes.subarray(Number(first), end), { status: 206, headers });
}

function redirect(location: string | null, status = 302): Page {
  return () => new Response(null, { status, headers: location === null ? {} : { location } });
}

/** The segments of tsSegments() as pages in a folder. */
function segmentPages(folder: string): Record<string, Page> {
  const files = [...tsSegments()].filter(([name]) => name.endsWith(".ts"));
  return Object.fromEntries(files.map(([name, bytes]) => [`${folder}${name}`, bytes]));
}

const MP4 = fixtureBytes("video.mp4");
const PLAYLIST = bytesOf(playlistOf(["index0.ts", "index1.ts", "index2.ts"]));
const SECRET = { authorization: "Bearer secret", "x-token": "secret" };
const anything: DemuxerOptions["onopen"] = ({ url }) => url;

const hashesOf = async (source: Source, options: DemuxerOptions) => hashes(await readRows(source, options));

// ------------------------------------------------------------------------------------------- following

Deno.test("Redirects are followed: each status, absolute and relative, over several steps and origins", async () => {
  await using target = new Site({ "/b/video.mp4": MP4 });
  for (const status of [301, 302, 303, 307, 308]) {
    await using site = new Site({
      "/absolute": redirect(`${target.origin}/b/video.mp4`, status),
      "/a/relative": redirect("../b/video.mp4", status),
      "/path": redirect("/a/relative", status),
      "/b/video.mp4": redirect(`//${new URL(target.origin).host}/b/video.mp4#fragment`, status),
    });
    for (const path of ["/absolute", "/path"]) {
      assertEquals(await readRows(site.origin + path), rowsOf(MP4));
    }
  }
});

Deno.test("The target of redirects is requested directly afterwards; the first URL again if that fails", async () => {
  let good = 1;
  const signed: Page = (request) => {
    return new URL(request.url).searchParams.get("until") === String(good)
      ? partOf(MP4, request)
      : new Response(null, { status: 403 });
  };
  await using site = new Site({ "/signed": signed });
  site.pages.set("/video", () => Response.redirect(`${site.origin}/signed?until=${good}`));
  await using demuxer = await Demuxer.open(`${site.origin}/video`, { bufferSize: 2048 });
  assertEquals(site.paths.filter((path) => path === "/video").length, 1);
  assert(site.paths.length > 2, "an mp4 with its index at the end");
  good = 2;
  await demuxer.seek(0);
  for await (const _ of demuxer);
  await demuxer.seek(0);
  for await (const _ of demuxer);
  assertEquals(site.paths.filter((path) => path === "/video").length, 2);
});

Deno.test("Redirects in a circle, to nowhere and to other schemes are errors that name them", async () => {
  await using site = new Site({
    "/circle": redirect("/elcric"),
    "/elcric": redirect("/circle"),
    "/nowhere": redirect(null),
    "/bad": redirect("http://["),
    "/file": redirect("file:///etc/passwd"),
    "/data": redirect("data:text/plain,secret"),
    "/gone": redirect("/missing"),
  });
  const faults = {
    "/circle": "redirected more than 20 times",
    "/nowhere": "302 Found",
    "/bad": "redirected to http://[, which is not an http(s) URL",
    "/file": "redirected to file:///etc/passwd, which is not an http(s) URL",
    "/data": "redirected to data:text/plain,secret, which is not an http(s) URL",
    "/gone": `redirected to ${site.origin}/missing: 404 Not Found`,
  };
  for (const [path, fault] of Object.entries(faults)) {
    const error = await rejectionOf(probe(site.origin + path));
    assertInstanceOf(error, HttpError, path);
    assertEquals(error.message, `Cannot read ${site.origin}${path}: ${fault}`);
    assertEquals([error.status, error.url], [path === "/gone" ? 404 : 302, site.origin + path]);
  }
  assertEquals(site.paths.filter((path) => /circle|elcric/.test(path)).length, 21);
});

Deno.test("Names resolve against the target of a redirect", async () => {
  await using cdn = new Site({ "/v1/index.m3u8": PLAYLIST, ...segmentPages("/v1/") });
  await using site = new Site({ "/live.m3u8": redirect(`${cdn.origin}/v1/index.m3u8`) });
  const { asked, onopen } = recording(withinOrigin(cdn.origin));
  assertEquals(await hashesOf(`${site.origin}/live.m3u8`, { onopen }), tsHashes());
  assertEquals(asked.map(({ url }) => url).slice(0, 2), [0, 1].map((i) => `${cdn.origin}/v1/index${i}.ts`));
  const url = `${site.origin}/other/index.m3u8`;
  const error = await rejectionOf(Demuxer.open(`${site.origin}/live.m3u8`, { url }));
  assertStringIncludes((error as Error).message, `refused to open '${site.origin}/other/index0.ts'`);
});

Deno.test("Names in a playlist that another one names resolve against where a redirect led", async () => {
  const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\n/v/index.m3u8\n";
  await using site = new Site({
    "/master.m3u8": bytesOf(master),
    "/v/index.m3u8": redirect("/real/deep/index.m3u8"),
    "/real/deep/index.m3u8": PLAYLIST,
    ...segmentPages("/real/deep/"),
  });
  const { asked, onopen } = recording(withinOrigin(site.origin));
  assertEquals(await hashesOf(`${site.origin}/master.m3u8`, { onopen }), tsHashes());
  const names = asked.map(({ url }) => url.slice(site.origin.length));
  assertEquals(names.slice(0, 3), ["/v/index.m3u8", "/real/deep/index.m3u8", "/real/deep/index0.ts"]);
});

// ------------------------------------------------------------------------------------------- headers

Deno.test("http.headers are sent to a redirect within the origin, and not to another origin", async () => {
  await using other = new Site({ "/video.mp4": MP4 });
  await using site = new Site({
    "/start": redirect("/next"),
    "/next": redirect(`${other.origin}/video.mp4`),
  });
  assertEquals(await readRows(`${site.origin}/start`, { http: { headers: SECRET } }), rowsOf(MP4));
  for (const name of Object.keys(SECRET)) {
    assert(site.requests.length > 0 && other.requests.length > 0);
    assert(site.values(name).every((value) => value !== null), name);
    assert(other.values(name).every((value) => value === null), name);
  }
});

Deno.test("http.headers are sent to the origin of the playlist, and to no other that it names", async () => {
  await using other = new Site(segmentPages("/"));
  await using site = new Site(segmentPages("/"));
  site.pages.set("/index.m3u8", bytesOf(playlistOf(["index0.ts", `${other.origin}/index1.ts`, "index2.ts"])));
  const options = { onopen: anything, http: { headers: new Headers(SECRET) } };
  assertEquals(await hashesOf(`${site.origin}/index.m3u8`, options), tsHashes());
  assertEquals(new Set(site.values("authorization")), new Set([SECRET.authorization]));
  assertEquals(other.values("authorization"), [null]);
  site.requests.length = other.requests.length = 0;
  const names = ["index0.ts", `${other.origin}/index1.ts`, ...Array(20).fill("index2.ts")];
  site.pages.set("/long.m3u8", bytesOf(playlistOf(names))); // most are opened after the output's header was written
  const output = { format: "mpegts", onopen: () => null };
  await remux(`${site.origin}/long.m3u8`, new MemorySink(), { ...output, input: options });
  assertEquals(new Set(site.values("x-token")), new Set([SECRET["x-token"]]));
  assertEquals(other.values("x-token"), [null]);
});

Deno.test("http.headers are not sent to another origin to which a segment is redirected", async () => {
  await using other = new Site(segmentPages("/"));
  await using site = new Site({
    ...segmentPages("/"),
    "/index.m3u8": PLAYLIST,
    "/index1.ts": redirect(`${other.origin}/index1.ts`),
  });
  const options = { onopen: anything, http: { headers: SECRET } };
  assertEquals(await hashesOf(`${site.origin}/index.m3u8`, options), tsHashes());
  assertEquals(other.paths, ["/index1.ts"]);
  assertEquals(other.values("authorization"), [null]);
});

Deno.test("http.headers of a playlist in memory are for the origin of `url`, or for none", async () => {
  await using site = new Site(segmentPages("/"));
  const playlist = bytesOf(playlistOf([0, 1, 2].map((i) => `${site.origin}/index${i}.ts`)));
  const options = { onopen: anything, http: { headers: SECRET } };
  await hashesOf(playlist, options);
  assertEquals(new Set(site.values("authorization")), new Set([null]));
  site.requests.length = 0;
  await hashesOf(playlist, { ...options, url: `${site.origin}/index.m3u8` });
  assertEquals(new Set(site.values("authorization")), new Set([SECRET.authorization]));
  site.requests.length = 0;
  const input = { ...options, url: `${site.origin}/index.m3u8` };
  await remux(playlist, new MemorySink(), { format: "mpegts", input });
  assertEquals(new Set(site.values("authorization")), new Set([SECRET.authorization]));
});

Deno.test("A function as http.headers is called with the URL of each request, of any origin", async () => {
  await using other = new Site(segmentPages("/"));
  await using site = new Site({
    ...segmentPages("/"),
    "/start": redirect("/index.m3u8"),
    "/index.m3u8": PLAYLIST,
    "/index1.ts": redirect(`${other.origin}/index1.ts`),
  });
  const urls: string[] = [];
  const headers = async (url: URL) => {
    urls.push(url.href);
    await null;
    return { authorization: url.port };
  };
  assertEquals(await hashesOf(`${site.origin}/start`, { onopen: anything, http: { headers } }), tsHashes());
  for (
    const { origin, values } of [site, other].map((s) => ({
      origin: s.origin,
      values: s.values("authorization"),
    }))
  ) {
    assertEquals(new Set(values), new Set([new URL(origin).port]));
  }
  assertEquals(urls.slice(0, 2), [`${site.origin}/start`, `${site.origin}/index.m3u8`]);
  assert(urls.includes(`${other.origin}/index1.ts`));
});

Deno.test("Headers that a request needs override http.headers, and invalid headers are a TypeError", async () => {
  await using site = new Site({ "/video.mp4": MP4 });
  const headers = { range: "bytes=7-8", "accept-encoding": "gzip" };
  assertEquals(await readRows(`${site.origin}/video.mp4`, { http: { headers } }), rowsOf(MP4));
  assertEquals(site.values("accept-encoding")[0]!.split(", ")[0], "identity"); // Node adds its own
  for (const wrong of [{ "a b": "c" }, () => ({ "a b": "c" })]) {
    const error = await rejectionOf(probe(`${site.origin}/video.mp4`, { http: { headers: wrong } }));
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, "http.headers: ");
  }
});

// ------------------------------------------------------------------------------------------- nested opens

Deno.test("onopen is called for redirects of a playlist's URLs; the error for a refused one names it", async () => {
  await using other = new Site({ "/secret.ts": tsSegments().get("index1.ts")! });
  await using site = new Site({
    ...segmentPages("/"),
    "/index.m3u8": PLAYLIST,
    "/index1.ts": redirect("/moved.ts"),
    "/moved.ts": redirect(`${other.origin}/secret.ts`),
  });
  const { asked, onopen } = recording(withinOrigin(site.origin));
  const error = await rejectionOf(readRows(`${site.origin}/index.m3u8`, { onopen, http: { retryDelay: 0 } }));
  assertInstanceOf(error, HttpError);
  assertEquals(
    error.message,
    `Cannot read ${site.origin}/index1.ts: redirected to ${other.origin}/secret.ts, which onopen refused`,
  );
  assertEquals([error.status, error.url], [302, `${site.origin}/index1.ts`]);
  assertEquals(other.requests.length, 0);
  assertEquals(asked.slice(-2), [
    { url: `${site.origin}/moved.ts`, mode: "read" },
    { url: `${other.origin}/secret.ts`, mode: "read" },
  ]);
});

Deno.test("withinOrigin() with a path refuses redirects out of it, and follows those below", async () => {
  const pages = {
    ...segmentPages("/media/"),
    "/media/index.m3u8": PLAYLIST,
    "/media/index1.ts": redirect("/media/sub/index1.ts"),
    "/media/sub/index1.ts": tsSegments().get("index1.ts")!,
  };
  await using site = new Site(pages);
  const options = () => ({ onopen: withinOrigin(site.origin, { path: "/media/" }) });
  assertEquals(await hashesOf(`${site.origin}/media/index.m3u8`, options()), tsHashes());
  site.pages.set("/media/sub/index1.ts", redirect("/admin"));
  const error = await rejectionOf(readRows(`${site.origin}/media/index.m3u8`, options()));
  assertStringIncludes((error as Error).message, `redirected to ${site.origin}/admin, which onopen refused`);
  assert(!site.paths.includes("/admin"));
});

Deno.test("onopen may replace the target of a redirect; a result that isn't an http(s) URL refuses it; its exception is thrown", async () => {
  await using site = new Site({
    ...segmentPages("/"),
    "/index.m3u8": PLAYLIST,
    "/index1.ts": redirect("/moved.ts"),
    "/mirror.ts": tsSegments().get("index1.ts")!,
  });
  const open = (place: Source | null | (() => never)): DemuxerOptions => ({
    onopen: ({ url }) => !url.endsWith("moved.ts") ? url : typeof place === "function" ? place() : place,
  });
  assertEquals(await hashesOf(`${site.origin}/index.m3u8`, open(`${site.origin}/mirror.ts`)), tsHashes());
  for (const place of [null, "/etc/passwd", new Uint8Array(1)]) {
    const error = await rejectionOf(readRows(`${site.origin}/index.m3u8`, open(place)));
    assertStringIncludes((error as Error).message, "moved.ts, which onopen refused");
  }
  const reason = new Error("the program's own");
  const throwing = open(() => {
    throw reason;
  });
  assertStrictEquals(await rejectionOf(readRows(`${site.origin}/index.m3u8`, throwing)), reason);
});

Deno.test("onopen is called for a redirect in the middle of a file of a playlist, too", async () => {
  let part = 0;
  await using other = new Site({ "/secret.ts": tsSegments().get("index0.ts")! });
  await using site = new Site({ ...segmentPages("/"), "/index.m3u8": PLAYLIST });
  const first = tsSegments().get("index0.ts")!;
  site.pages.set("/index0.ts", () => {
    if (part++ > 0) return Response.redirect(`${other.origin}/secret.ts`);
    const headers = { "content-range": `bytes 0-999/${first.length}` };
    return new Response(first.subarray(0, 1000), { status: 206, headers });
  });
  const error = await rejectionOf(
    readRows(`${site.origin}/index.m3u8`, { onopen: withinOrigin(site.origin) }),
  );
  assertStringIncludes(
    (error as Error).message,
    `${other.origin}/secret.ts, which onopen refused (at byte 1000)`,
  );
  assertEquals(other.requests.length, 0);
});

Deno.test("An abort ends the wait for onopen's result for a redirect", async () => {
  await using site = new Site({ "/index.m3u8": PLAYLIST, "/index0.ts": redirect("/moved.ts") });
  const controller = new AbortController();
  const reason = new Error("no longer");
  const onopen: DemuxerOptions["onopen"] = ({ url }) => {
    if (!url.endsWith("moved.ts")) return url;
    setTimeout(() => controller.abort(reason));
    return new Promise(() => {});
  };
  const reading = readRows(`${site.origin}/index.m3u8`, { onopen, signal: controller.signal });
  assertStrictEquals(await soon(rejectionOf(reading)), reason);
  await probe(MP4); // gives the aborted session's thread time to end
});

Deno.test("avio: relative names are read from where the playlist was redirected to, and from nowhere else", async () => {
  await using cdn = new Site({ "/v1/index.m3u8": PLAYLIST, ...segmentPages("/v1/") });
  await using site = new Site({ "/live.m3u8": redirect(`${cdn.origin}/v1/index.m3u8`) });
  const url = `${site.origin}/live.m3u8`;
  const read = await avio("packets", url, "--json");
  assertEquals(read.code, 0, read.stderr);
  await using other = new Site({ "/secret.ts": tsSegments().get("index1.ts")! });
  cdn.pages.set("/v1/index1.ts", redirect(`${other.origin}/secret.ts`));
  const refused = await avio("packets", url);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stderr, "secret.ts, which onopen refused");
  assertEquals(other.requests.length, 0);
});

// ------------------------------------------------------------------------------------------- fetch follows redirects

Deno.test("Redirects that the program's fetch followed itself are checked", async () => {
  const following: typeof fetch = (input, init) => fetch(input, { ...init, redirect: "follow" });
  await using cdn = new Site({ "/v1/index.m3u8": PLAYLIST, ...segmentPages("/v1/") });
  await using site = new Site({ "/live.m3u8": redirect(`${cdn.origin}/v1/index.m3u8`) });
  const http = { fetch: following };
  const { asked, onopen } = recording(withinOrigin(cdn.origin));
  assertEquals(await hashesOf(`${site.origin}/live.m3u8`, { onopen, http }), tsHashes());
  assertEquals(asked[0]!.url, `${cdn.origin}/v1/index0.ts`);
  cdn.pages.set("/v1/index1.ts", redirect(`${site.origin}/secret.ts`));
  site.pages.set("/secret.ts", tsSegments().get("index1.ts")!);
  const error = await rejectionOf(readRows(`${site.origin}/live.m3u8`, { onopen, http }));
  assertInstanceOf(error, HttpError);
  assertStringIncludes(error.message, `redirected to ${site.origin}/secret.ts, which onopen refused`);
  const elsewhere: DemuxerOptions["onopen"] = ({ url }) => url.replace("/secret.ts", "/v1/index1.ts");
  const sent = await rejectionOf(readRows(`${site.origin}/live.m3u8`, { onopen: elsewhere, http }));
  assertStringIncludes((sent as Error).message, "secret.ts, which onopen refused", "it has been there");
});
