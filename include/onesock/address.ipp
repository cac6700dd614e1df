// onesock: addresses as text: our own strict parser and RFC 5952 printer; no system call.
// SPDX-License-Identifier: MIT

#include <cstddef>
#include <ostream>

#include "address.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

inline bool is_decimal_digit(char c) {
  return c >= '0' && c <= '9';
}

/// 0 to `limit` in its one spelling: digits only, no sign, no space, no leading zero.
inline std::optional<int> parse_decimal(std::string_view text, int limit) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (!is_decimal_digit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
    if (number > limit) return std::nullopt;
  }
  return number;
}

ONESOCK_INLINE std::optional<Ipv4Bytes> parse_ipv4(std::string_view text) {
  Ipv4Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool last = i + 1 == bytes.size();
    const std::size_t end = last ? text.size() : text.find('.');
    if (end == std::string_view::npos) return std::nullopt;
    const std::optional<int> octet = parse_decimal(text.substr(0, end), 255);
    if (!octet) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*octet);
    if (!last) text.remove_prefix(end + 1);
  }
  return bytes;
}

/// The 16-bit groups on one side of a "::", or of a whole address.
struct Ipv6Groups {
  std::array<std::uint16_t, 8> values{};
  std::size_t count = 0;

  bool add(int value) {
    if (count == values.size()) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
};

/// One to four hex digits, of either case.
inline std::optional<int> parse_ipv6_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    number = number * 16 + static_cast<int>(digit < 16 ? digit : digit - 6);
  }
  return number;
}

inline bool add_ipv4_groups(std::string_view text, Ipv6Groups& groups) {
  const std::optional<Ipv4Bytes> bytes = parse_ipv4(text);
  return bytes && groups.add((*bytes)[0] * 256 + (*bytes)[1]) &&
         groups.add((*bytes)[2] * 256 + (*bytes)[3]);
}

/// Reads "1:2:3"; the last part may be an IPv4 address if `ipv4_may_end` says so. "" is no group.
inline bool parse_ipv6_groups(std::string_view text, bool ipv4_may_end, Ipv6Groups& groups) {
  if (text.empty()) return true;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && ipv4_may_end && part.find('.') != std::string_view::npos) {
      return add_ipv4_groups(part, groups);
    }
    const std::optional<int> group = parse_ipv6_group(part);
    if (!group || !groups.add(*group)) return false;
    if (last) return true;
    text.remove_prefix(colon + 1);
  }
}

/// What Node takes as a zone, and '_', which many an interface has in its name ("br_lan").
inline bool is_zone(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool mark = c == '-' || c == '.' || c == ':' || c == '_';
    if (!letter && !mark && !is_decimal_digit(c)) return false;
  }
  return !text.empty();
}

inline Ipv6Bytes join_ipv6_groups(const Ipv6Groups& left, const Ipv6Groups& right) {
  Ipv6Bytes bytes{};
  const auto put = [&bytes](std::size_t place, std::uint16_t group) {
    bytes[2 * place] = static_cast<std::uint8_t>(group >> 8);
    bytes[2 * place + 1] = static_cast<std::uint8_t>(group & 0xff);
  };
  for (std::size_t i = 0; i < left.count; ++i) put(i, left.values[i]);
  for (std::size_t i = 0; i < right.count; ++i) put(8 - right.count + i, right.values[i]);
  return bytes;
}

ONESOCK_INLINE std::optional<Ipv6Bytes> parse_ipv6(std::string_view text, std::string_view& zone) {
  const std::size_t percent = text.find('%');
  const bool has_zone = percent != std::string_view::npos;
  const std::string_view zone_text = has_zone ? text.substr(percent + 1) : std::string_view();
  if (has_zone && !is_zone(zone_text)) return std::nullopt;
  text = text.substr(0, percent);

  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  Ipv6Groups left;
  Ipv6Groups right;
  if (!parse_ipv6_groups(text.substr(0, gap), !has_gap, left)) return std::nullopt;
  if (has_gap && !parse_ipv6_groups(text.substr(gap + 2), true, right)) return std::nullopt;
  // "::" stands for at least one group.
  const std::size_t count = left.count + right.count;
  if (has_gap ? count > 7 : count != 8) return std::nullopt;
  zone = zone_text;
  return join_ipv6_groups(left, right);
}

ONESOCK_INLINE std::string format_ipv4(const Ipv4Bytes& bytes) {
  std::string text = std::to_string(bytes[0]);
  for (std::size_t i = 1; i < bytes.size(); ++i) text += '.' + std::to_string(bytes[i]);
  return text;
}

inline int ipv6_group_at(const Ipv6Bytes& bytes, std::size_t place) {
  return bytes[2 * place] * 256 + bytes[2 * place + 1];
}

/// Groups [start, end) of zeros that "::" stands for; empty if none may be cut.
struct Ipv6ZeroRun {
  std::size_t start = 0;
  std::size_t end = 0;
};

/// RFC 5952, 4.2: the longest run, the first of equals, never a single group.
inline Ipv6ZeroRun longest_zero_run(const Ipv6Bytes& bytes) {
  Ipv6ZeroRun best;
  for (std::size_t start = 0; start < 8; ++start) {
    std::size_t end = start;
    while (end < 8 && ipv6_group_at(bytes, end) == 0) ++end;
    const std::size_t length = end - start;
    if (length > 1 && length > best.end - best.start) best = {start, end};
  }
  return best;
}

inline void append_ipv6_group(std::string& text, int group) {
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const int digit = (group >> shift) & 0xf;
    started = started || digit != 0 || shift == 0;
    if (started) text += "0123456789abcdef"[digit];
  }
}

inline void append_ipv6_groups(std::string& text, const Ipv6Bytes& bytes, std::size_t start,
                               std::size_t end) {
  for (std::size_t i = start; i < end; ++i) {
    if (i != start) text += ':';
    append_ipv6_group(text, ipv6_group_at(bytes, i));
  }
}

inline bool is_ipv4_mapped(const Ipv6Bytes& bytes) {
  for (std::size_t i = 0; i < 10; ++i) {
    if (bytes[i] != 0) return false;
  }
  return bytes[10] == 0xff && bytes[11] == 0xff;
}

ONESOCK_INLINE std::string format_ipv6(const Ipv6Bytes& bytes) {
  if (is_ipv4_mapped(bytes)) {
    return "::ffff:" + format_ipv4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  const Ipv6ZeroRun zeros = longest_zero_run(bytes);
  std::string text;
  append_ipv6_groups(text, bytes, 0, zeros.start);
  if (zeros.end != 0) text += "::";
  append_ipv6_groups(text, bytes, zeros.end, 8);
  return text;
}

}  // namespace detail

ONESOCK_INLINE std::string_view family_name(Family family) {
  switch (family) {
    case Family::ipv4:
      return "IPv4";
    case Family::ipv6:
      return "IPv6";
    case Family::local:
      return "local";
    case Family::any:
      break;
  }
  return "";
}

ONESOCK_INLINE Address Address::from_ip(std::string_view ip, int port) {
  const int version = is_ip(ip);
  const Family family = version == 4 ? Family::ipv4 : version == 6 ? Family::ipv6 : Family::any;
  return {std::string(ip), port, family};
}

ONESOCK_INLINE std::optional<Address> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<int> port = detail::parse_decimal(text.substr(colon + 1), 65535);
  if (!port) return std::nullopt;

  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (is_ip(host) != (bracketed ? 6 : 4)) return std::nullopt;
  return from_ip(host, *port);
}

ONESOCK_INLINE std::string Address::to_string() const {
  if (empty() || family == Family::local) return host;
  const std::string shown = family == Family::ipv6 ? '[' + host + ']' : host;
  return shown + ':' + std::to_string(port);
}

ONESOCK_INLINE bool operator==(const Address& left, const Address& right) {
  return left.host == right.host && left.port == right.port && left.family == right.family;
}

ONESOCK_INLINE bool operator!=(const Address& left, const Address& right) {
  return !(left == right);
}

ONESOCK_INLINE std::ostream& operator<<(std::ostream& stream, const Address& address) {
  return stream << address.to_string();
}

ONESOCK_INLINE int is_ip(std::string_view text) {
  return is_ipv4(text) ? 4 : is_ipv6(text) ? 6 : 0;
}

ONESOCK_INLINE bool is_ipv4(std::string_view text) {
  return detail::parse_ipv4(text).has_value();
}

ONESOCK_INLINE bool is_ipv6(std::string_view text) {
  std::string_view zone;
  return detail::parse_ipv6(text, zone).has_value();
}

ONESOCK_END_NAMESPACE
