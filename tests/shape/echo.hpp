// onesock: one connection, one echo, in one process; for the shape checks that run something.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "onesock.hpp"

/// True if "hello" went to a server on the default loop and came back, and everything closed.
///
/// Static: mixed_modes needs one for each half of the program.
static bool echo_once() {
  std::string answer;
  bool closed = false;
  onesock::Server server([](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
  });
  server.on_listening([&] {
    onesock::connect(server.address().port, "127.0.0.1", [](onesock::Socket& socket) {
      socket.write("hello");
    }).on_data([&](onesock::BufferView data) {
      answer += data.raw();
      if (answer == "hello") server.close_all_connections().close([&] { closed = true; });
    });
  });
  server.listen(0, "127.0.0.1");
  onesock::run();
  return closed && answer == "hello";
}
