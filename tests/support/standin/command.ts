/**
 * A replacement of `Deno.Command`, over `node:child_process`.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { Readable, Writable } from "node:stream";

interface Options {
  args?: string[];
  cwd?: string | URL;
  env?: Record<string, string>;
  clearEnv?: boolean;
  stdin?: "piped" | "inherit" | "null";
  stdout?: "piped" | "inherit" | "null";
  stderr?: "piped" | "inherit" | "null";
  signal?: AbortSignal;
}

interface Status {
  success: boolean;
  code: number;
  signal: string | null;
}

const stdio = (kind: "piped" | "inherit" | "null") =>
  ({ piped: "pipe", inherit: "inherit", null: "ignore" } as const)[kind];

/** Numbers of the signals that tests use. */
const signals: Record<string, number> = { SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 };

function statusOf(code: number | null, signal: string | null): Status {
  const number = code ?? 128 + (signals[signal ?? ""] ?? 0);
  return { success: number === 0, code: number, signal };
}

/** A running process. */
class Child {
  readonly pid: number;
  readonly stdin: unknown;
  readonly stdout: unknown;
  readonly stderr: unknown;
  readonly status: Promise<Status>;
  #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.stdin = child.stdin && Writable.toWeb(child.stdin);
    this.stdout = child.stdout && Readable.toWeb(child.stdout);
    this.stderr = child.stderr && Readable.toWeb(child.stderr);
    this.status = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve(statusOf(code, signal)));
    });
  }

  async output(): Promise<Status & { stdout: Uint8Array; stderr: Uint8Array }> {
    const all = [this.stdout, this.stderr].map((stream) => collected(stream as ReadableStream<Uint8Array>));
    const [stdout, stderr] = await Promise.all(all) as [Uint8Array, Uint8Array];
    return { ...await this.status, stdout, stderr };
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  ref(): void {
    this.#child.ref();
  }

  unref(): void {
    this.#child.unref();
  }
}

async function collected(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  return stream ? new Uint8Array(await new Response(stream).arrayBuffer()) : new Uint8Array(0);
}

/** `Deno.Command`. */
export class Command {
  #command: string;
  #options: Options;

  constructor(command: string | URL, options: Options = {}) {
    this.#command = command instanceof URL ? command.pathname : command;
    this.#options = options;
  }

  #settings(input: "piped" | "inherit" | "null", output: "piped" | "inherit") {
    const { cwd, env, clearEnv = false, stdin = input, stdout = output, stderr = output, signal } =
      this.#options;
    const runtime = { AVIO_RUNTIME: process.env["AVIO_RUNTIME"] };
    return {
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal ? { signal } : {}),
      env: { ...(clearEnv ? runtime : process.env), ...env },
      stdio: [stdio(stdin), stdio(stdout), stdio(stderr)] as ("pipe" | "inherit" | "ignore")[],
    };
  }

  spawn(): Child {
    return new Child(spawn(this.#command, this.#options.args ?? [], this.#settings("inherit", "inherit")));
  }

  output(): ReturnType<Child["output"]> {
    return new Child(spawn(this.#command, this.#options.args ?? [], this.#settings("null", "piped")))
      .output();
  }

  outputSync(): Status & { stdout: Uint8Array; stderr: Uint8Array } {
    const settings = { ...this.#settings("null", "piped"), maxBuffer: 2 ** 30 };
    const { status, signal, stdout, stderr, error } = spawnSync(
      this.#command,
      this.#options.args ?? [],
      settings,
    );
    if (error) throw error;
    return {
      ...statusOf(status, signal),
      stdout: new Uint8Array(stdout ?? []),
      stderr: new Uint8Array(stderr ?? []),
    };
  }
}
