// onesock: what went wrong: the operation, a portable code, the address; one wording everywhere.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "address.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
struct ErrorFactory;
}

/// Why a name did not resolve; the values of resolve_category().
enum class ResolveError { not_found = 1, try_again = 2, failed = 3 };

/// The category of names that do not resolve: ENOTFOUND, EAI_AGAIN, EAI_FAIL.
///
/// For comparisons with std::errc, which work across shared libraries too: `not_found` is
/// no_such_device_or_address, `try_again` is resource_unavailable_try_again, `failed` is none.
const std::error_category& resolve_category() noexcept;
/// A code of resolve_category(); lets a ResolveError stand where a std::error_code is asked for.
std::error_code make_error_code(ResolveError error) noexcept;

/// An error as a value: false when there is none, cheap to copy, safe to keep.
///
/// Compare by name() or with a `std::errc`, never by number: numbers differ by system and CPU.
/// Mirrors Node's system errors (`code`, `syscall`, `message`).
class Error {
 public:
  /// No error.
  Error() = default;
  /// A failed operation ("connect", "listen", "read" ...) and the address it was about, if any; its
  /// port is told unless it is 0. A false code gives no error.
  Error(std::string_view operation, std::error_code code, const Address& address = {});
  /// One of your own, for Socket::destroy(error): any message; the code is
  /// std::errc::operation_canceled.
  explicit Error(std::string message);

  /// True if there is an error.
  explicit operator bool() const noexcept { return data_ != nullptr; }
  /// Comparable to std::errc on every system; a false code when there is no error.
  std::error_code code() const noexcept;
  /// "ECONNREFUSED" on every system; "UNKNOWN" for a code that std::errc has no word for; "" when
  /// there is no error.
  std::string_view name() const noexcept;
  /// "connect", "listen", "read" ...; "" when there is none.
  std::string_view operation() const noexcept;
  /// What it was about; the first one tried if there were several. Empty when there is none.
  const Address& address() const noexcept;
  /// Node's wording, from our own table: "connect ECONNREFUSED 127.0.0.1:6666",
  /// "listen EADDRINUSE: address already in use 127.0.0.1:6666"; "" when there is no error.
  const std::string& message() const noexcept;

 private:
  friend struct detail::ErrorFactory;
  struct Data {
    std::error_code code;
    std::string name;
    std::string operation;
    Address address;
    std::string message;
  };
  const Data& data() const noexcept;
  std::shared_ptr<const Data> data_;
};

/// Two errors are equal if their names and messages are.
bool operator==(const Error& left, const Error& right);
bool operator!=(const Error& left, const Error& right);
/// Streams message().
std::ostream& operator<<(std::ostream& stream, const Error& error);

/// What leaves run() when a set-up error has no listener: what() is exactly the Error's message.
///
/// Never thrown where exceptions are off; see ONESOCK_FATAL in config.hpp.
class Failure : public std::system_error {
 public:
  explicit Failure(const Error& error);
  /// What went wrong.
  const Error& error() const noexcept { return error_; }
  /// Its message.
  const char* what() const noexcept override { return error_.message().c_str(); }

 private:
  Error error_;
};

namespace detail {

/// Makes the errors that are onesock's own; each with Node's name and wording.
struct ErrorFactory {
  static Error write_after_end();                          ///< ERR_STREAM_WRITE_AFTER_END
  static Error stream_destroyed();                         ///< ERR_STREAM_DESTROYED
  static Error socket_closed(std::string_view operation);  ///< ERR_SOCKET_CLOSED
  static Error closed_before_connection();                 ///< ERR_SOCKET_CLOSED_BEFORE_CONNECTION
  static Error ended_by_peer();                            ///< EPIPE
  static Error already_finished();                         ///< ERR_STREAM_ALREADY_FINISHED
  static Error already_connected();  ///< connect() on a socket that is connecting or open
  static Error already_listening();  ///< ERR_SERVER_ALREADY_LISTEN
  static Error ip_blocked(const Address& address);       ///< ERR_IP_BLOCKED
  static Error not_running(std::string_view operation);  ///< ERR_SERVER_NOT_RUNNING
  /// ERR_SOCKET_BAD_PORT: "connect: bad port 65536".
  static Error bad_port(std::string_view operation, int port);
  /// EINVAL for any other argument: "listen EINVAL: bad host "a b"" names operation, field, value.
  static Error bad_argument(std::string_view operation, std::string_view field,
                            std::string_view value);
  /// ENOBUFS: "write ENOBUFS (max_queued_bytes 1048576)".
  static Error queue_full(std::size_t max_queued_bytes);
  /// All addresses failed: name and code of the first failure, a message that names every address.
  /// `failures` has at least one.
  static Error all_failed(const std::vector<Error>& failures);

 private:
  static Error make(std::string_view operation, std::errc code, std::string_view name,
                    std::string message, const Address& address = {});
};

/// "ECONNREFUSED" for std::errc::connection_refused; "" if the code has no name of ours.
std::string_view error_name(std::error_code code) noexcept;
/// "connection refused": our own text, equal on every system; a code without a name is told by its
/// category and number, "unknown error system:12345".
std::string error_text(std::error_code code);

/// The one place that throws: Failure, or ONESOCK_FATAL in a build without exceptions.
[[noreturn]] void raise(const Error& error);

}  // namespace detail

ONESOCK_END_NAMESPACE

namespace std {
template <>
struct is_error_code_enum<::onesock::ResolveError> : true_type {};
}  // namespace std
