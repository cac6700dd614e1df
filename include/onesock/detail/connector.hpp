// onesock: one connect as a pure state machine: it knows no loop and has no clock of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "../options.hpp"
#include "clock.hpp"
#include "handle.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// Outside 0 to 65535.
bool is_bad_port(int port);
/// A NUL is an abstract name's first byte, and nowhere else in a path.
bool is_bad_path(const std::string& path);
/// What is wrong with the options, if anything: bad port, path, local address, family.
Error find_fault(const ConnectOptions& options);
/// The addresses that need no look-up: a path or an IP address; empty for a name.
std::vector<Address> literal_addresses(const ConnectOptions& options);
/// The error of a connect whose `timeout` passed: "connect ETIMEDOUT host:port".
Error connect_timed_out(const ConnectOptions& options);
/// The error of a name that did not resolve: "getaddrinfo ENOTFOUND host".
Error lookup_failed(std::error_code code, const std::string& host);

/// Tries addresses in RFC 8305 order, 250 ms apart, until one is connected or all have failed.
///
/// The owner watches attempts() for Interest::connect, calls advance() when deadline() has come and
/// on_ready() when one is ready, and tells take_event() in order. Both calls may close attempts: it
/// forgets them all before, and watches attempts() after.
class Connector {
 public:
  struct Event {
    enum class Kind { attempt, failed, timeout };
    Kind kind;
    Address address;
    Error error;
  };
  enum class State { running, connected, failed };

  /// `addresses` in the resolver's order (none at all: the host is not found); their ports are
  /// replaced by the options'.
  Connector(ConnectOptions options, const std::vector<Address>& addresses);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  /// Starts the attempts that are due at `now`; the first call starts the first.
  void advance(TimePoint now);
  /// The socket of an attempt has its answer.
  void on_ready(Handle socket, TimePoint now);

  State state() const { return state_; }
  /// The sockets that are connecting.
  std::vector<Handle> attempts() const;
  /// When to call advance() again; `never` if no more addresses wait.
  TimePoint deadline() const { return next_attempt_; }
  /// The oldest event that was not taken yet; false if there is none.
  bool take_event(Event& event);
  /// Connected: the socket, the caller's from now on, and whom it is connected to.
  Handle take_socket() { return std::exchange(winner_, Handle::invalid); }
  const Address& remote() const { return remote_; }
  /// Failed: the one error that names each address.
  Error error() const;

 private:
  struct Attempt {
    Handle socket;
    std::size_t index;
  };
  void start_attempts(TimePoint now);
  Error start(std::size_t index);
  Error bind_local(Handle socket, const Address& address) const;
  void finish(Handle socket, std::size_t index, std::error_code code);
  void lose(std::size_t index, const Error& error);
  void close_attempts();

  ConnectOptions options_;
  std::vector<Address> addresses_;
  std::vector<Error> failures_;  // By address; false where none failed (yet).
  std::vector<Attempt> attempts_;
  std::deque<Event> events_;
  std::size_t next_index_ = 0;
  TimePoint next_attempt_ = TimePoint();
  State state_ = State::running;
  Handle winner_ = Handle::invalid;
  Address remote_;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
