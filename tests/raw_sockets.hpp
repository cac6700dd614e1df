// onesock: what the tests of the system layer share: raw handles that close themselves, and pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"
#include "support.hpp"

namespace raw {

namespace os = onesock::detail::os;
using onesock::Address;
using onesock::Family;
using onesock::detail::Handle;
using onesock::detail::Interest;
using onesock::detail::Poller;
using onesock::detail::Readiness;
using support::patience;

/// A handle that is closed when it goes.
class Owned {
 public:
  explicit Owned(Handle handle = Handle::invalid) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    os::close(std::exchange(handle_, other.release()));
    return *this;
  }
  ~Owned() { os::close(handle_); }

  Handle get() const { return handle_; }
  Handle release() { return std::exchange(handle_, Handle::invalid); }

 private:
  Handle handle_;
};

inline Owned open_stream(Family family = Family::ipv4) {
  Handle handle = Handle::invalid;
  REQUIRE_FALSE(os::open_stream(family, handle));
  REQUIRE(handle != Handle::invalid);
  return Owned(handle);
}

/// What `handle` is ready for within our patience; none if it is not.
inline Interest wait_for(Handle handle, Interest want) {
  Poller poller;
  std::vector<Readiness> ready;
  REQUIRE_FALSE(poller.watch(handle, want));
  REQUIRE_FALSE(poller.wait(patience, ready));
  return ready.empty() ? Interest::none : ready.front().interest;
}

/// A listener on `address`; a port of 0 is chosen by the system.
inline Owned listen_on(const Address& address) {
  Owned listener = open_stream(address.family);
  if (address.family != Family::local) REQUIRE_FALSE(os::set_exclusive(listener.get(), true));
  REQUIRE_FALSE(os::bind(listener.get(), address));
  REQUIRE_FALSE(os::listen(listener.get(), 511));
  return listener;
}

inline Owned listen_on_loopback() {
  return listen_on(Address::from_ip("127.0.0.1", 0));
}

inline Owned connect_to(const Address& address) {
  Owned client = open_stream(address.family);
  std::error_code error = os::connect(client.get(), address);
  if (error == std::errc::operation_in_progress) {
    REQUIRE(wait_for(client.get(), Interest::connect) == Interest::connect);
    error = os::connect_result(client.get());
  }
  REQUIRE_FALSE(error);
  return client;
}

inline Owned accept_from(Handle listener, Address& peer) {
  REQUIRE(wait_for(listener, Interest::read) == Interest::read);
  Handle accepted = Handle::invalid;
  REQUIRE_FALSE(os::accept(listener, accepted, peer));
  REQUIRE(accepted != Handle::invalid);
  return Owned(accepted);
}

/// Two ends of one connection.
struct Pair {
  Owned client;
  Owned server;
};

inline Pair connect_pair(Handle listener) {
  Pair pair;
  Address peer;
  pair.client = connect_to(os::local_address(listener));
  pair.server = accept_from(listener, peer);
  return pair;
}

inline Pair open_pair() {
  const Owned listener = listen_on_loopback();
  return connect_pair(listener.get());
}

inline void send_all(Handle socket, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    REQUIRE(wait_for(socket, Interest::write) == Interest::write);
    std::size_t sent = 0;
    REQUIRE_FALSE(os::send(socket, text.data() + done, text.size() - done, sent));
    done += sent;
  }
}

/// Waits, then receives once; "" is a FIN.
inline std::string receive_some(Handle socket) {
  REQUIRE(wait_for(socket, Interest::read) == Interest::read);
  char bytes[4096];
  std::size_t received = sizeof(bytes) + 1;
  REQUIRE_FALSE(os::receive(socket, bytes, sizeof(bytes), received));
  return std::string(bytes, received);
}

inline std::string receive_all(Handle socket, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    const std::string more = receive_some(socket);
    REQUIRE_FALSE(more.empty());
    text += more;
  }
  return text;
}

}  // namespace raw
