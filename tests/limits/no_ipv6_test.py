#!/usr/bin/env python3
# onesock: a machine without IPv6, as a kernel that was built so and as one where it is switched off.
# SPDX-License-Identifier: MIT
"""The first is fault.cpp, which refuses every IPv6 socket; the second a network namespace with an IPv4
loopback only, where the system lets us make one."""
import fcntl
import re
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "interop"))
from peers import SKIPPED, Peer, expect_equal, main  # noqa: E402

SERVED = ["S: connection close(false) connection close(false) connection close(false) closed",
          *(f"C{number}: connect ok close(false)" for number in (1, 2, 3))]


def enter():
    """In a namespace of our own: lo up, IPv6 off; then becomes the program. Exits 77 if it may not."""
    try:
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        with socket.socket() as control:
            request = struct.pack("16sh14x", b"lo", 1)  # IFF_UP
            fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS
    except OSError as error:
        print(f"no namespace: {error}")
        sys.exit(SKIPPED)


def check(name, start, missing, everywhere):
    """`start` begins the command; `missing` is what the system says of an IPv6 address; `everywhere` is
    where listen(0) listens then."""
    def run(*arguments):
        lines = Peer(*start, "events", *arguments, 1000).finish()
        return [re.sub(r"::1:\d+", "::1:PORT", line) for line in lines
                if not line.startswith("faults: ")]

    short = missing.partition(":")[0]
    expect_equal(f"{name}: listen(0), localhost", run("any", "localhost"), [*SERVED, f"listened on {everywhere}"])
    expect_equal(f"{name}: connect to ::1", run("any", "::1")[1:2],
                 [f"C1: error(connect {short} ::1:PORT) close(true)"])
    # Tried twice, the program says; it must not listen elsewhere in place of it.
    expect_equal(f"{name}: listen on ::1", run("::1", "::1"),
                 ["S:" + 2 * f" error(listen {missing} ::1)", "listened on nothing known"])
    print(f"{name}: well")


def test(_, build, __):
    program = build / "fault_peer"
    checked = 0
    if sys.platform.startswith("linux") and b"/ld-" in program.read_bytes():
        preloaded = ["env", "FAULT=socket6:EAFNOSUPPORT:1+", f"LD_PRELOAD={build / 'libfault.so'}"]
        check("no IPv6 in the kernel", [*preloaded, program],
              "EAFNOSUPPORT: address family not supported", "0.0.0.0")
        checked += 1
    inside = ["unshare", "-r", "-n", sys.executable, Path(__file__).resolve(), "--inside"]
    if shutil.which("unshare") and subprocess.run([*inside, "true"], check=False).returncode == 0:
        # A socket for both families can be had there, and serves IPv4.
        check("IPv6 switched off", [*inside, program], "EADDRNOTAVAIL: address not available", "::")
        checked += 1
    if checked == 0:
        print("skipped: neither a preloaded library nor a namespace is allowed")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        enter()
        sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
    main(test, needs_node=False)
