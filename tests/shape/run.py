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
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHAPE = Path(__file__).resolve().parent
ROOT = SHAPE.parent.parent
WARNINGS = ROOT / "tools" / "warnings"
NO_EXCEPTIONS = ["-fno-exceptions", "-fno-rtti"]
NO_THREADS = "-DONESOCK_NO_THREADS"
# What else a library may be compiled with, whatever its program is.
OTHER_HABITS = [*NO_EXCEPTIONS, "-O1", "-fvisibility=hidden", "-ffast-math", "-fshort-enums",
                "-fno-threadsafe-statics"]
# Sections and functions by which code runs before main: ELF, Mach-O, COFF.
CONSTRUCTORS = [b".init_array", b".ctors", b"__mod_init_func", b".CRT$XC", b"_GLOBAL__sub_I_"]


class Failed(Exception):
    pass


class Shape:
    """One compiler with one standard and one form; each check_... is one check, or yields some."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = Path(folder)
        machine = self.output([options.compiler, "-dumpmachine"])
        self.clang = "clang" in self.output([options.compiler, "--version"])
        sets = ["clang.txt", "clang-tests.txt"] if self.clang else ["gcc.txt"]
        self.warnings = [flag for name in sets for flag in
                         re.findall(r"^-\S+", (WARNINGS / name).read_text(encoding="utf-8"), re.M)]
        self.windows = "mingw" in machine or "windows" in machine
        self.split = options.form == "split"
        self.include = ROOT / ("include/onesock" if options.form == "include" else "single_include")
        self.made = {}
        self.locks = {}
        self.place_other_copy()

    # What the checks are made of.

    def output(self, command, expect_failure=False):
        result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                                errors="replace", timeout=600, check=False)
        if (result.returncode != 0) != expect_failure:
            raise Failed(f"{' '.join(map(str, command))}\nexit code {result.returncode}\n"
                         f"{result.stdout}")
        return result.stdout

    def once(self, make, *arguments):
        """What make(*arguments) returns; who asks again gets what was made then."""
        key = (make.__name__, arguments)
        with self.locks.setdefault(key, threading.Lock()):
            if key not in self.made:
                self.made[key] = make(*arguments)
            return self.made[key]

    def place_other_copy(self):
        """The header at another path, and not quite the same; users copy the single one only."""
        other = self.folder / "other"
        if self.options.form == "include":
            return other.symlink_to(self.include)
        other.mkdir()
        text = (self.include / "onesock.hpp").read_text(encoding="utf-8")
        (other / "onesock.hpp").write_text("// A copy.\n" + text, encoding="utf-8")

    def compiler(self, *flags, std=None):
        command = [self.options.compiler, f"-std={std or 'c++' + self.options.std}", *self.warnings,
                   "-I", self.include, "-I", self.folder, *flags]
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

    def object(self, source, *flags):
        if self.options.compile_only:
            return self.syntax(source, *flags)
        return self.once(self.new_object, source, *flags)

    def new_object(self, source, *flags):
        if self.windows:  # MinGW's ld takes long for unoptimized objects.
            flags = ["-O1", *flags]
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".o", delete=False) as target:
            self.output(self.compiler("-c", *flags) + [SHAPE / source, "-o", target.name])
        return target.name

    def link(self, name, objects, *flags):
        target = self.folder / name
        system = ["-static", "-lws2_32"] if self.windows else ["-pthread"]
        if NO_THREADS in flags and not self.windows:
            system = []
        self.output([self.options.compiler, *objects, "-o", target, *flags, *system])
        return target

    def run(self, program, *arguments):
        if not self.windows:
            self.output([program, *arguments])
        elif self.options.runner:
            self.output([self.options.runner, program, *arguments])

    def program(self, name, objects, *flags):
        """Links the objects, with the bodies if they are elsewhere, and runs the program."""
        if self.options.compile_only:
            return
        if self.split:
            objects = [*objects, self.object("implementation_late.cpp", *flags)]
        self.run(self.link(name + ".exe", objects, *flags))

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

    def check_own_copies(self):
        """A program and a library, header-only each, in one file, linked, and loaded."""
        if self.split:
            return
        program = self.object("own_copy.cpp")
        same = self.object("own_copy_library.cpp", "-fPIC")
        other = self.object("own_copy_library.cpp", "-fPIC", *OTHER_HABITS)
        linked, loaded = (self.object(f"own_copy_{how}.cpp") for how in ("linked", "loaded"))
        if self.options.compile_only:
            return
        self.run(self.link("own_copy_static.exe", [program, linked, other]))
        libraries = [self.link(name, [made], "-shared")
                     for name, made in (("same.dll", same), ("other.dll", other))]
        flags = [] if self.windows else [f"-Wl,-rpath,{self.folder}", "-ldl"]
        self.run(self.link("own_copy_linked.exe", [program, linked, libraries[0]], *flags))
        loader = self.link("own_copy_loaded.exe", [program, loaded], *flags)
        for library in libraries:
            self.run(loader, library)

    def check_no_constructors(self):
        """Nothing of ours runs before main."""
        if self.options.compile_only:
            return
        source = "implementation_late.cpp" if self.split else "two_tus_b.cpp"
        made = Path(self.object(source)).read_bytes()
        found = [mark.decode() for mark in CONSTRUCTORS if mark in made]
        if found:
            raise Failed(f"{source} runs code before main: {' '.join(found)}")

    def check_leaves_no_trace(self):
        fortified = [] if self.windows else ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"]
        self.program("leaves_no_trace", [self.object("leaves_no_trace.cpp", "-O1", *fortified)])

    def check_hostile_macros(self):
        self.syntax("hostile_macros.cpp")

    def check_implementation_late(self):
        self.syntax("implementation_late.cpp")

    def check_no_leak(self):
        """Split mode shows what the standard headers that it names show, and its own."""
        if not self.split:
            return
        self.syntax("no_leak.cpp")
        header = (self.include / "onesock.hpp").read_text(encoding="utf-8")
        declarations = header[:header.index("#define ONESOCK_BODIES")]
        standard = re.findall(r"^#include <\w+>", declarations, re.M)
        leaked = (self.preprocessed('#include "onesock.hpp"') -
                  self.preprocessed("\n".join(standard)) - {str(self.include / "onesock.hpp")})
        leaked = [name for name in sorted(leaked) if not name.startswith("ONESOCK_")]
        if leaked:
            raise Failed(f"split mode leaks {' '.join(leaked)}")

    def preprocessed(self, text):
        """The files and the macros that a source sees."""
        source = self.folder / "preprocessed.cpp"
        source.write_text(text + "\n", encoding="utf-8")
        shown = self.output(self.compiler("-E", "-dD") + [source])
        return set(re.findall(r'^# \d+ "([^"]+)"', shown, re.M)
                   + re.findall(r"^#define (\w+)", shown, re.M))

    def check_neighbours(self):
        if not self.windows:
            return self.syntax("neighbours.cpp")
        self.syntax("neighbours.cpp", "-D_WIN32_WINNT=0x0A00")
        self.syntax("neighbours.cpp", "-D_WIN32_WINNT=0x0600", "-DSYSTEM_FIRST", "-DWITH_NOMINMAX",
                    "-DWIN32_LEAN_AND_MEAN", "-DUNICODE", "-D_UNICODE")

    def check_windows_first(self):
        if self.windows and self.split:
            self.syntax("windows_first.cpp")
        elif self.windows:
            self.rejects("windows_first.cpp", "#error \"onesock")
            self.syntax("windows_first.cpp", "-DWIN32_LEAN_AND_MEAN")

    def check_older_language(self):
        self.rejects("two_tus_b.cpp", "onesock needs C++17", std="c++14")

    def check_no_warning_at_o2(self):
        """As a user's file, not a system header: -Wnull-dereference sees optimized code only."""
        if self.options.form != "include":
            source = "implementation_late.cpp" if self.split else "every_public_function.cpp"
            self.output(self.compiler("-c", "-O2") +
                        [SHAPE / source, "-o", self.folder / "optimized.o"])

    def check_each_header_alone(self, header):
        source = self.folder / (header.relative_to(ROOT).as_posix().replace("/", "_") + ".cpp")
        source.write_text(f'#include "{header}"\n#include "{header}"\n', encoding="utf-8")
        self.syntax(source)

    def precompile(self):
        """What makes a compiler take the header as precompiled; there is no other at that path."""
        header = self.folder / "precompiled" / "onesock.hpp"
        header.parent.mkdir()
        self.output(self.compiler("-x", "c++-header") +
                    [self.include / "onesock.hpp", "-o", f"{header}.gch"])
        return ["-include", header]

    def check_readme(self, number, snippet):
        """Precompiled, for speed and to see that it can be. Without an #include a snippet stands
        for the inside of a function."""
        if "#include" not in snippet:
            snippet = ('#include "onesock.hpp"\n#include <iostream>\n'
                       f'int snippet();\nint snippet() {{\n{snippet}return 0; }}\n')
        source = self.folder / f"readme_{number}.cpp"
        source.write_text(snippet, encoding="utf-8")
        self.syntax(source, *self.once(self.precompile))

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
    parser.add_argument("--std", default="17", choices=["17", "20", "2b", "23"])
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
