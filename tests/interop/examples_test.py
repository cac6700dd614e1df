#!/usr/bin/env python3
# onesock: the examples as their users run them: flags, bad arguments, the game, the chat.
# SPDX-License-Identifier: MIT
import re
import socket

from peers import WATCHDOG, Failed, Peer, expect_equal, main, port_of


class Talker:
    """A plain client that speaks in lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), WATCHDOG)
        self.name = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def say(self, text):
        self.socket.sendall(text.encode())

    def hear(self):
        return self.lines.readline()

    def leave(self):
        self.lines.close()
        self.socket.close()


def listening(*command):
    server = Peer(*command)
    return server, port_of(server.wait_for("listening 127.0.0.1:"))


def check_bad_arguments(examples):
    for command, told in [
            (["tcpserver", "80x"], "tcpserver: bad port 80x"),
            (["tcpserver", "65536"], "tcpserver: bad port 65536"),
            (["tcpserver", "-1"], "tcpserver: bad port -1"),
            (["tcpserver", "0", "utf9"], "tcpserver: bad encoding utf9"),
            (["tcpserver", "0", "hex", "--edn"], "tcpserver: bad argument --edn"),
            (["tcpclient", "80x"], "tcpclient: bad port 80x"),
            (["tcpclient", "80", "localhost", "more"], "tcpclient: bad argument more"),
            (["game_loop", "80x"], "usage: game_loop [port] [seconds]"),
            (["chat_server", "80x"], "usage: chat_server [port]")]:
        program = Peer(examples / command[0], *command[1:])
        expect_equal(" ".join(command), program.finish(2)[0], told)
    print("bad arguments are told, exit code 2")


def check_flags(examples):
    unreferenced, _ = listening(examples / "tcpserver", 0, "--unref")
    expect_equal("--unref", len(unreferenced.finish()), 1)

    server, port = listening(examples / "tcpserver", 0, "--once", "--end")
    rival = Peer(examples / "tcpserver", port)
    expect_equal("a taken port", rival.finish(1),
                 [f"listen error listen EADDRINUSE: address already in use 127.0.0.1:{port}"])
    client = Peer(examples / "tcpclient", port, "--keep")
    expect_equal("--keep", client.finish()[-2:], ["end event", "closed"])
    expect_equal("--once", server.finish()[-2:], ["client closed", "closed"])
    late = Peer(examples / "tcpclient", port)
    expect_equal("nobody there", late.finish(1),
                 [f"error connect ECONNREFUSED 127.0.0.1:{port}", "closed"])
    print("--unref, --once, --end, --keep: each ends by itself")


def check_game(examples):
    game, port = listening(examples / "game_loop", 0, 1)
    played = re.fullmatch(r"60 frames in ([\d.]+) ms, the longest took ([\d.]+) ms", game.finish()[-1])
    # A busy machine makes it late, but never too fast, nor all frames but one at once.
    if not played or float(played[1]) < 1000 or float(played[2]) > 500:
        raise game.failed("it has no 60 frames a second")

    game, port = listening(examples / "game_loop", 0, 3600)
    left, right = Talker(port), Talker(port)
    left.say("left\nst")
    right.say("right\n")
    positions = {}
    for player in [left, right]:
        # The first report may be older than the command.
        for _ in range(2):
            positions[player] = int(re.search(r"you are at (-?\d+)$", player.hear())[1])
    if not positions[left] < 0 < positions[right]:
        raise Failed(f"left is at {positions[left]}, right at {positions[right]}")
    left.say("op\nquit\n")
    print(f"game: {game.finish()[-1]}, left at {positions[left]}, right at {positions[right]}")
    for player in [left, right]:
        player.leave()


def check_chat(examples):
    chat, port = listening(examples / "chat_server", 0)
    anna = Talker(port)
    anna.say("is anybody here?\n")
    chat.wait_for(f"{anna.name}: is anybody here?")
    ben = Talker(port)
    expect_equal("anna", anna.hear(), f"{ben.name} is here\n")
    anna.say("hello, b")
    anna.say("en\n")
    expect_equal("ben", ben.hear(), f"{anna.name}: hello, ben\n")
    ben.say("hello, anna 🐤\nbye\n")
    expect_equal("anna", anna.hear(), f"{ben.name}: hello, anna 🐤\n")
    ben.leave()
    expect_equal("anna", [anna.hear(), anna.hear()],
                 [f"{ben.name}: bye\n", f"{ben.name} has left\n"])
    anna.leave()
    print("chat: everybody hears the others, in whole lines")


def test(examples, *_):
    for check in [check_bad_arguments, check_flags, check_game, check_chat]:
        check(examples)


if __name__ == "__main__":
    main(test, needs_node=False)
