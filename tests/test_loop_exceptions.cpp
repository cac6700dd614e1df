// onesock: Loop: handlers that throw leave it in order, and set-up errors that nobody listens for.
// SPDX-License-Identifier: MIT

#include "support.hpp"

#ifndef ONESOCK_NO_EXCEPTIONS

using namespace support;
using onesock::Error;
using onesock::Server;
using onesock::Socket;

namespace {

/// Runs to the end, and counts the exceptions that come out on the way.
int run_to_the_end(onesock::Loop& loop) {
  for (int thrown = 0;; ++thrown) {
    try {
      loop.run();
      return thrown;
    } catch (const Oops&) {
    }
  }
}

}  // namespace

TEST_CASE("a task that throws leaves the others to the next run, in order", "[loop][exceptions]") {
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

TEST_CASE("a timer that throws leaves the others to the next run", "[loop][exceptions]") {
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

TEST_CASE("an interval that throws goes on", "[loop][exceptions]") {
  TestLoop loop;
  int calls = 0;
  loop.set_interval(milliseconds(1), [&](onesock::Timer& timer) {
    if (++calls == 3) timer.cancel();
    throw Oops();
  });
  CHECK(run_to_the_end(loop) == 3);
  CHECK(calls == 3);
}

TEST_CASE("a data handler that throws loses no later data", "[loop][exceptions]") {
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
          "[loop][exceptions]") {
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
          "[loop][exceptions]") {
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

TEST_CASE("a done that throws loses neither the later dones nor the events", "[loop][exceptions]") {
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

TEST_CASE("an end handler that throws does not stop the automatic end", "[loop][exceptions]") {
  Link link;
  link.client.on_end([] { throw Oops(); });
  follow(link.client, link.log);
  link.peer.end();
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "finish close(false)");
}

TEST_CASE("a finish handler that throws does not stop the close", "[loop][exceptions]") {
  Link link;
  link.client.on_finish([] { throw Oops(); });
  follow(link.client, link.log);
  link.peer.end();
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "end close(false)");
}

TEST_CASE("a drain handler that throws does not stop the dones", "[loop][exceptions]") {
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

TEST_CASE("an error handler that throws does not stop the dones and the close",
          "[loop][exceptions]") {
  Link link;
  link.peer.resume();
  link.client.write(too_much(), link.log.done("done"));
  link.client.on_error([] { throw Oops(); });
  follow(link.client, link.log);
  link.client.destroy(Error("boom"));
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "done(ECANCELED) close(true)");
}

TEST_CASE("a failing done that throws does not stop the error", "[loop][exceptions]") {
  Link link;
  follow(link.client, link.log);
  link.client.end();
  link.client.write("x", [] { throw Oops(); });
  CHECK(run_to_the_end(link.loop) == 1);
  CHECK(link.log.text() == "error(ERR_STREAM_WRITE_AFTER_END) close(true)");
}

TEST_CASE("a close handler that throws skips its later listeners, other closes are told",
          "[loop][exceptions]") {
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

TEST_CASE("a close handler that connects again and throws keeps the new life",
          "[loop][exceptions]") {
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

TEST_CASE("a server's close handler that throws does not stop its callbacks",
          "[loop][exceptions]") {
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
          "[loop][exceptions]") {
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

TEST_CASE("a lookup handler that throws does not stop the connect", "[loop][exceptions]") {
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

TEST_CASE("a set-up error that nobody listens for leaves run as Failure", "[loop][exceptions]") {
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
  loop.on_error([] { FAIL("taken away again"); });
  loop.on_error({});
  Server(loop).listen(-1);
  CHECK_THROWS_AS(loop.run(), onesock::Failure);
}

TEST_CASE("a lookup function that throws has failed the look-up", "[loop][exceptions]") {
  TestLoop loop;
  EventLog log;
  onesock::ConnectOptions options = to_port(1);
  options.host = "some.name";
  onesock::LookupAnswer kept;
  options.lookup = [&](const std::string&, onesock::Family, onesock::LookupAnswer answer) {
    kept = std::move(answer);
    throw Oops();
  };
  Socket client(loop);
  follow_attempts(client, log);
  follow(client, log);
  client.connect(options);
  CHECK(run_to_the_end(loop) == 1);
  kept({}, {onesock::Address::from_ip("127.0.0.1", 1)});  // Nobody waits for it any more.
  CHECK_FALSE(loop.run());
  CHECK(log.text() == "lookup(some.name=EAI_FAIL) error(EAI_FAIL) close(true)");
}

TEST_CASE("a lookup function that throws behind its answer has answered", "[loop][exceptions]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  onesock::ConnectOptions options = to_port(closed.port());
  options.host = "some.name";
  options.lookup = [](const std::string&, onesock::Family, const onesock::LookupAnswer& answer) {
    answer({}, {onesock::Address::from_ip("127.0.0.1", 1)});
    throw Oops();
  };
  Socket client(loop);
  follow_attempts(client, log);
  client.on_error([] {}).connect(options);
  CHECK(run_to_the_end(loop) == 1);
  CHECK(log.text() ==
        "lookup(some.name=127.0.0.1) attempt(127.0.0.1) failed(127.0.0.1 ECONNREFUSED)");
}

#endif
