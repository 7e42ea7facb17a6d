# shellcheck shell=bash
#
# The platform that the library is built for. Without --target it is this machine, with its own compiler. With --target=TRIPLE
# it is one of the table below, with zig cc, which has the headers and libraries of all of them. choose_target sets all
# differences; the rest of the build does not depend on the platform.

ZIG_VERSION=0.16.0 OLDEST_ZIG=0.14.0

# name, zig's own name for it, FFmpeg's name of the system, the triple that libxml2's configure knows, suffix
TARGETS='
linux-x86_64        x86_64-linux-gnu.2.17    linux    x86_64-linux-gnu     so
linux-aarch64       aarch64-linux-gnu.2.17   linux    aarch64-linux-gnu    so
linux-x86_64-musl   x86_64-linux-musl        linux    x86_64-linux-musl    so
linux-aarch64-musl  aarch64-linux-musl       linux    aarch64-linux-musl   so
darwin-aarch64      aarch64-macos.11.0       darwin   aarch64-apple-darwin dylib
darwin-x86_64       x86_64-macos.11.0        darwin   x86_64-apple-darwin  dylib
windows-x86_64      x86_64-windows-gnu       mingw32  x86_64-w64-mingw32   dll'

known_targets() { awk 'NF { printf "%s%s", separator, $1; separator = ", " }' <<<"$TARGETS"; }

# Sets $os, $arch, $platform, $suffix, the tools, and the options of configure scripts.
choose_target() {
  jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
  cross_options=() cross_host=()
  if [ -n "$target" ]; then choose_other_target; else choose_own_target; fi
}

choose_own_target() {
  case $(uname -s) in
    Linux) os=linux suffix=so ;;
    Darwin) os=darwin suffix=dylib ;;
    *) die "no build on $(uname -s); Linux and macOS are supported, for others see --target ($(known_targets))" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) arch=$(uname -m) ;;
  esac
  platform=$os-$arch nm=nm ar=ar
  read -ra cc <<<"${CC:-cc}" # CC may hold a launcher too: "ccache gcc"
  if [ -n "$memory" ]; then cc+=($memory); fi
}

choose_other_target() {
  local target_os host
  read -r zig_target target_os host suffix < <(awk -v t="$target" '$1 == t { print $2, $3, $4, $5 }' <<<"$TARGETS") ||
    die "unknown target $target" "Known: $(known_targets)"
  platform=$target os=${target%%-*} arch=${target#*-} arch=${arch%-musl} cc=(avio-cc) nm=llvm-nm ar=avio-ar
  cross_host=(--host="$host" --build="$(uname -m)-linux-gnu")
  cross_options=(--enable-cross-compile --target-os="$target_os" --arch="$arch" --ar=avio-ar --ranlib=avio-ranlib
    --nm=llvm-nm --strip=true --host-cc=cc --extra-cflags=-fvisibility=hidden)
  # Without decoders there is no assembly that would be used, and zig lacks headers that aarch64's needs.
  if [ "$arch" = aarch64 ]; then cross_options+=(--disable-asm); fi
  if [ "$os" = windows ]; then cross_options+=(--enable-w32threads --disable-pthreads --windres=llvm-windres); fi
  find_zig
}

# The target's tools, under names that are the same on every machine: avformat_configuration() contains them.
make_target_tools() {
  [ -n "$target" ] || return 0
  mkdir -p "$work/bin"
  # Drops options that its linker does not have, and does not need.
  cat >"$work/bin/avio-cc" <<EOF
#!/bin/sh
for argument do
  shift
  case \$argument in
    -Wl,-dynamic* | -Wl,--nxcompat* | -Wl,--dynamicbase* | -Wl,--high-entropy-va* | -Wl,--pic-executable*) ;;
    *) set -- "\$@" "\$argument" ;;
  esac
done
exec '$zig' cc -target $zig_target -fno-sanitize=undefined -fvisibility=hidden \$AVIO_CC_FLAGS "\$@"
EOF
  printf '#!/bin/sh\nexec "%s" ar "$@"\n' "$zig" >"$work/bin/avio-ar"
  printf '#!/bin/sh\nexec "%s" ranlib "$@"\n' "$zig" >"$work/bin/avio-ranlib"
  chmod 755 "$work"/bin/avio-*
  export PATH=$work/bin:$PATH AVIO_CC_FLAGS=''
}

# Into a separate folder: Debian's pip does not install into the system's packages.
zig_help() { echo "python3 -m pip install --target '$(cache_folder)/zig-$ZIG_VERSION' ziglang==$ZIG_VERSION"; }

# Sets $zig: that of the variable ZIG, of PATH, of Python's package, or where the line above puts it.
find_zig() {
  zig=${ZIG:-}
  if [ -n "$zig" ]; then
    has "$zig" || die "ZIG=$zig is not a program" "Install it:" "$(zig_help)"
    zig=$(command -v "$zig")
  elif has zig; then
    zig=$(command -v zig)
  else
    zig=$(python3 -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))' 2>/dev/null) ||
      zig=$(cache_folder)/zig-$ZIG_VERSION/ziglang/zig
    has "$zig" ||
      die "zig, which builds for other platforms, is missing" "Install it:" "$(zig_help)" "or set its path: ZIG=/path/to/zig"
  fi
  zig_version=$("$zig" version 2>/dev/null) || die "$zig is not zig" "Install it:" "$(zig_help)"
  if [ "$(printf '%s\n' "$OLDEST_ZIG" "${zig_version%%-*}" | sort -V | sed -n 1p)" != "$OLDEST_ZIG" ]; then
    die "zig $zig_version is too old; $OLDEST_ZIG or newer is needed" "Install it:" "$(zig_help)"
  fi
}
