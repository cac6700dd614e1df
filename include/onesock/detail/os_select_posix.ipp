// onesock: waiting with select() on POSIX systems; os_select_windows.ipp is its twin.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>

#include <fcntl.h>
#include <sys/select.h>
#include <sys/time.h>

ONESOCK_BEGIN_NAMESPACE
namespace detail {
namespace os {

static_assert(sizeof(fd_set) * 8 == FD_SETSIZE, "an fd_set is one bit for each descriptor");

// An int: FreeBSD's FD_SETSIZE is unsigned.
inline constexpr int set_size = FD_SETSIZE;

/// The place of a descriptor in the set that has it. So narrow that FD_SET converts it silently: to
/// long in glibc, to unsigned long in musl and FreeBSD.
using SetBit = std::uint16_t;
static_assert(FD_SETSIZE <= 65536, "a place in an fd_set is a SetBit");

inline SetBit set_bit(int descriptor) {
  return static_cast<SetBit>(descriptor % set_size);
}

// illumos and Solaris: select() refuses whatever one fd_set has no room for.
#ifdef __sun
inline constexpr int select_end = set_size;
#else
inline constexpr int select_end = (std::numeric_limits<int>::max)();
#endif

// macOS: the plain select() has that end too, unless a macro was defined before the first system
// header; this is the one that the macro chooses.
#ifdef __APPLE__
extern "C" int select_unlimited(int, fd_set*, fd_set*, fd_set*,
                                timeval*) __asm("_select$DARWIN_EXTSN");
#else
inline int select_unlimited(int end, fd_set* read, fd_set* write, fd_set* except, timeval* limit) {
  return ::select(end, read, write, except, limit);
}
#endif

// POSIX promises 31 days only, and some systems refuse large times.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours(24);

inline timeval to_timeval(std::chrono::milliseconds wait) {
  using Seconds = std::chrono::duration<decltype(timeval::tv_sec)>;
  using Microseconds = std::chrono::duration<decltype(timeval::tv_usec), std::micro>;
  const auto limited = (std::min)(wait, longest_wait);
  const auto seconds = std::chrono::duration_cast<Seconds>(limited);
  timeval limit{};
  limit.tv_sec = seconds.count();
  limit.tv_usec = std::chrono::duration_cast<Microseconds>(limited - seconds).count();
  return limit;
}

}  // namespace os

/// Who is watched, in a dense list, and the sets of one select() call.
///
/// A descriptor above FD_SETSIZE has its bit in a further fd_set: in memory they are one long set,
/// with the system's own word size and byte order, and each is used within its bounds. Filling them
/// anew for each wait is nothing beside what the system does for each descriptor.
struct Poller::Sets {
  struct Watched {
    Handle handle;
    Interest want;
    Interest ready;
  };
  std::vector<Watched> watched;
  std::unordered_map<Handle, std::size_t> places;  ///< where each stands in `watched`
  std::size_t first = 0;                           ///< who is asked first after the next wait
  std::vector<fd_set> read;
  std::vector<fd_set> write;

  int fill();
  void mark_ready();
  void mark_broken();
  void tell(std::vector<Readiness>& ready);
  void shrink(std::vector<Readiness>& ready);
};

/// Puts all who are watched into the sets; returns the end of the range that select() looks at.
ONESOCK_INLINE int Poller::Sets::fill() {
  int highest = -1;
  for (const Watched& one : watched) highest = (std::max)(highest, os::native(one.handle));
  const std::size_t count = static_cast<std::size_t>(highest / os::set_size) + 1;
  for (auto* set : {&read, &write}) {
    set->clear();
    release_room(*set, count);
    set->resize(count);
  }
  for (const Watched& one : watched) {
    const int descriptor = os::native(one.handle);
    const auto place = static_cast<std::size_t>(descriptor / os::set_size);
    const os::SetBit bit = os::set_bit(descriptor);
    if (has(one.want, Interest::read)) FD_SET(bit, &read[place]);
    if (has(one.want, Interest::write | Interest::connect)) FD_SET(bit, &write[place]);
  }
  return highest + 1;
}

ONESOCK_INLINE void Poller::Sets::mark_ready() {
  for (Watched& one : watched) {
    const int descriptor = os::native(one.handle);
    const auto place = static_cast<std::size_t>(descriptor / os::set_size);
    const os::SetBit bit = os::set_bit(descriptor);
    Interest found = Interest::none;
    if (FD_ISSET(bit, &read[place])) found = found | Interest::read;
    // A connect that failed is writable too.
    if (FD_ISSET(bit, &write[place])) found = found | Interest::write | Interest::connect;
    one.ready = one.want & found;
  }
}

/// select() failed for all because of one that was closed behind our back.
ONESOCK_INLINE void Poller::Sets::mark_broken() {
  for (Watched& one : watched) {
    const bool open = ::fcntl(os::native(one.handle), F_GETFD) != -1;
    one.ready = open ? Interest::none : one.want;
  }
}

/// Starts behind the one told first the last time. `ready` has the room: nothing is lost half-way.
ONESOCK_INLINE void Poller::Sets::tell(std::vector<Readiness>& ready) {
  const std::size_t count = watched.size();
  std::size_t place = first < count ? first : 0;
  for (std::size_t told = 0; told < count; ++told) {
    Watched& one = watched[place];
    place = place + 1 < count ? place + 1 : 0;
    if (one.ready == Interest::none) continue;
    if (ready.empty()) first = place;
    ready.push_back(Readiness{one.handle, one.ready});
    one.ready = Interest::none;
  }
}

/// Before the sets are filled: a crowd may have gone since the last wait. `ready` is empty.
ONESOCK_INLINE void Poller::Sets::shrink(std::vector<Readiness>& ready) {
  release_room(ready, watched.size());
  release_room(watched, watched.size());
  release_room(places);
}

ONESOCK_INLINE Poller::Poller() : sets_(std::make_unique<Sets>()) {}

ONESOCK_INLINE Poller::~Poller() = default;

ONESOCK_INLINE std::error_code Poller::watch(Handle handle, Interest want) {
  if (want == Interest::none) {
    forget(handle);
    return {};
  }
  if (handle == Handle::invalid) return std::make_error_code(std::errc::bad_file_descriptor);
  if (os::native(handle) >= os::select_end) return std::make_error_code(std::errc::not_supported);
  Sets& sets = *sets_;
  // Whatever may throw comes first: then both know the handle, or neither.
  if (sets.watched.size() == sets.watched.capacity())
    sets.watched.reserve(2 * sets.watched.size() + 16);
  const auto [entry, added] = sets.places.emplace(handle, sets.watched.size());
  if (added) sets.watched.push_back(Sets::Watched{handle, want, Interest::none});
  sets.watched[entry->second].want = want;
  return {};
}

ONESOCK_INLINE void Poller::forget(Handle handle) {
  Sets& sets = *sets_;
  const auto entry = sets.places.find(handle);
  if (entry == sets.places.end()) return;
  const std::size_t place = entry->second;
  sets.places.erase(entry);
  if (place + 1 < sets.watched.size()) {
    sets.watched[place] = sets.watched.back();
    sets.places[sets.watched[place].handle] = place;
  }
  sets.watched.pop_back();
}

ONESOCK_INLINE std::error_code Poller::wait(std::chrono::milliseconds timeout,
                                            std::vector<Readiness>& ready) {
  Sets& sets = *sets_;
  ready.clear();
  sets.shrink(ready);
  ready.reserve(sets.watched.size());
  const int end = sets.fill();
  timeval limit = os::to_timeval(timeout);
  timeval* const until = timeout.count() < 0 ? nullptr : &limit;
  const int count = os::select_unlimited(end, sets.read.data(), sets.write.data(), nullptr, until);
  if (count < 0) {
    const int number = errno;
    if (number == EINTR) return {};
    if (number != EBADF) return os::code_of(number);
    sets.mark_broken();
  }
  if (count > 0) sets.mark_ready();
  sets.tell(ready);
  return {};
}

}  // namespace detail
ONESOCK_END_NAMESPACE
