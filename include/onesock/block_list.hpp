// onesock: addresses that a server or a connect shall have nothing to do with.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "address.hpp"
#include "error.hpp"

ONESOCK_BEGIN_NAMESPACE

namespace detail {
struct BlockRules;
}

/// A list of IP addresses, ranges and subnets. Mirrors Node's `net.BlockList`.
///
/// Copies name the same list: a rule that is added later counts for those who hold a copy already.
/// An IPv4 address and its IPv4-mapped form ("::ffff:1.2.3.4") are the same address. Not
/// synchronised: one thread at a time.
class BlockList {
 public:
  /// An empty one, which blocks nothing.
  BlockList();
  /// Blocks one address. The error, if it is no IP address, changes nothing (so with the others).
  Error add_address(std::string_view address);
  /// Blocks every address from `first` to `last`, both of one family; an error if `first` is the
  /// greater.
  Error add_range(std::string_view first, std::string_view last);
  /// Blocks a network: add_subnet("10.0.0.0", 8). `prefix`: 0 to 32 bits for IPv4, to 128 for IPv6.
  Error add_subnet(std::string_view network, int prefix);
  /// Whether a rule blocks `address`; false for what is no IP address. Node's `blockList.check`,
  /// which is a macro on macOS.
  bool blocks(std::string_view address) const;
  /// Whether there is no rule.
  bool empty() const;

 private:
  std::shared_ptr<detail::BlockRules> rules_;
};

ONESOCK_END_NAMESPACE
