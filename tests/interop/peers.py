# onesock: processes that talk, and what the drivers in this folder ask of them.
# SPDX-License-Identifier: MIT
"""Every wait is for a line or an exit, under a watchdog. What is still running is ended by its id."""
import argparse
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

WATCHDOG = 60  # seconds for one wait
SKIPPED = 77


class Failed(Exception):
    pass


class Peer:
    """A process, its lines on stdout and stderr, and its exit."""

    started = []

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.lines = []
        self.coming = queue.Queue()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, encoding="utf-8", errors="replace")
        self.started.append(self)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.coming.put(line.rstrip("\n"))
        self.coming.put(None)

    def next_line(self, deadline):
        """The next line; nothing at the end of the output."""
        try:
            line = self.coming.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            raise self.failed(f"silent for {WATCHDOG} s") from None
        if line is not None:
            self.lines.append(line)
        return line

    def wait_for(self, *beginnings):
        """The next line that begins so."""
        deadline = time.monotonic() + WATCHDOG
        while (line := self.next_line(deadline)) is not None:
            if line.startswith(beginnings):
                return line
        raise self.failed(f"ended before it printed {' or '.join(beginnings)}")

    def finish(self, code=0):
        """All its lines, once it has ended by itself with that exit code."""
        deadline = time.monotonic() + WATCHDOG
        while self.next_line(deadline) is not None:
            pass
        if self.process.wait(WATCHDOG) != code:
            raise self.failed(f"exit code {self.process.returncode}, not {code}")
        return self.lines

    def end(self):
        """Ends it if it still runs; its lines are complete then."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(WATCHDOG)
        self.reader.join(WATCHDOG)
        deadline = time.monotonic() + WATCHDOG
        while not self.coming.empty() and self.next_line(deadline) is not None:
            pass

    def failed(self, why):
        return Failed("\n".join([f"{' '.join(self.command)}: {why}; it printed:", *self.lines]))


def port_of(line):
    return int(line.rpartition(":")[2])


def expect_equal(what, is_so, expected):
    if is_so != expected:
        raise Failed(f"{what}: is {is_so!r}, expected {expected!r}")


def main(test, needs_node=True):
    """Calls test(examples, build, node) with the folders of the programs, and turns what it raises
    into an exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=Path, required=True, help="where the examples were built")
    parser.add_argument("--build", type=Path, required=True, help="where the helpers were built")
    options = parser.parse_args()
    node = shutil.which("node")
    if needs_node and not node:
        print("skipped: there is no node")
        sys.exit(SKIPPED)
    try:
        test(options.examples.resolve(), options.build.resolve(), node)
    except Failed as failure:
        print(failure)
        sys.exit(1)
    finally:
        for peer in Peer.started:
            peer.end()
