// onesock: half a program without exceptions; see mixed_modes_a.cpp.
// SPDX-License-Identifier: MIT

#include "echo.hpp"

#ifndef ONESOCK_NO_EXCEPTIONS
#error "this file is compiled with -fno-exceptions"
#endif

const void* loop_without_exceptions();
bool echo_without_exceptions();

const void* loop_without_exceptions() {
  return &onesock::default_loop();
}

bool echo_without_exceptions() {
  return echo_once();
}
