#!/usr/bin/env python3
# onesock: echo_load as two processes, so that each has all its descriptors for itself.
# SPDX-License-Identifier: MIT
"""usage: two_processes.py CLIENTS KIB COMMAND...     COMMAND: echo_load, or "wine echo_load.exe"

Exits 1 unless both went well, and 77 (skipped) where a process may not have so many descriptors.
"""
import re
import resource
import subprocess
import sys

WATCHDOG = 240  # seconds


def main():
    clients, kib, *command = sys.argv[1:]
    # Wine's server holds the descriptors of both processes.
    needed = int(clients) * (2 if len(command) > 1 else 1) + 300
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        print(f"skipped: {needed} descriptors are needed, {allowed} are allowed (ulimit -Hn)")
        return 77
    server = subprocess.Popen([*command, "--serve", clients], stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True)
    try:
        port = re.search(r"listening 127\.0\.0\.1:(\d+)", server.stdout.readline())[1]
        result = subprocess.run([*command, "--connect", port, clients, kib], timeout=WATCHDOG,
                                stdin=subprocess.DEVNULL, check=False)
        said, _ = server.communicate(timeout=WATCHDOG)
    finally:
        server.kill()
    print("the server:", said.strip())
    return 0 if result.returncode == 0 and server.returncode == 0 else 1


sys.exit(main())
