/**
 * Builds the library from the sources in the package, with the build script of the repository.
 */
import { dirname } from "node:path";
import { sources } from "./sources.ts";

/** With FFmpeg inside the library, or against the machine's. */
export type Build = "embedded" | "system";

/** The build that is fastest here: against the machine's libavformat if its headers are installed. */
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
 * Builds a library into `file`. The sources are written into `folder`, which must exist. The script prints its progress.
 *
 * @throws {Error} It could not be built; the script has printed why.
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
