#!/usr/bin/env bash
#
# Makes the npm packages: @avio/avio, the modules packed by `deno pack` and esbuild, and for each given embedded shared library
# @avio/PLATFORM, with that library and its licences. The first has the others as optional dependencies, and npm installs the
# matching one. The same inputs give the same bytes.
#
# shellcheck disable=SC2016 # the programs in single quotes are JavaScript
#
#   scripts/pack_npm.sh OUTPUT.tgz [PLATFORM=LIBRARY ...]     default: this platform's, from lib/
#
# Makes OUTPUT.tgz and OUTPUT-PLATFORM.tgz. PLATFORM is one of those of scripts/build_shim.sh --target.
# ESBUILD is the esbuild to use, instead of the pinned one that scripts/setup.sh --pack installs from npm.
# AVIO_REPOSITORY is the address of the repository for package.json, which npm's provenance requires.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C

fail() {
  echo "pack_npm: $*" >&2
  exit 1
}

[ $# -ge 1 ] || fail "usage: scripts/pack_npm.sh OUTPUT.tgz [PLATFORM=LIBRARY ...]"
output=$1 && shift
if [ $# = 0 ]; then
  platform=$(cd "$root" && deno eval --quiet 'import { PLATFORM, FILE_NAME } from "./ffi/library_paths.ts"; console.log(`${PLATFORM}=lib/${PLATFORM}/${FILE_NAME}`);')
  [ ! -f "$root/${platform#*=}" ] || set -- "${platform%%=*}=$root/${platform#*=}"
fi
[ $# -ge 1 ] || fail "no library: build one with scripts/build_shim.sh"

esbuild=${ESBUILD:-${AVIO_CACHE_DIR:-$HOME/.cache/avio}/esbuild/node_modules/.bin/esbuild}
if [ ! -x "$esbuild" ]; then
  "$root/scripts/setup.sh" --pack
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/avio-pack.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The sources of the library and the build scripts are left out: users of npm don't need them.
mkdir "$work/modules" "$work/unpacked"
(cd "$root" && cp -R mod.ts cli.ts cli ffi format io deno.json LICENSE README.md CHANGELOG.md "$work/modules")
deno eval '
  const [path] = Deno.args;
  const { exports: { ["./install"]: _, ...exports }, ...config } = JSON.parse(Deno.readTextFileSync(path));
  Deno.writeTextFileSync(path, JSON.stringify({ ...config, exports }));
' "$work/modules/deno.json"
(cd "$work/modules" && deno pack --quiet --allow-dirty --no-source-maps --output "$work/modules.tgz") >"$work/log" 2>&1 ||
  { cat "$work/log" >&2 && fail "deno pack failed"; }
tar -xzf "$work/modules.tgz" -C "$work/unpacked"
package=$work/unpacked/package

# The command line: it checks the version of the runtime before any newer syntax is parsed.
cat >"$package/bin.js" <<'END'
#!/usr/bin/env node
import { runtime } from "./ffi/runtime.js";
import process from "node:process";

if (runtime.fault !== null) {
  console.error(`avio: ${runtime.fault}`);
  process.exit(1);
}
const { main } = await import("./cli.js");
process.exit(await main(process.argv.slice(2)));
END

# TypeScript's ES2024 lib lacks the symbols of `using`; Node's types, if installed, contain the same line.
sed -i.old '1i\
/// <reference lib="esnext.disposable" />
' "$package/mod.d.ts" && rm "$package/mod.d.ts.old"

# Adds to package.json what deno pack leaves out: version (from deno.json), description, keywords, licence, the libraries.
deno eval '
  const [config, manifest, target, ...platforms] = Deno.args;
  const repository = Deno.env.get("AVIO_REPOSITORY");
  const { name, version } = JSON.parse(Deno.readTextFileSync(config));
  const generated = JSON.parse(Deno.readTextFileSync(manifest));
  Deno.writeTextFileSync(target, JSON.stringify({ name, version }, null, 2) + "\n");
  Deno.writeTextFileSync(manifest, JSON.stringify({
    ...generated,
    exports: { ...generated.exports, "./package.json": "./package.json" },
    bin: { avio: "./bin.js" },
    sideEffects: false,
    description: "All of libavformat for Node, Deno and Bun: probe, demux, mux and remux media over any source and sink",
    keywords: ["node", "deno", "bun", "ffmpeg", "libavformat", "remux", "demux", "mp4", "matroska", "hls", "media"],
    license: "MIT",
    ...(repository ? { repository: { type: "git", url: `git+${repository}.git` } } : {}),
    engines: { node: ">=24", bun: ">=1.3", deno: ">=2.3.7" },
    optionalDependencies: Object.fromEntries(platforms.map((pair) => [`@avio/${pair.split("=")[0]}`, version])),
  }, null, 2) + "\n");
' "$root/deno.json" "$package/package.json" "$package/deno.json" "$@"

# Few modules instead of some 120, which took half of the time of a cold start. bin.js imports one of them by itself. Their
# source maps name the modules and lines; the sources themselves would double the package.
(cd "$package" && "$esbuild" --bundle --splitting --format=esm --platform=node --target=esnext --keep-names --sourcemap \
  --sources-content=false --outdir=. --outbase=. --allow-overwrite --log-level=warning mod.js cli.js ffi/runtime.js)
(cd "$package" && find cli ffi format io -name '*.js' ! -path ffi/runtime.js -delete && rm deno.json)

# tarball FOLDER OUTPUT [PROGRAM]
tarball() {
  find "$1/package" -type f -exec chmod 644 {} +
  find "$1/package" -type d -exec chmod 755 {} +
  [ -z "${3:-}" ] || chmod 755 "$1/package/$3"
  "$root/scripts/make_tarball.sh" "$1" package "$work/package.tgz"
  mv "$work/package.tgz" "$2"
  echo "pack_npm: $2 ($(($(wc -c <"$2") / 1024)) KiB)"
}

# library_package PLATFORM FILE
library_package() {
  local platform=$1 file=$2 folder=$work/$1 name
  [ -f "$file" ] || fail "$file: not found"
  name=libavio.${file##*.}
  mkdir -p "$folder/package"
  cp "$file" "$folder/package/$name"
  (cd "$root" && deno run --allow-ffi --allow-read --allow-env scripts/licenses.ts "$folder/package/$name") >"$folder/package/LICENSES.txt"
  deno eval '
    const [config, target, platform, file] = Deno.args;
    const { version } = JSON.parse(Deno.readTextFileSync(config));
    const [system, processor, libc] = platform.split("-");
    const os = { windows: "win32" }[system] ?? system;
    const cpu = { x86_64: "x64", aarch64: "arm64" }[processor];
    const repository = Deno.env.get("AVIO_REPOSITORY");
    Deno.writeTextFileSync(target, JSON.stringify({
      name: `@avio/${platform}`,
      version,
      description: `The shared library of @avio/avio for ${platform}`,
      license: "MIT AND LGPL-2.1-or-later",
      ...(repository ? { repository: { type: "git", url: `git+${repository}.git` } } : {}),
      files: [file, "LICENSES.txt"],
      os: [os],
      cpu: [cpu],
      ...(system === "linux" ? { libc: [libc ?? "glibc"] } : {}),
      preferUnplugged: true,
    }, null, 2) + "\n");
  ' "$root/deno.json" "$folder/package/package.json" "$platform" "$name"
  tarball "$folder" "${output%.tgz}-$platform.tgz"
}

tarball "$work/unpacked" "$output" bin.js
for pair in "$@"; do library_package "${pair%%=*}" "${pair#*=}"; done
