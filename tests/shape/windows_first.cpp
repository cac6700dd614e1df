// onesock: <windows.h> stands first: it brought the old winsock in, and its min and max macros.
// SPDX-License-Identifier: MIT
//
// Split mode just works; header-only mode says what to do.

#include <windows.h>

#include "onesock.hpp"

int main() {
  return onesock::is_ip("::1") == 6 ? 0 : 1;
}
