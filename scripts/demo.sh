#!/usr/bin/env bash
# The README's first command: sets everything up, then remuxes a media file (the one named, or a fixture) into Matroska
# and prints what it did.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
"$here/scripts/setup.sh"
input="${1:-$here/fixtures/video.mp4}"
output="${2:-out.mkv}"
cli=(deno run --quiet --allow-ffi --allow-read --allow-write --allow-env "$here/cli.ts")
"${cli[@]}" remux "$input" "$output"
"${cli[@]}" probe "$output"
