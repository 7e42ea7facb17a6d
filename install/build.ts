/**
 * Building the library from the sources that came with the package, by the script that builds it in a checkout.
 */
import { dirname } from "node:path";
import { sources } from "./sources.ts";

/** FFmpeg inside the library, or the machine's own. */
export type Build = "embedded" | "system";

/** Which one can be had soonest: the machine's own libavformat where its headers are installed. */
export async function fittingBuild(): Promise<Build> {
  const found = await succeeds("pkg-config", ["--exists", "libavformat >= 59", "libavcodec", "libavutil"]);
  return found ? "system" : "embedded";
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args }).output()).success;
  } catch {
    return false; // there is no such command
  }
}

/**
 * Builds a library into `file`; the sources go into `folder`, which must be there. The script says what it does.
 *
 * @throws {Error} It could not be built; the script has said why.
 */
export async function buildLibrary(file: string, folder: string, build: Build): Promise<void> {
  for (const [path, text] of Object.entries(sources)) {
    const target = `${folder}/${path}`;
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeTextFile(target, text);
  }
  const args = [`${folder}/scripts/build_shim.sh`, `--${build}`, "--output", file];
  const { success } = await new Deno.Command("bash", { args, stdin: "null" }).spawn().status;
  if (!success) throw new Error("The library could not be built");
}
