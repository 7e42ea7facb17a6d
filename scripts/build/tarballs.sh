# shellcheck shell=bash
#
# Source tarballs: from the cache, a folder, the project's own site, or Debian's signed archive.

# find_tarball NAME VERSION SUITE SHA256 [URL]: sets $tarball; false if there is none with that sum. Without a sum, only
# Debian's signature is checked.
find_tarball() {
  local name=$1 version=$2 suite=$3 sum=$4 url=${5:-} file=$1-$2.tar.xz
  for tarball in ${cache:+"$cache/$file"} "${AVIO_SOURCES_DIR:-$ROOT/../shared/sources}/$file"; do
    if [ -f "$tarball" ] && has_sum "$tarball" "$sum"; then return; fi
  done
  tarball=$stage/$file
  if ! { [ -n "$sum" ] && [ -n "$url" ] && fetch "$url" "$tarball" && has_sum "$tarball" "$sum"; } &&
    ! { fetch_from_debian "$name" "$version" "$suite" "$tarball" && has_sum "$tarball" "$sum"; }; then
    return 1
  fi
  if [ -n "$cache" ]; then mv "$tarball" "$cache/$file" && tarball=$cache/$file; fi
}

has_sum() { # has_sum FILE SHA256
  [ -z "$2" ] || [ "$(sha256 "$1")" = "$2" ] || {
    warn "$1 does not have the expected SHA-256, not used"
    return 1
  }
}

# unpack TARBALL FOLDER
unpack() {
  mkdir -p "$2"
  logged "unpacking $1" tar -xf "$1" -C "$2" --strip-components 1
}

fetch() {
  say "fetching $1"
  if has curl; then
    curl -fsL --connect-timeout 10 --max-time 600 -o "$2" "$1"
  elif has wget; then
    wget -q -T 10 -t 1 -O "$2" "$1"
  else
    return 1
  fi
}

# The mirror that this machine uses: the first enabled entry for a Debian release's main component.
# (apt-get indextargets would list it too, but only after an apt-get update.)
debian_mirror() {
  local etc=/etc/apt
  cat "$etc"/sources.list "$etc"/sources.list.d/*.list 2>/dev/null | awk '
    $1 == "deb" || $1 == "deb-src" {
      sub(/\[[^]]*\]/, "")
      print $2, $3, $0
    }'
  for file in "$etc"/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk '
      function entry() { if (uri != "" && enabled != "no") print uri, suite, components; uri = enabled = "" }
      tolower($1) == "uris:" { uri = $2 }
      tolower($1) == "suites:" { suite = $2 }
      tolower($1) == "components:" { components = $0 }
      tolower($1) == "enabled:" { enabled = tolower($2) }
      /^[ \t]*$/ { entry() }
      END { entry() }' "$file"
  done
}

# fetch_from_debian PACKAGE VERSION SUITE FILE: the upstream tarball of a source package
fetch_from_debian() {
  local package=$1 version=$2 suite=$3 keyring mirror exact
  has apt-get && has apt-cache || return 1
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    if [ -f "$keyring" ]; then break; fi
  done
  mirror=$(debian_mirror | awk '
    $2 ~ /^(oldstable|stable|testing|unstable|sid|bookworm|trixie|forky|duke)$/ && / main( |$)/ && !found { print $1; found = 1 }')
  [ -f "$keyring" ] && [ -n "$mirror" ] || return 1
  say "fetching $package $version from Debian's $suite"

  # A separate package index: the system's is neither used nor changed.
  local apt=$work/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
  local options=(-qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
  if ! apt-get "${options[@]}" update >"$apt/log" 2>&1; then
    warn "apt-get update: $(tail -n 2 "$apt/log")"
    return 1
  fi
  exact=$(apt-cache "${options[@]}" showsrc "$package" | awk -v v="$version" '
    $1 == "Version:" { u = $2; sub(/^[0-9]+:/, "", u); sub(/-[^-]*$/, "", u); if (u == v) exact = $2 }
    END { print exact }')
  if [ -z "$exact" ]; then
    warn "Debian's $suite has no $package $version"
    return 1
  fi
  if ! (cd "$apt" && apt-get "${options[@]}" source --download-only --tar-only "$package=$exact") >"$apt/log" 2>&1; then
    warn "apt-get source: $(tail -n 2 "$apt/log")"
    return 1
  fi
  mv "$apt/${package}_$version".orig.tar.?z "$4"
}
