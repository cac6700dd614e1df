#!/usr/bin/env bash
# onesock: installs what is missing, builds with warnings as errors, and runs every test.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup.sh

usage() {
  cat <<'USAGE'
usage: tools/test.sh [--native] [--windows] [--sanitize] [--matrix] [--lint]
  (nothing)   the suite as GCC/C++17/single by CMake and as Clang/C++20/include by Meson,
              and the checks by script
  --native    in place of both only one, with the compiler that CMake finds: for macOS, FreeBSD,
              and Windows in Git's or MSYS2's bash
  --windows   and as a MinGW build, run under Wine
  --sanitize  and with the address, leak and undefined-behaviour sanitizers
  --matrix    and as GCC/C++20/split, and tests/shape/ with other compilers, standards and forms
  --lint      and tools/lint.sh: clang-format, clang-tidy, cppcheck
USAGE
}

native=no windows=no sanitize=no matrix=no lint=no
for option in "$@"; do
  case $option in
    --native) native=yes ;;
    --windows) windows=yes ;;
    --sanitize) sanitize=yes ;;
    --matrix) matrix=yes ;;
    --lint) lint=yes ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc)
times=()
results=()

# step NAME COMMAND...: runs it, and keeps how long it took for the summary.
step() {
  local name=$1 begin=$SECONDS
  shift
  printf '\n==== %s\n' "$name"
  "$@"
  times+=("$(awk -v s=$((SECONDS - begin)) 'BEGIN { printf "%5.1f min", s / 60 }')  $name")
}

# suite NAME FOLDER CMAKE_ARGUMENT...: configures, builds and runs the whole suite.
suite() {
  local name=$1 folder=build/$2
  shift 2
  step "$name: build" build_suite "$folder" "$@"
  step "$name: test" ctest --test-dir "$folder" --output-on-failure --parallel "$jobs" \
    --output-log "$folder/ctest.log"
  results+=("$name: $(grep 'tests passed' "$folder/ctest.log")")
}

build_suite() {
  local folder=$1
  shift
  cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_EXTENSIONS=OFF "$@"
  cmake --build "$folder" --parallel "$jobs"
}

build_meson_suite() {
  local again=()
  [ ! -e build/meson/build.ninja ] || again=(--reconfigure)  # the folders are listed anew
  CXX=clang++ meson setup "${again[@]}" build/meson -Dcpp_std=c++20 -Dform=include \
    -Dunity=on -Dunity_size=8
  ninja -C build/meson -j "$jobs"
}

# With the whole suites beside them: every two of compiler, standard and form meet.
shape_pairs() {
  local pairs=("g++ 17 include" "clang++ 17 split" "clang++ 20 single") pair
  [ $windows = no ] || pairs+=("x86_64-w64-mingw32-g++-posix 20 "{include,split})
  for pair in "${pairs[@]}"; do
    set -- $pair
    python3 tests/shape/run.py --compiler "$1" --std "$2" --form "$3" --compile-only
  done
}

packages=(cmake ninja-build catch2 nodejs python3)
[ $native = yes ] || packages+=(g++ clang meson)
[ $windows = no ] || packages+=(g++-mingw-w64-x86-64-posix wine wine64)
step "set-up" install_packages "${packages[@]}"

if [ $native = yes ]; then
  [ "$(uname)" != Darwin ] || ulimit -Sn 4096  # It allows 256 descriptors at first.
  suite "this system's compiler, C++17, single, CMake" native \
    -DCMAKE_CXX_STANDARD=17 -DONESOCK_TEST_FORM=single
else
  suite "GCC, C++17, single, CMake" gcc \
    -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_STANDARD=17 -DONESOCK_TEST_FORM=single
  step "Clang, C++20, include, Meson: build" build_meson_suite
  step "Clang, C++20, include, Meson: test" meson test -C build/meson --no-rebuild --print-errorlogs
fi
if [ $matrix = yes ]; then
  # The same folder, so that Catch2's main is not compiled again.
  suite "GCC, C++20, split, CMake" gcc -DCMAKE_CXX_STANDARD=20 -DONESOCK_TEST_FORM=split
  step "shape: the other pairs" shape_pairs
fi
if [ $lint = yes ]; then
  step "lint" tools/lint.sh
fi
if [ $sanitize = yes ]; then
  export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1
  suite "ASan and UBSan" asan -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_STANDARD=17 -DCMAKE_CXX_FLAGS=\
"-g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
fi
if [ $windows = yes ]; then
  step "Wine: first start" start_wine
  suite "MinGW, C++17, single, Wine" mingw \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/tools/mingw.cmake" -DCMAKE_CXX_STANDARD=17 \
    -DONESOCK_BUILD_EXAMPLES=OFF
  grep '^suite: ' build/mingw/Testing/Temporary/LastTest.log
fi

printf '\n==== minutes\n'
printf '%s\n' "${times[@]}"
printf '\n==== results\n'
printf '%s\n' "${results[@]}"
