// onesock: the contract of waiting; one os_select_*.ipp (or another way, later) keeps it whole.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <system_error>
#include <vector>

#include "handle.hpp"
#include "room.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

/// What a handle is watched for, or is ready for; a set of bits. `connect` is `write` for a socket
/// that is connecting: a failed connect shows as readiness too (Windows: in the except set).
enum class Interest : unsigned { none = 0, read = 1, write = 2, connect = 4 };

constexpr Interest operator|(Interest left, Interest right) {
  return static_cast<Interest>(static_cast<unsigned>(left) | static_cast<unsigned>(right));
}
constexpr Interest operator&(Interest left, Interest right) {
  return static_cast<Interest>(static_cast<unsigned>(left) & static_cast<unsigned>(right));
}
/// True if `set` has any bit of `bits`.
constexpr bool has(Interest set, Interest bits) {
  return (set & bits) != Interest::none;
}

struct Readiness {
  Handle handle;
  Interest interest;
};

/// Waits until one of many handles is ready. Takes any number of handles of any value.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches `handle` for `want` from now on, in place of what it was watched for. not_supported,
  /// nothing changed, where the system's select() has a fixed end that this handle is beyond.
  /// A handle watched for nothing costs a turn nothing. An invalid one is bad_file_descriptor.
  std::error_code watch(Handle handle, Interest want);

  /// Watches it no longer. Before it is closed.
  void forget(Handle handle);

  /// Waits until something is ready, at most `timeout` (negative: without limit), rounded up to the
  /// clock's grain, and writes what is ready to `ready` (cleared first); the first one told
  /// rotates, so that none is always last. May return early with nothing (a signal came, or a whole
  /// day passed). A handle that was closed behind our back is told as ready for all it wants, so
  /// that its next call tells the error. An error: nothing was told, and the call may be repeated.
  std::error_code wait(std::chrono::milliseconds timeout, std::vector<Readiness>& ready);

 private:
  struct Sets;
  std::unique_ptr<Sets> sets_;
};

}  // namespace detail
ONESOCK_END_NAMESPACE
