/**
 * Runs scripts in a separate process: if a defect would end the process, or for permissions, environment variables, flags of
 * V8, or the output.
 */

/** How a script ended and what it printed. */
export interface Ended {
  /** Exit code; above 128: a signal. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of a script. */
export interface ScriptOptions {
  /** Permissions and other flags of `deno run`. @default {["--allow-all"]} */
  flags?: string[];
  env?: Record<string, string>;
}

const root = new URL("../../", import.meta.url).pathname;

/** Runs TypeScript that may import "@avio/avio"; its working directory is the repository. */
export async function runScript(
  code: string,
  { flags = ["--allow-all"], env }: ScriptOptions = {},
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...flags, "-"],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const output = await child.output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** Runs a script that must succeed; returns what it printed. */
export async function runScriptOk(code: string, options?: ScriptOptions): Promise<string> {
  const ended = await runScript(code, options);
  if (ended.code !== 0) {
    throw new Error(`the script ended with code ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  }
  return ended.stdout.trim();
}
