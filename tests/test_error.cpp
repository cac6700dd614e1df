// onesock: errors: their names, their words, and that they are cheap and safe values.
// SPDX-License-Identifier: MIT

#include <sstream>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "onesock.hpp"

using onesock::Address;
using onesock::Error;
using onesock::Failure;
using onesock::Family;
using onesock::ResolveError;
using Factory = onesock::detail::ErrorFactory;

namespace {

const Address local4 = Address::from_ip("127.0.0.1", 6666);
const Address local6 = Address::from_ip("::1", 80);

std::error_code code_of(std::errc error) {
  return std::make_error_code(error);
}

struct Word {
  std::errc code;
  const char* name;
  const char* text;
};

// As Node v20's util.getSystemErrorMap() has them; EINPROGRESS and ENETRESET it does not know.
const Word words[] = {
    {std::errc::permission_denied, "EACCES", "permission denied"},
    {std::errc::address_in_use, "EADDRINUSE", "address already in use"},
    {std::errc::address_not_available, "EADDRNOTAVAIL", "address not available"},
    {std::errc::address_family_not_supported, "EAFNOSUPPORT", "address family not supported"},
    {std::errc::resource_unavailable_try_again, "EAGAIN", "resource temporarily unavailable"},
    {std::errc::connection_already_in_progress, "EALREADY", "connection already in progress"},
    {std::errc::bad_file_descriptor, "EBADF", "bad file descriptor"},
    {std::errc::operation_canceled, "ECANCELED", "operation canceled"},
    {std::errc::connection_aborted, "ECONNABORTED", "software caused connection abort"},
    {std::errc::connection_refused, "ECONNREFUSED", "connection refused"},
    {std::errc::connection_reset, "ECONNRESET", "connection reset by peer"},
    {std::errc::destination_address_required, "EDESTADDRREQ", "destination address required"},
    {std::errc::file_exists, "EEXIST", "file already exists"},
    {std::errc::bad_address, "EFAULT", "bad address in system call argument"},
    {std::errc::host_unreachable, "EHOSTUNREACH", "host is unreachable"},
    {std::errc::interrupted, "EINTR", "interrupted system call"},
    {std::errc::invalid_argument, "EINVAL", "invalid argument"},
    {std::errc::io_error, "EIO", "i/o error"},
    {std::errc::already_connected, "EISCONN", "socket is already connected"},
    {std::errc::too_many_symbolic_link_levels, "ELOOP", "too many symbolic links encountered"},
    {std::errc::too_many_files_open, "EMFILE", "too many open files"},
    {std::errc::message_size, "EMSGSIZE", "message too long"},
    {std::errc::filename_too_long, "ENAMETOOLONG", "name too long"},
    {std::errc::network_down, "ENETDOWN", "network is down"},
    {std::errc::network_unreachable, "ENETUNREACH", "network is unreachable"},
    {std::errc::too_many_files_open_in_system, "ENFILE", "file table overflow"},
    {std::errc::no_buffer_space, "ENOBUFS", "no buffer space available"},
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
    {std::errc::operation_not_permitted, "EPERM", "operation not permitted"},
    {std::errc::broken_pipe, "EPIPE", "broken pipe"},
    {std::errc::protocol_error, "EPROTO", "protocol error"},
    {std::errc::protocol_not_supported, "EPROTONOSUPPORT", "protocol not supported"},
    {std::errc::wrong_protocol_type, "EPROTOTYPE", "protocol wrong type for socket"},
    {std::errc::read_only_file_system, "EROFS", "read-only file system"},
    {std::errc::timed_out, "ETIMEDOUT", "connection timed out"},
    {std::errc::device_or_resource_busy, "EBUSY", "resource busy or locked"},
    {std::errc::is_a_directory, "EISDIR", "illegal operation on a directory"},
    {std::errc::no_such_device, "ENODEV", "no such device"},
    {std::errc::no_such_device_or_address, "ENXIO", "no such device or address"},
    {std::errc::value_too_large, "EOVERFLOW", "value too large for defined data type"},
    {std::errc::operation_in_progress, "EINPROGRESS", "operation now in progress"},
    {std::errc::network_reset, "ENETRESET", "network dropped the connection"},
};

/// A category of somebody else's whose one code means "connection refused", as another DLL's or a
/// wrapped library's may.
class ForeignCategory : public std::error_category {
 public:
  const char* name() const noexcept override { return "foreign"; }
  std::string message(int) const override { return "words of its own"; }
  std::error_condition default_error_condition(int value) const noexcept override {
    if (value == 7) return std::errc::connection_refused;
    return {value, *this};
  }
};

/// What another DLL's copy of resolve_category() looks like from here.
class OtherResolveCategory : public std::error_category {
 public:
  const char* name() const noexcept override { return onesock::resolve_category().name(); }
  std::string message(int) const override { return ""; }
};

}  // namespace

TEST_CASE("names and texts are Node's, whatever the numbers of the system", "[error]") {
  for (const Word& word : words) {
    CAPTURE(word.name);
    const Error connect("connect", code_of(word.code), local4);
    CHECK(connect.name() == word.name);
    CHECK(connect.code() == word.code);
    CHECK(connect.message() == std::string("connect ") + word.name + " 127.0.0.1:6666");
    const Error listen("listen", code_of(word.code), local4);
    CHECK(listen.message() ==
          std::string("listen ") + word.name + ": " + word.text + " 127.0.0.1:6666");
  }
}

TEST_CASE("every number of the system is told by its name or by itself", "[error]") {
  for (int number = 1; number < 200; ++number) {
    const std::error_code code(number, std::generic_category());
    const std::string name(onesock::detail::error_name(code));
    const std::string told = "unknown error generic:" + std::to_string(number);
    CAPTURE(number, name);
    CHECK(name.empty() == (onesock::detail::error_text(code) == told));
    CHECK(Error("read", code).name() == (name.empty() ? "UNKNOWN" : name));
  }
}

TEST_CASE("would-block has one name, also where it has a number of its own", "[error]") {
  CHECK(Error("read", code_of(std::errc::operation_would_block)).name() == "EAGAIN");
}

TEST_CASE("the message has Node's shape", "[error]") {
  const auto refused = code_of(std::errc::connection_refused);
  const auto taken = code_of(std::errc::address_in_use);
  const auto absent = code_of(std::errc::address_not_available);
  CHECK(Error("connect", refused, local6).message() == "connect ECONNREFUSED ::1:80");
  CHECK(Error("connect", refused, Address::from_ip("127.0.0.1", 0)).message() ==
        "connect ECONNREFUSED 127.0.0.1");
  CHECK(Error("connect", refused, {"./app.sock", 0, Family::local}).message() ==
        "connect ECONNREFUSED ./app.sock");
  CHECK(Error("read", code_of(std::errc::connection_reset)).message() == "read ECONNRESET");
  CHECK(Error("write", code_of(std::errc::broken_pipe)).message() == "write EPIPE");
  CHECK(Error("shutdown", code_of(std::errc::not_connected)).message() == "shutdown ENOTCONN");
  CHECK(Error("bind", absent, Address::from_ip("203.0.113.9", 0)).message() ==
        "bind EADDRNOTAVAIL 203.0.113.9");
  CHECK(Error("getaddrinfo", ResolveError::not_found, {"x.invalid", 0, Family::any}).message() ==
        "getaddrinfo ENOTFOUND x.invalid");
  CHECK(Error("listen", taken, local4).message() ==
        "listen EADDRINUSE: address already in use 127.0.0.1:6666");
  CHECK(Error("listen", taken, {"./app.sock", 0, Family::local}).message() ==
        "listen EADDRINUSE: address already in use ./app.sock");
  CHECK(Error("listen", absent, Address::from_ip("203.0.113.1", 0)).message() ==
        "listen EADDRNOTAVAIL: address not available 203.0.113.1");
  CHECK(Error("accept", code_of(std::errc::too_many_files_open)).message() ==
        "accept EMFILE: too many open files");
}

TEST_CASE("a NUL in an address never cuts what()", "[error]") {
  const Address abstract{std::string("\0app", 4), 0, Family::local};
  const Error error("connect", code_of(std::errc::connection_refused), abstract);
  CHECK(error.message() == "connect ECONNREFUSED @app");
  CHECK(error.address() == abstract);
  CHECK(Factory::bad_argument("connect", "host", std::string("a\0b", 3)).message() ==
        "connect EINVAL: bad host \"a@b\"");
}

TEST_CASE("an error knows its operation, code and address", "[error]") {
  const Error error("connect", code_of(std::errc::timed_out), local4);
  CHECK(error);
  CHECK(error.operation() == "connect");
  CHECK(error.address() == local4);
  CHECK(error.code() == std::errc::timed_out);
  CHECK(error.code() != std::errc::connection_refused);
  std::ostringstream stream;
  stream << error;
  CHECK(stream.str() == "connect ETIMEDOUT 127.0.0.1:6666");
}

TEST_CASE("no error is false and says nothing", "[error]") {
  for (const Error& error : {Error(), Error("connect", std::error_code(), local4)}) {
    CHECK_FALSE(error);
    CHECK_FALSE(error.code());
    CHECK(error.name().empty());
    CHECK(error.operation().empty());
    CHECK(error.message().empty());
    CHECK(error.address().empty());
    CHECK(error == Error());
  }
}

TEST_CASE("an error of one's own keeps its words", "[error]") {
  const Error error(std::string("enough for today"));
  CHECK(error);
  CHECK(error.message() == "enough for today");
  CHECK(error.code() == std::errc::operation_canceled);
  CHECK(error.name() == "ECANCELED");
  CHECK(error.operation().empty());
  CHECK(error.address().empty());
}

TEST_CASE("a code that nobody knows is told by category and number", "[error]") {
  const ForeignCategory foreign;
  const Error error("read", {12345, foreign});
  CHECK(error.name() == "UNKNOWN");
  CHECK(error.message() == "read UNKNOWN: unknown error foreign:12345");
  CHECK(onesock::detail::error_name({12345, foreign}).empty());
  const Error listen("listen", {12345, foreign}, local4);
  CHECK(listen.message() == "listen UNKNOWN: unknown error foreign:12345 127.0.0.1:6666");
}

TEST_CASE("another category is understood by what its codes mean", "[error]") {
  const ForeignCategory foreign;
  const Error error("connect", {7, foreign}, local4);
  CHECK(error.message() == "connect ECONNREFUSED 127.0.0.1:6666");
  CHECK(error.code() == std::errc::connection_refused);
}

TEST_CASE("names that do not resolve have a category of their own", "[error]") {
  const struct {
    ResolveError code;
    const char* name;
    const char* text;
  } rows[] = {{ResolveError::not_found, "ENOTFOUND", "unknown node or service"},
              {ResolveError::try_again, "EAI_AGAIN", "temporary failure"},
              {ResolveError::failed, "EAI_FAIL", "permanent failure"}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const Error error("getaddrinfo", row.code);
    CHECK(error.name() == row.name);
    CHECK(error.message() == std::string("getaddrinfo ") + row.name);
    CHECK(error.code() == row.code);
    CHECK(error.code().category() == onesock::resolve_category());
    CHECK(error.code().message() == row.text);
    CHECK(Error("look up", row.code).message() ==
          std::string("look up ") + row.name + ": " + row.text);
  }
  CHECK(std::error_code(ResolveError::not_found) == std::errc::no_such_device_or_address);
  CHECK(std::error_code(ResolveError::try_again) == std::errc::resource_unavailable_try_again);
  CHECK(std::error_code(99, onesock::resolve_category()).message() == "unknown error");
  CHECK(Error("getaddrinfo", {99, onesock::resolve_category()}).name() == "UNKNOWN");
}

TEST_CASE("the resolve category of another library has the same names", "[error]") {
  const OtherResolveCategory other;
  CHECK(other != onesock::resolve_category());
  CHECK(Error("getaddrinfo", {1, other}).name() == "ENOTFOUND");
}

TEST_CASE("onesock's own errors have Node's names and words", "[error]") {
  const struct {
    Error error;
    const char* name;
    std::errc code;
    const char* operation;
    const char* message;
  } rows[] = {
      {Factory::write_after_end(), "ERR_STREAM_WRITE_AFTER_END", std::errc::broken_pipe, "write",
       "write after end"},
      {Factory::stream_destroyed(), "ERR_STREAM_DESTROYED", std::errc::not_connected, "write",
       "write after destroy"},
      {Factory::socket_closed("write"), "ERR_SOCKET_CLOSED", std::errc::not_connected, "write",
       "Socket is closed"},
      {Factory::closed_before_connection(), "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
       std::errc::not_connected, "write", "Socket closed before the connection was established"},
      {Factory::ended_by_peer(), "EPIPE", std::errc::broken_pipe, "write",
       "This socket has been ended by the other party"},
      {Factory::already_finished(), "ERR_STREAM_ALREADY_FINISHED", std::errc::broken_pipe, "end",
       "Cannot call end after a stream was finished"},
      {Factory::already_connected(), "EISCONN", std::errc::already_connected, "connect",
       "connect EISCONN: already connecting or connected"},
      {Factory::already_listening(), "ERR_SERVER_ALREADY_LISTEN", std::errc::invalid_argument,
       "listen", "listen: already listening"},
      {Factory::not_running("close"), "ERR_SERVER_NOT_RUNNING", std::errc::not_connected, "close",
       "Server is not running"},
      {Factory::bad_port("connect", 65536), "ERR_SOCKET_BAD_PORT", std::errc::invalid_argument,
       "connect", "connect: bad port 65536"},
      {Factory::bad_port("listen", -1), "ERR_SOCKET_BAD_PORT", std::errc::invalid_argument,
       "listen", "listen: bad port -1"},
      {Factory::bad_argument("listen", "host", "a b"), "EINVAL", std::errc::invalid_argument,
       "listen", "listen EINVAL: bad host \"a b\""},
      {Factory::queue_full(1048576), "ENOBUFS", std::errc::no_buffer_space, "write",
       "write ENOBUFS (max_queued_bytes 1048576)"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(row.error);
    CHECK(row.error.name() == row.name);
    CHECK(row.error.code() == row.code);
    CHECK(row.error.operation() == row.operation);
    CHECK(row.error.message() == row.message);
    CHECK(row.error.address().empty());
  }
}

TEST_CASE("all addresses failed is one error that names each", "[error]") {
  const Error first("connect", code_of(std::errc::connection_refused), local6);
  const Error second("connect", code_of(std::errc::timed_out), Address::from_ip("127.0.0.1", 80));
  const Error both = Factory::all_failed({first, second});
  CHECK(both.message() == "connect ECONNREFUSED ::1:80, 127.0.0.1:80");
  CHECK(both.name() == "ECONNREFUSED");
  CHECK(both.code() == std::errc::connection_refused);
  CHECK(both.address() == local6);
  CHECK(Factory::all_failed({first}) == first);
}

TEST_CASE("errors are equal when name and message are", "[error]") {
  const Error error("connect", code_of(std::errc::connection_refused), local4);
  CHECK(error == Error("connect", code_of(std::errc::connection_refused), local4));
  CHECK(error != Error("connect", code_of(std::errc::connection_refused), local6));
  CHECK(error != Error("connect", code_of(std::errc::timed_out), local4));
  CHECK(error != Error(error.message()));
  CHECK(error != Error());
}

TEST_CASE("a copy shares the words and outlives the first", "[error]") {
  static_assert(std::is_nothrow_copy_constructible_v<Error>);
  static_assert(std::is_nothrow_move_constructible_v<Error>);
  Error first("read", code_of(std::errc::connection_reset));
  const std::string* const text = &first.message();
  const Error copy = first;
  first = Error();
  CHECK(&copy.message() == text);
  CHECK(copy.message() == "read ECONNRESET");
}

TEST_CASE("what() of a Failure is exactly the error's message", "[error]") {
  const Error error("listen", code_of(std::errc::address_in_use), local4);
  const Failure failure(error);
  CHECK(failure.what() == error.message());
  CHECK(failure.code() == error.code());
  CHECK(failure.error() == error);
}

#ifndef ONESOCK_NO_EXCEPTIONS
TEST_CASE("raise throws a Failure, which is a std::system_error", "[error][exceptions]") {
  const Error error("connect", code_of(std::errc::connection_refused), local4);
  CHECK_THROWS_AS(onesock::detail::raise(error), Failure);
  CHECK_THROWS_AS(onesock::detail::raise(error), std::system_error);
  CHECK_THROWS_WITH(onesock::detail::raise(error), "connect ECONNREFUSED 127.0.0.1:6666");
}
#endif

TEST_CASE("a blocked address is an error that names it", "[error]") {
  const onesock::Address address{"10.0.0.1", 80, onesock::Family::ipv4};
  const auto error = Factory::ip_blocked(address);
  CHECK(error.name() == "ERR_IP_BLOCKED");
  CHECK(error.code() == std::errc::operation_not_permitted);
  CHECK(error.address() == address);
  CHECK(error.message() == "connect ERR_IP_BLOCKED 10.0.0.1:80");
}
