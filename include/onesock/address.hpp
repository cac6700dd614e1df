// onesock: where a socket is: host, port and family, as text that is equal on every system.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"

ONESOCK_BEGIN_NAMESPACE

/// The kind of an address. `any` means "whichever there is" in options, and "none" in an empty
/// Address.
enum class Family { any, ipv4, ipv6, local };

/// The family as Node names it: "IPv4", "IPv6", "local", or "" for `any`.
std::string_view family_name(Family family);

/// One end of a connection, or where a server listens.
///
/// An empty one (`host` is "") is what every question for an address answers where there is none.
struct Address {
  /// The IP address ("127.0.0.1", "::1", "fe80::1%eth0"), or the path of a local (Unix) socket.
  std::string host;
  /// 0 to 65535; 0 for a local socket.
  int port = 0;
  Family family = Family::any;

  /// An IP address with its port; the family comes from the text (`any` if it is no IP address).
  static Address from_ip(std::string_view ip, int port);
  /// Reads what to_string() writes: "127.0.0.1:80", "[::1]:80"; nothing if it is anything else.
  static std::optional<Address> parse(std::string_view text);

  /// "127.0.0.1:80", "[::1]:80", or the path; "" when empty.
  std::string to_string() const;
  bool empty() const { return host.empty() && family == Family::any; }
};

bool operator==(const Address& left, const Address& right);
bool operator!=(const Address& left, const Address& right);
/// Streams to_string().
std::ostream& operator<<(std::ostream& stream, const Address& address);

/// 4, 6, or 0 if the text is no IP address. The strict forms only, by our own parser, so that every
/// system gives one answer: "127.1", "01.2.3.4", "[::1]" are none. Mirrors Node's `net.isIP`.
int is_ip(std::string_view text);
/// True for an IPv4 address ("127.0.0.1"). Mirrors Node's `net.isIPv4`.
bool is_ipv4(std::string_view text);
/// True for an IPv6 address, with or without a zone ("::1", "fe80::1%lo"). As Node's `net.isIPv6`.
bool is_ipv6(std::string_view text);

namespace detail {

using Ipv4Bytes = std::array<std::uint8_t, 4>;
using Ipv6Bytes = std::array<std::uint8_t, 16>;

/// An IPv4 address in network order; nothing if the text is none.
std::optional<Ipv4Bytes> parse_ipv4(std::string_view text);
/// An IPv6 address in network order without its zone; `zone` gets what stands behind the '%'.
std::optional<Ipv6Bytes> parse_ipv6(std::string_view text, std::string_view& zone);
std::string format_ipv4(const Ipv4Bytes& bytes);
/// RFC 5952: lower case, the longest run of zeros as "::", IPv4-mapped as "::ffff:1.2.3.4".
std::string format_ipv6(const Ipv6Bytes& bytes);

}  // namespace detail

ONESOCK_END_NAMESPACE
