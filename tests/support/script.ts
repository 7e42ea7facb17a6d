/**
 * Runs scripts in a separate process with a deadline.
 */
import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

/** The outcome of a script. */
export interface ScriptOutcome {
  /** -1 if it was killed at its deadline. */
  code: number;
  signal: string | null;
  stdout: string;
  stderr: string;
  milliseconds: number;
}

/** The beginning of all scripts. */
const prelude = `
import * as avio from "@avio/avio";
import { sleep } from "${root}tests/support/async.ts";
import { readerOf, Collector } from "${root}tests/support/devices.ts";
import { eventually, never, rejection, residentMegabytes, slowReaderOf, stuck, threads }
  from "${root}tests/support/threads.ts";
import { fixtureBytes, fixturePath } from "${root}tests/support/fixtures.ts";
const { Demuxer, Muxer, MemorySink, Packet, probe, remux, RemuxStream } = avio;
void [readerOf, Collector, eventually, never, rejection, residentMegabytes, sleep, slowReaderOf, stuck, threads,
  fixtureBytes, fixturePath, Demuxer, Muxer, MemorySink, Packet, probe, remux, RemuxStream];
`;

/** Runs a script; `workers` are scripts beside it, by name. */
export async function runScript(
  text: string,
  { flags = ["-A"], deadline = 120_000, workers = {} }: {
    flags?: string[];
    deadline?: number;
    workers?: Record<string, string>;
  } = {},
): Promise<ScriptOutcome> {
  const folder = await Deno.makeTempDir({ prefix: "avio-script-" });
  try {
    for (const [name, script] of Object.entries({ ...workers, "main.ts": text })) {
      await Deno.writeTextFile(`${folder}/${name}`, prelude + script);
    }
    return await run([...flags, "--config", `${root}deno.json`, `${folder}/main.ts`], deadline);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(args: string[], deadline: number): Promise<ScriptOutcome> {
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    cwd: root,
  }).spawn();
  let killed = false;
  const timer = setTimeout(() => {
    killed = true;
    child.kill("SIGKILL");
  }, deadline);
  const output = await child.output();
  clearTimeout(timer);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code: killed ? -1 : output.code,
    signal: output.signal,
    stdout: decode(output.stdout),
    stderr: decode(output.stderr),
    milliseconds: performance.now() - begin,
  };
}

/** Runs a script that must exit with 0; returns the JSON in its last line. */
export async function answerOf<T>(
  text: string,
  options?: Parameters<typeof runScript>[1],
): Promise<T> {
  const outcome = await runScript(text, options);
  assertEquals(outcome.code, 0, `${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.stdout.trim().split("\n").at(-1) ?? "null") as T;
}
