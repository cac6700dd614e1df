// onesock: the system's socket as public classes store it, without a system header.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "../config.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// A file descriptor (POSIX) or a SOCKET (Windows, unsigned and pointer-wide). -1 and
/// INVALID_SOCKET are both `invalid`.
enum class Handle : std::uintptr_t { invalid = ~static_cast<std::uintptr_t>(0) };

}  // namespace detail
ONESOCK_END_NAMESPACE
