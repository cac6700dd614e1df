// onesock: a file that met the header (say, through another one) before it asks for the bodies.
// SPDX-License-Identifier: MIT
//
// The second one is a copy at another path: `#pragma once` would take it for another header.

#include "onesock.hpp"
#include "other/onesock.hpp"

#define ONESOCK_IMPLEMENTATION
#include "other/onesock.hpp"
