// onesock: many clients at once against one echo server, every byte checked; twice, to see leaks.
// SPDX-License-Identifier: MIT
//
//   c++ -std=c++17 -O2 -pthread -I single_include bench/echo_load.cpp -o echo_load
//   ./echo_load [clients=1000] [KiB each=1024] [runs=2]
//   ./echo_load --serve CLIENTS                     only the server; ends after so many clients
//   ./echo_load --connect PORT CLIENTS KIB          only the clients, which pause at random
//
// The server has a loop and a thread of its own. Each client writes its bytes in random pieces and
// compares what comes back, byte by byte, with what it sent. Exits 1 if the clients were not all
// connected at once, if a byte is lost, changed or out of order, if an end does not come, or if a
// descriptor or an object is left.

#include "onesock.hpp"

#include "process.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <sys/resource.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// As many as this process may have: a connection is one.
void allow_descriptors() {
#ifndef _WIN32
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
#endif
}

/// The bytes of one client: any piece of them can be made again, so that none has to be kept.
class Stream {
 public:
  explicit Stream(std::uint32_t seed) : random_(seed) {}
  std::uint8_t next() {
    if (left_ == 0) {
      word_ = random_();
      left_ = 4;
    }
    --left_;
    return static_cast<std::uint8_t>(word_ >> (8 * left_));
  }

 private:
  std::mt19937 random_;
  std::mt19937::result_type word_ = 0;
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
  EchoClient(std::uint32_t seed, std::size_t bytes, Totals& sums)
      : sent(seed), expected(seed), sizes(seed + 1), to_send(bytes), to_come(bytes), totals(sums) {}

  void write_some(const onesock::Socket& socket) {
    bool has_room = true;
    while (has_room && to_send > 0) {
      std::vector<std::uint8_t> piece(std::min<std::size_t>(1 + sizes() % 16384, to_send));
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
    to_come -= std::min(to_come, data.size());
  }

  Stream sent;
  Stream expected;
  std::mt19937 sizes;
  std::size_t to_send;
  std::size_t to_come;
  Totals& totals;
};

/// An echo server on a thread of its own. Nobody is answered before all `clients` are there; it
/// ends with the last of them.
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
    std::vector<onesock::Socket> accepted;
    server.on_connection([&, server](const onesock::Socket& client) {
      accepted.push_back(client);
      peak_ = std::max(peak_, server.connections());
      if (accepted.size() < clients) return;
      server.close();
      for (const auto& one : accepted) one.pipe(one);
      accepted.clear();
    });
    onesock::ListenOptions where;
    where.host = "127.0.0.1";
    where.backlog = static_cast<int>(clients);
    server.listen(where);
    listening.set_value(server.address().port);
    loop.run();
  }

  std::thread thread_;
  int port_ = 0;
  std::size_t peak_ = 0;
};

/// What this process held before a run.
struct Before {
  std::size_t descriptors = open_descriptors();
  long resident = memory_kib("VmRSS:");
  std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now();
};

/// Whether all clients were there at once, and nothing of them is left.
bool report_cost(const Before& before, std::size_t peak, std::size_t clients) {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - before.time;
  const auto descriptors = open_descriptors();
#ifdef __GLIBC__
  ::malloc_trim(0);  // What is free, and kept, would look like a leak.
#endif
  std::cout << "peak of live connections " << peak << ", " << seconds.count() << " s; descriptors "
            << before.descriptors << " before, " << descriptors << " after; resident "
            << before.resident << " KiB before, " << memory_kib("VmRSS:") << " KiB after, "
            << memory_kib("VmHWM:") << " KiB at most\n";
  // Windows opens a few of its own as it goes; what leaks leaks once for each client.
  constexpr std::size_t slack = 16;
  const bool has_leak = descriptors > before.descriptors + slack;
  return peak == clients && !has_leak;
}

/// Runs `clients` clients to their ends. All are connected before the first one writes.
Totals run_clients(int port, std::size_t clients, std::size_t bytes, bool with_pauses) {
  Totals totals;
  onesock::Loop loop;
  std::uint32_t seed = 0;
  std::vector<std::weak_ptr<EchoClient>> objects;
  std::vector<std::function<void()>> starts;
  const std::function<void()> add_client = [&] {
    const auto client = std::make_shared<EchoClient>(seed++, bytes, totals);
    objects.push_back(client);
    const onesock::Socket socket = onesock::connect(loop, {port, "127.0.0.1"});
    starts.push_back([client, socket] { client->write_some(socket); });
    socket.on_connect([&] {
      ++totals.connected;
      if (objects.size() < clients) add_client();
      if (totals.connected < clients) return;
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
  };
  // So many are on their way at once: those that find the listener's queue full wait for a second.
  constexpr std::size_t most_connecting = 256;
  while (objects.size() < std::min(clients, most_connecting)) add_client();
  loop.run();
  starts.clear();
  for (const auto& object : objects) totals.objects_left += !object.expired();
  return totals;
}

bool report(const Totals& totals, std::size_t clients, std::size_t bytes) {
  const auto expected = std::uint64_t{clients} * bytes;
  std::cout << "clients " << clients << ", ended well " << totals.closed_well << ", ends "
            << totals.ends << "; bytes echoed " << totals.echoed << " of " << expected << ", wrong "
            << totals.wrong << "; objects left " << totals.objects_left << '\n';
  return totals.closed_well == clients && totals.ends == clients && totals.echoed == expected &&
         totals.wrong == 0 && totals.objects_left == 0;
}

/// Server and clients in this process. Whether all went well.
bool run_both(std::size_t clients, std::size_t bytes) {
  const Before before;
  EchoServer server(clients);
  const auto totals = run_clients(server.port(), clients, bytes, false);
  server.join();
  const bool good = report(totals, clients, bytes);
  return report_cost(before, server.peak(), clients) && good;
}

bool run_server(std::size_t clients) {
  const Before before;
  EchoServer server(clients);
  std::cout << "listening 127.0.0.1:" << server.port() << std::endl;
  server.join();
  return report_cost(before, server.peak(), clients);
}

bool run_only_clients(int port, std::size_t clients, std::size_t bytes) {
  const Before before;
  const auto totals = run_clients(port, clients, bytes, true);
  const bool good = report(totals, clients, bytes);
  return report_cost(before, totals.connected, clients) && good;
}

bool run(const std::vector<std::string>& arguments) {
  const auto number = [&](std::size_t index, std::size_t fallback) -> std::size_t {
    return arguments.size() > index ? std::strtoul(arguments[index].c_str(), nullptr, 10)
                                    : fallback;
  };
  const std::string role = arguments.empty() ? "" : arguments[0];
  if (role == "--serve") return run_server(number(1, 1));
  if (role == "--connect") {
    return run_only_clients(static_cast<int>(number(1, 0)), number(2, 64), number(3, 1024) * 1024);
  }
  bool good = true;
  for (auto runs = number(2, 2); runs > 0; --runs) {
    good = run_both(number(0, 1000), number(1, 1024) * 1024) && good;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  allow_descriptors();
  const bool good = run(std::vector<std::string>(argv + 1, argv + argc));
  std::cout << (good ? "nothing lost, nothing reordered" : "FAILED") << std::endl;
  return good ? 0 : 1;
}
