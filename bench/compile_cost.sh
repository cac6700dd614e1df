#!/usr/bin/env bash
# onesock bench: what one echo server costs to compile and to ship, beside an empty program and Asio's.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup.sh
install_packages g++ libasio-dev >&2

compiler=${CXX:-g++}
sources=bench/compile_cost
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# seconds COMMAND...: the median of three runs.
seconds() {
  local times=() before
  for _ in 1 2 3; do
    before=$(date +%s%N)
    "$@"
    times+=($((($(date +%s%N) - before) / 1000000)))
  done
  printf '%s\n' "${times[@]}" | sort -n | awk 'NR == 2 { printf "%.2f", $1 / 1000 }'
}

kib() {
  awk -v size="$(stat -c %s "$1")" 'BEGIN { printf "%.0f", size / 1024 }'
}

# row NAME SOURCE [LINKED SOURCE] [FLAG...]: "-" for a second source says that there is none.
row() {
  local name=$1 source=$sources/$2 other=$3
  shift 3
  local compile=("$compiler" -std=c++17 -pthread -I single_include "$@") also=()
  [ "$other" = - ] || also=("$sources/$other")
  local time lines
  time=$(seconds "${compile[@]}" -O2 -c "$source" -o "$folder/object")
  lines=$("${compile[@]}" -E -P "$source" | wc -l)
  "${compile[@]}" -Os -s "$source" "${also[@]}" -o "$folder/dynamic"
  # glibc warns of getaddrinfo in a static program; only the size is asked for here.
  "${compile[@]}" -Os -s -static "$source" "${also[@]}" -o "$folder/static" 2>/dev/null
  echo "| $name | $time | $lines | $(kib "$folder/dynamic") | $(kib "$folder/static") |"
}

echo "$("$compiler" --version | head -n 1), median of three"
echo
echo "| program | -O2 -c, seconds | lines after -E -P | -Os stripped, KiB | the same, static, KiB |"
echo "|---|---|---|---|---|"
row "empty main()" empty.cpp -
row "standard headers only" standard_headers.cpp -
row "onesock's echo, header-only" onesock_echo.cpp -
row "onesock's echo, split: the user's file" onesock_echo.cpp implementation.cpp -DONESOCK_SPLIT
row "onesock, split: the one .cpp with the bodies" implementation.cpp onesock_echo.cpp -DONESOCK_SPLIT
row "Asio's echo, header-only" asio_echo.cpp - -DASIO_STANDALONE
