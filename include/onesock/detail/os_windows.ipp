// onesock: the contract of os.hpp kept on Windows; os_posix.ipp is its twin.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>
#if __has_include(<afunix.h>)
#include <afunix.h>
#else
struct sockaddr_un {
  ADDRESS_FAMILY sun_family;
  char sun_path[108];
};
#endif
#ifndef ONESOCK_NO_THREADS
#include <process.h>
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

// Windows refuses blocks of some megabytes (WSAENOBUFS), or swallows them whole.
inline constexpr std::size_t transfer_limit = 64 * 1024;

inline constexpr bool has_abstract_names = false;

// WSA_FLAG_NO_HANDLE_INHERIT, which old headers lack; Windows before 7 SP1 refuses it.
inline constexpr DWORD no_handle_inherit = 0x80;

inline SOCKET native(Handle handle) {
  return static_cast<SOCKET>(handle);
}

inline Handle to_handle(SOCKET descriptor) {
  return static_cast<Handle>(descriptor);
}

/// The system's number in the words of std::errc.
inline std::error_code code_of(int number) {
  // Not left to std::system_category(): libstdc++ knows none of these.
  switch (number) {
    case WSA_INVALID_HANDLE:
      return std::make_error_code(std::errc::bad_file_descriptor);
    case WSA_NOT_ENOUGH_MEMORY:
      return std::make_error_code(std::errc::not_enough_memory);
    case WSAEACCES:
      return std::make_error_code(std::errc::permission_denied);
    case WSAEADDRINUSE:
      return std::make_error_code(std::errc::address_in_use);
    case WSAEADDRNOTAVAIL:
      return std::make_error_code(std::errc::address_not_available);
    case WSAEAFNOSUPPORT:
      return std::make_error_code(std::errc::address_family_not_supported);
    case WSAEALREADY:
      return std::make_error_code(std::errc::connection_already_in_progress);
    case WSAEBADF:
      return std::make_error_code(std::errc::bad_file_descriptor);
    case WSAECONNABORTED:
      return std::make_error_code(std::errc::connection_aborted);
    case WSAECONNREFUSED:
      return std::make_error_code(std::errc::connection_refused);
    case WSAECONNRESET:
      return std::make_error_code(std::errc::connection_reset);
    case WSAEDESTADDRREQ:
      return std::make_error_code(std::errc::destination_address_required);
    case WSAEFAULT:
      return std::make_error_code(std::errc::bad_address);
    case WSAEHOSTDOWN:
      return std::make_error_code(std::errc::host_unreachable);
    case WSAEHOSTUNREACH:
      return std::make_error_code(std::errc::host_unreachable);
    case WSAEINPROGRESS:
      return std::make_error_code(std::errc::operation_in_progress);
    case WSAEINTR:
      return std::make_error_code(std::errc::interrupted);
    case WSAEINVAL:
      return std::make_error_code(std::errc::invalid_argument);
    case WSAEISCONN:
      return std::make_error_code(std::errc::already_connected);
    case WSAELOOP:
      return std::make_error_code(std::errc::too_many_symbolic_link_levels);
    case WSAEMFILE:
      return std::make_error_code(std::errc::too_many_files_open);
    case WSAEMSGSIZE:
      return std::make_error_code(std::errc::message_size);
    case WSAENAMETOOLONG:
      return std::make_error_code(std::errc::filename_too_long);
    case WSAENETDOWN:
      return std::make_error_code(std::errc::network_down);
    case WSAENETRESET:
      return std::make_error_code(std::errc::network_reset);
    case WSAENETUNREACH:
      return std::make_error_code(std::errc::network_unreachable);
    case WSAENOBUFS:
      return std::make_error_code(std::errc::no_buffer_space);
    case WSAENOPROTOOPT:
      return std::make_error_code(std::errc::no_protocol_option);
    case WSAENOTCONN:
      return std::make_error_code(std::errc::not_connected);
    case WSAENOTEMPTY:
      return std::make_error_code(std::errc::directory_not_empty);
    case WSAENOTSOCK:
      return std::make_error_code(std::errc::not_a_socket);
    case WSAEOPNOTSUPP:
      return std::make_error_code(std::errc::operation_not_supported);
    case WSAEPROTONOSUPPORT:
      return std::make_error_code(std::errc::protocol_not_supported);
    case WSAEPROTOTYPE:
      return std::make_error_code(std::errc::wrong_protocol_type);
    case WSAESHUTDOWN:
      return std::make_error_code(std::errc::broken_pipe);
    case WSAETIMEDOUT:
      return std::make_error_code(std::errc::timed_out);
    case WSAEWOULDBLOCK:
      return std::make_error_code(std::errc::operation_would_block);
    default:
      return std::error_code(number, std::system_category());
  }
}

inline std::error_code last_error() {
  return code_of(::WSAGetLastError());
}

/// What a call that returns 0 on success has to say.
inline std::error_code result_of(int returned) {
  return returned == 0 ? std::error_code() : last_error();
}

/// Closes what was half made, and keeps the last error.
inline void give_up(SOCKET descriptor) {
  const int number = ::WSAGetLastError();
  ::closesocket(descriptor);
  ::WSASetLastError(number);
}

inline std::error_code set_option(Handle socket, int level, int name, int value) {
  return result_of(::setsockopt(native(socket), level, name, reinterpret_cast<const char*>(&value),
                                sizeof(value)));
}

/// Starts the sockets of this process, once. Never ended: some may live to the very last moment,
/// and Windows counts the starts.
inline std::error_code start_sockets() {
  static const int failure = [] {
    WSADATA unused{};
    return ::WSAStartup(MAKEWORD(2, 2), &unused);
  }();
  return failure == 0 ? std::error_code() : code_of(failure);
}

/// Not inherited, and non-blocking.
inline bool make_private(SOCKET descriptor) {
  // Fails where a layered provider gives no true handle: then nothing inherits it either.
  ::SetHandleInformation(reinterpret_cast<HANDLE>(descriptor), HANDLE_FLAG_INHERIT, 0);
  u_long on = 1;
  return ::ioctlsocket(descriptor, static_cast<long>(FIONBIO), &on) == 0;
}

/// INVALID_SOCKET and the last error on failure.
inline SOCKET open_private(int domain, int type) {
  SOCKET opened =
      ::WSASocketW(domain, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED | no_handle_inherit);
  if (opened == INVALID_SOCKET && ::WSAGetLastError() == WSAEINVAL)
    opened = ::WSASocketW(domain, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
  if (opened == INVALID_SOCKET || make_private(opened)) return opened;
  give_up(opened);
  return INVALID_SOCKET;
}

/// INVALID_SOCKET and the last error on failure.
inline SOCKET accept_private(SOCKET listener, sockaddr* peer, socklen_t* size) {
  const SOCKET plain = ::accept(listener, peer, size);
  if (plain == INVALID_SOCKET || make_private(plain)) return plain;
  ::closesocket(plain);
  ::WSASetLastError(WSAECONNABORTED);
  return INVALID_SOCKET;
}

/// A datagram socket on loopback that hears nobody but itself. False and the last error on failure.
inline bool connect_to_itself(SOCKET descriptor) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  to_sockaddr(Address{"127.0.0.1", 0, Family::ipv4}, storage, size);
  sockaddr* const self = reinterpret_cast<sockaddr*>(&storage);
  return !set_exclusive(to_handle(descriptor), true) && ::bind(descriptor, self, size) == 0 &&
         ::getsockname(descriptor, self, &size) == 0 && ::connect(descriptor, self, size) == 0;
}

/// Whether accept only passes on what became of one connection.
inline bool is_about_one_connection(int number) {
  switch (number) {
    case WSAEINTR:
    case WSAECONNABORTED:
    case WSAECONNRESET:
    case WSAEHOSTUNREACH:
    case WSAENETDOWN:
    case WSAENETUNREACH:
    case WSAENOTCONN:  // Wine
    case WSAETIMEDOUT:
      return true;
    default:
      return false;
  }
}

/// What happened to a connection that was open.
inline std::error_code transfer_error() {
  const int number = ::WSAGetLastError();
  if (number == WSAECONNABORTED) return std::make_error_code(std::errc::connection_reset);
  return code_of(number);
}

/// After a connect that seems to be done. A select() that was wrong leaves it in progress; and a
/// connect to a port of this machine where nobody listens can meet itself: that is refused.
inline std::error_code verify_connected(Handle socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  if (::getpeername(native(socket), reinterpret_cast<sockaddr*>(&peer), &size) != 0)
    return ::WSAGetLastError() == WSAENOTCONN
               ? std::make_error_code(std::errc::operation_in_progress)
               : std::error_code();
  const Address address = from_sockaddr(peer, size);
  const bool met_itself = address.port != 0 && address == local_address(socket);
  return met_itself ? std::make_error_code(std::errc::connection_refused) : std::error_code();
}

/// Windows writes zones as numbers; the names of interfaces would need one more library.
inline std::uint32_t named_zone(const std::string&) {
  return 0;
}

/// "" if it has no name.
inline std::string zone_name(std::uint32_t) {
  return {};
}

ONESOCK_INLINE std::error_code open_stream(Family family, Handle& opened) {
  const int domain = domain_of(family);
  if (domain == AF_UNSPEC) return std::make_error_code(std::errc::invalid_argument);
  const std::error_code error = start_sockets();
  if (error) return error;
  const SOCKET descriptor = open_private(domain, SOCK_STREAM);
  if (descriptor == INVALID_SOCKET) return last_error();
  opened = to_handle(descriptor);
  return {};
}

ONESOCK_INLINE std::error_code set_exclusive(Handle socket, bool exclusive) {
  // SO_REUSEADDR on Windows would steal the port, and there is no way to share one.
  if (!exclusive) return std::make_error_code(std::errc::not_supported);
  return set_option(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
}

ONESOCK_INLINE std::error_code set_ipv6_only(Handle socket, bool ipv6_only) {
  return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
}

ONESOCK_INLINE std::error_code bind(Handle socket, const Address& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const std::error_code error = to_sockaddr(address, storage, size);
  if (error) return error;
  if (::bind(native(socket), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return {};
  const int number = ::WSAGetLastError();
  // How Windows says that another holds the port exclusively.
  if (number == WSAEACCES && address.family != Family::local)
    return std::make_error_code(std::errc::address_in_use);
  return code_of(number);
}

ONESOCK_INLINE std::error_code listen(Handle socket, int backlog) {
  return result_of(::listen(native(socket), backlog));
}

ONESOCK_INLINE std::error_code adopt_listener(Handle listener) {
  int listens = 0;  // Windows may write one byte of it only.
  socklen_t size = sizeof(listens);
  const std::error_code error = start_sockets();
  if (error) return error;
  if (::getsockopt(native(listener), SOL_SOCKET, SO_ACCEPTCONN, reinterpret_cast<char*>(&listens),
                   &size) != 0)
    return last_error();
  if (listens == 0) return std::make_error_code(std::errc::invalid_argument);
  return make_private(native(listener)) ? std::error_code() : last_error();
}

ONESOCK_INLINE std::error_code accept(Handle listener, Handle& accepted, Address& peer) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  const SOCKET descriptor =
      accept_private(native(listener), reinterpret_cast<sockaddr*>(&storage), &size);
  if (descriptor == INVALID_SOCKET) {
    const int number = ::WSAGetLastError();
    if (is_about_one_connection(number)) return std::make_error_code(std::errc::connection_aborted);
    return code_of(number);
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
  const int number = ::WSAGetLastError();
  // What Windows says instead of WSAEINPROGRESS.
  if (number == WSAEWOULDBLOCK) return std::make_error_code(std::errc::operation_in_progress);
  return code_of(number);
}

ONESOCK_INLINE std::error_code connect_result(Handle socket) {
  int number = 0;
  socklen_t size = sizeof(number);
  if (::getsockopt(native(socket), SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&number), &size) !=
      0)
    return last_error();
  return number == 0 ? verify_connected(socket) : code_of(number);
}

ONESOCK_INLINE std::error_code receive(Handle socket, void* buffer, std::size_t size,
                                       std::size_t& received) {
  const int wanted = static_cast<int>((std::min)(size, transfer_limit));
  const int count = ::recv(native(socket), static_cast<char*>(buffer), wanted, 0);
  if (count < 0) return transfer_error();
  received = static_cast<std::size_t>(count);
  return {};
}

ONESOCK_INLINE std::error_code peek(Handle socket, std::size_t& waiting) {
  char mark = 0;
  const int count = ::recv(native(socket), &mark, 1, MSG_PEEK);
  if (count < 0) return transfer_error();
  waiting = static_cast<std::size_t>(count);
  return {};
}

ONESOCK_INLINE std::error_code send(Handle socket, const void* data, std::size_t size,
                                    std::size_t& sent) {
  const int offered = static_cast<int>((std::min)(size, transfer_limit));
  const int count = ::send(native(socket), static_cast<const char*>(data), offered, 0);
  if (count < 0) return transfer_error();
  if (count == 0) return std::make_error_code(std::errc::operation_would_block);
  sent = static_cast<std::size_t>(count);
  return {};
}

ONESOCK_INLINE std::error_code shutdown_send(Handle socket) {
  return result_of(::shutdown(native(socket), SD_SEND));
}

ONESOCK_INLINE void close(Handle handle) {
  if (handle != Handle::invalid) ::closesocket(native(handle));
}

ONESOCK_INLINE void close_with_reset(Handle socket) {
  linger now{};
  now.l_onoff = 1;
  ::setsockopt(native(socket), SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&now),
               sizeof(now));
  close(socket);
}

ONESOCK_INLINE void set_no_delay(Handle socket, bool no_delay) {
  static_cast<void>(set_option(socket, IPPROTO_TCP, TCP_NODELAY, no_delay ? 1 : 0));
}

ONESOCK_INLINE void set_keep_alive(Handle socket, bool keep_alive, std::chrono::milliseconds idle) {
  static_cast<void>(set_option(socket, SOL_SOCKET, SO_KEEPALIVE, keep_alive ? 1 : 0));
  if (!keep_alive || idle.count() <= 0) return;
  // TCP_KEEPIDLE is there since Windows 10 1709 only. A second between probes is Windows' own way.
  const std::chrono::milliseconds longest(32767 * 1000);
  tcp_keepalive probes{};
  probes.onoff = 1;
  probes.keepalivetime = static_cast<u_long>((std::min)(idle, longest).count());
  probes.keepaliveinterval = 1000;
  DWORD unused = 0;
  ::WSAIoctl(native(socket), SIO_KEEPALIVE_VALS, &probes, sizeof(probes), nullptr, 0, &unused,
             nullptr, nullptr);
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
  // A path longer than a socket's cannot be one's.
  WCHAR wide[sizeof(sockaddr_un::sun_path)] = {};
  constexpr int room = static_cast<int>(sizeof(sockaddr_un::sun_path));
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (path.find('\0') != std::string::npos) return;
  if (::MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide, room) > 0) ::DeleteFileW(wide);
}

ONESOCK_INLINE Handle open_spare() {
  // Windows has no table of descriptors that runs full.
  return Handle::invalid;
}

ONESOCK_INLINE std::error_code open_waker(Waker& waker) {
  // select() takes no pipes: one UDP socket that is connected to itself, so that no stranger's
  // datagram reaches it and nobody else gets its port.
  const std::error_code error = start_sockets();
  if (error) return error;
  const SOCKET descriptor = open_private(AF_INET, SOCK_DGRAM);
  if (descriptor == INVALID_SOCKET) return last_error();
  if (!connect_to_itself(descriptor)) {
    give_up(descriptor);
    return last_error();
  }
  waker.reader = to_handle(descriptor);
  waker.writer = waker.reader;
  return {};
}

ONESOCK_INLINE void wake(const Waker& waker) {
  const int before = ::WSAGetLastError();
  const char mark = 0;
  // A full socket is awake already.
  ::send(native(waker.writer), &mark, 1, 0);
  ::WSASetLastError(before);
}

ONESOCK_INLINE void drain(const Waker& waker) {
  char bytes[256];
  while (::recv(native(waker.reader), bytes, sizeof(bytes), 0) >= 0) {
  }
}

ONESOCK_INLINE void close_waker(Waker& waker) {
  close(waker.writer);
  if (waker.reader != waker.writer) close(waker.reader);
  waker = Waker();
}

/// What getaddrinfo() said; on Windows these are numbers of Winsock.
inline std::error_code lookup_error(int status) {
  if (status == WSAHOST_NOT_FOUND) return resolve_error(ResolveError::not_found);
  if (status == WSANO_DATA) return resolve_error(ResolveError::not_found);
  if (status == WSATRY_AGAIN) return resolve_error(ResolveError::try_again);
  if (status == WSANO_RECOVERY) return resolve_error(ResolveError::failed);
  const std::error_code code = code_of(status);
  return code.category() == std::generic_category() ? code : resolve_error(ResolveError::failed);
}

ONESOCK_INLINE std::error_code resolve(const std::string& host, Family family,
                                       std::vector<Address>& addresses) {
  if (!is_lookup_name(host)) return resolve_error(ResolveError::not_found);
  const std::error_code error = start_sockets();
  if (error) return error;
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

inline unsigned __stdcall run_thread_task(void* given) {
  const std::unique_ptr<ThreadTask> task(static_cast<ThreadTask*>(given));
  task->run(task->argument);
  return 0;
}

ONESOCK_INLINE bool start_thread(void (*run)(void*), void* argument) {
  std::unique_ptr<ThreadTask> task(new (std::nothrow) ThreadTask{run, argument});
  if (!task) return false;
  constexpr unsigned stack_size = 256 * 1024;
  const std::uintptr_t thread = ::_beginthreadex(nullptr, stack_size, run_thread_task, task.get(),
                                                 STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread == 0) return false;
  static_cast<void>(task.release());
  ::CloseHandle(reinterpret_cast<HANDLE>(thread));
  return true;
}

/// Not a thread_local: MinGW's GCC gives its memory back before it runs the destructors. Never
/// freed, as those run last of all.
inline DWORD thread_place() {
  static const DWORD place = ::TlsAlloc();
  return place;
}

ONESOCK_INLINE void* thread_value() {
  return ::TlsGetValue(thread_place());
}

ONESOCK_INLINE void set_thread_value(void* value) {
  ::TlsSetValue(thread_place(), value);
}

#endif

}  // namespace detail::os
ONESOCK_END_NAMESPACE
