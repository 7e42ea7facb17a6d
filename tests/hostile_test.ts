/**
 * Nothing a program does from TypeScript ends the process: everything is walked by processes of their own, which must come
 * to their end. Here a part of the cases, chosen by a seed; AVIO_HOSTILE=1/1 walks all of them, which takes an hour of a
 * processor, AVIO_HOSTILE_SEED=N others.
 */
import { assert, assertEquals } from "@std/assert";
import { isEmbedded } from "./support/versions.ts";

const share = Deno.env.get("AVIO_HOSTILE");
const seed = Deno.env.get("AVIO_HOSTILE_SEED") ?? "1";
const root = new URL("../", import.meta.url).pathname;

/** Runs a child; what it printed. `part`: how many of its cases are run where all are not asked for. */
async function walk(script: string, part: string, flags: string[], ...more: string[]): Promise<string> {
  const journal = await Deno.makeTempFile();
  try {
    const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-check",
          "--no-prompt",
          "--quiet",
          "--v8-flags=--expose-gc",
          ...flags,
          `--allow-write=${journal}`,
        ],
        ...[`tests/support/${script}.ts`, journal, seed, share ?? part, ...more],
      ],
      cwd: root,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    const last = (await Deno.readTextFile(journal)).trim();
    assertEquals([code, signal], [0, null], `${last}\n${said}\n${complaint!.slice(0, 4000)}`);
    assert(!said!.includes("slow: "), said);
    return said!;
  } finally {
    await Deno.remove(journal);
  }
}

const LIBRARY = ["--allow-ffi", "--allow-read", "--allow-env"];

Deno.test("Every codec, every muxer, every kind of side data: the process lives", async () => {
  await walk("hostile_packets", isEmbedded ? "1/200" : "1/400", LIBRARY);
});
