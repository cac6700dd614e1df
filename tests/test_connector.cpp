// onesock: Connector: the addresses of one connect, tried in RFC 8305 order.
// SPDX-License-Identifier: MIT

#include "blocking_support.hpp"

#include <algorithm>
#include <string>
#include <vector>

using onesock::Address;
using onesock::ConnectOptions;
using onesock::detail::Connector;
using onesock::detail::Interest;
using onesock::detail::Poller;
using onesock::detail::TimePoint;
using std::chrono::milliseconds;
namespace os = onesock::detail::os;

namespace {

constexpr TimePoint start{std::chrono::hours(1)};
constexpr milliseconds attempt_delay{250};

ConnectOptions options_for(int port) {
  ConnectOptions options;
  options.port = port;
  return options;
}

std::vector<Address> addresses_of(const std::vector<std::string>& hosts) {
  std::vector<Address> addresses;
  for (const auto& host : hosts) addresses.push_back(Address::from_ip(host, 0));
  return addresses;
}

/// "attempt 127.0.0.1", "failed 127.0.0.1 ECONNREFUSED" ...
std::vector<std::string> take_told(Connector& connector) {
  std::vector<std::string> told;
  for (Connector::Event event{}; connector.take_event(event);) {
    switch (event.kind) {
      case Connector::Event::Kind::attempt:
        told.push_back("attempt " + event.address.host);
        break;
      case Connector::Event::Kind::failed:
        told.push_back("failed " + event.address.host + ' ' + std::string(event.error.name()));
        break;
      case Connector::Event::Kind::timeout:
        told.push_back("timeout " + event.address.host);
        break;
    }
  }
  return told;
}

/// Waits until one of the attempts has its answer, and hands it on as seen at `now`.
void settle_one(Connector& connector, TimePoint now) {
  Poller poller;
  const auto attempts = connector.attempts();
  for (const auto socket : attempts) REQUIRE_FALSE(poller.watch(socket, Interest::connect));
  std::vector<onesock::detail::Readiness> ready;
  REQUIRE_FALSE(poller.wait(patience, ready));
  REQUIRE_FALSE(ready.empty());
  for (const auto socket : attempts) poller.forget(socket);
  connector.on_ready(ready.front().handle, now);
}

void settle(Connector& connector, TimePoint now) {
  while (connector.state() == Connector::State::running) settle_one(connector, now);
}

}  // namespace

TEST_CASE("an address that answers is connected", "[connector]") {
  const auto acceptor = listening_acceptor();
  Connector connector(options_for(acceptor.address().port), addresses_of({"127.0.0.1"}));
  CHECK((connector.state() == Connector::State::running));
  CHECK(take_told(connector).empty());
  connector.advance(start);
  CHECK(connector.deadline() == onesock::detail::never);
  settle(connector, start);
  CHECK((connector.state() == Connector::State::connected));
  CHECK(connector.attempts().empty());
  CHECK(connector.remote() == acceptor.address());
  CHECK(take_told(connector) == std::vector<std::string>{"attempt 127.0.0.1"});
  const auto socket = connector.take_socket();
  CHECK(os::peer_address(socket) == acceptor.address());
  os::close(socket);
}

TEST_CASE("a connected socket that nobody takes is closed", "[connector]") {
  auto acceptor = listening_acceptor();
  {
    Connector connector(options_for(acceptor.address().port), addresses_of({"127.0.0.1"}));
    connector.advance(start);
    settle(connector, start);
    CHECK((connector.state() == Connector::State::connected));
  }
  auto peer = acceptor.accept();
  REQUIRE(peer);
  CHECK_FALSE(peer->read());
  CHECK_FALSE(peer->error());
}

TEST_CASE("a failed attempt starts the next at once, and the error names each address",
          "[connector]") {
  const auto port = closed_port();
  Connector connector(options_for(port), addresses_of({"127.0.0.1", "127.0.0.2"}));
  connector.advance(start);
  settle(connector, start);
  CHECK((connector.state() == Connector::State::failed));
  CHECK(take_told(connector) ==
        std::vector<std::string>{"attempt 127.0.0.1", "failed 127.0.0.1 ECONNREFUSED",
                                 "attempt 127.0.0.2", "failed 127.0.0.2 ECONNREFUSED"});
  const auto error = connector.error();
  const auto number = std::to_string(port);
  CHECK(error.name() == "ECONNREFUSED");
  CHECK(error.message() == "connect ECONNREFUSED 127.0.0.1:" + number + ", 127.0.0.2:" + number);
  CHECK(error.address() == Address::from_ip("127.0.0.1", port));
}

TEST_CASE("the only address that fails is told alone", "[connector]") {
  const auto port = closed_port();
  Connector connector(options_for(port), addresses_of({"127.0.0.1"}));
  connector.advance(start);
  settle(connector, start);
  CHECK(connector.error().message() == "connect ECONNREFUSED 127.0.0.1:" + std::to_string(port));
}

TEST_CASE("an attempt behind one that failed may win", "[connector]") {
  const auto acceptor = listening_acceptor();
  Connector connector(options_for(acceptor.address().port),
                      addresses_of({"127.0.0.2", "127.0.0.1"}));
  connector.advance(start);
  settle(connector, start);
  CHECK((connector.state() == Connector::State::connected));
  CHECK(connector.remote() == acceptor.address());
  CHECK(take_told(connector) == std::vector<std::string>{"attempt 127.0.0.2",
                                                         "failed 127.0.0.2 ECONNREFUSED",
                                                         "attempt 127.0.0.1"});
}

TEST_CASE("the families alternate, the first one of the resolver first", "[connector]") {
  const auto tried = [](const std::vector<std::string>& hosts) {
    Connector connector(options_for(closed_port()), addresses_of(hosts));
    connector.advance(start);
    settle(connector, start);
    std::vector<std::string> order;
    for (Connector::Event event{}; connector.take_event(event);) {
      if (event.kind == Connector::Event::Kind::attempt) order.push_back(event.address.host);
    }
    return order;
  };
  using Hosts = std::vector<std::string>;
  CHECK(tried({"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"}) ==
        Hosts{"127.0.0.1", "::1", "127.0.0.2", "127.0.0.3"});
  CHECK(tried({"::1", "127.0.0.1", "127.0.0.2"}) == Hosts{"::1", "127.0.0.1", "127.0.0.2"});
  CHECK(tried({"::1", "::1", "127.0.0.1"}) == Hosts{"::1", "127.0.0.1", "::1"});
}

TEST_CASE("attempts that get no answer start 250 ms apart", "[connector]") {
  const Blackhole hole;
  Connector connector(options_for(hole.port()),
                      addresses_of({"127.0.0.1", "127.0.0.2", "127.0.0.3"}));
  using Told = std::vector<std::string>;

  connector.advance(start);
  CHECK(take_told(connector) == Told{"attempt 127.0.0.1"});
  CHECK(connector.deadline() == start + attempt_delay);

  connector.advance(start + milliseconds(249));
  CHECK(take_told(connector).empty());
  CHECK(connector.attempts().size() == 1);

  // Late, as a busy loop is: the next one counts from now.
  const auto second = start + milliseconds(300);
  connector.advance(second);
  CHECK(take_told(connector) == Told{"timeout 127.0.0.1", "attempt 127.0.0.2"});
  CHECK(connector.attempts().size() == 2);
  CHECK(connector.deadline() == second + attempt_delay);

  connector.advance(second + attempt_delay);
  CHECK(take_told(connector) == Told{"timeout 127.0.0.2", "attempt 127.0.0.3"});
  CHECK(connector.attempts().size() == 3);
  CHECK(connector.deadline() == onesock::detail::never);

  connector.advance(second + std::chrono::hours(1));
  CHECK(take_told(connector).empty());
  CHECK((connector.state() == Connector::State::running));
}

TEST_CASE("a slow address may still win against a later one", "[connector]") {
  const auto acceptor = listening_acceptor();
  Connector connector(options_for(acceptor.address().port),
                      addresses_of({"127.0.0.1", "127.0.0.2"}));
  connector.advance(start);
  REQUIRE(connector.attempts().size() == 1);
  connector.advance(start + attempt_delay);
  settle(connector, start + attempt_delay);
  CHECK((connector.state() == Connector::State::connected));
  CHECK(connector.remote() == acceptor.address());
  const auto told = take_told(connector);
  REQUIRE(told.size() >= 3);
  CHECK(told[1] == "timeout 127.0.0.1");
  CHECK(told[2] == "attempt 127.0.0.2");
}

TEST_CASE("who loses is closed and not told", "[connector]") {
  const Blackhole hole;
  auto acceptor = listening_acceptor();
  auto options = options_for(hole.port());
  Connector connector(options, addresses_of({"127.0.0.1", "127.0.0.2"}));
  connector.advance(start);
  connector.advance(start + attempt_delay);
  const auto attempts = connector.attempts();
  REQUIRE(attempts.size() == 2);
  take_told(connector);
  connector.on_ready(onesock::detail::Handle::invalid, start + attempt_delay);
  CHECK(connector.attempts() == attempts);
  CHECK(take_told(connector).empty());
}

TEST_CASE("a socket that is called ready and is not goes on", "[connector]") {
  const Blackhole hole;
  Connector connector(options_for(hole.port()), addresses_of({"127.0.0.1", "127.0.0.2"}));
  connector.advance(start);
  const auto attempts = connector.attempts();
  REQUIRE(attempts.size() == 1);
  connector.on_ready(attempts.front(), start);
  CHECK((connector.state() == Connector::State::running));
  CHECK(connector.attempts() == attempts);
  CHECK(take_told(connector) == std::vector<std::string>{"attempt 127.0.0.1"});
}

TEST_CASE("a local address that does not fit fails that attempt", "[connector]") {
  const auto acceptor = listening_acceptor();
  auto options = options_for(acceptor.address().port);
  options.local_address = "192.0.2.1";
  Connector connector(options, addresses_of({"127.0.0.1"}));
  connector.advance(start);
  CHECK((connector.state() == Connector::State::failed));
  CHECK(connector.error().message() == "bind EADDRNOTAVAIL 192.0.2.1");
}

TEST_CASE("\"every address\" leads to this machine", "[connector]") {
  const auto acceptor = listening_acceptor();
  Connector connector(options_for(acceptor.address().port), addresses_of({"0.0.0.0"}));
  connector.advance(start);
  settle(connector, start);
  CHECK((connector.state() == Connector::State::connected));
  CHECK(connector.remote() == acceptor.address());
}

TEST_CASE("no address at all is a failure, and not the end of the program", "[connector]") {
  Connector connector(options_for(1), {});
  connector.advance(start);
  CHECK((connector.state() == Connector::State::failed));
  CHECK(connector.error().name() == "ENOTFOUND");
}

TEST_CASE("an IP address or a path needs no look-up", "[connector]") {
  ConnectOptions options = options_for(80);
  options.host = "::1";
  CHECK(onesock::detail::literal_addresses(options) ==
        std::vector<Address>{Address::from_ip("::1", 80)});
  options.host = "example.com";
  CHECK(onesock::detail::literal_addresses(options).empty());
  options.path = "app.sock";
  const auto addresses = onesock::detail::literal_addresses(options);
  REQUIRE(addresses.size() == 1);
  CHECK(addresses.front().host == "app.sock");
  CHECK((addresses.front().family == onesock::Family::local));
}
