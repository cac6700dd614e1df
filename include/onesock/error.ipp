// onesock: the words of every error: one table, equal on every system; and the one `throw`.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "error.hpp"

#include "detail/never_destroyed.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

struct ErrorRow {
  std::errc code;
  const char* name;
  const char* text;
};

// Names and texts as Node prints them. EWOULDBLOCK and EOPNOTSUPP are numbers of their own on some
// systems; they take the names that Node has for them where they are not.
inline constexpr ErrorRow error_rows[] = {
    {std::errc::permission_denied, "EACCES", "permission denied"},
    {std::errc::address_in_use, "EADDRINUSE", "address already in use"},
    {std::errc::address_not_available, "EADDRNOTAVAIL", "address not available"},
    {std::errc::address_family_not_supported, "EAFNOSUPPORT", "address family not supported"},
    {std::errc::resource_unavailable_try_again, "EAGAIN", "resource temporarily unavailable"},
    {std::errc::operation_would_block, "EAGAIN", "resource temporarily unavailable"},
    {std::errc::connection_already_in_progress, "EALREADY", "connection already in progress"},
    {std::errc::bad_file_descriptor, "EBADF", "bad file descriptor"},
    {std::errc::device_or_resource_busy, "EBUSY", "resource busy or locked"},
    {std::errc::operation_canceled, "ECANCELED", "operation canceled"},
    {std::errc::connection_aborted, "ECONNABORTED", "software caused connection abort"},
    {std::errc::connection_refused, "ECONNREFUSED", "connection refused"},
    {std::errc::connection_reset, "ECONNRESET", "connection reset by peer"},
    {std::errc::destination_address_required, "EDESTADDRREQ", "destination address required"},
    {std::errc::file_exists, "EEXIST", "file already exists"},
    {std::errc::bad_address, "EFAULT", "bad address in system call argument"},
    {std::errc::host_unreachable, "EHOSTUNREACH", "host is unreachable"},
    {std::errc::operation_in_progress, "EINPROGRESS", "operation now in progress"},
    {std::errc::interrupted, "EINTR", "interrupted system call"},
    {std::errc::invalid_argument, "EINVAL", "invalid argument"},
    {std::errc::io_error, "EIO", "i/o error"},
    {std::errc::already_connected, "EISCONN", "socket is already connected"},
    {std::errc::is_a_directory, "EISDIR", "illegal operation on a directory"},
    {std::errc::too_many_symbolic_link_levels, "ELOOP", "too many symbolic links encountered"},
    {std::errc::too_many_files_open, "EMFILE", "too many open files"},
    {std::errc::message_size, "EMSGSIZE", "message too long"},
    {std::errc::filename_too_long, "ENAMETOOLONG", "name too long"},
    {std::errc::network_down, "ENETDOWN", "network is down"},
    {std::errc::network_reset, "ENETRESET", "network dropped the connection"},
    {std::errc::network_unreachable, "ENETUNREACH", "network is unreachable"},
    {std::errc::too_many_files_open_in_system, "ENFILE", "file table overflow"},
    {std::errc::no_buffer_space, "ENOBUFS", "no buffer space available"},
    {std::errc::no_such_device, "ENODEV", "no such device"},
    {std::errc::no_such_file_or_directory, "ENOENT", "no such file or directory"},
    {std::errc::not_enough_memory, "ENOMEM", "not enough memory"},
    {std::errc::no_protocol_option, "ENOPROTOOPT", "protocol not available"},
    {std::errc::no_space_on_device, "ENOSPC", "no space left on device"},
    {std::errc::function_not_supported, "ENOSYS", "function not implemented"},
    {std::errc::not_connected, "ENOTCONN", "socket is not connected"},
    {std::errc::not_a_directory, "ENOTDIR", "not a directory"},
    {std::errc::not_a_socket, "ENOTSOCK", "socket operation on non-socket"},
    {std::errc::not_supported, "ENOTSUP", "operation not supported on socket"},
    {std::errc::operation_not_supported, "ENOTSUP", "operation not supported on socket"},
    {std::errc::no_such_device_or_address, "ENXIO", "no such device or address"},
    {std::errc::value_too_large, "EOVERFLOW", "value too large for defined data type"},
    {std::errc::operation_not_permitted, "EPERM", "operation not permitted"},
    {std::errc::broken_pipe, "EPIPE", "broken pipe"},
    {std::errc::protocol_error, "EPROTO", "protocol error"},
    {std::errc::protocol_not_supported, "EPROTONOSUPPORT", "protocol not supported"},
    {std::errc::wrong_protocol_type, "EPROTOTYPE", "protocol wrong type for socket"},
    {std::errc::read_only_file_system, "EROFS", "read-only file system"},
    {std::errc::timed_out, "ETIMEDOUT", "connection timed out"},
};

struct ResolveRow {
  ResolveError code;
  const char* name;
  const char* text;
};

inline constexpr ResolveRow resolve_rows[] = {
    {ResolveError::not_found, "ENOTFOUND", "unknown node or service"},
    {ResolveError::try_again, "EAI_AGAIN", "temporary failure"},
    {ResolveError::failed, "EAI_FAIL", "permanent failure"},
};

inline constexpr const char* resolve_category_name = "onesock.resolve";

inline const ResolveRow* resolve_row(int value) noexcept {
  for (const ResolveRow& row : resolve_rows) {
    if (static_cast<int>(row.code) == value) return &row;
  }
  return nullptr;
}

class ResolveCategory : public std::error_category {
 public:
  const char* name() const noexcept override { return resolve_category_name; }

  std::string message(int value) const override {
    const ResolveRow* row = resolve_row(value);
    return row != nullptr ? row->text : "unknown error";
  }

  std::error_condition default_error_condition(int value) const noexcept override {
    if (value == static_cast<int>(ResolveError::not_found)) {
      return std::errc::no_such_device_or_address;
    }
    if (value == static_cast<int>(ResolveError::try_again)) {
      return std::errc::resource_unavailable_try_again;
    }
    return {value, *this};
  }
};

/// The category is told by its name: another DLL has a category object of its own.
inline const ResolveRow* find_resolve_row(std::error_code code) noexcept {
  if (std::string_view(code.category().name()) != resolve_category_name) return nullptr;
  return resolve_row(code.value());
}

inline const ErrorRow* find_error_row(std::error_code code) noexcept {
  for (const ErrorRow& row : error_rows) {
    if (code == row.code) return &row;
  }
  return nullptr;
}

ONESOCK_INLINE std::string_view error_name(std::error_code code) noexcept {
  if (const ResolveRow* row = find_resolve_row(code)) return row->name;
  if (const ErrorRow* row = find_error_row(code)) return row->name;
  return "";
}

ONESOCK_INLINE std::string error_text(std::error_code code) {
  if (const ResolveRow* row = find_resolve_row(code)) return row->text;
  if (const ErrorRow* row = find_error_row(code)) return row->text;
  return std::string("unknown error ") + code.category().name() + ':' +
         std::to_string(code.value());
}

/// The operations whose messages Node leaves without the text: "read ECONNRESET".
inline bool error_name_is_enough(std::string_view operation) {
  const auto brief = {"connect", "bind", "read", "write", "shutdown", "getaddrinfo"};
  return std::find(brief.begin(), brief.end(), operation) != brief.end();
}

/// what() would end at a NUL: the name of an abstract socket starts with one, a bad host may have
/// one. Shown as systems show it.
inline std::string show_nul(std::string_view text) {
  std::string shown(text);
  for (char& c : shown) {
    if (c == '\0') c = '@';
  }
  return shown;
}

/// " 127.0.0.1:80", " ::1:80" (no brackets, as Node), " x.invalid", " app.sock", or "".
inline std::string error_place(const Address& address) {
  if (address.empty()) return "";
  const bool has_port = address.port != 0 && address.family != Family::local;
  const std::string place = ' ' + show_nul(address.host);
  return has_port ? place + ':' + std::to_string(address.port) : place;
}

inline std::string error_message(std::string_view operation, std::error_code code,
                                 std::string_view name, const Address& address) {
  std::string message(operation);
  message.append(message.empty() ? "" : " ").append(name);
  if (error_name(code).empty() || !error_name_is_enough(operation)) {
    message.append(": ").append(error_text(code));
  }
  return message + error_place(address);
}

}  // namespace detail

ONESOCK_INLINE const std::error_category& resolve_category() noexcept {
  return detail::never_destroyed<detail::ResolveCategory>();
}

ONESOCK_INLINE std::error_code make_error_code(ResolveError error) noexcept {
  return {static_cast<int>(error), resolve_category()};
}

ONESOCK_INLINE Error::Error(std::string_view operation, std::error_code code,
                            const Address& address) {
  if (!code) return;
  const std::string_view known = detail::error_name(code);
  const std::string_view name = known.empty() ? "UNKNOWN" : known;
  data_ = std::make_shared<Data>(Data{code, std::string(name), std::string(operation), address,
                                      detail::error_message(operation, code, name, address)});
}

ONESOCK_INLINE Error::Error(std::string message) {
  data_ = std::make_shared<Data>(Data{std::make_error_code(std::errc::operation_canceled),
                                      "ECANCELED", "", Address(), std::move(message)});
}

ONESOCK_INLINE const Error::Data& Error::data() const noexcept {
  return data_ ? *data_ : detail::never_destroyed<Data>();
}

ONESOCK_INLINE std::error_code Error::code() const noexcept {
  return data().code;
}

ONESOCK_INLINE std::string_view Error::name() const noexcept {
  return data().name;
}

ONESOCK_INLINE std::string_view Error::operation() const noexcept {
  return data().operation;
}

ONESOCK_INLINE const Address& Error::address() const noexcept {
  return data().address;
}

ONESOCK_INLINE const std::string& Error::message() const noexcept {
  return data().message;
}

ONESOCK_INLINE bool operator==(const Error& left, const Error& right) {
  return left.name() == right.name() && left.message() == right.message();
}

ONESOCK_INLINE bool operator!=(const Error& left, const Error& right) {
  return !(left == right);
}

ONESOCK_INLINE std::ostream& operator<<(std::ostream& stream, const Error& error) {
  return stream << error.message();
}

ONESOCK_INLINE Failure::Failure(const Error& error)
    : std::system_error(error.code()), error_(error) {}

namespace detail {

ONESOCK_INLINE Error ErrorFactory::make(std::string_view operation, std::errc code,
                                        std::string_view name, std::string message,
                                        const Address& address) {
  Error error;
  error.data_ = std::make_shared<Error::Data>(Error::Data{std::make_error_code(code),
                                                          std::string(name), std::string(operation),
                                                          address, std::move(message)});
  return error;
}

ONESOCK_INLINE Error ErrorFactory::write_after_end() {
  return make("write", std::errc::broken_pipe, "ERR_STREAM_WRITE_AFTER_END", "write after end");
}

ONESOCK_INLINE Error ErrorFactory::stream_destroyed() {
  return make("write", std::errc::not_connected, "ERR_STREAM_DESTROYED", "write after destroy");
}

ONESOCK_INLINE Error ErrorFactory::socket_closed(std::string_view operation) {
  return make(operation, std::errc::not_connected, "ERR_SOCKET_CLOSED", "Socket is closed");
}

ONESOCK_INLINE Error ErrorFactory::closed_before_connection() {
  return make("write", std::errc::not_connected, "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
              "Socket closed before the connection was established");
}

ONESOCK_INLINE Error ErrorFactory::ended_by_peer() {
  return make("write", std::errc::broken_pipe, "EPIPE",
              "This socket has been ended by the other party");
}

ONESOCK_INLINE Error ErrorFactory::already_finished() {
  return make("end", std::errc::broken_pipe, "ERR_STREAM_ALREADY_FINISHED",
              "Cannot call end after a stream was finished");
}

ONESOCK_INLINE Error ErrorFactory::already_connected() {
  return make("connect", std::errc::already_connected, "EISCONN",
              "connect EISCONN: already connecting or connected");
}

ONESOCK_INLINE Error ErrorFactory::already_listening() {
  return make("listen", std::errc::invalid_argument, "ERR_SERVER_ALREADY_LISTEN",
              "listen: already listening");
}

ONESOCK_INLINE Error ErrorFactory::ip_blocked(const Address& address) {
  return make("connect", std::errc::operation_not_permitted, "ERR_IP_BLOCKED",
              "connect ERR_IP_BLOCKED" + error_place(address), address);
}

ONESOCK_INLINE Error ErrorFactory::not_running(std::string_view operation) {
  return make(operation, std::errc::not_connected, "ERR_SERVER_NOT_RUNNING",
              "Server is not running");
}

ONESOCK_INLINE Error ErrorFactory::bad_port(std::string_view operation, int port) {
  return make(operation, std::errc::invalid_argument, "ERR_SOCKET_BAD_PORT",
              std::string(operation) + ": bad port " + std::to_string(port));
}

ONESOCK_INLINE Error ErrorFactory::bad_argument(std::string_view operation, std::string_view field,
                                                std::string_view value) {
  std::string message(operation);
  message.append(" EINVAL: bad ").append(field).append(" \"").append(show_nul(value)).append("\"");
  return make(operation, std::errc::invalid_argument, "EINVAL", std::move(message));
}

ONESOCK_INLINE Error ErrorFactory::queue_full(std::size_t max_queued_bytes) {
  return make("write", std::errc::no_buffer_space, "ENOBUFS",
              "write ENOBUFS (max_queued_bytes " + std::to_string(max_queued_bytes) + ')');
}

ONESOCK_INLINE Error ErrorFactory::all_failed(const std::vector<Error>& failures) {
  Error::Data data = failures.front().data();
  for (std::size_t i = 1; i < failures.size(); ++i) {
    data.message += ',' + error_place(failures[i].address());
  }
  Error error;
  error.data_ = std::make_shared<Error::Data>(std::move(data));
  return error;
}

// Behind ONESOCK_FATAL too: a replacement may return, but raise() never does.
[[noreturn]] ONESOCK_INLINE void raise(const Error& error) {
#ifndef ONESOCK_NO_EXCEPTIONS
  throw Failure(error);
#else
#ifdef ONESOCK_FATAL
  ONESOCK_FATAL(error.message().c_str());
#else
  std::fputs((error.message() + '\n').c_str(), stderr);
#endif
  std::abort();
#endif
}

}  // namespace detail
ONESOCK_END_NAMESPACE
