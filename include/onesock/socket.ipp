// onesock: the handle of a connection; what it does is in detail/connection.ipp.
// SPDX-License-Identifier: MIT

#include "socket.hpp"

#include <utility>

#include "detail/connection.hpp"
#include "detail/never_destroyed.hpp"

ONESOCK_BEGIN_NAMESPACE

ONESOCK_INLINE Socket::Socket() : body_(std::make_shared<detail::Connection>()) {}

ONESOCK_INLINE Socket::Socket(Loop& loop)
    : body_(std::make_shared<detail::Connection>(detail::LoopState::of(loop))) {}

ONESOCK_INLINE Socket::Socket(std::shared_ptr<detail::Connection> body) : body_(std::move(body)) {}

ONESOCK_INLINE const Socket& Socket::connect(const ConnectOptions& options,
                                             Listener<Socket&> on_connect) const {
  body_->connect(options, std::move(on_connect));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::connect(int port, std::string host,
                                             Listener<Socket&> on_connect) const {
  ConnectOptions options;
  options.port = port;
  options.host = std::move(host);
  return connect(options, std::move(on_connect));
}

ONESOCK_INLINE bool Socket::write(BufferView data, Done done) const {
  return body_->write(data, std::move(done));
}

ONESOCK_INLINE bool Socket::write(std::string_view text, Encoding encoding, Done done) const {
  return body_->write(encode(text, encoding), std::move(done));
}

ONESOCK_INLINE const Socket& Socket::end() const {
  return end_with({});
}

ONESOCK_INLINE const Socket& Socket::end_with(Done done) const {
  body_->end(std::move(done));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::end(BufferView data, Done done) const {
  body_->end(data, std::move(done));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::end(std::string_view text, Encoding encoding,
                                         Done done) const {
  return end(encode(text, encoding), std::move(done));
}

ONESOCK_INLINE const Socket& Socket::destroy() const {
  return destroy({});
}

ONESOCK_INLINE const Socket& Socket::destroy(const Error& error) const {
  body_->destroy(error);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::reset_and_destroy() const {
  body_->reset_and_destroy();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::pause() const {
  body_->pause();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::resume() const {
  body_->resume();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::pipe(const Socket& to) const {
  // Copies in listeners: the two closes let them go.
  const Socket from = *this;
  on_data([from, to](BufferView data) {
    if (!to.write(data)) from.pause();
  });
  on_end([to] { to.end(); });
  to.on_drain([from] { from.resume(); });
  to.on_close([from] { from.pause(); });
  return to;
}

ONESOCK_INLINE bool Socket::is_paused() const {
  return body_->is_paused();
}

ONESOCK_INLINE const Socket& Socket::set_encoding(Encoding encoding) const {
  body_->set_encoding(encoding);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::set_timeout(std::chrono::milliseconds idle,
                                                 Listener<> on_timeout) const {
  body_->set_timeout(idle);
  this->on_timeout(std::move(on_timeout));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::set_no_delay(bool no_delay) const {
  body_->set_no_delay(no_delay);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::set_keep_alive(bool keep_alive,
                                                    std::chrono::milliseconds initial_delay) const {
  body_->set_keep_alive(keep_alive, initial_delay);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::set_high_water_mark(std::size_t bytes) const {
  body_->set_high_water_mark(bytes);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::set_max_queued_bytes(std::size_t bytes) const {
  body_->set_max_queued_bytes(bytes);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::ref() const {
  body_->set_referenced(true);
  return *this;
}

ONESOCK_INLINE const Socket& Socket::unref() const {
  body_->set_referenced(false);
  return *this;
}

ONESOCK_INLINE std::uint64_t Socket::id() const {
  return body_->id();
}

ONESOCK_INLINE Loop* Socket::loop() const {
  return body_->loop();
}

ONESOCK_INLINE std::uintptr_t Socket::native_handle() const {
  return static_cast<std::uintptr_t>(body_->handle());
}

ONESOCK_INLINE const std::string& Socket::remote_address() const {
  const auto& remote = body_->remote();
  return remote.family == Family::local ? detail::never_destroyed<std::string>() : remote.host;
}

ONESOCK_INLINE int Socket::remote_port() const {
  return body_->remote().port;
}

ONESOCK_INLINE Family Socket::remote_family() const {
  return body_->remote().family;
}

ONESOCK_INLINE std::string Socket::local_address() const {
  const auto local = body_->local();
  return local.family == Family::local ? std::string() : local.host;
}

ONESOCK_INLINE int Socket::local_port() const {
  return body_->local().port;
}

ONESOCK_INLINE Family Socket::local_family() const {
  return body_->local().family;
}

ONESOCK_INLINE Address Socket::address() const {
  return body_->local();
}

ONESOCK_INLINE std::uint64_t Socket::bytes_read() const {
  return body_->bytes_read();
}

ONESOCK_INLINE std::uint64_t Socket::bytes_written() const {
  return body_->bytes_written();
}

ONESOCK_INLINE std::size_t Socket::write_queue_size() const {
  return body_->write_queue_size();
}

ONESOCK_INLINE bool Socket::connecting() const {
  return body_->connecting();
}

ONESOCK_INLINE bool Socket::pending() const {
  return body_->pending();
}

ONESOCK_INLINE bool Socket::destroyed() const {
  return body_->destroyed();
}

ONESOCK_INLINE std::string_view Socket::ready_state() const {
  return body_->ready_state();
}

ONESOCK_INLINE const Socket& Socket::on_lookup(
    Listener<const Error&, const Address&, std::string_view> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().lookup.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_connection_attempt(
    Listener<const Address&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().connection_attempt.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_connection_attempt_failed(
    Listener<const Address&, const Error&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().connection_attempt_failed.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_connection_attempt_timeout(
    Listener<const Address&> listener) const {
  if (!body_->is_loop_gone())
    body_->listeners().connection_attempt_timeout.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_connect(Listener<Socket&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().connect.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_ready(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().ready.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_data(Listener<BufferView> listener) const {
  if (!listener || body_->is_loop_gone()) return *this;
  body_->listeners().data.add(std::move(listener));
  body_->start_reading();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_end(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().end.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_finish(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().finish.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_drain(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().drain.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_timeout(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().timeout.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_error(Listener<const Error&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().error.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::on_close(Listener<bool> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().close.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_lookup() const {
  body_->listeners().lookup.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_connection_attempt() const {
  body_->listeners().connection_attempt.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_connection_attempt_failed() const {
  body_->listeners().connection_attempt_failed.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_connection_attempt_timeout() const {
  body_->listeners().connection_attempt_timeout.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_connect() const {
  body_->listeners().connect.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_ready() const {
  body_->listeners().ready.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_data() const {
  body_->listeners().data.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_end() const {
  body_->listeners().end.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_finish() const {
  body_->listeners().finish.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_drain() const {
  body_->listeners().drain.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_timeout() const {
  body_->listeners().timeout.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_error() const {
  body_->listeners().error.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::off_close() const {
  body_->listeners().close.clear();
  return *this;
}

ONESOCK_INLINE const Socket& Socket::remove_all_listeners() const {
  const auto listeners = std::exchange(body_->listeners(), {});
  return *this;
}

ONESOCK_INLINE Socket connect(const ConnectOptions& options, Listener<Socket&> on_connect) {
  return Socket().connect(options, std::move(on_connect));
}

ONESOCK_INLINE Socket connect(int port, std::string host, Listener<Socket&> on_connect) {
  return Socket().connect(port, std::move(host), std::move(on_connect));
}

ONESOCK_INLINE Socket connect(Loop& loop, const ConnectOptions& options,
                              Listener<Socket&> on_connect) {
  return Socket(loop).connect(options, std::move(on_connect));
}

ONESOCK_END_NAMESPACE
