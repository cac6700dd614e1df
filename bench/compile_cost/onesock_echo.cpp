// onesock bench: the smallest echo server: port as argument, loopback.
// SPDX-License-Identifier: MIT
#include "onesock.hpp"

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  onesock::Server server([](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
  });
  server.listen(std::atoi(argv[1]), "127.0.0.1");
  onesock::run();
}
