#!/usr/bin/env bash
#
# Packs a folder reproducibly: the same files give the same bytes, sorted, without times and owners of this machine.
#
#   scripts/make_tarball.sh PARENT FOLDER OUTPUT      FOLDER, in PARENT, is the top folder of the archive
#
# Needs GNU tar.
set -euo pipefail
export LC_ALL=C

(cd "$1" && find "$2" -type f | sort |
  tar --no-recursion --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf - -T -) | gzip -9n >"$3"
