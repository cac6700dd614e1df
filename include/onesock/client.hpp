// onesock: plain blocking TCP with deadlines, without a loop: Client and Acceptor.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "buffer.hpp"
#include "options.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
class BlockingListener;
class BlockingStream;
}  // namespace detail

/// A blocking connection: move-only, closed when it goes; a moved-from one is closed.
///
/// Every call has one deadline, set_timeout(), and tells failure by its value: ask error(). What
/// came and was not asked for yet stays, whatever a read meets: the next read starts with it. It
/// knows no loop and waits by `select()`, as the loop does; signals do not end a call. Use it on
/// one thread at a time. Mirrors the plain use of POSIX `connect`, `recv` and `send`.
class Client {
 public:
  /// Not connected.
  Client();
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  /// The deadline of each call from now on, names and all; 0 (the default) or less: none. A call
  /// that does not make it fails with ETIMEDOUT.
  void set_timeout(std::chrono::milliseconds timeout);

  /// Connects; true when connected.
  ///
  /// A name is looked up, all addresses are tried (RFC 8305). The deadline covers all of it; if
  /// `options.timeout` is set, the earlier of the two. An open connection is closed first, but bad
  /// options (ERR_SOCKET_BAD_PORT, EINVAL) change nothing. After any other failure it is closed.
  /// `options.lookup` and `options.allow_half_open` are for loops: not looked at here.
  bool connect(const ConnectOptions& options);
  /// connect({port, host}).
  bool connect(int port, std::string host = "localhost");

  /// Some bytes, at least one, at most 64 KiB; nothing at the end or on an error.
  ///
  /// At the end error() is false, on an error it is true. The reads below tell the two apart the
  /// same way.
  std::optional<Buffer> read();
  /// Exactly `size` bytes (0: an empty Buffer, at once); nothing if the end or an error comes
  /// first. What came until then stays: read() has it.
  std::optional<Buffer> read_exactly(std::size_t size);
  /// Everything up to `delimiter`, and the delimiter; nothing if the end or an error comes first.
  ///
  /// More than `max` bytes before the delimiter are EMSGSIZE; they stay, too. An empty delimiter is
  /// EINVAL.
  std::optional<Buffer> read_until(BufferView delimiter, std::size_t max = 64 * 1024);
  /// A line without its "\n" or "\r\n"; the last one may lack it. An empty line is an empty Buffer.
  ///
  /// A line longer than `max` bytes is EMSGSIZE, and stays.
  std::optional<Buffer> read_line(std::size_t max = 64 * 1024);

  /// Sends all of it: true when the system has taken it; or false, and error().
  ///
  /// A write that fails (the peer does not read: ETIMEDOUT) may have sent a part, and nobody can
  /// say how much the peer has. The stream would have a hole, so write() and end() tell the same
  /// error from then on: close it. If the system had taken nothing yet, the same write may be tried
  /// again.
  bool write(BufferView data);
  /// Sends FIN: the peer's reads end; ours go on. True if it was sent; twice is harmless.
  bool end();
  /// Closes, and drops what was not read; error() stays. Harmless if it is closed already.
  ///
  /// A close with bytes unread resets the connection on most systems, and the peer may lose what we
  /// wrote last. To part in order: end(), read() until there is nothing, close().
  void close();

  /// True from a connect() that succeeded until close(), also when the peer has left.
  bool is_open() const;
  /// What went wrong in the last call; false if nothing did, and after a read that met the end.
  const Error& error() const;
  /// Our end; empty unless open.
  Address local_address() const;
  /// The peer; stays readable after close.
  const Address& remote_address() const;
  /// The system's socket (non-blocking); all bits set when there is none.
  std::uintptr_t native_handle() const;

 private:
  friend class Acceptor;
  explicit Client(std::unique_ptr<detail::BlockingStream> stream);
  detail::BlockingStream& body();
  const detail::BlockingStream& body() const;
  /// Null: not used yet, or moved from.
  std::unique_ptr<detail::BlockingStream> stream_;
};

/// A blocking listener: move-only, closed when it goes; a moved-from one is closed.
///
/// The blocking half of what Server is; calls, deadline, error() and threads as for Client. Mirrors
/// the plain use of POSIX `listen` and `accept`.
class Acceptor {
 public:
  /// Not listening.
  Acceptor();
  ~Acceptor();
  Acceptor(Acceptor&& other) noexcept;
  Acceptor& operator=(Acceptor&& other) noexcept;

  /// The deadline of each call from now on; 0 (the default) or less: none. A call that does not
  /// make it fails with ETIMEDOUT. The clients have deadlines of their own, none at first.
  void set_timeout(std::chrono::milliseconds timeout);
  /// Listens; true when it does. Options and errors as for Server::listen.
  ///
  /// A host that is a name is looked up under the deadline. While it listens:
  /// ERR_SERVER_ALREADY_LISTEN, and it goes on.
  bool listen(const ListenOptions& options);
  /// listen({port, host}).
  bool listen(int port, std::string host = {});
  /// Waits for the next client, with no_delay on; nothing on an error.
  ///
  /// Clients that left before they were accepted are passed over. Where descriptors or memory are
  /// missing (EMFILE, ENFILE, ENOBUFS, ENOMEM) the client stays in the queue: try again later.
  std::optional<Client> accept();
  /// Stops listening and removes the file of a local socket; error() stays. Harmless if it does not
  /// listen. Clients in the queue are reset, accepted ones stay.
  void close();
  /// Whether it listens.
  bool listening() const;
  /// Where it listens; empty when it does not.
  Address address() const;
  /// What went wrong in the last call; false if nothing did.
  const Error& error() const;
  /// The system's socket (non-blocking); all bits set when there is none.
  std::uintptr_t native_handle() const;

 private:
  detail::BlockingListener& body();
  const detail::BlockingListener& body() const;
  /// Null: not used yet, or moved from.
  std::unique_ptr<detail::BlockingListener> listener_;
};

ONESOCK_END_NAMESPACE
