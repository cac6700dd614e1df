// onesock: Loop: the order of a turn, run, run_once, stop and post.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <vector>

#include "support.hpp"
#include "thread.hpp"

using namespace support;
using onesock::Error;
using onesock::Loop;
using onesock::Server;
using onesock::Socket;

namespace {

Loop* loop_to_stop = nullptr;

}  // namespace

TEST_CASE("a loop with nothing to do returns at once", "[loop]") {
  Loop loop;
  CHECK_FALSE(loop.alive());
  CHECK_FALSE(loop.run());
  CHECK_FALSE(loop.run_once(patience));
}

TEST_CASE("a turn runs timers, then tasks, then sockets, then closes", "[loop]") {
  Link link;
  link.client.on_data(link.log.note("data"));
  link.peer.write("x");
  Socket closing(link.loop);
  closing.on_close(link.log.note("close")).destroy();
  link.loop.post(link.log.note("task"));
  link.loop.set_timeout(milliseconds(0), link.log.note("timer"));
  link.loop.run_once();
  // The byte may need a moment to come through the loopback.
  const auto text = link.log.text();
  CHECK((text == "timer task data close" || text == "timer task close"));
}

TEST_CASE("a task posted by a task waits for the next turn", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post([&] {
    log.add("first");
    loop.post(log.note("second"));
  });
  CHECK(loop.run_once());
  CHECK(log.text() == "first");
  CHECK_FALSE(loop.run_once());
  CHECK(log.text() == "first second");
}

TEST_CASE("tasks and deferred events run in the order they came", "[loop]") {
  TestLoop loop;
  EventLog log;
  for (int number = 0; number < 50; ++number) loop.post(log.note(std::to_string(number)));
  std::string expected;
  for (int number = 0; number < 50; ++number) {
    expected += (number == 0 ? "" : " ") + std::to_string(number);
  }
  loop.run();
  CHECK(log.text() == expected);
}

TEST_CASE("run_once waits no longer than told", "[loop]") {
  TestLoop loop;
  loop.set_timeout(patience, [] {});
  const auto begin = std::chrono::steady_clock::now();
  CHECK(loop.run_once());
  CHECK(loop.run_once(milliseconds(20)));
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= milliseconds(20));
  CHECK(took < patience);
  CHECK(loop.run_once(milliseconds(-5)));
}

TEST_CASE("run_once wakes for a timer before its wait is over", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.set_timeout(milliseconds(10), log.note("timer"));
  CHECK(loop.run_once(patience));
  CHECK_FALSE(loop.run_once(patience));
  CHECK(log.text() == "timer");
}

TEST_CASE("stop while nothing runs ends the next run at once, and only that one", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post(log.note("task"));
  loop.stop();
  CHECK(loop.run());
  CHECK(log.empty());
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "task");
}

TEST_CASE("stop while nothing runs ends the next run_once at once too", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post(log.note("task"));
  loop.stop();
  CHECK_FALSE(loop.run_once(patience));
  CHECK(log.empty());
  CHECK_FALSE(loop.run_once());
  CHECK(log.text() == "task");
}

TEST_CASE("stop lets the turn end, closes and all", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post([&] {
    loop.stop();
    Socket socket(loop);
    socket.on_close(log.note("close")).destroy();
    loop.post(log.note("next turn"));
  });
  loop.post(log.note("same turn"));
  CHECK(loop.run());
  CHECK(log.text() == "same turn close");
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "same turn close next turn");
}

TEST_CASE("run_once returns false after stop", "[loop]") {
  TestLoop loop;
  loop.set_timeout(patience, [] {});
  loop.post([&] { loop.stop(); });
  CHECK_FALSE(loop.run_once());
  CHECK(loop.alive());
  CHECK(loop.run_once());
}

TEST_CASE("stop from another thread wakes the wait", "[loop]") {
  TestLoop loop;
  loop.ref();
  Thread other([&] { loop.stop(); });
  CHECK(loop.run());
  other.join();
  loop.unref();
  CHECK_FALSE(loop.run());
}

TEST_CASE("stop from a signal handler ends run", "[loop]") {
  TestLoop loop;
  loop_to_stop = &loop;
  const auto before = std::signal(SIGINT, [](int) { loop_to_stop->stop(); });
  REQUIRE(before != SIG_ERR);
  loop.ref();
  bool raised = false;
  loop.set_timeout(milliseconds(1), [&] { raised = std::raise(SIGINT) == 0; });
  CHECK(loop.run());
  CHECK(raised);
  std::signal(SIGINT, before);
}

TEST_CASE("posts from several threads all run, each thread's in its order", "[loop]") {
  constexpr int threads = 4;
  constexpr int posts = 500;
  TestLoop loop;
  std::vector<std::vector<int>> seen(threads);
  std::vector<Thread> others;
  std::atomic<int> running{threads};
  loop.ref();
  for (std::size_t which = 0; which < threads; ++which) {
    others.emplace_back([&, which] {
      for (int number = 0; number < posts; ++number) {
        loop.post([&, which, number] { seen[which].push_back(number); });
      }
      if (--running == 0) loop.post([&] { loop.unref(); });
    });
  }
  loop.run();
  for (auto& other : others) other.join();
  for (const auto& each : seen) {
    REQUIRE(each.size() == posts);
    CHECK(std::is_sorted(each.begin(), each.end()));
  }
}

TEST_CASE("a task from another thread wakes the wait within the turn", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.ref();
  Thread other([&] {
    loop.post([&] {
      log.add("posted");
      loop.unref();
    });
  });
  loop.run();
  other.join();
  CHECK(log.text() == "posted");
}

TEST_CASE("a posted task keeps run going until it ran", "[loop]") {
  TestLoop loop;
  EventLog log;
  CHECK_FALSE(loop.alive());
  loop.post(log.note("task"));
  CHECK(loop.alive());
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "task");
}

TEST_CASE("an empty task is ignored", "[loop]") {
  TestLoop loop;
  loop.post({});
  CHECK_FALSE(loop.alive());
  CHECK_FALSE(loop.set_timeout(milliseconds(0), {}).active());
  CHECK_FALSE(loop.set_interval(milliseconds(1), {}).active());
  CHECK_FALSE(loop.alive());
}

TEST_CASE("ref holds run open, once per call", "[loop]") {
  TestLoop loop;
  loop.ref();
  loop.ref();
  loop.unref();
  CHECK(loop.alive());
  loop.post([&] { loop.unref(); });
  CHECK_FALSE(loop.run());
}

TEST_CASE("run inside a handler does nothing and returns true", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post([&] {
    loop.post(log.note("inner"));
    CHECK(loop.run());
    CHECK(loop.run_once(patience));
    CHECK(log.empty());
  });
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "inner");
}

TEST_CASE("another loop may run inside a handler", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post([&] {
    TestLoop inner;
    inner.post(log.note("inner"));
    CHECK_FALSE(inner.run());
  });
  loop.run();
  CHECK(log.text() == "inner");
}

TEST_CASE("Loop::on_error hears what nobody listens for, the second listener in place of the first",
          "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.on_error(log.note("first"));
  loop.on_error([&](const Error& error) { log.add(std::string(error.name())); });
  Server(loop).listen(-1);
  Socket(loop).connect(-1, "127.0.0.1");
  Server heard(loop);
  heard.on_error(log.note("own"));
  heard.listen(-1);
  loop.run();
  CHECK(log.text() == "ERR_SOCKET_BAD_PORT own ERR_SOCKET_BAD_PORT");
}

TEST_CASE("an error of a live connection that nobody listens for only closes it", "[loop]") {
  Link link;
  link.client.on_close([&](bool had_error) { link.log.add(had_error ? "true" : "false"); });
  link.client.destroy(Error("boom"));
  link.loop.run();
  CHECK(link.log.text() == "true");
}

TEST_CASE("the receive buffer's size is the most that one data carries", "[loop]") {
  Link link;
  std::size_t most = 0;
  std::size_t all = 0;
  link.loop.set_receive_buffer_size(1000);
  link.client.on_data([&](onesock::BufferView data) {
    most = (std::max)(most, data.size());
    all += data.size();
  });
  link.peer.end(std::string(10000, 'x'));
  link.loop.run();
  CHECK(most == 1000);
  CHECK(all == 10000);
  link.loop.set_receive_buffer_size(0);  // At least 1.
  link.loop.run();
}

TEST_CASE("the default loop is this thread's own", "[loop]") {
  EventLog log;
  Loop* const mine = &onesock::default_loop();
  CHECK(mine == &onesock::default_loop());
  Loop* theirs = nullptr;
  Thread other([&] {
    theirs = &onesock::default_loop();
    onesock::set_timeout(milliseconds(0), log.note("theirs"));
    onesock::run();
  });
  other.join();
  CHECK(theirs != mine);
  onesock::set_timeout(milliseconds(0), log.note("mine"));
  onesock::set_interval(milliseconds(1), [&](onesock::Timer& timer) {
    log.add("interval");
    timer.cancel();
  });
  CHECK_FALSE(onesock::run());
  CHECK(log.text() == "theirs mine interval");
  onesock::stop();
  CHECK_FALSE(onesock::run_once());
}

TEST_CASE("a loop takes no descriptor that it does not give back", "[loop]") {
  { Loop warm_up; }
  const auto before = open_descriptors();
  for (int count = 0; count < 20; ++count) Loop loop;
  CHECK(open_descriptors() == before);
}
