// onesock: works where exceptions and RTTI are off.
// SPDX-License-Identifier: MIT

#include "echo.hpp"

int main() {
  return echo_once() ? 0 : 1;
}
