// onesock: what a user may set before the include, and the language it needs.
// SPDX-License-Identifier: MIT
#pragma once

#include "version.hpp"

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 201703L
#error "onesock needs C++17: add -std=c++17 (MSVC: /std:c++17)"
#endif

// The two modes. Nothing defined: header-only, every body is inline. ONESOCK_SPLIT everywhere and
// ONESOCK_IMPLEMENTATION in one .cpp: declarations only elsewhere, so no system header is seen.
#if defined(ONESOCK_IMPLEMENTATION) && !defined(ONESOCK_SPLIT)
#define ONESOCK_SPLIT
#endif

// Built without exceptions (-fno-exceptions, MSVC without /EHsc)? Then nothing throws; see
// ONESOCK_FATAL.
#if !defined(ONESOCK_NO_EXCEPTIONS) && !defined(__cpp_exceptions) && !defined(__EXCEPTIONS) && \
    !defined(_CPPUNWIND)
#define ONESOCK_NO_EXCEPTIONS
#endif

// ONESOCK_NO_THREADS: for systems without threads. Names are resolved in place (that blocks the
// loop), and default_loop() is one for the whole process.

// ONESOCK_FATAL(message): what a build without exceptions does with a set-up error that nobody
// listens for. `message` is a const char*. Default: print it to stderr and abort().

#include "detail/macros.hpp"
