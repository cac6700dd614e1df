#!/usr/bin/env python3
# onesock: compares what our twins of Node's scripts print with what Node was seen to print.
# SPDX-License-Identifier: MIT
"""The conformance test: for each run of list.txt, the twin's events equal Node's, actor by actor.

    compare.py --program conformance_twins                 every run, once
    compare.py --program conformance_twins --repeat 10     ten times, all with the same outcome
    compare.py --program conformance_twins --self-check    and with events swapped: each must fail

Node's events are the recorded logs beside this file. Where we part from Node on purpose, the tables
of docs/node-differences.md say so, run by run, and why: a row replaces lines of Node's log by ours
(`-`: none; a line that ends in `*` may end in anything). A row that does not fit the log is a
failure, and so is one that our events do not need.

What depends on the machine, or on how a stream of bytes was cut, is masked (see `mask`).
"""
import argparse
import difflib
import re
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIFFERENCES = HERE.parent.parent / "docs" / "node-differences.md"
SECTION = "## Differences the conformance test accepts"
MOST_LEFT_OUT = 13  # Of 83.

# Where each `data` is compared by itself: what these scripts are about.
EXACT_CHUNKS = ("21-encoding",)

# Where one name of the log stands for several ends or sockets, whose order among each other is
# nobody's promise: the start of the line tells them apart.
SEVERAL_ACTORS = {
    "20-haderror": r"(client|server-side) ",
    "30-connect-args": r"(.+?) (?:->|throws) ",
}

# Runs that need of the machine what it had where Node was recorded.
NEEDS_LOCALHOST = (
    "06-destroy-in.lookup", "16-autoselect.localhost", "19-lookup.name", "19-lookup.none",
    "19-lookup.fam6", "22-listen-address")
NEEDS_IPV6 = (
    "16-autoselect.both", "16-autoselect.v6", "16-autoselect.bothrefused", "22-listen-address",
    "28-blackhole.auto")


def run_name(line):
    return line.strip().replace(" ", ".", 1).replace(" ", "_")


def read_runs():
    """{name: arguments}, in the order of list.txt."""
    lines = (HERE / "list.txt").read_text(encoding="utf-8").splitlines()
    return {run_name(line): line.split() for line in lines if line.strip()}


def read_log(run):
    return (HERE / "logs" / f"{run}.log").read_text(encoding="utf-8")


# --- Events ---------------------------------------------------------------------------------------

def mask(what):
    """What may differ from machine to machine is made equal."""
    what = re.sub(r" wNeedDrain=\S+ wEnded=\S+ wFin=\S+ rEnded=\S+ br=\d+ bw=\d+", "", what)
    what = re.sub(r" needDrain=\w+", "", what)
    what = re.sub(r" errno=-?\d+", "", what)
    what = re.sub(r"~\d+ms", "~ms", what)
    what = re.sub(r"br=\d+|bw=\d+|len=\d+|x\d+", "#", what)
    return re.sub(r"\b(undefined|null)\b", "none", what)  # JavaScript has two, we have one.


def parse(run, text):
    """[(actor, masked event)]; what is no numbered line is a comment or Node's own warning."""
    found = re.findall(r"^ *\d+ (\S+) +(.*)$", text, re.MULTILINE)
    return [(actor + actor_within(run, what), mask(what)) for actor, what in found]


def actor_within(run, what):
    found = re.match(SEVERAL_ACTORS[run], what) if run in SEVERAL_ACTORS else None
    return " " + found[1] if found else ""


def join_data(run, lines):
    """Neighbouring `data` are one: how a stream is cut is nobody's promise."""
    if run.startswith(EXACT_CHUNKS):
        return list(lines)
    joined = []
    for line in lines:
        before = re.fullmatch(r"data\((\w+)[ (](.*)\)", joined[-1]) if joined else None
        now = re.fullmatch(r"data\((\w+)[ (](.*)\)", line)
        if not before or not now:
            joined.append(line)
        elif "#" in before[2] + now[2]:
            joined[-1] = f"data({now[1]}(#))"
        else:
            joined[-1] = f"data({now[1]} {before[2][:-1]}{now[2][1:]})"
    return joined


def by_actor(run, events):
    actors = {}
    for actor, what in events:
        actors.setdefault(actor, []).append(what)
    return {actor: join_data(run, lines) for actor, lines in actors.items()}


# --- The differences we want ----------------------------------------------------------------------

def read_tables():
    """The rows of the tables in our section of the differences, as lists of cells."""
    section = DIFFERENCES.read_text(encoding="utf-8").split(SECTION, 1)[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in section.splitlines() if line.startswith("|")]
    return [row for row in rows if not row[0].startswith(("--", "run"))]


def cell_lines(cell):
    return [] if cell == "-" else [line.strip().strip("`") for line in cell.split("<br>")]


class Difference:
    def __init__(self, runs, actor, node, ours, reason):
        self.runs = [run.strip(" `") for run in runs.split(",")]
        self.actor = actor.strip("`")
        self.node = [mask(line) for line in cell_lines(node)]
        self.ours = [mask(line) for line in cell_lines(ours)]
        self.reason = reason

    def apply(self, actors):
        """Puts our lines in the place of Node's; False if Node's are not there."""
        lines = actors.setdefault(self.actor, [])
        for at in range(len(lines) - len(self.node) + 1):
            if lines[at:at + len(self.node)] == self.node:
                lines[at:at + len(self.node)] = self.ours
                if not lines:
                    del actors[self.actor]
                return True
        return False


def read_differences():
    """([Difference], {run: why it is left out})."""
    differences, left_out = [], {}
    for row in read_tables():
        if len(row) == 5:
            differences.append(Difference(*row))
        else:
            left_out[row[0].strip("`")] = row[1]
    return differences, left_out


# --- What is promised between actors --------------------------------------------------------------

def places(events, actor, pattern):
    return [i for i, (who, what) in enumerate(events)
            if who == actor and re.fullmatch(pattern, what)]


def broken_promises(events):
    """semantics.md: what holds between actors, in every run that shows it."""
    broken = []
    for promise, earlier, which, later in PROMISES:
        before, after = places(events, *earlier), places(events, *later)
        if before and after and before[which] > after[which]:
            broken.append(promise)
    return broken


FIRST, LAST = 0, -1
PROMISES = (
    ("a server's close comes after its last connection's",
     ("S.sock", r"close\(\w+\)"), LAST, ("server", r"close\(\)")),
    ("a server's close callback comes after its close",
     ("server", r"close\(\)"), LAST, ("server", r"close-cb.*")),
    ("a server listens before it tells a connection",
     ("server", r"listening\(\)"), FIRST, ("server", "connection")),
    ("a connection is told before what comes over it",
     ("server", "connection"), FIRST, ("S.sock", r"data\(.*\)|end\(\)")),
    ("bytes come after they were written",
     ("client", "write hex .*"), FIRST, ("S.sock", r"data\(.*\)")),
)


# --- One run --------------------------------------------------------------------------------------

class Outcome:
    def __init__(self, kind, notes=()):
        self.kind = kind  # equal, differing, left out, failing
        self.notes = list(notes)

    def __eq__(self, other):
        return (self.kind, self.notes) == (other.kind, other.notes)


def missing_here():
    """{run: what this machine lacks for it}."""
    missing = {}
    if not localhost_is_as_recorded():
        missing.update(dict.fromkeys(NEEDS_LOCALHOST, "here localhost is not 127.0.0.1 alone"))
    if not has_ipv6():
        missing.update(dict.fromkeys(NEEDS_IPV6, "this machine has no IPv6"))
    return missing


def localhost_is_as_recorded():
    try:
        found = socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return {entry[4][0] for entry in found} == {"127.0.0.1"}


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def run_twin(program, run, arguments):
    """(events, what went wrong)."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run([program] + arguments, cwd=folder, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=30, umask=0o022)
        except subprocess.TimeoutExpired:
            return [], "no end within 30 s"
    fault = f"exit code {done.returncode}: {done.stderr.decode()[:500]}" if done.returncode else ""
    return parse(run, done.stdout.decode()), fault


def compare(run, node, ours, differences):
    """Node's events against ours: an Outcome."""
    expected, actual = by_actor(run, node), by_actor(run, ours)
    notes, reasons = [], []
    for difference in differences:
        if run not in difference.runs:
            continue
        if not difference.apply(expected):
            notes.append(f"{difference.actor}: a difference does not fit Node's log: "
                         f"{' | '.join(difference.node)}")
        reasons.append(difference.reason)
    for actor in sorted(set(expected) | set(actual)):
        if not is_same(expected.get(actor), actual.get(actor)):
            notes += [f"{actor}:"] + side_by_side(expected.get(actor, []), actual.get(actor, []))
    notes += broken_promises(ours)
    if notes:
        return Outcome("failing", notes)
    return Outcome("differing", sorted(set(reasons))) if reasons else Outcome("equal")


def is_same(expected, actual):
    if expected is None or actual is None or len(expected) != len(actual):
        return False
    return all(theirs == ours or theirs.endswith("*") and ours.startswith(theirs[:-1])
               for theirs, ours in zip(expected, actual))


def side_by_side(expected, actual):
    """Both lists with the lines that only one of them has marked: - expected, + ours."""
    return ["    " + line for line in difflib.ndiff(expected, actual) if line[0] != "?"]


class Suite:
    def __init__(self, program, only):
        self.program = str(Path(program).resolve())
        self.runs = {run: arguments for run, arguments in read_runs().items()
                     if run.startswith(only)}
        self.differences, self.left_out = read_differences()
        self.left_out = {**missing_here(), **self.left_out}
        self.node = {run: parse(run, read_log(run)) for run in self.runs}
        self.ours = {}

    def unknown_runs(self):
        known = set(read_runs())
        named = {run for difference in self.differences for run in difference.runs}
        return sorted((named | set(self.left_out)) - known)

    def outcome(self, run):
        if run in self.left_out:
            return Outcome("left out", [self.left_out[run]])
        self.ours[run], fault = run_twin(self.program, run, self.runs[run])
        if fault:
            return Outcome("failing", [fault])
        return compare(run, self.node[run], self.ours[run], self.differences)

    def outcomes(self, jobs):
        with ThreadPoolExecutor(jobs) as pool:
            return dict(zip(self.runs, pool.map(self.outcome, self.runs)))


# --- The self-check -------------------------------------------------------------------------------

def swaps(run, events):
    """Node's events with two neighbours of one actor swapped, in every way that is to be seen."""
    for actor, lines in by_actor(run, events).items():
        for at in range(len(lines) - 1):
            if lines[at] == lines[at + 1]:
                continue
            swapped = by_actor(run, events)
            swapped[actor][at:at + 2] = reversed(swapped[actor][at:at + 2])
            yield [(who, what) for who, whats in swapped.items() for what in whats]


def self_check(suite, outcomes):
    """Every swap in every log must fail, and every promise where our events are turned round."""
    compared = [run for run in outcomes if outcomes[run].kind in ("equal", "differing")]
    tried, missed = Counter(), []
    for run in compared:
        for swapped in swaps(run, suite.node[run]):
            tried[run] += 1
            if compare(run, swapped, suite.ours[run], suite.differences).kind != "failing":
                missed.append(f"{run}: a swap was not seen")
        if tried[run] == 0:
            missed.append(f"{run}: nothing to swap")
    seen = {promise for run in compared for promise in broken_promises(suite.ours[run][::-1])}
    missed += [f"never broken: {promise}" for promise, *_ in PROMISES if promise not in seen]
    print(f"self-check: {sum(tried.values())} swaps of two events in {len(compared)} logs and "
          f"{len(PROMISES)} promises turned round: {len(missed)} not seen")
    for line in missed:
        print("  " + line)
    return not missed and bool(compared)


# --- The summary ----------------------------------------------------------------------------------

def print_summary(outcomes, kinds_to_name):
    count = Counter(outcome.kind for outcome in outcomes.values())
    for run, outcome in outcomes.items():
        if outcome.kind == "failing":
            print(f"FAILS {run}")
            print("\n".join("  " + note for note in outcome.notes))
        elif outcome.kind in kinds_to_name:
            print(f"{outcome.kind} {run}" + "".join(f"\n  {note}" for note in outcome.notes))
    compared = len(outcomes) - count["left out"]
    print(f"conformance: {len(outcomes)} runs of Node v20.20.2: {compared} compared "
          f"({count['equal']} equal, {count['differing']} differing by a named reason, "
          f"{count['failing']} failing), {count['left out']} left out by name")
    return count["failing"] == 0 and count["left out"] <= MOST_LEFT_OUT


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--self-check", action="store_true")
    parser.add_argument("--only", default="", help="runs whose name starts so")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--verbose", action="store_true", help="name each run and its reasons")
    options = parser.parse_args()

    suite = Suite(options.program, options.only)
    good = True
    for run in suite.unknown_runs():
        print(f"{DIFFERENCES.name} names a run that does not exist: {run}")
        good = False
    one = suite.outcomes(options.jobs)
    named = ("equal", "differing", "left out") if options.verbose else ("left out",)
    good &= print_summary(one, named)
    for _ in range(1, options.repeat):
        again = suite.outcomes(options.jobs)
        good &= print_summary(again, ())
        changed = [run for run in one if again[run] != one[run]]
        if changed:
            print(f"not the same as the first time: {', '.join(changed)}")
            good = False
    if options.self_check:
        good &= self_check(suite, one)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
