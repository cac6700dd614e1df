// onesock: one TCP (or local) connection, event-driven.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "buffer.hpp"
#include "loop.hpp"
#include "options.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
class Connection;
}

/// One connection. A handle that behaves like a pointer: copies name the same connection, every
/// call is const, dropping one closes nothing. Mirrors Node's `net.Socket`.
///
/// Life of a connection: `lookup`*, `connection_attempt`*, `connect`, `ready`, then `data`* and
/// `drain`*, `end`, `finish`, and `close` exactly once, last. `error` is followed by `close(true)`.
/// No handler is ever called from inside a call of yours: always from a turn of the loop. In a
/// handler any call is allowed on any object.
///
/// **Nobody reads without on_data() or resume()**: such a connection stays open, as in Node.
///
/// Listeners belong to one life: they are let go after `close`; add them anew before the next
/// connect(). In the connection's own listeners `[&client]` is good up to and including `close`;
/// everywhere else (timers, tasks, containers) keep a copy: `[client]`.
///
/// Handles may be copied and dropped on any thread; they are used on their loop's thread only.
class Socket {
 public:
  /// Not yet connected; joins default_loop() of the thread that first connects or destroys it. As
  /// Node's `new net.Socket()`.
  Socket();
  /// Not yet connected; belongs to `loop`.
  explicit Socket(Loop& loop);
  Socket(const Socket&) = default;             // Moving copies: a handle is never empty.
  Socket& operator=(const Socket&) = default;  //

  /// Connects. `on_connect` is one more listener of `connect`. Then `connect` and `ready` follow,
  /// or `error` and `close(true)`. Bad options, or a socket that is connecting or open already, are
  /// told as `error`. Mirrors Node's `socket.connect(options)`.
  const Socket& connect(const ConnectOptions& options, Listener<Socket&> on_connect = {}) const;
  /// connect({port, host}). As Node's `socket.connect(port, host)`.
  const Socket& connect(int port, std::string host = "localhost",
                        Listener<Socket&> on_connect = {}) const;

  /// Sends bytes: hands them to the system at once if nothing is queued, queues in order what does
  /// not fit. Never blocks, never drops. Returns true if less than high_water_mark is queued; after
  /// a false, `drain` tells when the queue is empty. `done` runs once, when these bytes were handed
  /// to the system or with the error. Before `connect` it queues. After end():
  /// ERR_STREAM_WRITE_AFTER_END. Mirrors Node's `socket.write`.
  bool write(BufferView data, Done done = {}) const;
  /// Sends the bytes of UTF-8 `text` in `encoding`: `write("48656c6c6f", Encoding::hex)`.
  bool write(std::string_view text, Encoding encoding, Done done = {}) const;

  /// Sends what is queued, then FIN; `finish` follows. We can still read. Once is enough, twice
  /// does no harm. Mirrors Node's `socket.end`.
  const Socket& end() const;
  /// end(), and `done` when FIN was sent.
  template <class Callable,
            std::enable_if_t<std::is_invocable_v<std::decay_t<Callable>&, const Error&> ||
                                 std::is_invocable_v<std::decay_t<Callable>&>,
                             int> = 0>
  const Socket& end(Callable&& done) const {
    return end_with(Done(std::forward<Callable>(done)));
  }
  /// write(data), then end(). `done` when FIN was sent.
  const Socket& end(BufferView data, Done done = {}) const;
  /// write(text, encoding), then end(). `done` when FIN was sent.
  const Socket& end(std::string_view text, Encoding encoding, Done done = {}) const;

  /// Closes now, gives up what is queued. Then `close(false)`, and nothing else but the `done`s
  /// still owed.
  const Socket& destroy() const;
  /// Closes now; `error` with yours, then `close(true)`. As Node's `socket.destroy(error)`.
  const Socket& destroy(const Error& error) const;
  /// Closes with RST, so that the peer sees ECONNRESET; `close(false)` here. While connecting it is
  /// destroy(). Mirrors Node's `socket.resetAndDestroy()`.
  const Socket& reset_and_destroy() const;

  /// No `data` until resume(). The bytes wait in the system's buffers, and slow the peer down.
  const Socket& pause() const;
  /// Reads (again). What nobody listens for is dropped.
  const Socket& resume() const;
  /// Writes all that comes here to `to` and ends it after our `end`; pauses while `to` has no room,
  /// and for good when it closes. Returns `to`. For a pipe both ways, and half-closes kept, both
  /// sides want allow_half_open. Mirrors Node's `readable.pipe`.
  const Socket& pipe(const Socket& to) const;
  /// Whether pause() holds.
  bool is_paused() const;
  /// `data` carries text from now on: UTF-8 of whole characters, or the hex or base64 text of the
  /// bytes; `raw` (the default) the bytes as they came. Mirrors Node's `socket.setEncoding`.
  const Socket& set_encoding(Encoding encoding) const;
  /// `timeout` after `idle` without bytes read, bytes taken by the system, or a write(); counts
  /// from now, while connecting too. It closes nothing. 0 turns it off. As Node's
  /// `socket.setTimeout`.
  const Socket& set_timeout(std::chrono::milliseconds idle, Listener<> on_timeout = {}) const;
  /// TCP_NODELAY; on by default here.
  const Socket& set_no_delay(bool no_delay = true) const;
  /// SO_KEEPALIVE, and the idle time before the first probe (0: the system's own).
  const Socket& set_keep_alive(bool keep_alive = true, std::chrono::milliseconds initial_delay =
                                                           std::chrono::milliseconds(0)) const;
  /// Queued bytes from which write() returns false; 16 KiB by default. Only advice: nothing is
  /// refused.
  const Socket& set_high_water_mark(std::size_t bytes) const;
  /// A hard cap on queued bytes; 0 (the default): none. A write that would pass it is refused whole
  /// and ends the connection: `error` ENOBUFS, `close(true)`.
  const Socket& set_max_queued_bytes(std::size_t bytes) const;
  /// It keeps run() going while open (the default).
  const Socket& ref() const;
  /// It does not keep run() going.
  const Socket& unref() const;

  /// A number never used twice in this process.
  std::uint64_t id() const;
  /// The loop it belongs to; null if it joined none yet, or its loop is gone.
  Loop* loop() const;
  /// The system's socket: a file descriptor, or a SOCKET; all bits set when there is none. Do not
  /// close it.
  std::uintptr_t native_handle() const;
  /// The peer's IP address; stays readable after close. "" if unknown, or for a local socket.
  const std::string& remote_address() const;
  /// The peer's port; 0 if unknown.
  int remote_port() const;
  /// The peer's family; `any` if unknown.
  Family remote_family() const;
  /// Our IP address while connected; "" otherwise.
  std::string local_address() const;
  /// Our port while connected; 0 otherwise.
  int local_port() const;
  /// Our family while connected; `any` otherwise.
  Family local_family() const;
  /// Our end as an Address; empty unless connected. As Node's `socket.address()`.
  Address address() const;
  /// Bytes received in this life; stays readable after close.
  std::uint64_t bytes_read() const;
  /// Bytes sent and queued in this life; stays readable after close.
  std::uint64_t bytes_written() const;
  /// Bytes not yet handed to the system. Node's `writableLength`, in bytes.
  std::size_t write_queue_size() const;
  /// True from connect() until `connect` or failure.
  bool connecting() const;
  /// True unless connected. As Node's `socket.pending`.
  bool pending() const;
  /// True from destroy() or an error until the next connect(); inside `close` too.
  bool destroyed() const;
  /// Node's five words: "opening", "open" (before the first connect() too), "readOnly" (we ended),
  /// "writeOnly" (the peer ended), "closed".
  std::string_view ready_state() const;

  /// A name was looked up: the error, or one call per address. `host` is the name.
  const Socket& on_lookup(Listener<const Error&, const Address&, std::string_view> listener) const;
  /// An address is being tried.
  const Socket& on_connection_attempt(Listener<const Address&> listener) const;
  /// An address failed; the next is tried.
  const Socket& on_connection_attempt_failed(Listener<const Address&, const Error&> listener) const;
  /// An address had no answer within 250 ms: the next is tried beside it, and either may win.
  const Socket& on_connection_attempt_timeout(Listener<const Address&> listener) const;
  /// Connected.
  const Socket& on_connect(Listener<Socket&> listener) const;
  /// Connected, right behind `connect`.
  const Socket& on_ready(Listener<> listener) const;
  /// Bytes came, at most one receive buffer; they live until the listener returns. The first
  /// listener starts the reading, unless pause() holds.
  const Socket& on_data(Listener<BufferView> listener) const;
  /// The peer sent FIN and all its bytes were handed over. Then our side ends too, unless
  /// allow_half_open.
  const Socket& on_end(Listener<> listener) const;
  /// Our FIN was sent, behind our last byte.
  const Socket& on_finish(Listener<> listener) const;
  /// The queue is empty again, after a write() that returned false.
  const Socket& on_drain(Listener<> listener) const;
  /// Idle for as long as set_timeout() says; told again only after activity.
  const Socket& on_timeout(Listener<> listener) const;
  /// It failed; `close(true)` follows. With no listener, a connection that was up just closes.
  const Socket& on_error(Listener<const Error&> listener) const;
  /// Closed; exactly once, the last of all. `had_error`: an error came before.
  const Socket& on_close(Listener<bool> listener) const;

  /// Each off_... removes all listeners of its event.
  const Socket& off_lookup() const;
  const Socket& off_connection_attempt() const;          ///< See off_lookup().
  const Socket& off_connection_attempt_failed() const;   ///< See off_lookup().
  const Socket& off_connection_attempt_timeout() const;  ///< See off_lookup().
  const Socket& off_connect() const;                     ///< See off_lookup().
  const Socket& off_ready() const;                       ///< See off_lookup().
  const Socket& off_data() const;                        ///< See off_lookup(). Reading goes on.
  const Socket& off_end() const;                         ///< See off_lookup().
  const Socket& off_finish() const;                      ///< See off_lookup().
  const Socket& off_drain() const;                       ///< See off_lookup().
  const Socket& off_timeout() const;                     ///< See off_lookup().
  const Socket& off_error() const;                       ///< See off_lookup().
  const Socket& off_close() const;                       ///< See off_lookup().
  /// Removes all listeners of all events.
  const Socket& remove_all_listeners() const;

  /// Whether both name the same connection.
  friend bool operator==(const Socket& left, const Socket& right) {
    return left.body_ == right.body_;
  }
  friend bool operator!=(const Socket& left, const Socket& right) {
    return left.body_ != right.body_;
  }
  friend bool operator<(const Socket& left, const Socket& right) {
    return left.body_ < right.body_;
  }

 private:
  friend class detail::Connection;
  friend struct std::hash<Socket>;
  explicit Socket(std::shared_ptr<detail::Connection> body);
  const Socket& end_with(Done done) const;
  std::shared_ptr<detail::Connection> body_;
};

/// A new Socket that connects; see Socket::connect. Mirrors Node's `net.connect(options)`.
Socket connect(const ConnectOptions& options, Listener<Socket&> on_connect = {});
/// connect({port, host}).
Socket connect(int port, std::string host = "localhost", Listener<Socket&> on_connect = {});
/// On a loop of your choice.
Socket connect(Loop& loop, const ConnectOptions& options, Listener<Socket&> on_connect = {});

ONESOCK_END_NAMESPACE

namespace std {
template <>
struct hash<::onesock::Socket> {
  size_t operator()(const ::onesock::Socket& socket) const noexcept {
    return hash<const void*>()(socket.body_.get());
  }
};
}  // namespace std
