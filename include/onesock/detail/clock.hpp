// onesock: monotonic time: points, delays that cannot overflow, and how long to wait.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

#include "../config.hpp"

ONESOCK_BEGIN_NAMESPACE
namespace detail {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// No point in time is ever later.
inline constexpr TimePoint never = (TimePoint::max)();
/// A wait without limit, as Poller::wait takes it.
inline constexpr Milliseconds no_limit{-1};

/// `delay` from `now`; negative is 0, and what is longer than ten years is ten years.
inline TimePoint after(TimePoint now, Milliseconds delay) {
  constexpr Milliseconds longest = std::chrono::hours(24 * 3650);
  return now + (std::max)(Milliseconds(0), (std::min)(delay, longest));
}

/// How long to wait at `now` for `deadline`: rounded up, so that a wait never ends early.
inline Milliseconds wait_until(TimePoint deadline, TimePoint now) {
  if (deadline == never) return no_limit;
  if (deadline <= now) return Milliseconds(0);
  const auto left = deadline - now;
  const auto whole = std::chrono::duration_cast<Milliseconds>(left);
  return whole < left ? whole + Milliseconds(1) : whole;
}

}  // namespace detail
ONESOCK_END_NAMESPACE
