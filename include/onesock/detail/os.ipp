// onesock: the one place that asks which system this is; it picks one twin and the way to wait.
// SPDX-License-Identifier: MIT

#include "os.hpp"
#include "poller.hpp"

// Cygwin is a POSIX system, whatever -mwin32 defines.
#if defined(_WIN32) && !defined(__CYGWIN__)

#if defined(_WINSOCKAPI_) && !defined(_WINSOCK2API_)
#error \
    "onesock: <windows.h> came first, and brought the old <winsock.h>. Include onesock.hpp (or <winsock2.h>) before it, define WIN32_LEAN_AND_MEAN before it, or define ONESOCK_SPLIT (see config.hpp)."
#endif

#ifdef _MSC_VER
#pragma comment(lib, "ws2_32.lib")
#endif

// <windows.h> would make min and max macros. WIN32_LEAN_AND_MEAN is left alone: it would hide
// things from the user's own <windows.h> behind us.
#ifndef NOMINMAX
#define NOMINMAX
#define ONESOCK_DEFINED_NOMINMAX
#endif

#include "os_windows.ipp"
#include "os_select_windows.ipp"

#ifdef ONESOCK_DEFINED_NOMINMAX
#undef NOMINMAX
#undef ONESOCK_DEFINED_NOMINMAX
#endif

#else

#include "os_posix.ipp"
#include "os_select_posix.ipp"

#endif

#include "os_sockaddr.ipp"
