// onesock bench: the one .cpp of split mode.
// SPDX-License-Identifier: MIT
#define ONESOCK_IMPLEMENTATION
#include "onesock.hpp"
