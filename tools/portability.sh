#!/usr/bin/env bash
# onesock: builds and runs the whole suite for every target that this machine can; see portability.py.
# SPDX-License-Identifier: MIT
set -euo pipefail
exec python3 "$(dirname "$0")/portability.py" "$@"
