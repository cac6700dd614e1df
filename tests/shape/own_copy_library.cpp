// onesock: the library; see own_copy.cpp.
// SPDX-License-Identifier: MIT

#include "own_copy.hpp"

#include "echo.hpp"

namespace {

/// Echoes to one client, and ends with it.
int listen() {
  const onesock::Server server;
  server.on_connection([server](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
    server.close();
  });
  server.listen(0, "127.0.0.1");
  return server.address().port;
}

bool turn() {
  return onesock::run_once();
}

const void* loop() {
  return &onesock::default_loop();
}

#ifdef ONESOCK_NO_EXCEPTIONS
constexpr bool exceptions = false;
#else
constexpr bool exceptions = true;
#endif

const OwnCopy table = {echo_once, listen, turn, loop, exceptions};

}  // namespace

const OwnCopy* own_copy() {
  return &table;
}
