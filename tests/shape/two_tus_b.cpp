// onesock: the second of two translation units; a body without `inline` would be defined twice.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

onesock::Loop& loop_of_b();
onesock::Error error_of_b();

onesock::Loop& loop_of_b() {
  return onesock::default_loop();
}

onesock::Error error_of_b() {
  return onesock::Error("connect", std::make_error_code(std::errc::connection_refused),
                        onesock::Address::from_ip("127.0.0.1", 1));
}
