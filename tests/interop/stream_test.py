#!/usr/bin/env python3
# onesock: 1 MiB of binary data there and back, half-closed, between Node and us, in both directions.
# SPDX-License-Identifier: MIT
"""The client sends random pieces and ends; the server sends them back and, behind the client's end,
their checksum: whoever closes too early is found out. Both sides print what they saw."""
from pathlib import Path

from peers import Peer, expect_equal, main, port_of

HERE = Path(__file__).resolve().parent
SEEDS = [1, 2026, 4294967295]


def talk(server, client, seed):
    server = Peer(*server, "server")
    client = Peer(*client, "client", port_of(server.wait_for("listening ")), seed)
    return server.finish()[1:], client.finish()


def test(_, build, node):
    ours = [build / "stream_peer"]
    theirs = [node, HERE / "stream_peer.js"]
    for seed in SEEDS:
        at_server, at_client = talk(theirs, theirs, seed)
        checksum = at_client[0].removeprefix("sent ")
        expect_equal("bytes", checksum.split(",")[0], "1048576 bytes")
        expect_equal("Node's server", at_server, [f"received {checksum}", "closed"])
        expect_equal("Node's client", at_client,
                     [f"sent {checksum}", f"received {checksum}", f"the server received {checksum}",
                      "closed"])
        for name, server, client in [("our server, Node's client", ours, theirs),
                                     ("Node's server, our client", theirs, ours)]:
            expect_equal(f"{name}, seed {seed}", talk(server, client, seed), (at_server, at_client))
            print(f"{name}, seed {seed}: {checksum}, there and back, half-closed")


if __name__ == "__main__":
    main(test)
