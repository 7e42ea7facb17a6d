/**
 * Containment: nothing that libavformat reads, and no option, makes it open a file, create a folder or connect by
 * itself. Each build runs all cases of support/hostile.ts in its own process (support/containment_run.ts), whose system
 * calls are traced if strace is installed. Also the limits: the maximum cost of hostile input.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AVError,
  constants,
  Demuxer,
  MemorySink,
  type OpenCallback,
  probe,
  probeSync,
  remux,
  remuxSync,
  type Source,
  versions,
  withinDirectory,
} from "@avio/avio";
import { createSocket } from "node:dgram";
import { type Canary, type Expected, type Hostile, hostile, playlist, text } from "./support/hostile.ts";
import type { Outcome } from "./support/containment_run.ts";
import { hasFFprobe } from "./support/ffprobe.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { answerOf } from "./support/script.ts";
import { runScript } from "./support/subprocess.ts";
import { isEmbedded, libavformat } from "./support/versions.ts";

const root = new URL("../", import.meta.url).pathname;
const libraries = `${root}lib/${Deno.build.os}-${Deno.build.arch}`;
const suffix = Deno.build.os === "darwin" ? "dylib" : "so";

/** The library that is loaded by default. */
const usual = `${libraries}/libavio.${suffix}`;

/** Both builds are tested; the tests themselves use the library in AVIO_SHIM_PATH. */
const builds = {
  embedded: usual,
  system: `${libraries}/libavio-system.${suffix}`,
};
builds[versions().build] = Deno.env.get("AVIO_SHIM_PATH") ?? builds[versions().build];
type Build = keyof typeof builds;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function works(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const TRACED = ["-f", "--seccomp-bpf", "-s", "300", "-e", "trace=file,network"];
const hasStrace = Deno.build.os === "linux" && works("strace", ...TRACED, "-o", "/dev/null", "true");

// ------------------------------------------------------------------------------------------- the canary

/** Files that must not change, with names that libavformat would read, overwrite, rename or delete. */
function makeFolder(): string {
  const folder = Deno.makeTempDirSync({ prefix: "avio-canary-" });
  const old = [
    "old.m3u8",
    "old0.ts",
    "old1.ts",
    "old.mpd",
    "old.idx",
    "old.sub",
    "old.MLV",
    "old.M00",
    "init-stream0.m4s",
  ];
  for (const name of old) Deno.writeTextFileSync(`${folder}/${name}`, `#EXTM3U\n#EXTINF:2,\nold0.ts\n`);
  Deno.writeTextFileSync(`${folder}/key`, "0123456789abcdef");
  Deno.writeTextFileSync(`${folder}/key.info`, `key\n${folder}/key\n`);
  for (const name of ["secret.ts", "secret.mp4"]) {
    Deno.copyFileSync(fixturePath(name.replace("secret", "video")), `${folder}/${name}`);
  }
  for (const number of ["0000", "0001"]) {
    Deno.copyFileSync(fixturePath("image.png"), `${folder}/${number}.png`);
  }
  return folder;
}

/** Its contents, by name. */
function contentsOf(folder: string): Record<string, string> {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return Object.fromEntries(entries.map(({ name, isFile }) => {
    const path = `${folder}/${name}`;
    const { mtime, ino } = Deno.statSync(path);
    return [name, isFile ? `${ino} ${mtime?.getTime()} ${Deno.readFileSync(path).length}` : "folder"];
  }));
}

/** Servers that count connections. */
class Servers implements AsyncDisposable {
  tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  udp = createSocket("udp4");
  visitors = 0;
  #done = this.#count();

  async bind(): Promise<{ tcp: number; udp: number }> {
    this.udp.on("message", () => this.visitors++);
    await new Promise<void>((resolve) => this.udp.bind(0, "127.0.0.1", resolve));
    return { tcp: this.tcp.addr.port, udp: this.udp.address().port };
  }

  async #count(): Promise<void> {
    for await (const visit of this.tcp) {
      this.visitors++;
      visit.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.tcp.close();
    await new Promise<void>((resolve) => this.udp.close(resolve));
    await this.#done;
  }
}

// ------------------------------------------------------------------------------------------- the runs

interface Run {
  canary: Canary;
  outcomes: Map<string, Outcome[]>;
  /** System calls by case; null without strace. */
  calls: Map<string, string[]> | null;
  before: Record<string, string>;
  after: Record<string, string>;
  visitors: number;
}

const runs: Partial<Record<Build, Promise<Run>>> = {};

/** The runs of all builds, started together by the first test. */
async function runOf(build: Build): Promise<Run> {
  for (const each of Object.keys(builds) as Build[]) {
    if (exists(builds[each])) runs[each] ??= run(each);
  }
  await Promise.allSettled(Object.values(runs));
  return runs[build]!;
}

async function run(build: Build): Promise<Run> {
  const folder = makeFolder();
  const trace = Deno.makeTempFileSync({ prefix: "avio-trace-" });
  await using servers = new Servers();
  const canary = { folder, ...await servers.bind() };
  try {
    const before = contentsOf(folder);
    const outcomes: Outcome[] = JSON.parse(await runCases(build, canary, trace));
    return {
      canary,
      outcomes: Map.groupBy(outcomes, ({ name }) => name),
      calls: hasStrace ? callsByCase(Deno.readTextFileSync(trace)) : null,
      before,
      after: contentsOf(folder),
      visitors: servers.visitors,
    };
  } finally {
    Deno.removeSync(folder, { recursive: true });
    Deno.removeSync(trace);
  }
}

async function runCases(build: Build, canary: Canary, trace: string): Promise<string> {
  const script = `${root}tests/support/containment_run.ts`;
  const config = ["--no-check", "--config", `${root}deno.json`];
  const deno = [Deno.execPath(), "run", "-A", ...config, script, JSON.stringify(canary)];
  const [command, ...args] = hasStrace ? ["strace", ...TRACED, "-o", trace, ...deno] : deno;
  const { success, stdout, stderr } = await new Deno.Command(command!, {
    args,
    cwd: canary.folder,
    env: { AVIO_SHIM_PATH: builds[build], DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Lines of strace between the names that the run puts into it. */
function callsByCase(trace: string): Map<string, string[]> {
  const calls = new Map<string, string[]>();
  let name = "";
  for (const line of trace.split("\n")) {
    const marked = /"\/avio-case\/([^"]*)"/.exec(line);
    if (marked) name = marked[1]!;
    else if (name !== "" && /^\d+ +\w+\(/.test(line)) calls.set(name, [...calls.get(name) ?? [], line]);
  }
  return calls;
}

/** Files that the C library and Deno open for themselves. */
const EXPLAINED: [RegExp, why: string][] = [
  [/"\/etc\/localtime"/, "strftime(), for names with a time"],
  [/fstatat\(\d+, "",/, "fstat() of what was opened"],
  [/socketpair\(AF_UNIX|recvfrom\(\d+,/, "Deno, for signals; a connection would show socket() and connect()"],
  [/"\/proc\/sys\/vm\/overcommit_memory"|"\/sys\/devices\/system\/cpu\//, "malloc(), for a new thread"],
  [/^\d+ +getcwd\(/, "Deno, for a relative path"],
  [/"\/proc\/\d+\/maps"|"\/proc\/self\/|"\/sys\/fs\/cgroup/, "Deno and V8"],
  [/"[^"]*\/deno"/, "Deno, for its own stack traces"],
];

/** Opened by the system's libavutil; the embedded one uses a system call instead. */
const RANDOM = /openat\(AT_FDCWD, "\/dev\/urandom", O_RDONLY/;

function unexplained(build: Build, calls: string[]): string[] {
  return calls.filter((call) =>
    !EXPLAINED.some(([pattern]) => pattern.test(call)) && !(build === "system" && RANDOM.test(call))
  );
}

// ------------------------------------------------------------------------------------------- expected results

function checkOutcome(outcome: Outcome, expected: Expected): void {
  const { error, message, asked, how } = outcome;
  const label = `${how}: ${error} ${message} ${asked}`;
  const opens = expected.asks !== undefined || expected.opens && how.startsWith("probe");
  if (opens && !/none is left to write|neither audio nor video was written/.test(message)) {
    assertEquals(error, "", label);
  }
  if (!opens) assertMatch(error, /^(AVError|TypeError)$/, label);
  if (expected.says) assertMatch(message, expected.says, label);
  if (expected.refused && !opens) {
    assertStringIncludes(message, `refused to open '${expected.refused}`, label);
  }
  if (expected.refused && asked) assert(asked.some((url) => url.startsWith(expected.refused!)), label);
  if (expected.asks && asked) assertEquals([...new Set(asked)], expected.asks, label);
  assert(!message.includes("avio:/"), label);
}

function find(build: Build, name: string, canary: Canary): Expected {
  const found = hostile(canary).find((one) => one.name === name)!;
  return build === "system" && found.system ? found.system : found.expected;
}

function testCase(build: Build, { name }: Hostile): void {
  Deno.test({
    name: `${build}: ${name}`,
    ignore: !exists(builds[build]),
    fn: async () => {
      const { canary, outcomes, calls } = await runOf(build);
      const expected = find(build, name, canary);
      const those = outcomes.get(name) ?? [];
      assert(those.length >= 8, `only ${those.length} outcomes`);
      for (const outcome of those) checkOutcome(outcome, expected);
      assertEquals(unexplained(build, calls?.get(name) ?? []), []);
    },
  });
}

for (const build of Object.keys(builds) as Build[]) {
  const ignore = !exists(builds[build]);
  for (const one of hostile({ folder: "/canary", tcp: 0, udp: 0 })) testCase(build, one);

  Deno.test({
    name: `${build}: the canary's files are unchanged, and no connection was made`,
    ignore,
    fn: async () => {
      const { before, after, visitors } = await runOf(build);
      assertEquals(after, before);
      assertEquals(visitors, 0);
    },
  });

  Deno.test({
    name: `${build}: the trace contains what is opened`,
    ignore: ignore || !hasStrace,
    fn: async () => {
      const { calls } = await runOf(build);
      assertMatch((calls!.get("hls output: strftime") ?? []).join("\n"), /localtime/);
    },
  });
}

Deno.test("All cases have different names", () => {
  const names = hostile({ folder: "/canary", tcp: 0, udp: 0 }).map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
});

// ------------------------------------------------------------------------------------------- the plain FFmpeg

Deno.test({
  name: "A playlist with which plain ffprobe reads a local file is refused, with the file's URL",
  ignore: !hasFFprobe,
  fn: async () => {
    const folder = makeFolder();
    try {
      const url = `file://${folder}/secret.ts`;
      const bytes = playlist(url);
      Deno.writeFileSync(`${folder}/list.m3u8`, bytes);
      const args = [
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name",
        "-of",
        "csv=p=0",
        `${folder}/list.m3u8`,
      ];
      const { stdout } = new Deno.Command("ffprobe", { args, stdin: "null" }).outputSync();
      assertStringIncludes(new TextDecoder().decode(stdout), "h264");

      for (const source of [bytes, `${folder}/list.m3u8`]) {
        const error = assertThrows(() => probeSync(source), AVError);
        assertEquals([error.codeName, error.message], [
          "EPERM",
          `Cannot open input: refused to open '${url}'`,
        ]);
        const later = await assertRejects(() => probe(source), AVError);
        assertEquals(later.message, error.message);
      }
      const { streams } = probeSync(bytes, { onopen: withinDirectory(folder) });
      assertEquals(streams.length, 2);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Folders that plain ffmpeg makes for variants are not made",
  ignore: !works("ffmpeg", "-version"),
  fn: () => {
    const folder = makeFolder();
    const url = `${folder}/new/%v/index.m3u8`;
    try {
      const before = contentsOf(folder);
      const options = { var_stream_map: "v:0,a:0" };
      assertThrows(
        () => remuxSync(fixtureBytes("video.ts"), new MemorySink(), { format: "hls", url, options }),
        AVError,
        "refused to open",
      );
      assertEquals(contentsOf(folder), before);
      const copy = ["-i", fixturePath("video.ts"), "-map", "0", "-c", "copy", "-f", "hls"];
      const args = ["-v", "error", ...copy, "-var_stream_map", "v:0 a:0", url];
      new Deno.Command("ffmpeg", { args, stdin: "null", stderr: "null" }).outputSync();
      assertEquals(contentsOf(folder).new, "folder");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

// ------------------------------------------------------------------------------------------- onopen

Deno.test("Everything that is opened goes through onopen", async () => {
  const files: Record<string, Source> = {
    "v.m3u8": playlist("http://127.0.0.1:1/a.ts"),
    "http://127.0.0.1:1/a.ts": fixtureBytes("video.ts"),
  };
  const asked: string[] = [];
  const onopen: OpenCallback = ({ url, mode }) => {
    asked.push(`${mode} ${url}`);
    return files[url] ?? null;
  };
  const master = text("#EXTM3U", "#EXT-X-STREAM-INF:BANDWIDTH=1", "v.m3u8");
  const expected = ["read v.m3u8", "read http://127.0.0.1:1/a.ts"];
  assertEquals(probeSync(master, { onopen }).streams.length, 2);
  assertEquals(asked.splice(0), expected);
  assertEquals((await probe(master, { onopen })).streams.length, 2);
  assertEquals(asked, expected);
});

Deno.test("An exception of onopen is thrown, and it is not called again", async () => {
  const thrown = new Error("not this one");
  let calls = 0;
  const onopen = () => {
    calls++;
    throw thrown;
  };
  const bytes = text("#EXTM3U", ...["a", "b"].flatMap((name) => ["#EXT-X-STREAM-INF:BANDWIDTH=1", name]));
  assertEquals(assertThrows(() => probeSync(bytes, { onopen })), thrown);
  assertEquals(await assertRejects(() => probe(bytes, { onopen })), thrown);
  assertEquals(calls, 2);
});

// ------------------------------------------------------------------------------------------- what is in the library

/** Functions of the C library that reach outside, also under the names that they have in binaries. */
const OUTSIDE = new RegExp(
  "^(__x|__l?x|_IO_)?(f?open|freopen|fdopen|openat|creat|mkstemp|mkdir|mkdirat|rename|renameat|unlink|unlinkat|remove|rmdir" +
    "|stat|lstat|fstatat|statx|access|glob|opendir|readdir|readlink|symlink|link|socket|connect|bind|listen|accept|sendto" +
    "|getaddrinfo|gethostbyname|system|popen|exec[a-z]*|posix_spawnp?|v?fork|dlopen|dlsym)(64|_r)?$",
);

async function symbols(...flags: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command("nm", { args: ["-D", ...flags, builds.embedded] }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/).at(-1)!.replace(/@.*/, ""));
}

const hasSymbols = Deno.build.os === "linux" && works("nm", "--version") && exists(builds.embedded);

Deno.test({
  name: "The embedded library imports nothing that opens files or sockets",
  ignore: !hasSymbols,
  fn: async () => {
    const imported = await symbols("--undefined-only");
    assert(imported.includes("malloc"));
    assertEquals(imported.filter((name) => OUTSIDE.test(name)), []);
    assertEquals(imported.filter((name) => /^(getenv|isatty|iconv_open|f?printf|fputs)$/.test(name)), []);
  },
});

Deno.test({
  name: "The embedded library exports avs_* and the entry of Node-API alone",
  ignore: !hasSymbols,
  fn: async () => {
    assertEquals((await symbols("--defined-only")).filter((name) => !name.startsWith("avs_")), [
      "napi_register_module_v1",
    ]);
  },
});

// ------------------------------------------------------------------------------------------- limits: numbers and sizes

function isTooLarge(error: unknown, says: string): void {
  assertInstanceOf(error, AVError);
  assertEquals(error.code, constants.error.EMSGSIZE);
  assertEquals(error.codeName, "EMSGSIZE");
  assertStringIncludes(error.message, says);
}

Deno.test("maxStreams: more streams are an error that names it, or are left out", async () => {
  const options = { maxStreams: 1 };
  for (const name of ["video.mp4", "video.avi"]) {
    const bytes = fixtureBytes(name);
    isTooLarge(assertThrows(() => probeSync(bytes, options)), "maxStreams");
    isTooLarge(await assertRejects(() => probe(bytes, options)), "maxStreams");
  }
  for (const name of ["video.ts", "video.mkv", "video.flv"]) {
    const probing = () => assertEquals(probeSync(fixtureBytes(name), options).streams.length, 1, name);
    // The demuxers of 5.1 don't all go on without the stream.
    if (name !== "video.mkv" || versions().build === "embedded") probing();
    else isTooLarge(assertThrows(probing), "maxStreams");
  }
});

Deno.test("maxPacketSize: a larger packet is an error that names it", async () => {
  const bytes = fixtureBytes("video.mp4");
  const input = { maxPacketSize: 100 };
  const into = { format: "matroska", input };
  const readAll = async () => {
    await using demuxer = await Demuxer.open(bytes, input);
    for await (const packet of demuxer) void packet;
  };
  const readAllSync = () => {
    using demuxer = Demuxer.openSync(bytes, input);
    for (const packet of demuxer.packetsSync()) void packet;
  };
  isTooLarge(assertThrows(readAllSync), "more than maxPacketSize (100)");
  isTooLarge(await assertRejects(readAll), "more than maxPacketSize (100)");
  isTooLarge(assertThrows(() => remuxSync(bytes, new MemorySink(), into)), "more than maxPacketSize (100)");
  isTooLarge(
    await assertRejects(() => remux(bytes, new MemorySink(), into)),
    "more than maxPacketSize (100)",
  );
});

/** `head`, then `chunk` for ever; `max` is the limit of a test. */
function endless(head: Uint8Array, chunk: Uint8Array, max = 64 << 20) {
  let position = 0;
  const at = (place: number) =>
    place < head.length ? head[place]! : chunk[(place - head.length) % chunk.length]!;
  return {
    get read() {
      return position;
    },
    onread(buffer: Uint8Array) {
      if (position > max) throw new Error(`read ${position} bytes`);
      for (let i = 0; i < buffer.length; i++) buffer[i] = at(position + i);
      position += buffer.length;
      return buffer.length;
    },
  };
}

const nothing = new Uint8Array(0);

Deno.test("probeSize limits what is read of a file that is not media", async () => {
  for (const chunk of [new Uint8Array(1), text("not a media file")]) {
    const source = endless(nothing, chunk);
    const error = assertThrows(() => probeSync(source, { probeSize: 100_000 }), AVError);
    assertEquals(error.codeName, "INVALIDDATA");
    assertGreater(4 << 20, source.read);
    const later = endless(nothing, chunk);
    await assertRejects(() => probe(later, { probeSize: 100_000 }), AVError, "Invalid data");
    assertGreater(4 << 20, later.read);
  }
});

/** MPEG-TS with a video stream without packets. */
function withoutPictures(): Uint8Array {
  const bytes = fixtureBytes("video.ts");
  const pid = (at: number) => (bytes[at + 1]! & 0x1f) << 8 | bytes[at + 2]!;
  const packets = Array.from({ length: bytes.length / 188 }, (_, i) => i * 188).filter((at) =>
    pid(at) !== 0x100
  );
  return new Uint8Array(packets.flatMap((at) => [...bytes.subarray(at, at + 188)]));
}

Deno.test("probeSize and analyzeDuration limit the search for streams", () => {
  const bytes = withoutPictures();
  const read = (options: { probeSize?: number; analyzeDuration?: number }) => {
    const source = endless(bytes, bytes);
    probeSync(source, { ...options, bufferSize: 4096 });
    return source.read;
  };
  const most = read({});
  assertGreater(8_000_000, most);
  assertGreater(200_000, read({ probeSize: 20_000 }));
  assertGreater(most, read({ probeSize: 20_000 }));
});

/** Endless headers, which `probeSize` does not limit. */
const endlessHeaders: Record<string, [head: Uint8Array, chunk: Uint8Array]> = {
  "empty MPEG-TS": [
    nothing,
    (() => {
      const packet = new Uint8Array(188).fill(0xff);
      packet.set([0x47, 0x1f, 0xff, 0x10]);
      return packet;
    })(),
  ],
  "empty boxes in mp4": [
    fixtureBytes("video.mp4").subarray(0, 32),
    new Uint8Array([0, 0, 16, 0, 0x66, 0x72, 0x65, 0x65, ...new Uint8Array(4088)]),
  ],
  "empty elements in Matroska": [
    fixtureBytes("video.mkv").subarray(0, 60),
    new Uint8Array([0xec, 0x40, 0x80, ...new Uint8Array(128)]),
  ],
  "lines of a playlist": [
    text("#EXTM3U", "#EXT-X-TARGETDURATION:1"),
    text("#EXTINF:1,", "a.ts"),
  ],
  "subtitles": [
    text("1", "00:00:00,000 --> 00:00:01,000", "a", ""),
    text("2", "00:00:00,000 --> 00:00:01,000", "a", ""),
  ],
};

for (const [name, [head, chunk]] of Object.entries(endlessHeaders)) {
  Deno.test(`maxOpenSize ends endless headers, ${name}`, async () => {
    const options = { maxOpenSize: 1 << 20 };
    const source = endless(head, chunk);
    isTooLarge(assertThrows(() => probeSync(source, options)), "maxOpenSize");
    assertGreater(4 << 20, source.read);
    const later = endless(head, chunk);
    isTooLarge(await assertRejects(() => probe(later, options)), "maxOpenSize");
    assertGreater(4 << 20, later.read);
  });
}

Deno.test("maxOpenSize applies only to opening", () => {
  const source = endless(fixtureBytes("video.ts"), fixtureBytes("video.ts"));
  using demuxer = Demuxer.openSync(source, { maxOpenSize: 1 << 20, probeSize: 100_000 });
  while (source.read < 4 << 20) demuxer.readSync();
});

// ------------------------------------------------------------------------------------------- limits: playlists

Deno.test("A script that names itself ends", async () => {
  const bytes = text("ffconcat version 1.0", "file list.ffconcat");
  let calls = 0;
  const onopen = () => (calls++, bytes);
  const options = { url: "list.ffconcat", onopen };
  const message = assertThrows(() => probeSync(bytes, options), AVError).message;
  assertMatch(message, /list\.ffconcat|concat scripts can't be contained/);
  await assertRejects(() => probe(bytes, options), AVError);
  assertGreater(300, calls);
});

Deno.test("A playlist of variants that names itself ends", async () => {
  const bytes = text("#EXTM3U", "#EXT-X-STREAM-INF:BANDWIDTH=1", "a.m3u8");
  const onopen = () => bytes;
  // FFmpeg 9.0, and 7.1 with our patches, detect a list of variants within another one.
  const refused = (error: unknown) =>
    libavformat >= 63 || isEmbedded
      ? assertEquals((error as AVError).code, constants.error.INVALIDDATA)
      : isTooLarge(error, "opens too many files");
  refused(assertThrows(() => probeSync(bytes, { onopen }), AVError));
  refused(await assertRejects(() => probe(bytes, { onopen }), AVError));
});

Deno.test("A playlist of 100,000 segments opens one, one of 5,000 variants is refused at the first", () => {
  const segments = Array.from({ length: 100_000 }, (_, i) => `#EXTINF:2,\nseg${i}.ts`);
  const long = text("#EXTM3U", "#EXT-X-TARGETDURATION:2", ...segments, "#EXT-X-ENDLIST");
  assertThrows(() => probeSync(long), AVError, "refused to open 'seg0.ts'");
  let calls = 0;
  const onopen = () => (calls++, fixtureBytes("video.ts"));
  assertEquals(probeSync(long, { onopen }).streams.length, 2);
  assertEquals(calls, 1);
  const variants = Array.from({ length: 5000 }, (_, i) => `#EXT-X-STREAM-INF:BANDWIDTH=${i + 1}\nv${i}.m3u8`);
  assertThrows(() => probeSync(text("#EXTM3U", ...variants)), AVError, "refused to open 'v0.m3u8'");
});

const live = text("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", "a.ts");
const isPlaylist = (url: string) => url.endsWith(".m3u8");

async function readLive(
  options: { signal?: AbortSignal; timeout?: number; onopen: OpenCallback },
): Promise<void> {
  await using demuxer = await Demuxer.open(live, { url: "live.m3u8", ...options });
  for await (const packet of demuxer) void packet;
}

Deno.test("A live playlist that never ends: signal and timeout end it", async () => {
  const segment = fixtureBytes("video.ts");
  const reason = new Error("enough");
  const controller = new AbortController();
  const onopen: OpenCallback = ({ url }) => {
    if (isPlaylist(url)) queueMicrotask(() => controller.abort(reason));
    return isPlaylist(url) ? live : segment;
  };
  assertEquals(await assertRejects(() => readLive({ signal: controller.signal, onopen })), reason);
  const stuck: OpenCallback = ({ url }) => isPlaylist(url) ? new Promise<null>(() => {}) : segment;
  await assertRejects(() => readLive({ timeout: 100, onopen: stuck }), DOMException, "100 ms");
});

Deno.test("A live playlist that never ends: in the synchronous API onopen ends it", () => {
  const onopen: OpenCallback = ({ url }) => isPlaylist(url) ? null : fixtureBytes("video.ts");
  using demuxer = Demuxer.openSync(live, { url: "live.m3u8", onopen });
  const error = assertThrows(() => {
    while (demuxer.readSync());
  }, AVError);
  assertStringIncludes(error.message, "refused to open 'live.m3u8'");
});

// ------------------------------------------------------------------------------------------- limits: memory

Deno.test("Sizes that a file states are not allocated in advance", async () => {
  const answer = await answerOf<{ grown: number; errors: string[] }>(`
    const before = residentMegabytes();
    const errors: string[] = [];
    const attempt = (bytes: Uint8Array) => {
      try {
        using demuxer = Demuxer.openSync(bytes);
        for (const packet of demuxer.packetsSync()) void packet;
        errors.push("");
      } catch (error) {
        errors.push(String(error));
      }
    };
    const find = (bytes: Uint8Array, ...sign: number[]) => {
      for (let i = 0;; i++) if (sign.every((byte, at) => bytes[i + at] === byte)) return i;
    };
    for (const size of [0, 1]) {
      const bytes = fixtureBytes("video.mp4").slice();
      const at = find(bytes, 0x73, 0x74, 0x73, 0x7a); // stsz
      new DataView(bytes.buffer).setUint32(at + 8, size);
      new DataView(bytes.buffer).setUint32(at + 12, 90_000_000);
      attempt(bytes);
    }
    for (const id of [[0x63, 0xa2], [0xa3], [0x16, 0x54, 0xae, 0x6b]]) { // CodecPrivate, SimpleBlock, Tracks
      const bytes = fixtureBytes("video.mkv");
      const at = find(bytes, ...id) + id.length;
      const size = [1, 0, 0, 0, 0x7f, 0xff, 0xff, 0];
      attempt(new Uint8Array([...bytes.subarray(0, at), ...size, ...bytes.subarray(at + 1)]));
    }
    const peak = Number(/VmHWM:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]) / 1024;
    console.log(JSON.stringify({ grown: peak - before, errors }));
  `);
  assertEquals(answer.errors.length, 5);
  assertMatch(answer.errors[0]!, /AVError: .*Invalid data/);
  assertGreater(300, answer.grown);
});

// ------------------------------------------------------------------------------------------- permissions

/** The output of a script that has only the permission to load the library. */
async function withLibraryAlone(code: string): Promise<string> {
  const flags = ["--no-check", `--allow-ffi=${usual}`];
  const { stdout, stderr } = await runScript(
    `import { fromMap, MemorySink, probe, probeSync, remuxSync } from "@avio/avio";
    const media = Uint8Array.fromBase64("${fixtureBytes("video.ts").subarray(0, 188 * 150).toBase64()}");
    const list = new TextEncoder().encode("#EXTM3U\\n#EXT-X-TARGETDURATION:2\\n#EXTINF:2,\\na.ts\\n#EXT-X-ENDLIST\\n");
    const onopen = fromMap(new Map([["a.ts", media]]));
    const attempt = async (work: () => unknown) => {
      try {
        await work();
        return "ok";
      } catch (error) {
        return (error as Error).name;
      }
    };
    void [list, onopen, probe, probeSync, remuxSync, MemorySink, fromMap];
    console.log(JSON.stringify(await Promise.all([${code}].map(attempt))));`,
    { flags, env: { AVIO_SHIM_PATH: "" } },
  );
  assertEquals(stderr, "");
  return stdout.trim();
}

Deno.test({
  name: "Permissions: loading the library is enough for bytes and the async API, everything else is refused",
  ignore: !exists(usual),
  fn: async () => {
    const outcomes = await withLibraryAlone(`
      () => probeSync(media),
      () => remuxSync(media, new MemorySink(), { format: "mpegts" }),
      () => probe(new Blob([media])),
      () => probe({ onread: (buffer: Uint8Array) => Promise.resolve(buffer.length) }, { maxOpenSize: 1000 }),
      () => probe(list, { onopen }),
      () => probeSync(list, { onopen }),
      () => probeSync({ onread: () => 0 }),
      () => probe("fixtures/video.mp4"),
      () => probe("http://127.0.0.1:9999/a.mp4"),
    `);
    const refused = "NotCapable";
    assertEquals(JSON.parse(outcomes), [
      "ok",
      "ok",
      "ok",
      "AVError",
      "ok",
      refused,
      refused,
      refused,
      refused,
    ]);
  },
});
