// onesock: a loop gives back the memory of 8,000 clients once they have gone; POSIX only.
// SPDX-License-Identifier: MIT
//
// Counts what operator new has given out and has not got back: while the loop and the server live
// on, and when only a handle of theirs is left. Prints it; exits 1 if it is more than a little.

#include "onesock.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <new>
#include <vector>

namespace {

std::size_t live_bytes = 0;

/// In front of each piece of memory stands its size.
constexpr std::size_t prefix = alignof(std::max_align_t);
static_assert(prefix >= sizeof(std::size_t));

}  // namespace

void* operator new(std::size_t size) {
  auto* const start = static_cast<unsigned char*>(std::malloc(prefix + size));
  if (start == nullptr) std::abort();
  new (start) std::size_t(size);
  live_bytes += size;
  return start + prefix;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  auto* const start = static_cast<unsigned char*>(memory) - prefix;
  live_bytes -= *std::launder(reinterpret_cast<std::size_t*>(start));
  std::free(start);
}

// Clang before 19 does not know it by itself.
void operator delete(void* memory, std::size_t) noexcept;
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace {

/// Two descriptors a client; the process keeps some for itself.
std::size_t clients_allowed(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur < 2 * wanted + 100 ? (limit.rlim_cur - 100) / 2 : wanted;
}

/// Clients that are all there at once, all speak in one turn, are all answered, and all go.
class Crowd {
 public:
  explicit Crowd(onesock::Loop& loop)
      : loop_(loop), server_(loop, [this](onesock::Socket& peer) { welcome(peer); }) {
    server_.listen({0, "127.0.0.1"});
  }

  /// Whether they all came, and all went well.
  bool come_and_go(std::size_t count) {
    count_ = count;
    peak = connected_ = answers_ = closed_ = 0;
    // Each one accepted brings the next: the listener's queue is never full.
    while (clients_.size() < std::min<std::size_t>(count_, 64)) connect_one();
    while (closed_ < 2 * count_ && turn()) {
    }
    std::vector<onesock::Socket>().swap(clients_);
    turn();
    return peak == count_ && answers_ == count_ && closed_ == 2 * count_;
  }

  std::size_t peak = 0;
  std::size_t bytes_at_peak = 0;

 private:
  /// False if nothing happens for very long.
  bool turn() {
    bool is_late = false;
    auto watchdog = loop_.set_timeout(std::chrono::seconds(60), [&] { is_late = true; });
    loop_.run_once(std::chrono::milliseconds(closed_ < 2 * count_ ? 60'000 : 0));
    watchdog.cancel();
    return !is_late;
  }

  void connect_one() {
    const auto socket = onesock::connect(loop_, {server_.address().port, "127.0.0.1"});
    clients_.push_back(socket);
    socket.on_connect([this] {
      ++connected_;
      speak_if_all_are_here();
    });
    socket.on_data([this] { ++answers_; });
    socket.on_close([this](bool had_error) { closed_ += !had_error; });
  }

  void welcome(onesock::Socket& peer) {
    peer.on_data([&peer](onesock::BufferView data) { peer.end(data); });
    peer.on_close([this](bool had_error) { closed_ += !had_error; });
    peak = std::max(peak, server_.connections());
    if (clients_.size() < count_) connect_one();
    speak_if_all_are_here();
  }

  void speak_if_all_are_here() {
    if (connected_ < count_ || server_.connections() < count_) return;
    bytes_at_peak = live_bytes;
    for (const auto& client : clients_) client.write("hello");
  }

  onesock::Loop& loop_;
  const onesock::Server server_;
  std::size_t count_ = 0;
  std::vector<onesock::Socket> clients_;
  std::size_t connected_ = 0;
  std::size_t answers_ = 0;
  std::size_t closed_ = 0;
};

/// The queues' own lists of their blocks stay, which are a word for each half KiB.
constexpr std::size_t little = 32 * 1024;

bool run_crowd(std::size_t count, onesock::Socket& kept) {
  onesock::Loop loop;
  Crowd crowd(loop);
  // What is made once and kept, as the receive buffer, is there before.
  bool good = crowd.come_and_go(1);
  const auto before = live_bytes;
  good = crowd.come_and_go(count) && good;
  const auto left = live_bytes - before;
  std::cout << crowd.peak << " clients at once: " << (crowd.bytes_at_peak - before) / count
            << " bytes for both ends of one, " << left << " bytes left of all\n";
  kept = onesock::Socket(loop);
  kept.connect({1, "127.0.0.1"});
  return good && left <= little;
}

}  // namespace

int main() {
  constexpr std::size_t wanted = 8000;
  const auto count = clients_allowed(wanted);
  if (count < 1000) {
    std::cout << "skipped: this process may not have 1,000 clients\n";
    return 77;
  }
  if (count < wanted) std::cout << "this process may have " << count << " clients only\n";

  const auto at_first = live_bytes;
  onesock::Socket kept;
  const bool good = run_crowd(count, kept);
  const auto of_handle = live_bytes - at_first;
  std::cout << "a handle without its loop holds " << of_handle << " bytes\n";
  return good && of_handle <= little ? 0 : 1;
}
