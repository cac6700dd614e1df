// onesock: how long a connect takes when the first address answers nothing; and how exact its
// timeout is. SPDX-License-Identifier: MIT
//
//   c++ -std=c++17 -O2 -pthread -I single_include bench/connect_race.cpp -o connect_race
//   ./connect_race
//
// Linux. The black hole is a listener whose queue is full: the system drops further SYNs. Exits 1
// unless the live second address is connected within 300 ms of connect(), and a timeout of 100 ms
// ends the connect after 100 to 200 ms in every phase.

#include "onesock.hpp"

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Listens, never accepts, and has as many clients as its queue holds.
class BlackHole {
 public:
  explicit BlackHole(std::string host) {
    onesock::ListenOptions options;
    options.host = std::move(host);
    options.backlog = 1;
    if (!acceptor_.listen(options)) std::cout << acceptor_.error() << '\n';
    bool has_room = true;
    while (has_room) {
      clients_.emplace_back();
      clients_.back().set_timeout(std::chrono::milliseconds(50));
      has_room = clients_.back().connect(port(), options.host);
    }
  }
  int port() const { return acceptor_.address().port; }

 private:
  onesock::Acceptor acceptor_;
  std::vector<onesock::Client> clients_;
};

/// Connects, and returns how many milliseconds that took; `outcome` is "connect" or the error.
long long measure(onesock::ConnectOptions options, std::string& outcome) {
  onesock::Loop loop;
  const auto begin = Clock::now();
  auto end = begin;
  const auto socket = onesock::connect(loop, options);
  socket.on_connect([&](onesock::Socket& connected) {
    end = Clock::now();
    outcome = "connect " + connected.remote_address();
    connected.destroy();
  });
  socket.on_error([&](const onesock::Error& error) {
    end = Clock::now();
    outcome = error.message();
  });
  loop.run();
  return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin).count();
}

onesock::LookupFunction answer(const std::vector<std::string>& hosts) {
  return [hosts](const std::string&, onesock::Family, const onesock::LookupAnswer& answer) {
    std::vector<onesock::Address> addresses;
    for (const auto& host : hosts) addresses.push_back(onesock::Address::from_ip(host, 0));
    answer({}, addresses);
  };
}

bool report(const std::string& what, const onesock::ConnectOptions& options, long long least,
            long long most) {
  std::string outcome;
  const auto took = measure(options, outcome);
  std::cout << what << ": " << outcome << " after " << took << " ms (" << least << " to " << most
            << ")\n";
  return took >= least && took <= most;
}

}  // namespace

int main() {
  const BlackHole hole("127.0.0.1");
  onesock::Acceptor live;
  if (!live.listen(hole.port(), "127.0.0.2")) {
    std::cout << live.error() << '\n';
    return 1;
  }
  onesock::ConnectOptions options;
  options.port = hole.port();
  options.host = "two.test";
  options.lookup = answer({"127.0.0.1", "127.0.0.2"});
  bool good = report("black hole first, live second", options, 250, 300);

  options.timeout = std::chrono::milliseconds(100);
  good = report("timeout 100 ms, first attempt", options, 100, 200) && good;
  options.lookup = [](const std::string&, onesock::Family, const onesock::LookupAnswer&) {};
  good = report("timeout 100 ms, look-up", options, 100, 200) && good;
  options.timeout = std::chrono::milliseconds(300);
  const BlackHole second("127.0.0.3");
  options.port = second.port();
  options.lookup = answer({"127.0.0.3", "127.0.0.3"});
  good = report("timeout 300 ms, second attempt", options, 300, 400) && good;
  return good ? 0 : 1;
}
