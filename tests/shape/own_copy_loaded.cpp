// onesock: the program's library, loaded and unloaded by it, as a plug-in is.
// SPDX-License-Identifier: MIT

#include "own_copy.hpp"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace {
using Entry = decltype(own_copy);
void* library = nullptr;
}  // namespace

#ifdef _WIN32

const OwnCopy* open_library(const char* path) {
  const HMODULE module = ::LoadLibraryA(path);
  library = module;
  if (module == nullptr) return nullptr;
  const auto entry = reinterpret_cast<void*>(::GetProcAddress(module, "own_copy"));
  return entry == nullptr ? nullptr : reinterpret_cast<Entry*>(entry)();
}

bool close_library() {
  return ::FreeLibrary(static_cast<HMODULE>(library)) != 0;
}

#else

const OwnCopy* open_library(const char* path) {
  library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* const entry = library == nullptr ? nullptr : ::dlsym(library, "own_copy");
  return entry == nullptr ? nullptr : reinterpret_cast<Entry*>(entry)();
}

bool close_library() {
  return ::dlclose(library) == 0;
}

#endif
