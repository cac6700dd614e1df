// onesock: from ListenOptions to a listening socket; Server and Acceptor share it.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "../error.hpp"
#include "../options.hpp"
#include "handle.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// What is wrong with the options, if anything: bad port, path, backlog.
Error find_fault(const ListenOptions& options);
/// The addresses that need no look-up, best first: a path, an IP address, or the wildcards; empty
/// for a name.
std::vector<Address> literal_addresses(const ListenOptions& options);
/// A socket that listens on the first address that this machine has a family for.
Error open_listener(const ListenOptions& options, const std::vector<Address>& addresses,
                    Handle& opened);
/// Closes a listening socket; the file of a local one goes first, so that nobody meets it closed.
void close_listener(Handle& listener);

}  // namespace detail
ONESOCK_END_NAMESPACE
