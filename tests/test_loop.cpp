// onesock: Loop: the order of a turn, run, run_once, stop, post, and handlers that throw.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support.hpp"

using namespace support;
using onesock::Error;
using onesock::Loop;
using onesock::Server;
using onesock::Socket;

namespace {

/// Runs to the end, and counts the exceptions that come out on the way.
int run_to_the_end(Loop& loop) {
  for (int thrown = 0;; ++thrown) {
    try {
      loop.run();
      return thrown;
    } catch (const Oops&) {
    }
  }
}

Loop* loop_to_stop = nullptr;
extern "C" void stop_it(int) {
  loop_to_stop->stop();
}

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
  std::thread other([&] { loop.stop(); });
  CHECK(loop.run());
  other.join();
  loop.unref();
  CHECK_FALSE(loop.run());
}

TEST_CASE("stop from a signal handler ends run", "[loop]") {
  TestLoop loop;
  loop_to_stop = &loop;
  const auto before = std::signal(SIGINT, stop_it);
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
  std::vector<std::thread> others;
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
  std::thread other([&] {
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

TEST_CASE("a task that throws leaves the others to the next run, in order", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.post(log.note("1"));
  loop.post([] { throw Oops(); });
  loop.post(log.note("2"));
  loop.set_timeout(milliseconds(0), [&] { log.add("timer"); });
  CHECK_THROWS_AS(loop.run(), Oops);
  CHECK(log.text() == "timer 1");
  loop.post(log.note("3"));
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "timer 1 2 3");
}

TEST_CASE("a timer that throws leaves the others to the next run", "[loop]") {
  TestLoop loop;
  EventLog log;
  loop.set_timeout(milliseconds(0), [] { throw Oops(); });
  loop.set_timeout(milliseconds(0), log.note("timer"));
  loop.post(log.note("task"));
  CHECK_THROWS_AS(loop.run(), Oops);
  CHECK(log.empty());
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "timer task");
}

TEST_CASE("an interval that throws goes on", "[loop]") {
  TestLoop loop;
  int calls = 0;
  loop.set_interval(milliseconds(1), [&](onesock::Timer& timer) {
    if (++calls == 3) timer.cancel();
    throw Oops();
  });
  CHECK(run_to_the_end(loop) == 3);
  CHECK(calls == 3);
}

TEST_CASE("a data handler that throws loses no later data", "[loop]") {
  Link link;
  std::string received;
  link.peer.on_end([] {});
  link.client.on_data([&](onesock::BufferView data) {
    received += data.utf8();
    throw Oops();
  });
  link.peer.on_data([&](onesock::BufferView) { link.peer.end("two"); });
  link.peer.write("one", [&] { link.client.write("go"); });
  follow_quietly(link.client, link.log);
  CHECK(run_to_the_end(link.loop) >= 1);
  CHECK(received == "onetwo");
  CHECK(link.log.text() == "end finish close(false)");
}

TEST_CASE("a connection handler that throws skips its later listeners, the socket lives",
          "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [&](Socket& accepted) {
    follow(accepted, log, "s.");
    throw Oops();
  });
  server.on_connection(log.note("skipped"));
  server.on_error(log.note("error"));
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.on_data([] {}).connect(to_port(server.address().port),
                                [](Socket& self) { self.end("bye"); });
  CHECK(run_to_the_end(loop) == 1);
  CHECK(log.text() == "s.data(bye) s.end s.finish s.close(false)");
}

TEST_CASE("a connect handler that throws stops neither ready nor the reading nor the queue",
          "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [](Socket& accepted) {
    accepted.on_data([&accepted](onesock::BufferView data) { accepted.end(data); });
  });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.on_connect([] { throw Oops(); });
  follow(client, log);
  client.connect(to_port(server.address().port));
  client.write("queued", log.done("done"));
  CHECK(run_to_the_end(loop) == 1);
  CHECK(log.text() == "ready done data(queued) end finish close(false)");
}

TEST_CASE("a done that throws loses neither the later dones nor the events", "[loop]") {
  Link link;
  follow(link.client, link.log);
  link.peer.on_data([] {});
  link.client.write("1", [] { throw Oops(); });
  link.client.write("2", link.log.done("2"));
  link.client.end([] { throw Oops(); });
  link.client.end(link.log.done("end-done"));
  CHECK(run_to_the_end(link.loop) == 2);
  CHECK(link.log.text() == "2 end-done finish end close(false)");
}

TEST_CASE("an end handler that throws does not stop the automatic end", "[loop]") {
  Link link;
  link.client.on_end([] { throw Oops(); });
  follow(link.client, link.log);
  link.peer.end();
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "finish close(false)");
}

TEST_CASE("a finish handler that throws does not stop the close", "[loop]") {
  Link link;
  link.client.on_finish([] { throw Oops(); });
  follow(link.client, link.log);
  link.peer.end();
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "end close(false)");
}

TEST_CASE("a drain handler that throws does not stop the dones", "[loop]") {
  Link link;
  link.client.on_drain([] { throw Oops(); });
  follow(link.client, link.log);
  link.peer.on_data([] {});
  CHECK_FALSE(link.client.write(too_much(), [&] {
    link.log.add("done");
    link.client.end();
  }));
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "done finish end close(false)");
}

TEST_CASE("an error handler that throws does not stop the dones and the close", "[loop]") {
  Link link;
  link.peer.resume();
  link.client.write(too_much(), link.log.done("done"));
  link.client.on_error([] { throw Oops(); });
  follow(link.client, link.log);
  link.client.destroy(Error("boom"));
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "done(ECANCELED) close(true)");
}

TEST_CASE("a failing done that throws does not stop the error", "[loop]") {
  Link link;
  follow(link.client, link.log);
  link.client.end();
  link.client.write("x", [] { throw Oops(); });
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "error(ERR_STREAM_WRITE_AFTER_END) close(true)");
}

TEST_CASE("a close handler that throws skips its later listeners, other closes are told",
          "[loop]") {
  TestLoop loop;
  EventLog log;
  Socket first(loop);
  Socket second(loop);
  Server server(loop);
  server.on_close(log.note("server"));
  first.on_close([] { throw Oops(); }).on_close(log.note("skipped")).destroy();
  second.on_close(log.note("second")).destroy();
  server.close(log.done("done"));
  CHECK(run_to_the_end(loop) == 1);
  CHECK(log.text() == "second server done(ERR_SERVER_NOT_RUNNING)");
}

TEST_CASE("a close handler that connects again and throws keeps the new life", "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [](Socket& accepted) { accepted.resume().end("hi"); });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.on_close([&] {
    follow(client, log);
    client.connect(to_port(server.address().port));
    throw Oops();
  });
  client.destroy();
  CHECK(run_to_the_end(loop) == 1);
  CHECK(log.text() == "connect ready data(hi) end finish close(false)");
}

TEST_CASE("a server's close handler that throws does not stop its callbacks", "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  server.on_close([] { throw Oops(); });
  server.listen(0, "127.0.0.1");
  server.close([] { throw Oops(); }).close(log.done("second"));
  CHECK(run_to_the_end(loop) == 2);
  CHECK(log.text() == "second(ERR_SERVER_NOT_RUNNING)");
}

TEST_CASE("a listening handler and a listen error handler that throw leave the loop runnable",
          "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  server.on_listening([] { throw Oops(); });
  server.listen(0, "127.0.0.1");
  Server other(loop);
  other.on_error([] { throw Oops(); });
  other.listen(-1);
  server.on_error(log.note("already"));
  server.listen(0, "127.0.0.1");
  loop.post([&] { server.close(log.done("closed")); });
  CHECK(run_to_the_end(loop) == 2);
  CHECK(log.text() == "already closed");
}

TEST_CASE("a lookup handler that throws does not stop the connect", "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop, [](Socket& accepted) { accepted.end(); });
  server.listen(0, "127.0.0.1").unref();
  auto options = to_port(server.address().port);
  options.host = "some.name";
  options.lookup = [](const std::string&, onesock::Family, const onesock::LookupAnswer& answer) {
    answer({}, {onesock::Address::from_ip("127.0.0.1", 0)});
  };
  Socket client(loop);
  client.on_lookup([] { throw Oops(); }).on_connection_attempt([] { throw Oops(); });
  follow(client, log);
  client.connect(options);
  CHECK(run_to_the_end(loop) == 2);
  CHECK(log.text() == "connect ready end finish close(false)");
}

TEST_CASE("a set-up error that nobody listens for leaves run as Failure", "[loop]") {
  TestLoop loop;
  EventLog log;
  Server server(loop);
  server.listen(65536);
  try {
    loop.run();
    FAIL("nothing was thrown");
  } catch (const onesock::Failure& failure) {
    CHECK(failure.what() == std::string("listen: bad port 65536"));
    CHECK(failure.error().name() == "ERR_SOCKET_BAD_PORT");
  }
  Socket client(loop);
  client.on_close([&](bool had_error) { log.add(had_error ? "close(true)" : "close(false)"); });
  client.connect(65536, "127.0.0.1");
  CHECK_THROWS_AS(loop.run(), onesock::Failure);
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "close(true)");
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
  loop.on_error({});
  Server(loop).listen(-1);
  CHECK_THROWS_AS(loop.run(), onesock::Failure);
}

TEST_CASE("an error of a live connection that nobody listens for only closes it", "[loop]") {
  Link link;
  link.client.on_close([&](bool had_error) { link.log.add(had_error ? "true" : "false"); });
  link.client.destroy(Error("boom"));
  CHECK_NOTHROW(link.loop.run());
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
  std::thread other([&] {
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
