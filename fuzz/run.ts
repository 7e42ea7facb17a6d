/**
 * The fuzzer of the TypeScript API: damages real files of every container, and runs all of avio with them and with
 * callbacks that misbehave. Cases run in a child process, so that a crash affects only one case; that case is reported with its
 * number, its input is kept, and the run continues after it. Exit code 1: something was found.
 *
 *   deno run -A fuzz/run.ts --seconds=60 --seed=1 [--only=mp4] [--keep=DIR] [--samples=DIR]
 *   deno run -A fuzz/run.ts --seed=1 --case=1234        repeats that case, and prints its outcome
 */
import { INPUT, type Report } from "./child.ts";
import { loadSamples, makeSamples } from "./samples.ts";

interface Settings {
  seconds: number;
  seed: number;
  /** One case only. */
  case: number | null;
  only: string;
  keep: string;
  samples: string;
}

const CASES_PER_CHILD = 250;
/** Milliseconds that one case may take. */
const DEADLINE = 30_000;
/** Limit of memory in megabytes: FFmpeg allocates up to 2 GB if a file declares such sizes. */
const MAX_MEGABYTES = 3000;
/** Megabytes that a child may keep after its cases. */
const MAX_KEPT = 500;

function settings(): Settings {
  const given = new Map(Deno.args.map((argument) => {
    const match = /^--(seconds|seed|case|only|keep|samples)=(.+)$/.exec(argument);
    if (!match) throw new TypeError(`unknown argument ${argument}`);
    return [match[1]!, match[2]!] as const;
  }));
  return {
    seconds: Number(given.get("seconds") ?? 60),
    seed: Number(given.get("seed") ?? Math.floor(Math.random() * 1e9)),
    case: given.has("case") ? Number(given.get("case")) : null,
    only: given.get("only") ?? "",
    keep: given.get("keep") ?? Deno.makeTempDirSync({ prefix: "avio-fuzz-found-" }),
    samples: given.get("samples") ?? Deno.makeTempDirSync({ prefix: "avio-fuzz-samples-" }),
  };
}

/** Cases done, and what was found. */
class Tally {
  cases = 0;
  ended = 0;
  findings = 0;
  /** Cases that took more memory than allowed, because FFmpeg trusts sizes in the file. */
  greedy = 0;
  peak = 0;
  readonly begin = performance.now();

  seconds(): number {
    return (performance.now() - this.begin) / 1000;
  }

  toString(): string {
    const rate = (this.cases / this.seconds()).toFixed(1);
    return `${this.cases} cases in ${
      this.seconds().toFixed(0)
    } s (${rate}/s), ${this.ended} ended in success, ` +
      `${this.findings} findings, ${this.greedy} ended for their memory, ${this.peak} MB at most`;
  }
}

function residentMegabytes(pid: number): number {
  try {
    return Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ")[1]) * 4096 / 1e6;
  } catch {
    return 0;
  }
}

/** One child process, from its first case to its end. */
class Child {
  #process: Deno.ChildProcess;
  #folder = Deno.makeTempDirSync({ prefix: "avio-fuzz-" });
  #current: { nth: number; what: string; since: number } | null = null;
  #killed: "hang" | "memory" | "time" | null = null;
  #over = false;
  /** The case that the next child begins with. */
  next: number;

  readonly settings: Settings;
  readonly tally: Tally;

  constructor(settings: Settings, tally: Tally, first: number, count: number) {
    this.settings = settings;
    this.tally = tally;
    this.next = first;
    const { seed, samples, only } = settings;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--v8-flags=--expose-gc",
        new URL("child.ts", import.meta.url).pathname,
        ...[seed, first, count, samples, only].map(String),
      ],
      cwd: this.#folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs it to its end, or to `end` (milliseconds). */
  async run(end: number): Promise<void> {
    const watching = setInterval(() => this.#watch(end), 100);
    const stderr = new Response(this.#process.stderr).text();
    await this.#listen();
    const { code, signal } = await this.#process.status;
    clearInterval(watching);
    await this.#judgeEnd(code, signal, await stderr);
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #watch(end: number): void {
    const megabytes = Math.round(residentMegabytes(this.#process.pid));
    this.tally.peak = Math.max(this.tally.peak, megabytes);
    if (megabytes > MAX_MEGABYTES) this.#kill("memory");
    else if (this.#current && performance.now() - this.#current.since > DEADLINE) this.#kill("hang");
    else if (performance.now() > end && this.settings.case === null) this.#kill("time");
  }

  #kill(why: "hang" | "memory" | "time"): void {
    if (this.#killed || this.#over) return;
    this.#killed = why;
    this.#process.kill("SIGKILL");
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#hear(JSON.parse(line) as Report);
    }
  }

  #hear(report: Report): void {
    if ("begin" in report) {
      this.#current = { nth: report.begin, what: report.what, since: performance.now() };
      this.next = report.begin + 1;
    } else if ("end" in report) {
      this.tally.cases++;
      if (report.outcome.startsWith("ok")) this.tally.ended++;
      for (const complaint of report.complaints) this.#find(complaint);
      if (this.settings.case !== null) console.log(`${this.#current!.what}\n  ${report.outcome}`);
      this.#current = null;
    } else {
      this.#over = true;
      if (report.threads > report.threadsBefore + 1) {
        this.#find(
          `${report.threads} threads, ${report.threadsBefore} before: some case before ${this.next} left them`,
        );
      }
      if (report.megabytes > MAX_KEPT) {
        this.#find(`${report.megabytes} MB are kept after the cases before ${this.next}`);
      }
    }
  }

  async #judgeEnd(code: number, signal: string | null, stderr: string): Promise<void> {
    if (this.#killed === "time") return;
    if (this.#killed === "memory") {
      this.tally.greedy++;
      this.tally.cases++;
      console.log(`  case ${this.#current?.nth}: more than ${MAX_MEGABYTES} MB; ${this.#current?.what}`);
      await this.#keepInput("memory");
    } else if (this.#killed === "hang") {
      this.tally.cases++;
      this.#find(`hangs for ${DEADLINE} ms`);
    } else if (code !== 0 || !this.#over) {
      this.tally.cases++;
      this.#find(`the process ended with ${signal ?? code}\n${stderr.slice(0, 3000)}`);
    }
  }

  /** Reports a finding, with the command that repeats it. */
  #find(what: string): void {
    this.tally.findings++;
    const { seed, only } = this.settings;
    const nth = this.#current?.nth;
    const again = `--seed=${seed}${nth === undefined ? "" : ` --case=${nth}`}${
      only ? ` --only=${only}` : ""
    }`;
    console.log(`FOUND ${again}: ${this.#current?.what ?? ""}\n  ${what.trim().replaceAll("\n", "\n  ")}`);
    this.#keepInput("found");
  }

  #keepInput(why: string): void {
    const nth = this.#current?.nth;
    if (nth === undefined) return;
    try {
      Deno.copyFileSync(
        `${this.#folder}/${INPUT}`,
        `${this.settings.keep}/${why}-${this.settings.seed}-${nth}`,
      );
    } catch {
      // there was none yet
    }
  }
}

async function main(): Promise<void> {
  const chosen = settings();
  Deno.mkdirSync(chosen.keep, { recursive: true });
  const missing = await makeSamples(chosen.samples);
  const kinds = new Set(loadSamples(chosen.samples).map(({ kind }) => kind));
  console.log(
    `seed ${chosen.seed}; ${kinds.size} kinds of files, ${missing} more could not be made; found inputs go to ${chosen.keep}`,
  );
  const tally = new Tally();
  const end = performance.now() + chosen.seconds * 1000;
  for (let next = chosen.case ?? 0; performance.now() < end;) {
    const child = new Child(chosen, tally, next, chosen.case === null ? CASES_PER_CHILD : 1);
    await child.run(end);
    if (chosen.case !== null) break;
    next = child.next;
  }
  console.log(String(tally));
  if (!Deno.args.some((argument) => argument.startsWith("--samples="))) {
    Deno.removeSync(chosen.samples, { recursive: true });
  }
  Deno.exit(tally.findings > 0 ? 1 : 0);
}

if (import.meta.main) await main();
