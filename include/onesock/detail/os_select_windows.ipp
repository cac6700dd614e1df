// onesock: waiting with select() on Windows; os_select_posix.ipp is its twin.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include <winsock2.h>
#include <windows.h>

ONESOCK_BEGIN_NAMESPACE
namespace detail {
namespace os {

static_assert(offsetof(fd_set, fd_array) == sizeof(SOCKET), "an fd_set is a count, then sockets");

// As on POSIX, and far below where the milliseconds of Sleep() overflow.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours(24);

inline std::chrono::milliseconds clamped_wait(std::chrono::milliseconds wait) {
  return wait.count() < 0 ? longest_wait : (std::min)(wait, longest_wait);
}

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

/// An fd_set with room for any number of sockets: the count in the first place, then the sockets.
/// The limit of 64 is one of the declared type, not of select().
class SocketSet {
 public:
  /// `needed` is how many it will hold at most.
  void clear(std::size_t needed);
  void add(SOCKET socket) { places_.push_back(socket); }
  std::size_t count() const;
  SOCKET socket(std::size_t index) const { return places_[index + 1]; }
  /// What select() takes: null for none, as it refuses three empty sets.
  fd_set* get();

 private:
  std::vector<SOCKET> places_;
};

ONESOCK_INLINE void SocketSet::clear(std::size_t needed) {
  places_.clear();
  release_room(places_, needed);
  places_.resize(1);
}

ONESOCK_INLINE std::size_t SocketSet::count() const {
  u_int count = 0;
  std::memcpy(&count, places_.data(), sizeof(count));
  return count;
}

ONESOCK_INLINE fd_set* SocketSet::get() {
  // Wider than what it is cast to on 32-bit systems too: -Wuseless-cast.
  const std::uint64_t sockets = places_.size() - 1;
  const auto count = static_cast<u_int>(sockets);
  std::memcpy(places_.data(), &count, sizeof(count));
  return count == 0 ? nullptr : reinterpret_cast<fd_set*>(places_.data());
}

}  // namespace os

/// Who is watched, in a dense list, and the sets of one select() call.
///
/// Filling them anew for each wait is nothing beside what the system does for each socket.
struct Poller::Sets {
  struct Watched {
    Handle handle;
    Interest want;
    Interest ready;
  };
  std::vector<Watched> watched;
  std::unordered_map<Handle, std::size_t> places;  ///< where each stands in `watched`
  std::size_t first = 0;                           ///< who is asked first after the next wait
  os::SocketSet read;
  os::SocketSet write;
  os::SocketSet except;

  void fill();
  void mark(const os::SocketSet& set, Interest found);
  void mark_ready();
  void mark_broken();
  void tell(std::vector<Readiness>& ready);
  void shrink(std::vector<Readiness>& ready);
};

/// Puts all who are watched into the sets.
ONESOCK_INLINE void Poller::Sets::fill() {
  for (auto* set : {&read, &write, &except}) set->clear(watched.size());
  for (const Watched& one : watched) {
    const SOCKET socket = os::native(one.handle);
    if (has(one.want, Interest::read)) read.add(socket);
    if (has(one.want, Interest::write | Interest::connect)) write.add(socket);
    // A failed connect shows here only. Not for others: an urgent byte would show for ever.
    if (has(one.want, Interest::connect)) except.add(socket);
  }
}

ONESOCK_INLINE void Poller::Sets::mark(const os::SocketSet& set, Interest found) {
  for (std::size_t index = 0; index < set.count(); ++index) {
    const auto entry = places.find(os::to_handle(set.socket(index)));
    if (entry == places.end()) continue;
    Watched& one = watched[entry->second];
    one.ready = one.ready | (one.want & found);
  }
}

ONESOCK_INLINE void Poller::Sets::mark_ready() {
  mark(read, Interest::read);
  mark(write, Interest::write | Interest::connect);
  mark(except, Interest::connect);
}

/// select() failed for all because of one that was closed behind our back.
ONESOCK_INLINE void Poller::Sets::mark_broken() {
  for (Watched& one : watched) {
    int type = 0;
    int size = sizeof(type);
    const bool open = ::getsockopt(os::native(one.handle), SOL_SOCKET, SO_TYPE,
                                   reinterpret_cast<char*>(&type), &size) == 0;
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
  // select() does not wait for nobody.
  if (sets.watched.empty()) {
    ::Sleep(static_cast<DWORD>(os::clamped_wait(timeout).count()));
    return {};
  }
  sets.fill();
  timeval limit = os::to_timeval(timeout);
  timeval* const until = timeout.count() < 0 ? nullptr : &limit;
  const int count = ::select(0, sets.read.get(), sets.write.get(), sets.except.get(), until);
  if (count < 0) {
    const int number = ::WSAGetLastError();
    if (number == WSAEINTR) return {};
    if (number != WSAENOTSOCK) return os::code_of(number);
    sets.mark_broken();
  }
  if (count > 0) sets.mark_ready();
  sets.tell(ready);
  return {};
}

}  // namespace detail
ONESOCK_END_NAMESPACE
