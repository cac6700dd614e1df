// onesock: the bodies of Client and Acceptor: one call, one deadline, one wait at a time.
// SPDX-License-Identifier: MIT

#include "client.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "detail/clock.hpp"
#include "detail/connector.hpp"
#include "detail/never_destroyed.hpp"
#include "detail/handle.hpp"
#include "detail/listener_socket.hpp"
#include "detail/mailbox.hpp"
#include "detail/os.hpp"
#include "detail/poller.hpp"
#include "detail/resolver.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// What Client and Acceptor share: a socket, the deadline of the call that goes on, what went wrong
/// in it, and the one way to wait.
class BlockingSocket {
 public:
  bool is_open() const { return handle != Handle::invalid; }
  void set_timeout(Milliseconds timeout) { timeout_ = timeout; }
  const Error& error() const { return error_; }

  /// Every call begins here: nothing is wrong yet, and its time runs from now.
  void begin(Milliseconds limit = Milliseconds(0));
  /// Remembers the error; false, so that a call can end with it.
  bool fail(Error error);
  /// The call's time is over.
  bool expired() const { return deadline_ != never && Clock::now() >= deadline_; }

  /// Makes a call of the system again and again, waiting in between, until it is done, failed, or
  /// too late (timed_out).
  template <class Call>
  std::error_code complete(Interest want, Call call);
  /// Waits until one of `handles` is ready, until `limit` or the deadline, or until a signal comes;
  /// `ready` has those that are.
  std::error_code wait_once(const std::vector<Handle>& handles, Interest want, TimePoint limit);
  /// The addresses of a name; false and the error if there is none, or `late` if that takes too
  /// long.
  bool look_up(const std::string& host, Family family, const Error& late,
               std::vector<Address>& addresses);

  Handle handle = Handle::invalid;
  std::vector<Readiness> ready;

 private:
  Milliseconds timeout_{0};
  TimePoint deadline_ = never;
  Error error_;
  Poller poller_;  // Watches nothing between two waits.
};

ONESOCK_INLINE void BlockingSocket::begin(Milliseconds limit) {
  error_ = Error();
  deadline_ = never;
  for (const auto time : {timeout_, limit}) {
    if (time > Milliseconds(0)) deadline_ = (std::min)(deadline_, after(Clock::now(), time));
  }
}

ONESOCK_INLINE bool BlockingSocket::fail(Error error) {
  error_ = std::move(error);
  return false;
}

template <class Call>
std::error_code BlockingSocket::complete(Interest want, Call call) {
  constexpr Milliseconds rest{5};
  std::error_code failed;
  while (!failed && !expired()) {
    const std::error_code code = call();
    if (code == std::errc::operation_would_block) {
      failed = wait_once({handle}, want, never);
    } else if (want == Interest::write && code == std::errc::no_buffer_space) {
      // select() calls it writable all the same: without a rest this would spin.
      failed = wait_once({}, Interest::none, after(Clock::now(), rest));
    } else if (code != std::errc::interrupted) {
      return code;
    }
  }
  return failed ? failed : std::make_error_code(std::errc::timed_out);
}

ONESOCK_INLINE std::error_code BlockingSocket::wait_once(const std::vector<Handle>& handles,
                                                         Interest want, TimePoint limit) {
  std::error_code code;
  for (const auto each : handles) {
    if (!code) code = poller_.watch(each, want);
  }
  if (!code) code = poller_.wait(wait_until((std::min)(limit, deadline_), Clock::now()), ready);
  for (const auto each : handles) poller_.forget(each);
  return code;
}

ONESOCK_INLINE bool BlockingSocket::look_up(const std::string& host, Family family,
                                            const Error& late, std::vector<Address>& addresses) {
  std::shared_ptr<Mailbox> mailbox;
  std::error_code code = Mailbox::open(mailbox);
  if (code) return fail(lookup_failed(code, host));
  bool answered = false;
  const auto resolver = std::make_shared<Resolver>(mailbox);
  resolver->resolve(host, family, [&](std::error_code result, const std::vector<Address>& found) {
    answered = true;
    code = result;
    addresses = found;
  });
  std::deque<Task> tasks;
  while (!answered && !code) {
    code = wait_once({mailbox->waker()}, Interest::read, never);
    mailbox->collect(tasks);
    for (; !tasks.empty(); tasks.pop_front()) tasks.front()();
    if (!answered && !code && expired()) return fail(late);
  }
  return code ? fail(lookup_failed(code, host)) : true;
}

/// The body of a Client.
class BlockingStream : public BlockingSocket {
 public:
  ~BlockingStream() { close(); }
  void close();
  void adopt(Handle connected, Address peer);
  bool connect(const ConnectOptions& options);
  bool race(const ConnectOptions& options, const std::vector<Address>& addresses);

  /// Begins a call that needs a connection.
  bool begin_open(std::string_view operation);
  /// The same, to write() or end().
  bool begin_writing(std::string_view operation);
  /// The next bytes, good until the next call; empty at the end and on an error.
  BufferView receive();
  /// Adds the next bytes to `unread`; false at the end and on an error.
  bool receive_more();
  /// Receives until `delimiter` stands in `unread`, behind at most `max` bytes, and tells where it
  /// begins; npos at the end and on an error.
  std::size_t find(BufferView delimiter, std::size_t max);
  void fail_too_long();
  /// Takes the first bytes of `unread`.
  Buffer take(std::size_t size);
  /// How many bytes the system took; 0 on an error.
  std::size_t send(BufferView data);

  Address remote;
  /// Received, but not asked for yet.
  Buffer unread;
  bool peer_ended = false;
  bool ended = false;
  /// Kept, because a system tells a reset once, and then an end.
  Error read_error;
  /// Kept once a part was sent: what came behind it would follow a hole.
  Error write_error;

 private:
  std::vector<std::uint8_t> chunk_;
};

ONESOCK_INLINE void BlockingStream::fail_too_long() {
  fail(Error("read", std::make_error_code(std::errc::message_size)));
}

/// What one receive asks for, and the most that Client::read() gives.
inline constexpr std::size_t blocking_chunk = 64 * 1024;

ONESOCK_INLINE void BlockingStream::close() {
  if (!is_open()) return;
  os::close(std::exchange(handle, Handle::invalid));
  unread = Buffer();
  peer_ended = false;
  ended = false;
  read_error = Error();
  write_error = Error();
}

ONESOCK_INLINE void BlockingStream::adopt(Handle connected, Address peer) {
  handle = connected;
  remote = std::move(peer);
}

ONESOCK_INLINE bool BlockingStream::connect(const ConnectOptions& options) {
  begin(options.timeout);
  if (auto fault = find_fault(options)) return fail(std::move(fault));
  close();
  auto addresses = literal_addresses(options);
  if (addresses.empty() &&
      !look_up(options.host, options.family, connect_timed_out(options), addresses)) {
    return false;
  }
  if (!race(options, addresses)) return false;
  os::set_no_delay(handle, options.no_delay);
  if (options.keep_alive) os::set_keep_alive(handle, true, options.keep_alive_initial_delay);
  return true;
}

ONESOCK_INLINE bool BlockingStream::race(const ConnectOptions& options,
                                         const std::vector<Address>& addresses) {
  Connector connector(options, addresses);
  connector.advance(Clock::now());
  while (connector.state() == Connector::State::running) {
    if (expired()) return fail(connect_timed_out(options));
    const auto code = wait_once(connector.attempts(), Interest::connect, connector.deadline());
    if (code) return fail(Error("connect", code));
    for (const auto& each : ready) connector.on_ready(each.handle, Clock::now());
    connector.advance(Clock::now());
  }
  if (connector.state() == Connector::State::failed) return fail(connector.error());
  adopt(connector.take_socket(), connector.remote());
  return true;
}

ONESOCK_INLINE bool BlockingStream::begin_open(std::string_view operation) {
  begin();
  return is_open() || fail(ErrorFactory::socket_closed(operation));
}

ONESOCK_INLINE bool BlockingStream::begin_writing(std::string_view operation) {
  return begin_open(operation) && (!write_error || fail(write_error));
}

ONESOCK_INLINE BufferView BlockingStream::receive() {
  if (read_error) fail(read_error);
  if (read_error || peer_ended) return {};
  chunk_.resize(blocking_chunk);
  std::size_t received = 0;
  const auto code = complete(Interest::read, [&] {
    const auto result = os::receive(handle, chunk_.data(), chunk_.size(), received);
    if (result && result != std::errc::operation_would_block) read_error = Error("read", result);
    return result;
  });
  peer_ended = !code && received == 0;
  if (code) fail(Error("read", code));
  return BufferView(chunk_.data(), received);
}

ONESOCK_INLINE bool BlockingStream::receive_more() {
  const auto received = receive();
  unread.append(received);
  return !received.empty();
}

ONESOCK_INLINE std::size_t BlockingStream::find(BufferView delimiter, std::size_t max) {
  constexpr auto most = (std::numeric_limits<std::size_t>::max)();
  const auto window = max > most - delimiter.size() ? most : max + delimiter.size();
  std::size_t searched = 0;
  for (;;) {
    const auto seen = unread.raw().substr(0, window);
    const auto found = seen.find(delimiter.raw(), searched);
    if (found != std::string_view::npos) return found;
    if (seen.size() == window) break;
    // It may have begun in the bytes seen so far, and end in those to come.
    searched = seen.size() - (std::min)(seen.size(), delimiter.size() - 1);
    if (!receive_more()) return BufferView::npos;
  }
  fail_too_long();
  return BufferView::npos;
}

ONESOCK_INLINE Buffer BlockingStream::take(std::size_t size) {
  // A short one would keep all the room of what was consumed before it.
  if (size == unread.size() && size > blocking_chunk) return std::exchange(unread, Buffer());
  Buffer taken(unread.raw().substr(0, size));
  unread.consume(size);
  return taken;
}

ONESOCK_INLINE std::size_t BlockingStream::send(BufferView data) {
  std::size_t sent = 0;
  const auto code =
      complete(Interest::write, [&] { return os::send(handle, data.data(), data.size(), sent); });
  if (code) fail(Error("write", code));
  return sent;
}

/// The body of an Acceptor.
class BlockingListener : public BlockingSocket {
 public:
  ~BlockingListener() { close(); }
  void close();
  bool listen(const ListenOptions& options);
  bool accept(BlockingStream& accepted);
  Address address() const { return is_open() ? os::local_address(handle) : Address(); }
};

ONESOCK_INLINE void BlockingListener::close() {
  if (is_open()) close_listener(handle);
}

ONESOCK_INLINE bool BlockingListener::listen(const ListenOptions& options) {
  begin();
  if (is_open()) return fail(ErrorFactory::already_listening());
  if (auto fault = find_fault(options)) return fail(std::move(fault));
  auto addresses = literal_addresses(options);
  if (addresses.empty()) {
    const Error late("listen", std::make_error_code(std::errc::timed_out),
                     Address{options.host, options.port, Family::any});
    if (!look_up(options.host, Family::any, late, addresses)) return false;
  }
  for (auto& address : addresses) address.port = options.port;
  auto error = open_listener(options, addresses, handle);
  return error ? fail(std::move(error)) : true;
}

ONESOCK_INLINE bool BlockingListener::accept(BlockingStream& accepted) {
  begin();
  if (!is_open()) return fail(ErrorFactory::not_running("accept"));
  Handle connected = Handle::invalid;
  Address peer;
  const auto code = complete(Interest::read, [&] {
    const auto result = os::accept(handle, connected, peer);
    const bool has_left = result == std::errc::connection_aborted;
    return has_left ? std::make_error_code(std::errc::interrupted) : result;
  });
  if (code) return fail(Error("accept", code, address()));
  accepted.adopt(connected, std::move(peer));
  os::set_no_delay(connected, true);
  return true;
}

}  // namespace detail

ONESOCK_INLINE Client::Client() = default;
ONESOCK_INLINE Client::~Client() = default;
ONESOCK_INLINE Client::Client(Client&& other) noexcept = default;
ONESOCK_INLINE Client& Client::operator=(Client&& other) noexcept = default;
ONESOCK_INLINE Client::Client(std::unique_ptr<detail::BlockingStream> stream)
    : stream_(std::move(stream)) {}

ONESOCK_INLINE detail::BlockingStream& Client::body() {
  if (!stream_) stream_ = std::make_unique<detail::BlockingStream>();
  return *stream_;
}

ONESOCK_INLINE const detail::BlockingStream& Client::body() const {
  return stream_ ? *stream_ : detail::never_destroyed<detail::BlockingStream>();
}

ONESOCK_INLINE void Client::set_timeout(std::chrono::milliseconds timeout) {
  body().set_timeout(timeout);
}

ONESOCK_INLINE bool Client::connect(const ConnectOptions& options) {
  return body().connect(options);
}

ONESOCK_INLINE bool Client::connect(int port, std::string host) {
  ConnectOptions options;
  options.port = port;
  options.host = std::move(host);
  return connect(options);
}

ONESOCK_INLINE std::optional<Buffer> Client::read() {
  auto& stream = body();
  if (!stream.begin_open("read")) return std::nullopt;
  if (!stream.unread.empty()) {
    return stream.take((std::min)(stream.unread.size(), detail::blocking_chunk));
  }
  const auto received = stream.receive();
  if (received.empty()) return std::nullopt;
  return Buffer(received);
}

ONESOCK_INLINE std::optional<Buffer> Client::read_exactly(std::size_t size) {
  auto& stream = body();
  if (!stream.begin_open("read")) return std::nullopt;
  while (stream.unread.size() < size) {
    if (!stream.receive_more()) return std::nullopt;
  }
  return stream.take(size);
}

ONESOCK_INLINE std::optional<Buffer> Client::read_until(BufferView delimiter, std::size_t max) {
  auto& stream = body();
  if (!stream.begin_open("read")) return std::nullopt;
  if (delimiter.empty()) {
    stream.fail(detail::ErrorFactory::bad_argument("read", "delimiter", ""));
    return std::nullopt;
  }
  const auto found = stream.find(delimiter, max);
  if (found == BufferView::npos) return std::nullopt;
  return stream.take(found + delimiter.size());
}

ONESOCK_INLINE std::optional<Buffer> Client::read_line(std::size_t max) {
  auto& stream = body();
  if (!stream.begin_open("read")) return std::nullopt;
  // One byte more, for the "\r" of a "\r\n"; the greater of the two where that wraps around.
  const auto newline = stream.find("\n", (std::max)(max, max + 1));
  const bool is_last = newline == BufferView::npos;
  if (is_last && (stream.error() || stream.unread.empty())) return std::nullopt;
  const auto end = is_last ? stream.unread.size() : newline;
  const bool has_return = !is_last && end > 0 && stream.unread[end - 1] == '\r';
  const auto length = has_return ? end - 1 : end;
  if (length > max) {
    stream.fail_too_long();
    return std::nullopt;
  }
  auto line = stream.take(is_last ? end : end + 1);
  line.resize(length);
  return line;
}

ONESOCK_INLINE bool Client::write(BufferView data) {
  auto& stream = body();
  if (!stream.begin_writing("write")) return false;
  if (stream.ended) return stream.fail(detail::ErrorFactory::write_after_end());
  for (std::size_t sent = 0; sent < data.size();) {
    const auto more = stream.send(data.slice(sent));
    if (more == 0 && sent > 0) stream.write_error = stream.error();
    if (more == 0) return false;
    sent += more;
  }
  return true;
}

ONESOCK_INLINE bool Client::end() {
  auto& stream = body();
  if (!stream.begin_writing("end")) return false;
  if (stream.ended) return true;
  if (const auto code = detail::os::shutdown_send(stream.handle)) {
    return stream.fail(Error("shutdown", code));
  }
  stream.ended = true;
  return true;
}

ONESOCK_INLINE void Client::close() {
  if (stream_) stream_->close();
}

ONESOCK_INLINE bool Client::is_open() const {
  return body().is_open();
}

ONESOCK_INLINE const Error& Client::error() const {
  return body().error();
}

ONESOCK_INLINE Address Client::local_address() const {
  return is_open() ? detail::os::local_address(body().handle) : Address();
}

ONESOCK_INLINE const Address& Client::remote_address() const {
  return body().remote;
}

ONESOCK_INLINE std::uintptr_t Client::native_handle() const {
  return static_cast<std::uintptr_t>(body().handle);
}

ONESOCK_INLINE Acceptor::Acceptor() = default;
ONESOCK_INLINE Acceptor::~Acceptor() = default;
ONESOCK_INLINE Acceptor::Acceptor(Acceptor&& other) noexcept = default;
ONESOCK_INLINE Acceptor& Acceptor::operator=(Acceptor&& other) noexcept = default;

ONESOCK_INLINE detail::BlockingListener& Acceptor::body() {
  if (!listener_) listener_ = std::make_unique<detail::BlockingListener>();
  return *listener_;
}

ONESOCK_INLINE const detail::BlockingListener& Acceptor::body() const {
  return listener_ ? *listener_ : detail::never_destroyed<detail::BlockingListener>();
}

ONESOCK_INLINE void Acceptor::set_timeout(std::chrono::milliseconds timeout) {
  body().set_timeout(timeout);
}

ONESOCK_INLINE bool Acceptor::listen(const ListenOptions& options) {
  return body().listen(options);
}

ONESOCK_INLINE bool Acceptor::listen(int port, std::string host) {
  ListenOptions options;
  options.port = port;
  options.host = std::move(host);
  return listen(options);
}

ONESOCK_INLINE std::optional<Client> Acceptor::accept() {
  auto stream = std::make_unique<detail::BlockingStream>();
  if (!body().accept(*stream)) return std::nullopt;
  return Client(std::move(stream));
}

ONESOCK_INLINE void Acceptor::close() {
  if (listener_) listener_->close();
}

ONESOCK_INLINE bool Acceptor::listening() const {
  return body().is_open();
}

ONESOCK_INLINE Address Acceptor::address() const {
  return body().address();
}

ONESOCK_INLINE const Error& Acceptor::error() const {
  return body().error();
}

ONESOCK_INLINE std::uintptr_t Acceptor::native_handle() const {
  return static_cast<std::uintptr_t>(body().handle);
}

ONESOCK_END_NAMESPACE
