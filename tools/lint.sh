#!/usr/bin/env bash
# onesock: what a formatter and two analyzers have to say of the code; with the configurations here it is nothing.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup.sh
install_packages clang clang-format clang-tidy cppcheck

echo "==== clang-format"
git ls-files '*.cpp' '*.hpp' '*.ipp' ':!single_include' | xargs clang-format --dry-run -Werror

echo "==== clang-tidy"
for source in examples/tcpserver.cpp examples/blocking_client.cpp; do
  clang-tidy --quiet "$source" -- -std=c++17 -I include/onesock
done

# As GCC on Linux, and as MinGW: cppcheck follows one configuration at a time.
cppcheck_as() {
  cppcheck --std=c++17 --language=c++ --enable=warning,performance,portability,style --inline-suppr \
    --quiet --error-exitcode=1 --suppressions-list=tools/cppcheck.txt \
    -D__cplusplus=201703L -D__cpp_exceptions=199711L "$@" single_include/onesock.hpp
}
echo "==== cppcheck, POSIX"
cppcheck_as --library=posix --platform=unix64 -U_WIN32 -DMSG_NOSIGNAL=0x4000 -DFD_SETSIZE=1024
echo "==== cppcheck, Windows"
cppcheck_as --library=windows --platform=win64 -D_WIN32
