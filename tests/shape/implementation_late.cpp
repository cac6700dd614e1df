// onesock: a file that met the header (say, through another one) before it asks for the bodies.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

#define ONESOCK_IMPLEMENTATION
#include "onesock.hpp"
