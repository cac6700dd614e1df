// onesock: addresses as both systems write them; the half of the system layer that needs no twin.
// SPDX-License-Identifier: MIT
//
// Stands behind the twins, whose system headers it uses. Bytes are copied, never cast: some CPUs
// want them aligned.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

ONESOCK_BEGIN_NAMESPACE
namespace detail::os {

ONESOCK_INLINE std::error_code resolve_error(ResolveError reason) {
  return std::error_code(static_cast<int>(reason), resolve_category());
}

/// AF_UNSPEC for `any`.
ONESOCK_INLINE int domain_of(Family family) {
  switch (family) {
    case Family::ipv4:
      return AF_INET;
    case Family::ipv6:
      return AF_INET6;
    case Family::local:
      return AF_UNIX;
    case Family::any:
      break;
  }
  return AF_UNSPEC;
}

/// The number of an IPv6 zone ("eth0", "3"); 0 if there is no such zone.
inline std::uint32_t zone_number(std::string_view zone) {
  std::uint32_t number = 0;
  const char* const begin = zone.data();
  const char* const end = begin + zone.size();
  const std::from_chars_result read = std::from_chars(begin, end, number);
  return read.ec == std::errc() && read.ptr == end ? number : named_zone(std::string(zone));
}

inline std::string zone_text(std::uint32_t number) {
  const std::string name = zone_name(number);
  return name.empty() ? std::to_string(number) : name;
}

// Network order byte by byte: the same on every CPU, and without the system's htons macro.
inline std::array<std::uint8_t, 2> port_bytes(int port) {
  return {static_cast<std::uint8_t>(port / 256), static_cast<std::uint8_t>(port % 256)};
}

template <typename Exact>
int port_from(const Exact& exact_port) {
  std::array<std::uint8_t, 2> bytes{};
  static_assert(sizeof(exact_port) == sizeof(bytes), "a port is two bytes");
  std::memcpy(bytes.data(), &exact_port, bytes.size());
  return bytes[0] * 256 + bytes[1];
}

inline std::error_code ipv4_to_sockaddr(const Address& address, sockaddr_storage& storage,
                                        socklen_t& size) {
  const std::optional<Ipv4Bytes> bytes = parse_ipv4(address.host);
  if (!bytes) return std::make_error_code(std::errc::invalid_argument);
  const std::array<std::uint8_t, 2> port = port_bytes(address.port);
  sockaddr_in exact{};
  exact.sin_family = AF_INET;
  std::memcpy(&exact.sin_port, port.data(), port.size());
  std::memcpy(&exact.sin_addr, bytes->data(), bytes->size());
  std::memcpy(&storage, &exact, sizeof(exact));
  size = sizeof(exact);
  return {};
}

inline std::error_code ipv6_to_sockaddr(const Address& address, sockaddr_storage& storage,
                                        socklen_t& size) {
  std::string_view zone;
  const std::optional<Ipv6Bytes> bytes = parse_ipv6(address.host, zone);
  if (!bytes) return std::make_error_code(std::errc::invalid_argument);
  const std::array<std::uint8_t, 2> port = port_bytes(address.port);
  sockaddr_in6 exact{};
  exact.sin6_family = AF_INET6;
  std::memcpy(&exact.sin6_port, port.data(), port.size());
  std::memcpy(&exact.sin6_addr, bytes->data(), bytes->size());
  if (!zone.empty()) {
    exact.sin6_scope_id = zone_number(zone);
    if (exact.sin6_scope_id == 0) return std::make_error_code(std::errc::invalid_argument);
  }
  std::memcpy(&storage, &exact, sizeof(exact));
  size = sizeof(exact);
  return {};
}

inline std::error_code path_to_sockaddr(const std::string& path, sockaddr_storage& storage,
                                        socklen_t& size) {
  if (path.empty()) return std::make_error_code(std::errc::invalid_argument);
  const bool abstract_name = path.front() == '\0';
  if (abstract_name && !has_abstract_names) return std::make_error_code(std::errc::not_supported);
  if (!abstract_name && path.find('\0') != std::string::npos)
    return std::make_error_code(std::errc::invalid_argument);
  // An abstract name is as long as it says; a path ends with a NUL, which must fit too: Linux would
  // take one without. Wider than a socklen_t on 32-bit systems too: -Wuseless-cast.
  const std::uint64_t length = abstract_name ? path.size() : path.size() + 1;
  sockaddr_un exact{};
  if (length > sizeof(exact.sun_path)) return std::make_error_code(std::errc::filename_too_long);
  exact.sun_family = AF_UNIX;
  std::memcpy(exact.sun_path, path.data(), path.size());
  std::memcpy(&storage, &exact, sizeof(exact));
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  return {};
}

inline std::error_code exact_sockaddr(const Address& address, sockaddr_storage& storage,
                                      socklen_t& size) {
  if (address.port < 0 || address.port > 65535)
    return std::make_error_code(std::errc::invalid_argument);
  switch (address.family) {
    case Family::ipv4:
      return ipv4_to_sockaddr(address, storage, size);
    case Family::ipv6:
      return ipv6_to_sockaddr(address, storage, size);
    case Family::local:
      return path_to_sockaddr(address.host, storage, size);
    case Family::any:
      break;
  }
  return std::make_error_code(std::errc::invalid_argument);
}

ONESOCK_INLINE std::error_code to_sockaddr(const Address& address, sockaddr_storage& storage,
                                           socklen_t& size) {
  const std::error_code error = exact_sockaddr(address, storage, size);
  if (error) return error;
// The BSDs and macOS write the length into the address too; RFC 3493 makes them define this.
#ifdef SIN6_LEN
  storage.ss_len = static_cast<decltype(storage.ss_len)>(size);
#endif
  return {};
}

ONESOCK_INLINE std::error_code to_peer_sockaddr(const Address& address, sockaddr_storage& storage,
                                                socklen_t& size) {
  Address reachable = address;
  if (address.family == Family::ipv4 && parse_ipv4(address.host) == Ipv4Bytes{})
    reachable.host = "127.0.0.1";
  std::string_view zone;
  if (address.family == Family::ipv6 && parse_ipv6(address.host, zone) == Ipv6Bytes{})
    reachable.host = "::1";
  return to_sockaddr(reachable, storage, size);
}

inline Address ipv4_from_sockaddr(const sockaddr_storage& storage) {
  sockaddr_in exact{};
  std::memcpy(&exact, &storage, sizeof(exact));
  Ipv4Bytes bytes{};
  std::memcpy(bytes.data(), &exact.sin_addr, bytes.size());
  return Address{format_ipv4(bytes), port_from(exact.sin_port), Family::ipv4};
}

inline Address ipv6_from_sockaddr(const sockaddr_storage& storage) {
  sockaddr_in6 exact{};
  std::memcpy(&exact, &storage, sizeof(exact));
  Ipv6Bytes bytes{};
  std::memcpy(bytes.data(), &exact.sin6_addr, bytes.size());
  std::string host = format_ipv6(bytes);
  if (exact.sin6_scope_id != 0) host += '%' + zone_text(exact.sin6_scope_id);
  return Address{std::move(host), port_from(exact.sin6_port), Family::ipv6};
}

inline Address path_from_sockaddr(const sockaddr_storage& storage, socklen_t size) {
  constexpr socklen_t before = offsetof(sockaddr_un, sun_path);
  if (size <= before) return Address{{}, 0, Family::local};
  const auto* const bytes = reinterpret_cast<const char*>(&storage);
  std::string path(bytes + before, bytes + (std::min)(size, socklen_t{sizeof(storage)}));
  const bool abstract_name = has_abstract_names && path.front() == '\0';
  if (!abstract_name) path.resize((std::min)(path.find('\0'), path.size()));
  return Address{std::move(path), 0, Family::local};
}

ONESOCK_INLINE Address from_sockaddr(const sockaddr_storage& storage, socklen_t size) {
  // macOS and the BSDs write nothing at all for a peer that is gone.
  if (size == 0) return {};
  switch (storage.ss_family) {
    case AF_INET:
      return ipv4_from_sockaddr(storage);
    case AF_INET6:
      return ipv6_from_sockaddr(storage);
    case AF_UNIX:
      return path_from_sockaddr(storage, size);
    default:
      return {};
  }
}

ONESOCK_INLINE bool is_lookup_name(const std::string& host) {
  return !host.empty() && host.size() <= 255 && host.find('\0') == std::string::npos;
}

ONESOCK_INLINE std::vector<Address> take_addresses(addrinfo* found) {
  struct Free {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
  };
  const std::unique_ptr<addrinfo, Free> owner(found);
  std::vector<Address> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    sockaddr_storage storage{};
    const std::size_t size = (std::min)(static_cast<std::size_t>(one->ai_addrlen), sizeof(storage));
    std::memcpy(&storage, one->ai_addr, size);
    Address address = from_sockaddr(storage, static_cast<socklen_t>(size));
    address.port = 0;
    const bool known = std::find(addresses.begin(), addresses.end(), address) != addresses.end();
    if (!known && address.family != Family::any) addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace detail::os
ONESOCK_END_NAMESPACE
