# onesock: installs what a script needs and the machine lacks; sourced by test.sh and demo.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# Where Debian, the BSDs, Homebrew, MSYS2 and a CMAKE_PREFIX_PATH of one folder keep headers.
has_header() {
  local root
  for root in /usr /usr/local /opt/homebrew "${MINGW_PREFIX:-/usr}" "${CMAKE_PREFIX_PATH:-/usr}"; do
    [ ! -e "$root/include/$1" ] || return 0
  done
  return 1
}

# What a package is known by, where that is not a command of its own name.
have_package() {
  case $1 in
    ninja-build) command -v ninja ;;
    nodejs) command -v node ;;
    clang) command -v clang++ ;;
    clang-19) command -v clang++-19 ;;
    lib*) dpkg -s "$1" ;;
    qemu-user-static) command -v qemu-mips-static ;;
    g++-mingw-w64-x86-64-*) command -v "x86_64-w64-mingw32-g++-${1##*-}" ;;
    g++-mingw-w64-i686-*) command -v "i686-w64-mingw32-g++-${1##*-}" ;;
    g++-*) command -v "${1#g++-}-g++" ;;
    catch2) has_header catch2/catch.hpp || has_header catch2/catch_all.hpp ;;
    python3) command -v python3 || command -v python ;;
    wine64) [ -e /usr/lib/wine/wine64 ] || command -v wine64 ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Takes Debian's names; Homebrew and FreeBSD call two of them otherwise.
install_packages() {
  local package missing=() elsewhere=()
  for package in "$@"; do
    have_package "$package" && continue
    missing+=("$package")
    case $package in
      ninja-build) elsewhere+=(ninja) ;;
      nodejs) elsewhere+=(node) ;;
      *) elsewhere+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if command -v apt-get >/dev/null; then
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"
  elif command -v brew >/dev/null; then
    brew install "${elsewhere[@]}"
  elif command -v pkg >/dev/null; then
    as_root pkg install -y "${elsewhere[@]}"
  else
    echo "please install, by these names or your system's: ${missing[*]}" >&2
    return 1
  fi
}

start_wine() {
  export WINEDEBUG=-all WINEPREFIX=$PWD/build/wine
  mkdir -p "$WINEPREFIX"
  # The first start makes the prefix; nothing else may be asked of it meanwhile. No Mono, no Gecko.
  WINEDLLOVERRIDES="mscoree=;mshtml=" wineboot --init
}
