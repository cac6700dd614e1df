// onesock: the body of BlockList: every rule is a range of IPv6 addresses.
// SPDX-License-Identifier: MIT

#include "block_list.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

ONESOCK_BEGIN_NAMESPACE
namespace detail {

struct BlockRules {
  std::vector<std::pair<Ipv6Bytes, Ipv6Bytes>> ranges;
};

/// An address as IPv6: IPv4 in its mapped form, a zone left out.
inline std::optional<Ipv6Bytes> as_ipv6(std::string_view address) {
  if (const auto ipv4 = parse_ipv4(address)) {
    Ipv6Bytes mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    std::copy(ipv4->begin(), ipv4->end(), mapped.begin() + 12);
    return mapped;
  }
  std::string_view zone;
  return parse_ipv6(address, zone);
}

/// `bytes` with everything behind the first `prefix` bits cleared, or set.
inline Ipv6Bytes with_host_bits(Ipv6Bytes bytes, int prefix, bool set) {
  for (int bit = prefix; bit < 128; ++bit) {
    auto& octet = bytes[static_cast<std::size_t>(bit / 8)];
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    octet = static_cast<std::uint8_t>(set ? octet | mask : octet & ~mask);
  }
  return bytes;
}

}  // namespace detail

ONESOCK_INLINE BlockList::BlockList() : rules_(std::make_shared<detail::BlockRules>()) {}

ONESOCK_INLINE Error BlockList::add_address(std::string_view address) {
  return add_range(address, address);
}

ONESOCK_INLINE Error BlockList::add_range(std::string_view first, std::string_view last) {
  const auto from = detail::as_ipv6(first);
  if (!from) return detail::ErrorFactory::bad_argument("block", "address", first);
  const auto to = detail::as_ipv6(last);
  const bool is_range = to && is_ip(first) == is_ip(last) && *from <= *to;
  if (!is_range) return detail::ErrorFactory::bad_argument("block", "end of range", last);
  rules_->ranges.emplace_back(*from, *to);
  return {};
}

ONESOCK_INLINE Error BlockList::add_subnet(std::string_view network, int prefix) {
  const auto address = detail::as_ipv6(network);
  if (!address) return detail::ErrorFactory::bad_argument("block", "network", network);
  const int most = is_ip(network) == 4 ? 32 : 128;
  if (prefix < 0 || prefix > most) {
    return detail::ErrorFactory::bad_argument("block", "prefix", std::to_string(prefix));
  }
  const int bits = prefix + 128 - most;
  rules_->ranges.emplace_back(detail::with_host_bits(*address, bits, false),
                              detail::with_host_bits(*address, bits, true));
  return {};
}

ONESOCK_INLINE bool BlockList::blocks(std::string_view address) const {
  const auto asked = detail::as_ipv6(address);
  if (!asked) return false;
  return std::any_of(rules_->ranges.begin(), rules_->ranges.end(), [&](const auto& range) {
    return range.first <= *asked && *asked <= range.second;
  });
}

ONESOCK_INLINE bool BlockList::empty() const {
  return rules_->ranges.empty();
}

ONESOCK_END_NAMESPACE
