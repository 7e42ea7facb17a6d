#!/usr/bin/env bash
#
# Makes a release of the present commit: the shared libraries, the npm packages, the sources for JSR, the bill of materials
# of the libraries (sbom.json), and the SHA-256 of each. The same commit, compiler and libraries give the same bytes.
# Nothing is uploaded.
#
#   scripts/release.sh FOLDER [--address URL] [--all] [PLATFORM=LIBRARY ...]
#
# FOLDER              is created, and gets the files
# --address URL       where the files will be: the installer fetches libraries from there, and checks the sums computed here
# --all               builds the libraries of all platforms here (scripts/build_shim.sh --target); without it this platform's
#                     is built by this machine's own compiler
# PLATFORM=LIBRARY    libraries of other platforms, made elsewhere
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C

fail() {
  echo "release: $*" >&2
  exit 1
}

[ $# -ge 1 ] || fail "usage: scripts/release.sh FOLDER [--address URL] [--all] [PLATFORM=LIBRARY ...]"
folder=$1 address='' builds_all=no && shift
while [ $# -gt 0 ]; do
  case $1 in
    --address) address=${2%/} && shift ;;
    --all) builds_all=yes ;;
    *) break ;;
  esac
  shift
done
[ -z "$(git -C "$root" status --porcelain)" ] || fail "there are uncommitted changes"
[ ! -e "$folder" ] || fail "$folder exists already"

work=$(mktemp -d "${TMPDIR:-/tmp}/avio-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/avio out=$work/out
mkdir "$tree" "$out"
git -C "$root" archive HEAD | tar -xf - -C "$tree"
version=$(deno eval 'console.log(JSON.parse(Deno.readTextFileSync(Deno.args[0])).version)' "$tree/deno.json")
grep -q "^## $version" "$tree/CHANGELOG.md" || fail "CHANGELOG.md has no section for $version"

# This platform's library, in its place in the tree: the packer gets the licences from it.
# Only with the pinned FFmpeg.
"$tree/scripts/build_shim.sh" --embedded --no-fallback
own=$(find "$tree/lib" -name 'libavio.*' ! -name '*.stamp')
platforms=("$(basename "$(dirname "$own")")=$own" "$@")
if [ $builds_all = yes ]; then
  platforms=("$@")
  for platform in linux-x86_64 linux-aarch64 linux-x86_64-musl linux-aarch64-musl darwin-aarch64 darwin-x86_64 windows-x86_64; do
    case $platform in windows-*) suffix=dll ;; darwin-*) suffix=dylib ;; *) suffix=so ;; esac
    file=$work/libraries/$platform/libavio.$suffix
    mkdir -p "$(dirname "$file")"
    "$tree/scripts/build_shim.sh" --target=$platform --no-fallback --output "$file"
    platforms+=("$platform=$file")
  done
fi

json=''
for pair in "${platforms[@]}"; do
  platform=${pair%%=*} file=${pair#*=}
  [ -f "$file" ] || fail "$file: not found"
  cp "$file" "$out/libavio-$platform.${file##*.}"
  json="$json${json:+,}\"$platform\":\"$(sha256sum "$file" | cut -d ' ' -f 1)\""
done

# The addresses and sums for the installer of this release.
deno eval '
  const [path, address, sums] = Deno.args;
  const release = { address: address || null, sha256: JSON.parse(sums) };
  Deno.writeTextFileSync(path, JSON.stringify(release, null, 2) + "\n");
' "$tree/install/release.json" "$address" "{$json}"

"$tree/scripts/pack_npm.sh" "$out/avio-$version-npm.tgz" "${platforms[@]}"

deno run --allow-ffi --allow-read --allow-env "$tree/scripts/sbom.ts" >"$out/sbom.json"

# The sources, including these: `deno publish` is run in this folder.
rm -r "${tree:?}/lib"
mv "$tree" "$work/avio-$version"
"$root/scripts/make_tarball.sh" "$work" "avio-$version" "$out/avio-$version-source.tar.gz"

(cd "$out" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
mv "$out" "$folder"
cat "$folder/SHA256SUMS"
