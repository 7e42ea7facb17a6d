/**
 * Puts avio's shared library into the user's cache folder, where the library's modules find it:
 *
 * ```sh
 * deno run -A jsr:@avio/avio/install
 * ```
 *
 * The library of the release is fetched where there is one for this platform, and checked by its SHA-256. Otherwise the
 * library is built from the sources in the package, against the machine's libavformat if its headers are installed, or with
 * FFmpeg inside, whose sources are fetched. Several programs may install at the same time: the file is renamed into place
 * when it is complete.
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

Puts avio's shared library into the user's cache folder, unless it is there already.

  --embedded      build it, with FFmpeg inside (takes minutes)
  --system        build it for the machine's libavformat
  --force         replace a library that is there
  --output FILE   to another path, for example beside a compiled program
  --help

AVIO_RELEASE_URL  where to fetch prebuilt libraries from
`;

interface Options {
  embedded: boolean;
  system: boolean;
  force: boolean;
  output?: string;
}

function defaultPath(): string {
  const folder = cacheFolder();
  if (!folder) {
    throw new Error("The cache folder is not known: set HOME or XDG_CACHE_HOME, or give --output FILE");
  }
  return `${folder}/${FILE_NAME}`;
}

function isInstalled(path: string): boolean {
  const fault = faultOf(path);
  if (fault && fault !== "not found") console.log(`${path}: ${fault}; it is replaced`);
  return !fault;
}

/** Fetches or builds the library in `folder`, and checks it. */
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

async function install(path: string, options: Options): Promise<void> {
  const parent = dirname(path);
  await Deno.mkdir(parent, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: parent, prefix: ".install-" });
  try {
    // Renamed, never overwritten: running programs keep the file that they have loaded.
    await Deno.rename(await make(folder, options), path);
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
  const path = values.output ? resolve(values.output) : defaultPath();
  const isWanted = values.force || values.embedded || values.system;
  if (!isWanted && isInstalled(path)) return console.log(`${path} is there already`);
  await install(path, values);
  console.log(`${path} is there now`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(`install: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
