/**
 * A process that runs cases one after the other, and reports each on stdout; its parent (run.ts) notices a crash or a hang,
 * and continues after that case. Arguments: seed, first case, cases, folder of samples, formats.
 */
import { PROXY_COMPLAINT } from "./callbacks.ts";
import { Case, drive, driveNames, show } from "./drive.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { loadSamples, type Sample } from "./samples.ts";

/** The reports of a child: one line of JSON each. */
export type Report =
  | { begin: number; what: string; file: string }
  | { end: number; outcome: string; complaints: string[] }
  | { threads: number; threadsBefore: number; megabytes: number };

/** The file with the input of the current case, which the parent keeps if the process dies. */
export const INPUT = "input";

/** Milliseconds after which a case of the async API is stuck; the parent has a limit for the others. */
const STUCK = 15_000;

const rejections: unknown[] = [];

function watch(): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    // Deno's own streams inspect what is thrown at them, and fail at such a proxy.
    if (event.reason instanceof Error && event.reason.message === PROXY_COMPLAINT) return;
    rejections.push(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    rejections.push(event.error);
  });
}

function say(report: Report): void {
  const line = new TextEncoder().encode(JSON.stringify(report) + "\n");
  for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
}

/** The number of threads that belong to neither V8 nor tokio: the main one, and those of sessions. */
function threads(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      if (!/^(tokio|V8)/.test(Deno.readTextFileSync(`/proc/self/task/${name}/comm`))) count++;
    } catch {
      // it ended meanwhile
    }
  }
  return count;
}

function megabytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapTotal } = Deno.memoryUsage();
  return Math.round((rss - heapTotal) / 1e6);
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

async function runCase(seed: number, nth: number, samples: readonly Sample[], all: readonly Sample[]) {
  const random = new Random(seed, nth);
  const sample = random.pick(samples);
  const { bytes, how } = mutate(sample, random, all);
  const name = random.pick(driveNames);
  const more = () => {
    const alike = samples.filter(({ kind }) => kind === sample.kind);
    return mutate(random.pick(random.chance(0.7) ? [sample] : alike), random, all).bytes;
  };
  const test = new Case(random, bytes, name.endsWith("Async"), more);
  const what = `${name} ${sample.name} (${
    how.join(" ") || "undamaged"
  }), source ${test.source.kind}, sink ${test.sink.kind}`;
  Deno.writeFileSync(`${Deno.cwd()}/${INPUT}`, bytes);
  say({ begin: nth, what, file: sample.name });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<string>((resolve) => timer = setTimeout(() => resolve("stuck"), STUCK));
  const outcome = await Promise.race([drive(name, test), stuck]);
  clearTimeout(timer);
  await sleep(0); // unhandled rejections are reported now
  const complaints = [
    ...test.complaints,
    ...rejections.splice(0).filter((reason) => !test.world.own.some((own) => Object.is(own, reason)))
      .map((reason) => `nobody handled ${show(reason)}\n${(reason as Error | null)?.stack ?? ""}`),
    ...(outcome === "stuck" ? [`nothing came for ${STUCK} ms`] : []),
  ];
  say({ end: nth, outcome: `${outcome} [${test.notes.join(" ")}]`, complaints });
  return outcome !== "stuck";
}

async function main(): Promise<void> {
  const [seed, first, count, folder, only] = Deno.args as [string, string, string, string, string?];
  const all = loadSamples(folder);
  const samples = only ? all.filter(({ name, kind }) => kind === only || name === only) : all;
  if (samples.length === 0) throw new TypeError(`--only: there are no files of the kind '${only}'`);
  watch();
  const threadsBefore = threads();
  for (let nth = Number(first), end = nth + Number(count); nth < end; nth++) {
    if (await runCase(Number(seed), nth, samples, all)) continue;
    say({ threads: 0, threadsBefore: 0, megabytes: 0 }); // the stuck case was reported; it keeps its threads and memory
    Deno.exit(0);
  }
  for (let tries = 0; tries < 40 && threads() > threadsBefore + 1; tries++) await sleep(50);
  say({ threads: threads(), threadsBefore, megabytes: megabytes() });
  Deno.exit(0); // callbacks that never settle may have timers left
}

if (import.meta.main) await main();
