// onesock: a program and a library with a copy of onesock each, side by side and with each other.
// SPDX-License-Identifier: MIT
//
// own_copy_library.cpp is linked in, is a shared library that is linked, or one that is loaded.

#include "own_copy.hpp"

#include <chrono>
#include <cstdio>

#include "echo.hpp"

namespace {

bool fail(const char* what) {
  std::fprintf(stderr, "not so: %s\n", what);
  return false;
}

/// The library serves, the program asks; each turns its own loop.
bool talk(const OwnCopy& library) {
  std::string answer;
  const auto socket = onesock::connect(library.listen(), "127.0.0.1");
  socket.write("hello");
  socket.on_data([&](onesock::BufferView data) {
    answer += data.raw();
    if (answer == "hello") socket.end();
  });
  bool mine = true;
  bool theirs = true;
  while (mine || theirs) {
    mine = onesock::run_once(std::chrono::milliseconds(1));
    theirs = library.turn();
  }
  return answer == "hello" || fail("they talk");
}

bool live_beside(const OwnCopy& library) {
  // Whether two of one mode are one is up to the system.
  if (!library.exceptions && library.loop() == &onesock::default_loop())
    return fail("with exceptions and without are two libraries");
  return (echo_once() || fail("the program's echo")) &&
         (library.echo() || fail("the library's echo")) && talk(library);
}

}  // namespace

int main(int, char** arguments) {
  const OwnCopy* const library = open_library(arguments[1]);
  if (library == nullptr) return fail("the library loads") ? 0 : 1;
  const bool lived = live_beside(*library);
  const bool left = close_library() || fail("the library unloads");
  return lived && left && (echo_once() || fail("the program goes on alone")) ? 0 : 1;
}
