/**
 * `deno task bench`: avio against plain C on the same FFmpeg, interleaved, as a Markdown table of medians.
 *
 *   --build=embedded|system   the measured library, and the FFmpeg to which the C program is linked (embedded)
 *   --rounds=N                how often each side runs in a process of its own (7)
 *   --peers                   also rows against other libraries, which are downloaded from npm
 *   --runtimes                only rows of avio on Node and Bun against avio on Deno
 *   --only=NAME               only rows whose name contains NAME; may be given several times
 *
 * What is measured, and how to read it, is in README.md beside this file.
 */
import { loadLibrary, versions } from "../mod.ts";
import { installPeers, peerRows } from "./peers.ts";
import { runtimeRows } from "./runtimes.ts";

const HERE = new URL(".", import.meta.url).pathname;
const PLATFORM = `${Deno.build.os}-${Deno.build.arch}`;
const SUFFIX = Deno.build.os === "darwin" ? "dylib" : "so";
const FOLDER = `${Deno.env.get("TMPDIR") ?? "/tmp"}/avio-bench`;

type Build = "embedded" | "system";

// ------------------------------------------------------------------------------------------- options

interface Options {
  build: Build;
  rounds: number;
  only: string[];
  peers: boolean;
  runtimes: boolean;
}

function parseOptions(args: readonly string[]): Options {
  const options: Options = { build: "embedded", rounds: 7, only: [], peers: false, runtimes: false };
  for (const arg of args) {
    const [name, value = ""] = arg.split("=", 2) as [string, string?];
    if (name === "--build" && (value === "embedded" || value === "system")) options.build = value;
    else if (name === "--rounds" && Number(value) >= 1) options.rounds = Math.floor(Number(value));
    else if (arg === "--peers") options.peers = true;
    else if (arg === "--runtimes") options.runtimes = true;
    else if (name === "--only" && value) options.only.push(value);
    else fail(`${arg}: options are --build=embedded|system, --rounds=N, --peers, --runtimes, --only=NAME`);
  }
  return options;
}

function fail(message: string): never {
  console.error(`bench: ${message}`);
  Deno.exit(1);
}

// ------------------------------------------------------------------------------------------- processes

/** Runs a command to its end; returns its standard output. */
export function run(command: readonly string[], env: Record<string, string> = {}): string {
  const [program, ...args] = command as [string, ...string[]];
  const result = new Deno.Command(program, { args, env, stderr: "piped" }).outputSync();
  const decoder = new TextDecoder();
  if (!result.success) fail(`${command.join(" ")} failed:\n${decoder.decode(result.stderr)}`);
  return decoder.decode(result.stdout);
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------------------------------- inputs

/** The approximate number of packets in the long input. */
const PACKETS = 75_000;

function sourceClip(): string {
  const places = [`${HERE}../../shared/media/bbb_chapters.mp4`, `${HERE}../fixtures/video.mp4`];
  return places.find(exists) ?? fail(`no clip to make an input of: none of ${places.join(", ")}`);
}

function countPackets(path: string): number {
  const entries = ["-count_packets", "-show_entries", "stream=codec_type,nb_read_packets"];
  const streams = run(["ffprobe", "-v", "error", ...entries, "-of", "csv=p=0", path]).trim().split("\n");
  const counts = streams.map((line) => line.match(/^(?:video|audio),(\d+)/)?.[1] ?? 0);
  return counts.reduce<number>((sum, count) => sum + Number(count), 0);
}

/** Copies the clip's first video and audio stream, at most `loops` times, up to `seconds`. */
function copyLooped(clip: string, path: string, loops: number, seconds?: number): string {
  if (exists(path)) return path;
  const until = seconds === undefined ? [] : ["-t", String(seconds)];
  const input = ["-v", "error", "-stream_loop", String(loops - 1), "-i", clip];
  const output = ["-map", "0:v:0", "-map", "0:a:0", "-map_chapters", "-1", "-c", "copy", ...until];
  run(["ffmpeg", ...input, ...output, `${path}.new.mp4`]);
  Deno.renameSync(`${path}.new.mp4`, path);
  return path;
}

/** A long file of many small packets, and a short one; made once, kept in the temporary folder. */
function makeInputs(): { long: string; short: string; shortMkv: string } {
  const clip = sourceClip();
  const name = clip.replace(/^.*\/|\.mp4$/g, "");
  const loops = Math.round(PACKETS / countPackets(clip));
  const short = copyLooped(clip, `${FOLDER}/${name}-10s.mp4`, 10, 10);
  const shortMkv = short.replace(/mp4$/, "mkv");
  if (!exists(shortMkv)) run(["ffmpeg", "-v", "error", "-i", short, "-c", "copy", shortMkv]);
  return { long: copyLooped(clip, `${FOLDER}/${name}-${loops}.mp4`, loops), short, shortMkv };
}

// ------------------------------------------------------------------------------------------- both sides

function libraryPath(build: Build): string {
  const named = build === "embedded" ? Deno.env.get("AVIO_SHIM_PATH") : undefined;
  const name = build === "embedded" ? "libavio" : "libavio-system";
  const path = named ?? new URL(`../lib/${PLATFORM}/${name}.${SUFFIX}`, import.meta.url).pathname;
  return exists(path) ? path : fail(`there is no ${path}: scripts/build_shim.sh --${build}`);
}

/** The versions of a library, from a process of its own. */
function describeLibrary(path: string): ReturnType<typeof versions> {
  return JSON.parse(run([Deno.execPath(), "run", "--allow-all", import.meta.filename!, "--versions", path]));
}

/** The static FFmpeg inside the embedded library: the build in the cache with the same configuration. */
function cachedFFmpeg({ ffmpeg, configuration }: ReturnType<typeof versions>): string {
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const cache = Deno.env.get("AVIO_CACHE_DIR") ?? `${caches}/avio`;
  const version = ffmpeg.replace(/^n/, "");
  for (const { name } of exists(cache) ? Deno.readDirSync(cache) : []) {
    const prefix = `${cache}/${name}`;
    if (!name.startsWith(`ffmpeg-${version}-`) || !exists(`${prefix}/configuration`)) continue;
    if (Deno.readTextFileSync(`${prefix}/configuration`).trim() === configuration) return prefix;
  }
  return fail(
    `FFmpeg ${version} as it is in the library is not in ${cache}; make it with scripts/build_shim.sh --force, ` +
      `or say with AVIO_CACHE_DIR where it is`,
  );
}

function compileFlags(build: Build, library: ReturnType<typeof versions>): string[] {
  if (build === "system") {
    const flags = run(["pkg-config", "--cflags", "--libs", "libavformat", "libavcodec", "libavutil"]);
    return flags.trim().split(/\s+/);
  }
  const prefix = cachedFFmpeg(library);
  const archives = ["avformat", "avcodec", "avutil", "xml2"].map((name) => `${prefix}/lib/lib${name}.a`)
    .filter((path) => exists(path)); // the last one exists if the build had it
  return [
    `-I${prefix}/include`,
    ...archives,
    ...(SUFFIX === "so" ? ["-latomic"] : []),
    "-lz",
    "-lm",
    "-pthread",
  ];
}

/** Compiles plain.c against the library's own FFmpeg. */
function compilePlain(build: Build, library: ReturnType<typeof versions>): string {
  const program = `${FOLDER}/plain-${build}`;
  const compiler = Deno.env.get("CC") ?? "cc";
  run([compiler, "-std=gnu11", "-O2", "-o", program, `${HERE}plain.c`, ...compileFlags(build, library)]);
  return program;
}

/** list_streams.ts with the modules as they are packed for npm. */
const PACKED_LISTING = `${FOLDER}/list_streams_packed.ts`;

function makePackedListing(library: string): void {
  const text = Deno.readTextFileSync(`${HERE}list_streams.ts`);
  run([`${HERE}../scripts/pack_npm.sh`, `${FOLDER}/package.tgz`, `${PLATFORM}=${library}`]);
  run(["tar", "-xf", `${FOLDER}/package.tgz`, "-C", FOLDER]);
  Deno.writeTextFileSync(PACKED_LISTING, text.replace("../mod.ts", "./package/mod.js"));
}

// ------------------------------------------------------------------------------------------- measuring

/** A command, and how it is timed: by itself, with a line for each repetition, or as a whole process. */
export interface Side {
  command: string[];
  env?: Record<string, string>;
  wholeProcess?: true;
}

export interface Row {
  name: string;
  baseline: Side;
  library: Side;
}

interface Sample {
  seen: string;
  times: number[];
}

function measure({ command, env = {}, wholeProcess }: Side): Sample {
  const start = performance.now();
  const output = run(command, env);
  const taken = performance.now() - start;
  if (wholeProcess) return { seen: "", times: [taken] };
  const [seen = "", ...times] = output.trim().split("\n");
  return { seen, times: times.map(Number) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs every side once per round, the two of a row one after the other, in the opposite order in every second round. */
function measureRows(rows: readonly Row[], rounds: number): Map<Side, number[]> {
  const times = new Map<Side, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name, baseline, library } of rows) {
      const sides = round % 2 ? [library, baseline] : [baseline, library];
      const samples = new Map(sides.map((side) => [side, measure(side)]));
      for (const [side, sample] of samples) times.set(side, [...times.get(side) ?? [], ...sample.times]);
      const [one, other] = [samples.get(baseline)!.seen, samples.get(library)!.seen];
      if (one !== other) fail(`${name}: the baseline saw ${one}, the library ${other}`);
      console.error(`round ${round + 1}/${rounds}, load ${Deno.loadavg()[0]!.toFixed(1)}: ${name}`);
    }
  }
  return times;
}

// ------------------------------------------------------------------------------------------- the rows

/** Repetitions in one process: untimed, and timed. */
export const LONG = ["1", "3"];
export const SHORT = ["30", "50"];
export const FEW = ["1", "5"];

interface Programs {
  plain: string;
  /** plain.c with the system's FFmpeg; null if there is none. */
  systemPlain: string | null;
  library: string;
  long: string;
  short: string;
  shortMkv: string;
  /** The folder of the peers; null if they were not requested. */
  peers: string | null;
  /** Whether only other runtimes are measured. */
  runtimes: boolean;
}

function makeRows({ plain, systemPlain, library, long, short, shortMkv, peers, runtimes }: Programs): Row[] {
  const deno = [Deno.execPath(), "run"];
  const c = (work: string, file: string, times: string[], ...more: string[]): Side => ({
    command: [plain, work, file, ...times, ...more],
  });
  const avio = (work: string, file: string, times: string[], ...more: string[]): Side => ({
    command: [...deno, "--allow-all", `${HERE}library.ts`, work, file, ...times, ...more],
    env: { AVIO_SHIM_PATH: library },
  });
  if (runtimes) return runtimeRows({ avio, library, long, short });
  const listing = (script: string): Side => ({
    command: [...deno, "--allow-ffi", "--allow-read", script, short, library],
    wholeProcess: true,
  });
  const rows: Row[] = ["4", "32", "64", "256"].map((size) => ({
    name: `demux from callbacks, ${size} KiB`,
    baseline: c("demux", long, LONG, size),
    library: avio("demux", long, LONG, size),
  }));
  rows.push({
    name: "demux from bytes (C: callbacks, 64 KiB)",
    baseline: c("demux", long, LONG),
    library: avio("demux-bytes", long, LONG),
  }, {
    name: "remux mp4 to mkv in memory",
    baseline: c("remux", long, LONG),
    library: avio("remux", long, LONG),
  }, {
    name: "remux mp4 to mkv in memory, and MemorySink.bytes()",
    baseline: c("remux", long, LONG),
    library: avio("remux-bytes", long, LONG),
  }, {
    name: "remux mp4 to mkv to a seekable sink of callbacks",
    baseline: c("remux", long, LONG),
    library: avio("remux-callbacks", long, LONG),
  });
  for (const [work, title] of [["open", "Demuxer: open, probe, close"], ["probe", "probeSync()"]] as const) {
    rows.push({ name: title, baseline: c("open", short, SHORT), library: avio(work, short, SHORT) });
    if (!systemPlain || systemPlain === plain) continue;
    rows.push({
      name: `${title} (C: the system's FFmpeg)`,
      baseline: { command: [systemPlain, "open", short, ...SHORT] },
      library: avio(work, short, SHORT),
    });
  }
  if (peers) rows.push(...peerRows({ place: peers, avio, long, short, shortMkv }));
  rows.push(...asyncRows(c, avio, { long, short, shortMkv }), {
    name: "remux file to file, as processes (baseline: ffmpeg -c copy)",
    baseline: {
      command: ["ffmpeg", "-v", "error", "-y", "-i", long, "-c", "copy", `${long}.plain.mkv`],
      wholeProcess: true,
    },
    library: {
      command: [...deno, "--allow-all", `${HERE}remux.ts`, long, `${long}.library.mkv`],
      env: { AVIO_SHIM_PATH: library },
      wholeProcess: true,
    },
  });
  rows.push({
    name: "cold start (baseline: deno run of an empty script)",
    baseline: { command: [...deno, `${HERE}empty.ts`], wholeProcess: true },
    library: listing(`${HERE}list_streams.ts`),
  }, {
    name: "cold start (baseline: the C program)",
    baseline: { command: [plain, "list", short], wholeProcess: true },
    library: listing(`${HERE}list_streams.ts`),
  });
  if (library.includes("-system")) return rows;
  rows.push({
    name: "cold start of the npm package (baseline: deno run of an empty script)",
    baseline: { command: [...deno, `${HERE}empty.ts`], wholeProcess: true },
    library: listing(PACKED_LISTING),
  });
  return rows;
}

type MakeSide = (work: string, file: string, times: string[], ...more: string[]) => Side;

type Inputs = ReturnType<typeof makeInputs>;

function asyncRows(c: MakeSide, avio: MakeSide, { long, short, shortMkv }: Inputs): Row[] {
  return [{
    name: "async demux from callbacks that return numbers, 64 KiB",
    baseline: c("demux", long, LONG, "64"),
    library: avio("demux-async", long, LONG, "64"),
  }, {
    name: "async demux from callbacks that return promises, 64 KiB",
    baseline: c("demux", long, LONG, "64"),
    library: avio("demux-promises", long, LONG, "64"),
  }, {
    name: "async demux from bytes",
    baseline: c("demux", long, LONG, "64"),
    library: avio("demux-bytes-async", long, LONG),
  }, {
    name: "async demux from bytes, by batches()",
    baseline: c("demux", long, LONG, "64"),
    library: avio("demux-batches", long, LONG),
  }, {
    name: "async demux of the short file from bytes",
    baseline: c("demux", short, SHORT, "64"),
    library: avio("demux-bytes-async", short, SHORT),
  }, {
    name: "async remux mp4 to mkv in memory",
    baseline: c("remux", long, LONG),
    library: avio("remux-async", long, LONG),
  }, {
    name: "async remux mp4 to mkv to a seekable sink of callbacks",
    baseline: c("remux", long, LONG),
    library: avio("remux-callbacks-async", long, LONG),
  }, {
    name: "async probe of a small mp4, bytes (baseline: probeSync)",
    baseline: avio("probe", short, SHORT),
    library: avio("probe-async", short, SHORT),
  }, {
    name: "async probe of a small mkv, bytes (baseline: probeSync)",
    baseline: avio("probe", shortMkv, SHORT),
    library: avio("probe-async", shortMkv, SHORT),
  }, {
    name: "async demux from a Deno.FsFile (C: fread)",
    baseline: c("demux-file", long, LONG, "64"),
    library: avio("demux-file", long, LONG),
  }, {
    name: "async remux mp4 to mkv, file to file (C: fread, fwrite)",
    baseline: c("remux-file", long, LONG, "64"),
    library: avio("remux-file", long, LONG),
  }, {
    name: "one async request (baseline: an empty nonblocking call)",
    baseline: avio("nonblocking-call", short, FEW),
    library: avio("request", short, FEW),
  }, {
    name: "one async request, each in a read() of its own (baseline: as above)",
    baseline: avio("nonblocking-call", short, FEW),
    library: avio("request-and-read", short, FEW),
  }, {
    name: "100 async sessions at once (baseline: in turn)",
    baseline: avio("sessions-in-turn", short, LONG),
    library: avio("sessions-at-once", short, LONG),
  }, {
    name: "longest stall of the event loop in an async remux (baseline: idle)",
    baseline: avio("stall-idle", long, LONG),
    library: avio("stall-remux", long, LONG),
  }];
}

function milliseconds(value: number): string {
  if (value < 0.1) return `${(value * 1000).toFixed(1)} us`;
  return `${value.toFixed(value < 10 ? 3 : 1)} ms`;
}

function table(rows: readonly Row[], times: Map<Side, number[]>): string {
  const lines = rows.map(({ name, baseline, library }) => {
    const [c, avio] = [times.get(baseline)!, times.get(library)!];
    const ratio = median(avio) / median(c);
    const ratioOfBest = Math.min(...avio) / Math.min(...c);
    return `| ${name} | ${milliseconds(median(c))} | ${milliseconds(median(avio))} | ${ratio.toFixed(2)} | ${
      ratioOfBest.toFixed(2)
    } |`;
  });
  const head = [
    "| work | baseline | avio | ratio | ratio of the best |",
    "| --- | ---: | ---: | ---: | ---: |",
  ];
  return [...head, ...lines].join("\n");
}

function machine(): string {
  const model = exists("/proc/cpuinfo")
    ? Deno.readTextFileSync("/proc/cpuinfo").match(/^model name\s*:\s*(.*)$/m)?.[1]
    : undefined;
  return `${
    model ?? Deno.build.arch
  }, ${navigator.hardwareConcurrency} cores, ${Deno.build.os} ${Deno.osRelease()}`;
}

function systemPlainOf(build: Build, plain: string, library: ReturnType<typeof versions>): string | null {
  if (build === "system") return plain;
  try {
    const { success } = new Deno.Command("pkg-config", { args: ["--exists", "libavformat"] }).outputSync();
    return success ? compilePlain("system", library) : null;
  } catch {
    return null;
  }
}

function main({ build, rounds, only, peers, runtimes }: Options): void {
  Deno.mkdirSync(FOLDER, { recursive: true });
  const path = libraryPath(build);
  const library = describeLibrary(path);
  if (library.build !== build) fail(`${path} is the ${library.build} build`);
  const plain = compilePlain(build, library);
  const inputs = makeInputs();
  const programs = {
    plain,
    systemPlain: systemPlainOf(build, plain, library),
    library: path,
    ...inputs,
    peers: peers ? installPeers(FOLDER) : null,
    runtimes,
  };
  const rows = makeRows(programs).filter(({ name }) =>
    only.length === 0 || only.some((part) => name.includes(part))
  );
  if (rows.length === 0) fail(`no row's name contains ${only.join(" or ")}`);
  if (rows.some(({ library }) => library.command.includes(PACKED_LISTING))) makePackedListing(path);
  for (const { baseline, library } of rows) { // fills file caches, and Deno's code caches
    if (baseline.wholeProcess) [baseline, library].forEach(measure);
  }
  const times = measureRows(rows, rounds);
  console.log(
    `avio ${library.avio}, ${build} FFmpeg ${library.ffmpeg}, Deno ${Deno.version.deno}, ${rounds} rounds`,
  );
  console.log(`${machine()}, load at the end ${Deno.loadavg()[0]!.toFixed(1)}\n`);
  console.log(table(rows, times));
}

if (import.meta.main && Deno.args[0] === "--versions") {
  loadLibrary(Deno.args[1]);
  console.log(JSON.stringify(versions()));
} else if (import.meta.main) {
  main(parseOptions(Deno.args));
}
