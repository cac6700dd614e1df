# onesock: installs what a script needs and the machine lacks; sourced by test.sh and demo.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

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
    catch2) [ -e /usr/include/catch2/catch.hpp ] || [ -e /usr/include/catch2/catch_all.hpp ] ;;
    wine64) [ -e /usr/lib/wine/wine64 ] || command -v wine64 ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

install_packages() {
  local package missing=() sudo=()
  for package in "$@"; do
    have_package "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "please install, by these names or your system's: ${missing[*]}" >&2
    return 1
  fi
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

start_wine() {
  export WINEDEBUG=-all WINEPREFIX=$PWD/build/wine
  mkdir -p "$WINEPREFIX"
  # The first start makes the prefix; nothing else may be asked of it meanwhile. No Mono, no Gecko.
  WINEDLLOVERRIDES="mscoree=;mshtml=" wineboot --init
}
