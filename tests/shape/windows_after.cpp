// onesock: <windows.h> stands behind onesock, as its user likes it.
// SPDX-License-Identifier: MIT

#include <string>
#undef NOMINMAX  // MinGW's standard library sets it

#include "onesock.hpp"

#ifdef NOMINMAX
#error "NOMINMAX is the user's to set"
#endif
#ifdef WIN32_LEAN_AND_MEAN
#error "WIN32_LEAN_AND_MEAN is the user's to set"
#endif

#include <windows.h>

#include "onesock.hpp"

int main() {
  const HANDLE process = GetCurrentProcess();
  return process != nullptr && onesock::is_ip("::1") == 6 ? 0 : 1;
}
