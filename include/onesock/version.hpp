// onesock: the version; CMake and Meson read it from here.
// SPDX-License-Identifier: MIT
#pragma once

#define ONESOCK_VERSION_MAJOR 0
#define ONESOCK_VERSION_MINOR 1
#define ONESOCK_VERSION_PATCH 0
#define ONESOCK_VERSION "0.1.0"
