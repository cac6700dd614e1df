// onesock: the bodies of listener_socket.hpp.
// SPDX-License-Identifier: MIT

#include "listener_socket.hpp"

#include <string>
#include <utility>

#include "connector.hpp"
#include "os.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

ONESOCK_INLINE Error find_fault(const ListenOptions& options) {
  if (options.backlog < 0) {
    return ErrorFactory::bad_argument("listen", "backlog", std::to_string(options.backlog));
  }
  if (!options.path.empty()) {
    return is_bad_path(options.path) ? ErrorFactory::bad_argument("listen", "path", options.path)
                                     : Error();
  }
  return is_bad_port(options.port) ? ErrorFactory::bad_port("listen", options.port) : Error();
}

ONESOCK_INLINE std::vector<Address> literal_addresses(const ListenOptions& options) {
  if (!options.path.empty()) return {Address{options.path, 0, Family::local}};
  if (options.host.empty()) {
    return {Address::from_ip("::", options.port), Address::from_ip("0.0.0.0", options.port)};
  }
  if (is_ip(options.host) != 0) return {Address::from_ip(options.host, options.port)};
  return {};
}

inline std::error_code bind_and_listen(Handle socket, const ListenOptions& options,
                                       const Address& address) {
  const int backlog = options.backlog == 0 ? ListenOptions().backlog : options.backlog;
  const bool is_local = address.family == Family::local;
  if (!is_local) {
    if (const auto code = os::set_exclusive(socket, options.exclusive)) return code;
  }
  if (address.family == Family::ipv6) {
    // Who asked for every address gets those of IPv4 rather than none of them.
    const auto code = os::set_ipv6_only(socket, options.ipv6_only);
    if (code && options.host.empty()) return code;
  }
  if (const auto code = os::bind(socket, address)) return code;
  const auto code = os::listen(socket, backlog);
  if (code && is_local) os::remove_socket_file(address.host);
  return code;
}

inline std::error_code open_listener_at(const ListenOptions& options, const Address& address,
                                        Handle& opened) {
  Handle socket = Handle::invalid;
  if (const auto code = os::open_stream(address.family, socket)) return code;
  const auto code = bind_and_listen(socket, options, address);
  if (code) {
    os::close(socket);
  } else {
    opened = socket;
  }
  return code;
}

inline bool is_family_missing(std::error_code code) {
  return code == std::errc::address_family_not_supported ||
         code == std::errc::address_not_available || code == std::errc::protocol_not_supported;
}

ONESOCK_INLINE Error open_listener(const ListenOptions& options,
                                   const std::vector<Address>& addresses, Handle& opened) {
  Error error;
  for (const auto& address : addresses) {
    const auto code = open_listener_at(options, address, opened);
    if (!code) return {};
    error = Error("listen", code, address);
    if (!is_family_missing(code)) break;
  }
  return error;
}

ONESOCK_INLINE void close_listener(Handle& listener) {
  const auto address = os::local_address(listener);
  if (address.family == Family::local) os::remove_socket_file(address.host);
  os::close(std::exchange(listener, Handle::invalid));
}

}  // namespace detail
ONESOCK_END_NAMESPACE
