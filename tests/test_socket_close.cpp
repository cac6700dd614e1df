// onesock: Socket: close, destroy and reset: exactly one close, last, with the right had_error.
// SPDX-License-Identifier: MIT

#include <functional>

#include "support.hpp"

using namespace support;
using onesock::Error;
using onesock::Socket;

TEST_CASE("destroy tells close(false) on a turn, and nothing else", "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.destroy();
  CHECK(link.client.destroyed());
  CHECK(link.client.ready_state() == "closed");
  CHECK(link.log.empty());
  link.client.destroy().destroy(Error("too late"));
  link.client.reset_and_destroy();
  link.loop.run();
  CHECK(link.log.text() == "close(false)");
  CHECK(server_log.text() == "end finish close(false)");
}

TEST_CASE("destroy of a socket never connected tells close(false)", "[socket][close]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow(client, log);
  client.destroy();
  CHECK(loop.alive());
  loop.run();
  client.destroy();
  loop.run();
  CHECK(log.text() == "close(false)");
}

TEST_CASE("destroy with an error tells it and close(true) here, a clean end there",
          "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.destroy(Error("boom"));
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(link.log.text() == "error(ECANCELED) close(true)");
  CHECK(server_log.text() == "end finish close(false)");
}

TEST_CASE("an error is told with no way back: destroy in it changes nothing", "[socket][close]") {
  Link link;
  link.client.on_error([&] {
    link.client.destroy();
    link.client.destroy(Error("second"));
  });
  follow(link.client, link.log);
  link.client.destroy(Error("first"));
  link.loop.run();
  CHECK(link.log.text() == "error(ECANCELED) close(true)");
}

TEST_CASE("a peer's reset is read ECONNRESET and close(true), without end", "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.on_error([](const Error& error) { CHECK(error.message() == "read ECONNRESET"); });
  link.peer.reset_and_destroy();
  link.loop.run();
  CHECK(link.log.text() == "error(ECONNRESET) close(true)");
  CHECK(server_log.text() == "close(false)");
}

TEST_CASE("our own reset is close(false) here and ECONNRESET there", "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.reset_and_destroy();
  link.loop.run();
  CHECK(link.log.text() == "close(false)");
  CHECK(server_log.text() == "error(ECONNRESET) close(true)");
}

TEST_CASE("a reset is told to a paused socket, and to one that nobody reads", "[socket][close]") {
  const bool is_paused = GENERATE(true, false);
  CAPTURE(is_paused);
  Link link;
  follow_quietly(link.client, link.log);
  if (is_paused) link.client.pause();
  link.peer.reset_and_destroy();
  link.loop.run();
  CHECK(link.log.text() == "error(ECONNRESET) close(true)");
}

TEST_CASE("a reset with writes queued is read ECONNRESET too, and the dones get it",
          "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  link.client.on_error([](const Error& error) { CHECK(error.message() == "read ECONNRESET"); });
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  CHECK_FALSE(link.client.write("x", link.log.done("2")));
  link.client.end(link.log.done("end-done"));
  turn(link.loop);
  link.peer.reset_and_destroy();
  link.loop.run();
  CHECK(link.log.text() ==
        "error(ECONNRESET) 1(ECONNRESET) 2(ECONNRESET) end-done(ECONNRESET) close(true)");
}

TEST_CASE("a reset behind unread bytes waits for the reader, who gets them first",
          "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  link.client.pause();
  link.peer.write("bytes");
  run_for(link.loop, milliseconds(5));
  link.peer.reset_and_destroy();
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.empty());
  link.client.resume();
  link.loop.run();
  CHECK(link.log.text() == "data(bytes) error(ECONNRESET) close(true)");
}

TEST_CASE("reset_and_destroy while connecting or never connected is destroy", "[socket][close]") {
  TestLoop loop;
  EventLog log;
  onesock::Server server(loop);
  server.listen(0, "127.0.0.1").unref();
  Socket connecting(loop);
  follow(connecting, log);
  connecting.connect(to_port(server.address().port));
  connecting.reset_and_destroy();
  loop.run();
  CHECK(log.text() == "close(false)");
  Socket never(loop);
  follow(never, log);
  never.reset_and_destroy();
  loop.run();
  CHECK(log.text() == "close(false) close(false)");
}

TEST_CASE("closing with unread bytes resets the peer", "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  link.client.write("nobody reads this");
  run_for(link.loop, milliseconds(5));
  link.peer.destroy();
  link.loop.run();
  CHECK(link.log.text() == "error(ECONNRESET) close(true)");
}

TEST_CASE("close is told when the listeners are off already: what it adds is the next life's",
          "[socket][close]") {
  Link link;
  link.client.on_close([&](bool had_error) {
    CHECK_FALSE(had_error);
    link.log.add("close");
    follow(link.client, link.log, "next.");
  });
  link.client.destroy();
  link.peer.resume();
  link.loop.run();
  turn(link.loop);
  CHECK(link.log.text() == "close");
  link.client.remove_all_listeners();
}

TEST_CASE("destroy inside an event: its other listeners hear it, nothing but close follows",
          "[socket][close]") {
  Link link;
  link.client.on_data([&] { link.client.destroy(); });
  follow(link.client, link.log);
  link.peer.resume();
  link.peer.write("x");
  link.peer.end();
  link.loop.run();
  CHECK(link.log.text() == "data(x) close(false)");
}

TEST_CASE("a socket may be destroyed by another's handler of the same turn", "[socket][close]") {
  Link link;
  EventLog server_log;
  follow(link.client, link.log);
  follow(link.peer, server_log);
  // Both are ready in one turn; whichever comes first destroys the other.
  link.client.on_data([&] { link.peer.destroy(); });
  link.peer.on_data([&] { link.client.destroy(); });
  link.client.write("a");
  link.peer.write("b");
  run_for(link.loop, milliseconds(2));
  link.loop.run();
  const auto both = link.log.text() + "|" + server_log.text();
  CHECK(link.log.count("close(false)") + server_log.count("close(false)") +
            link.log.count("close(true)") + server_log.count("close(true)") ==
        2);
  CHECK((both.find("data(a)") != std::string::npos || both.find("data(b)") != std::string::npos));
}

TEST_CASE("had_error is told as Node tells it", "[socket][close]") {
  struct Case {
    const char* name;
    std::function<void(Link&)> act;
    const char* client;
    const char* server;
  };
  const Case cases[] = {
      {"end", [](Link& link) { link.client.end(); }, "close(false)", "close(false)"},
      {"destroy", [](Link& link) { link.client.destroy(); }, "close(false)", "close(false)"},
      {"destroy with an error", [](Link& link) { link.client.destroy(Error("boom")); },
       "close(true)", "close(false)"},
      {"write after end",
       [](Link& link) {
         link.client.end();
         link.client.write("x");
       },
       "close(true)", "close(false)"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.name);
    Link link;
    EventLog server_log;
    follow(link.client, link.log);
    follow(link.peer, server_log);
    each.act(link);
    link.loop.run();
    CHECK(link.log.count(each.client) == 1);
    CHECK(server_log.count(each.server) == 1);
  }
}

TEST_CASE("an unreferenced connection does not hold the loop, and goes on later",
          "[socket][close]") {
  Link link;
  follow(link.client, link.log);
  link.client.unref().unref();
  link.peer.unref();
  CHECK_FALSE(link.loop.run());
  CHECK(link.log.empty());
  CHECK(link.client.ready_state() == "open");
  link.peer.resume().end("x");
  link.client.ref().ref();
  link.loop.run();
  CHECK(link.log.text() == "data(x) end finish close(false)");
}

TEST_CASE("a socket unreferenced before connect stays so", "[socket][close]") {
  TestLoop loop;
  onesock::ConnectOptions options;
  options.port = 1;
  options.host = "some.name";
  options.lookup = [](const std::string&, onesock::Family, const onesock::LookupAnswer&) {};
  Socket client(loop);
  client.unref().connect(options);
  CHECK_FALSE(loop.run());
  CHECK(client.connecting());
  client.ref();
  CHECK(loop.alive());
  client.unref();
  CHECK_FALSE(loop.run());
  CHECK(client.connecting());
  client.destroy();
  CHECK(loop.alive());  // Its close is to be told.
  CHECK_FALSE(loop.run());
  client.ref();
  CHECK_FALSE(loop.alive());
}
