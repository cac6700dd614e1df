// onesock: what a library that has its own copy of onesock does for the program; see own_copy.cpp.
// SPDX-License-Identifier: MIT
#pragma once

struct OwnCopy {
  bool (*echo)();
  /// Listens on its default loop; returns the port.
  int (*listen)();
  /// One turn of its default loop; false when nothing is left.
  bool (*turn)();
  const void* (*loop)();
  bool exceptions;
};

#ifdef _WIN32
extern "C" __declspec(dllexport) const OwnCopy* own_copy();
#else
extern "C" __attribute__((visibility("default"))) const OwnCopy* own_copy();
#endif

/// In own_copy_linked.cpp, and in own_copy_loaded.cpp: the library at `path`.
const OwnCopy* open_library(const char* path);
bool close_library();
