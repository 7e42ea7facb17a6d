/**
 * Errors: the messages of AVError, sources and sinks that fail, a missing library, logs, and hostile files. Wrong
 * arguments are tested in arguments_test.ts.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  constants,
  Demuxer,
  inputFormats,
  IOContext,
  loadLibrary,
  type LogLine,
  MemorySink,
  Muxer,
  onLog,
  Packet,
  probe,
  probeSync,
  remux,
  remuxSync,
  versions,
} from "@avio/avio";
import { AVERROR } from "../ffi/constants.ts";
import { makeError } from "../ffi/errors.ts";
import { rejectionOf, sleep } from "./support/async.ts";
import { amounts, readerOf, shortAmounts } from "./support/devices.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { runScript, runScriptOk } from "./support/subprocess.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const video = () => fixtureBytes("video.mp4");

// ------------------------------------------------------------------------------------------- AVError

Deno.test("The message of AVError has the operation, FFmpeg's text and the cause", () => {
  const error = assertThrows(() => probeSync(video().subarray(0, 20_000)), AVError);
  assertInstanceOf(error, Error);
  assertEquals(error.name, "AVError");
  assertEquals(error.code, constants.error.INVALIDDATA!);
  assertEquals(error.codeName, "INVALIDDATA");
  assertEquals(error.operation, "open");
  assertEquals(error.message, "Cannot open input: Invalid data found (mov,mp4: moov atom not found)");
  assertEquals(error.log, ["mov,mp4: moov atom not found"]);
});

Deno.test("AVError has the lines of its own operation only", () => {
  assertThrows(() => probeSync(video().subarray(0, 20_000)), AVError);
  const error = assertThrows(() => probeSync(new Uint8Array(0)), AVError);
  assertEquals(error.log, ["the source is empty"]);
});

Deno.test("Sources that are not media are INVALIDDATA", () => {
  const noise = new Uint8Array(10_000);
  for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = x * 1103515245 + 12345 & 0x7fffffff) >> 16;
  for (
    const [name, bytes] of [
      ["empty", new Uint8Array(0)],
      ["one byte", new Uint8Array(1)],
      ["zeros", new Uint8Array(10_000)],
      ["noise", noise],
      ["text", new TextEncoder().encode("not a media file\n".repeat(50))],
      ["cut off", video().subarray(0, 20_000)],
    ] as const
  ) {
    for (const source of [bytes, { onread: readOnce(bytes) }, new IOContext(bytes)]) {
      const error = assertThrows(() => Demuxer.openSync(source), AVError, undefined, name);
      assertEquals([error.codeName, error.operation], ["INVALIDDATA", "open"], name);
    }
    assertThrows(() => remuxSync(bytes, new MemorySink(), { format: "mp4" }), AVError);
  }
});

function readOnce(bytes: Uint8Array): (buffer: Uint8Array) => number {
  let offset = 0;
  return (buffer) => {
    const chunk = bytes.subarray(offset, offset + buffer.length);
    buffer.set(chunk);
    offset += chunk.length;
    return chunk.length;
  };
}

Deno.test("Errors name unknown formats", () => {
  const input = assertThrows(() => probeSync(video(), { format: "nope" }), AVError);
  assertEquals(input.codeName, "DEMUXER_NOT_FOUND");
  const output = assertThrows(() => Muxer.openSync(new MemorySink(), { format: "nope" }), AVError, "nope");
  assertEquals(output.codeName, "MUXER_NOT_FOUND");
  assertStringIncludes(input.message, "nope");
  assertThrows(() => remuxSync(video(), new MemorySink(), { format: "nope" }), AVError, "nope");
  assertThrows(() => Muxer.openSync(new MemorySink()), TypeError, "format");
});

Deno.test("Unknown options are TypeErrors that name them", () => {
  assertThrows(() => probeSync(video(), { options: { nonsuch: 1 } }), TypeError, "nonsuch");
  assertThrows(
    () => Demuxer.openSync(video(), { options: { movflags: "faststart" } }),
    TypeError,
    "movflags",
  );
  const remux = (options: Any) => () => remuxSync(video(), new MemorySink(), { format: "mp4", ...options });
  assertThrows(remux({ options: { nonsuch: 1 } }), TypeError, "nonsuch");
  assertThrows(remux({ input: { options: { nonsuch: 1 } } }), TypeError, "nonsuch");
  assertThrows(remux({ options: { movflags: "faststart", nonsuch: 1 } }), TypeError, "nonsuch");
  using muxer = Muxer.openSync(new MemorySink(), { format: "wav", options: { nonsuch: 1 } });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
  assertThrows(() => muxer.startSync(), TypeError, "nonsuch");
});

Deno.test("Errors name options with invalid values", () => {
  const error = assertThrows(
    () => remuxSync(video(), new MemorySink(), { format: "mp4", options: { movflags: "nonsuch" } }),
    AVError,
  );
  assertStringIncludes(error.message, "movflags");
  assertStringIncludes(error.message, "nonsuch");
  assertEquals(error.operation, "write header");
  assertThrows(() => probeSync(video(), { options: { probesize: "much" } }), AVError, "probesize");
});

// ------------------------------------------------------------------------------------------- sources and sinks

Deno.test("Async sources in the sync API are TypeErrors that recommend open", () => {
  const bytes = video();
  for (
    const [name, source] of [
      ["Blob", new Blob([bytes])],
      ["File", new File([bytes], "x")],
      ["Response", new Response("x")],
      ["ReadableStream", new Blob([bytes]).stream()],
      ["AsyncIterable", (async function* () {})()],
      ["http", "http://localhost/video.mp4"],
      ["https", new URL("https://localhost/video.mp4")],
    ] as [string, Any][]
  ) {
    for (
      const use of [
        () => Demuxer.openSync(source),
        () => probeSync(source),
        () => remuxSync(source, new MemorySink(), { format: "mp4" }),
      ]
    ) {
      assertThrows(use, TypeError, "open", name);
    }
  }
  assertThrows(() => Muxer.openSync(new WritableStream(), { format: "mp4" }), TypeError, "open");
  assertThrows(() => Muxer.openSync("http://localhost/out.mp4"), TypeError, "can't be written to");
  assertThrows(() => probeSync(new URL("ftp://localhost/x.mp4")), TypeError, "ftp");
});

Deno.test("Deno's errors of files are thrown unchanged", () => {
  assertThrows(() => Demuxer.openSync("/nowhere/video.mp4"), Deno.errors.NotFound);
  assertThrows(() => probeSync(new URL("file:///nowhere/video.mp4")), Deno.errors.NotFound);
  assertThrows(() => probeSync(fixturePath(".")), Error);
  assertThrows(() => Muxer.openSync("/nowhere/out.mp4"), Deno.errors.NotFound);
  assertThrows(() => remuxSync(video(), "/nowhere/out.mp4"), Deno.errors.NotFound);
  const closed = Deno.openSync(fixturePath("video.mp4"));
  closed.close();
  assertThrows(() => probeSync(closed), Deno.errors.BadResource);
  assertThrows(() => remuxSync(video(), closed, { format: "mp4" }), Deno.errors.BadResource);
  using reading = Deno.openSync(fixturePath("video.mp4"));
  assertThrows(() => remuxSync(video(), reading, { format: "mpegts" }), Error);
  assertEquals(reading.statSync().size, video().length);
});

/** Runs with a folder that is removed afterwards. */
function withFolder(use: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const faultyOptions: [string, Any][] = [
  ["unknown format", { format: "nonsuch" }],
  ["metadata", { metadata: { a: 5 } }],
  ["options", { options: { a: {} } }],
  ["chapters", { chapters: [{ id: 0, start: 1, end: 0, metadata: {} }] }],
  ["bufferSize", { bufferSize: -1 }],
];

for (const [name, options] of faultyOptions) {
  Deno.test(`A Muxer that does not open (${name}) leaves the file that was there`, () => {
    withFolder((folder) => {
      const path = `${folder}/precious.mp4`;
      Deno.writeTextFileSync(path, "precious");
      assertThrows(() => Muxer.openSync(path, options));
      assertEquals(Deno.readTextFileSync(path), "precious");
    });
  });
}

Deno.test("A Muxer that finds no format for a file name creates no file", () => {
  withFolder((folder) => {
    assertThrows(() => Muxer.openSync(`${folder}/new.nonsuch`), AVError);
    assertThrows(() => Deno.statSync(`${folder}/new.nonsuch`), Deno.errors.NotFound);
  });
});

Deno.test("remuxSync() does not write over what it reads", () => {
  withFolder((folder) => {
    const path = `${folder}/video.mp4`;
    Deno.writeFileSync(path, Deno.readFileSync(fixturePath("../fixtures/video.mp4")));
    // The buffer is smaller than the file, as with real files: otherwise all of it would be read before it is overwritten.
    assertThrows(() => remuxSync(path, path, { input: { bufferSize: 4096 } }), Error);
    assertEquals(Deno.statSync(path).size, video().length);
  });
});

Deno.test("Detached bytes are an error, also while they are read", () => {
  const detached = video().slice();
  detached.buffer.transfer();
  assertThrows(() => Demuxer.openSync(detached), Error);
  // More than is read ahead at once: a wav of 2 MB.
  const sink = new MemorySink();
  using muxer = Muxer.openSync(sink, { format: "wav" });
  muxer.addStream({ type: "audio", codec: "pcm_s16le", sampleRate: 8000, channels: 1 });
  muxer.writeSync(new Packet({ streamIndex: 0, data: new Uint8Array(2e6), pts: 0, dts: 0 }));
  muxer.finishSync();
  const bytes = sink.bytes().slice();
  using demuxer = Demuxer.openSync(bytes);
  assert(demuxer.readSync());
  bytes.buffer.transfer();
  assertThrows(() => {
    while (demuxer.readSync());
  }, Error);
});

for (
  const [name, code] of [
    [
      "the bytes of a remux, inside onwrite",
      `
      const options = { format: "matroska", bufferSize: 512, input: { bufferSize: 512, findStreamInfo: false } };
      const { packets } = remuxSync(video, { onwrite() {}, onseek: (offset) => offset }, options);
      const result = remuxSync(bytes, { onwrite() { take(); }, onseek: (offset) => offset }, options);
      if (result.packets === packets) throw new Error("they had been copied");`,
    ],
    [
      "the array of readSync(), inside onread",
      `
      using io = new IOContext(512, { onread: (buffer) => (take(), buffer.length) });
      io.readSync(bytes);`,
    ],
    [
      "the array of writeSync(), inside onwrite",
      `
      let total = 0;
      using io = new IOContext(512, { onwrite(chunk) { total += chunk.length; take(); } });
      io.writeSync(bytes);
      io.flushSync();
      if (total === size) throw new Error("it was all written before");`,
    ],
  ] as const
) {
  for (
    const [how, take] of [
      ["detached", "bytes.buffer.transfer(0)"],
      ["shrunk", "bytes.buffer.resize(0)"],
    ] as const
  ) {
    Deno.test(`An error, not a crash, when ${name}, are ${how}`, async () => {
      const { code: ended, stdout, stderr } = await runScript(`
        import { IOContext, remuxSync } from "@avio/avio";
        const video = Deno.readFileSync("fixtures/video.mp4");
        const size = 8 << 20;
        const bytes = new Uint8Array(new ArrayBuffer(${name.includes("remux") ? "video.length" : "size"}${
        how === "shrunk" ? ", { maxByteLength: size }" : ""
      }));
        bytes.set(video);
        const take = () => { if (bytes.byteLength) ${take}; };
        try { ${code} console.log("no error"); } catch (error) { console.log(error.name); }
      `);
      assertEquals(ended, 0, `ended with ${ended}: ${stderr}`);
      assert(!stdout.includes("no error"), stdout);
    });
  }
}

// ------------------------------------------------------------------------------------------- the library

Deno.test("LibraryNotFoundError lists where the library was searched, and how to install it", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/text.so`, "not a library");
    const cases: [path: string, reason: RegExp][] = [
      [`${folder}/nowhere.so`, /not found/],
      [`${folder}/text.so`, /text\.so: ./],
      [folder, /./],
    ];
    const libc = ["/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib/libz.so.1"].find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
    if (libc) cases.push([libc, /not a library of this avio/]);
    // The library of an older avio, with fewer functions. (For Node and Bun it isn't an addon.)
    const old = `${folder}/old.so`;
    const code = "unsigned avs_abi_version(void) { return 1; }";
    const cc = ["-c", `echo '${code}' | cc -shared -fPIC -nostdlib -o ${old} -xc -`];
    const isDeno = typeof Deno.dlopen === "function";
    if (
      isDeno && Deno.build.os === "linux" && (await new Deno.Command("sh", { args: cc }).output()).success
    ) {
      cases.push([old, /old\.so: has ABI 1, this avio needs ABI \d+/]);
    }
    for (const [path, reason] of cases) {
      const script = `
        import { LibraryNotFoundError, loadLibrary, versions } from "@avio/avio";
        const use = USE;
        for (let time = 0; time < 2; time++) {
          try { use(); console.log("no error"); } catch (error) {
            if (!(error instanceof LibraryNotFoundError)) throw error;
            console.log(JSON.stringify([error.name, error.message, error.tried]));
          }
        }
        if (AFTER) console.log(versions().avio);
      `;
      const byEnv = script.replace("USE", "() => versions()").replace("AFTER", "false");
      const byCall = script.replace("USE", `() => loadLibrary(${JSON.stringify(path)})`).replace(
        "AFTER",
        "true",
      );
      for (
        const [code, env] of [[byEnv, { AVIO_SHIM_PATH: path }], [byCall, { AVIO_SHIM_PATH: "" }]] as const
      ) {
        const lines = (await runScriptOk(code, { env })).split("\n");
        for (const line of lines.slice(0, 2)) {
          const [name, message, tried] = JSON.parse(line) as [string, string, string[]];
          assertEquals(name, "LibraryNotFoundError");
          assertEquals(tried.length, 1);
          assertStringIncludes(tried[0]!, path);
          assertMatch(tried[0]!, reason);
          assertStringIncludes(message, tried[0]!);
          assertMatch(message, /deno task --cwd '\/.*' build/);
        }
        // A wrong path does no harm: the usual place is still tried.
        if (lines.length > 2) assertMatch(lines[2]!, /^\d+\.\d+\.\d+$/);
      }
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("loadLibrary(path) after a library was loaded is an error, loadLibrary() is not", () => {
  versions();
  loadLibrary();
  assertThrows(() => loadLibrary("/nowhere.so"), Error, "loaded already");
});

// ------------------------------------------------------------------------------------------- logs

Deno.test("Nothing is printed, whatever the files are", async () => {
  const { code, stdout, stderr } = await runScript(`
    import { MemorySink, probeSync, remuxSync } from "@avio/avio";
    const bytes = Deno.readFileSync("fixtures/video.mp4");
    for (const name of ["video.mp4", "video.mkv", "video.ts", "video.avi", "audio.mp3", "audio.ogg", "video.flv"]) {
      const bytes = Deno.readFileSync("fixtures/" + name);
      for (let i = 0; i < 40; i++) {
        const broken = bytes.slice(0, bytes.length - (i * 997) % bytes.length);
        for (let k = i; k < broken.length; k += 1 + i * 37) broken[k] ^= i;
        try { probeSync(broken); } catch {}
        try { remuxSync(broken, new MemorySink(), { format: "matroska" }); } catch {}
      }
    }
  `);
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

Deno.test("onLog() gets the lines of FFmpeg's log, from the level of setLogLevel() on", async () => {
  const output = await runScriptOk(`
    import { onLog, probeSync, setLogLevel } from "@avio/avio";
    const broken = Deno.readFileSync("fixtures/video.mp4").subarray(0, 20000);
    const probe = () => { try { probeSync(broken); } catch {} };
    const lines = [];
    const count = () => { const levels = [...new Set(lines.splice(0).map((line) => line.level))].sort(); return levels; };
    onLog((line) => lines.push(line));
    probe();
    const first = structuredClone(lines[0]);
    const results = { first, unset: count() };
    for (const level of ["quiet", "error", "warning", "info", "verbose", "debug"]) {
      setLogLevel(level);
      probe();
      results[level] = count();
    }
    onLog(null);
    setLogLevel("quiet");
    probe();
    results.after = count();
    console.log(JSON.stringify(results));
  `);
  const results = JSON.parse(output) as Record<string, string[]> & { first: LogLine };
  assertEquals(results.first, { level: "error", message: "mov,mp4: moov atom not found" });
  assertEquals(results.quiet, []);
  assertEquals(results.after, []);
  assertEquals(results.error, ["error"]);
  assert(results.debug!.includes("debug") && results.debug!.includes("error"));
  const order = ["error", "warning", "info", "verbose", "debug"];
  for (const level of order) {
    const most = order.indexOf(level);
    for (const heard of results[level]!) assert(order.indexOf(heard) <= most, `${level}: ${heard}`);
  }
});

Deno.test("What FFmpeg logs of a file's text commands no terminal", async () => {
  const { code, stderr } = await runScript(`
    import { probeSync, setLogLevel } from "@avio/avio";
    const name = "\\u001b[31m\\u009b31m\\u202egpj\\u2066.ts";
    const playlist = "#EXTM3U\\n#EXT-X-TARGETDURATION:1\\n#EXTINF:1,\\n" + name + "\\n";
    setLogLevel("info");
    try { probeSync(new TextEncoder().encode(playlist), { url: "a.m3u8", onopen: () => { throw new Deno.errors.NotFound() } }); } catch {}
  `);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "gpj");
  // deno-lint-ignore no-control-regex
  assertEquals(stderr.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g), null);
});

Deno.test("An exception of a listener is reported as uncaught, and has no other effect", async () => {
  const reported: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  const thrown = new Error("listener");
  globalThis.addEventListener("error", listener);
  try {
    onLog(() => {
      throw thrown;
    });
    const error = assertThrows(() => probeSync(video().subarray(0, 20_000)), AVError);
    assertEquals(error.codeName, "INVALIDDATA");
    await sleep(0); // Node reports it then
    assertGreater(reported.length, 0);
    assertStrictEquals(reported[0], thrown);
    assertEquals(probeSync(video()).streams.length, 2);
  } finally {
    onLog(null);
    globalThis.removeEventListener("error", listener);
  }
});

Deno.test("A listener may use the library", () => {
  const heard: string[] = [];
  onLog(({ message }) => {
    heard.push(message);
    if (heard.length < 5) assertEquals(probeSync(video()).streams.length, 2);
  });
  try {
    assertThrows(() => probeSync(video().subarray(0, 20_000)), AVError, "moov");
    assert(heard.some((message) => message.includes("moov")));
  } finally {
    onLog(null);
  }
});

// ------------------------------------------------------------------------------------------- constants

Deno.test("constants are FFmpeg's numbers", () => {
  assertEquals({ ...constants.seek }, { SET: 0, CUR: 1, END: 2, SIZE: 0x10000, FORCE: 0x20000 });
  // libavutil/error.h
  const known = {
    BSF_NOT_FOUND: -1179861752,
    BUG: -558323010,
    BUFFER_TOO_SMALL: -1397118274,
    DECODER_NOT_FOUND: -1128613112,
    DEMUXER_NOT_FOUND: -1296385272,
    ENCODER_NOT_FOUND: -1129203192,
    EOF: -541478725,
    EXIT: -1414092869,
    EXTERNAL: -542398533,
    FILTER_NOT_FOUND: -1279870712,
    INVALIDDATA: -1094995529,
    MUXER_NOT_FOUND: -1481985528,
    OPTION_NOT_FOUND: -1414549496,
    PATCHWELCOME: -1163346256,
    PROTOCOL_NOT_FOUND: -1330794744,
    STREAM_NOT_FOUND: -1381258232,
    BUG2: -541545794,
    UNKNOWN: -1313558101,
    EXPERIMENTAL: -733130664,
    INPUT_CHANGED: -1668179713,
    OUTPUT_CHANGED: -1668179714,
    HTTP_BAD_REQUEST: -808465656,
    HTTP_UNAUTHORIZED: -825242872,
    HTTP_FORBIDDEN: -858797304,
    HTTP_NOT_FOUND: -875574520,
    HTTP_OTHER_4XX: -1482175736,
    HTTP_SERVER_ERROR: -1482175992,
    EIO: -5,
    EPERM: -1,
    ENOMEM: -12,
    EINVAL: -22,
  };
  for (const [name, code] of Object.entries(known)) assertEquals(constants.error[name], code, name);
  assert(Object.isFrozen(constants) && Object.isFrozen(constants.seek) && Object.isFrozen(constants.error));
  const codes = Object.values(constants.error);
  assertEquals(new Set(codes).size, codes.length);
});

// ------------------------------------------------------------------------------------------- hostile files

const text = (...lines: string[]) => new TextEncoder().encode(lines.join("\n") + "\n");
const playlist = (uri: string) =>
  text("#EXTM3U", "#EXT-X-TARGETDURATION:10", "#EXTINF:10,", uri, "#EXT-X-ENDLIST");
const victim = `file://${fixturePath("video.ts")}`;
const manifest = (url: string) =>
  text(
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">',
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">',
    `<BaseURL>${url}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
  );

const hostile: [
  name: string,
  format: string,
  bytes: Uint8Array,
  url: string,
  options: Record<string, string>,
][] = [
  ["an HLS playlist that names a file", "hls", playlist("file:///etc/passwd"), "file:///etc/passwd", {
    allowed_extensions: "ALL",
  }],
  ["an HLS playlist that names media", "hls", playlist(victim), victim, { allowed_extensions: "ALL" }],
  [
    "an HLS master playlist",
    "hls",
    text("#EXTM3U", "#EXT-X-STREAM-INF:BANDWIDTH=1", "file:///etc/passwd"),
    "file:///etc/passwd",
    {},
  ],
  ["an ffconcat script", "concat", text("ffconcat version 1.0", `file '${victim}'`), victim, { safe: "0" }],
  ["a DASH manifest", "dash", manifest(victim), victim, {}],
];

for (const [name, format, bytes, url, options] of hostile) {
  const ignore = !inputFormats().some((info) => info.name.split(",").includes(format));
  Deno.test({
    name: `Demuxer.openSync() refuses the URL in ${name}, and names it`,
    ignore,
    fn() {
      const error = assertThrows(
        () => Demuxer.openSync(bytes, { format, options, url: "list.m3u8" }),
        AVError,
      );
      if (format === "concat" && versions().build === "system") {
        assertStringIncludes(error.message, "concat scripts can't be contained with this libavformat");
        return;
      }
      // The dash demuxer of 5.1 does not name it.
      if (format !== "dash") assertStringIncludes(error.message, url);
      // FFmpeg refuses some names before it calls onopen: by extension, or because no protocol is allowed.
      assert(
        ["EPERM", "INVALIDDATA", "PROTOCOL_NOT_FOUND", "EINVAL"].includes(error.codeName),
        error.message,
      );
    },
  });

  Deno.test({
    name: `Demuxer.openSync() opens nothing for ${name}, even with a protocol whitelist`,
    ignore,
    fn() {
      const trusting = { ...options, protocol_whitelist: "file,http,tcp,crypto,data,rtp,udp" };
      assertThrows(() => Demuxer.openSync(bytes, { format, options: trusting, url: "list.m3u8" }), Error);
    },
  });
}

Deno.test({
  name: "Demuxer.openSync() opens no socket for an SDP description",
  ignore: !inputFormats().some((info) => info.name === "sdp"),
  fn() {
    const sdp = text(
      "v=0",
      "o=- 0 0 IN IP4 127.0.0.1",
      "s=x",
      "c=IN IP4 127.0.0.1",
      "t=0 0",
      "m=audio 5004 RTP/AVP 0",
    );
    const error = assertThrows(() => Demuxer.openSync(sdp, { format: "sdp" }), AVError);
    assert(["EPERM", "INVALIDDATA"].includes(error.codeName), error.message);
  },
});

for (
  const format of ["hls", "dash", "segment", "image2", "tee", "hds", "smoothstreaming", "fifo", "rtsp", "sap"]
) {
  Deno.test(`Muxer of format ${format} creates nothing by itself`, () => {
    withFolder((folder) => {
      const url = format === "tee"
        ? `[f=mp4]${folder}/out.mp4|[f=matroska]${folder}/out.mkv`
        : format === "rtsp" || format === "sap"
        ? `${format}://127.0.0.1:9/x`
        : `${folder}/out.mp4`;
      try {
        const streams = format === "image2" ? () => true : (stream: Any) => stream.type === "video";
        remuxSync(video(), new MemorySink(), { format, url, streams });
      } catch (error) {
        assertInstanceOf(error, AVError);
      }
      assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), []);
    });
  });
}

const beginnings: Record<string, string | Uint8Array> = {
  "it looks like HTML": "\n<!DOCTYPE html><html><body>404</body></html>",
  "it looks like JSON": '{ "error": "not found" }',
  "it looks like XML": '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
  "it looks like a zip archive": Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0),
  "it looks like PDF": "%PDF-1.7\n%\u00e2\u00e3",
  "it looks like gzip": Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2),
  "it looks like a pointer of Git LFS, not the file itself":
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
  "it looks like text": "Hello, this is no film.\n",
  "it looks like nothing but zeros": new Uint8Array(5000),
};

for (const [looks, bytes] of Object.entries(beginnings)) {
  Deno.test(`The error for a file that is not media says so: ${looks}`, async () => {
    const source = typeof bytes === "string"
      ? new TextEncoder().encode(bytes)
      : bytes as Uint8Array<ArrayBuffer>;
    const message = `Cannot open input: Invalid data found (not a media format that avio knows; ${looks})`;
    for (
      const open of [
        () => Demuxer.openSync(source),
        () => probeSync(source),
        () => Demuxer.openSync(readerOf(source)),
        ...shortAmounts.map((name) => () => Demuxer.openSync(readerOf(source, { amount: amounts[name] }))),
      ]
    ) {
      const error = assertThrows(open, AVError);
      assertEquals([error.message, error.codeName, error.operation], [message, "INVALIDDATA", "open"]);
    }
    const error = await assertRejects(() => Demuxer.open(new Blob([source]).stream()), AVError);
    assertEquals(error.message, message);
  });
}

Deno.test("The error for an empty source says so, in every API", async () => {
  for (
    const source of [
      new Uint8Array(0),
      readerOf(new Uint8Array(0)),
      readerOf(new Uint8Array(0), { seekable: false }),
    ]
  ) {
    assertThrows(() => Demuxer.openSync(source), AVError, "the source is empty");
  }
  for (const suffix of ["mp4", "mkv", "ts", "mp3", "ogg", "flac", "avi", "m3u8", "mpd", "wav", "jpg"]) {
    const url = `file.${suffix}`; // from which libavformat guesses a format
    assertThrows(() => Demuxer.openSync(new Uint8Array(0), { url }), AVError, "the source is empty");
  }
  await assertRejects(() => probe(new Blob([]).stream()), AVError, "the source is empty");
});

Deno.test("An error names the stream that lacks the extradata that its codec needs, where muxers report nothing", () => {
  for (const codec of ["flac", "alac"]) {
    const timeBase = { num: 1, den: 44100 }, data = new Uint8Array(40);
    const inMp4 = versions().build === "embedded" ? ["mp4"] : []; // 5.1 does not store it there
    for (const format of codec === "flac" ? ["matroska", "flac", ...inMp4] : ["matroska"]) {
      const write = () => {
        using output = Muxer.openSync(new MemorySink(), { format });
        output.addStream({ type: "audio", codec, sampleRate: 44100, channels: 2 }, { timeBase });
        output.writeSync(
          new Packet({ streamIndex: 0, data, pts: 0, dts: 0, duration: 1024, isKey: true, timeBase }),
        );
        output.finishSync();
      };
      assertThrows(write, AVError, `stream 0: ${codec} needs extradata`, `${codec} in ${format}`);
    }
  }
});

Deno.test("Error messages name the cause", () => {
  const line = (level: string, message: string) => ({ level, message });
  const messageOf = (code: number, ...log: { level: string; message: string }[]) =>
    makeError({ name: "open", phrase: "open input" }, code, log).message;
  assertEquals(
    messageOf(
      AVERROR.INVALIDDATA,
      line("error", "mov,mp4: could not find corresponding track id 5"),
      line("error", "mov,mp4: error reading header"),
    ),
    "Cannot open input: Invalid data found (mov,mp4: could not find corresponding track id 5)",
  );
  assertEquals(
    messageOf(
      AVERROR.INVALIDDATA,
      line("warning", "mov,mp4: no tfhd was found"),
      line("error", "mov,mp4: error reading header"),
    ),
    "Cannot open input: Invalid data found (mov,mp4: no tfhd was found)",
  );
  assertEquals(
    messageOf(AVERROR.INVALIDDATA, line("error", "mov,mp4: error reading header")),
    "Cannot open input: Invalid data found (mov,mp4: error reading header)",
  );
  assertEquals(
    messageOf(
      AVERROR.PATCHWELCOME,
      line("warning", "wav: WAVEFORMATEX support for RIFX files"),
      line("warning", "wav:  is not implemented. Update your FFmpeg version to the newest one from Git."),
    ),
    "Cannot open input: Not yet implemented in FFmpeg, patches welcome (wav: WAVEFORMATEX support for RIFX files)",
  );
  assertEquals(
    messageOf(AVERROR.EPERM, line("error", "mpc8: Not a Musepack8 file")),
    "Cannot open input: FFmpeg reports no error code (mpc8: Not a Musepack8 file)",
  );
});

Deno.test("The error for a truncated Matroska upload says that it ends early, not that it isn't seekable", async () => {
  const whole = fixtureBytes("video.mkv");
  for (const length of [0.3, 0.5, 0.77].map((part) => Math.floor(part * whole.length))) {
    const cut = whole.subarray(0, length);
    try {
      await using demuxer = await Demuxer.open(readerOf(cut, { seekable: false }), { bufferSize: 4096 });
      for await (const _ of demuxer);
    } catch (error) {
      assertInstanceOf(error, AVError);
      assertMatch(error.message, /ended prematurely/);
      assertEquals(error.codeName, "INVALIDDATA");
    }
  }
});

Deno.test("Seeks beyond the largest file position find the end, not a system error", () => {
  using demuxer = Demuxer.openSync(fixturePath("video.ts"));
  demuxer.seekSync({ byte: Number.MAX_SAFE_INTEGER });
  assertEquals(demuxer.readSync(), null);
  demuxer.seekSync(0);
  assert(demuxer.readSync());
});

Deno.test("errors name the actual format of a misnamed file, and a source that ends too early", async () => {
  const folder = Deno.makeTempDirSync();
  const text = (value: string) => new TextEncoder().encode(value);
  const messageFor = async (name: string, bytes: Uint8Array) => {
    Deno.writeFileSync(`${folder}/${name}`, bytes);
    const sync = assertThrows(() => probeSync(`${folder}/${name}`), AVError);
    assertEquals(String(await rejectionOf(probe(`${folder}/${name}`))), String(sync));
    return sync.message;
  };
  try {
    const film = fixtureBytes("video.mp4"), mkv = fixtureBytes("video.mkv");
    for (
      const [name, bytes, looks] of [
        ["page.mp4", text("<!DOCTYPE html><html><body>404</body></html>"), "HTML"],
        ["answer.mp4", text('{"error": "not found"}'), "JSON"],
        ["archive.mkv", text("PK\x03\x04 and more of it"), "a zip archive"],
        ["paper.mp4", text("%PDF-1.4 and more of it"), "PDF"],
        ["zeros.mp4", new Uint8Array(5000), "nothing but zeros"],
      ] as const
    ) {
      assertStringIncludes(await messageFor(name, bytes), `looks like ${looks}`);
    }
    for (
      const [name, bytes] of [["cut.mp4", film.subarray(0, 3000)], [
        "middle.mp4",
        film.subarray(3000),
      ]] as const
    ) {
      assertStringIncludes(await messageFor(name, bytes), "(mov,mp4: moov atom not found)");
    }
    assertMatch(
      await messageFor("cut.mkv", mkv.subarray(0, 300)),
      /^Cannot open input: Invalid data found \(matroska,webm: it ends within its header\)$/,
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("The error for a file that can't be opened does not depend on how many bytes are read at a time", () => {
  const film = fixtureBytes("fragmented.mp4");
  const sources = {
    "a fragment without its beginning": film.slice(
      new TextDecoder("latin1").decode(film).indexOf("moof") - 4,
    ),
    "half a header": fixtureBytes("video.mkv").slice(0, 300),
    "a script": new TextEncoder().encode("#!/bin/sh\nexit 1\n"),
  };
  for (const [name, bytes] of Object.entries(sources)) {
    const { message } = assertThrows(() => probeSync(bytes), AVError);
    for (const amount of shortAmounts) {
      const inPieces = assertThrows(() => probeSync(readerOf(bytes, { amount: amounts[amount] })), AVError);
      assertEquals(inPieces.message, message, `${name}, ${amount}`);
    }
  }
});

Deno.test("A playlist without a name is recognized, however many bytes are read at a time", () => {
  const text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n";
  for (const amount of Object.values(amounts)) {
    const opened: string[] = [];
    const onopen = ({ url }: { url: string }) => (opened.push(url), null);
    assertThrows(
      () => Demuxer.openSync(readerOf(new TextEncoder().encode(text), { amount }), { onopen }),
      AVError,
    );
    assertEquals(opened, ["a.ts"]);
  }
});

Deno.test("A file that points beyond 2^53 is damaged: onseek is not called with what is no exact number", async () => {
  const sink = new MemorySink();
  remuxSync(fixturePath("audio.wav"), sink, { format: "w64" });
  const [whole, header, far] = [sink.bytes(), 40, new Uint8Array(24).fill(7)]; // behind the header, a chunk of an unknown kind
  new DataView(far.buffer).setBigUint64(16, 1n << 60n, true);
  const bytes = new Uint8Array([...whole.subarray(0, header), ...far, ...whole.subarray(header)]);
  const { message } = assertThrows(() => Demuxer.openSync(bytes), AVError);
  assertEquals(assertThrows(() => Demuxer.openSync(readerOf(bytes)), AVError).message, message);
  assertEquals((await assertRejects(() => Demuxer.open(readerOf(bytes)), AVError)).message, message);
});

Deno.test("Errors of opening files have a stack", async () => {
  for (const open of [() => probe("/nowhere/at/all.mp4"), () => remux(video(), "/nowhere/at/all.wav")]) {
    const { stack } = await rejectionOf(open()) as Error;
    assertEquals(typeof stack, "string");
  }
});
