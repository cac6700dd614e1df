// onesock: the first of two translation units in one program; see two_tus_b.cpp.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

onesock::Loop& loop_of_b();
onesock::Error error_of_b();

// One library, not one for each file: both see the same default loop, and values of one are good in
// the other.
int main() {
  const onesock::Error error("connect", std::make_error_code(std::errc::connection_refused),
                             onesock::Address::from_ip("127.0.0.1", 1));
  return &onesock::default_loop() == &loop_of_b() && error == error_of_b() ? 0 : 1;
}
