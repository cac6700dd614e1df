#!/usr/bin/env python3
# onesock: runs one build of the suite, without the cases that tests/skips.txt names for where it runs.
# SPDX-License-Identifier: MIT
"""Fails if a case fails, if one is left out that is not listed, and if a listed one does not exist.

Left out is also what the sources have and this build has not.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
SKIPS = TESTS / "skips.txt"


def source_cases():
    """The tags of all cases in the sources, by name, on any system; hidden ones are left out."""
    pattern = r'\bTEST_CASE\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)(?:,\s*"([^"]*)")?'
    cases = {}
    for path in [*TESTS.glob("test_*.cpp"), *TESTS.glob("regression/*.cpp")]:
        for literals, tags in re.findall(pattern, path.read_text(encoding="utf-8")):
            parts = re.findall(r'"((?:\\.|[^"\\])*)"', literals)
            if "[." not in tags:
                cases[re.sub(r"\\(.)", r"\1", "".join(parts))] = tags
    return cases


def read_skips(places, cases):
    """The reasons of the cases that do not run in `places`, by name."""
    skips = {}
    for number, line in enumerate(SKIPS.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not all(parts):
            sys.exit(f"{SKIPS}:{number}: a line is: case name or [tag] | where | reason")
        title, place, reason = parts
        named = [name for name, tags in cases.items()
                 if title == name or title.startswith("[") and title in tags]
        if not named:
            sys.exit(f"{SKIPS}:{number}: no test case: {title}")
        if place in places:
            skips.update(dict.fromkeys(named, reason))
    return skips


def run(command):
    # Wine wants no terminal, and its own chatter would drown ours.
    environment = dict(os.environ, WINEDEBUG="-all")
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, encoding="utf-8", errors="replace", check=False)


def list_cases(suite):
    output = run([*suite, "--list-test-names-only", "~[.]"]).stdout
    if not output.strip():  # Catch2 3 has other words for it.
        output = run([*suite, "--list-tests", "--verbosity", "quiet", "~[.]"]).stdout
    return [line.rstrip("\r") for line in output.splitlines() if line.strip()]


def exclusion(name):
    """Catch2's way to say: not this case."""
    return "~" + re.sub(r'([\\,\["])', r"\\\1", name)


def count_run(output):
    """How many cases Catch2 says it ran."""
    match = re.search(r"in (\d+) test cases?\)", output) or re.search(r"test cases: +(\d+)", output)
    return int(match[1]) if match else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--where", default="", help="the places it runs in, as in tests/skips.txt: "
                        "wine,windows,threads")
    parser.add_argument("suite", nargs="+", help="the program, behind what runs it")
    options = parser.parse_args()

    everywhere = source_cases()
    skips = read_skips(options.where.split(","), everywhere)
    cases = list_cases(options.suite)
    if not cases:
        sys.exit("the suite lists no case")
    unlisted = sorted(set(everywhere) - set(cases) - set(skips))
    if unlisted:
        sys.exit(f"not in this build, and not in {SKIPS.name}: " + "; ".join(unlisted))

    left_out = [name for name in skips if name in cases]
    result = run([*options.suite, "~[.]", *map(exclusion, left_out)])
    print(result.stdout)
    for name, reason in skips.items():
        print(f"skipped: {name} ({reason})")
    count = count_run(result.stdout)
    print(f"suite: run {count}, skipped {len(skips)}")
    if count != len(cases) - len(left_out):
        sys.exit(f"{len(cases) - len(left_out)} cases should have run, {count} did")
    sys.exit(1 if result.returncode else 0)


if __name__ == "__main__":
    main()
