// onesock: tests of the contract of waiting (detail/poller.hpp) over raw handles.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

// In split mode the layer below the API is seen by the bodies only.
#ifndef ONESOCK_SPLIT

#include <algorithm>

#include "catch.hpp"
#include "raw_sockets.hpp"
#include "thread.hpp"

using namespace raw;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

Interest told(const std::vector<Readiness>& ready, Handle handle) {
  const auto same = [handle](const Readiness& one) { return one.handle == handle; };
  const auto found = std::find_if(ready.begin(), ready.end(), same);
  return found == ready.end() ? Interest::none : found->interest;
}

std::vector<Readiness> wait_on(Poller& poller, milliseconds timeout) {
  std::vector<Readiness> ready;
  REQUIRE_FALSE(poller.wait(timeout, ready));
  return ready;
}

}  // namespace

TEST_CASE("waiting for nobody lasts as long as asked", "[poller]") {
  Poller poller;
  const Clock::time_point start = Clock::now();
  REQUIRE(wait_on(poller, milliseconds(30)).empty());
  REQUIRE(Clock::now() - start >= milliseconds(30));
}

TEST_CASE("a timeout with a silent socket is not early", "[poller]") {
  const Pair pair = open_pair();
  Poller poller;
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::read));
  for (const int time : {0, 1, 7, 30}) {
    const Clock::time_point start = Clock::now();
    REQUIRE(wait_on(poller, milliseconds(time)).empty());
    REQUIRE(Clock::now() - start >= milliseconds(time));
  }
}

TEST_CASE("a wait without limit ends when somebody is ready", "[poller]") {
  os::Waker waker;
  REQUIRE_FALSE(os::open_waker(waker));
  Poller poller;
  REQUIRE_FALSE(poller.watch(waker.reader, Interest::read));
  support::Thread other([&waker] { os::wake(waker); });
  const std::vector<Readiness> ready = wait_on(poller, milliseconds(-1));
  other.join();
  os::close_waker(waker);
  REQUIRE(ready.size() == 1);
  REQUIRE(ready[0].interest == Interest::read);
}

TEST_CASE("the longest and the shortest of all times are no error", "[poller]") {
  const Pair pair = open_pair();
  Poller poller;
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::write));
  REQUIRE(wait_on(poller, (milliseconds::max)()).size() == 1);
  REQUIRE(wait_on(poller, (milliseconds::min)()).size() == 1);
}

TEST_CASE("what is ready replaces what was told before", "[poller]") {
  Poller poller;
  std::vector<Readiness> ready = {{Handle::invalid, Interest::read}};
  REQUIRE_FALSE(poller.wait(milliseconds(0), ready));
  REQUIRE(ready.empty());
}

TEST_CASE("a handle is told only for what it is watched for", "[poller]") {
  const Pair pair = open_pair();
  const Handle server = pair.server.get();
  Poller poller;
  REQUIRE_FALSE(poller.watch(server, Interest::read));
  REQUIRE(wait_on(poller, milliseconds(0)).empty());

  send_all(pair.client.get(), "x");
  REQUIRE(told(wait_on(poller, patience), server) == Interest::read);
  REQUIRE_FALSE(poller.watch(server, Interest::write));
  REQUIRE(told(wait_on(poller, patience), server) == Interest::write);
  REQUIRE_FALSE(poller.watch(server, Interest::read | Interest::write));
  REQUIRE(told(wait_on(poller, patience), server) == (Interest::read | Interest::write));
}

TEST_CASE("a handle watched for nothing, or no longer, is silent", "[poller]") {
  const Pair pair = open_pair();
  Poller poller;
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::none));
  REQUIRE(wait_on(poller, milliseconds(0)).empty());
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::write));
  REQUIRE_FALSE(poller.watch(pair.server.get(), Interest::write));
  REQUIRE(wait_on(poller, patience).size() == 2);

  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::none));
  REQUIRE(told(wait_on(poller, patience), pair.client.get()) == Interest::none);
  poller.forget(pair.server.get());
  REQUIRE(wait_on(poller, milliseconds(0)).empty());
  poller.forget(pair.server.get());
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::write));
  REQUIRE(told(wait_on(poller, patience), pair.client.get()) == Interest::write);
}

TEST_CASE("an invalid handle cannot be watched, and forgetting it is harmless", "[poller]") {
  Poller poller;
  REQUIRE(poller.watch(Handle::invalid, Interest::read) == std::errc::bad_file_descriptor);
  poller.forget(Handle::invalid);
  REQUIRE(wait_on(poller, milliseconds(0)).empty());
}

TEST_CASE("a connection waiting to be accepted makes its listener readable", "[poller]") {
  const Owned listener = listen_on_loopback();
  Poller poller;
  REQUIRE_FALSE(poller.watch(listener.get(), Interest::read));
  REQUIRE(wait_on(poller, milliseconds(0)).empty());
  const Owned client = connect_to(os::local_address(listener.get()));
  REQUIRE(told(wait_on(poller, patience), listener.get()) == Interest::read);
}

TEST_CASE("a FIN and a reset make a socket readable", "[poller]") {
  const Owned listener = listen_on_loopback();
  Pair ended = connect_pair(listener.get());
  Pair reset = connect_pair(listener.get());
  REQUIRE_FALSE(os::shutdown_send(ended.client.get()));
  os::close_with_reset(reset.client.release());
  REQUIRE(wait_for(ended.server.get(), Interest::read) == Interest::read);
  REQUIRE(wait_for(reset.server.get(), Interest::read) == Interest::read);
}

TEST_CASE("a connect that is made is told as such", "[poller]") {
  const Owned listener = listen_on_loopback();
  const Owned client = open_stream();
  const std::error_code error = os::connect(client.get(), os::local_address(listener.get()));
  REQUIRE((!error || error == std::errc::operation_in_progress));
  REQUIRE(wait_for(client.get(), Interest::connect) == Interest::connect);
  if (error) REQUIRE_FALSE(os::connect_result(client.get()));
  REQUIRE_FALSE(os::peer_address(client.get()).empty());
}

TEST_CASE("a connect that is refused is told as such, and why", "[poller]") {
  // Bound but not listening: nobody else can take the port meanwhile.
  const Owned silent = open_stream();
  REQUIRE_FALSE(os::set_exclusive(silent.get(), true));
  REQUIRE_FALSE(os::bind(silent.get(), Address::from_ip("127.0.0.1", 0)));
  const Owned client = open_stream();
  std::error_code error = os::connect(client.get(), os::local_address(silent.get()));
  if (error == std::errc::operation_in_progress) {
    REQUIRE(wait_for(client.get(), Interest::connect) == Interest::connect);
    error = os::connect_result(client.get());
  }
  REQUIRE(error == std::errc::connection_refused);
}

TEST_CASE("who is told first rotates", "[poller]") {
  const Owned listener = listen_on_loopback();
  std::vector<Pair> pairs;
  Poller poller;
  for (int count = 0; count < 5; ++count) {
    pairs.push_back(connect_pair(listener.get()));
    // Two that are never ready stand between those that always are.
    const Interest want = count % 2 == 0 ? Interest::write : Interest::read;
    REQUIRE_FALSE(poller.watch(pairs.back().client.get(), want));
  }
  std::vector<Handle> firsts;
  for (int turn = 0; turn < 6; ++turn) {
    const std::vector<Readiness> ready = wait_on(poller, patience);
    REQUIRE(ready.size() == 3);
    firsts.push_back(ready[0].handle);
  }
  for (const std::size_t busy : {0u, 2u, 4u})
    REQUIRE(std::count(firsts.begin(), firsts.end(), pairs[busy].client.get()) == 2);
}

TEST_CASE("a handle closed behind our back is told as ready for all it wants", "[poller]") {
  const Owned listener = listen_on_loopback();
  Pair healthy = connect_pair(listener.get());
  Pair broken = connect_pair(listener.get());
  Poller poller;
  const Handle closed = broken.client.release();
  REQUIRE_FALSE(poller.watch(healthy.server.get(), Interest::read));
  REQUIRE_FALSE(poller.watch(closed, Interest::read | Interest::write));
  os::close(closed);
  const std::vector<Readiness> ready = wait_on(poller, milliseconds(0));
  REQUIRE(ready.size() == 1);
  REQUIRE(told(ready, closed) == (Interest::read | Interest::write));

  char letter = 0;
  std::size_t received = 0;
  const std::error_code error = os::receive(closed, &letter, 1, received);
  REQUIRE((error == std::errc::bad_file_descriptor || error == std::errc::not_a_socket));
  poller.forget(closed);
  send_all(healthy.client.get(), "x");
  REQUIRE(told(wait_on(poller, patience), healthy.server.get()) == Interest::read);
}

TEST_CASE("descriptors of any value can be watched", "[poller]") {
  // Held open so that the next ones lie beyond FD_SETSIZE. Where the system lets us have fewer, or
  // has no such numbers (Windows), the test still waits for what there is.
  std::vector<Owned> held;
  for (int count = 0; count < 2000; ++count) {
    Owned one(os::open_spare());
    if (one.get() == Handle::invalid) break;
    held.push_back(std::move(one));
  }
  if (!held.empty() && held.size() < 2000) {
    WARN("only " << held.size() << " descriptors can be had");
    held.resize(held.size() - 3);
  }
  const Pair pair = open_pair();
  Poller poller;
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::read));
  REQUIRE_FALSE(poller.watch(pair.server.get(), Interest::write));
  std::vector<Readiness> ready = wait_on(poller, patience);
  REQUIRE(ready.size() == 1);
  REQUIRE(told(ready, pair.server.get()) == Interest::write);
  send_all(pair.server.get(), "x");
  ready = wait_on(poller, patience);
  REQUIRE(told(ready, pair.client.get()) == Interest::read);
}

TEST_CASE("the room of a crowd is given back when it has gone", "[poller]") {
  const Pair pair = open_pair();
  Poller poller;
  REQUIRE_FALSE(poller.watch(pair.client.get(), Interest::write));
  // Numbers that no process has: a crowd that needs no limit of descriptors.
  const auto stranger = [](std::uintptr_t number) {
    return static_cast<Handle>(1'000'000 + number);
  };
  constexpr std::uintptr_t crowd = 4000;
  for (std::uintptr_t number = 0; number < crowd; ++number)
    REQUIRE_FALSE(poller.watch(stranger(number), Interest::read));
  std::vector<Readiness> ready;
  REQUIRE_FALSE(poller.wait(milliseconds(0), ready));
  REQUIRE(ready.capacity() >= crowd);

  for (std::uintptr_t number = 0; number < crowd; ++number) poller.forget(stranger(number));
  REQUIRE_FALSE(poller.wait(patience, ready));
  REQUIRE(ready.size() == 1);
  REQUIRE(told(ready, pair.client.get()) == Interest::write);
  REQUIRE(ready.capacity() < 100);
}

TEST_CASE("many handles can be watched at once", "[poller]") {
  const Owned listener = listen_on_loopback();
  std::vector<Pair> pairs;
  Poller poller;
  for (int count = 0; count < 150; ++count) {
    pairs.push_back(connect_pair(listener.get()));
    REQUIRE_FALSE(poller.watch(pairs.back().client.get(), Interest::read));
    REQUIRE_FALSE(poller.watch(pairs.back().server.get(), Interest::read));
  }
  REQUIRE(wait_on(poller, milliseconds(0)).empty());
  for (const std::size_t speaker : {0u, 70u, 149u}) send_all(pairs[speaker].client.get(), "x");
  for (const std::size_t speaker : {0u, 70u, 149u})
    REQUIRE(wait_for(pairs[speaker].server.get(), Interest::read) == Interest::read);
  const std::vector<Readiness> ready = wait_on(poller, milliseconds(0));
  REQUIRE(ready.size() == 3);
  for (const std::size_t speaker : {0u, 70u, 149u})
    REQUIRE(told(ready, pairs[speaker].server.get()) == Interest::read);

  // Forgotten in an order of its own: the rest is still found.
  for (std::size_t index = 0; index < 150; index += 2) poller.forget(pairs[index].server.get());
  const std::vector<Readiness> rest = wait_on(poller, patience);
  REQUIRE(rest.size() == 1);
  REQUIRE(told(rest, pairs[149].server.get()) == Interest::read);
}

#endif
