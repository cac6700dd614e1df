#!/usr/bin/env python3
# onesock: 500 clients at once of a server that may have 64 MiB of address space, threads and all.
# SPDX-License-Identifier: MIT
"""The clients are another process, without the limit: echo_load, which compares every byte."""
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "interop"))
from peers import SKIPPED, Peer, expect_equal, main, port_of  # noqa: E402

CLIENTS = 500
KIB = 16
LIMIT_KIB = 64 * 1024


def test(_, build, __):
    if not sys.platform.startswith("linux"):
        print("skipped: memory is read from /proc")
        sys.exit(SKIPPED)
    # CMake has it beside this folder, Meson in it.
    echo_load = build / "echo_load"
    if not echo_load.exists():
        echo_load = build.parent / "bench" / "echo_load"
    server = Peer("sh", "-c", f'ulimit -v {LIMIT_KIB} && exec "$@"', "sh", build / "small_server",
                  CLIENTS)
    port = port_of(server.wait_for("listening "))
    clients = Peer(echo_load, "--connect", port, CLIENTS, KIB).finish()
    by_name, _, peak, memory = server.finish()
    expect_equal("names", by_name, "connected by name 16")
    expect_equal("peak", peak, f"peak of live connections {CLIENTS}")
    expect_equal("the clients", clients[-1], "nothing lost, nothing reordered")
    print(f"{CLIENTS} clients under ulimit -v {LIMIT_KIB}: {memory}")
    virtual = int(re.search(r"virtual (\d+)", memory)[1])
    expect_equal("the limit holds", 0 < virtual <= LIMIT_KIB, True)


if __name__ == "__main__":
    main(test, needs_node=False)
