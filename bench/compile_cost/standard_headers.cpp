// onesock bench: what the standard headers cost that a C++17 socket library cannot do without.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

int main() {}
