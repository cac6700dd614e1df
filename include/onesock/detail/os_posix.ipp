// onesock: the contract of os.hpp kept on POSIX systems; os_windows.ipp is its twin.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <new>

#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>
#ifndef ONESOCK_NO_THREADS
#include <pthread.h>
#endif

#if !defined(MSG_NOSIGNAL) && !defined(SO_NOSIGPIPE)
#error "onesock: this system has no way to send without SIGPIPE"
#endif

ONESOCK_BEGIN_NAMESPACE
namespace detail::os {

// In os_sockaddr.ipp, the same for both twins.
std::error_code resolve_error(ResolveError reason);
int domain_of(Family family);
std::error_code to_sockaddr(const Address& address, sockaddr_storage& storage, socklen_t& size);
/// As to_sockaddr(), but "every address" becomes loopback: Linux connects there, Windows refuses.
std::error_code to_peer_sockaddr(const Address& address, sockaddr_storage& storage,
                                 socklen_t& size);
/// Empty if it is nothing we know.
Address from_sockaddr(const sockaddr_storage& storage, socklen_t size);
bool is_lookup_name(const std::string& host);
/// Frees the list. Each address once, port 0.
std::vector<Address> take_addresses(addrinfo* found);

// Below the INT_MAX of macOS and the 2 GiB of Linux, and no single call holds a turn for long.
inline constexpr std::size_t transfer_limit = 1024 * 1024;

#ifdef __linux__
inline constexpr bool has_abstract_names = true;
#else
inline constexpr bool has_abstract_names = false;
#endif

// macOS: older SDKs have no MSG_NOSIGNAL; see make_quiet().
#ifdef MSG_NOSIGNAL
inline constexpr int send_flags = MSG_NOSIGNAL;
#else
inline constexpr int send_flags = 0;
#endif

inline int native(Handle handle) {
  return static_cast<int>(handle);
}

inline Handle to_handle(int descriptor) {
  return static_cast<Handle>(descriptor);
}

/// The system's number in the words of std::errc.
inline std::error_code code_of(int number) {
  // Two names of one thing; a few systems have two numbers for it.
  if (number == EAGAIN) return std::make_error_code(std::errc::operation_would_block);
  const std::error_code code(number, std::system_category());
  const std::error_condition known = code.default_error_condition();
  if (known.category() != std::generic_category()) return code;
  return std::error_code(known.value(), std::generic_category());
}

inline std::error_code last_error() {
  return code_of(errno);
}

/// What a call that returns 0 on success has to say.
inline std::error_code result_of(int returned) {
  return returned == 0 ? std::error_code() : last_error();
}

/// Closes what was half made, and keeps errno.
inline void give_up(int descriptor) {
  const int number = errno;
  ::close(descriptor);
  errno = number;
}

inline std::error_code set_option(Handle socket, int level, int name, int value) {
  return result_of(::setsockopt(native(socket), level, name, &value, sizeof(value)));
}

/// Not inherited, and non-blocking: for systems that cannot say so when they open one.
inline bool make_private(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags != -1 && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != -1 &&
         ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != -1;
}

/// macOS: no SIGPIPE from this socket. Fails there if the peer has reset it already.
inline bool make_quiet(int descriptor) {
#ifdef SO_NOSIGPIPE
  const int on = 1;
  return ::setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)) == 0;
#else
  static_cast<void>(descriptor);
  return true;
#endif
}

/// -1 and errno on failure.
inline int open_private(int domain) {
#ifdef SOCK_CLOEXEC
  const int opened = ::socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // Linux before 2.6.27 knows no flags.
  if (opened != -1 || errno != EINVAL) return opened;
#endif
  const int plain = ::socket(domain, SOCK_STREAM, 0);
  if (plain == -1 || make_private(plain)) return plain;
  give_up(plain);
  return -1;
}

/// -1 and errno on failure.
inline int accept_private(int listener, sockaddr* peer, socklen_t* size) {
// Where the flags are, accept4() and pipe2() are; but not always in uClibc.
#if defined(SOCK_CLOEXEC) && !defined(__UCLIBC__)
  const int accepted = ::accept4(listener, peer, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  // Linux before 2.6.28, and emulators, know no accept4().
  if (accepted != -1 || (errno != ENOSYS && errno != EINVAL)) return accepted;
#endif
  const int plain = ::accept(listener, peer, size);
  if (plain == -1 || make_private(plain)) return plain;
  ::close(plain);
  errno = ECONNABORTED;
  return -1;
}

/// False and errno on failure.
inline bool pipe_private(int (&ends)[2]) {
#if defined(SOCK_CLOEXEC) && !defined(__UCLIBC__)
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) return true;
  if (errno != ENOSYS) return false;
#endif
  if (::pipe(ends) != 0) return false;
  if (make_private(ends[0]) && make_private(ends[1])) return true;
  give_up(ends[0]);
  give_up(ends[1]);
  return false;
}

/// Whether accept(2) only passes on what became of one connection: its "Error Handling" names them.
inline bool is_about_one_connection(int number) {
  switch (number) {
    case EINTR:
    case ECONNABORTED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPERM:
    case EPROTO:
    case ETIMEDOUT:
#ifdef EHOSTDOWN
    case EHOSTDOWN:
#endif
#ifdef ENONET
    case ENONET:
#endif
      return true;
    default:
      return false;
  }
}

/// What happened to a connection that was open.
inline std::error_code transfer_error() {
  const int number = errno;
  // macOS: a send that meets a reset says EPROTOTYPE.
  if (number == ECONNABORTED || number == EPROTOTYPE)
    return std::make_error_code(std::errc::connection_reset);
#ifdef ESHUTDOWN
  if (number == ESHUTDOWN) return std::make_error_code(std::errc::broken_pipe);
#endif
  return code_of(number);
}

/// After a connect that seems to be done. A select() that was wrong leaves it in progress; and a
/// connect to a port of this machine where nobody listens can meet itself: that is refused.
inline std::error_code verify_connected(Handle socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  if (::getpeername(native(socket), reinterpret_cast<sockaddr*>(&peer), &size) != 0)
    return errno == ENOTCONN ? std::make_error_code(std::errc::operation_in_progress)
                             : std::error_code();
  const Address address = from_sockaddr(peer, size);
  const bool met_itself = address.port != 0 && address == local_address(socket);
  return met_itself ? std::make_error_code(std::errc::connection_refused) : std::error_code();
}

/// The number of a network interface, 0 if there is none.
inline std::uint32_t named_zone(const std::string& name) {
  return ::if_nametoindex(name.c_str());
}

/// "" if it has no name.
inline std::string zone_name(std::uint32_t number) {
  char name[IF_NAMESIZE] = {};
  return ::if_indextoname(number, name) == nullptr ? std::string() : std::string(name);
}

ONESOCK_INLINE std::error_code open_stream(Family family, Handle& opened) {
  const int domain = domain_of(family);
  if (domain == AF_UNSPEC) return std::make_error_code(std::errc::invalid_argument);
  const int descriptor = open_private(domain);
  if (descriptor == -1) return last_error();
  if (!make_quiet(descriptor)) {
    give_up(descriptor);
    return last_error();
  }
  opened = to_handle(descriptor);
  return {};
}

ONESOCK_INLINE std::error_code set_exclusive(Handle socket, bool exclusive) {
  // "Past TIME_WAIT" on POSIX; Linux wants it on the first listener already, so always.
  const std::error_code error = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (error || exclusive) return error;
// Only these spread the connections; SO_REUSEPORT of macOS and the other BSDs takes them all away.
#if defined(SO_REUSEPORT_LB)
  return set_option(socket, SOL_SOCKET, SO_REUSEPORT_LB, 1);
#elif defined(SO_REUSEPORT) && (defined(__linux__) || defined(__DragonFly__))
  return set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
#else
  return std::make_error_code(std::errc::not_supported);
#endif
}

ONESOCK_INLINE std::error_code set_ipv6_only(Handle socket, bool ipv6_only) {
  const std::error_code error = set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
  // OpenBSD: always true, and says EINVAL if told otherwise.
  const bool is_fixed = error == std::errc::invalid_argument && !ipv6_only;
  return is_fixed ? std::make_error_code(std::errc::address_family_not_supported) : error;
}

ONESOCK_INLINE std::error_code bind(Handle socket, const Address& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const std::error_code error = to_sockaddr(address, storage, size);
  if (error) return error;
  return result_of(::bind(native(socket), reinterpret_cast<const sockaddr*>(&storage), size));
}

ONESOCK_INLINE std::error_code listen(Handle socket, int backlog) {
  return result_of(::listen(native(socket), backlog));
}

ONESOCK_INLINE std::error_code adopt_listener(Handle listener) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  if (::getsockopt(native(listener), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
    return last_error();
  if (listens == 0) return std::make_error_code(std::errc::invalid_argument);
  return make_private(native(listener)) ? std::error_code() : last_error();
}

ONESOCK_INLINE std::error_code accept(Handle listener, Handle& accepted, Address& peer) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  const int descriptor =
      accept_private(native(listener), reinterpret_cast<sockaddr*>(&storage), &size);
  if (descriptor == -1) {
    const int number = errno;
    if (is_about_one_connection(number)) return std::make_error_code(std::errc::connection_aborted);
    return code_of(number);
  }
  if (!make_quiet(descriptor)) {
    ::close(descriptor);
    return std::make_error_code(std::errc::connection_aborted);
  }
  peer = from_sockaddr(storage, size);
  accepted = to_handle(descriptor);
  return {};
}

ONESOCK_INLINE std::error_code connect(Handle socket, const Address& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const std::error_code error = to_peer_sockaddr(address, storage, size);
  if (error) return error;
  if (::connect(native(socket), reinterpret_cast<const sockaddr*>(&storage), size) == 0)
    return verify_connected(socket);
  const int number = errno;
  // A signal stops the wait, not the connect. Android may fail without a number.
  if (number == EINPROGRESS || number == EINTR || number == 0)
    return std::make_error_code(std::errc::operation_in_progress);
  return code_of(number);
}

ONESOCK_INLINE std::error_code connect_result(Handle socket) {
  int number = 0;
  socklen_t size = sizeof(number);
  if (::getsockopt(native(socket), SOL_SOCKET, SO_ERROR, &number, &size) != 0) return last_error();
  return number == 0 ? verify_connected(socket) : code_of(number);
}

ONESOCK_INLINE std::error_code receive(Handle socket, void* buffer, std::size_t size,
                                       std::size_t& received) {
  const std::size_t wanted = (std::min)(size, transfer_limit);
  for (;;) {
    const ssize_t count = ::recv(native(socket), buffer, wanted, 0);
    if (count >= 0) {
      received = static_cast<std::size_t>(count);
      return {};
    }
    if (errno != EINTR) return transfer_error();
  }
}

ONESOCK_INLINE std::error_code peek(Handle socket, std::size_t& waiting) {
  char mark = 0;
  for (;;) {
    const ssize_t count = ::recv(native(socket), &mark, 1, MSG_PEEK);
    if (count >= 0) {
      waiting = static_cast<std::size_t>(count);
      return {};
    }
    if (errno != EINTR) return transfer_error();
  }
}

ONESOCK_INLINE std::error_code send(Handle socket, const void* data, std::size_t size,
                                    std::size_t& sent) {
  const std::size_t offered = (std::min)(size, transfer_limit);
  for (;;) {
    const ssize_t count = ::send(native(socket), data, offered, send_flags);
    if (count > 0) {
      sent = static_cast<std::size_t>(count);
      return {};
    }
    if (count == 0) return std::make_error_code(std::errc::operation_would_block);
    if (errno != EINTR) return transfer_error();
  }
}

ONESOCK_INLINE std::error_code shutdown_send(Handle socket) {
  return result_of(::shutdown(native(socket), SHUT_WR));
}

ONESOCK_INLINE void close(Handle handle) {
  // Linux: EINTR means closed; a second close could hit another thread's new descriptor.
  if (handle != Handle::invalid) ::close(native(handle));
}

ONESOCK_INLINE void close_with_reset(Handle socket) {
  linger now{};
  now.l_onoff = 1;
  ::setsockopt(native(socket), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(socket);
}

ONESOCK_INLINE void set_no_delay(Handle socket, bool no_delay) {
  static_cast<void>(set_option(socket, IPPROTO_TCP, TCP_NODELAY, no_delay ? 1 : 0));
}

ONESOCK_INLINE void set_keep_alive(Handle socket, bool keep_alive, std::chrono::milliseconds idle) {
  static_cast<void>(set_option(socket, SOL_SOCKET, SO_KEEPALIVE, keep_alive ? 1 : 0));
  if (!keep_alive || idle.count() <= 0) return;
  // Linux takes no more than 32,767 seconds.
  const std::chrono::seconds longest(32767);
  const std::chrono::seconds rounded = std::chrono::ceil<std::chrono::seconds>(idle);
  const int seconds = static_cast<int>((std::min)(rounded, longest).count());
#if defined(__DragonFly__)
  static_cast<void>(set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds * 1000));
#elif defined(TCP_KEEPIDLE)
  static_cast<void>(set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds));
#elif defined(__APPLE__)
  static_cast<void>(set_option(socket, IPPROTO_TCP, TCP_KEEPALIVE, seconds));
#else
  // OpenBSD has one time for the whole system.
  static_cast<void>(seconds);
#endif
}

ONESOCK_INLINE Address local_address(Handle socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(native(socket), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  const Address address = from_sockaddr(storage, size);
  const bool bound = address.family == Family::local ? !address.host.empty() : address.port != 0;
  return bound ? address : Address();
}

ONESOCK_INLINE Address peer_address(Handle socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getpeername(native(socket), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from_sockaddr(storage, size);
}

ONESOCK_INLINE void remove_socket_file(const std::string& path) {
  if (path.find('\0') == std::string::npos) ::unlink(path.c_str());
}

ONESOCK_INLINE Handle open_spare() {
// AIX: a descriptor given back is not the one accept() gets next.
#ifdef _AIX
  return Handle::invalid;
#else
  return to_handle(::open("/dev/null", O_RDONLY | O_CLOEXEC));
#endif
}

ONESOCK_INLINE std::error_code open_waker(Waker& waker) {
  int ends[2] = {-1, -1};
  if (!pipe_private(ends)) return last_error();
  waker.reader = to_handle(ends[0]);
  waker.writer = to_handle(ends[1]);
  return {};
}

ONESOCK_INLINE void wake(const Waker& waker) {
  const int before = errno;
  const char mark = 0;
  // A full pipe is awake already.
  while (::write(native(waker.writer), &mark, 1) == -1 && errno == EINTR) {
  }
  errno = before;
}

ONESOCK_INLINE void drain(const Waker& waker) {
  char bytes[256];
  ssize_t count = 0;
  do {
    count = ::read(native(waker.reader), bytes, sizeof(bytes));
  } while (count > 0 || (count == -1 && errno == EINTR));
}

ONESOCK_INLINE void close_waker(Waker& waker) {
  close(waker.writer);
  if (waker.reader != waker.writer) close(waker.reader);
  waker = Waker();
}

/// What getaddrinfo() said; EAI_SYSTEM has the rest in errno.
inline std::error_code lookup_error(int status) {
  const int number = errno;
  if (status == EAI_NONAME) return resolve_error(ResolveError::not_found);
#ifdef EAI_NODATA
  if (status == EAI_NODATA) return resolve_error(ResolveError::not_found);
#endif
#ifdef EAI_ADDRFAMILY
  if (status == EAI_ADDRFAMILY) return resolve_error(ResolveError::not_found);
#endif
  if (status == EAI_AGAIN) return resolve_error(ResolveError::try_again);
  if (status == EAI_MEMORY) return std::make_error_code(std::errc::not_enough_memory);
  if (status == EAI_FAMILY) return std::make_error_code(std::errc::address_family_not_supported);
  if (status == EAI_SYSTEM && number != 0) return code_of(number);
  return resolve_error(ResolveError::failed);
}

ONESOCK_INLINE std::error_code resolve(const std::string& host, Family family,
                                       std::vector<Address>& addresses) {
  if (!is_lookup_name(host)) return resolve_error(ResolveError::not_found);
  // No AI_ADDRCONFIG: a machine without a network could not resolve "localhost".
  addrinfo hints{};
  hints.ai_family = domain_of(family);
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) return lookup_error(status);
  std::vector<Address> taken = take_addresses(found);
  if (taken.empty()) return resolve_error(ResolveError::not_found);
  addresses = std::move(taken);
  return {};
}

#ifdef ONESOCK_NO_THREADS

ONESOCK_INLINE bool start_thread(void (*)(void*), void*) {
  return false;
}

#else

struct ThreadTask {
  void (*run)(void*);
  void* argument;
};

inline void* run_thread_task(void* given) {
  const std::unique_ptr<ThreadTask> task(static_cast<ThreadTask*>(given));
  task->run(task->argument);
  return nullptr;
}

ONESOCK_INLINE bool start_thread(void (*run)(void*), void* argument) {
  std::unique_ptr<ThreadTask> task(new (std::nothrow) ThreadTask{run, argument});
  pthread_attr_t attributes;
  if (!task || ::pthread_attr_init(&attributes) != 0) return false;
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Where that is too little the system's own size stays. NetBSD has no PTHREAD_STACK_MIN to ask.
  ::pthread_attr_setstacksize(&attributes, 256 * 1024);
  // Inherited by the new thread: signals are for the threads of the program.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = ::pthread_create(&thread, &attributes, run_thread_task, task.get()) == 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (started) static_cast<void>(task.release());
  return started;
}

inline void*& thread_place() {
  static thread_local void* value = nullptr;
  return value;
}

ONESOCK_INLINE void* thread_value() {
  return thread_place();
}

ONESOCK_INLINE void set_thread_value(void* value) {
  thread_place() = value;
}

#endif

}  // namespace detail::os
ONESOCK_END_NAMESPACE
