// onesock: a server: binds, listens, accepts.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "socket.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
class ServerState;
}

/// Both ends of a connection that was dropped over max_connections.
struct DropInfo {
  Address local;
  Address remote;
};

/// Listens on one address. A handle that behaves like a pointer, as Socket does. Mirrors Node's
/// `net.Server`.
///
/// listen() binds at once; `listening` or `error` follow on a turn. An `error` of listen() is not
/// followed by `close`: the same Server may listen again. `close` comes once after close(), when
/// the last connection has closed; the listeners are let go then, the constructor's too. A listen()
/// before that begins anew at once, and keeps them: connections that live on put `close` off to the
/// next close().
class Server {
 public:
  /// `on_connection` is its first listener of `connection`. As Node's `net.createServer(listener)`.
  explicit Server(Listener<Socket&> on_connection = {});
  explicit Server(const ServerOptions& options, Listener<Socket&> on_connection = {});
  /// On a loop of your choice.
  explicit Server(Loop& loop, Listener<Socket&> on_connection = {});
  Server(Loop& loop, const ServerOptions& options, Listener<Socket&> on_connection = {});
  Server(const Server&) = default;             // Moving copies: a handle is never empty.
  Server& operator=(const Server&) = default;  //

  /// Listens. `on_listening` is one more listener of `listening`, dropped if this call fails. While
  /// listening: `error` ERR_SERVER_ALREADY_LISTEN, and the first listening stays. As Node's
  /// `server.listen(options)`.
  const Server& listen(const ListenOptions& options, Listener<> on_listening = {}) const;
  /// listen({port, host}); no host: every address of this machine.
  const Server& listen(int port, std::string host = {}, Listener<> on_listening = {}) const;
  /// Listens on a socket that is bound and listening already (inetd, systemd), which is ours then;
  /// one that does not listen stays yours, and is an `error`.
  const Server& adopt(std::uintptr_t native_handle, Listener<> on_listening = {}) const;

  /// Accepts no more, at once; connections live on. `close` comes after the last one's. `done` runs
  /// behind it; with ERR_SERVER_NOT_RUNNING if the server was not listening. As Node's
  /// `server.close`.
  const Server& close(Done done = {}) const;
  /// Destroys all its connections.
  const Server& close_all_connections() const;

  /// Where it listens; empty when it does not.
  Address address() const;
  bool listening() const;
  /// How many of its connections are open.
  std::size_t connections() const;
  /// The most connections at once; 0 (the default): no limit. The surplus is accepted and closed at
  /// once, and told as `drop`. As Node's `server.maxConnections`.
  const Server& set_max_connections(std::size_t count) const;
  /// It keeps run() going while it listens (the default). Before or after listen().
  const Server& ref() const;
  /// It does not keep run() going; its connections still do.
  const Server& unref() const;
  /// A number never used twice in this process.
  std::uint64_t id() const;
  /// The loop it belongs to; null if it joined none yet, or its loop is gone.
  Loop* loop() const;
  /// The system's socket; all bits set when it does not listen. Do not close it.
  std::uintptr_t native_handle() const;

  /// A client came. `[&client]` is good in the client's own listeners; elsewhere keep a copy.
  const Server& on_connection(Listener<Socket&> listener) const;
  /// It listens: address() tells where.
  const Server& on_listening(Listener<> listener) const;
  /// listen() failed, or the listening socket broke (then `close` follows).
  const Server& on_error(Listener<const Error&> listener) const;
  /// Closed, and so is its last connection.
  const Server& on_close(Listener<> listener) const;
  /// A client was dropped over max_connections.
  const Server& on_drop(Listener<const DropInfo&> listener) const;

  /// Each off_... removes all listeners of its event.
  const Server& off_connection() const;
  const Server& off_listening() const;  ///< See off_connection().
  const Server& off_error() const;      ///< See off_connection().
  const Server& off_close() const;      ///< See off_connection().
  const Server& off_drop() const;       ///< See off_connection().
  /// Removes all listeners of all events.
  const Server& remove_all_listeners() const;

  /// Whether both name the same server.
  friend bool operator==(const Server& left, const Server& right) {
    return left.body_ == right.body_;
  }
  friend bool operator!=(const Server& left, const Server& right) {
    return left.body_ != right.body_;
  }
  friend bool operator<(const Server& left, const Server& right) {
    return left.body_ < right.body_;
  }

 private:
  friend struct std::hash<Server>;
  std::shared_ptr<detail::ServerState> body_;
};

ONESOCK_END_NAMESPACE

namespace std {
template <>
struct hash<::onesock::Server> {
  size_t operator()(const ::onesock::Server& server) const noexcept {
    return hash<const void*>()(server.body_.get());
  }
};
}  // namespace std
