/**
 * The guides in docs/: each program runs with the permissions that its page states and prints what its comments show;
 * avio throws each error in a page's table.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  codecParametersOf,
  Demuxer,
  loadLibrary,
  MemorySink,
  Muxer,
  Packet,
  probe,
  probeSync,
  remux,
  RemuxStream,
  type Tags,
  versions,
  withinOrigin,
} from "@avio/avio";
import { withIndexFarBehind } from "./support/chunked.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { runScript } from "./support/subprocess.ts";

const folder = new URL("../docs/", import.meta.url);
const pages = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".md"))
  .sort();
/** The library is the one with FFmpeg inside. */
const isEmbedded = versions().build === "embedded";
const textOf = (page: string) => Deno.readTextFileSync(new URL(page, folder));

Deno.test("Files that the pages, README.md, SECURITY.md and CONTRIBUTING.md name exist", async () => {
  const root = new URL("../", folder);
  const texts = [...pages.map((page) => `docs/${page}`), "README.md", "SECURITY.md", "CONTRIBUTING.md"]
    .map((path) => Deno.readTextFileSync(new URL(path, root)));
  const named = texts.join("\n").matchAll(
    /\b(?:shim|ffi|io|format|cli|tests|scripts|fuzz|bench|examples|install)\/[a-z0-9_/]+\.(?:[ch]|ts|sh|txt)\b/g,
  );
  const missing = new Set<string>();
  for (const [path] of named) await Deno.stat(new URL(path, root)).catch(() => missing.add(path));
  assertEquals([...missing], []);
});

// ------------------------------------------------------------------------------------------- programs

interface Program {
  /** What follows "ts" on the fence. */
  attribute: string;
  code: string;
  /** The page from the program's end to the next one. */
  after: string;
}

function programsOf(page: string): Program[] {
  const parts = textOf(page).split(/^```ts(.*)\n([^]*?)^```$/m);
  const programs: Program[] = [];
  for (let at = 1; at < parts.length; at += 3) {
    programs.push({ attribute: parts[at]!.trim(), code: parts[at + 1]!, after: parts[at + 2]! });
  }
  return programs;
}

/** The output that a program's comments show. */
function promised(code: string): string {
  return [...code.matchAll(/\/\/ > (.*)$/gm)].map(([, line]) => line).join("\n");
}

/** The permissions below a program; and for AVIO_SHIM_PATH, where these tests are run with another library. */
function permissionsOf({ after }: Program): string[] {
  const flags = after.match(/^Permissions: `(.*)`$/m)?.[1];
  assert(flags !== undefined, "no permissions are stated");
  const isNamed = Deno.env.get("AVIO_SHIM_PATH") !== undefined;
  return [...flags.split(" "), ...(isNamed ? ["--allow-env=AVIO_SHIM_PATH"] : [])];
}

for (const page of pages) {
  for (const [index, program] of programsOf(page).entries()) {
    // `deno test --doc` runs the others, too. It must ignore those that work only with the embedded build.
    const ignore = program.attribute === "ignore" && !isEmbedded;
    Deno.test({
      name: `docs/${page}, program ${index + 1}, prints what it says with the permissions it says`,
      ignore,
      async fn() {
        assert(["", "ignore"].includes(program.attribute), program.attribute);
        assert(promised(program.code) !== "", "it says nothing about what it prints");
        const { code, stdout, stderr } = await runScript(program.code, { flags: permissionsOf(program) });
        assertEquals(stderr, "");
        assertEquals(stdout.trimEnd(), promised(program.code));
        assertEquals(code, 0);
      },
    });
  }
}

Deno.test("docs/: each permission that a page states is needed", async () => {
  for (const page of pages) {
    for (const program of programsOf(page)) {
      const flags = permissionsOf(program);
      for (const flag of flags.filter((flag) => !flag.startsWith("--allow-env"))) {
        const { code, stdout } = await runScript(program.code, {
          flags: flags.filter((other) => other !== flag),
        });
        const isFine = code === 0 && stdout.trimEnd() === promised(program.code);
        assert(!isFine, `${page}: runs without ${flag}`);
      }
    }
  }
});

// ------------------------------------------------------------------------------------------- pages

Deno.test("docs/README.md names every page, and no link is broken", () => {
  const index = textOf("README.md");
  for (const page of pages.filter((page) => page !== "README.md")) assertStringIncludes(index, `](${page})`);
  for (const page of pages) {
    for (const [, link] of textOf(page).matchAll(/\]\(([^)#]+)\)/g)) {
      if (!/^https?:/.test(link!)) Deno.statSync(new URL(link!, folder));
    }
    for (const [, example] of textOf(page).matchAll(/`(examples\/\w+\.ts)`/g)) {
      Deno.statSync(new URL(`../${example}`, folder));
    }
  }
});

// ------------------------------------------------------------------------------------------- errors

const bytesOf = (text: string) => new TextEncoder().encode(text);
const never = { onread: () => new Promise<number>(() => {}) };

function readAll(...source: Parameters<typeof Demuxer.openSync>): void {
  using demuxer = Demuxer.openSync(...source);
  while (demuxer.readSync());
}

/** A muxer with one subtitle stream of SubRip. */
function subtitlesIn(format: string): void {
  using muxer = Muxer.openSync(new MemorySink(), { format });
  muxer.addStream({ type: "subtitle", codec: "subrip" });
  muxer.startSync();
}

function outOfOrder(): void {
  using demuxer = Demuxer.openSync(fixtureBytes("video.mp4"));
  using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
  for (const stream of demuxer.streams) muxer.addStream(stream);
  const packets = [...demuxer.packetsSync()];
  for (const packet of [packets[5]!, ...packets]) muxer.writeSync(packet);
  muxer.finishSync();
}

/** Writes a packet with this data into a new output. */
function write(format: string, parameters: Parameters<Muxer["addStream"]>[0], data: string, dts = 0): void {
  using muxer = Muxer.openSync(new MemorySink(), { format });
  muxer.addStream(parameters, { timeBase: { num: 1, den: 1024 } });
  const packet = { streamIndex: 0, data: Uint8Array.fromHex(data), pts: 0, dts };
  muxer.writeSync(new Packet({ ...packet, timeBase: { num: 1, den: 1024 } }));
  muxer.finishSync();
}

const h264 = { type: "video", codec: "h264", width: 16, height: 16 } as const;
const aac = { type: "audio", codec: "aac", sampleRate: 48000, channels: 1 } as const;

/** An http source with a URL on port 1234, which its `fetch` serves. */
const onPort1234 = (fetch: () => Response) => ({
  http: { fetch: () => Promise.resolve(fetch()), retryDelay: 0 },
});

function changing(): () => Response {
  const file = fixtureBytes("video.mp4");
  let size = file.length;
  return () => {
    const headers = { "content-range": `bytes 0-999/${size++}` };
    return new Response(file.slice(0, 1000), { status: 206, headers });
  };
}

const url = "http://localhost:1234/video.mp4";

/** Causes each error that a page lists. */
const provocations: Record<string, () => unknown> = {
  "AVError: Cannot open input: Invalid data found (not a media format that avio knows; it looks like text)":
    () => probeSync(bytesOf("no media")),
  "AVError: Cannot open input: Invalid data found (mov,mp4: moov atom not found)": () =>
    probeSync(fixtureBytes("cut.mp4")),
  "TimeoutError: The operation was aborted due to timeout": () =>
    probe(never, { signal: AbortSignal.timeout(20) }),
  "TypeError: source: a Blob can't be read synchronously, use open": () => probeSync(new Blob([])),
  "AVError: Cannot remux: the source is not seekable, and the demuxer must get to byte 48 (an mp4 with its index at the end, for one)":
    () =>
      remux(new Blob([withIndexFarBehind(fixtureBytes("video.mp4"))]).stream(), new MemorySink(), {
        format: "matroska",
        input: { bufferSize: 1024 },
      }),
  "AVError: Cannot write header: Invalid argument (mp4: muxer does not support non seekable output)": () =>
    remux(fixtureBytes("video.mp4"), new WritableStream(), { format: "mp4" }),
  "TypeError: streams: none is left to write: webm can't hold h264, aac": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "webm" }),
  "TypeError: streams: none is left to write: srt can't hold h264, aac": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "srt" }),
  "TypeError: options.nope: mp4 has no such option": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "mp4", options: { nope: 1 } }),
  "RangeError: end: must be after start (2), is 1": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "mp4", start: 2, end: 1 }),
  "RangeError: start: must be before the end of the media (3), is 5": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "mp4", start: 5 }),
  "TypeError: sink: is the source, which it would overwrite: fixtures/video.mp4": async () => {
    const script =
      `import { remux } from "@avio/avio"; await remux("fixtures/video.mp4", "fixtures/video.mp4");`;
    throw errorIn((await runScript(script)).stderr);
  },
  "TypeError: format: must be given, the sink has no file name": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink()),
  "AVError: Cannot write packet: Invalid argument (mp4: Application provided invalid, non monotonically increasing dts to muxer in stream 1: 1024 >= -1024)":
    outOfOrder,
  "AVError: Cannot write trailer: the sink is not seekable, and the muxer must get back to byte 52": () =>
    new Response(
      new Blob([fixtureBytes("video.mkv")]).stream().pipeThrough(
        new RemuxStream({ format: "flv", bufferSize: 4096, options: { flvflags: 0 } }),
      ),
    ).bytes(),
  "AVError: Cannot write packet: Invalid argument (stream 0: packets of h264 without start codes need extradata (avcC))":
    () => write("mp4", h264, "00000002658f"),
  "AVError: Cannot write packet: Invalid argument (stream 0: packets of aac without ADTS headers need extradata (AudioSpecificConfig))":
    () => write("mp4", aac, "de0400"),
  "AVError: Cannot write header: Invalid data found (stream 0: h264 needs extradata, or a first packet with start codes and parameter sets)":
    () => write("matroska", h264, "0000000141"),
  "AVError: Cannot write packet: Invalid argument (mp4: pts (0) < dts (48000) in stream 0)": () =>
    write("mp4", { ...aac, extradata: Uint8Array.of(0x11, 0x88) }, "de0400", 1024),
  "TypeError: bitstreamFilter: bad value 'h264_metadata=nope=1' (h264_metadata_bsf: Option 'nope' not found)":
    () => {
      using muxer = Muxer.openSync(new MemorySink(), { format: "mp4" });
      muxer.addStream(h264, { bitstreamFilter: "h264_metadata=nope=1" });
    },
  "AVError: Cannot write header: Invalid argument (mp4: Could not find tag for codec subrip in stream #0, codec not currently supported in container)":
    () => subtitlesIn("mp4"),
  "RangeError: packet.duration: must be a whole number, is 799.9999999999998": () =>
    new Packet({ streamIndex: 0, data: new Uint8Array(1), duration: (2.8 - 2) * 1000 }),
  "RangeError: chapters[0].end: must be 2 or more, is 1": () =>
    Muxer.openSync(new MemorySink(), {
      format: "mp4",
      chapters: [{ id: 1, start: 2, end: 1, metadata: {} }],
    }),
  [`HttpError: Cannot read ${url}: 403 Forbidden`]: () =>
    probe(url, onPort1234(() => new Response(null, { status: 403, statusText: "Forbidden" }))),
  "Error: Cannot load another library: one is loaded already": () => loadLibrary("/another/libavio.so"),
  "TypeError: path: must be a path or a file: URL, is https://host/libavio.so": async () => {
    const script =
      `import { loadLibrary } from "@avio/avio"; loadLibrary(new URL("https://host/libavio.so"));`;
    throw errorIn((await runScript(script)).stderr);
  },
  [`HttpError: Cannot read ${url}: 503 Service Unavailable (at byte 0, after 4 tries)`]: () =>
    probe(url, onPort1234(() => new Response(null, { status: 503, statusText: "Service Unavailable" }))),
  [`HttpError: Cannot read ${url}: fetch failed: connect ECONNREFUSED (at byte 0, after 4 tries)`]: () => {
    const cause = new Error("connect ECONNREFUSED"); // as Node has it; the words differ
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
    return probe(url, { http: { fetch, retryDelay: 0 } });
  },
  [`HttpError: Cannot read ${url}: it changed while it was read (at byte 1000)`]: () =>
    probe(url, onPort1234(changing())),
  "HttpError: Cannot read http://localhost:1234/seg1.ts: redirected to http://10.0.0.1/, which onopen refused":
    () => {
      const playlist = bytesOf("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nseg1.ts\n#EXT-X-ENDLIST\n");
      const onopen = withinOrigin("http://localhost:1234");
      return probe(playlist, { onopen, ...onPort1234(() => Response.redirect("http://10.0.0.1/")) });
    },
  "TypeError: tags.Artist: there is no such tag; the tags are title, artist, album, albumArtist, track, disc, date, genre, composer, performer, comment, description, copyright, publisher, lyrics, language, show, season, episode":
    () => Muxer.openSync(new MemorySink(), { format: "mp3", tags: { Artist: "x" } as Tags }),
  "Error: Cannot add cover: webm can't store covers": () => {
    using muxer = Muxer.openSync(new MemorySink(), { format: "webm" });
    muxer.addCover({ data: fixtureBytes("image.png") });
  },
  "TypeError: cover.data: the data is not a known picture type; known types are image/jpeg, image/png, image/gif, image/webp, image/bmp, image/tiff":
    () => {
      using muxer = Muxer.openSync(new MemorySink(), { format: "mp3" });
      muxer.addCover({ data: new Uint8Array(9) });
    },
  'TypeError: config.codec: there is no codec "h266"': () => codecParametersOf({ codec: "h266" }),
  "Error: Cannot make a chunk: the packet has no time": () =>
    new Packet({ streamIndex: 0, data: new Uint8Array(1) }).toEncodedChunkInit(),
  [`TypeError: source: ${url} can't be opened synchronously, use open`]: () => probeSync(url),
  "TimeoutError: probe: nothing came within the timeout of 100 ms": () => probe(never, { timeout: 100 }),
  "RangeError: onread returned 1000000000; at most 65536 bytes were requested": () =>
    probeSync({ onread: () => 1e9 }),
  "TypeError: streams: none is left to write: webm can't hold mp3": () =>
    remux(fixtureBytes("audio.mp3"), new MemorySink(), { format: "webm" }),
  "AVError: Cannot write header: Invalid argument (mp3: Invalid audio stream. Exactly one MP3 audio stream is required.)":
    () => remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "mp3", streams: [1] }),
  "AVError: Cannot remux: refused to open 'index0.ts'": () =>
    remux(fixtureBytes("video.mp4"), new MemorySink(), { format: "hls", url: "index.m3u8" }),
  "AVError: Cannot open input: refused to open 'file:///etc/passwd'": () =>
    probe(bytesOf("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")),
  "AVError: Cannot open input: Message too long (more streams than maxStreams)": () =>
    probe(fixtureBytes("video.mp4"), { maxStreams: 1 }),
  "AVError: Cannot read packet: Message too long (a packet of 2497 bytes, more than maxPacketSize (100))":
    () => readAll(fixtureBytes("video.mp4"), { maxPacketSize: 100 }),
  "StrictError: the source ends too early: it is cut off, or not written to its end (File ended prematurely)":
    () =>
      remux(fixtureBytes("video.mkv").subarray(0, 20_000), new MemorySink(), { format: "mp4", strict: true }),
  'NotCapable: Requires read access to "/etc/hostname", run again with the --allow-read flag': async () => {
    const script = `import { probe } from "@avio/avio"; await probe("/etc/hostname");`;
    const { stderr } = await runScript(script, { flags: ["--allow-ffi"] });
    throw errorIn(stderr);
  },
};

/** The error that a script has ended with. */
function errorIn(stderr: string): Error {
  const [, name, message] = stderr.match(/^error: Uncaught \([^)]*\) (\w+): (.*)$/m)!;
  return Object.assign(new Error(message), { name });
}

/** The first column of the tables below "What can go wrong". */
function errorsOf(page: string): string[] {
  const section = textOf(page).split("## What can go wrong")[1] ?? "";
  return [...section.matchAll(/^\| `(.*?)` +\|/gm)].map(([, error]) => error!);
}

for (const page of pages.filter((page) => programsOf(page).length > 0)) {
  Deno.test(`docs/${page}: avio throws each error in its table`, async () => {
    const errors = errorsOf(page);
    assert(errors.length > 0);
    for (const listed of errors) {
      const provoke = provocations[listed];
      assert(provoke, `nothing provokes: ${listed}`);
      const error = await assertRejects(async () => void await provoke());
      assertEquals(`${error.name}: ${error.message}`, listed);
    }
  });
}

Deno.test("docs/: each error that this test causes is in a page's table", () => {
  const listed = new Set(pages.flatMap(errorsOf));
  for (const error of Object.keys(provocations)) assert(listed.has(error), error);
});
