#!/usr/bin/env python3
# onesock: checks what only a compiler and a linker can tell, for one compiler, standard and form.
# SPDX-License-Identifier: MIT
"""Compiles the files beside this one, and runs what can be run.

The forms are those of the suite: the single header, the files under include/, or split mode, where
implementation_late.cpp holds the bodies. A Windows program is run by --runner only.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHAPE = Path(__file__).resolve().parent
ROOT = SHAPE.parent.parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wold-style-cast", "-Werror"]
NO_EXCEPTIONS = ["-fno-exceptions", "-fno-rtti"]
NO_THREADS = "-DONESOCK_NO_THREADS"


class Failed(Exception):
    pass


class Shape:
    """One compiler with one standard and one form; each check_... is one check, or yields some."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = Path(folder)
        machine = self.output([options.compiler, "-dumpmachine"])
        self.windows = "mingw" in machine or "windows" in machine
        self.split = options.form == "split"
        self.include = ROOT / ("include/onesock" if options.form == "include" else "single_include")

    # What the checks are made of.

    def output(self, command, expect_failure=False):
        result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                                errors="replace", timeout=600, check=False)
        if (result.returncode != 0) != expect_failure:
            raise Failed(f"{' '.join(map(str, command))}\nexit code {result.returncode}\n"
                         f"{result.stdout}")
        return result.stdout

    def compiler(self, *flags, std=None):
        command = [self.options.compiler, f"-std={std or 'c++' + self.options.std}", *WARNINGS,
                   "-I", self.include, *flags]
        if self.split:
            command.append("-DONESOCK_SPLIT")
        if not self.windows and NO_THREADS not in flags:
            command.append("-pthread")
        return command

    def syntax(self, source, *flags, std=None):
        self.output(self.compiler("-fsyntax-only", *flags, std=std) + [SHAPE / source])

    def rejects(self, source, message, *flags, std=None):
        said = self.output(self.compiler("-fsyntax-only", *flags, std=std) + [SHAPE / source],
                           expect_failure=True)
        if message not in said:
            raise Failed(f"{source} is rejected, but not with '{message}':\n{said}")

    def object(self, source, *flags, std=None):
        if self.options.compile_only:
            return self.syntax(source, *flags, std=std)
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".o", delete=False) as target:
            self.output(self.compiler("-c", *flags, std=std) + [SHAPE / source, "-o", target.name])
        return target.name

    def program(self, name, objects, *flags, std=None):
        """Links the objects, with the bodies if they are elsewhere, and runs the program."""
        if self.options.compile_only:
            return
        if self.split:
            objects = [*objects, self.object("implementation_late.cpp", *flags, std=std)]
        target = self.folder / (name + ".exe")
        system = ["-static", "-lws2_32"] if self.windows else ["-pthread"]
        if NO_THREADS in flags and not self.windows:
            system = []
        self.output([self.options.compiler, *objects, "-o", target, *system])
        if not self.windows:
            self.output([target])
        elif self.options.runner:
            self.output([self.options.runner, target])

    # The checks.

    def check_two_translation_units(self):
        self.program("two_tus", [self.object("two_tus_a.cpp"), self.object("two_tus_b.cpp")])

    def check_every_public_function(self):
        self.program("every", [self.object("every_public_function.cpp", "-O1")])

    def check_gnu_mode(self):
        self.syntax("every_public_function.cpp", std="gnu++" + self.options.std)

    def check_no_exceptions(self):
        self.program("no_exceptions", [self.object("no_exceptions.cpp", *NO_EXCEPTIONS)],
                     *NO_EXCEPTIONS)

    def check_no_threads(self):
        """No object asks for a thread; weak symbols are libstdc++'s own question whether there are any."""
        objects = [self.object(source, NO_THREADS) for source in
                   ["no_threads.cpp", *(["implementation_late.cpp"] if self.split else [])]]
        if self.options.compile_only:
            return
        nm = self.output([self.options.compiler, "-print-prog-name=nm"]).strip()
        asked = re.findall(r"\bU (\w*(?:pthread_|beginthread)\w*)", self.output([nm, "-u", *objects]))
        if asked:
            raise Failed(f"without threads, but: {' '.join(sorted(set(asked)))}")
        self.program("no_threads", objects[:1], NO_THREADS)

    def check_mixed_modes(self):
        if not self.split:
            self.program("mixed_modes", [self.object("mixed_modes_a.cpp"),
                                         self.object("mixed_modes_b.cpp", *NO_EXCEPTIONS)])

    def check_hostile_macros(self):
        self.syntax("hostile_macros.cpp")

    def check_implementation_late(self):
        self.syntax("implementation_late.cpp")

    def check_no_leak(self):
        if self.split:
            self.syntax("no_leak.cpp")

    def check_windows_first(self):
        if self.windows and self.split:
            self.syntax("windows_first.cpp")
        elif self.windows:
            self.rejects("windows_first.cpp", "#error \"onesock")

    def check_windows_after(self):
        if self.windows:
            self.syntax("windows_after.cpp")

    def check_older_language(self):
        self.rejects("two_tus_b.cpp", "onesock needs C++17", std="c++14")

    def check_each_header_alone(self, header):
        source = self.folder / (header.relative_to(ROOT).as_posix().replace("/", "_") + ".cpp")
        source.write_text(f'#include "{header}"\n#include "{header}"\n', encoding="utf-8")
        self.syntax(source)

    def check_readme(self, number, snippet):
        """A snippet without an #include stands for the inside of a function."""
        if "#include" not in snippet:
            snippet = ('#include "onesock.hpp"\n#include <iostream>\n'
                       f'int snippet();\nint snippet() {{\n{snippet}return 0; }}\n')
        source = self.folder / f"readme_{number}.cpp"
        source.write_text(snippet, encoding="utf-8")
        self.syntax(source)

    def checks(self):
        """All of them, as (name, function, arguments)."""
        headers = [self.include / "onesock.hpp"]
        if self.options.form == "include":
            headers = [path for path in sorted(self.include.rglob("*.hpp"))
                       if not path.name.startswith("macros")]
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        snippets = re.findall(r"^```cpp\n(.*?)^```", readme, re.S | re.M)
        if self.options.compile_only:
            snippets = []
        for name in dir(self):
            if not name.startswith("check_"):
                continue
            function, title = getattr(self, name), name[len("check_"):]
            if title == "each_header_alone":
                yield from ((f"{title} {path.name}", function, [path]) for path in headers)
            elif title == "readme":
                yield from ((f"{title} {i}", function, [i, s]) for i, s in enumerate(snippets, 1))
            else:
                yield title, function, []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--std", default="17", choices=["17", "20"])
    parser.add_argument("--form", default="single", choices=["single", "include", "split"])
    parser.add_argument("--compile-only", action="store_true",
                        help="link and run nothing, and leave the README alone")
    parser.add_argument("--runner", help="runs Windows programs (wine)")
    options = parser.parse_args()

    failed = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = [(name, pool.submit(function, *arguments))
                  for name, function, arguments in Shape(options, folder).checks()]
        for name, check in checks:
            try:
                check.result()
            except (Failed, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"FAILED: {name}\n{error}")
    print(f"shape: {options.compiler}, C++{options.std}, {options.form}: "
          f"{len(checks)} checks, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
