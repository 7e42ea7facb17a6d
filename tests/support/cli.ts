/**
 * Runs the command line as users do: as a separate process, alone or in a shell's pipe; and inspects the results by ffprobe.
 */
import { MemorySink, Muxer, Packet } from "../../mod.ts";
import { ffprobePackets } from "./ffprobe.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The outcome of a process. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const output = await new Deno.Command(command, { args, env, stdin: "null", cwd: root }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** `avio ...args` */
export function avio(...args: string[]): Promise<Outcome> {
  return run(Deno.execPath(), ["run", "-A", "cli.ts", ...args]);
}

/** The same with other permissions, or other environment variables. */
export function avioWith(
  { flags = ["-A"], env = {} }: { flags?: string[]; env?: Record<string, string> },
  ...args: string[]
): Promise<Outcome> {
  return run(Deno.execPath(), ["run", "--no-prompt", ...flags, "cli.ts", ...args], env);
}

/** A bash script in which `avio` is the command line, and `$1`, `$2`, ... are the arguments. */
export function shell(script: string, ...args: string[]): Promise<Outcome> {
  const prelude = `avio() { "$DENO" run -A cli.ts "$@"; }\n`;
  return run("bash", ["-c", prelude + script, "bash", ...args], { DENO: Deno.execPath() });
}

/** Sizes of the packets of each stream, in order, by ffprobe. */
export function packetSizes(file: string): number[][] {
  return grouped(ffprobePackets(file).map(({ stream, size }) => [stream, size]));
}

/** The last command of a pipe: ffprobe with the packets' sizes of its stdin, for `parseSizes`. */
export const ffprobeStdin = "ffprobe -v error -show_entries packet=stream_index,size -of csv=p=0 -";

/** Parses lines of "stream,size", perhaps with a trailing comma, to the sizes of each stream. */
export function parseSizes(csv: string): number[][] {
  const lines = csv.split("\n").filter((line) => line !== "");
  return grouped(lines.map((line) => line.split(",").map(Number) as [number, number]));
}

function grouped(entries: [stream: number, size: number][]): number[][] {
  const sizes: number[][] = [];
  for (const [stream, size] of entries) (sizes[stream] ??= []).push(size);
  return sizes;
}

/** A folder that is removed at the end of the scope. */
export function temporaryFolder(): Disposable & { path: (name: string) => string } {
  const folder = Deno.makeTempDirSync({ prefix: "avio-cli-" });
  return {
    path: (name) => `${folder}/${name}`,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** An input with more bytes than a pipe holds. */
export function longMatroska(): Uint8Array {
  const sink = new MemorySink();
  const muxer = Muxer.openSync(sink, { format: "matroska" });
  const timeBase = { num: 1, den: 1000 };
  const audio = {
    type: "audio",
    codec: "pcm_s16le",
    sampleRate: 8000,
    channels: 1,
    bitsPerCodedSample: 16,
  } as const;
  const streamIndex = muxer.addStream(audio, { timeBase });
  const data = new Uint8Array(160);
  for (let pts = 0; pts < 200_000; pts += 10) {
    muxer.writeSync(new Packet({ streamIndex, data, pts, dts: pts, duration: 10, timeBase, isKey: true }));
  }
  muxer.finishSync();
  return sink.bytes();
}
