// onesock: the life of one connection.
// SPDX-License-Identifier: MIT

#include "connection.hpp"

#include <utility>

#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

// Lives: how they begin, what they owe, how they end.

ONESOCK_INLINE std::shared_ptr<Connection> Connection::accepted(
    std::shared_ptr<LoopState> loop, Handle handle, const Address& peer,
    const ServerOptions& options, std::weak_ptr<ConnectionOwner> owner) {
  auto connection = std::make_shared<Connection>(std::move(loop));
  connection->owner_ = std::move(owner);
  connection->allow_half_open_ = options.allow_half_open;
  connection->paused_ = options.pause_on_connect;
  connection->no_delay_ = options.no_delay;
  connection->keep_alive_ = options.keep_alive;
  connection->keep_alive_delay_ = options.keep_alive_initial_delay;
  connection->begin_life();
  connection->life_.remote = peer;
  connection->open(handle);
  return connection;
}

ONESOCK_INLINE bool Connection::join_loop() {
  if (!loop_) loop_ = LoopState::of(default_loop());
  return !is_loop_gone();
}

ONESOCK_INLINE void Connection::begin_life() {
  life_ = {};
  ++life_number_;
  destroyed_ = false;
  phase_ = Phase::looking_up;
  loop_->own(*this);
  self_ = Socket(shared());
  if (referenced_) loop_->ref();
  touch();
}

ONESOCK_INLINE void Connection::destroy(const Error& error) {
  if (call_off_connect() || !join_loop()) return;
  life_.error = error;
  life_.error_due = static_cast<bool>(error);
  end_life(false);
}

ONESOCK_INLINE void Connection::reset_and_destroy() {
  if (call_off_connect() || !join_loop()) return;
  end_life(phase_ == Phase::open);
}

/// Returns whether it is destroyed already; then a connect() that waits for its `close` is called
/// off.
ONESOCK_INLINE bool Connection::call_off_connect() {
  if (destroyed_) ++called_off_;
  return destroyed_;
}

ONESOCK_INLINE void Connection::end_life(bool with_reset) {
  if (is_active() && referenced_) loop_->unref();
  stop_connecting();
  idle_timer_.cancel();
  rest_timer_.cancel();
  queue_.clear();
  if (handle_ != Handle::invalid) {
    loop_->forget(handle_);
    const auto handle = std::exchange(handle_, Handle::invalid);
    with_reset ? os::close_with_reset(handle) : os::close(handle);
  }
  want_ = Interest::none;
  phase_ = Phase::closed;
  destroyed_ = true;
  close_due_ = true;
  loop_->own(*this);
  self_ = Socket(shared());
  loop_->defer_close(*this);
}

/// Ends the connection for a call that could not be done; its own `done` comes first of all.
ONESOCK_INLINE void Connection::fail(const Error& error, Done done) {
  if (!join_loop()) return;
  failed_done_ = std::move(done);
  destroy(error);
}

/// A `done` whose answer is known: it is told behind those before it.
ONESOCK_INLINE void Connection::owe(Done done, const Error& error) {
  if (!done) return;
  if (phase_ == Phase::closed && !close_due_) {
    loop_->defer([owed = std::move(done), error] { owed(error); });
    return;
  }
  owed_.push_back({life_.bytes_sent, std::move(done), error});
  if (!destroyed_) defer_tell();
}

ONESOCK_INLINE void Connection::set_referenced(bool referenced) {
  if (referenced_ == referenced) return;
  referenced_ = referenced;
  if (!is_active() || is_loop_gone()) return;
  referenced ? loop_->ref() : loop_->unref();
}

ONESOCK_INLINE void Connection::abandon() {
  phase_ = Phase::closed;
  destroyed_ = true;
  close_due_ = false;
  connector_.reset();
  queue_.clear();
  os::close(std::exchange(handle_, Handle::invalid));
}

ONESOCK_INLINE void Connection::drop_listeners() {
  const auto keep = shared();
  const auto listeners = std::exchange(listeners_, {});
  const auto lookup = std::exchange(options_.lookup, {});
  const auto owed = std::exchange(owed_, {});
  const auto end_dones = std::exchange(end_dones_, {});
  const auto failed_done = std::exchange(failed_done_, {});
  self_ = Socket(std::shared_ptr<Connection>());
}

// A turn's calls.

ONESOCK_INLINE void Connection::defer_tell() {
  if (std::exchange(tell_due_, true)) return;
  loop_->defer_tell(*this);
}

ONESOCK_INLINE void Connection::tell() {
  tell_due_ = false;
  if (phase_ == Phase::looking_up) tell_lookups();
  if (phase_ == Phase::connecting) tell_attempts();
  if (phase_ == Phase::open) tell_ready();
  if (phase_ == Phase::open) tell_written();
  if (phase_ == Phase::open) tell_finish();
  if (phase_ == Phase::open && life_.finished && life_.read_ended) end_life(false);
}

ONESOCK_INLINE void Connection::on_ready(Handle handle, Interest interest) {
  if (phase_ == Phase::connecting) {
    forget_attempts();
    connector_->on_ready(handle, Clock::now());
    watch_attempts();
    return;
  }
  // Reading first: a reset is told as `read ECONNRESET`, whatever is queued.
  if (has(interest, Interest::read)) is_reading() ? read() : peek();
  if (phase_ == Phase::open && has(interest, Interest::write)) flush();
}

ONESOCK_INLINE void Connection::tell_close() {
  if (!close_due_) return;
  if (life_.was_open) tell_sent();
  if (const auto done = std::exchange(failed_done_, {})) done(life_.error);
  if (std::exchange(life_.error_due, false)) tell_error();
  tell_unsent();

  close_due_ = false;
  flowing_ = false;
  paused_ = false;
  idle_ = Milliseconds(0);
  decoder_.end();
  if (const auto owner = owner_.lock()) owner->connection_closed(*this);
  // The handle that handlers were given is good as long as they live, and no longer, unless the
  // close handler connects again.
  const struct SelfScope {
    std::shared_ptr<Connection> connection;
    ~SelfScope() {
      if (connection->destroyed_ && !connection->close_due_) {
        connection->self_ = Socket(std::shared_ptr<Connection>());
      }
    }
  } scope{shared()};
  loop_->disown(*this);
  const auto lookup = std::exchange(options_.lookup, {});  // It may hold this handle too.
  auto listeners = std::exchange(listeners_, {});
  listeners.close.fire(static_cast<bool>(life_.error));
}

ONESOCK_INLINE void Connection::tell_error() {
  if (!listeners_.error.empty()) {
    listeners_.error.fire(life_.error);
  } else if (!life_.was_open) {
    loop_->tell_unheard(life_.error);
  }
}

// Time.

ONESOCK_INLINE Timer Connection::start_timer(Milliseconds delay, void (Connection::*task)()) {
  const std::weak_ptr<Connection> connection = shared();
  auto timer = loop_->add_timer(delay, false, [connection, task] {
    if (const auto alive = connection.lock()) (alive.get()->*task)();
  });
  timer.unref();
  return timer;
}

ONESOCK_INLINE void Connection::set_timeout(Milliseconds idle) {
  idle_ = (std::max)(idle, Milliseconds(0));
  idle_timer_.cancel();
  if (is_active()) touch();
}

ONESOCK_INLINE void Connection::touch() {
  if (idle_ == Milliseconds(0)) return;
  last_activity_ = Clock::now();
  // One that runs looks at last_activity_ when it is due: no timer is moved for each byte.
  if (!idle_timer_.active()) idle_timer_ = start_timer(idle_, &Connection::check_idle);
}

ONESOCK_INLINE void Connection::check_idle() {
  const auto left = wait_until(after(last_activity_, idle_), Clock::now());
  if (left > Milliseconds(0)) {
    idle_timer_ = start_timer(left, &Connection::check_idle);
  } else {
    listeners_.timeout.fire();
  }
}

// Connecting.

ONESOCK_INLINE void Connection::connect(const ConnectOptions& options,
                                        Listener<Socket&> on_connect) {
  if (!join_loop()) return;
  if (is_active()) return reject_connect(ErrorFactory::already_connected());
  if (close_due_) {  // The life before has yet to be told its end.
    loop_->defer([self = shared(), options, listener = std::move(on_connect),
                  called_off = called_off_]() mutable {
      if (self->called_off_ == called_off) self->connect(options, std::move(listener));
    });
    return;
  }
  begin_life();
  listeners_.connect.add(std::move(on_connect));
  options_ = options;
  allow_half_open_ = options.allow_half_open;
  if (const auto fault = find_fault(options)) return fail_connect(fault);
  if (options.timeout > Milliseconds(0)) {
    connect_timer_ = start_timer(options.timeout, &Connection::time_out);
  }
  life_.found = literal_addresses(options);
  if (life_.found.empty()) return look_up();
  life_.lookups_told = life_.found.size();
  // As Node: the first attempt is a later turn's, so that nobody sees one that is destroyed at
  // once.
  defer_tell();
}

/// On a later turn: a `close` handler that connects again with the same fault leaves others theirs.
ONESOCK_INLINE void Connection::fail_connect(const Error& fault) {
  loop_->defer([self = shared(), fault, number = life_number_] {
    if (self->life_number_ == number) self->destroy(fault);
  });
}

/// A misuse that costs nothing: the connection that there is lives on.
ONESOCK_INLINE void Connection::reject_connect(const Error& error) {
  loop_->defer([self = shared(), error] {
    if (self->destroyed_) return;
    if (self->listeners_.error.empty()) return self->loop_->tell_unheard(error);
    self->listeners_.error.fire(error);
  });
}

ONESOCK_INLINE void Connection::look_up() {
  life_.awaits_answer = true;
  if (options_.lookup) {
    life_.lookup_due = true;
    return defer_tell();
  }
  const std::weak_ptr<Connection> weak = shared();
  life_.lookup_id = loop_->resolver().resolve(
      options_.host, options_.family,
      [weak, host = options_.host](std::error_code code, const std::vector<Address>& addresses) {
        const auto self = weak.lock();
        if (self) self->answered(code ? lookup_failed(code, host) : Error(), addresses);
      });
}

ONESOCK_INLINE void Connection::ask_lookup_function() {
  const std::weak_ptr<Connection> weak = shared();
  const auto lookup = std::exchange(options_.lookup, {});
  life_.is_asking = true;
  lookup(options_.host, options_.family,
         [weak, number = life_number_](const Error& error, const std::vector<Address>& addresses) {
           const auto self = weak.lock();
           if (self && self->life_number_ == number) self->answered(error, addresses);
         });
  life_.is_asking = false;
}

ONESOCK_INLINE void Connection::answered(const Error& error,
                                         const std::vector<Address>& addresses) {
  if (phase_ != Phase::looking_up || !std::exchange(life_.awaits_answer, false)) return;
  life_.lookup_error = error;
  life_.found = addresses;
  if (!error && addresses.empty()) {
    life_.lookup_error = lookup_failed(ResolveError::not_found, options_.host);
  }
  defer_tell();
}

ONESOCK_INLINE void Connection::tell_lookups() {
  // One that threw is not waited for.
  if (std::exchange(life_.is_asking, false)) {
    answered(lookup_failed(ResolveError::failed, options_.host), {});
  }
  if (std::exchange(life_.lookup_due, false)) ask_lookup_function();
  if (phase_ != Phase::looking_up || life_.awaits_answer) return;
  const auto count = life_.lookup_error ? 1 : life_.found.size();
  while (life_.lookups_told < count) {
    const auto address = life_.lookup_error ? Address() : life_.found[life_.lookups_told];
    ++life_.lookups_told;
    listeners_.lookup.fire(life_.lookup_error, address, options_.host);
    if (phase_ != Phase::looking_up) return;
  }
  if (life_.lookup_error) return destroy(life_.lookup_error);
  start_connector(life_.found);
}

/// Tries those that are IP addresses of a family that is wanted; a lookup function may answer
/// others.
ONESOCK_INLINE void Connection::start_connector(const std::vector<Address>& addresses) {
  std::vector<Address> usable;
  for (auto address : addresses) {
    if (address.family != Family::local) address = Address::from_ip(address.host, address.port);
    if (address.family == Family::any) continue;
    if (options_.family != Family::any && options_.family != address.family) continue;
    usable.push_back(std::move(address));
  }
  if (usable.empty()) {
    return destroy(ErrorFactory::bad_argument("connect", "address", addresses.front().host));
  }
  phase_ = Phase::connecting;
  connector_ = std::make_unique<Connector>(options_, usable);
  next_attempt();
}

ONESOCK_INLINE void Connection::next_attempt() {
  forget_attempts();
  connector_->advance(Clock::now());
  watch_attempts();
}

ONESOCK_INLINE void Connection::forget_attempts() {
  attempt_timer_.cancel();
  for (const auto socket : connector_->attempts()) loop_->forget(socket);
}

ONESOCK_INLINE void Connection::watch_attempts() {
  for (const auto socket : connector_->attempts()) {
    if (const auto error = loop_->watch(socket, Interest::connect, *this)) return destroy(error);
  }
  const auto wait = wait_until(connector_->deadline(), Clock::now());
  if (wait != no_limit) attempt_timer_ = start_timer(wait, &Connection::next_attempt);
  defer_tell();
}

ONESOCK_INLINE void Connection::tell_attempts() {
  Connector::Event event;
  while (connector_->take_event(event)) {
    tell_attempt(event);
    if (phase_ != Phase::connecting) return;
  }
  if (connector_->state() == Connector::State::connected) return tell_connect();
  if (connector_->state() == Connector::State::failed) destroy(connector_->error());
}

ONESOCK_INLINE void Connection::tell_attempt(const Connector::Event& event) {
  switch (event.kind) {
    case Connector::Event::Kind::attempt:
      return listeners_.connection_attempt.fire(event.address);
    case Connector::Event::Kind::failed:
      return listeners_.connection_attempt_failed.fire(event.address, event.error);
    case Connector::Event::Kind::timeout:
      return listeners_.connection_attempt_timeout.fire(event.address);
  }
}

ONESOCK_INLINE void Connection::time_out() {
  destroy(connect_timed_out(options_));
}

ONESOCK_INLINE void Connection::stop_connecting() {
  connect_timer_.cancel();
  if (connector_) forget_attempts();
  connector_.reset();
  if (life_.lookup_id != 0) loop_->resolver().cancel(life_.lookup_id);
}

ONESOCK_INLINE void Connection::tell_connect() {
  life_.remote = connector_->remote();
  const auto handle = connector_->take_socket();
  stop_connecting();
  open(handle);
  if (phase_ != Phase::open) return;
  life_.ready_due = true;
  defer_tell();  // What follows `connect` follows it whatever its handlers do.
  listeners_.connect.fire(self_);
}

ONESOCK_INLINE void Connection::tell_ready() {
  if (!std::exchange(life_.ready_due, false)) return;
  listeners_.ready.fire();
  if (phase_ == Phase::open) flush();
}

ONESOCK_INLINE void Connection::open(Handle handle) {
  handle_ = handle;
  phase_ = Phase::open;
  life_.was_open = true;
  if (life_.remote.family != Family::local) {
    if (no_delay_ && options_.no_delay) os::set_no_delay(handle_, true);
    if (options_.keep_alive) {
      os::set_keep_alive(handle_, true, options_.keep_alive_initial_delay);
    } else if (keep_alive_) {
      os::set_keep_alive(handle_, true, keep_alive_delay_);
    }
  }
  update_interest();
}

ONESOCK_INLINE void Connection::set_no_delay(bool no_delay) {
  no_delay_ = no_delay;
  options_.no_delay = true;  // What connect() was given counts no longer.
  if (phase_ == Phase::open) os::set_no_delay(handle_, no_delay);
}

ONESOCK_INLINE void Connection::set_keep_alive(bool keep_alive, Milliseconds initial_delay) {
  keep_alive_ = keep_alive;
  keep_alive_delay_ = initial_delay;
  options_.keep_alive = false;  // What connect() was given counts no longer.
  if (phase_ == Phase::open) os::set_keep_alive(handle_, keep_alive, initial_delay);
}

ONESOCK_INLINE Address Connection::local() const {
  return phase_ == Phase::open ? os::local_address(handle_) : Address();
}

ONESOCK_INLINE std::string_view Connection::ready_state() const {
  if (connecting()) return "opening";
  if (phase_ == Phase::idle) return "open";  // As Node: nothing has closed it yet.
  if (phase_ != Phase::open) return "closed";
  if (life_.ended) return life_.read_ended ? "closed" : "readOnly";
  return life_.read_ended ? "writeOnly" : "open";
}

// Reading.

/// While nobody reads, a connection is watched until a peek shows bytes, so that an end with
/// nothing before it is told; then no longer, so that waiting costs no turn.
ONESOCK_INLINE void Connection::update_interest() {
  if (phase_ != Phase::open) return;
  auto want = Interest::none;
  const bool can_read = is_reading() || !life_.has_unread;
  if (!life_.read_ended && can_read) want = want | Interest::read;
  if (!queue_.empty() && !life_.writing_rests) want = want | Interest::write;
  if (want == want_) return;
  want_ = want;
  if (const auto error = loop_->watch(handle_, want, *this)) destroy(error);
}

ONESOCK_INLINE void Connection::pause() {
  paused_ = true;
  update_interest();
}

ONESOCK_INLINE void Connection::resume() {
  paused_ = false;
  start_reading();
}

ONESOCK_INLINE void Connection::start_reading() {
  flowing_ = true;
  if (!paused_) life_.has_unread = false;
  update_interest();
}

ONESOCK_INLINE void Connection::read() {
  auto& buffer = loop_->receive_buffer();
  std::size_t received = 0;
  const auto code = os::receive(handle_, buffer.data(), buffer.size(), received);
  if (code == std::errc::operation_would_block) return;
  if (code) return destroy(Error("read", code));
  if (received == 0) return input_ended();
  life_.bytes_read += received;
  touch();
  deliver(BufferView(buffer.data(), received));
}

ONESOCK_INLINE void Connection::peek() {
  std::size_t waiting = 0;
  const auto code = os::peek(handle_, waiting);
  if (code == std::errc::operation_would_block) return;
  if (code) return destroy(Error("read", code));
  waiting == 0 ? input_ended() : leave_unread();
}

ONESOCK_INLINE void Connection::leave_unread() {
  life_.has_unread = true;
  update_interest();
}

ONESOCK_INLINE void Connection::deliver(BufferView bytes) {
  if (listeners_.data.empty()) return;
  if (decoder_.encoding() == Encoding::raw) return listeners_.data.fire(bytes);
  const auto encoding = decoder_.encoding();
  const auto text = decoder_.write(bytes);
  if (!text.empty()) listeners_.data.fire(BufferView(text, encoding));
}

ONESOCK_INLINE void Connection::input_ended() {
  const auto encoding = decoder_.encoding();
  life_.last_text += decoder_.end();
  if (!life_.last_text.empty() && !is_reading()) return leave_unread();
  const auto text = std::exchange(life_.last_text, {});
  if (!text.empty()) listeners_.data.fire(BufferView(text, encoding));
  if (phase_ != Phase::open) return;
  life_.read_ended = true;
  life_.auto_end_due = !allow_half_open_;
  update_interest();
  defer_tell();  // What follows an `end` follows it whatever its handlers do.
  listeners_.end.fire();
  if (phase_ == Phase::open) end_with_peer();
}

/// Our side ends because theirs did; what the `end` handlers wrote goes out before.
ONESOCK_INLINE void Connection::end_with_peer() {
  if (!std::exchange(life_.auto_end_due, false) || life_.ended) return;
  life_.ended = true;
  life_.ended_by_peer = true;
  shut_down_if_due();
}

// Writing.

ONESOCK_INLINE bool Connection::write(BufferView data, Done done) {
  if (is_loop_gone()) return false;
  if (destroyed_) {
    owe(std::move(done), ErrorFactory::stream_destroyed());
    return false;
  }
  if (const auto fault = fault_of_write(data.size())) {
    fail(fault, std::move(done));
    return false;
  }
  touch();
  life_.bytes_written += data.size();
  if (done) owed_.push_back({life_.bytes_written, std::move(done), {}});
  std::size_t sent = 0;
  if (phase_ == Phase::open && queue_.empty() && !data.empty()) sent = send(data);
  if (destroyed_) return false;
  queue_.push(BufferView(data.data() + sent, data.size() - sent));
  update_interest();
  if (has_sent_owed()) defer_tell();
  const bool has_room = queue_.empty() || queue_.size() < high_water_mark_;
  if (!has_room) life_.needs_drain = true;
  return has_room;
}

/// Why bytes cannot be written, if they cannot.
ONESOCK_INLINE Error Connection::fault_of_write(std::size_t size) const {
  if (!is_active()) return ErrorFactory::socket_closed("write");
  if (life_.ended_by_peer) return ErrorFactory::ended_by_peer();
  if (life_.ended) return ErrorFactory::write_after_end();
  const bool is_too_much = max_queued_bytes_ != 0 && queue_.size() + size > max_queued_bytes_;
  return is_too_much ? ErrorFactory::queue_full(max_queued_bytes_) : Error();
}

/// Hands bytes to the system and returns how many it took. A failure ends the connection; the
/// `done` of the write that failed comes first.
ONESOCK_INLINE std::size_t Connection::send(BufferView data) {
  std::size_t sent = 0;
  const auto code = os::send(handle_, data.data(), data.size(), sent);
  if (!code) {
    life_.bytes_sent += sent;
    touch();
    return sent;
  }
  if (code == std::errc::operation_would_block) return 0;
  if (code == std::errc::no_buffer_space) {
    rest_from_writing();
    return 0;
  }
  Done failed;
  for (auto& owed : owed_) {
    if (owed.position <= life_.bytes_sent) continue;
    failed = std::move(owed.done);
    break;
  }
  fail(Error("write", code), std::move(failed));
  return 0;
}

ONESOCK_INLINE void Connection::flush() {
  constexpr std::size_t most_per_turn = 1024 * 1024;
  std::size_t flushed = 0;
  while (!queue_.empty() && !life_.writing_rests && flushed < most_per_turn) {
    const auto chunk = queue_.front();
    const auto sent = send(chunk);
    if (phase_ != Phase::open) return;
    queue_.consume(sent);
    flushed += sent;
    if (sent < chunk.size()) break;
  }
  update_interest();
  if (queue_.empty() || has_sent_owed()) defer_tell();
}

/// The system is out of memory though it calls the socket writable: asking again at once would
/// spin.
ONESOCK_INLINE void Connection::rest_from_writing() {
  constexpr Milliseconds rest{10};
  life_.writing_rests = true;
  rest_timer_ = start_timer(rest, &Connection::go_on_writing);
}

ONESOCK_INLINE void Connection::go_on_writing() {
  life_.writing_rests = false;
  update_interest();
}

ONESOCK_INLINE void Connection::end(Done done) {
  if (is_loop_gone()) return;
  if (life_.finished) return owe(std::move(done), ErrorFactory::already_finished());
  if (destroyed_) return owe(std::move(done), ErrorFactory::stream_destroyed());
  if (!is_active()) return fail(ErrorFactory::socket_closed("end"), std::move(done));
  if (done) end_dones_.push_back(std::move(done));
  life_.ended = true;
  shut_down_if_due();
}

ONESOCK_INLINE void Connection::end(BufferView data, Done done) {
  if (is_loop_gone() || destroyed_) return end(std::move(done));
  if (done) end_dones_.push_back(std::move(done));
  if (const auto fault = fault_of_write(data.size())) {
    Done first;
    if (!end_dones_.empty()) {
      first = std::move(end_dones_.front());
      end_dones_.pop_front();
    }
    return fail(fault, std::move(first));
  }
  write(data, {});
  if (!destroyed_) end({});
}

ONESOCK_INLINE void Connection::shut_down_if_due() {
  if (phase_ != Phase::open || !life_.ended || life_.is_shut_down || !queue_.empty()) return;
  life_.is_shut_down = true;
  const auto code = os::shutdown_send(handle_);
  // After a peer's reset there is nothing left to shut down; reading will tell.
  if (code && code != std::errc::not_connected) return destroy(Error("shutdown", code));
  life_.finish_due = true;
  defer_tell();
}

ONESOCK_INLINE void Connection::tell_written() {
  if (life_.needs_drain && queue_.empty() && !life_.ended) {
    life_.needs_drain = false;
    listeners_.drain.fire();
    if (phase_ != Phase::open) return;
  }
  // What a `done` adds is the next turn's.
  for (auto count = owed_.size(); count > 0 && has_sent_owed(); --count) {
    tell_first_owed({});
    if (phase_ != Phase::open) return;
  }
}

ONESOCK_INLINE void Connection::tell_finish() {
  end_with_peer();
  shut_down_if_due();
  if (!life_.finish_due || !owed_.empty()) return;  // What a `done` wrote is told before.
  while (!end_dones_.empty()) {
    const auto done = std::move(end_dones_.front());
    end_dones_.pop_front();
    done({});
    if (phase_ != Phase::open) return;
  }
  life_.finish_due = false;
  life_.finished = true;
  listeners_.finish.fire();
}

ONESOCK_INLINE bool Connection::has_sent_owed() const {
  return !owed_.empty() && owed_.front().position <= life_.bytes_sent;
}

ONESOCK_INLINE void Connection::tell_first_owed(const Error& error) {
  const auto owed = std::move(owed_.front());
  owed_.pop_front();
  owed.done(owed.error ? owed.error : error);
}

ONESOCK_INLINE void Connection::tell_sent() {
  while (has_sent_owed()) tell_first_owed({});
}

ONESOCK_INLINE void Connection::tell_unsent() {
  const auto reason = !life_.was_open ? ErrorFactory::closed_before_connection()
                      : life_.error   ? life_.error
                                      : ErrorFactory::stream_destroyed();
  while (!owed_.empty()) tell_first_owed(reason);
  while (!end_dones_.empty()) {
    const auto done = std::move(end_dones_.front());
    end_dones_.pop_front();
    done(reason);
  }
}

}  // namespace detail
ONESOCK_END_NAMESPACE
