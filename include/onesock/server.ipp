// onesock: the handle of a server; what it does is in detail/server_state.ipp.
// SPDX-License-Identifier: MIT

#include "server.hpp"

#include <utility>

#include "detail/server_state.hpp"

ONESOCK_BEGIN_NAMESPACE

ONESOCK_INLINE Server::Server(Listener<Socket&> on_connection)
    : Server(ServerOptions(), std::move(on_connection)) {}

ONESOCK_INLINE Server::Server(const ServerOptions& options, Listener<Socket&> on_connection)
    : body_(std::make_shared<detail::ServerState>(nullptr, options)) {
  this->on_connection(std::move(on_connection));
}

ONESOCK_INLINE Server::Server(Loop& loop, Listener<Socket&> on_connection)
    : Server(loop, ServerOptions(), std::move(on_connection)) {}

ONESOCK_INLINE Server::Server(Loop& loop, const ServerOptions& options,
                              Listener<Socket&> on_connection)
    : body_(std::make_shared<detail::ServerState>(detail::LoopState::of(loop), options)) {
  this->on_connection(std::move(on_connection));
}

ONESOCK_INLINE const Server& Server::listen(const ListenOptions& options,
                                            Listener<> on_listening) const {
  body_->listen(options, std::move(on_listening));
  return *this;
}

ONESOCK_INLINE const Server& Server::listen(int port, std::string host,
                                            Listener<> on_listening) const {
  ListenOptions options;
  options.port = port;
  options.host = std::move(host);
  return listen(options, std::move(on_listening));
}

ONESOCK_INLINE const Server& Server::adopt(std::uintptr_t native_handle,
                                           Listener<> on_listening) const {
  body_->adopt(static_cast<detail::Handle>(native_handle), std::move(on_listening));
  return *this;
}

ONESOCK_INLINE const Server& Server::close(Done done) const {
  body_->close(std::move(done));
  return *this;
}

ONESOCK_INLINE const Server& Server::close_all_connections() const {
  body_->close_all_connections();
  return *this;
}

ONESOCK_INLINE Address Server::address() const {
  return body_->address();
}

ONESOCK_INLINE bool Server::listening() const {
  return body_->listening();
}

ONESOCK_INLINE std::size_t Server::connections() const {
  return body_->connections();
}

ONESOCK_INLINE const Server& Server::set_max_connections(std::size_t count) const {
  body_->set_max_connections(count);
  return *this;
}

ONESOCK_INLINE const Server& Server::ref() const {
  body_->set_referenced(true);
  return *this;
}

ONESOCK_INLINE const Server& Server::unref() const {
  body_->set_referenced(false);
  return *this;
}

ONESOCK_INLINE std::uint64_t Server::id() const {
  return body_->id();
}

ONESOCK_INLINE Loop* Server::loop() const {
  return body_->loop();
}

ONESOCK_INLINE std::uintptr_t Server::native_handle() const {
  return static_cast<std::uintptr_t>(body_->handle());
}

ONESOCK_INLINE const Server& Server::on_connection(Listener<Socket&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().connection.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Server& Server::on_listening(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().listening.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Server& Server::on_error(Listener<const Error&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().error.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Server& Server::on_close(Listener<> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().close.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Server& Server::on_drop(Listener<const DropInfo&> listener) const {
  if (!body_->is_loop_gone()) body_->listeners().drop.add(std::move(listener));
  return *this;
}

ONESOCK_INLINE const Server& Server::off_connection() const {
  body_->listeners().connection.clear();
  return *this;
}

ONESOCK_INLINE const Server& Server::off_listening() const {
  body_->listeners().listening.clear();
  return *this;
}

ONESOCK_INLINE const Server& Server::off_error() const {
  body_->listeners().error.clear();
  return *this;
}

ONESOCK_INLINE const Server& Server::off_close() const {
  body_->listeners().close.clear();
  return *this;
}

ONESOCK_INLINE const Server& Server::off_drop() const {
  body_->listeners().drop.clear();
  return *this;
}

ONESOCK_INLINE const Server& Server::remove_all_listeners() const {
  const auto listeners = std::exchange(body_->listeners(), {});
  return *this;
}

ONESOCK_END_NAMESPACE
