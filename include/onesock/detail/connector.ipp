// onesock: the body of Connector: RFC 8305 without the look-up.
// SPDX-License-Identifier: MIT

#include "connector.hpp"

#include <algorithm>
#include <utility>

#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE bool is_bad_path(const std::string& path) {
  return path.find('\0', 1) != std::string::npos && path.front() != '\0';
}

ONESOCK_INLINE bool is_bad_port(int port) {
  return port < 0 || port > 65535;
}

ONESOCK_INLINE Error find_fault(const ConnectOptions& options) {
  if (!options.path.empty()) {
    return is_bad_path(options.path) ? ErrorFactory::bad_argument("connect", "path", options.path)
                                     : Error();
  }
  if (is_bad_port(options.port)) return ErrorFactory::bad_port("connect", options.port);
  if (is_bad_port(options.local_port)) return ErrorFactory::bad_port("connect", options.local_port);
  if (!options.local_address.empty() && is_ip(options.local_address) == 0) {
    return ErrorFactory::bad_argument("connect", "local_address", options.local_address);
  }
  if (options.family == Family::local) {
    return ErrorFactory::bad_argument("connect", "family", family_name(options.family));
  }
  return {};
}

ONESOCK_INLINE std::vector<Address> literal_addresses(const ConnectOptions& options) {
  if (!options.path.empty()) return {Address{options.path, 0, Family::local}};
  if (is_ip(options.host) != 0) return {Address::from_ip(options.host, options.port)};
  return {};
}

ONESOCK_INLINE Error connect_timed_out(const ConnectOptions& options) {
  const auto literal = literal_addresses(options);
  return Error(
      "connect", std::make_error_code(std::errc::timed_out),
      literal.empty() ? Address{options.host, options.port, Family::any} : literal.front());
}

ONESOCK_INLINE Error lookup_failed(std::error_code code, const std::string& host) {
  return Error("getaddrinfo", code, Address{host, 0, Family::any});
}

/// RFC 8305, 4: the families alternate, the resolver's first one first, its order kept within each.
inline std::vector<Address> interleave_families(const std::vector<Address>& addresses) {
  std::deque<Address> first;
  std::deque<Address> second;
  for (const auto& address : addresses) {
    (address.family == addresses.front().family ? first : second).push_back(address);
  }
  std::vector<Address> mixed;
  while (!first.empty() || !second.empty()) {
    for (auto* family : {&first, &second}) {
      if (family->empty()) continue;
      mixed.push_back(std::move(family->front()));
      family->pop_front();
    }
  }
  return mixed;
}

ONESOCK_INLINE Connector::Connector(ConnectOptions options, const std::vector<Address>& addresses)
    : options_(std::move(options)),
      addresses_(interleave_families(addresses)),
      failures_(addresses_.size()) {
  for (auto& address : addresses_) {
    if (address.family != Family::local) address.port = options_.port;
  }
}

ONESOCK_INLINE Connector::~Connector() {
  close_attempts();
  os::close(winner_);
}

ONESOCK_INLINE void Connector::advance(TimePoint now) {
  if (state_ != State::running || now < next_attempt_) return;
  if (!attempts_.empty()) {
    events_.push_back({Event::Kind::timeout, addresses_[attempts_.back().index], {}});
  }
  start_attempts(now);
}

ONESOCK_INLINE void Connector::on_ready(Handle socket, TimePoint now) {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(),
                                  [&](const Attempt& attempt) { return attempt.socket == socket; });
  if (found == attempts_.end()) return;
  const auto code = os::connect_result(socket);
  if (code == std::errc::operation_in_progress) return;  // A select() that was wrong.
  const auto index = found->index;
  attempts_.erase(found);
  finish(socket, index, code);
  if (state_ == State::running) start_attempts(now);
}

/// The system takes "this host" as a target for loopback.
inline bool is_blocked(const BlockList& list, const Address& address) {
  return list.blocks(address.host) || (address.host == "0.0.0.0" && list.blocks("127.0.0.1")) ||
         (address.host == "::" && list.blocks("::1"));
}

/// Starts one attempt that takes its time, past those that fail at once.
ONESOCK_INLINE void Connector::start_attempts(TimePoint now) {
  constexpr Milliseconds attempt_delay{250};  // RFC 8305, 8: Connection Attempt Delay.
  auto in_progress = attempts_.size();
  while (state_ == State::running && next_index_ < addresses_.size() &&
         attempts_.size() <= in_progress) {
    const auto index = next_index_++;
    events_.push_back({Event::Kind::attempt, addresses_[index], {}});
    if (const auto error = start(index)) lose(index, error);
  }
  const bool more = state_ == State::running && next_index_ < addresses_.size();
  next_attempt_ = more ? after(now, attempt_delay) : never;
  if (state_ == State::running && attempts_.empty()) state_ = State::failed;
}

ONESOCK_INLINE Error Connector::start(std::size_t index) {
  const auto& address = addresses_[index];
  if (is_blocked(options_.block_list, address)) return ErrorFactory::ip_blocked(address);
  Handle socket = Handle::invalid;
  if (const auto code = os::open_stream(address.family, socket)) {
    return Error("connect", code, address);
  }
  if (auto error = bind_local(socket, address)) {
    os::close(socket);
    return error;
  }
  const auto code = os::connect(socket, address);
  if (code == std::errc::operation_in_progress) {
    attempts_.push_back({socket, index});
  } else {
    finish(socket, index, code);
  }
  return {};
}

ONESOCK_INLINE Error Connector::bind_local(Handle socket, const Address& address) const {
  if (options_.local_address.empty() && options_.local_port == 0) return {};
  if (address.family == Family::local) return {};
  auto local = Address::from_ip(options_.local_address, options_.local_port);
  if (options_.local_address.empty()) {
    local.family = address.family;
    local.host = address.family == Family::ipv6 ? "::" : "0.0.0.0";
  }
  const auto code = os::bind(socket, local);
  return code ? Error("bind", code, local) : Error();
}

ONESOCK_INLINE void Connector::finish(Handle socket, std::size_t index, std::error_code code) {
  if (code) {
    os::close(socket);
    lose(index, Error("connect", code, addresses_[index]));
    return;
  }
  state_ = State::connected;
  winner_ = socket;
  // "0.0.0.0" leads to 127.0.0.1; a peer that is gone already has no address any more.
  remote_ = os::peer_address(socket);
  if (remote_.empty()) remote_ = addresses_[index];
  next_attempt_ = never;
  close_attempts();
}

ONESOCK_INLINE void Connector::lose(std::size_t index, const Error& error) {
  failures_[index] = error;
  events_.push_back({Event::Kind::failed, addresses_[index], error});
}

ONESOCK_INLINE void Connector::close_attempts() {
  for (const auto& attempt : attempts_) os::close(attempt.socket);
  attempts_.clear();
}

ONESOCK_INLINE bool Connector::take_event(Event& event) {
  if (events_.empty()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

ONESOCK_INLINE std::vector<Handle> Connector::attempts() const {
  std::vector<Handle> sockets;
  sockets.reserve(attempts_.size());
  for (const auto& attempt : attempts_) sockets.push_back(attempt.socket);
  return sockets;
}

ONESOCK_INLINE Error Connector::error() const {
  if (failures_.empty()) return lookup_failed(ResolveError::not_found, options_.host);
  return failures_.size() == 1 ? failures_.front() : ErrorFactory::all_failed(failures_);
}

}  // namespace detail
ONESOCK_END_NAMESPACE
