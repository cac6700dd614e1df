#!/usr/bin/env python3
# onesock: clients through tcp_proxy, both ways, with random pauses; and the proxy's peak memory.
# SPDX-License-Identifier: MIT
"""usage: proxy_load.py DIR [clients=64] [KiB each=16384]     DIR holds tcp_proxy and echo_load

Exits 1 unless every byte and every end came through and the proxy's memory stayed within 64 MiB over
what it had idle. Linux: memory is read from /proc.
"""
import re
import subprocess
import sys
from pathlib import Path


def start(*command):
    """A program that prints where it listens, and its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, re.search(r"listening 127\.0\.0\.1:(\d+)", line).group(1)


def peak_kib(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


def main():
    folder = Path(sys.argv[1]).resolve()
    clients, kib = (sys.argv[2:] + ["64", "16384"][len(sys.argv) - 2 :])[:2]
    server, port = start(folder / "echo_load", "--serve", clients)
    proxy, port = start(folder / "tcp_proxy", "0", "127.0.0.1", port)
    try:
        idle = peak_kib(proxy)
        result = subprocess.run([folder / "echo_load", "--connect", port, clients, kib]).returncode
        server.wait(timeout=60)
        over = peak_kib(proxy) - idle
    finally:
        proxy.terminate()
    print(f"proxy: {idle} KiB idle, peak {over} KiB over that (at most 65536)")
    return 0 if result == 0 and server.returncode == 0 and over <= 65536 else 1


sys.exit(main())
