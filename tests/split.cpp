// onesock: the one .cpp that holds the bodies when the suite is built in split mode.
// SPDX-License-Identifier: MIT

#define ONESOCK_IMPLEMENTATION
#include "onesock.hpp"
