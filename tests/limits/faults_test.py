#!/usr/bin/env python3
# onesock: calls of the system that fail, one rule of fault.cpp at a time, and what the program says then.
# SPDX-License-Identifier: MIT
"""fault_peer runs three clients against an echo server, and then the blocking pair. Each rule must strike,
and nothing but what the tables say may differ from the run without faults."""
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "interop"))
from peers import SKIPPED, Failed, Peer, expect_equal, main  # noqa: E402

HOST = "127.0.0.1"
WELL = "connect ok close(false)"
SERVED = ["connection", "close(false)"]
BYTES = 100_000
FEW_BYTES = 3_000

# Nobody notices: tried again, waited for, not needed, or done in another way.
UNHARMED = """
    setsockopt:EINVAL:2+
    accept:EINTR:1+2 accept:EAGAIN:1 accept:ECONNABORTED:1+2 accept:EPROTO:1+2 accept:EPERM:1+2
    accept:ENETDOWN:1+2 accept:EHOSTUNREACH:1+2 accept:ENOBUFS:1 accept:ENOMEM:1 accept:EBADF:1
    accept:EINVAL:1+2 accept:ENOSYS:1+2 socket:EINVAL:1+2 pipe:ENOSYS:1
    connect:EINTR:1+ recv:EINTR:1+2 recv:EAGAIN:1+2 recv:SHORT:1+
    send:EINTR:1+2 send:EAGAIN:1+2 send:ENOBUFS:1+2 send:SHORT:1+ shutdown:ENOTCONN:1
    select:EINTR:1+2 select:EBADF:1+2 select:ENOMEM:1+2 select:EINVAL:1+2 select:NONE:1+2 select:ALL:1+
    close:EINTR:1+ close:EIO:1+ close:ENOSPC:1+
""".split()

# listen() is told, and the same server listens when asked again.
LISTEN = {
    "socket:EMFILE:1": "EMFILE: too many open files",
    "socket:ENFILE:1": "ENFILE: file table overflow",
    "socket:ENOBUFS:1": "ENOBUFS: no buffer space available",
    "socket:ENOMEM:1": "ENOMEM: not enough memory",
    "bind:EACCES:1": "EACCES: permission denied",
    "bind:EADDRINUSE:1": "EADDRINUSE: address already in use",
    "bind:EADDRNOTAVAIL:1": "EADDRNOTAVAIL: address not available",
    "listen:EADDRINUSE:1": "EADDRINUSE: address already in use",
    "setsockopt:EINVAL:1": "EINVAL: invalid argument",
    "socket:EINVAL:1,fcntl:ENOMEM:1": "ENOMEM: not enough memory",
}

# connect() is told to the first client; the others are well.
CONNECT = """
    socket:EMFILE:2 socket:ENFILE:2 socket:ENOBUFS:2 socket:ENOMEM:2 socket:EAFNOSUPPORT:2
    connect:ECONNREFUSED:1 connect:EADDRNOTAVAIL:1 connect:ENETUNREACH:1 connect:EHOSTUNREACH:1
    connect:EACCES:1 connect:ETIMEDOUT:1 connect:EAGAIN:1 getsockopt:EBADF:1 getsockopt:ENOTSOCK:1
""".split()

# The first client had its connection, and loses it: rule, what it sees behind "connect", what the
# server sees of it.
BROKEN = [
    ("accept:EMFILE:1", "close(false)", []),  # shed: the client sees an end
    ("accept:ENFILE:1", "close(false)", []),
    ("accept:ENOSYS:1,fcntl:EINVAL:1", "close(false)", []),
    ("recv:EOF:1", "close(false)", SERVED),
    *((f"recv:{name}:1", "error(read ECONNRESET) close(true)",
       ["connection", f"error(read {name})", "close(true)"])
      for name in ["ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOTCONN", "ENOMEM", "EBADF"]),
    *((f"send:{name}:1", f"error(write {name}) close(true)", SERVED)
      for name in ["EPIPE", "ECONNRESET", "ENOMEM", "EHOSTUNREACH", "EMSGSIZE"]),
    *((f"shutdown:{name}:1", f"ok error(shutdown {name}) close(true)", SERVED)
      for name in ["EINVAL", "EIO", "ENOBUFS"]),
]

# The blocking pair: what the step says that fails; the second talk is well.
BLOCKING = {
    **{rule: f"listen(listen {text} {HOST})" for rule, text in LISTEN.items()},
    **{rule: f"connect(connect {rule.split(':')[1]} {HOST}:PORT)"
       for rule in CONNECT if "getsockopt" not in rule},
    "accept:EMFILE:1": f"accept(accept EMFILE: too many open files {HOST}:PORT)",
    "accept:ENFILE:1": f"accept(accept ENFILE: file table overflow {HOST}:PORT)",
    "accept:ENOBUFS:1": f"accept(accept ENOBUFS: no buffer space available {HOST}:PORT)",
    "accept:ENOMEM:1": f"accept(accept ENOMEM: not enough memory {HOST}:PORT)",
    "recv:ECONNRESET:1": "read(read ECONNRESET)",
    "recv:EOF:1": "read()",
    "send:EPIPE:1": "write(write EPIPE)",
    "shutdown:EIO:1": "end(shutdown EIO)",
}
TALK = ["connect", "accept", "write", "read", "ok", "end", "at the end"]
UNHARMED_BLOCKING = [rule for rule in UNHARMED if rule not in BLOCKING and not rule.startswith(
    ("accept:EBADF", "accept:EINVAL", "pipe", "select:ENOMEM", "select:EINVAL", "shutdown"))]


def run(build, rule, *arguments):
    """The lines that fault_peer prints under this rule, ports as PORT."""
    program = [build / "fault_peer", *arguments]
    lines = Peer("env", f"FAULT={rule}", f"LD_PRELOAD={build / 'libfault.so'}", *program).finish()
    # Both of its streams come through one pipe, in either order.
    struck = [line for line in lines if line.startswith("faults: ")]
    if not struck or (rule and struck == ["faults: 0"]):
        raise Failed(f"{rule} did not strike: {lines}")
    return [re.sub(rf"({HOST}|::1):\d+", r"\1:PORT", line) for line in lines if line not in struck]


def events(build, rule, server, first=WELL, listen=HOST, host=HOST, address=HOST, others=WELL):
    """Three clients by events; what the server sees comes in the order of the network."""
    size = FEW_BYTES if "SHORT" in rule else BYTES
    told, *clients, listened = run(build, rule, "events", listen, host, size)
    words = re.findall(r"error\([^)]*\)|\S+", told.removeprefix("S:"))
    expect_equal(f"{rule}: the clients", clients, [f"C1: {first}", f"C2: {others}", f"C3: {others}"])
    expect_equal(f"{rule}: the server", sorted(words), sorted([*server, "closed"]))
    expect_equal(f"{rule}: listened", listened, f"listened on {address}")


def test_events(build):
    for rule in ["", *UNHARMED]:
        events(build, rule, 3 * SERVED)
    for rule, text in LISTEN.items():
        events(build, rule, [f"error(listen {text} {HOST})", *3 * SERVED])
    for rule in CONNECT:
        name = rule.split(":")[1]
        seen = 3 if rule.startswith("getsockopt") else 2  # there the connection was made
        events(build, rule, seen * SERVED, f"error(connect {name} {HOST}:PORT) close(true)")
    for rule, first, server in BROKEN:
        events(build, rule, [*server, *2 * SERVED], f"connect {first}")
    events(build, "pthread_create:EAGAIN:1+", 3 * SERVED, listen="localhost", host="localhost")
    refused = f"error(connect ECONNREFUSED {HOST}:PORT) close(true)"
    events(build, "accept:EINVAL:1+", [f"error(accept EINVAL: invalid argument {HOST}:PORT)"],
           "connect error(read ECONNRESET) close(true)", others=refused)
    nowhere = refused.replace(":PORT", "")
    events(build, "getsockname:EBADF:1+", [], nowhere, others=nowhere, address="nothing known")
    for number, name in [(-2, "ENOTFOUND"), (-3, "EAI_AGAIN"), (-4, "EAI_FAIL")]:
        lost = f"error(getaddrinfo {name} board.test) close(true)"
        events(build, f"getaddrinfo:{number}:1+", [], lost, listen="any", host="board.test",
               others=lost, address="::")
    expect_equal("no waker", run(build, "pipe:EMFILE:1+", "events", HOST, HOST, BYTES),
                 ["failure: loop EMFILE: too many open files"])


def test_blocking(build):
    for rule in ["", *UNHARMED_BLOCKING]:
        expect_equal(f"{rule}, blocking", run(build, rule, "blocking", FEW_BYTES), ["listen", *2 * TALK])
    for rule, failed in BLOCKING.items():
        said = run(build, rule, "blocking", FEW_BYTES)
        step = failed.partition("(")[0]
        if step == "listen":
            expected = [failed, "listen", *2 * TALK]
        elif step == "accept":
            expected = ["listen", "connect", failed, *TALK[1:], *TALK]
        else:
            expected = ["listen", *TALK[:TALK.index(step)], failed, *TALK]
        expect_equal(f"{rule}, blocking", said, expected)


def test(_, build, __):
    if not sys.platform.startswith("linux") or b"/ld-" not in (build / "fault_peer").read_bytes():
        print("skipped: nothing can be preloaded into a program that is static, or not for Linux")
        sys.exit(SKIPPED)
    test_events(build)
    test_blocking(build)
    print(f"{1 + len(UNHARMED) + len(LISTEN) + len(CONNECT) + len(BROKEN) + 7} faults by events, "
          f"{1 + len(UNHARMED_BLOCKING) + len(BLOCKING)} blocking")


if __name__ == "__main__":
    main(test, needs_node=False)
