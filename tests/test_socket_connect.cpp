// onesock: Socket: connecting: the order of events, look-ups, failures, deadlines, and connecting
// again. SPDX-License-Identifier: MIT

#include <chrono>
#include <functional>
#include <filesystem>
#include <set>
#include <unordered_set>

#include "blocking_support.hpp"
#include "support.hpp"

using namespace support;
using onesock::Address;
using onesock::ConnectOptions;
using onesock::Error;
using onesock::Family;
using onesock::LookupAnswer;
using onesock::Server;
using onesock::Socket;

namespace {

/// A server that says "hi" and ends, as often as it is asked; it does not hold the loop.
struct Greeter {
  explicit Greeter(onesock::Loop& loop, const std::string& host = "127.0.0.1")
      : server(loop, [](Socket& accepted) { accepted.resume().end("hi"); }) {
    server.listen(0, host).unref();
  }
  int port() const { return server.address().port; }
  Server server;
};

/// A resolver that answers at once.
onesock::LookupFunction answering(std::vector<std::string> hosts) {
  return [hosts = std::move(hosts)](const std::string&, Family, const LookupAnswer& answer) {
    std::vector<Address> addresses;
    for (const auto& host : hosts) addresses.push_back(Address{host, 0, Family::any});
    answer({}, addresses);
  };
}

ConnectOptions to_name(int port, onesock::LookupFunction lookup) {
  ConnectOptions options;
  options.port = port;
  options.host = "some.name";
  options.lookup = std::move(lookup);
  return options;
}

/// Whether this machine has IPv6 on its loopback.
}  // namespace

TEST_CASE("a good life's events come in order", "[socket]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [](Socket& accepted) {
    accepted.on_data([&accepted](onesock::BufferView data) { accepted.write(data); });
  });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.on_data([&client] { client.end(); });
  client.connect(to_port(server.address().port), [&](Socket& self) {
    CHECK(self == client);
    self.write("hello", log.done("done"));
  });
  loop.run();
  // No `lookup`: an IP address needs none.
  CHECK(log.text() == "attempt(127.0.0.1) connect ready done data(hello) finish end close(false)");
}

TEST_CASE("nothing is told inside connect", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  const auto options =
      to_name(greeter.port(), [&](const std::string&, Family, const LookupAnswer& answer) {
        log.add("asked");
        answer({}, {Address::from_ip("127.0.0.1", 0)});
      });
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(options);
  CHECK(log.empty());
  CHECK(client.connecting());
  Socket bad(loop);
  bad.on_error(log.note("bad error")).on_close(log.note("bad close")).connect(-1, "127.0.0.1");
  CHECK(log.empty());
  loop.run();
  CHECK(log.text() ==
        "asked lookup(some.name=127.0.0.1) attempt(127.0.0.1) bad error bad close connect ready "
        "data(hi) end finish close(false)");
}

TEST_CASE("ready follows connect with nothing between them", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  client.on_connect([&] {
    log.add("connect");
    loop.post(log.note("task"));
    loop.set_timeout(milliseconds(0), log.note("timer"));
    client.write("x", log.done("done"));
  });
  client.on_ready(log.note("ready")).on_ready(log.note("ready2"));
  client.on_connect(log.note("connect2")).resume();
  client.connect(to_port(greeter.port()));
  client.write(std::string(100, 'x'), log.done("before"));
  loop.run();
  CHECK(log.text().substr(0, 39) == "connect connect2 ready ready2 before do");
}

TEST_CASE("the states of a socket have Node's names", "[socket]") {
  Link link(half_open_server(), half_open_client());
  const Greeter greeter(link.loop);
  Socket socket(link.loop);
  CHECK(socket.ready_state() == "open");
  CHECK(socket.pending());
  CHECK_FALSE(socket.destroyed());
  CHECK_FALSE(socket.connecting());

  socket.connect(to_port(greeter.port()));
  CHECK(socket.ready_state() == "opening");
  CHECK(socket.pending());
  CHECK(socket.connecting());
  socket.destroy();
  CHECK(socket.ready_state() == "closed");
  CHECK(socket.destroyed());
  CHECK_FALSE(socket.connecting());

  CHECK(link.client.ready_state() == "open");
  CHECK_FALSE(link.client.pending());
  link.client.end();
  CHECK(link.client.ready_state() == "readOnly");
  link.peer.on_end([&] {
    CHECK(link.peer.ready_state() == "writeOnly");
    link.peer.end();
    CHECK(link.peer.ready_state() == "closed");
  });
  bool closed = false;
  link.client.on_close([&] {
    closed = true;
    CHECK(link.client.destroyed());
    CHECK(link.client.pending());
    CHECK(link.client.ready_state() == "closed");
  });
  link.loop.run();
  CHECK(closed);
}

TEST_CASE("a connected socket knows both addresses, a closed one still its peer's", "[socket]") {
  Link link;
  const auto listening = link.server.address();
  CHECK(link.client.remote_address() == "127.0.0.1");
  CHECK(link.client.remote_port() == listening.port);
  CHECK(link.client.remote_family() == Family::ipv4);
  CHECK(link.client.local_address() == "127.0.0.1");
  CHECK(link.client.local_family() == Family::ipv4);
  CHECK(link.client.address().port == link.client.local_port());
  CHECK(link.peer.remote_port() == link.client.local_port());
  CHECK(link.peer.local_port() == listening.port);
  CHECK(link.client.native_handle() != link.peer.native_handle());

  const auto port = link.client.local_port();
  link.client.destroy();
  link.peer.resume();
  link.loop.run();
  CHECK(link.client.remote_port() == listening.port);
  CHECK(link.peer.remote_port() == port);
  CHECK(link.client.local_port() == 0);
  CHECK(link.client.local_address().empty());
  CHECK(link.client.address() == Address());
  CHECK(link.client.native_handle() == ~std::uintptr_t(0));
}

TEST_CASE("a socket never connected has no addresses", "[socket]") {
  const Socket socket;
  CHECK(socket.remote_address().empty());
  CHECK(socket.remote_port() == 0);
  CHECK(socket.remote_family() == Family::any);
  CHECK(socket.local_address().empty());
  CHECK(socket.local_port() == 0);
  CHECK(socket.local_family() == Family::any);
  CHECK(socket.loop() == nullptr);
  CHECK(socket.bytes_read() == 0);
  CHECK(socket.bytes_written() == 0);
  CHECK(socket.write_queue_size() == 0);
}

TEST_CASE("a refused connect tells the failed attempt, error and close(true)", "[socket]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.on_error([&](const Error& error) {
    CHECK(error.message() == "connect ECONNREFUSED 127.0.0.1:" + std::to_string(closed.port()));
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(client.destroyed());
  });
  client.connect(to_port(closed.port()));
  CHECK(client.write("x", log.done("done")));
  client.end(log.done("end-done"));
  loop.run();
  CHECK(log.text() ==
        "attempt(127.0.0.1) failed(127.0.0.1 ECONNREFUSED) error(ECONNREFUSED) "
        "done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) end-done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) "
        "close(true)");
}

TEST_CASE("localhost is looked up like any name", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  ConnectOptions options;
  options.port = greeter.port();
  options.family = Family::ipv4;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(options);
  loop.run();
  CHECK(log.text() ==
        "lookup(localhost=127.0.0.1) attempt(127.0.0.1) connect ready data(hi) end finish "
        "close(false)");
}

TEST_CASE("a name that nobody knows is ENOTFOUND", "[socket]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  // A NUL: no system is asked, so that no network is.
  const std::string name("bad\0name", 8);
  client.on_error([&](const Error& error) {
    CHECK(error.operation() == "getaddrinfo");
    CHECK(error.address().host == name);
  });
  client.connect(80, name);
  loop.run();
  CHECK(log.text() == "lookup(" + name + "=ENOTFOUND) error(ENOTFOUND) close(true)");
}

TEST_CASE("a lookup function replaces the system's resolver", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  auto options = to_name(greeter.port(), {});
  options.family = Family::ipv4;
  options.lookup = [&](const std::string& host, Family family, const LookupAnswer& answer) {
    CHECK(host == "some.name");
    CHECK(family == Family::ipv4);
    loop.set_timeout(milliseconds(2), [&log, answer] {
      answer({}, {Address::from_ip("127.0.0.1", 1)});  // Its port is ignored.
      answer(Error("too late"), {});                   // A second answer is ignored.
      log.add("answered");
    });
  };
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(options);
  loop.run();
  CHECK(log.text() ==
        "answered lookup(some.name=127.0.0.1) attempt(127.0.0.1) connect ready data(hi) end finish "
        "close(false)");
}

TEST_CASE("a lookup function's error is told by lookup, error and close(true)", "[socket]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(80, [](const std::string& host, Family, const LookupAnswer& answer) {
    answer(Error("lookup", std::make_error_code(std::errc::timed_out), Address{host, 0, {}}), {});
  }));
  loop.run();
  CHECK(log.text() == "lookup(some.name=ETIMEDOUT) error(ETIMEDOUT) close(true)");
}

TEST_CASE("a lookup function that answers nothing is ENOTFOUND", "[socket]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(80, answering({})));
  loop.run();
  CHECK(log.text() == "lookup(some.name=ENOTFOUND) error(ENOTFOUND) close(true)");
}

TEST_CASE("a lookup function that answers junk is told, and what is good is used", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(greeter.port(), answering({"junk", "127.0.0.1"})));
  loop.run();
  CHECK(log.text() ==
        "lookup(some.name=junk) lookup(some.name=127.0.0.1) attempt(127.0.0.1) connect ready "
        "data(hi) end finish close(false)");
  log.clear();
  Socket hopeless(loop);
  follow(hopeless, log);
  hopeless.on_error(
      [](const Error& error) { CHECK(error.message().find("junk") != std::string::npos); });
  hopeless.connect(to_name(80, answering({"junk"})));
  loop.run();
  CHECK(log.text() == "error(EINVAL) close(true)");
}

TEST_CASE("an answer that comes after destroy is dropped", "[socket]") {
  TestLoop loop;
  EventLog log;
  LookupAnswer answer;
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(80, [&](const std::string&, Family, LookupAnswer later) {
    answer = std::move(later);
    client.destroy();
  }));
  loop.run();
  REQUIRE(answer);
  answer({}, {Address::from_ip("127.0.0.1", 0)});
  loop.run();
  CHECK(log.text() == "close(false)");
  // Nor does it mix with the look-up of the next life.
  follow(client, log);
  client.connect(to_name(80, [&](const std::string&, Family, const LookupAnswer&) {}));
  turn(loop);
  answer({}, {Address::from_ip("127.0.0.1", 0)});
  turn(loop);
  CHECK(client.connecting());
  client.destroy();
  loop.run();
  CHECK(log.text() == "close(false) close(false)");
}

TEST_CASE("an answer that comes after the loop is gone is dropped", "[socket]") {
  LookupAnswer answer;
  EventLog log;
  auto loop = std::make_unique<TestLoop>();
  Socket client(*loop);
  follow_attempts(client, log);
  client.connect(to_name(
      80, [&](const std::string&, Family, LookupAnswer later) { answer = std::move(later); }));
  turn(*loop);
  loop.reset();
  REQUIRE(answer);
  answer({}, {Address::from_ip("127.0.0.1", 0)});
  CHECK(log.empty());
  CHECK(client.destroyed());
}

TEST_CASE("a lookup function is let go with the connection, even if it holds its socket",
          "[socket]") {
  TestLoop loop;
  const Token token = std::make_shared<int>();
  {
    const Greeter greeter(loop);
    const Socket connects(loop);
    connects.resume().connect(to_name(
        greeter.port(), [connects, token](const std::string&, Family, const LookupAnswer& answer) {
          answer({}, {Address::from_ip("127.0.0.1", 0)});
        }));
    const Socket destroyed(loop);
    destroyed.connect(
        to_name(80, [destroyed, token](const std::string&, Family, const LookupAnswer&) {}));
    destroyed.destroy();
    loop.run();
  }
  CHECK(alive(token) == 0);
  {
    TestLoop short_lived;
    const Socket abandoned(short_lived);
    abandoned.connect(
        to_name(80, [abandoned, token](const std::string&, Family, const LookupAnswer&) {}));
  }
  CHECK(alive(token) == 0);
}

TEST_CASE("when all addresses fail one error names each", "[socket]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  const auto port = std::to_string(closed.port());
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.on_error([&](const Error& error) {
    CHECK(error.message() == "connect ECONNREFUSED 127.0.0.1:" + port + ", 127.0.0.2:" + port);
  });
  client.connect(to_name(closed.port(), answering({"127.0.0.1", "127.0.0.2"})));
  loop.run();
  CHECK(log.text() ==
        "lookup(some.name=127.0.0.1) lookup(some.name=127.0.0.2) "
        "attempt(127.0.0.1) failed(127.0.0.1 ECONNREFUSED) "
        "attempt(127.0.0.2) failed(127.0.0.2 ECONNREFUSED) error(ECONNREFUSED) close(true)");
}

TEST_CASE("a failed address starts the next at once", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);  // On 127.0.0.1 only.
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(greeter.port(), answering({"127.0.0.2", "127.0.0.1"})));
  loop.run();
  CHECK(log.text() ==
        "lookup(some.name=127.0.0.2) lookup(some.name=127.0.0.1) "
        "attempt(127.0.0.2) failed(127.0.0.2 ECONNREFUSED) attempt(127.0.0.1) "
        "connect ready data(hi) end finish close(false)");
  CHECK(client.remote_address() == "127.0.0.1");
}

TEST_CASE("a slow address is told after 250 ms, and the next starts beside it", "[socket]") {
  const Blackhole hole;
  TestLoop loop;
  EventLog log;
  const auto begin = std::chrono::steady_clock::now();
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(to_name(hole.port(), answering({"127.0.0.2", "127.0.0.3"})));
  run_until(loop, [&] { return log.has("attempt(127.0.0.3)"); });
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(250));
  CHECK(client.connecting());
  client.destroy();
  loop.run();
  CHECK(log.text() ==
        "lookup(some.name=127.0.0.2) lookup(some.name=127.0.0.3) attempt(127.0.0.2) "
        "slow(127.0.0.2) attempt(127.0.0.3) close(false)");
}

TEST_CASE("timeout in the options is one deadline, the look-up's too", "[socket]") {
  TestLoop loop;
  EventLog log;
  auto options = to_name(81, [](const std::string&, Family, const LookupAnswer&) {});
  options.timeout = milliseconds(10);
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.on_error(
      [](const Error& error) { CHECK(error.message() == "connect ETIMEDOUT some.name:81"); });
  client.connect(options);
  loop.run();
  CHECK(log.text() == "error(ETIMEDOUT) close(true)");
}

TEST_CASE("timeout in the options ends an attempt that has no answer", "[socket]") {
  const Blackhole hole;
  TestLoop loop;
  EventLog log;
  auto options = to_port(hole.port());
  options.timeout = milliseconds(10);
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(options);
  client.write("x", log.done("done"));
  loop.run();
  CHECK(
      log.text() ==
      "attempt(127.0.0.1) error(ETIMEDOUT) done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) close(true)");
}

TEST_CASE("timeout in the options ends with the handshake", "[socket]") {
  Link link;
  EventLog log;
  auto options = to_port(link.server.address().port);
  options.timeout = milliseconds(250);
  Socket client(link.loop);
  follow(client, log);
  client.connect(options);
  run_for(link.loop, milliseconds(280));
  CHECK(log.text() == "connect ready");
  client.destroy();
  link.client.destroy();
  link.server.close_all_connections();
  link.loop.run();
}

TEST_CASE("a family filter leaves out the other addresses", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  auto options = to_name(greeter.port(), answering({"::1", "127.0.0.1"}));
  options.family = Family::ipv4;
  Socket client(loop);
  follow_attempts(client, log);
  client.resume().connect(options);
  loop.run();
  CHECK(log.text() == "lookup(some.name=::1) lookup(some.name=127.0.0.1) attempt(127.0.0.1)");

  options.lookup = answering({"127.0.0.1"});
  options.family = Family::ipv6;
  Socket none(loop);
  log.clear();
  follow(none, log);
  none.connect(options);
  loop.run();
  CHECK(log.text() == "error(EINVAL) close(true)");
}

TEST_CASE("IPv6 connects as IPv4 does", "[socket]") {
  if (!has_ipv6()) {
    SUCCEED("no IPv6 on this machine's loopback");
    return;
  }
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop, "::1");
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.on_connect([](Socket& self) {
    CHECK(self.remote_address() == "::1");
    CHECK(self.local_family() == Family::ipv6);
  });
  client.connect(greeter.port(), "::1");
  loop.run();
  CHECK(log.text() == "attempt(::1) connect ready data(hi) end finish close(false)");
}

TEST_CASE("families alternate, the slow first one may lose", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow_attempts(client, log);
  client.resume();
  client.on_close(log.note("close"));
  client.connect(to_name(greeter.port(), answering({"127.0.0.2", "127.0.0.1", "::1"})));
  loop.run();
  // Without IPv6 its attempt fails with another name.
  CHECK(log.text().find("attempt(127.0.0.2) failed(127.0.0.2 ECONNREFUSED) attempt(::1) failed(::1 "
                        "E") != std::string::npos);
  CHECK(log.text().find("attempt(127.0.0.1) close") != std::string::npos);
}

TEST_CASE("local_address and local_port choose where from", "[socket]") {
  Link link;
  int free_port = 0;
  {
    onesock::Acceptor acceptor;
    REQUIRE(acceptor.listen(0, "127.0.0.1"));
    free_port = acceptor.address().port;
  }
  auto options = to_port(link.server.address().port);
  options.local_address = "127.0.0.1";
  options.local_port = free_port;
  Socket client(link.loop);
  client.connect(options, [&](Socket& self) {
    CHECK(self.local_address() == "127.0.0.1");
    CHECK(self.local_port() == free_port);
    link.server.close_all_connections();
    self.destroy();
    link.client.destroy();
  });
  link.loop.run();
  CHECK(client.destroyed());
}

TEST_CASE("bad options are told by error and close(true), and connect nothing", "[socket]") {
  TestLoop loop;
  const auto message_of = [&](const ConnectOptions& options) {
    EventLog log;
    std::string message;
    Socket client(loop);
    follow_attempts(client, log);
    client.on_error([&](const Error& error) { message = error.message(); });
    client.on_close([&](bool had_error) { log.add(had_error ? "close(true)" : "close(false)"); });
    client.connect(options);
    loop.run();
    return message + "|" + log.text();
  };
  auto options = to_port(65536);
  CHECK(message_of(options) == "connect: bad port 65536|close(true)");
  options = to_port(-1);
  CHECK(message_of(options) == "connect: bad port -1|close(true)");
  options = to_port(80);
  options.local_port = 70000;
  CHECK(message_of(options) == "connect: bad port 70000|close(true)");
  options = to_port(80);
  options.local_address = "localhost";
  CHECK(message_of(options).find("localhost") != std::string::npos);
  options = to_port(80);
  options.family = Family::local;
  CHECK(message_of(options).find("|close(true)") != std::string::npos);
  options = {};
  options.path = std::string("a\0b", 3);
  CHECK(message_of(options).find("path") != std::string::npos);
}

TEST_CASE("a local address of another machine or family is the attempt's error", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  auto options = to_port(greeter.port());
  options.local_address = "192.0.2.1";  // RFC 5737: nobody's.
  Socket client(loop);
  follow(client, log);
  client.on_error(
      [](const Error& error) { CHECK(error.message().find("192.0.2.1") != std::string::npos); });
  client.connect(options);
  loop.run();
  CHECK(log.text() == "error(EADDRNOTAVAIL) close(true)");
}

TEST_CASE("port 0 is refused by the system", "[socket]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow(client, log);
  client.connect(to_port(0));
  loop.run();
  CHECK((log.text() == "error(ECONNREFUSED) close(true)" ||
         log.text() == "error(EADDRNOTAVAIL) close(true)"));
}

TEST_CASE("connect while connecting or open is an error, and harms nothing", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow(client, log);
  client.connect(to_port(greeter.port()));
  client.connect(to_port(greeter.port()), [](Socket&) { FAIL("connected twice"); });
  client.on_ready([&] { client.connect(to_port(greeter.port())); });
  CHECK(log.empty());
  loop.run();
  const auto text = log.text();
  CHECK(log.count("connect") == 1);
  CHECK(log.count("close(false)") == 1);
  CHECK(text.substr(text.size() - 12) == "close(false)");
  CHECK(text.find("error(") < text.find("connect"));
  CHECK(text.find("error(", text.find("ready")) != std::string::npos);
}

TEST_CASE("connect from inside close begins a new life with new listeners", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow(client, log, "1.");
  client.on_close([&] {
    CHECK(client.destroyed());
    follow(client, log, "2.");
    client.connect(to_port(greeter.port()));
    CHECK_FALSE(client.destroyed());
    CHECK(client.bytes_read() == 0);
  });
  client.connect(to_port(greeter.port()));
  loop.run();
  CHECK(log.text() ==
        "1.connect 1.ready 1.data(hi) 1.end 1.finish 1.close(false) "
        "2.connect 2.ready 2.data(hi) 2.end 2.finish 2.close(false)");
}

TEST_CASE("connect again later works too, and nobody reads unless asked anew", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow(client, log);
  client.connect(to_port(greeter.port()));
  loop.run();
  log.clear();
  follow_quietly(client, log);
  client.connect(to_port(greeter.port()));
  run_for(loop, milliseconds(10));
  CHECK(log.text() == "connect ready");
  client.resume();
  loop.run();
  CHECK(log.text() == "connect ready end finish close(false)");
}

TEST_CASE("connect right after destroy waits for close", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  follow(client, log);
  client.connect(to_port(greeter.port()));
  client.destroy();
  client.connect(to_port(greeter.port()), [&](Socket& self) { follow(self, log, "2."); });
  loop.run();
  // The second life's own listener adds itself too late for its `connect`.
  CHECK(log.text() == "close(false) 2.ready 2.data(hi) 2.end 2.finish 2.close(false)");
}

TEST_CASE("destroy calls off a connect that waits for close", "[socket]") {
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  client.on_close(log.note("close"));
  client.connect(to_port(greeter.port()));
  client.destroy();
  client.connect(to_port(greeter.port()), [](Socket&) { FAIL("it was destroyed"); });
  client.destroy();
  loop.run();
  CHECK(log.text() == "close");
  CHECK(client.destroyed());
}

TEST_CASE("an accepted socket may connect again too", "[socket]") {
  Link link;
  const Greeter greeter(link.loop);
  link.peer.on_close([&] {
    follow(link.peer, link.log);
    link.peer.connect(to_port(greeter.port()));
  });
  link.peer.destroy();
  link.client.resume();
  link.loop.run();
  CHECK(link.log.text() == "connect ready data(hi) end finish close(false)");
  CHECK(link.server.connections() == 0);
}

TEST_CASE("a socket is destroyed at any stage with one close and nothing behind it", "[socket]") {
  const std::string stage = GENERATE(as<std::string>(), "sync", "asked", "lookup", "attempt",
                                     "connect", "ready", "data", "end", "finish", "close");
  CAPTURE(stage);
  TestLoop loop;
  EventLog log;
  const Greeter greeter(loop);
  Socket client(loop);
  bool is_done = false;
  const auto destroy_at = [&](const std::string& here) {
    return [&, here] {
      if (here != stage) return;
      is_done = true;
      client.destroy();
      client.destroy(Error("too late"));
      log.clear();
      CHECK(client.destroyed());
    };
  };
  client.on_lookup(destroy_at("lookup"))
      .on_connection_attempt(destroy_at("attempt"))
      .on_connect(destroy_at("connect"))
      .on_ready(destroy_at("ready"))
      .on_data(destroy_at("data"))
      .on_end(destroy_at("end"))
      .on_finish(destroy_at("finish"))
      .on_close(destroy_at("close"));
  client.connect(
      to_name(greeter.port(), [&](const std::string&, Family, const LookupAnswer& answer) {
        destroy_at("asked")();
        answer({}, {Address::from_ip("127.0.0.1", 0)});
      }));
  follow_attempts(client, log);
  follow(client, log);
  destroy_at("sync")();
  loop.run();
  CHECK(is_done);
  // Those of the event that was being told still hear it.
  const auto text = log.text();
  CHECK(text.substr(text.size() - 12) == "close(false)");
  CHECK(log.count("close(false)") == 1);
  CHECK((text == "close(false)" || text == stage + " close(false)" ||
         text == "data(hi) close(false)" || text == "lookup(some.name=127.0.0.1) close(false)" ||
         text == "attempt(127.0.0.1) close(false)"));
}

TEST_CASE("handles are pointers: copies compare, hash and order as one connection", "[socket]") {
  const Socket first;
  const Socket second;
  Socket copy = first;
  CHECK(copy == first);
  CHECK_FALSE(copy != first);
  CHECK(first != second);
  CHECK((first < second) != (second < first));
  CHECK_FALSE(copy < first);
  CHECK(copy.id() == first.id());
  CHECK(first.id() != second.id());
  CHECK(std::set<Socket>{first, second, copy}.size() == 2);
  CHECK(std::unordered_set<Socket>{first, second, copy}.size() == 2);
  const Socket moved = std::move(copy);
  CHECK(moved == first);
  CHECK(copy == first);  // NOLINT: moving copies, and a handle is never empty.
}

TEST_CASE("free connect joins the default loop", "[socket]") {
  EventLog log;
  Server server([](Socket& accepted) { accepted.resume().end("hi"); });
  server.listen(0, "127.0.0.1").unref();
  CHECK(server.loop() == &onesock::default_loop());
  const auto client = onesock::connect(server.address().port, "127.0.0.1",
                                       [&](Socket& self) { follow(self, log); });
  CHECK(client.loop() == &onesock::default_loop());
  const auto second =
      onesock::connect(to_port(server.address().port), [](Socket& self) { self.resume(); });
  CHECK(second != client);
  onesock::run();
  CHECK(log.text() == "ready data(hi) end finish close(false)");
  server.close();
  onesock::run();

  TestLoop loop;
  const auto elsewhere = onesock::connect(loop, to_port(1));
  CHECK(elsewhere.loop() == &loop);
}

TEST_CASE("a global socket may outlive its thread's default loop", "[socket]") {
  static const Socket global;
  CHECK(global.loop() == nullptr);
  global.on_error([] {}).on_close([] {});
  const ClosedPort closed;
  global.connect(to_port(closed.port()));
  CHECK(global.loop() == &onesock::default_loop());
  onesock::run();
  CHECK(global.destroyed());
}

TEST_CASE("a close handler that connects to a bad port for ever leaves the timers their turn",
          "[socket]") {
  TestLoop loop;
  int lives = 0;
  const Socket socket(loop);
  std::function<void()> begin = [&] {
    socket.on_error([](const Error&) {}).on_close([&] {
      ++lives;
      begin();
    });
    socket.connect(65536);
  };
  begin();
  loop.set_timeout(milliseconds(5), [&] { loop.stop(); });
  loop.run();
  CHECK(lives >= 1);
}
