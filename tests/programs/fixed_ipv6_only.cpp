// onesock: where an IPv6 socket takes no IPv4 and will not be told otherwise, as on OpenBSD, every
// address is every IPv4 address, and one IPv6 address is itself; POSIX only.
// SPDX-License-Identifier: MIT
//
// A macro puts OpenBSD's answer in place of this system's: exit code 77 in split mode, whose bodies
// stand in another file.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <iostream>

namespace {

[[maybe_unused]] int stubborn_setsockopt(int socket, int level, int name, const void* value,
                                         socklen_t size) {
  if (level != IPPROTO_IPV6 || name != IPV6_V6ONLY || *static_cast<const int*>(value) != 0) {
    return ::setsockopt(socket, level, name, value, size);
  }
  errno = EINVAL;
  return -1;
}

}  // namespace

#define setsockopt stubborn_setsockopt
#include "onesock.hpp"

namespace {

bool all_well = true;

[[maybe_unused]] void expect(bool is_so, const char* what) {
  std::cout << (is_so ? "yes: " : "NO: ") << what << '\n';
  all_well = all_well && is_so;
}

}  // namespace

int main() {
#ifdef ONESOCK_SPLIT
  return 77;
#else
  onesock::Acceptor everywhere;
  expect(everywhere.listen(0), "it listens on every address");
  expect(everywhere.address().host == "0.0.0.0", "that is every IPv4 address");
  onesock::Client client;
  expect(client.connect(everywhere.address().port, "127.0.0.1"), "127.0.0.1 reaches it");

  onesock::Acceptor one;
  const bool has_ipv6 = one.listen(0, "::1");
  expect(has_ipv6 || one.error().code() != std::errc::invalid_argument, "::1 is no bad argument");
  return all_well ? 0 : 1;
#endif
}
