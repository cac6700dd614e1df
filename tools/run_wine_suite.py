#!/usr/bin/env python3
# onesock: runs the suite's Windows build under Wine, without the cases that wine-skips.txt names.
# SPDX-License-Identifier: MIT
"""Fails if a case fails, if one is left out that is not listed, and if a listed one does not exist.

Left out is also what the sources have and the Windows build has not.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path


def read_skips(path):
    skips = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, bar, reason = (part.strip() for part in line.partition("|"))
            if not (name and bar and reason):
                sys.exit(f"{path}:{number}: a line is: case name | reason")
            skips[name] = reason
    return skips


def run(command):
    # Wine wants no terminal, and its own chatter would drown ours.
    environment = dict(os.environ, WINEDEBUG="-all")
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, encoding="utf-8", errors="replace", check=False)


def list_cases(suite):
    output = run([*suite, "--list-test-names-only", "~[.]"]).stdout
    return [line.rstrip("\r") for line in output.splitlines() if line.strip()]


def source_cases(folder):
    """The names of all cases in the sources, on any system; hidden ones are nobody's skips."""
    pattern = r'\bTEST_CASE\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)(?:,\s*"([^"]*)")?'
    names = set()
    for path in [*folder.glob("test_*.cpp"), *folder.glob("regression/*.cpp")]:
        for literals, tags in re.findall(pattern, path.read_text(encoding="utf-8")):
            parts = re.findall(r'"((?:\\.|[^"\\])*)"', literals)
            if "[." not in tags:
                names.add(re.sub(r"\\(.)", r"\1", "".join(parts)))
    return names


def exclusion(name):
    """Catch2's way to say: not this case."""
    return "~" + re.sub(r'([\\,\["])', r"\\\1", name)


def count_run(output):
    """How many cases Catch2 says it ran."""
    match = re.search(r"in (\d+) test cases?\)", output) or re.search(r"test cases: +(\d+)", output)
    return int(match[1]) if match else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wine", default="wine", help="what runs a Windows program")
    parser.add_argument("--suite", required=True, help="the suite's .exe")
    parser.add_argument("--skips", required=True, help="tests/wine-skips.txt, beside the sources")
    options = parser.parse_args()

    suite = [options.wine, options.suite]
    skips = read_skips(options.skips)
    cases = list_cases(suite)
    if not cases:
        sys.exit("the suite lists no case")
    everywhere = source_cases(Path(options.skips).parent)
    unknown = sorted(set(skips) - everywhere)
    if unknown:
        sys.exit("in wine-skips.txt, but no test case: " + "; ".join(unknown))
    unlisted = sorted(everywhere - set(cases) - set(skips))
    if unlisted:
        sys.exit("not in the Windows build, and not in wine-skips.txt: " + "; ".join(unlisted))

    left_out = [name for name in skips if name in cases]
    result = run([*suite, "~[.]", *map(exclusion, left_out)])
    print(result.stdout)
    for name, reason in skips.items():
        print(f"wine: skipped: {name} ({reason})")
    count = count_run(result.stdout)
    print(f"wine: run {count}, skipped {len(skips)}")
    if count != len(cases) - len(left_out):
        sys.exit(f"wine: {len(cases) - len(left_out)} cases should have run, {count} did")
    sys.exit(1 if result.returncode else 0)


if __name__ == "__main__":
    main()
