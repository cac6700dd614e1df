// onesock: Timer: timeouts and intervals, cancelled, refreshed, unreferenced.
// SPDX-License-Identifier: MIT

#include <chrono>

#include "support.hpp"

using namespace support;
using onesock::Loop;
using onesock::Timer;

namespace {
using Clock = std::chrono::steady_clock;
}  // namespace

TEST_CASE("a timeout runs once, not before its time", "[timer]") {
  TestLoop loop;
  int calls = 0;
  const auto begin = Clock::now();
  const auto timer = loop.set_timeout(milliseconds(15), [&] { ++calls; });
  CHECK(timer.active());
  loop.run();
  CHECK(Clock::now() - begin >= milliseconds(15));
  CHECK(calls == 1);
  CHECK_FALSE(timer.active());
}

TEST_CASE("timers run by their time, and those of one time in the order they were set", "[timer]") {
  TestLoop loop;
  EventLog log;
  loop.set_timeout(milliseconds(12), log.note("late"));
  loop.set_timeout(milliseconds(4), log.note("early"));
  loop.set_timeout(milliseconds(0), log.note("a"));
  loop.set_timeout(milliseconds(-1000), log.note("b"));
  loop.set_timeout(milliseconds(0), log.note("c"));
  loop.run();
  CHECK(log.text() == "a b c early late");
}

TEST_CASE("a timer set by a timer waits for the next turn", "[timer]") {
  TestLoop loop;
  EventLog log;
  loop.set_timeout(milliseconds(0), [&] {
    log.add("outer");
    loop.set_timeout(milliseconds(0), log.note("inner"));
    loop.post(log.note("task"));
  });
  loop.run();
  CHECK(log.text() == "outer task inner");
}

TEST_CASE("an empty timer does nothing", "[timer]") {
  const Timer timer;
  timer.cancel();
  timer.refresh();
  timer.ref();
  timer.unref();
  CHECK_FALSE(timer.active());
}

TEST_CASE("a cancelled timer does not run and holds nothing", "[timer]") {
  TestLoop loop;
  const Token token = std::make_shared<int>();
  const auto timer = loop.set_timeout(milliseconds(0), [token] { FAIL("cancelled"); });
  CHECK(alive(token) == 1);
  timer.cancel();
  CHECK(alive(token) == 0);
  CHECK_FALSE(timer.active());
  CHECK_FALSE(loop.run());
  timer.cancel();
  timer.refresh();
  CHECK_FALSE(loop.run());
}

TEST_CASE("a timer may cancel another one that is due in the same turn", "[timer]") {
  TestLoop loop;
  EventLog log;
  Timer second;
  loop.set_timeout(milliseconds(0), [&] {
    log.add("first");
    second.cancel();
  });
  second = loop.set_timeout(milliseconds(0), log.note("second"));
  loop.run();
  CHECK(log.text() == "first");
}

TEST_CASE("an interval repeats until it is cancelled by the Timer& it is given", "[timer]") {
  TestLoop loop;
  const Token token = std::make_shared<int>();
  int calls = 0;
  const auto begin = Clock::now();
  const auto interval = loop.set_interval(milliseconds(3), [&, token](Timer& timer) {
    if (++calls < 4) return;
    timer.cancel();
    CHECK_FALSE(timer.active());
    CHECK(alive(token) == 1);  // What it captured stands until it returns.
  });
  CHECK_FALSE(loop.run());
  CHECK(calls == 4);
  CHECK(Clock::now() - begin >= milliseconds(12));
  CHECK(alive(token) == 0);
  CHECK_FALSE(interval.active());
}

TEST_CASE("an interval's task may take nothing", "[timer]") {
  TestLoop loop;
  int calls = 0;
  Timer interval;
  interval = loop.set_interval(milliseconds(0), [&] {  // At least 1 ms, or it would spin.
    if (++calls == 3) interval.cancel();
  });
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE("a timer cancelled in its own task stays so, though refreshed", "[timer]") {
  TestLoop loop;
  int calls = 0;
  loop.set_interval(milliseconds(1), [&](Timer& timer) {
    ++calls;
    timer.cancel();
    timer.refresh();
    timer.cancel();
  });
  Timer once;
  once = loop.set_timeout(milliseconds(1), [&] {
    ++calls;
    once.cancel();
    once.refresh();
  });
  CHECK_FALSE(loop.run());
  CHECK(calls == 2);
}

TEST_CASE("refresh starts the delay anew", "[timer]") {
  TestLoop loop;
  EventLog log;
  const auto timer = loop.set_timeout(milliseconds(20), log.note("refreshed"));
  loop.set_timeout(milliseconds(12), [&] { timer.refresh(); });
  loop.set_timeout(milliseconds(25), log.note("other"));
  loop.run();
  CHECK(log.text() == "other refreshed");
}

TEST_CASE("a timeout refreshed in its own task runs again", "[timer]") {
  TestLoop loop;
  const Token token = std::make_shared<int>();
  int calls = 0;
  Timer timer;
  timer = loop.set_timeout(milliseconds(1), [&, token] {
    if (++calls < 3) timer.refresh();
  });
  loop.run();
  CHECK(calls == 3);
  CHECK(alive(token) == 0);
  timer.refresh();  // It has run: there is nothing to run again.
  CHECK_FALSE(loop.run());
  CHECK(calls == 3);
}

TEST_CASE("an unreferenced timer does not hold the loop, but runs while something else does",
          "[timer]") {
  TestLoop loop;
  EventLog log;
  const auto timer = loop.set_timeout(milliseconds(5), log.note("timer"));
  timer.unref();
  timer.unref();
  CHECK_FALSE(loop.run());
  CHECK(log.empty());
  CHECK(timer.active());
  loop.set_timeout(milliseconds(10), log.note("other"));
  loop.run();
  CHECK(log.text() == "timer other");
}

TEST_CASE("ref takes unref back", "[timer]") {
  TestLoop loop;
  EventLog log;
  const auto timer = loop.set_timeout(milliseconds(1), log.note("timer"));
  timer.unref();
  timer.ref();
  timer.ref();
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "timer");
  timer.unref();
  CHECK_FALSE(loop.alive());
}

TEST_CASE("an unreferenced interval stays so from call to call", "[timer]") {
  TestLoop loop;
  int calls = 0;
  const auto holds = loop.set_timeout(patience, [] { FAIL("not called"); });
  const auto interval = loop.set_interval(milliseconds(1), [&] {
    if (++calls == 3) holds.cancel();
  });
  interval.unref();
  loop.run();
  CHECK(calls == 3);
  CHECK(interval.active());
  CHECK_FALSE(loop.alive());
}

TEST_CASE("huge delays neither overflow nor run", "[timer]") {
  TestLoop loop;
  for (const auto delay : {(milliseconds::max)(), milliseconds(2147483647),
                           milliseconds(2147483648), milliseconds(4294967296)}) {
    loop.set_timeout(delay, [] { FAIL("too early"); });
  }
  loop.set_interval((milliseconds::max)(), [] { FAIL("too early"); });
  loop.set_timeout((milliseconds::min)(), [&] { loop.stop(); });
  CHECK(loop.run());
  CHECK(loop.run_once(milliseconds(1)));
}

TEST_CASE("a huge wait of run_once ends with its timer", "[timer]") {
  TestLoop loop;
  EventLog log;
  loop.set_timeout(milliseconds(2), log.note("timer"));
  loop.run_once((milliseconds::max)());
  loop.run_once((milliseconds::max)());
  CHECK(log.text() == "timer");
}

TEST_CASE("a late interval is not made up for", "[timer]") {
  TestLoop loop;
  int calls = 0;
  const auto begin = Clock::now();
  loop.set_interval(milliseconds(5), [&](Timer& timer) {
    // The first call is 20 ms late for the second.
    while (calls == 0 && Clock::now() - begin < milliseconds(25)) {
    }
    if (++calls == 2) timer.cancel();
  });
  loop.run();
  CHECK(Clock::now() - begin >= milliseconds(25));
  CHECK(calls == 2);
}

TEST_CASE("a timer that its own task holds is let go when it ends", "[timer]") {
  TestLoop loop;
  const Token token = std::make_shared<int>();
  auto holder = std::make_shared<Timer>();
  *holder = loop.set_timeout(milliseconds(0), [holder, token] {});
  holder.reset();
  CHECK(alive(token) == 1);
  loop.run();
  CHECK(alive(token) == 0);
}

TEST_CASE("a timer that its own task holds is let go with its loop", "[timer]") {
  const Token token = std::make_shared<int>();
  Timer outlives;
  {
    Loop loop;
    auto holder = std::make_shared<Timer>();
    *holder = loop.set_timeout(patience, [holder, token] {});
    auto repeating = std::make_shared<Timer>();
    *repeating = loop.set_interval(patience, [repeating, token](Timer&) {});
    outlives = loop.set_timeout(patience, [token] {});
    CHECK(alive(token) == 3);
  }
  CHECK(alive(token) == 0);
  CHECK_FALSE(outlives.active());
  outlives.cancel();
  outlives.refresh();
  outlives.ref();
  outlives.unref();
}

TEST_CASE("timers that cancel each other when they are destroyed go in peace", "[timer]") {
  struct Canceller {
    explicit Canceller(Timer& victim) : timer(victim) {}
    ~Canceller() { timer.cancel(); }
    Timer& timer;
  };
  Timer first;
  Timer second;
  {
    Loop loop;
    auto cancels_second = std::make_shared<Canceller>(second);
    auto cancels_first = std::make_shared<Canceller>(first);
    first = loop.set_timeout(patience, [cancels_second = std::move(cancels_second)] {});
    second = loop.set_timeout(patience, [cancels_first = std::move(cancels_first)] {});
  }
  CHECK_FALSE(first.active());
  CHECK_FALSE(second.active());
}
