# shellcheck shell=bash
#
# FFmpeg's sources: which version, from where, and the patches of shim/ffmpeg/ that are applied to them.

# The pinned versions: the Debian suite that has it, and the SHA-256 of upstream's tarball, which Debian's source package
# contains unchanged. All are configured in the same way.
KNOWN_VERSIONS='
5.1.9  bookworm  d9b593bb2ba93d4b50f74177e0cdcd41747e708596367deed0c30348a71dd176
7.1.5  trixie    de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f
9.0.2  sid       8c3850283eb25fa026482078a04051e0be17347b09ef81a0849bec15a96e002e'

known_versions() { awk 'NF { printf "%s%s", separator, $1; separator = ", " }' <<<"$KNOWN_VERSIONS"; }

# Sets $suite and $pinned_sum; the sum is empty for a version that is not in the table.
look_up_version() {
  read -r suite pinned_sum < <(awk -v version="$version" '$1 == version { print $2, $3 }' <<<"$KNOWN_VERSIONS") && return
  pinned_sum=''
  case $version in
    5.*) suite=bookworm ;;
    6.* | 7.*) suite=trixie ;;
    *) suite=sid ;;
  esac
}

# Sets $version (unless --ffmpeg has set it) and $source_id, the cache key of a build.
choose_version() {
  local source=${FFMPEG_SOURCE:-}
  version=${version:-$DEFAULT_FFMPEG_VERSION}
  source_id=$version
  if [ -n "$source" ] && [ -d "$source" ]; then
    [ -f "$source/RELEASE" ] || die "FFMPEG_SOURCE=$source is not an FFmpeg source folder"
    version=$(cat "$source/RELEASE")
    # shellcheck disable=SC2012
    source_id=$(cd "$source" && ls -lR . | sha256) # names, sizes, times: an edited file is another source
  elif [ -n "$source" ]; then
    [ -f "$source" ] || die "FFMPEG_SOURCE=$source does not exist"
    source_id=$(sha256 "$source")
  fi
  look_up_version
}

# The newest FFmpeg may be unavailable: Debian's unstable does not keep old versions. Then the version of its stable release is
# built, with the same patches, unless a version was requested. Also sets $ffmpeg, where it is or will be.
choose_version_that_is_there() {
  local asked=${version:-${FFMPEG_SOURCE:-}}
  choose_version
  if has_ffmpeg || [ -n "$asked" ] || [ "$fallback" = no ] || find_ffmpeg_tarball; then return; fi
  warn "FFmpeg $version is not available, neither from ffmpeg.org nor from Debian's archive." \
    "THE LIBRARY IS BUILT WITH FFmpeg $FALLBACK_FFMPEG_VERSION INSTEAD. For the newer one download ffmpeg-$version.tar.xz by hand," \
    "and set FFMPEG_SOURCE to its path."
  version=$FALLBACK_FFMPEG_VERSION
  choose_version
  has_ffmpeg || true # where it is, or will be
}

find_ffmpeg_tarball() {
  find_tarball ffmpeg "$version" "$suite" "$pinned_sum" "https://ffmpeg.org/releases/ffmpeg-$version.tar.xz"
}

# Sets $source_folder.
get_source() {
  source_folder=$stage/source
  if [ -d "${FFMPEG_SOURCE:-}" ]; then
    cp -R "$FFMPEG_SOURCE" "$source_folder"
    return
  fi
  if [ -n "${FFMPEG_SOURCE:-}" ]; then
    tarball=$FFMPEG_SOURCE
    has_sum "$tarball" "$pinned_sum" || die "$tarball is not FFmpeg $version" "Set the version of the tarball by --ffmpeg."
  elif ! find_ffmpeg_tarball; then
    exit_code=3 # for versions.sh
    die "cannot get the sources of FFmpeg $version: neither from ffmpeg.org nor from Debian's archive" \
      "Download ffmpeg-$version.tar.xz by hand and set FFMPEG_SOURCE to its path," \
      "or use the system's FFmpeg: scripts/build_shim.sh --system"
  fi
  unpack "$tarball" "$source_folder"
}

# The patches for a major version: each has a line with the versions it was made for ("Applies to: 9.0.2 7.1.5").
patches() {
  local file
  for file in "$shim"/ffmpeg/*.patch; do
    if [ "$sanitize ${file##*/}" = "unfilled unfilled-memory.patch" ]; then continue; fi
    if sed -n 's/^Applies to://p' "$file" | grep -Eq "(^| )${version%%.*}\."; then echo "$file"; fi
  done
}

# Each hunk must apply, at any offset.
apply_patches() {
  local file list
  list=$(patches)
  [ -n "$list" ] || die "no patches are known for FFmpeg $version; there are for $(patched_versions)"
  while IFS= read -r file; do
    logged "${file##*/} over FFmpeg $version" patch -d "$source_folder" -p1 --fuzz=0 --forward --no-backup-if-mismatch -i "$file"
  done <<<"$list"
}

patched_versions() { cat "$shim"/ffmpeg/*.patch | sed -n 's/^Applies to: //p' | tr ' ' '\n' | sort -u | tr '\n' ' '; }
