// onesock: Socket: set_timeout: idle time, told once, again after activity.
// SPDX-License-Identifier: MIT

#include <chrono>

#include "support.hpp"

using namespace support;
using onesock::Socket;

namespace {
using Clock = std::chrono::steady_clock;
}  // namespace

TEST_CASE("an idle connection is told timeout once, and stays open", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  const auto begin = Clock::now();
  link.client.set_timeout(milliseconds(10), [&] {
    CHECK(Clock::now() - begin >= milliseconds(10));
    link.log.add("callback");
  });
  run_for(link.loop, milliseconds(45));
  CHECK(link.log.text() == "timeout callback");
  CHECK(link.client.ready_state() == "open");
  link.client.destroy();
  link.loop.run();
}

TEST_CASE("activity after a timeout arms it again", "[socket][timeout]") {
  Link link;
  int timeouts = 0;
  link.client.resume().set_timeout(milliseconds(5), [&] {
    ++timeouts;
    if (timeouts == 1) link.client.write("x");
    if (timeouts == 2) link.peer.write("y");
    if (timeouts == 3) link.client.set_timeout(milliseconds(6));
    if (timeouts == 4) link.client.destroy();
  });
  link.peer.resume();
  link.loop.run();
  CHECK(timeouts == 4);
}

TEST_CASE("activity puts the timeout off", "[socket][timeout]") {
  Link link;
  constexpr milliseconds idle(40);
  auto last = Clock::now();  // When the client wrote or read; a slow machine may let it be idle.
  link.client.on_data([&] { last = Clock::now(); }).set_timeout(idle);
  link.peer.resume();
  int writes = 0;
  link.loop.set_interval(milliseconds(10), [&](onesock::Timer& timer) {
    if (writes % 2 == 0) last = Clock::now();
    (writes % 2 == 0 ? link.client : link.peer).write("x");
    if (++writes == 6) timer.cancel();
  });
  int timeouts = 0;
  link.client.on_timeout([&] {
    CHECK(Clock::now() - last >= idle - milliseconds(1));
    ++timeouts;
    if (writes == 6) link.client.destroy();
  });
  link.loop.run();
  CHECK(writes == 6);
  CHECK(timeouts >= 1);
}

TEST_CASE("0 turns the timeout off, negative is 0", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  link.client.set_timeout(milliseconds(5)).set_timeout(milliseconds(0));
  link.peer.on_timeout([] { FAIL("negative"); }).set_timeout(milliseconds(-5));
  run_for(link.loop, milliseconds(20));
  CHECK(link.log.empty());
  link.client.destroy();
  link.loop.run();
}

TEST_CASE("a timeout does not hold the loop", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  link.client.set_timeout(milliseconds(5)).unref();
  link.peer.unref();
  CHECK_FALSE(link.loop.run());
  CHECK(link.log.empty());
}

TEST_CASE("the timeout counts while connecting, and leaves the rest to us", "[socket][timeout]") {
  TestLoop loop;
  EventLog log;
  onesock::ConnectOptions options;
  options.port = 1;
  options.host = "some.name";
  options.lookup = [](const std::string&, onesock::Family, const onesock::LookupAnswer&) {};
  Socket client(loop);
  follow(client, log);
  client.set_timeout(milliseconds(5));  // Before connect: it counts from there.
  client.connect(options);
  client.on_timeout([&] {
    CHECK(client.connecting());
    client.destroy(onesock::Error("gave up"));
  });
  client.write("x", log.done("done"));
  loop.run();
  CHECK(log.text() ==
        "timeout error(ECANCELED) done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) close(true)");
}

TEST_CASE("destroy inside timeout, and no timeout after close", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  link.client.set_timeout(milliseconds(5));
  link.client.on_timeout([&] { link.client.destroy(); });
  run_for(link.loop, milliseconds(20));
  CHECK(link.log.text() == "timeout close(false)");
  link.client.set_timeout(milliseconds(1));
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.text() == "timeout close(false)");
}

TEST_CASE("a write that is stuck is told as idle", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  CHECK_FALSE(link.client.write(too_much()));
  turn(link.loop, 10);
  link.client.set_timeout(milliseconds(10));
  link.client.on_timeout([&] {
    link.client.destroy();
    link.peer.destroy();
  });
  link.loop.run();
  CHECK(link.log.text() == "timeout close(false)");
}

TEST_CASE("several sockets have timeouts of their own", "[socket][timeout]") {
  Link link;
  link.client.set_timeout(milliseconds(20), link.log.note("client"));
  link.peer.set_timeout(milliseconds(5), link.log.note("peer"));
  run_for(link.loop, milliseconds(35));
  CHECK(link.log.text() == "peer client");
  link.client.destroy();
  link.loop.run();
}

TEST_CASE("a timeout is of one life", "[socket][timeout]") {
  Link link;
  follow(link.client, link.log);
  link.client.set_timeout(milliseconds(5)).destroy();
  link.loop.run();
  follow(link.client, link.log);
  link.client.connect(to_port(link.server.address().port));
  run_for(link.loop, milliseconds(20));
  CHECK(link.log.text() == "close(false) connect ready");
  link.client.destroy();
  link.loop.run();
}
