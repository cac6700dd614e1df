// onesock: what a global object may still ask for while the program ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <new>

#include "../config.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// The empty T of the whole program. Never destroyed: the destructor of a global object may ask.
template <class T>
const T& never_destroyed() {
  alignas(T) static unsigned char room[sizeof(T)];
  static const T* const one = new (static_cast<void*>(room)) T();
  return *one;
}

}  // namespace detail
ONESOCK_END_NAMESPACE
