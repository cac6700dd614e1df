// onesock: the helper macros of both halves of the header; macros_end.hpp takes them away again.
// SPDX-License-Identifier: MIT
//
// No include guard: the declarations open and close them, and so do the bodies.

#ifndef ONESOCK_BEGIN_NAMESPACE

#ifdef ONESOCK_SPLIT
#define ONESOCK_INLINE
#define ONESOCK_ABI_SPLIT s
#else
#define ONESOCK_INLINE inline
#define ONESOCK_ABI_SPLIT
#endif

#ifdef ONESOCK_NO_EXCEPTIONS
#define ONESOCK_ABI_EXCEPTIONS x
#else
#define ONESOCK_ABI_EXCEPTIONS
#endif

#ifdef ONESOCK_NO_THREADS
#define ONESOCK_ABI_THREADS t
#else
#define ONESOCK_ABI_THREADS
#endif

// The inline namespace names the version and a letter for each switch that changes a body, so that
// a mix of them in one program is two libraries side by side, or a link error.
#define ONESOCK_ABI_JOIN2(major, minor, patch, split, exceptions, threads) \
  v##major##_##minor##_##patch##_##split##exceptions##threads
#define ONESOCK_ABI_JOIN(major, minor, patch, split, exceptions, threads) \
  ONESOCK_ABI_JOIN2(major, minor, patch, split, exceptions, threads)
#define ONESOCK_ABI                                                                     \
  ONESOCK_ABI_JOIN(ONESOCK_VERSION_MAJOR, ONESOCK_VERSION_MINOR, ONESOCK_VERSION_PATCH, \
                   ONESOCK_ABI_SPLIT, ONESOCK_ABI_EXCEPTIONS, ONESOCK_ABI_THREADS)

// What MSVC's /W4 asks about and is meant so: a condition that a type or the system makes constant
// (4127), a local named as something global of the user's (4459), an ONESOCK_FATAL that does not
// return (4702); and noexcept without /EHsc (4577).
#ifdef _MSC_VER
#pragma warning(push)
#pragma warning(disable : 4127 4459 4577 4702)
#endif

#define ONESOCK_BEGIN_NAMESPACE \
  namespace onesock {           \
  inline namespace ONESOCK_ABI {
#define ONESOCK_END_NAMESPACE \
  }                           \
  }

#endif
