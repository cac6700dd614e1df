// onesock: Server: listening, accepting, closing, and what goes wrong.
// SPDX-License-Identifier: MIT

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_set>
#include <vector>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#include <unistd.h>
#endif

#include "support.hpp"

using namespace support;
using onesock::Address;
using onesock::DropInfo;
using onesock::Error;
using onesock::Family;
using onesock::ListenOptions;
using onesock::Server;
using onesock::Socket;

namespace {

ListenOptions at_loopback(int port = 0) {
  ListenOptions options;
  options.port = port;
  options.host = "127.0.0.1";
  return options;
}

/// Notes every event of a server but `connection`.
void follow(const Server& server, EventLog& log, const std::string& who = "") {
  server.on_listening(log.note(who + "listening"))
      .on_error([&log, who](const Error& error) {
        log.add(who + "error(" + std::string(error.name()) + ")");
      })
      .on_close(log.note(who + "close"))
      .on_drop(log.note(who + "drop"));
}

/// A path for a socket file, gone before and after.
struct SocketPath {
  SocketPath()
      : path((std::filesystem::temp_directory_path() / "onesock-test-server.sock").string()) {
    std::remove(path.c_str());
  }
  ~SocketPath() { std::remove(path.c_str()); }
  bool exists() const { return std::filesystem::exists(std::filesystem::symlink_status(path)); }
  ListenOptions listen_options() const {
    ListenOptions options;
    options.path = path;
    return options;
  }
  onesock::ConnectOptions connect_options() const {
    onesock::ConnectOptions options;
    options.path = path;
    return options;
  }
  std::string path;
};

}  // namespace

TEST_CASE("listen binds at once, listening comes on a later turn", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  CHECK(server.address() == Address());
  CHECK_FALSE(server.listening());
  server.listen(at_loopback(), log.note("callback"));
  CHECK(log.empty());
  CHECK(server.listening());
  CHECK(server.address().host == "127.0.0.1");
  CHECK(server.address().port > 0);
  CHECK(server.address().family == Family::ipv4);
  CHECK(server.native_handle() != ~std::uintptr_t(0));
  server.on_listening([&] { server.close(); });
  loop.run();
  CHECK(log.text() == "listening callback close");
  CHECK_FALSE(server.listening());
  CHECK(server.address() == Address());
  CHECK(server.native_handle() == ~std::uintptr_t(0));
}

TEST_CASE("listening is not told when closed meanwhile", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.listen(at_loopback(), log.note("callback")).close();
  loop.run();
  CHECK(log.text() == "close");
}

TEST_CASE("several listeners of an event are called in their order", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& client) {
    log.add("constructor");
    client.destroy();
  });
  server.on_connection([&](Socket& client) {
    CHECK(client.destroyed());
    log.add("second");
  });
  server.on_connection([&] {
    log.add("third");
    server.close();
  });
  server.on_connection({});
  server.listen(0, "127.0.0.1");
  Socket client(loop);
  client.on_error([] {}).connect(to_port(server.address().port));
  loop.run();
  CHECK(log.text() == "constructor second third");
}

TEST_CASE("a port in use is EADDRINUSE, without close, and the server may listen again",
          "[server]") {
  TestLoop loop;
  EventLog log;
  Server first(loop);
  first.listen(at_loopback()).unref();
  const auto port = first.address().port;
  Server second(loop);
  follow(second, log);
  second.on_error([&](const Error& error) {
    CHECK(error.message() ==
          "listen EADDRINUSE: address already in use 127.0.0.1:" + std::to_string(port));
    CHECK(error.code() == std::errc::address_in_use);
  });
  second.listen(at_loopback(port), [] { FAIL("the failed call's listener"); });
  CHECK(log.empty());
  CHECK_FALSE(second.listening());
  loop.run();
  CHECK(log.text() == "error(EADDRINUSE)");
  second.listen(at_loopback(), log.note("callback"));
  second.unref();
  loop.run();
  CHECK(log.text() == "error(EADDRINUSE) listening callback");
  second.close();
  loop.run();
  CHECK(log.text() == "error(EADDRINUSE) listening callback close");
}

TEST_CASE("an error handler may listen again at once", "[server]") {
  TestLoop loop;
  EventLog log;
  Server first(loop);
  first.listen(at_loopback()).unref();
  Server second(loop);
  follow(second, log);
  second.on_error([&] { second.listen(at_loopback()); });
  second.on_listening([&] { second.close(); });
  second.listen(at_loopback(first.address().port));
  loop.run();
  CHECK(log.text() == "error(EADDRINUSE) listening close");
}

TEST_CASE("listen while listening is an error, and the first listening stays", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.on_error([](const Error& error) {
    CHECK(error.message() == "listen: already listening");
    CHECK(error.name() == "ERR_SERVER_ALREADY_LISTEN");
  });
  server.listen(at_loopback());
  const auto address = server.address();
  server.listen(at_loopback(), [] { FAIL("the refused call's listener"); });
  CHECK(server.address() == address);
  loop.post([&] { server.close(); });
  loop.run();
  CHECK(log.text() == "listening error(ERR_SERVER_ALREADY_LISTEN) close");
}

TEST_CASE("listen right after close listens at once, keeps the listeners, and close is told first",
          "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& client) {
    log.add("connection");
    client.destroy();
    server.close(log.done("second"));
  });
  follow(server, log);
  server.listen(at_loopback(), log.note("called off")).close(log.done("first"));
  server.listen(at_loopback(), log.note("callback"));
  CHECK(server.listening());
  Socket client(loop);
  client.on_error([] {}).connect(to_port(server.address().port));
  CHECK(log.empty());
  loop.run();
  CHECK(log.text() == "close first listening called off callback connection close second");
  CHECK_FALSE(server.listening());
}

TEST_CASE("listen while old connections live puts close off to the next one", "[server]") {
  Link link;
  follow(link.server, link.log);
  link.server.close(link.log.done("first"));
  turn(link.loop);
  link.server.listen(at_loopback(), link.log.note("callback")).ref();
  link.client.destroy();
  link.peer.resume();
  run_until(link.loop, [&] { return link.server.connections() == 0; });
  turn(link.loop);
  CHECK(link.server.listening());
  CHECK(link.log.text() == "listening callback");
  link.server.close(link.log.done("second"));
  link.loop.run();
  CHECK(link.log.text() == "listening callback close first second");
}

TEST_CASE("a listen that fails before close is told leaves the close as it was", "[server]") {
  Link link;
  follow(link.server, link.log);
  link.server.close(link.log.done("done"));
  link.server.listen(at_loopback(-1), [] { FAIL("the failed call's listener"); });
  turn(link.loop);
  CHECK(link.log.text() == "error(ERR_SOCKET_BAD_PORT)");
  link.client.destroy();
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() == "error(ERR_SOCKET_BAD_PORT) close done");

  EventLog log;
  Server server(link.loop);
  follow(server, log);
  server.listen(at_loopback()).close(log.done("done")).listen(at_loopback(-1));
  link.loop.run();
  CHECK(log.text() == "error(ERR_SOCKET_BAD_PORT) close done");
}

TEST_CASE("an error handler may listen again though close is due", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.on_error([&] { server.listen(at_loopback(), [&] { server.close(); }); });
  server.listen(at_loopback()).close(log.done("first")).listen(at_loopback(-1));
  loop.run();
  CHECK(log.text() == "error(ERR_SOCKET_BAD_PORT) close first listening close");
}

TEST_CASE("bad listen options are told on a turn and change nothing", "[server]") {
  TestLoop loop;
  const auto message_of = [&](const ListenOptions& options) {
    std::string message;
    Server server(loop);
    server.on_error([&](const Error& error) { message = error.message(); });
    server.on_close([] { FAIL("no close after a failed listen"); });
    server.listen(options);
    CHECK(message.empty());
    loop.run();
    CHECK_FALSE(server.listening());
    return message;
  };
  CHECK(message_of(at_loopback(-1)) == "listen: bad port -1");
  CHECK(message_of(at_loopback(65536)) == "listen: bad port 65536");
  auto options = at_loopback();
  options.backlog = -1;
  CHECK(message_of(options).find("backlog") != std::string::npos);
  options = {};
  options.path = std::string("a\0b", 3);
  CHECK(message_of(options).find("path") != std::string::npos);
  options = {};
  options.host = "192.0.2.1";  // RFC 5737: nobody's.
  CHECK(message_of(options).find("listen EADDRNOTAVAIL") == 0);
  options.host = std::string("bad\0name", 8);
  CHECK(message_of(options).find("getaddrinfo ENOTFOUND") == 0);
}

TEST_CASE("a host by name is looked up", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.listen(0, "localhost");
  CHECK_FALSE(server.listening());
  CHECK(loop.alive());
  server.on_listening([&] {
    CHECK(onesock::is_ip(server.address().host) != 0);
    server.close();
  });
  loop.run();
  CHECK(log.text() == "listening close");
  // Closed while it is looked up: no listening.
  log.clear();
  follow(server, log);
  server.listen(0, "localhost", log.note("callback")).close(log.done("done"));
  loop.run();
  CHECK(log.text() == "close done");
}

TEST_CASE("without a host every address is listened on", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& accepted) {
    log.add("connection");
    accepted.destroy();
    server.close();
  });
  server.listen(0);
  CHECK((server.address().host == "::" || server.address().host == "0.0.0.0"));
  Socket client(loop);
  client.on_error([] {}).connect(to_port(server.address().port));
  loop.run();
  CHECK(log.text() == "connection");
}

TEST_CASE("ipv6_only takes no IPv4 peers", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [](Socket&) { FAIL("an IPv4 peer"); });
  follow(server, log);
  ListenOptions options;
  options.host = "::";
  options.ipv6_only = true;
  server.listen(options).unref();
  loop.run();
  if (log.text() != "listening") {
    SUCCEED("no IPv6 on this machine");
    return;
  }
  Socket client(loop);
  client.on_error([&](const Error& error) {
    CHECK(error.name() == "ECONNREFUSED");
    log.add("refused");
  });
  client.connect(to_port(server.address().port));
  loop.run();
  CHECK(log.text() == "listening refused");
}

TEST_CASE("exclusive false lets a second listener in where the system spreads, else ENOTSUP",
          "[server]") {
  TestLoop loop;
  EventLog log;
  auto options = at_loopback();
  options.exclusive = false;
  Server first(loop);
  follow(first, log);
  first.listen(options).unref();
  loop.run();
  if (log.text() == "error(ENOTSUP)") {
    SUCCEED("this system cannot spread");
    return;
  }
  REQUIRE(log.text() == "listening");
  Server second(loop);
  follow(second, log);
  options.port = first.address().port;
  second.listen(options).unref();
  Server greedy(loop);
  follow(greedy, log);
  greedy.listen(at_loopback(options.port)).unref();
  loop.run();
  CHECK(log.text() == "listening listening error(EADDRINUSE)");
}

TEST_CASE("connections are told in the order they came", "[server]") {
  TestLoop loop;
  std::vector<int> expected;
  std::vector<int> accepted_ports;
  std::vector<onesock::Client> clients(100);
  Server server(loop, [&](Socket& accepted) {
    accepted_ports.push_back(accepted.remote_port());
    accepted.destroy();
  });
  server.listen(at_loopback());
  for (auto& client : clients) {
    REQUIRE(client.connect(server.address().port, "127.0.0.1"));
    expected.push_back(client.local_address().port);
  }
  run_until(loop, [&] { return accepted_ports.size() == clients.size(); });
  CHECK(accepted_ports == expected);
  CHECK(server.close().connections() <= clients.size());
  loop.run();
}

TEST_CASE("a flood of clients leaves other handlers their turn: 64 accepts in one", "[server]") {
  TestLoop loop;
  int accepted_count = 0;
  std::vector<onesock::Client> clients(80);
  Server server(loop, [&](Socket& accepted) {
    ++accepted_count;
    accepted.destroy();
  });
  server.listen(at_loopback());
  for (auto& client : clients) REQUIRE(client.connect(server.address().port, "127.0.0.1"));
  loop.run_once(patience);
  CHECK(accepted_count == 64);
  loop.run_once(patience);
  CHECK(accepted_count == 80);
  server.close();
  loop.run();
}

TEST_CASE("close comes after the last connection's close, then its callbacks", "[server]") {
  Link link;
  follow(link.server, link.log, "server ");
  support::follow(link.peer, link.log, "peer ");
  link.client.resume();
  link.server.close(link.log.done("done"));
  CHECK_FALSE(link.server.listening());
  CHECK(link.server.address() == Address());
  CHECK(link.server.connections() == 1);
  turn(link.loop);
  CHECK(link.log.empty());
  CHECK(link.peer.ready_state() == "open");
  link.client.end();
  link.loop.run();
  CHECK(link.server.connections() == 0);
  CHECK(link.log.text() == "peer end peer finish peer close(false) server close done");
}

TEST_CASE("close twice tells close once, and each callback its own", "[server]") {
  Link link;
  follow(link.server, link.log);
  link.server.close(link.log.done("1")).close(link.log.done("2")).close();
  link.loop.run_once();
  CHECK(link.log.empty());
  link.client.destroy();
  link.loop.run();
  CHECK(link.log.text() == "close 1 2(ERR_SERVER_NOT_RUNNING)");
  link.server.close(link.log.done("3"));
  link.loop.run();
  CHECK(link.log.text() == "close 1 2(ERR_SERVER_NOT_RUNNING) 3(ERR_SERVER_NOT_RUNNING)");
}

TEST_CASE("close of a server that never listened lets its listeners go", "[server]") {
  TestLoop loop;
  EventLog log;
  const Token token = std::make_shared<int>();
  Server server(loop, [token](Socket&) {});
  follow(server, log);
  server.close([&](const Error& error) {
    CHECK(error.message() == "Server is not running");
    log.done("done")(error);
  });
  CHECK(log.empty());
  loop.run();
  CHECK(log.text() == "close done(ERR_SERVER_NOT_RUNNING)");
  CHECK(alive(token) == 0);
}

TEST_CASE("close inside connection keeps that connection", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  server.on_connection([&](Socket& accepted) {
    support::follow(accepted, log);
    server.close(log.done("done"));
  });
  server.listen(at_loopback());
  Socket client(loop);
  client.connect(to_port(server.address().port), [](Socket& self) { self.resume().end("hi"); });
  loop.run();
  CHECK(log.text() == "data(hi) end finish close(false) done");
}

TEST_CASE("a closed server refuses at once", "[server]") {
  Link link;
  const auto port = link.server.address().port;
  link.server.close();
  Socket late(link.loop);
  support::follow(late, link.log);
  late.on_close([&] { link.client.destroy(); });
  late.connect(to_port(port));
  link.loop.run();
  CHECK(link.log.text() == "error(ECONNREFUSED) close(true)");
}

TEST_CASE("close_all_connections destroys them, and the server listens on", "[server]") {
  Link link;
  support::follow(link.client, link.log, "c.");
  Socket second(link.loop);
  support::follow(second, link.log, "c.");
  second.connect(to_port(link.server.address().port));
  run_until(link.loop, [&] { return link.server.connections() == 2; });
  link.log.clear();
  link.server.close_all_connections();
  CHECK(link.server.connections() == 2);  // Until their close was told.
  link.loop.run();
  CHECK(link.server.connections() == 0);
  CHECK(link.server.listening());
  CHECK(link.log.count("c.end") == 2);
  CHECK(link.log.count("c.close(false)") == 2);
}

TEST_CASE("a server listens again after its close, with new listeners", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&] { log.add("old listener"); });
  server.on_close([&] {
    log.add("close");
    follow(server, log, "2.");
    server.listen(at_loopback());
    server.on_connection([&](Socket& accepted) {
      log.add("2.connection");
      accepted.destroy();
      server.close();
    });
    Socket(loop).on_error([] {}).connect(to_port(server.address().port));
  });
  server.listen(at_loopback());
  server.close();
  loop.run();
  CHECK(log.text() == "close 2.listening 2.connection 2.close");
}

TEST_CASE("a connection over max_connections is dropped, and told", "[server]") {
  TestLoop loop;
  EventLog log;
  std::vector<Socket> accepted_sockets;
  Server server(loop, [&](Socket& accepted) {
    accepted_sockets.push_back(accepted);
    accepted.resume();
  });
  follow(server, log);
  server.set_max_connections(1);
  server.listen(at_loopback()).unref();
  Socket first(loop);
  first.resume().connect(to_port(server.address().port));
  run_until(loop, [&] { return server.connections() == 1; });

  Socket second(loop);
  support::follow(second, log, "2.");
  int second_port = 0;
  second.on_connect([&] { second_port = second.local_port(); });
  int dropped_port = 0;
  server.on_drop([&](const DropInfo& info) {
    dropped_port = info.remote.port;
    CHECK(info.remote.host == "127.0.0.1");
    CHECK(info.local == server.address());
  });
  second.connect(to_port(server.address().port));
  run_until(loop, [&] { return log.has("2.close(false)"); });
  CHECK(dropped_port == second_port);
  CHECK(log.count("drop") == 1);
  CHECK(log.has("2.connect"));
  CHECK(log.has("2.end"));
  CHECK(accepted_sockets.size() == 1);
  CHECK(server.connections() == 1);

  // The slot is free again when the first has closed.
  first.end();
  run_until(loop, [&] { return server.connections() == 0; });
  Socket third(loop);
  third.resume().connect(to_port(server.address().port));
  run_until(loop, [&] { return accepted_sockets.size() == 2; });
  CHECK(log.count("drop") == 1);

  // 0: no limit.
  server.set_max_connections(0);
  Socket fourth(loop);
  fourth.resume().connect(to_port(server.address().port));
  run_until(loop, [&] { return accepted_sockets.size() == 3; });
  server.close_all_connections();
  loop.run();
}

#if __has_include(<sys/resource.h>)
namespace {

/// No descriptor above `highest`, and none free below, as long as this lives.
class NoDescriptors {
 public:
  explicit NoDescriptors(int highest) {
    int filler = 0;
    while ((filler = dup(0)) >= 0 && filler < highest) {
      fillers_.push_back(filler);
    }
    close(filler);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(highest + 1);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() {
    setrlimit(RLIMIT_NOFILE, &before_);
    for (const int filler : fillers_) close(filler);
  }

 private:
  std::vector<int> fillers_;
  rlimit before_ = {};
};

}  // namespace

TEST_CASE("out of descriptors the waiting clients are shed, and accepting goes on", "[server]") {
  TestLoop loop;
  int connections = 0;
  Server server(loop, [&](Socket& accepted) {
    ++connections;
    accepted.destroy();
  });
  server.on_error([] { FAIL("an error"); });
  server.listen(at_loopback());
  const auto port = server.address().port;
  // The first way through: sanitizers look things up then, and need descriptors of their own.
  onesock::Client early;
  REQUIRE(early.connect(port, "127.0.0.1"));
  run_until(loop, [&] { return connections == 1; });

  std::vector<onesock::Client> clients(3);
  for (auto& client : clients) {
    client.set_timeout(patience);
    REQUIRE(client.connect(port, "127.0.0.1"));
  }
  {
    const NoDescriptors none(static_cast<int>(clients.back().native_handle()));
    turn(loop);
  }
  CHECK(connections == 1);
  for (auto& client : clients) {
    CHECK_FALSE(client.read());
    CHECK_FALSE(client.error());
  }
  onesock::Client late;
  REQUIRE(late.connect(port, "127.0.0.1"));
  run_until(loop, [&] { return connections == 2; });
  server.close();
  loop.run();
}
#endif

TEST_CASE("an unreferenced server does not hold the loop, before and after listen", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.unref().unref();
  server.listen(at_loopback());
  CHECK_FALSE(loop.run());
  CHECK(server.listening());
  server.ref().ref();
  CHECK(loop.alive());
  server.unref();
  CHECK_FALSE(loop.alive());
  server.ref();
  server.close();
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "listening close");
  server.ref().unref();
  CHECK_FALSE(loop.alive());
}

TEST_CASE("an unreferenced server's connections hold the loop until they close", "[server]") {
  Link link;
  support::follow(link.peer, link.log);
  CHECK(link.loop.alive());
  link.client.unref();
  link.loop.set_timeout(milliseconds(5), [&] { link.client.end(); });
  CHECK_FALSE(link.loop.run());
  CHECK(link.log.text() == "end finish close(false)");
}

TEST_CASE("dropping the handle stops nothing", "[server]") {
  TestLoop loop;
  EventLog log;
  int port = 0;
  {
    Server server(loop, [&](Socket& accepted) {
      accepted.destroy();
      log.add("connection");
      loop.stop();
    });
    server.listen(at_loopback());
    port = server.address().port;
  }
  Socket(loop).on_error([] {}).connect(to_port(port));
  loop.run();
  CHECK(log.text() == "connection");
}

TEST_CASE("server handles are pointers", "[server]") {
  const Server first;
  const Server second;
  const Server copy = first;
  CHECK(copy == first);
  CHECK(first != second);
  CHECK((first < second) != (second < first));
  CHECK(first.id() != second.id());
  CHECK(std::set<Server>{first, second, copy}.size() == 2);
  CHECK(std::unordered_set<Server>{first, second, copy}.size() == 2);
  CHECK(first.loop() == nullptr);
  CHECK(first.connections() == 0);
}

TEST_CASE("each off of a server removes the listeners of its event", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, log.note("connection"));
  loop.on_error(log.note("nobody's"));
  follow(server, log);
  server.off_connection().off_listening().off_error().off_drop();
  server.listen(at_loopback());
  loop.run_once();
  Server failing(loop);
  follow(failing, log);
  failing.remove_all_listeners();
  failing.listen(-1);
  loop.run_once();
  server.close();
  loop.run();
  CHECK(log.text() == "nobody's close");
  follow(server, log);
  server.off_close().listen(at_loopback()).close();
  loop.run();
  CHECK(log.text() == "nobody's close");
}

TEST_CASE("adopt takes a socket that listens already", "[server]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& accepted) {
    log.add("connection");
    accepted.destroy();
    server.close();
  });
  follow(server, log);
  // A listening socket of somebody else's: made by the blocking half, which must not close it.
  auto* const leaked = new onesock::Acceptor;
  REQUIRE(leaked->listen(at_loopback()));
  const auto address = leaked->address();
  server.adopt(leaked->native_handle(), log.note("callback"));
  CHECK(server.listening());
  CHECK(server.address() == address);
  Socket client(loop);
  client.on_error([] {}).connect(to_port(address.port));
  loop.run();
  CHECK(log.text() == "listening callback connection close");
  static auto* const keeps_it_reachable = leaked;
  CHECK(keeps_it_reachable != nullptr);
}

TEST_CASE("adopt of what does not listen is an error", "[server]") {
  TestLoop loop;
  EventLog log;
  Link link;
  Server server(loop);
  follow(server, log);
  server.adopt(~std::uintptr_t(0));
  CHECK_FALSE(server.listening());
  loop.run();
  CHECK(log.text().find("error(") == 0);
  CHECK_FALSE(log.has("close"));
}

TEST_CASE("a path listens and connects as a port does, and its file goes with close",
          "[server][path]") {
  const SocketPath path;
  TestLoop loop;
  EventLog log;
  EventLog server_log;
  Server server(loop, [&](Socket& accepted) {
    support::follow(accepted, server_log);
    CHECK(accepted.remote_address().empty());
    CHECK(accepted.remote_port() == 0);
    accepted.write("hello");
    server.close();
  });
  server.listen(path.listen_options());
  REQUIRE(server.listening());
  CHECK(server.address().host == path.path);
  CHECK(server.address().family == Family::local);
  CHECK(path.exists());
  Socket client(loop);
  follow_attempts(client, log);
  support::follow(client, log);
  client.on_data([&] { client.end("bye"); });
  client.connect(path.connect_options());
  loop.run();
  CHECK(log.text() ==
        "attempt(" + path.path + ") connect ready data(hello) finish end close(false)");
  CHECK(server_log.text() == "data(bye) end finish close(false)");
  CHECK_FALSE(path.exists());
}

TEST_CASE("a stale socket file is EADDRINUSE for listen, ECONNREFUSED for connect",
          "[server][path]") {
  const SocketPath path;
  { std::ofstream(path.path) << "stale"; }
  TestLoop loop;
  EventLog log;
  Server server(loop);
  follow(server, log);
  server.listen(path.listen_options());
  loop.run();
  CHECK(log.text() == "error(EADDRINUSE)");
  CHECK(path.exists());
  Socket client(loop);
  log.clear();
  support::follow(client, log);
  client.connect(path.connect_options());
  loop.run();
  CHECK(log.text() == "error(ECONNREFUSED) close(true)");
}

TEST_CASE("a path that nobody made is ENOENT, one too long ENAMETOOLONG", "[server][path]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  support::follow(client, log);
  const SocketPath path;
  client.connect(path.connect_options());
  loop.run();
  CHECK(log.text() == "error(ENOENT) close(true)");

  log.clear();
  ListenOptions options;
  options.path = path.path + std::string(300, 'x');
  Server server(loop);
  follow(server, log);
  server.listen(options);
  loop.run();
  CHECK(log.text() == "error(ENAMETOOLONG)");
  CHECK_FALSE(std::filesystem::exists(options.path.substr(0, 107)));

  log.clear();
  onesock::ConnectOptions connect_options;
  connect_options.path = options.path;
  Socket other(loop);
  support::follow(other, log);
  other.connect(connect_options);
  loop.run();
  CHECK(log.text() == "error(ENAMETOOLONG) close(true)");
}

TEST_CASE("an abstract name needs no file", "[server][path]") {
  TestLoop loop;
  EventLog log;
  ListenOptions options;
  options.path = std::string("\0onesock-test-abstract", 22);
  Server server(loop, [&](Socket& accepted) {
    accepted.resume().end("hi");
    server.close();
  });
  follow(server, log);
  server.listen(options);
  loop.run_once();
  if (log.text() == "error(ENOTSUP)") {
    SUCCEED("no abstract names on this system");
    return;
  }
  onesock::ConnectOptions connect_options;
  connect_options.path = options.path;
  Socket client(loop);
  support::follow(client, log, "c.");
  client.connect(connect_options);
  loop.run();
  CHECK(log.text().find("c.data(hi) c.end c.finish c.close(false)") != std::string::npos);
}
