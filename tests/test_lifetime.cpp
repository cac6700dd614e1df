// onesock: lifetimes: any call in any handler, handles that go early or late, loops that go first.
// SPDX-License-Identifier: MIT

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "support.hpp"
#include "thread.hpp"

using namespace support;
using onesock::BufferView;
using onesock::Error;
using onesock::Loop;
using onesock::Server;
using onesock::Socket;

namespace {

/// How one connection's life was told.
struct Life {
  bool has_begun = false;
  int closes = 0;
  int after_close = 0;
};

/// What every promise is made to: a client that connects by name, writes, is idle, ends; its peer;
/// a client too many; and one that is refused. Once, in one event, one action is done.
class World {
 public:
  World(std::string event, std::string action, int closed_port, const Token& token)
      : event_(std::move(event)), action_(std::move(action)), token_(token) {
    start_server();
    start_client();
    refused_.on_error(hook("error", refused_, refused_life_));
    follow(refused_, refused_life_);
    refused_.connect(to_port(closed_port));
  }

  void run() {
    for (int runs = 0; loop_.alive() && runs < 10; ++runs) run_past_oops(loop_);
  }

  int acted() const { return acted_; }
  void require_all_told() const {
    CHECK_FALSE(loop_.alive());
    CHECK(server_closes_ == 1);
    CHECK(dones_owed_ == 0);
    CHECK(client_life_.has_begun);
    CHECK(refused_life_.has_begun);
    for (const auto* life : {&client_life_, &peer_life_, &surplus_life_, &refused_life_}) {
      CHECK(life->closes == (life->has_begun ? 1 : 0));
      CHECK(life->after_close == 0);
    }
  }

 private:
  void start_server() {
    server_.on_listening(hook("listening", client_, client_life_));
    server_.on_drop([this] {
      if (!is_dropped_) client_.set_timeout(milliseconds(2));
    });
    server_.on_drop(hook("drop", client_, client_life_));
    server_.on_connection([this, token = token_](Socket& accepted) {
      follow(accepted, peer_life_);
      accepted.on_data([&accepted] {
        if (accepted.bytes_written() == 0) accepted.write("hello");
      });
      hook("connection", accepted, peer_life_)();
    });
    server_.on_close([this, token = token_] { ++server_closes_; });
    server_.set_max_connections(1).listen(0, "127.0.0.1");
  }

  void start_client() {
    follow(client_, client_life_);
    client_.on_lookup(hook("lookup", client_, client_life_))
        .on_connect(hook("connect", client_, client_life_))
        .on_ready(hook("ready", client_, client_life_))
        .on_data([this] { start_surplus(); })
        .on_data(hook("data", client_, client_life_))
        .on_drain(hook("drain", client_, client_life_))
        .on_end(hook("end", client_, client_life_))
        .on_finish(hook("finish", client_, client_life_))
        .on_close([this] { server_.close(); })
        .on_close(hook("close", client_, client_life_));
    client_.on_timeout([this] {
      if (!is_dropped_) client_.end(done("end-done"));
    });
    client_.on_timeout(hook("timeout", client_, client_life_));
    onesock::ConnectOptions options;
    options.port = server_.address().port;
    options.host = "some.name";
    options.lookup = [token = token_](const std::string&, onesock::Family,
                                      const onesock::LookupAnswer& answer) {
      answer({}, {onesock::Address::from_ip("127.0.0.1", 0)});
    };
    client_.connect(options);
    // So few that the system takes them at once, whatever it has to do.
    client_.set_high_water_mark(1).write("hello", done("write-done"));
  }

  void start_surplus() {
    if (surplus_life_.has_begun) return;
    follow(surplus_, surplus_life_);
    surplus_.resume().connect(to_port(server_.address().port));
  }

  /// Notes the closes, and what comes behind them.
  void follow(const Socket& socket, Life& life) {
    life.has_begun = true;
    const auto note = [&life, token = token_] { life.after_close += life.closes; };
    socket.on_lookup(note).on_connect(note).on_ready(note).on_end(note).on_finish(note);
    socket.on_drain(note).on_timeout(note).on_error(note);
    count_close(socket, life);
  }

  void count_close(const Socket& socket, Life& life) {
    socket.on_close([&life, token = token_] { ++life.closes; });
  }

  /// A `done` that must run exactly once.
  onesock::Done done(const std::string& name) {
    ++dones_owed_;
    return [this, act = hook(name, client_, client_life_)] {
      --dones_owed_;
      act();
    };
  }

  std::function<void()> hook(const std::string& here, const Socket& actor, Life& life) {
    const bool is_here = here == event_;
    return [this, is_here, &actor, &life, token = token_] {
      if (!is_here || acted_++ > 0) return;
      // What the action has stopped goes on no more: it is ended by force.
      loop_.set_timeout(milliseconds(8), [this] { clean_up(); }).unref();
      act_on(actor, life);
    };
  }

  void act_on(const Socket& actor, Life& life) {
    if (action_ == "destroy") actor.destroy();
    if (action_ == "destroy(error)") actor.destroy(Error("boom"));
    if (action_ == "end") actor.end(done("action-done"));
    if (action_ == "write") actor.write("w", done("action-done"));
    if (action_ == "pause") actor.pause();
    if (action_ == "drop handles") drop_handles();
    if (action_ == "remove listeners") {
      actor.remove_all_listeners();
      if (event_ != "close") count_close(actor, life);
    }
    if (action_ == "server.close") server_.close();
    if (action_ == "throw") throw_oops();
    if (action_ == "stop") loop_.stop();
  }

  /// Only the loop keeps the connections now.
  void drop_handles() {
    is_dropped_ = true;
    client_ = surplus_ = refused_ = Socket(loop_);
  }

  void clean_up() {
    server_.close_all_connections().close();
    for (const auto* socket : {&client_, &surplus_, &refused_}) {
      if (!socket->pending() || socket->connecting()) socket->destroy();
    }
  }

  const std::string event_;
  const std::string action_;
  const Token token_;
  TestLoop loop_;
  Life client_life_;
  Life peer_life_;
  Life surplus_life_;
  Life refused_life_;
  int server_closes_ = 0;
  int dones_owed_ = 0;
  int acted_ = 0;
  Server server_{loop_};
  Socket client_{loop_};
  Socket surplus_{loop_};
  Socket refused_{loop_};
  bool is_dropped_ = false;
};

}  // namespace

TEST_CASE("any action in any event leaves one close per life and nothing behind it", "[lifetime]") {
  const ClosedPort closed;
  const Token token = std::make_shared<int>();
  for (const char* event :
       {"lookup", "connect", "ready", "data", "drain", "end", "finish", "timeout", "error", "close",
        "connection", "listening", "drop", "write-done", "end-done"}) {
    for (const char* action : {"destroy", "destroy(error)", "end", "write", "pause", "drop handles",
                               "remove listeners", "server.close", "throw", "stop"}) {
      CAPTURE(event, action);
      {
        World world(event, action, closed.port(), token);
        world.run();
        CHECK(world.acted() >= 1);
        world.require_all_told();
      }
      CHECK(alive(token) == 0);
    }
  }
}

TEST_CASE("a loop that goes closes everything quietly and gives every descriptor back",
          "[lifetime]") {
  { Link warm_up; }
  const ClosedPort closed;
  const Token token = std::make_shared<int>();
  const auto before = open_descriptors();
  {
    Link link;
    const auto never = [token] { FAIL("told by a loop that goes"); };
    Socket looking_up(link.loop);
    Socket connecting(link.loop);
    Socket destroyed(link.loop);
    Socket unread(link.loop);
    for (const auto* socket :
         {&link.client, &link.peer, &looking_up, &connecting, &destroyed, &unread}) {
      socket->on_connect(never).on_data(never).on_end(never).on_finish(never);
      socket->on_error(never).on_close(never).on_timeout(never);
      socket->set_timeout(milliseconds(1));
    }
    link.server.on_close(never).on_error(never).on_drop(never);
    connecting.connect(to_port(closed.port()), never);
    looking_up.connect(80, "localhost");
    link.client.write(too_much(), never);
    link.client.end(never);
    destroyed.destroy(Error("boom"));
    link.loop.post(never);
    link.loop.set_timeout(milliseconds(0), never);
    link.loop.set_interval(milliseconds(1), never);
    link.loop.on_error(never);
    Server closing(link.loop);
    closing.on_close(never).listen(0, "127.0.0.1").close(never);
    Server listening(link.loop);
    listening.on_listening(never).listen(0, "127.0.0.1");
  }
  CHECK(alive(token) == 0);
  // The thread of the look-up may hold the waker for a moment longer.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (open_descriptors() > before && std::chrono::steady_clock::now() < deadline) {
    yield();
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("listeners of a loop that goes are destroyed once, and may call anything", "[lifetime]") {
  int destroyed = 0;
  std::optional<Socket> outlives;
  std::optional<Server> server_outlives;
  {
    auto link = std::make_unique<Link>();
    Loop& loop = link->loop;
    const Socket client = link->client;
    const Socket peer = link->peer;
    const Server server = link->server;
    const auto anything =
        std::make_shared<AtDestruction>([&destroyed, &loop, client, peer, server] {
          ++destroyed;
          client.write("x", [] { FAIL("told"); });
          client.end("x", [] { FAIL("told"); });
          client.destroy(Error("boom")).connect(1, "127.0.0.1");
          client.on_data([](BufferView) { FAIL("told"); }).resume();
          client.remove_all_listeners().set_timeout(milliseconds(1));
          peer.reset_and_destroy().on_close([] { FAIL("told"); });
          server.listen(0, "127.0.0.1").on_close([] { FAIL("told"); });
          server.close([] { FAIL("told"); }).close_all_connections().ref().unref();
          loop.post([] { FAIL("told"); });
          loop.on_error([] { FAIL("told"); });
          loop.set_timeout(milliseconds(0), [] { FAIL("told"); });
          CHECK(loop.run());
          CHECK(loop.run_once(patience));
          loop.stop();
        });
    // Each holder may be the last one.
    client.on_data([anything] {}).on_close([anything] {});
    client.write(too_much(), [anything] {});
    peer.on_end([anything] {});
    server.on_close([anything] {});
    loop.set_timeout(patience, [anything] {});
    loop.post([anything] {});
    outlives = client;
    server_outlives = server;
  }
  CHECK(destroyed == 1);
  CHECK(outlives->loop() == nullptr);
  CHECK(server_outlives->loop() == nullptr);
}

TEST_CASE("the last holder of a destructor that calls anything may be any listener", "[lifetime]") {
  const auto where = GENERATE(range(0, 9));
  CAPTURE(where);
  int destroyed = 0;
  {
    Link link;
    const Socket client = link.client;
    Loop& loop = link.loop;
    const auto holder = [&destroyed, client, &loop] {
      return std::make_shared<AtDestruction>([&destroyed, client, &loop] {
        ++destroyed;
        client.destroy().connect(1, "127.0.0.1");
        client.write("x");
        loop.post([] { FAIL("told"); });
        loop.set_timeout(milliseconds(0), [] { FAIL("told"); }).cancel();
      });
    };
    if (where == 0) client.on_data([held = holder()] {});
    if (where == 1) client.write(too_much(), [held = holder()] {});
    if (where == 2) client.end([held = holder()] {});
    if (where == 3) link.server.on_close([held = holder()] {});
    if (where == 4) link.server.close([held = holder()] {});
    if (where == 5) loop.set_timeout(patience, [held = holder()] {});
    if (where == 6) loop.post([held = holder()] {});
    if (where == 7) loop.on_error([held = holder()] {});
    if (where == 8) link.server.listen(0, "127.0.0.1", [held = holder()] {});
  }
  CHECK(destroyed == 1);
}

TEST_CASE("a handle outlives its loop: every call does nothing, and says so where it can",
          "[lifetime]") {
  auto link = std::make_unique<Link>();
  const Token token = std::make_shared<int>();
  const Socket client = link->client;
  const Server server = link->server;
  const Socket idle(link->loop);
  const Server idle_server(link->loop);
  link.reset();
  for (const auto& socket : {client, idle}) {
    socket.on_data([token] {}).on_close([token] {}).on_connect([token] {}).on_error([token] {});
    socket.on_lookup([token] {}).on_connection_attempt([token] {}).on_drain([token] {});
    socket.on_connection_attempt_failed([token] {}).on_connection_attempt_timeout([token] {});
    socket.on_end([token] {}).on_finish([token] {}).on_ready([token] {}).on_timeout([token] {});
    CHECK_FALSE(socket.write("x", [token] {}));
    socket.connect(to_port(1), [token](Socket&) {});
    socket.end([token] {}).end("x", [token] {}).pause().resume();
    socket.set_timeout(milliseconds(1), [token] {}).set_encoding(onesock::Encoding::hex);
    socket.set_no_delay().set_keep_alive().ref().unref().reset_and_destroy().destroy();
    socket.destroy(Error("boom"));
    CHECK(alive(token) == 0);
    CHECK(socket.loop() == nullptr);
    CHECK(socket.pending());
    CHECK(socket.native_handle() == ~std::uintptr_t(0));
    CHECK(socket.address().empty());
  }
  CHECK(client.destroyed());
  CHECK(client.ready_state() == "closed");
  CHECK(client.remote_address() == "127.0.0.1");
  for (const auto& each : {server, idle_server}) {
    each.on_connection([token](Socket&) {}).on_close([token] {}).on_error([token] {});
    each.on_listening([token] {}).on_drop([token] {}).listen(0, "127.0.0.1", [token] {});
    each.close([token] {}).close_all_connections().ref().unref().set_max_connections(1);
    CHECK(alive(token) == 0);
    CHECK_FALSE(each.listening());
    CHECK(each.address().empty());
    CHECK(each.connections() == 0);
    CHECK(each.loop() == nullptr);
  }
}

#ifndef ONESOCK_NO_EXCEPTIONS
TEST_CASE("a loop that goes after a handler threw leaves nothing behind",
          "[lifetime][exceptions]") {
  const Token token = std::make_shared<int>();
  const std::string where =
      GENERATE(as<std::string>(), "data", "done", "task", "close", "connection");
  CAPTURE(where);
  {
    Link link;
    const auto oops = [token] { throw Oops(); };
    link.client.on_close([token] {});
    link.peer.on_close([token] {});
    if (where == "data") link.client.on_data(oops);
    if (where == "done") link.client.write("x", oops);
    if (where == "task") link.loop.post(oops);
    if (where == "close") link.client.on_close(oops).destroy();
    if (where == "connection") link.server.on_connection(oops);
    Socket other(link.loop);
    other.on_error([token] {}).connect(to_port(link.server.address().port));
    link.peer.write("x");
    link.loop.post([token] {});
    CHECK_THROWS_AS(link.loop.run(), Oops);
  }
  CHECK(alive(token) == 0);
}
#endif

TEST_CASE("close lets go of all that a connection's listeners held, its own handle too",
          "[lifetime]") {
  const Token token = std::make_shared<int>();
  Link link;
  {
    const Socket client = link.client;
    client.on_connect([client, token] {}).on_ready([client, token] {}).on_data([client, token] {});
    client.on_end([client, token] {}).on_finish([client, token] {}).on_drain([client, token] {});
    client.on_timeout([client, token] {}).on_error([client, token] {});
    client.on_close([client, token] { CHECK(alive(token) == 9); });
    client.write("x", [client, token] {});
    client.end([client, token] {});
    link.peer.on_data([peer = link.peer, token] {});
  }
  link.loop.run();
  CHECK(alive(token) == 0);
}

TEST_CASE("close lets go of all that a server's listeners held, its own handle too", "[lifetime]") {
  const Token token = std::make_shared<int>();
  TestLoop loop;
  {
    const Server server(loop, [token](Socket&) {});
    server.on_listening([server, token] { server.close([server, token] {}); });
    server.on_close([server, token] {}).on_error([server, token] {}).on_drop([server, token] {});
    server.listen(0, "127.0.0.1", [server, token] {});
  }
  loop.run();
  CHECK(alive(token) == 0);
}

TEST_CASE("destroy lets go where no life began: a socket never connected, a failed server",
          "[lifetime]") {
  const Token token = std::make_shared<int>();
  TestLoop loop;
  {
    const Socket socket(loop);
    socket.on_data([socket, token] {});
    socket.destroy();
    const Server server(loop);
    server.on_error([server, token] { server.close(); });
    server.listen(-1);
    const Server dropped(loop);
    dropped.on_error([token] {});
    dropped.listen(-1);
  }
  loop.run();
  CHECK(alive(token) == 0);
}

TEST_CASE("a refused connect lets go of its listeners", "[lifetime]") {
  const Token token = std::make_shared<int>();
  const ClosedPort closed;
  TestLoop loop;
  {
    const Socket socket(loop);
    socket.on_error([socket, token] {}).on_close([socket, token] {});
    socket.connect(to_port(closed.port()), [socket, token](Socket&) {});
    socket.write("x", [socket, token] {});
  }
  loop.run();
  CHECK(alive(token) == 0);
}

TEST_CASE("nobody's handle is needed for a connection to live", "[lifetime]") {
  TestLoop loop;
  EventLog log;
  {
    Server server(loop, [](Socket& accepted) {
      accepted.on_data([&accepted](BufferView data) { accepted.end(data); });
    });
    server.listen(0, "127.0.0.1").unref();
    Socket client(loop);
    follow(client, log);
    client.connect(to_port(server.address().port));
    client.write("echo");
  }
  loop.run();
  CHECK(log.text() == "connect ready data(echo) end finish close(false)");
}

TEST_CASE("a handler may drop the handle it was called through", "[lifetime]") {
  Link link;
  auto client = std::make_unique<Socket>(link.client);
  link.client = Socket(link.loop);
  client->on_data([&] {
    client.reset();
    link.log.add("data");
  });
  client->on_close(link.log.note("close"));
  link.peer.resume().end("x");
  link.loop.run();
  CHECK(link.log.text() == "data close");
}

TEST_CASE("the Socket& of a handler stays at its address up to close", "[lifetime]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& client) {
    const Socket* const address = &client;
    client.on_data([&client, &log, address] {
      CHECK(&client == address);
      client.write("x", [&client, &log] { log.add(client.destroyed() ? "lost" : "done"); });
      client.end();
    });
    client.on_close([&client, &log] {
      CHECK(client.destroyed());
      CHECK(client.remote_address() == "127.0.0.1");
      log.add("close");
    });
    server.close();
  });
  server.listen(0, "127.0.0.1");
  Socket client(loop);
  client.resume().connect(to_port(server.address().port));
  client.write("go");
  loop.run();
  CHECK(log.text() == "done close");
}

TEST_CASE("a set of clients may be changed by their own close", "[lifetime]") {
  TestLoop loop;
  std::set<Socket> clients;
  std::size_t most = 0;
  Server server(loop, [&](Socket& accepted) {
    clients.insert(accepted);
    most = (std::max)(most, clients.size());
    accepted.on_data([&clients](BufferView data) {
      for (const auto& other : clients) other.write(data);  // Broadcast, dead ones included.
    });
    accepted.on_error([] {});
    accepted.on_close([&clients, &accepted] { clients.erase(accepted); });
  });
  server.listen(0, "127.0.0.1").unref();
  std::vector<Socket> senders;
  for (int count = 0; count < 10; ++count) {
    senders.emplace_back(loop);
    senders.back().on_error([] {}).on_data([socket = senders.back()] { socket.destroy(); });
    senders.back().connect(to_port(server.address().port));
    senders.back().write("hello");
  }
  loop.run();
  CHECK(clients.empty());
  CHECK(most > 1);
}

TEST_CASE("one close may destroy all the others of its turn", "[lifetime]") {
  TestLoop loop;
  int closes = 0;
  std::vector<Socket> clients;
  Server server(loop, [](Socket& accepted) { accepted.resume(); });
  server.listen(0, "127.0.0.1").unref();
  for (int count = 0; count < 10; ++count) {
    clients.emplace_back(loop);
    clients.back().connect(to_port(server.address().port));
    clients.back().on_close([&] {
      ++closes;
      for (const auto& client : clients) client.destroy();
      clients.clear();
    });
  }
  clients[3].on_ready([&] { clients[3].destroy(); });
  loop.run();
  CHECK(closes == 10);
}

TEST_CASE("a server handle may go inside its own connection handler", "[lifetime]") {
  TestLoop loop;
  EventLog log;
  auto server = std::make_unique<Server>(loop);
  server->on_connection([&](Socket& accepted) {
    follow(accepted, log);
    server->close();
    server.reset();
  });
  server->on_close(log.note("server"));
  server->listen(0, "127.0.0.1");
  Socket client(loop);
  client.connect(to_port(server->address().port), [](Socket& self) { self.end("x"); });
  loop.run();
  CHECK(log.text() == "data(x) end finish close(false) server");
}

TEST_CASE("listeners added to an open connection between turns are heard", "[lifetime]") {
  Link link;
  Link other;
  link.peer.write("x");
  run_for(link.loop, milliseconds(5));
  follow(link.client, link.log);
  link.peer.end();
  link.loop.run();
  CHECK(link.log.text() == "data(x) end finish close(false)");
  // A loop of its own is not touched.
  CHECK(other.client.ready_state() == "open");
}

TEST_CASE("handles may be copied and dropped on any thread", "[lifetime]") {
  Link link;
  std::vector<Thread> threads;
  for (int count = 0; count < 4; ++count) {
    threads.emplace_back([client = link.client, server = link.server, peer = link.peer, &link] {
      for (int round = 0; round < 200; ++round) {
        const Socket copy = client;
        const Server server_copy = server;
        std::vector<Socket> several(3, peer);
        several.clear();
      }
      link.loop.post([client] { client.destroy(); });
    });
  }
  for (auto& thread : threads) thread.join();
  link.client.on_close(link.log.note("close"));
  link.loop.run();
  CHECK(link.log.text() == "close");
}

TEST_CASE("connections that come and go leave no descriptor and no listener", "[lifetime]") {
  const Token token = std::make_shared<int>();
  Link link;
  const auto before = open_descriptors();
  int left = 50;
  const std::function<void()> next = [&] {
    if (left-- == 0) {
      link.client.destroy();
      return;
    }
    Socket client(link.loop);
    client.on_close([token, &next] { next(); }).on_error([token] {});
    client.connect(to_port(link.server.address().port), [token](Socket& self) {
      self.write("x");
      self.destroy();
    });
  };
  link.server.on_connection(
      [token](Socket& accepted) { accepted.on_data([token] {}).on_error([token] {}); });
  next();
  link.loop.run();
  // The link's own two ends have gone too.
  CHECK(open_descriptors() <= before);
  CHECK(alive(token) == 1);  // The server's listener.
}

#if __has_include(<sys/wait.h>)
TEST_CASE("a loop destroyed inside its own run ends the program", "[lifetime]") {
  const auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::set_terminate([] { _exit(42); });
    auto loop = std::make_unique<Loop>();
    loop->post([&loop] { loop.reset(); });
    loop->run();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
#endif
