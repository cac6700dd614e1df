#!/usr/bin/env python3
# onesock: checks the layer rules of include/onesock that no compiler checks.
# SPDX-License-Identifier: MIT
"""Prints each violation as file:line: rule, and exits 1 if there is one.

`--self-test` plants a violation of every rule in a copy and fails if one is not caught.
"""
import argparse
import re
import shutil
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Who may include whom: the files named, and everything below them. A file's name stands for its
# .hpp and its .ipp; what only the .ipp may see stands in BODIES.
ARROWS = {
    "version": "",
    "detail/macros": "",
    "detail/macros_end": "",
    "config": "version detail/macros",
    "encoding": "config",
    "buffer": "encoding",
    "address": "config",
    "error": "address",
    "block_list": "error",
    "options": "address error block_list",
    "listener": "config",
    "loop": "error listener",
    "socket": "loop buffer options",
    "server": "socket",
    "client": "buffer options detail/handle",
    "detail/handle": "config",
    "detail/never_destroyed": "config",
    "detail/clock": "config",
    "detail/room": "config",
    "detail/event": "listener",
    "detail/os": "detail/handle error address",
    "detail/os_sockaddr": "detail/os",
    "detail/os_posix": "detail/os_sockaddr",
    "detail/os_windows": "detail/os_sockaddr",
    "detail/poller": "detail/handle detail/clock detail/room",
    "detail/os_select_posix": "detail/poller",
    "detail/os_select_windows": "detail/poller",
    "detail/mailbox": "detail/os listener",
    "detail/resolver": "detail/mailbox",
    "detail/connector": "detail/resolver options detail/poller",
    "detail/listener_socket": "options detail/handle",
    "detail/loop_state": "loop detail/event detail/poller detail/resolver",
    "detail/write_queue": "buffer listener",
    "detail/connection": "socket detail/loop_state detail/connector detail/write_queue",
    "detail/server_state": "server detail/connection detail/listener_socket",
    "framing": "socket client",
    "onesock": "server framing detail/macros_end detail/bodies",
    "detail/bodies": "server framing detail/os detail/connector detail/loop_state "
                     "detail/server_state detail/macros_end",
}
BODIES = {
    "error": "detail/never_destroyed",
    "detail/os": "detail/poller detail/os_sockaddr detail/os_posix detail/os_windows detail/os_select_posix "
                 "detail/os_select_windows",
    "detail/listener_socket": "detail/os detail/connector",
    "loop": "detail/loop_state",
    "socket": "detail/connection detail/never_destroyed",
    "server": "detail/server_state",
    "client": "detail/connector detail/listener_socket detail/never_destroyed",
}

# What the oldest compiler of our users has whole, and needs no further library for: GCC 8. Not in
# the list, and why: <filesystem> (a library), <memory_resource>, <execution> (GCC 9), all of C++20;
# <thread>, <mutex>, <future> (threads start in os.ipp only); <iostream> (code before main).
# <charconv> is for integers: floating point came with GCC 11.
STANDARD_HEADERS = set("""
    algorithm array atomic charconv chrono cerrno climits csignal cstddef cstdint cstdio cstdlib cstring
    deque exception functional initializer_list iosfwd iterator limits list map memory new optional
    ostream set string string_view system_error type_traits unordered_map utility vector
""".split())

# (what, where it may stand, rule); comments and strings are not looked at.
WORDS = [
    (r"\b_WIN32\b", r"detail/os\.ipp", "_WIN32 stands only in detail/os.ipp"),
    (r"\b(__APPLE__|__linux__|__linux|__unix__|__FreeBSD__|__OpenBSD__|__NetBSD__|__DragonFly__|"
     r"__ANDROID__|__sun|__MINGW32__|__CYGWIN__|_WIN64)\b",
     r"detail/os\w*\.ipp", "a test for a system stands only in detail/os*"),
    (r"\b(errno|WSAGetLastError|WSAE\w+|EAI_\w+|E[A-Z][A-Z0-9]+)\b",
     r"detail/os\w*\.ipp", "the system's error numbers stand only in detail/os*"),
    (r"\.\s*at\s*\(", "", ".at() throws"),
    (r"(?<!code)\.\s*value\s*\(\s*\)", r"detail/os\w*\.ipp", ".value() of an optional throws"),
    (r"\bstd::sto[a-z]+\b", "", "std::sto* throws"),
    (r"\bstd::(thread|mutex|async)\b", "", "std::thread, std::mutex and std::async are not used"),
    (r"\b(try|catch)\b", "", "nothing is caught: handlers' exceptions pass out of run()"),
    (r"\b(dynamic_cast|typeid)\b", "", "no RTTI"),
    (r"\bassert\b", "", "no assert"),
    (r"\[\[(likely|unlikely|no_unique_address)\b", "", "an attribute of C++20"),
    (r"\b(chars_format|hardware_\w+_interference_size)\b", "",
     "floating point in <charconv>, and this, came after GCC 8"),
    (r"\b(min|max)\s*\(", "", "write (std::min)(a, b): <windows.h> has a macro"),
]


class Source:
    """One file: its lines, and the same lines with comments and literals blanked."""

    def __init__(self, path, include_dir):
        self.name = path.relative_to(include_dir).as_posix()
        self.unit, self.suffix = self.name.rsplit(".", 1)
        self.in_system = re.fullmatch(r"detail/os\w*\.ipp", self.name) is not None
        text = path.read_text(encoding="utf-8")
        self.lines = text.splitlines()
        self.code = re.sub(
            r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",
            lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)
        self.code_lines = self.code.splitlines()

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1


def below(unit, suffix):
    """Everything that a file may see, itself included."""
    seen, todo = set(), [unit]
    todo += BODIES.get(unit, "").split() if suffix == "ipp" else []
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += ARROWS.get(name, "").split()
    return seen


def check_includes(source):
    """Arrows point down; a header includes no body and no system header."""
    if source.unit not in ARROWS:
        yield 1, "this file is not in the table of arrows of tools/check_layers.py"
        return
    allowed = below(source.unit, source.suffix)
    for number, line in enumerate(source.lines, 1):
        include = re.match(r'\s*#\s*include\s+([<"])([^>"]+)', line)
        if not include:
            continue
        kind, name = include.groups()
        if kind == "<":
            if name in STANDARD_HEADERS:
                continue
            if re.fullmatch(r"[a-z_0-9]+", name):
                yield number, f"<{name}>: not in the list of standard headers of tools/check_layers.py"
            elif not source.in_system:
                yield number, f"<{name}>: system headers stand only in detail/os*.ipp"
            continue
        parts = []
        for part in (Path(source.name).parent / name).parts:
            parts = parts[:-1] if part == ".." else parts + [part]
        target = "/".join(parts)
        if target.rsplit(".", 1)[0] not in allowed:
            yield number, f"{source.unit} may not include {target}: arrows point down only"
        if target.endswith(".ipp") and source.suffix == "hpp" and source.unit != "onesock":
            yield number, "a .hpp never includes a .ipp"


def check_strangers(source, owners, declared):
    """A file names no type of a file that it may not see, unless it declares one of that name."""
    if source.unit not in ARROWS:
        return
    allowed = below(source.unit, source.suffix)
    known = set(declared[source.unit])
    for number, line in enumerate(source.code_lines, 1):
        for word in re.findall(r"\b[A-Z]\w+\b", line):
            owner = owners.get(word)
            if owner and not owner & allowed and word not in known:
                known.add(word)
                yield number, f"{word} belongs to {'/'.join(sorted(owner))}: {source.unit} may not know it"


def check_words(source):
    for pattern, home, rule in WORDS:
        if home and re.fullmatch(home, source.name):
            continue
        for found in re.finditer(pattern, source.code):
            yield source.line_of(found.start()), rule


def check_throw(source):
    """`throw` stands in one function: raise() in error.ipp."""
    if "throw" not in source.code:
        return
    function = ""
    for number, line in enumerate(source.code_lines, 1):
        opens = re.match(r"[\w\[].*?(\w+)\(", line)
        function = opens[1] if opens else function
        if re.search(r"\bthrow\b", line) and (source.name, function) != ("error.ipp", "raise"):
            yield number, "throw stands in one function: raise() in error.ipp"


def check_macros(source, macros_end):
    """What is defined is undefined again, but for the user's knobs and the guards."""
    for number, line in enumerate(source.code_lines, 1):
        define = re.match(r"\s*#\s*define\s+(\w+)", line)
        if not define:
            continue
        name = define[1]
        if not name.startswith("ONESOCK_") and not source.in_system:
            yield number, f"{name}: our macros begin with ONESOCK_"
        if source.name == "detail/macros.hpp":
            if not re.search(rf"^#undef {name}$", macros_end, re.M):
                yield number, f"{name} is not undefined in detail/macros_end.hpp"
        elif source.name not in ("onesock.hpp", "version.hpp", "config.hpp"):
            if not re.search(rf"^\s*#\s*undef\s+{name}$", source.code, re.M):
                yield number, f"{name} is not undefined at the end of this file"


def check_layout(source):
    """No macro changes what a public header declares."""
    if source.suffix != "hpp" or source.name in ("onesock.hpp", "version.hpp", "config.hpp",
                                                 "detail/macros.hpp", "detail/macros_end.hpp"):
        return
    for number, line in enumerate(source.code_lines, 1):
        if re.match(r"\s*#\s*if", line):
            yield number, "no #if in a header: no macro changes a class"


def public_names(source):
    """(line, class, name) of each public type and function of a header; special members are none."""
    if source.suffix != "hpp" or source.name.startswith("detail/") or source.unit == "onesock":
        return
    hidden, public, in_class, start, statement = 0, True, "", 0, ""
    for number, code in enumerate(source.code_lines, 1):
        if hidden or re.match(r"namespace (detail|std) \{", code):
            hidden += code.count("{") - code.count("}")
            continue
        access = re.match(r" (public|protected|private):", code)
        if access:
            public = access[1] == "public"
        elif code.startswith("}"):
            public, in_class = True, ""
        if access or not re.match(r"\s*[^\s#]", code) or re.match(r"ONESOCK_|\}", code):
            continue
        start = start if statement else number
        statement = f"{statement} {code.strip()}".strip()
        opens = re.match(r"(?:template <[^;{]*> )?(class|struct) (\w+)[^;{]*\{$", statement)
        if opens and not in_class:
            yield start, "", opens[2]
            in_class, public, statement = opens[2], opens[1] == "struct", ""
            continue
        nested = sum(map(statement.count, "({")) - sum(map(statement.count, ")}"))
        if nested or statement[-1] not in ";}":
            continue
        name = declared_name(statement)
        if public and name and name not in (in_class, "~" + in_class):
            yield start, in_class, name
        statement = ""


def check_documented(source):
    """A /// comment stands above each public name, or above its paragraph; what means the same as in
    the standard library needs none."""
    for number, _, name in public_names(source):
        if name not in ("data", "size", "empty", "begin", "end", "swap", "operator"):
            yield from undocumented(source, number, name)


def check_used(source, user):
    """tests/shape/every_public_function.cpp lives up to its name: `socket.pause`, `onesock::run`."""
    for number, owner, name in public_names(source):
        variable = re.sub(r"(?<!^)(?=[A-Z])", "_", owner).lower()
        places = rf"{variable}\.|onesock::{owner}::" if owner else "onesock::"
        if name != "operator" and not re.search(rf"\b({places}){name}\b", user):
            where = f"{owner}::{name}" if owner else name
            yield number, f"tests/shape/every_public_function.cpp does not use {where}"


def declared_name(statement):
    """The name of the function or type declared; "" for a field or a forward declaration."""
    statement = re.sub(r"^\s*template <.*?> (?=\w)", "", statement)
    named_type = re.match(r"\s*(?:enum class (\w+)|using (\w+) =)", statement)
    if named_type:
        return named_type[1] or named_type[2]
    if re.match(r"\s*(class|struct|friend class|friend struct) [\w:<>]+;", statement):
        return ""
    if re.match(r"[^(]*\boperator\b", statement):
        return "operator"
    function = re.search(r"(~?\b\w+)\s*\(", statement.split(" = ")[0])
    return function[1] if function else ""


def undocumented(source, number, name):
    """Looks for a comment on the line itself and from there up to a blank line."""
    if "///<" in source.lines[number - 1]:
        return
    for line in reversed(source.lines[:number - 1]):
        if line.strip().startswith("///"):
            return
        if not line.strip() or line.strip() in ("public:", "protected:", "private:"):
            break
    yield number, f"{name} has no /// comment"


def functions_of(code, declared):
    """Names of the functions that stand at the left edge: declared ones, or bodies."""
    if declared:
        pattern = r"^(?!ONESOCK_|namespace|struct|class|enum|using)[a-zA-Z][\w:&<>* ]*?\b(\w+)\("
    else:
        pattern = r"^(?:ONESOCK_INLINE|inline)\s(?!constexpr)[^;{}(]*?((?:\w+::)*~?\w+)\("
    return [(match[1], match.start()) for match in re.finditer(pattern, code, re.M)]


def check_twins(sources):
    """The twins keep the contract, and what both have stands in the same order in both."""
    twins = [("detail/os_posix.ipp", "detail/os_windows.ipp", "detail/os.hpp"),
             ("detail/os_select_posix.ipp", "detail/os_select_windows.ipp", None)]
    for left, right, contract in twins:
        if left not in sources or right not in sources:
            continue
        ours = functions_of(sources[left].code, declared=False)
        theirs = functions_of(sources[right].code, declared=False)
        both = {name for name, _ in ours} & {name for name, _ in theirs}
        for (name, _), (other, offset) in zip_longest((f for f in ours if f[0] in both),
                                                      (f for f in theirs if f[0] in both),
                                                      fillvalue=("nothing", 0)):
            if name != other:
                yield right, sources[right].line_of(offset), f"has {other} where {left} has {name}"
                break
        for name, offset in functions_of(sources[contract].code, declared=True) if contract else []:
            if name not in both:
                yield contract, sources[contract].line_of(offset), f"{name} is not in both twins"


def check_version(source):
    text = "\n".join(source.lines)
    numbers = ".".join(re.findall(r"#define ONESOCK_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))
    if f'#define ONESOCK_VERSION "{numbers}"' not in text:
        yield 1, f"ONESOCK_VERSION is not the three numbers, {numbers}"


def check(root):
    """All violations as (file, line, rule)."""
    include_dir = root / "include" / "onesock"
    files = [path for path in sorted(include_dir.rglob("*")) if path.suffix in (".hpp", ".ipp")]
    sources = {source.name: source for source in (Source(path, include_dir) for path in files)}
    owners, declared = {}, {}
    for source in sources.values():
        declared.setdefault(source.unit, set()).update(
            re.findall(r"\b(?:class|struct|enum class) (\w+)", source.code))
        for name in re.findall(r"^(?:class|struct|enum class) (\w+)[^;{]*\{", source.code, re.M):
            owners.setdefault(name, set()).add(source.unit)
    user = (ROOT / "tests" / "shape" / "every_public_function.cpp").read_text(encoding="utf-8")
    macros_end = sources["detail/macros_end.hpp"].code
    for name, source in sources.items():
        found = [*check_includes(source), *check_strangers(source, owners, declared), *check_words(source),
                 *check_throw(source), *check_macros(source, macros_end), *check_layout(source),
                 *check_documented(source), *check_used(source, user)]
        if name == "version.hpp":
            found += check_version(source)
        yield from ((f"include/onesock/{name}", line, rule) for line, rule in found)
    for name, line, rule in check_twins(sources):
        yield f"include/onesock/{name}", line, rule


# (file, what is put behind its end, a part of the rule that must be reported)
PLANTS = [
    ("stranger.hpp", "", "not in the table"),
    ("buffer.hpp", '#include "loop.hpp"', "may not include loop.hpp"),
    ("client.ipp", '#include "loop.hpp"', "may not include loop.hpp"),
    ("loop.hpp", '#include "loop.ipp"', "never includes a .ipp"),
    ("socket.hpp", "#include <sys/socket.h>", "system headers"),
    ("loop.ipp", "#include <winsock2.h>", "system headers"),
    ("buffer.hpp", "#include <span>", "list of standard headers"),
    ("loop.ipp", "#include <memory_resource>", "list of standard headers"),
    ("detail/os_posix.ipp", "#include <filesystem>", "list of standard headers"),
    ("address.ipp", "inline double f() { return g(std::chars_format::fixed); }", "floating point"),
    ("loop.ipp", "inline int f(int i) { if (i) [[likely]] return 1; return 0; }", "C++20"),
    ("client.ipp", "inline void f(Loop&);", "Loop belongs to loop"),
    ("detail/os_posix.ipp", "#ifdef _WIN32\n#endif", "only in detail/os.ipp"),
    ("loop.ipp", "#ifdef __APPLE__\n#endif", "a test for a system"),
    ("socket.ipp", "inline int f() { return errno; }", "error numbers"),
    ("error.ipp", "inline int f() { return ECONNRESET; }", "error numbers"),
    ("address.ipp", "inline int f() { return x.at(0); }", ".at()"),
    ("address.ipp", "inline int f() { return x.value(); }", ".value()"),
    ("address.ipp", "inline int f() { return std::stoi(x); }", "std::sto*"),
    ("loop.ipp", "inline std::mutex& f();", "std::mutex"),
    ("loop.ipp", "inline void f() { try { } }", "nothing is caught"),
    ("loop.ipp", "inline void* f() { return dynamic_cast<void*>(x); }", "RTTI"),
    ("loop.ipp", "inline void f() { assert(true); }", "no assert"),
    ("loop.ipp", "inline int f() { return std::min(1, 2); }", "<windows.h> has a macro"),
    ("loop.ipp", "inline void f() {\n  throw 1;\n}", "one function"),
    ("error.ipp", "inline void f() {\n  throw 1;\n}", "one function"),
    ("detail/macros.hpp", "#define ONESOCK_LEFT_OVER", "not undefined in detail/macros_end.hpp"),
    ("loop.ipp", "#define ONESOCK_LEFT_OVER", "at the end of this file"),
    ("config.hpp", "#define LEFT_OVER", "begin with ONESOCK_"),
    ("socket.hpp", "#ifdef ONESOCK_NO_THREADS\n#endif", "no #if in a header"),
    ("loop.hpp", "\nvoid undocumented_function();", "undocumented_function has no /// comment"),
    ("loop.hpp", "\nclass Undocumented {\n public:\n  int f();\n};", "Undocumented has no ///"),
    ("loop.hpp", "\n/// One.\nclass One {\n public:\n  int two();\n};", "two has no /// comment"),
    ("loop.hpp", "\n/// One.\nint unused_function();", "does not use unused_function"),
    ("detail/os.hpp", "\nvoid promised();", "promised is not in both twins"),
    ("detail/os_windows.ipp", "ONESOCK_INLINE int native(Handle, int) {}", "has native where"),
    ("version.hpp", "#define ONESOCK_VERSION_PATCH 99", "not the three numbers"),
]


def self_test():
    before = {(name, rule) for name, _, rule in check(ROOT)}
    missed = 0
    for name, text, expected in PLANTS:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            shutil.copytree(ROOT / "include", copy / "include")
            with open(copy / "include" / "onesock" / name, "a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            new = {(where, rule) for where, _, rule in check(copy)} - before
        if not any(expected in rule for _, rule in new):
            missed += 1
            print(f"not caught: {text!r} in {name} ({expected})")
    print(f"{len(PLANTS) - missed} of {len(PLANTS)} planted violations caught")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="plant violations, see them caught")
    if parser.parse_args().self_test:
        sys.exit(1 if self_test() else 0)
    violations = list(check(ROOT))
    for name, line, rule in violations:
        print(f"{name}:{line}: {rule}")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
