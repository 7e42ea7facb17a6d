/**
 * Puts avio's shared library into the user's cache folder, where the library's modules find it:
 *
 * ```sh
 * deno run -A jsr:@avio/avio/install
 * ```
 *
 * It is the one that was built for a release, where there is one for this platform (checked by its SHA-256); else it is
 * built from the sources that came with the package, against the machine's libavformat where its headers are installed,
 * or with FFmpeg's sources, which are fetched. Several may install at once: a library appears whole or not at all.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { faultOf } from "./ffi/library.ts";
import { cacheFolder, environment, FILE_NAME } from "./ffi/library_paths.ts";
import { buildLibrary, fittingBuild } from "./install/build.ts";
import { fetchPrebuilt } from "./install/prebuilt.ts";

const HELP = `Usage: deno run -A jsr:@avio/avio/install [options]

Puts avio's shared library into the user's cache folder. Nothing is done where a fitting one is there.

  --embedded      build it, with FFmpeg inside (takes minutes)
  --system        build it for the machine's libavformat
  --force         also where one is there already
  --output FILE   to another place, for example beside a compiled program
  --help

AVIO_RELEASE_URL  where libraries that are built already are fetched from
`;

interface Options {
  embedded: boolean;
  system: boolean;
  force: boolean;
  output?: string;
}

function defaultPlace(): string {
  const folder = cacheFolder();
  if (!folder) {
    throw new Error("The cache folder is not known: set HOME or XDG_CACHE_HOME, or give --output FILE");
  }
  return `${folder}/${FILE_NAME}`;
}

function isThere(place: string): boolean {
  const fault = faultOf(place);
  if (fault && fault !== "not found") console.log(`${place}: ${fault}; it is replaced`);
  return !fault;
}

/** Makes the library in `folder`; what went wrong is thrown. */
async function make(folder: string, { embedded, system }: Options): Promise<string> {
  const file = `${folder}/${FILE_NAME}`;
  const isBuilt = embedded || system;
  if (isBuilt || !await fetchPrebuilt(file, environment("AVIO_RELEASE_URL"))) {
    const build = embedded ? "embedded" : system ? "system" : await fittingBuild();
    await buildLibrary(file, `${folder}/source`, build);
  }
  const fault = faultOf(file);
  if (fault) throw new Error(`${file}: ${fault}`);
  return file;
}

async function install(place: string, options: Options): Promise<void> {
  const parent = dirname(place);
  await Deno.mkdir(parent, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: parent, prefix: ".install-" });
  try {
    // Renamed, never written over: programs that run keep what they have loaded.
    await Deno.rename(await make(folder, options), place);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(args: string[]): Promise<void> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args,
    options: { embedded: flag, system: flag, force: flag, help: flag, output: { type: "string" } },
  });
  if (values.help) return console.log(HELP);
  if (values.embedded && values.system) throw new Error("--embedded and --system exclude each other");
  const place = values.output ? resolve(values.output) : defaultPlace();
  const isWanted = values.force || values.embedded || values.system;
  if (!isWanted && isThere(place)) return console.log(`${place} is there already`);
  await install(place, values);
  console.log(`${place} is there now`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(`install: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
