// onesock: the life of a server: listen, accept, close.
// SPDX-License-Identifier: MIT

#include "server_state.hpp"

#include <algorithm>

#include "listener_socket.hpp"
#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

// Listening.

ONESOCK_INLINE void ServerState::listen(const ListenOptions& options, Listener<> on_listening) {
  if (!begin_life()) return;
  on_listening_ = std::move(on_listening);
  if (const auto fault = find_fault(options)) return give_up(fault);
  const auto addresses = literal_addresses(options);
  addresses.empty() ? look_up(options) : open(options, addresses);
}

ONESOCK_INLINE void ServerState::adopt(Handle handle, Listener<> on_listening) {
  if (!begin_life()) return;
  on_listening_ = std::move(on_listening);
  if (const auto code = os::adopt_listener(handle)) return give_up(Error("listen", code));
  opened(handle);
}

ONESOCK_INLINE bool ServerState::join_loop() {
  if (!loop_) loop_ = LoopState::of(default_loop());
  return !is_loop_gone();
}

ONESOCK_INLINE bool ServerState::begin_life() {
  if (!join_loop()) return false;
  if (phase_ != Phase::idle && phase_ != Phase::closing) {
    defer_outcome(ErrorFactory::already_listening());
    return false;
  }
  phase_ = Phase::looking_up;
  loop_->own(*this);
  if (referenced_) loop_->ref();
  return true;
}

ONESOCK_INLINE void ServerState::look_up(const ListenOptions& options) {
  const std::weak_ptr<ServerState> weak = shared();
  lookup_id_ = loop_->resolver().resolve(
      options.host, Family::any,
      [weak, options](std::error_code code, const std::vector<Address>& addresses) {
        const auto self = weak.lock();
        if (!self || self->phase_ != Phase::looking_up) return;
        if (code) return self->give_up(lookup_failed(code, options.host));
        self->open(options, {Address::from_ip(addresses.front().host, options.port)});
      });
}

ONESOCK_INLINE void ServerState::open(const ListenOptions& options,
                                      const std::vector<Address>& addresses) {
  Handle handle = Handle::invalid;
  if (const auto error = open_listener(options, addresses, handle)) return give_up(error);
  opened(handle);
}

ONESOCK_INLINE void ServerState::opened(Handle handle) {
  handle_ = handle;
  phase_ = Phase::listening;
  is_broken_ = false;
  spare_ = os::open_spare();
  listeners_.listening.add(std::exchange(on_listening_, {}));
  defer_outcome({});
  watch();
}

/// The listeners stay: the same server may listen again.
ONESOCK_INLINE void ServerState::give_up(const Error& error) {
  const auto keep = shared();
  const auto dropped = std::exchange(on_listening_, {});
  phase_ = owes_close_ ? Phase::closing : Phase::idle;
  if (referenced_) loop_->unref();
  if (!owes_close_) loop_->disown(*this);
  defer_outcome(error);
  defer_close_if_empty();
}

ONESOCK_INLINE void ServerState::defer_outcome(const Error& error) {
  outcomes_.push_back(error);
  loop_->defer_tell(*this);
}

ONESOCK_INLINE void ServerState::tell() {
  // One that listens again tells its `close` first.
  while (!outcomes_.empty() && (!close_due_ || phase_ == Phase::closing)) {
    const auto error = std::move(outcomes_.front());
    outcomes_.pop_front();
    if (!error) {
      listeners_.listening.fire();
    } else if (listeners_.error.empty()) {
      loop_->tell_unheard(error);
    } else {
      listeners_.error.fire(error);
    }
  }
}

ONESOCK_INLINE void ServerState::set_referenced(bool referenced) {
  if (referenced_ == referenced) return;
  referenced_ = referenced;
  const bool is_active = phase_ == Phase::looking_up || phase_ == Phase::listening;
  if (!is_active || is_loop_gone()) return;
  referenced ? loop_->ref() : loop_->unref();
}

ONESOCK_INLINE Address ServerState::address() const {
  return handle_ == Handle::invalid ? Address() : os::local_address(handle_);
}

// Closing.

ONESOCK_INLINE void ServerState::close(Done done) {
  if (!join_loop()) return;
  const bool is_active = phase_ == Phase::looking_up || phase_ == Phase::listening;
  if (done) {
    close_dones_.emplace_back(std::move(done),
                              is_active ? Error() : ErrorFactory::not_running("close"));
  }
  // One that did not listen has listeners to let go, all the same.
  loop_->own(*this);
  phase_ = Phase::closing;
  owes_close_ = true;
  if (is_active && referenced_) loop_->unref();
  if (is_active) stop_listening();
  defer_close_if_empty();
}

ONESOCK_INLINE void ServerState::stop_listening() {
  rest_timer_.cancel();
  if (lookup_id_ != 0) loop_->resolver().cancel(std::exchange(lookup_id_, 0));
  const auto dropped = std::exchange(on_listening_, {});
  const auto is_listening = [](const Error& outcome) { return !outcome; };
  outcomes_.erase(std::remove_if(outcomes_.begin(), outcomes_.end(), is_listening),
                  outcomes_.end());
  if (handle_ == Handle::invalid) return;
  loop_->forget(handle_);
  close_listener(handle_);
  os::close(std::exchange(spare_, Handle::invalid));
}

ONESOCK_INLINE void ServerState::defer_close_if_empty() {
  if (phase_ != Phase::closing || !connections_.empty() || close_due_) return;
  close_due_ = true;
  loop_->defer_close(*this);
}

ONESOCK_INLINE void ServerState::tell_close() {
  if (phase_ == Phase::closing) tell();
  const bool is_over = phase_ == Phase::closing;
  if (std::exchange(close_due_, false)) {
    owes_close_ = false;
    closed_dones_.splice(closed_dones_.end(), close_dones_);
    if (is_over) {
      end_life();
    } else {
      loop_->defer_tell(*this);
      listeners_.close.fire();
    }
  }
  while (!closed_dones_.empty()) {
    const auto done = std::move(closed_dones_.front());
    closed_dones_.pop_front();
    done.first(done.second);
  }
}

/// One that listens again keeps its listeners; the others are let go with `close`.
ONESOCK_INLINE void ServerState::end_life() {
  const auto keep = shared();
  phase_ = Phase::idle;
  loop_->disown(*this);
  auto listeners = std::exchange(listeners_, {});
  listeners.close.fire();
}

ONESOCK_INLINE void ServerState::close_all_connections() {
  // By handle: a connection that goes may take others with it.
  std::vector<std::shared_ptr<LoopItem>> connections;
  connections.reserve(connections_.size());
  for (auto* connection : connections_) connections.push_back(connection->shared_from_this());
  for (const auto& item : connections) static_cast<Connection&>(*item).destroy({});
}

ONESOCK_INLINE void ServerState::connection_closed(Connection& connection) {
  connections_.erase(&connection);
  if (!is_loop_gone()) defer_close_if_empty();
}

ONESOCK_INLINE void ServerState::abandon() {
  phase_ = Phase::idle;
  close_due_ = false;
  connections_.clear();
  if (handle_ != Handle::invalid) close_listener(handle_);
  os::close(std::exchange(spare_, Handle::invalid));
}

ONESOCK_INLINE void ServerState::drop_listeners() {
  const auto keep = shared();
  const auto listeners = std::exchange(listeners_, {});
  const auto on_listening = std::exchange(on_listening_, {});
  const auto close_dones = std::exchange(close_dones_, {});
  const auto closed_dones = std::exchange(closed_dones_, {});
}

// Accepting.

ONESOCK_INLINE void ServerState::watch() {
  const auto error = loop_->watch(handle_, Interest::read, *this);
  if (!error) return;
  defer_outcome(error);
  close({});
}

ONESOCK_INLINE void ServerState::on_ready(Handle /*handle*/, Interest /*ready*/) {
  constexpr int most_per_turn = 64;  // So that a flood of clients leaves the others their turn.
  for (int count = 0; count < most_per_turn && phase_ == Phase::listening; ++count) {
    if (close_due_ || !accept_one()) return;  // One that listens again tells its `close` first.
  }
}

/// Returns whether to ask for another.
ONESOCK_INLINE bool ServerState::accept_one() {
  Handle accepted = Handle::invalid;
  Address peer;
  const auto code = os::accept(handle_, accepted, peer);
  if (code == std::errc::operation_would_block) return false;
  if (code == std::errc::connection_aborted) return true;
  if (code) {
    accept_failed(code);
    return false;
  }
  is_broken_ = false;
  const bool is_full = max_connections_ != 0 && connections_.size() >= max_connections_;
  const bool is_unwanted = is_full || options_.block_list.blocks(peer.host);
  is_unwanted ? drop(accepted, peer) : welcome(accepted, peer);
  return true;
}

ONESOCK_INLINE void ServerState::welcome(Handle accepted, const Address& peer) {
  const auto connection = Connection::accepted(loop_, accepted, peer, options_, shared());
  connections_.insert(connection.get());
  if (!connection->destroyed()) listeners_.connection.fire(connection->self());
}

ONESOCK_INLINE void ServerState::drop(Handle accepted, const Address& peer) {
  const DropInfo info{os::local_address(accepted), peer};
  os::close(accepted);
  listeners_.drop.fire(info);
}

ONESOCK_INLINE void ServerState::accept_failed(std::error_code code) {
  if (code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system) {
    return shed();
  }
  if (code == std::errc::no_buffer_space || code == std::errc::not_enough_memory) return rest();
  if (!std::exchange(is_broken_, true)) return;
  defer_outcome(Error("accept", code, address()));
  close({});
}

/// No descriptor is left: the clients that wait are accepted on the spare one and closed, so that
/// they know, and so that they do not keep the listener ready for ever.
ONESOCK_INLINE void ServerState::shed() {
  os::close(std::exchange(spare_, Handle::invalid));
  constexpr int most_per_turn = 64;
  int count = 0;
  for (; count < most_per_turn; ++count) {
    Handle accepted = Handle::invalid;
    Address peer;
    const auto code = os::accept(handle_, accepted, peer);
    if (code == std::errc::connection_aborted) continue;
    if (code) break;
    os::close(accepted);
  }
  spare_ = os::open_spare();
  if (count == 0 || spare_ == Handle::invalid) rest();
}

ONESOCK_INLINE void ServerState::rest() {
  constexpr Milliseconds time_to_rest{100};
  loop_->forget(handle_);
  const std::weak_ptr<ServerState> weak = shared();
  rest_timer_ = loop_->add_timer(time_to_rest, false, [weak] {
    const auto self = weak.lock();
    if (self && self->phase_ == Phase::listening) self->watch();
  });
  rest_timer_.unref();
}

}  // namespace detail
ONESOCK_END_NAMESPACE
