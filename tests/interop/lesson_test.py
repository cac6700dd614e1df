#!/usr/bin/env python3
# onesock: the lesson's own scripts under Node, and our tcpserver and tcpclient in the place of either.
# SPDX-License-Identifier: MIT
"""The scripts are taken from lesson.md. Only the port is replaced; a mode is one of the lesson's
commented lines made live. Whatever a side prints to Node it must print to us, and the other way."""
import re
import socket
import tempfile
from pathlib import Path

from peers import Failed, Peer, expect_equal, main, port_of

HERE = Path(__file__).resolve().parent

# The line that the server prints for the client's data, by mode.
MODES = {
    "raw": "<Buffer 48 65 6c 6c 6f 57 6f 72 6c 64 21 21 21>",
    "utf8": "HelloWorld!!!",
    "hex": "48656c6c6f576f726c64212121",
}

# Where the examples' wording is not the lesson's.
WORDING = [
    ("「listening」start listening...", "listening ADDRESS"),
    ("「client comming」 🐤 ", "client coming "),
    ("「connection」client comming", "connection"),
    ("client_sock close socket", "client closed"),
    ("data comeing ", "data coming "),
    (r"close$", "closed"),
]


def in_our_words(lines):
    for theirs, ours in WORDING:
        theirs = theirs if theirs.endswith("$") else re.escape(theirs)
        lines = [re.sub("^" + theirs, ours, line) for line in lines]
    return lines


def without_ports(lines):
    return [re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", line) for line in lines]


class Lesson:
    def __init__(self, folder):
        text = (HERE / "lesson.md").read_text(encoding="utf-8")
        self.scripts = dict(re.findall(r"^## (\w+)\.js$.*?^```javascript\n(.*?)^```", text, re.S | re.M))
        expect_equal("scripts of the lesson", sorted(self.scripts), ["tcpclient", "tcpserver"])
        self.folder = Path(folder)

    def write(self, name, port, *edits):
        """The script with its port, and edits (pattern, replacement) that must fit exactly once."""
        script = self.scripts[name]
        for pattern, replacement in [(r"port: 6666\b", f"port: {port}"), *edits]:
            script, count = re.subn(pattern, replacement, script)
            if count != 1:
                raise Failed(f"{name}: {pattern} is there {count} times")
        path = self.folder / f"{name}.js"
        path.write_text(script, encoding="utf-8")
        return path

    def server_edits(self, mode, ends):
        if mode != "utf8":
            yield r'client_sock\.setEncoding\("utf8"\)', r"// \g<0>"
        if mode == "hex":
            yield r'// (client_sock\.setEncoding\("hex"\))', r"\1"
        if ends:
            yield r"// (client_sock\.end\(\))", r"\1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stage:
    """Who can play the server, who the client; each starts one and, for a server, tells its port."""

    def __init__(self, lesson, node, examples):
        self.lesson, self.node, self.examples = lesson, node, examples

    def node_server(self, mode, ends):
        for _ in range(5):  # Somebody else may take the port before Node does.
            port = free_port()
            edits = self.lesson.server_edits(mode, ends)
            server = Peer(self.node, self.lesson.write("tcpserver", port, *edits))
            if server.wait_for("「listening」", "「error」").startswith("「listening」"):
                return server, port
            server.end()
        raise Failed("no free port")

    def our_server(self, mode, ends):
        server = Peer(self.examples / "tcpserver", 0, mode, *(["--end"] if ends else []))
        return server, port_of(server.wait_for("listening "))

    def node_client(self, port):
        return Peer(self.node, self.lesson.write("tcpclient", port))

    def our_client(self, port):
        return Peer(self.examples / "tcpclient", port, "127.0.0.1", "--keep")

    def our_client_that_ends(self, port):
        return Peer(self.examples / "tcpclient", port)


def talk(start_server, start_client, mode, ends, client_ends=False):
    """One conversation; what the server and the client printed, without the ports."""
    server, port = start_server(mode, ends)
    client = start_client(port)
    client.wait_for("data")
    if ends or client_ends:
        client.finish()
    client.end()
    server.wait_for("client_sock close", "client closed")
    server.end()
    if MODES[mode] not in server.lines:
        raise server.failed(f"no line is {MODES[mode]}")
    return without_ports(server.lines), without_ports(client.lines)


def compare(stage, mode, ends):
    name = mode + (", the server ends" if ends else "")
    server, client = talk(stage.node_server, stage.node_client, mode, ends)

    our_server, its_client = talk(stage.our_server, stage.node_client, mode, ends)
    expect_equal(f"{name}: Node's client to our server", its_client, client)
    expect_equal(f"{name}: our server", our_server, in_our_words(server))

    its_server, our_client = talk(stage.node_server, stage.our_client, mode, ends)
    expect_equal(f"{name}: Node's server to our client", its_server, server)
    expect_equal(f"{name}: our client", our_client, in_our_words(client))

    its_server, ended_client = talk(stage.node_server, stage.our_client_that_ends, mode, ends, True)
    expect_equal(f"{name}: Node's server to our client that ends", its_server, server)
    expect_equal(f"{name}: our client that ends", ended_client[-2:], ["end event", "closed"])

    print(f"{name}: Node's client prints the same to our server as to Node's, "
          "and Node's server the same to our client:")
    for side, lines in [("our server", our_server), ("our client", our_client)]:
        print("\n".join(f"  {side} | {line}" for line in lines))


def test(examples, _, node):
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Lesson(folder), node, examples)
        for mode in MODES:
            for ends in [False, True]:
                compare(stage, mode, ends)


if __name__ == "__main__":
    main(test)
