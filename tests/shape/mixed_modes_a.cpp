// onesock: half a program with exceptions; the other half, mixed_modes_b.cpp, has none.
// SPDX-License-Identifier: MIT

#include "echo.hpp"

const void* loop_without_exceptions();
bool echo_without_exceptions();

// Two libraries side by side: a loop each, and both work.
int main() {
  const void* loop = &onesock::default_loop();
  return loop != loop_without_exceptions() && echo_once() && echo_without_exceptions() ? 0 : 1;
}
