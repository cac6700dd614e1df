// onesock: WriteQueue: bytes in order, small ones together, no memory when empty.
// SPDX-License-Identifier: MIT

#include "catch.hpp"
#include "onesock.hpp"

// In split mode the layer below the API is seen by the bodies only.
#ifndef ONESOCK_SPLIT

#include <algorithm>
#include <random>
#include <string>

using onesock::BufferView;
using onesock::detail::WriteQueue;

namespace {

std::string take(WriteQueue& queue, std::size_t most) {
  const std::string taken(queue.front().raw().substr(0, most));
  queue.consume(taken.size());
  return taken;
}

}  // namespace

TEST_CASE("a new write queue is empty", "[write_queue]") {
  WriteQueue queue;
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
  CHECK(queue.front().empty());
  queue.push("");
  CHECK(queue.empty());
  CHECK(queue.front().empty());
  queue.consume(0);
  queue.clear();
  CHECK(queue.empty());
}

TEST_CASE("a write queue gives bytes back in order", "[write_queue]") {
  WriteQueue queue;
  queue.push("hello");
  queue.push(" world");
  CHECK(queue.size() == 11);
  std::string taken;
  while (!queue.empty()) taken += take(queue, 3);
  CHECK(taken == "hello world");
  CHECK(queue.size() == 0);
  queue.push("again");
  CHECK(take(queue, 100) == "again");
}

TEST_CASE("small writes behind the first share a chunk", "[write_queue]") {
  WriteQueue queue;
  for (int count = 0; count < 1000; ++count) queue.push("0123456789");
  CHECK(queue.size() == 10000);
  int fronts = 0;
  for (; !queue.empty(); ++fronts) queue.consume(queue.front().size());
  CHECK(fronts <= 3);
}

TEST_CASE("a write queue keeps random pieces whole, however they are taken", "[write_queue]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  WriteQueue queue;
  std::string pushed;
  std::string taken;
  for (int round = 0; round < 2000; ++round) {
    if (random() % 2 == 0) {
      std::string piece(random() % (round % 100 == 0 ? 50000 : 200), '\0');
      for (auto& octet : piece) octet = static_cast<char>(random());
      pushed += piece;
      queue.push(piece);
    } else {
      taken += take(queue, random() % 3000);
    }
    REQUIRE(queue.size() == pushed.size() - taken.size());
    REQUIRE(queue.empty() == queue.front().empty());
  }
  while (!queue.empty()) taken += take(queue, 1000);
  CHECK((taken == pushed));
}

TEST_CASE("clear forgets everything, a half-taken chunk too", "[write_queue]") {
  WriteQueue queue;
  queue.push(std::string(40000, 'x'));
  queue.push(std::string(40000, 'y'));
  queue.consume(5);
  queue.clear();
  CHECK(queue.empty());
  CHECK(queue.front().empty());
  queue.push("new");
  CHECK(take(queue, 100) == "new");
}

#endif
