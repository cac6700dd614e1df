// onesock: Catch2, whichever major version is installed.
// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>  // 3.x
#else
#include <catch2/catch.hpp>  // 2.13
#endif
