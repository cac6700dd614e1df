// onesock: an echo server for so many clients at once, which first looks a name up many times at
// once; for small_memory_test.py. SPDX-License-Identifier: MIT
//
//   small_server CLIENTS     nobody is answered before all are there; ends with the last of them,
//   and prints its memory

#include "onesock.hpp"

#include "../../bench/process.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

/// How many of so many connects by name were made, all begun in one turn.
std::size_t connect_by_name(std::size_t count) {
  std::size_t connected = 0;
  const onesock::Server server;
  server.listen(0, "127.0.0.1");
  std::size_t closed = 0;
  for (std::size_t number = 0; number < count; ++number) {
    const auto socket = onesock::connect(server.address().port, "localhost");
    socket.on_connect([&connected](onesock::Socket& made) {
      ++connected;
      made.destroy();
    });
    socket.on_error([](const onesock::Error& error) { std::cout << error << '\n'; });
    socket.on_close([&closed, count, server] {
      if (++closed == count) server.close_all_connections().close();
    });
  }
  onesock::run();
  return connected;
}

std::size_t serve(std::size_t clients) {
  std::vector<onesock::Socket> accepted;
  std::size_t peak = 0;
  onesock::ServerOptions options;
  options.allow_half_open = true;
  const onesock::Server server(options);
  server.on_connection([&](const onesock::Socket& client) {
    accepted.push_back(client);
    peak = std::max(peak, server.connections());
    if (accepted.size() < clients) return;
    server.close();
    for (const auto& one : accepted) one.pipe(one);
    accepted.clear();
  });
  server.listen(0, "127.0.0.1");
  std::cout << "listening 127.0.0.1:" << server.address().port << std::endl;
  onesock::run();
  return peak;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::cout << "connected by name " << connect_by_name(16) << '\n';
  const auto peak = serve(std::strtoul(argv[1], nullptr, 10));
  std::cout << "peak of live connections " << peak << '\n';
  std::cout << "virtual " << memory_kib("VmPeak:") << " KiB at most, resident "
            << memory_kib("VmHWM:") << " KiB at most, " << memory_kib("VmRSS:") << " KiB after"
            << std::endl;
}
