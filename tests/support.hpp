// onesock: what the tests of the engine share: a loop that fails instead of hanging, two connected
// ends, and what happened, in order. Loopback and port 0 only.
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"
#include "onesock.hpp"

#include "../bench/process.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

using std::chrono::milliseconds;

/// Longer than any machine needs: what takes this long hangs. Real Windows needs 2 s for a refusal.
constexpr std::chrono::seconds patience{30};

/// What a test's handlers throw.
struct Oops : std::runtime_error {
  Oops() : std::runtime_error("oops") {}
};

/// Nothing, in a build without exceptions.
inline void throw_oops() {
#ifndef ONESOCK_NO_EXCEPTIONS
  throw Oops();
#endif
}

/// Does something when it goes.
struct AtDestruction {
  explicit AtDestruction(std::function<void()> action) : act(std::move(action)) {}
  AtDestruction(const AtDestruction&) = delete;
  AtDestruction& operator=(const AtDestruction&) = delete;
  ~AtDestruction() { act(); }
  std::function<void()> act;
};

/// What happened, in order.
class EventLog {
 public:
  void add(const std::string& entry) { entries_.push_back(entry); }
  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }
  /// All entries, a blank between two.
  std::string text() const {
    std::string joined;
    for (const auto& entry : entries_) joined += (joined.empty() ? "" : " ") + entry;
    return joined;
  }
  std::size_t count(const std::string& entry) const {
    return static_cast<std::size_t>(std::count(entries_.begin(), entries_.end(), entry));
  }
  bool has(const std::string& entry) const { return count(entry) > 0; }

  /// A listener of any event that adds `entry`.
  auto note(std::string entry) {
    return [this, entry = std::move(entry)] { add(entry); };
  }
  /// A `done` that adds "name" or "name(ERROR)".
  auto done(std::string name) {
    return [this, name = std::move(name)](const onesock::Error& error) {
      add(error ? name + "(" + std::string(error.name()) + ")" : name);
    };
  }

 private:
  std::vector<std::string> entries_;
};

/// A loop that fails the test instead of hanging: a handler that throws leaves run().
class TestLoop : public onesock::Loop {
 public:
  TestLoop() {
    set_timeout(patience, [] { FAIL("the loop hangs"); }).unref();
  }
};

/// run(), whether or not a handler's Oops ends it.
inline void run_past_oops(onesock::Loop& loop) {
#ifdef ONESOCK_NO_EXCEPTIONS
  loop.run();
#else
  try {
    loop.run();
  } catch (const Oops&) {
  }
#endif
}

/// Turns until `reached`; fails if nothing is left before. A turn tells first and waits then: it
/// must not wait long, or what it told is seen too late.
inline void run_until(onesock::Loop& loop, const std::function<bool()>& reached) {
  while (!reached()) {
    if (loop.run_once(milliseconds(1))) continue;
    REQUIRE(reached());
    return;
  }
}

/// Some turns that do not wait, for what must not happen.
inline void turn(onesock::Loop& loop, int turns = 3) {
  for (int count = 0; count < turns; ++count) loop.run_once();
}

/// Lets so much time pass for what must not happen, or comes by the clock.
inline void run_for(onesock::Loop& loop, milliseconds time) {
  loop.set_timeout(time, [&] { loop.stop(); });
  loop.run();
  turn(loop);  // What a slow machine has not come to.
}

/// Data as a log shows it: long ones by their size.
inline std::string shown(onesock::BufferView data) {
  return data.size() > 20 ? "#" + std::to_string(data.size()) : data.utf8();
}

/// Notes every event of a life but `data`, which would start the reading.
inline void follow_quietly(const onesock::Socket& socket, EventLog& log,
                           const std::string& who = "") {
  socket.on_connect(log.note(who + "connect"))
      .on_ready(log.note(who + "ready"))
      .on_end(log.note(who + "end"))
      .on_finish(log.note(who + "finish"))
      .on_drain(log.note(who + "drain"))
      .on_timeout(log.note(who + "timeout"))
      .on_error([&log, who](const onesock::Error& error) {
        log.add(who + "error(" + std::string(error.name()) + ")");
      })
      .on_close([&log, who](bool had_error) {
        log.add(who + (had_error ? "close(true)" : "close(false)"));
      });
}

/// Notes every event of a life.
inline void follow(const onesock::Socket& socket, EventLog& log, const std::string& who = "") {
  follow_quietly(socket, log, who);
  socket.on_data(
      [&log, who](onesock::BufferView data) { log.add(who + "data(" + shown(data) + ")"); });
}

/// Notes what comes before `connect`.
inline void follow_attempts(const onesock::Socket& socket, EventLog& log) {
  socket
      .on_lookup([&log](const onesock::Error& error, const onesock::Address& address,
                        std::string_view host) {
        log.add("lookup(" + std::string(host) + "=" +
                (error ? std::string(error.name()) : address.host) + ")");
      })
      .on_connection_attempt(
          [&log](const onesock::Address& address) { log.add("attempt(" + address.host + ")"); })
      .on_connection_attempt_failed(
          [&log](const onesock::Address& address, const onesock::Error& error) {
            log.add("failed(" + address.host + " " + std::string(error.name()) + ")");
          })
      .on_connection_attempt_timeout(
          [&log](const onesock::Address& address) { log.add("slow(" + address.host + ")"); });
}

inline onesock::ConnectOptions to_port(int port) {
  onesock::ConnectOptions options;
  options.port = port;
  options.host = "127.0.0.1";
  return options;
}

/// A port where nobody listens, and nobody can while this lives.
class ClosedPort {
 public:
  ClosedPort() {
    REQUIRE(acceptor_.listen(0, "127.0.0.1"));
    REQUIRE(holder_.connect(acceptor_.address().port, "127.0.0.1"));
    port_ = holder_.local_address().port;
  }
  int port() const { return port_; }

 private:
  onesock::Acceptor acceptor_;
  onesock::Client holder_;
  int port_ = 0;
};

/// A server and one client of it, connected; nobody listens to anything yet. The server holds the
/// loop no more, so that run() ends with the last connection.
class Link {
 public:
  explicit Link(const onesock::ServerOptions& server_options = {},
                onesock::ConnectOptions client_options = {})
      : server(loop, server_options) {
    server.listen(0, "127.0.0.1").unref();
    server.on_connection([this](onesock::Socket& accepted) {
      if (!is_accepted_) peer = accepted;
      is_accepted_ = true;
    });
    client_options.port = server.address().port;
    client_options.host = "127.0.0.1";
    client.connect(client_options);
    run_until(loop, [this] { return is_accepted_ && !client.pending(); });
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  EventLog log;
  TestLoop loop;
  onesock::Server server;
  onesock::Socket client{loop};
  onesock::Socket peer{loop};

 private:
  bool is_accepted_ = false;
};

inline onesock::ServerOptions half_open_server() {
  onesock::ServerOptions options;
  options.allow_half_open = true;
  return options;
}

inline onesock::ConnectOptions half_open_client() {
  onesock::ConnectOptions options;
  options.allow_half_open = true;
  return options;
}

/// More than the kernel takes from a writer whose peer does not read.
inline const std::string& too_much() {
  static const std::string bytes(24 * 1024 * 1024, 'x');
  return bytes;
}

/// Whether this machine has an IPv6 loopback.
inline bool has_ipv6() {
  onesock::Acceptor acceptor;
  return acceptor.listen(0, "::1");
}

/// Counts what is alive of the copies given away: `use_count() - 1`.
using Token = std::shared_ptr<int>;
inline long alive(const Token& token) {
  return token.use_count() - 1;
}

}  // namespace support
