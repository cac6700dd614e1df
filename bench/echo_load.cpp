// onesock: many clients at once against one echo server, every byte checked; twice, to see leaks.
// SPDX-License-Identifier: MIT
//
//   c++ -std=c++17 -O2 -pthread -I single_include bench/echo_load.cpp -o echo_load
//   ./echo_load [clients=1000] [KiB each=1024] [runs=2]
//   ./echo_load --serve CLIENTS                     only the server; ends after so many clients
//   ./echo_load --connect PORT CLIENTS KIB          only the clients, which pause at random
//
// The server has a loop and a thread of its own. Each client writes its bytes in random pieces and
// compares what comes back, byte by byte, with what it sent. Exits 1 if a byte is lost, changed or
// out of order, if an end does not come, or if a descriptor or an object is left.

#include "onesock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

/// The bytes of one client: any piece of them can be made again, so that none has to be kept.
class Stream {
 public:
  explicit Stream(std::uint32_t seed) : random_(seed) {}
  std::uint8_t next() {
    if (left_ == 0) {
      word_ = static_cast<std::uint32_t>(random_());
      left_ = 4;
    }
    --left_;
    return static_cast<std::uint8_t>(word_ >> (8 * left_));
  }

 private:
  std::mt19937 random_;
  std::uint32_t word_ = 0;
  unsigned left_ = 0;
};

struct Totals {
  std::size_t connected = 0;
  std::size_t ends = 0;
  std::size_t closed_well = 0;
  std::uint64_t echoed = 0;
  std::uint64_t wrong = 0;
  std::size_t objects_left = 0;
};

/// One client: owned by its own listeners, and gone with them.
struct EchoClient {
  EchoClient(std::uint32_t seed, std::uint64_t bytes, Totals& sums)
      : sent(seed), expected(seed), sizes(seed + 1), to_send(bytes), to_come(bytes), totals(sums) {}

  void write_some(const onesock::Socket& socket) {
    bool has_room = true;
    while (has_room && to_send > 0) {
      std::vector<std::uint8_t> piece(std::min<std::uint64_t>(1 + sizes() % 16384, to_send));
      for (auto& octet : piece) octet = sent.next();
      to_send -= piece.size();
      has_room = socket.write(piece);
    }
    if (to_send == 0) socket.end();
  }

  /// Stops reading now and then, for up to 20 ms.
  void pause_at_random(const onesock::Socket& socket) {
    if (sizes() % 16 != 0) return;
    socket.pause();
    const std::chrono::milliseconds pause(sizes() % 20);
    socket.loop()->set_timeout(pause, [socket] { socket.resume(); });
  }

  void compare(onesock::BufferView data) {
    for (const auto octet : data) totals.wrong += octet != expected.next();
    totals.echoed += data.size();
    to_come -= std::min<std::uint64_t>(to_come, data.size());
  }

  Stream sent;
  Stream expected;
  std::mt19937 sizes;
  std::uint64_t to_send;
  std::uint64_t to_come;
  Totals& totals;
};

/// An echo server on a thread of its own; it ends with the last of `clients` clients.
class EchoServer {
 public:
  explicit EchoServer(std::size_t clients) {
    std::promise<int> listening;
    auto port = listening.get_future();
    thread_ = std::thread([this, clients, &listening] { serve(clients, listening); });
    port_ = port.get();
  }
  void join() { thread_.join(); }
  int port() const { return port_; }
  std::size_t peak() const { return peak_; }

 private:
  void serve(std::size_t clients, std::promise<int>& listening) {
    onesock::Loop loop;
    onesock::ServerOptions options;
    options.allow_half_open = true;  // A client ends first; its last bytes still go back.
    onesock::Server server(loop, options);
    std::size_t accepted = 0;
    server.on_connection([&, server](onesock::Socket& client) {
      peak_ = std::max(peak_, server.connections());
      client.pipe(client);
      if (++accepted == clients) server.close();
    });
    server.listen({0, "127.0.0.1"});
    listening.set_value(server.address().port);
    loop.run();
  }

  std::thread thread_;
  int port_ = 0;
  std::size_t peak_ = 0;
};

std::size_t open_descriptors() {
  std::error_code none;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", none), end; entry != end;
       ++entry) {
    ++count;
  }
  return count;
}

/// Resident memory in KiB; 0 where the system does not say.
long resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    long kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return 0;
}

/// Runs `clients` clients to their ends. All are connected before the first one writes.
Totals run_clients(int port, std::size_t clients, std::uint64_t bytes, bool with_pauses) {
  Totals totals;
  onesock::Loop loop;
  std::vector<std::weak_ptr<EchoClient>> objects;
  std::vector<std::function<void()>> starts;
  for (std::size_t number = 0; number < clients; ++number) {
    const auto client =
        std::make_shared<EchoClient>(static_cast<std::uint32_t>(number), bytes, totals);
    objects.push_back(client);
    const onesock::Socket socket = onesock::connect(loop, {port, "127.0.0.1"});
    starts.push_back([client, socket] { client->write_some(socket); });
    socket.on_connect([clients, &starts, &totals] {
      if (++totals.connected < clients) return;
      for (const auto& start : starts) start();
    });
    socket.on_data([client, with_pauses, socket](onesock::BufferView data) {
      client->compare(data);
      if (with_pauses) client->pause_at_random(socket);
    });
    socket.on_drain([client, socket] { client->write_some(socket); });
    socket.on_end([&totals] { ++totals.ends; });
    socket.on_close([client, &totals](bool had_error) {
      totals.closed_well += !had_error && client->to_come == 0;
    });
  }
  loop.run();
  starts.clear();
  for (const auto& object : objects) totals.objects_left += !object.expired();
  return totals;
}

bool report(const Totals& totals, std::size_t clients, std::uint64_t bytes) {
  const auto expected = clients * bytes;
  std::cout << "clients " << clients << ", ended well " << totals.closed_well << ", ends "
            << totals.ends << "; bytes echoed " << totals.echoed << " of " << expected << ", wrong "
            << totals.wrong << "; objects left " << totals.objects_left << '\n';
  return totals.closed_well == clients && totals.ends == clients && totals.echoed == expected &&
         totals.wrong == 0 && totals.objects_left == 0;
}

/// Server and clients in this process. Whether all went well.
bool run_both(std::size_t clients, std::uint64_t bytes) {
  const auto descriptors = open_descriptors();
  const auto resident = resident_kib();
  const auto begin = std::chrono::steady_clock::now();
  EchoServer server(clients);
  const auto totals = run_clients(server.port(), clients, bytes, false);
  server.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const bool good = report(totals, clients, bytes);
  const auto descriptors_left = open_descriptors();
  std::cout << "peak of live connections " << server.peak() << ", " << seconds.count()
            << " s; descriptors " << descriptors << " before, " << descriptors_left
            << " after; resident " << resident << " KiB before, " << resident_kib()
            << " KiB after\n";
  // Wine opens a few of its own as it goes; what leaks leaks once for each client.
  constexpr std::size_t slack = 4;
  return good && server.peak() == clients && descriptors_left <= descriptors + slack;
}

bool run(const std::vector<std::string>& arguments) {
  const auto number = [&](std::size_t index, std::uint64_t fallback) {
    return arguments.size() > index ? std::stoull(arguments[index]) : fallback;
  };
  const std::string role = arguments.empty() ? "" : arguments[0];
  if (role == "--serve") {
    EchoServer server(number(1, 1));
    std::cout << "listening 127.0.0.1:" << server.port() << std::endl;
    server.join();
    return true;
  }
  if (role == "--connect") {
    const auto clients = number(2, 64);
    const auto bytes = number(3, 1024) * 1024;
    return report(run_clients(static_cast<int>(number(1, 0)), clients, bytes, true), clients,
                  bytes);
  }
  bool good = true;
  for (auto runs = number(2, 2); runs > 0; --runs) {
    good = run_both(number(0, 1000), number(1, 1024) * 1024) && good;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const bool good = run(std::vector<std::string>(argv + 1, argv + argc));
  std::cout << (good ? "nothing lost, nothing reordered" : "FAILED") << std::endl;
  return good ? 0 : 1;
}
