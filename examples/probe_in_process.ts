/**
 * Probes an untrusted file in a process of its own, which has no permission except for the library and is killed if it takes
 * too long: `probe_in_process.ts FILE [--sandbox]`. With --sandbox, bubblewrap (Linux) runs it without network, and without
 * other files than those of the programs. Needs --allow-read --allow-run.
 */

/** Limits of the process. */
export interface Limits {
  milliseconds: number;
  /** Maximum writable memory of the process; Deno itself needs more than 400,000. */
  kibibytes: number;
  sandbox: boolean;
}

/** The description of a file, or the reason why there is none. */
export type Description =
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

/** A command with access to programs and libraries only: no network, no home folder, no other process. */
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

/** The output of a process that the file may control: limited in size. */
async function shortText(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.length > 100_000) throw new RangeError("The output of the process is too long");
  }
  return text;
}

/** Probes a stream. */
export async function probeInProcess(
  source: ReadableStream<Uint8Array>,
  { milliseconds, kibibytes, sandbox }: Limits,
): Promise<Description> {
  const program = sandbox ? sandboxed(Deno.execPath()) : [Deno.execPath()];
  const child = new Deno.Command("sh", {
    // No core dump, which would contain the file.
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
  const fed = source.pipeTo(child.stdin, { signal: ended.signal }).catch(() => {}); // the process may end before it has read everything
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
