#!/usr/bin/env bash
# onesock: builds the lesson from single_include/ alone and lets its server and client talk.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup.sh

command -v c++ >/dev/null || install_packages g++
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
for program in tcpserver tcpclient; do
  c++ -std=c++17 -pthread -I single_include "examples/$program.cpp" -o "$folder/$program"
done

talk_to() { "$folder/tcpclient" "$1" 127.0.0.1 | sed -u 's/^/client | /'; }

# The system chooses the port; the server's first line tells it, and is the sign for the client.
mkfifo "$folder/said"
"$folder/tcpserver" 0 utf8 --end --once >"$folder/said" &
server=$!
client=
while IFS= read -r line; do
  echo "server | $line"
  if [[ -z $client && $line =~ ^listening.*:([0-9]+)$ ]]; then
    talk_to "${BASH_REMATCH[1]}" &
    client=$!
  fi
done <"$folder/said"
wait "$server"
wait "$client"
