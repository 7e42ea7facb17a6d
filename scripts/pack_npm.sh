#!/usr/bin/env bash
#
# Makes the npm package: what `deno pack` makes of the modules, and the embedded shared library of each platform it is
# given one for, with the licences. The same inputs give the same bytes.
#
# shellcheck disable=SC2016 # the programs in single quotes are JavaScript
#
#   scripts/pack_npm.sh OUTPUT.tgz [PLATFORM=LIBRARY ...]     default: this platform's, from lib/
#
# PLATFORM is what Deno calls it: linux-x86_64, linux-aarch64, darwin-x86_64, darwin-aarch64.
# AVIO_REPOSITORY is the address of the repository that the package tells, which npm's provenance wants.
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
  for file in "$root"/lib/*/libavio.so "$root"/lib/*/libavio.dylib; do
    [ ! -f "$file" ] || set -- "$@" "$(basename "$(dirname "$file")")=$file"
  done
fi
[ $# -ge 1 ] || fail "no library: build one with scripts/build_shim.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/avio-pack.XXXXXX")
trap 'rm -rf "$work"' EXIT

# What is not for users of npm stays out: the sources of the library and what builds it.
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

# The command line: what is too old for it is told before anything newer is parsed.
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

# What deno pack leaves out: the version is read from deno.json, users look for words and a licence.
deno eval '
  const [config, manifest, target] = Deno.args;
  const repository = Deno.env.get("AVIO_REPOSITORY");
  const { name, version } = JSON.parse(Deno.readTextFileSync(config));
  const generated = JSON.parse(Deno.readTextFileSync(manifest));
  Deno.writeTextFileSync(target, JSON.stringify({ name, version }, null, 2) + "\n");
  Deno.writeTextFileSync(manifest, JSON.stringify({
    ...generated,
    bin: { avio: "./bin.js" },
    sideEffects: false,
    description: "All of libavformat for Node, Deno and Bun: probe, demux, mux and remux media over any source and sink",
    keywords: ["node", "deno", "bun", "ffmpeg", "libavformat", "remux", "demux", "mp4", "matroska", "hls", "media"],
    license: "MIT AND LGPL-2.1-or-later",
    ...(repository ? { repository: { type: "git", url: `git+${repository}.git` } } : {}),
    engines: { node: ">=24", bun: ">=1.3", deno: ">=2.3.7" },
  }, null, 2) + "\n");
' "$root/deno.json" "$package/package.json" "$package/deno.json"

for pair in "$@"; do
  platform=${pair%%=*} file=${pair#*=}
  [ -f "$file" ] || fail "$file: not found"
  mkdir -p "$package/lib/$platform"
  cp "$file" "$package/lib/$platform/$(basename "$file" | sed "s/-$platform//")"
done
deno run --allow-ffi --allow-read --allow-env "$root/scripts/licenses.ts" >"$package/lib/LICENSES.txt"

find "$package" -type f -exec chmod 644 {} +
chmod 755 "$package/bin.js"
find "$package" -type d -exec chmod 755 {} +
"$root/scripts/make_tarball.sh" "$work/unpacked" package "$work/package.tgz"
mv "$work/package.tgz" "$output"
echo "pack_npm: $output ($(($(wc -c <"$output") / 1024)) KiB; libraries: $(cd "$package/lib" && echo */))"
