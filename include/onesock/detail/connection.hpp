// onesock: the body of a Socket: one connection as a state machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../socket.hpp"
#include "connector.hpp"
#include "event.hpp"
#include "loop_state.hpp"
#include "write_queue.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

class Connection;

/// A server, as its connections know it.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  /// Its `close` is about to be told.
  virtual void connection_closed(Connection& connection) = 0;
};

/// The listeners of one life of a Socket.
struct SocketListeners {
  Event<const Error&, const Address&, std::string_view> lookup;
  Event<const Address&> connection_attempt;
  Event<const Address&, const Error&> connection_attempt_failed;
  Event<const Address&> connection_attempt_timeout;
  Event<Socket&> connect;
  Event<> ready;
  Event<BufferView> data;
  Event<> end;
  Event<> finish;
  Event<> drain;
  Event<> timeout;
  Event<const Error&> error;
  Event<bool> close;
};

/// Lives: idle -> looking_up -> connecting -> open -> closed, and from closed to looking_up again.
///
/// What happens is noted in the `..._due_` members and told by tell() and tell_close(), which take
/// each thing off before they tell it. After any handler everything may be closed: look again.
class Connection final : public LoopItem {
 public:
  Connection() : id_(next_id()) {}
  explicit Connection(std::shared_ptr<LoopState> loop) : loop_(std::move(loop)), id_(next_id()) {}

  /// A connection that a server has accepted.
  static std::shared_ptr<Connection> accepted(std::shared_ptr<LoopState> loop, Handle handle,
                                              const Address& peer, const ServerOptions& options,
                                              std::weak_ptr<ConnectionOwner> owner);

  void connect(const ConnectOptions& options, Listener<Socket&> on_connect);
  bool write(BufferView data, Done done);
  void end(Done done);
  void end(BufferView data, Done done);
  void destroy(const Error& error);
  void reset_and_destroy();

  void pause();
  void resume();
  bool is_paused() const { return paused_; }
  void start_reading();
  void set_encoding(Encoding encoding) { decoder_ = Decoder(encoding); }
  void set_timeout(Milliseconds idle);
  void set_no_delay(bool no_delay);
  void set_keep_alive(bool keep_alive, Milliseconds initial_delay);
  void set_high_water_mark(std::size_t bytes) { high_water_mark_ = bytes; }
  void set_max_queued_bytes(std::size_t bytes) { max_queued_bytes_ = bytes; }
  void set_referenced(bool referenced);

  std::uint64_t id() const { return id_; }
  Loop* loop() const { return loop_ ? loop_->loop() : nullptr; }
  Handle handle() const { return handle_; }
  const Address& remote() const { return life_.remote; }
  Address local() const;
  std::uint64_t bytes_read() const { return life_.bytes_read; }
  std::uint64_t bytes_written() const { return life_.bytes_written; }
  std::size_t write_queue_size() const { return queue_.size(); }
  bool connecting() const { return phase_ == Phase::looking_up || phase_ == Phase::connecting; }
  bool pending() const { return phase_ != Phase::open; }
  bool destroyed() const { return destroyed_; }
  std::string_view ready_state() const;
  /// The handle that handlers are given; kept from the start of a life to its `close`.
  Socket& self() { return self_; }
  SocketListeners& listeners() { return listeners_; }
  /// Whether its Loop is gone: then nothing is ever told again.
  bool is_loop_gone() const { return loop_ && loop_->loop() == nullptr; }

  void tell() override;
  void on_ready(Handle handle, Interest interest) override;
  void tell_close() override;
  void abandon() override;
  void drop_listeners() override;

 private:
  enum class Phase { idle, looking_up, connecting, open, closed };

  /// A `done` that waits until the bytes before `position` are sent; with an `error`, it has its
  /// answer already and only waits for its turn.
  struct Owed {
    std::uint64_t position;
    Done done;
    Error error;
  };

  /// What begins anew with each connect().
  struct Life {
    bool was_open = false;
    bool ready_due = false;
    bool read_ended = false;
    bool has_unread = false;  // A peek saw bytes that nobody reads.
    std::string last_text;    // Of a character that the peer's FIN cut.
    bool ended = false;
    bool ended_by_peer = false;  // Our side ended because theirs did.
    bool auto_end_due = false;
    bool is_shut_down = false;
    bool finish_due = false;
    bool finished = false;
    bool needs_drain = false;
    bool writing_rests = false;
    bool error_due = false;
    Error error;
    Address remote;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t bytes_sent = 0;

    // Of its look-up.
    bool lookup_due = false;
    bool is_asking = false;  // The lookup function is being called; or it threw.
    bool awaits_answer = false;
    std::uint64_t lookup_id = 0;
    std::size_t lookups_told = 0;
    Error lookup_error;
    std::vector<Address> found;
  };

  std::shared_ptr<Connection> shared() {
    return std::static_pointer_cast<Connection>(shared_from_this());
  }
  bool join_loop();
  bool is_active() const { return connecting() || phase_ == Phase::open; }
  void begin_life();
  bool call_off_connect();
  void end_life(bool with_reset);
  void fail(const Error& error, Done done);
  void owe(Done done, const Error& error);
  void defer_tell();
  Timer start_timer(Milliseconds delay, void (Connection::*task)());
  void touch();
  void start_idle_timer(TimePoint now);
  void check_idle();
  void update_interest();

  void fail_connect(const Error& fault);
  void reject_connect(const Error& error);
  void look_up();
  void ask_lookup_function();
  void answered(const Error& error, const std::vector<Address>& addresses);
  void time_out();
  void start_connector(const std::vector<Address>& addresses);
  void next_attempt();
  void forget_attempts();
  void watch_attempts();
  void stop_connecting();
  void tell_lookups();
  void tell_attempts();
  void tell_attempt(const Connector::Event& event);
  void open(Handle handle);
  void tell_connect();
  void tell_ready();

  bool is_reading() const { return flowing_ && !paused_; }
  void read();
  void peek();
  void leave_unread();
  void deliver(BufferView bytes);
  void input_ended();
  void end_with_peer();

  Error fault_of_write(std::size_t size) const;
  std::size_t send(BufferView data);
  void flush();
  void rest_from_writing();
  void go_on_writing();
  void shut_down_if_due();
  void tell_written();
  void tell_finish();
  bool has_sent_owed() const;
  void tell_first_owed(const Error& error);
  void tell_sent();
  void tell_error();
  void tell_unsent();

  std::shared_ptr<LoopState> loop_;
  std::weak_ptr<ConnectionOwner> owner_;
  const std::uint64_t id_;
  Socket self_{std::shared_ptr<Connection>()};
  SocketListeners listeners_;

  Phase phase_ = Phase::idle;
  bool destroyed_ = false;
  bool close_due_ = false;
  bool tell_due_ = false;
  Life life_;
  std::uint64_t life_number_ = 0;
  std::uint64_t called_off_ = 0;  // Counts: a connect() deferred before is not done.
  Handle handle_ = Handle::invalid;
  Interest want_ = Interest::none;
  std::unique_ptr<Connector> connector_;
  WriteQueue queue_;
  std::list<Owed> owed_;
  std::list<Done> end_dones_;
  Done failed_done_;

  // Settings; they may be made before connect().
  ConnectOptions options_;
  bool referenced_ = true;
  bool flowing_ = false;
  bool paused_ = false;
  bool allow_half_open_ = false;
  bool no_delay_ = true;
  bool keep_alive_ = false;
  Milliseconds keep_alive_delay_{0};
  std::size_t high_water_mark_ = 16 * 1024;
  std::size_t max_queued_bytes_ = 0;
  Decoder decoder_{Encoding::raw};
  Milliseconds idle_{0};
  TimePoint last_activity_;

  Timer idle_timer_;
  Timer connect_timer_;
  Timer attempt_timer_;
  Timer rest_timer_;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
