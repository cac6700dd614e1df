// onesock: a peer that never reads, against max_queued_bytes; a healthy connection beside it.
// SPDX-License-Identifier: MIT
//
//   c++ -std=c++17 -O2 -pthread -I single_include bench/slow_peer.cpp -o slow_peer
//   ./slow_peer [cap in MiB=16]
//
// Linux: memory is read from /proc. Exits 1 unless memory grows by at most the cap and 2 MiB, the
// error is ENOBUFS, and the healthy connection's echoes go on.

#include "onesock.hpp"

#include "process.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::size_t mib = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 16;
  onesock::Loop loop;
  onesock::Server server(loop);
  server.on_connection([](onesock::Socket& client) {
    client.on_data([&client](onesock::BufferView data) { client.write(data); });
  });
  server.listen({0, "127.0.0.1"});
  const int port = server.address().port;

  int echoes = 0;
  const auto healthy =
      onesock::connect(loop, {port, "127.0.0.1"}, [](auto& socket) { socket.write("ping"); });
  healthy.on_data([&echoes, healthy] {
    ++echoes;
    healthy.write("ping");
  });

  onesock::Server sleeper(loop, [](onesock::Socket& client) { client.pause(); });
  sleeper.listen({0, "127.0.0.1"});
  const auto writer = onesock::connect(loop, {sleeper.address().port, "127.0.0.1"});
  writer.set_max_queued_bytes(mib * 1024 * 1024);
  const std::vector<char> block(64 * 1024, 'x');
  long before = 0;
  long most = 0;
  int echoes_before = 0;
  std::string error;
  loop.set_interval(std::chrono::milliseconds(1), [&](onesock::Timer& timer) {
    if (writer.connecting()) return;
    if (before == 0) before = memory_kib("VmRSS:");
    for (int count = 0; count < 16 && !writer.destroyed(); ++count) writer.write(block);
    most = std::max(most, memory_kib("VmRSS:"));
    if (!writer.destroyed()) return;
    timer.cancel();
    echoes_before = echoes;
    loop.set_timeout(std::chrono::milliseconds(100), [&] {
      healthy.destroy();
      server.close();
      sleeper.close().close_all_connections();
    });
  });
  writer.on_error([&](const onesock::Error& told) { error = told.message(); });
  loop.run();

  const long growth = most - before;
  const long cap = static_cast<long>(mib) * 1024;
  std::cout << "grew by " << growth << " KiB (at most " << cap << " + 2048), error: " << error
            << "; echoes beside it " << echoes_before << ", after it " << echoes - echoes_before
            << '\n';
  const bool good = growth <= cap + 2048 && error.find("ENOBUFS") != std::string::npos &&
                    echoes_before > 0 && echoes > echoes_before;
  return good ? 0 : 1;
}
