// onesock: the body of a Server: what it listens on, and the connections it accepted.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "../server.hpp"
#include "connection.hpp"
#include "event.hpp"
#include "loop_state.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// The listeners of one life of a Server.
struct ServerListeners {
  Event<Socket&> connection;
  Event<> listening;
  Event<const Error&> error;
  Event<> close;
  Event<const DropInfo&> drop;
};

/// Lives: idle -> looking_up -> listening -> closing (its connections live on) -> idle; and from
/// closing to looking_up again.
class ServerState final : public LoopItem, public ConnectionOwner {
 public:
  ServerState(std::shared_ptr<LoopState> loop, ServerOptions options)
      : loop_(std::move(loop)), options_(std::move(options)), id_(next_id()) {}

  void listen(const ListenOptions& options, Listener<> on_listening);
  void adopt(Handle handle, Listener<> on_listening);
  void close(Done done);
  void close_all_connections();
  void set_max_connections(std::size_t count) { max_connections_ = count; }
  void set_referenced(bool referenced);

  Address address() const;
  bool listening() const { return phase_ == Phase::listening; }
  std::size_t connections() const { return connections_.size(); }
  std::uint64_t id() const { return id_; }
  Loop* loop() const { return loop_ ? loop_->loop() : nullptr; }
  Handle handle() const { return handle_; }
  ServerListeners& listeners() { return listeners_; }
  /// Whether its Loop is gone: then nothing is ever told again.
  bool is_loop_gone() const { return loop_ && loop_->loop() == nullptr; }

  void tell() override;
  void on_ready(Handle handle, Interest interest) override;
  void tell_close() override;
  void abandon() override;
  void drop_listeners() override;
  void connection_closed(Connection& connection) override;

 private:
  enum class Phase { idle, looking_up, listening, closing };

  std::shared_ptr<ServerState> shared() {
    return std::static_pointer_cast<ServerState>(shared_from_this());
  }
  bool join_loop();
  bool begin_life();
  void look_up(const ListenOptions& options);
  void open(const ListenOptions& options, const std::vector<Address>& addresses);
  void opened(Handle handle);
  void give_up(const Error& error);
  void stop_listening();
  void defer_outcome(const Error& error);
  void defer_close_if_empty();
  void end_life();

  bool accept_one();
  void welcome(Handle accepted, const Address& peer);
  void drop(Handle accepted, const Address& peer);
  void accept_failed(std::error_code code);
  void shed();
  void rest();
  void watch();

  std::shared_ptr<LoopState> loop_;
  const ServerOptions options_;
  const std::uint64_t id_;
  ServerListeners listeners_;

  Phase phase_ = Phase::idle;
  bool referenced_ = true;
  bool owes_close_ = false;  // close() was called, and `close` not told yet.
  bool close_due_ = false;
  bool is_broken_ = false;      // accept() said so once; twice in a row is final.
  Listener<> on_listening_;     // Of the listen() that looks its host up.
  std::deque<Error> outcomes_;  // To be told: an error, or "listening" where there is none.
  std::list<std::pair<Done, Error>> close_dones_;
  std::list<std::pair<Done, Error>> closed_dones_;  // Theirs was told: only they are left.
  Handle handle_ = Handle::invalid;
  Handle spare_ = Handle::invalid;  // Given up for a moment when no descriptor is left.
  std::uint64_t lookup_id_ = 0;
  Timer rest_timer_;

  std::set<Connection*> connections_;
  std::size_t max_connections_ = 0;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
