/**
 * What a stranger's file is, found out in a process of its own that has no permission but for the library, and is killed when
 * it takes too long: `probe_in_process.ts FILE [--sandbox]`. With --sandbox bubblewrap (Linux) gives it no network, and no
 * files but the programs'. Needs --allow-read --allow-run.
 */

/** What it may take. */
export interface Limits {
  milliseconds: number;
  /** Of memory that the process writes to; Deno itself takes more than 400,000. */
  kibibytes: number;
  sandbox: boolean;
}

/** What a file is, or why that can't be told. */
export type Answer =
  | { error: string }
  | {
    format: string;
    duration: number | null;
    streams: { type: string; codec: string; width: number; height: number }[];
  };

const root = new URL("..", import.meta.url).pathname;
const system = `${Deno.build.os}-${Deno.build.arch}`;
const library = `lib/${system}/libavio.${Deno.build.os === "darwin" ? "dylib" : "so"}`;
const flags = ["--no-prompt", "--no-remote", `--allow-ffi=${library}`];

/** Programs and libraries to read, and nothing else: no network, no home, no other process. */
function sandboxed(deno: string): string[] {
  const readable = ["/usr", "/lib", "/lib64"].flatMap((path) => ["--ro-bind-try", path, path]);
  return [
    ...["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"],
    ...readable,
    ...["--ro-bind", root, "/avio", "--ro-bind", deno, "/deno", "--chdir", "/avio"],
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--setenv", "DENO_DIR", "/tmp"],
    "/deno",
  ];
}

/** Text of a process that may have been taken over: no more than a probe has to say. */
async function shortText(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.length > 100_000) throw new RangeError("The process says too much");
  }
  return text;
}

/** Probes what the stream has. */
export async function probeInProcess(
  source: ReadableStream<Uint8Array>,
  { milliseconds, kibibytes, sandbox }: Limits,
): Promise<Answer> {
  const program = sandbox ? sandboxed(Deno.execPath()) : [Deno.execPath()];
  const child = new Deno.Command("sh", {
    // A core dump would be a copy of the file.
    args: ["-c", 'ulimit -c 0 && ulimit -d "$0" && exec "$@"', String(kibibytes)]
      .concat(program, "run", ...flags, "examples/probe_stdin.ts"),
    cwd: root,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const kill = () => child.kill("SIGKILL");
  const deadline = setTimeout(kill, milliseconds);
  const ended = new AbortController();
  const fed = source.pipeTo(child.stdin, { signal: ended.signal }).catch(() => {}); // it may know before the end
  try {
    const text = await shortText(child.stdout);
    const { success, signal } = await child.status;
    if (success) return JSON.parse(text);
    return { error: signal === "SIGKILL" ? "took too long" : `ended by ${signal ?? "an error"}` };
  } catch (error) {
    kill();
    throw error;
  } finally {
    clearTimeout(deadline);
    ended.abort();
    await fed;
  }
}

if (import.meta.main) {
  const [path = "fixtures/video.mkv", ...rest] = Deno.args;
  const { readable } = await Deno.open(path);
  const sandbox = rest.includes("--sandbox");
  console.log(await probeInProcess(readable, { milliseconds: 10_000, kibibytes: 1_000_000, sandbox }));
}
