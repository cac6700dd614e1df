// onesock example: one Loop per thread on one port; the system spreads the clients (exclusive =
// false). c++ -std=c++17 -pthread -I single_include examples/threaded_server.cpp -o threaded_server
// SPDX-License-Identifier: MIT
//
// threaded_server [port=6666] [threads=4] [clients=0]: an echo server that ends after so many
// clients (0: never). Linux, FreeBSD, DragonFly; elsewhere the second thread gets ENOTSUP.

#include "onesock.hpp"

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

namespace {

// One thread's part: an echo server on a loop of its own, which that thread runs.
struct Worker {
  onesock::Loop loop;
  onesock::Server server{loop};
  int served = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int port = argc > 1 ? std::atoi(argv[1]) : 6666;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 4;
  const int most = argc > 3 ? std::atoi(argv[3]) : 0;
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<int> closed{0};
  for (int count = 0; count < threads; ++count) {
    workers.push_back(std::make_unique<Worker>());
    Worker& worker = *workers.back();
    worker.server.on_connection([&](onesock::Socket& client) {
      ++worker.served;
      client.on_data([&client](onesock::BufferView data) { client.write(data); });
      client.on_close([&] {
        if (++closed != most) return;
        for (const auto& each : workers) each->loop.stop();
      });
    });
    onesock::ListenOptions options;
    options.port = port;
    options.host = "127.0.0.1";
    options.exclusive = false;
    worker.server.on_error([](const onesock::Error& error) { std::cerr << error << std::endl; });
    worker.server.listen(options);
    port = worker.server.address().port;  // Port 0: the first one's is everybody's.
  }
  std::cout << "listening 127.0.0.1:" << port << " on " << threads << " threads" << std::endl;
  std::vector<std::thread> running;
  for (const auto& worker : workers) running.emplace_back([&worker] { worker->loop.run(); });
  for (auto& thread : running) thread.join();
  for (const auto& worker : workers) std::cout << "served " << worker->served << '\n';
}
