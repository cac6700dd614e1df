// onesock: Socket: writing: what write returns, drain, done, their order, and the cap on the queue.
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <string>
#include <vector>

#include "support.hpp"

using namespace support;
using onesock::BufferView;
using onesock::Error;
using onesock::Socket;

TEST_CASE("write hands a small piece over at once, done comes on a turn", "[socket][write]") {
  Link link;
  link.peer.resume();
  CHECK(link.client.write("hello", link.log.done("done")));
  CHECK(link.client.write_queue_size() == 0);
  CHECK(link.client.bytes_written() == 5);
  CHECK(link.log.empty());
  turn(link.loop, 1);
  CHECK(link.log.text() == "done");
  link.client.end();
  link.loop.run();
}

TEST_CASE("write returns true below the high water mark, false at it", "[socket][write]") {
  TestLoop loop;
  const ClosedPort closed;
  Socket client(loop);
  client.on_error([] {});
  client.connect(to_port(closed.port()));
  CHECK(client.write(std::string(16383, 'x')));  // Connecting: nothing leaves.
  CHECK_FALSE(client.write("x"));
  CHECK_FALSE(client.write("x"));
  CHECK(client.write_queue_size() == 16385);
  CHECK(client.bytes_written() == 16385);
  client.set_high_water_mark(20000);
  CHECK(client.write("x"));
  client.set_high_water_mark(0);
  CHECK_FALSE(client.write("x"));
  loop.run();
  CHECK(client.write_queue_size() == 0);
}

TEST_CASE("a write that the kernel takes whole returns true, whatever its size",
          "[socket][write]") {
  Link link;
  link.client.set_high_water_mark(1);
  CHECK(link.client.write(std::string(20000, 'x')));
  CHECK(link.client.write_queue_size() == 0);
  link.client.end();
  link.peer.resume();
  link.loop.run();
}

TEST_CASE("after a false, drain comes once when the queue is empty, before the dones",
          "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.client.on_drain([&] { CHECK(link.client.write_queue_size() == 0); });
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  CHECK_FALSE(link.client.write("x", link.log.done("2")));
  CHECK_FALSE(link.client.write("", [&](const Error& error) {
    link.log.done("3")(error);
    link.client.end(link.log.done("end-done"));
  }));
  turn(link.loop);
  CHECK(link.log.empty());
  link.peer.resume();
  link.loop.run();
  // What the kernel took in an earlier turn is told then.
  CHECK((link.log.text() == "drain 1 2 3 end-done finish end close(false)" ||
         link.log.text() == "1 drain 2 3 end-done finish end close(false)"));
}

TEST_CASE("no drain without a false, nor once end was called", "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  CHECK(link.client.write("x", link.log.done("done")));
  turn(link.loop);
  CHECK(link.log.text() == "done");
  CHECK_FALSE(link.client.write(too_much()));
  link.client.end();
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() == "done finish end close(false)");
}

TEST_CASE("a drain handler may write on", "[socket][write]") {
  Link link;
  int drains = 0;
  std::size_t received = 0;
  link.peer.on_data([&](BufferView data) { received += data.size(); });
  link.client.on_drain([&] {
    if (++drains < 3) {
      CHECK_FALSE(link.client.write(too_much()));
    } else {
      link.client.end();
    }
  });
  CHECK_FALSE(link.client.write(too_much()));
  link.loop.run();
  CHECK(drains == 3);
  CHECK(received == 3 * too_much().size());
}

TEST_CASE("dones come in the order of their writes, each once", "[socket][write]") {
  Link link;
  std::string received;
  std::string expected;
  link.peer.on_data([&](BufferView data) { received += data.utf8(); });
  std::vector<int> order;
  for (int number = 0; number < 500; ++number) {
    const auto piece =
        std::string(static_cast<std::size_t>(number * 97 % 3000), 'a') + std::to_string(number);
    expected += piece;
    link.client.write(piece, [&order, number](const Error& error) {
      CHECK_FALSE(error);
      order.push_back(number);
    });
  }
  link.client.end();
  link.loop.run();
  CHECK(received == expected);
  REQUIRE(order.size() == 500);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("what a done writes is done before finish, even if it ends too", "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.peer.resume();
  link.client.write("1", [&](const Error&) {
    link.log.add("1");
    link.client.write("2", [&](const Error&) {
      link.log.add("2");
      link.client.write("3", link.log.done("3"));
      link.client.end(link.log.done("end-done"));
    });
  });
  link.loop.run();
  CHECK(link.log.text() == "1 2 3 end-done finish end close(false)");
}

TEST_CASE("done may take nothing, and may be left out", "[socket][write]") {
  Link link;
  link.peer.resume();
  link.client.write("1", link.log.note("1"));
  link.client.write("2");
  link.client.write("3", onesock::Done());
  link.client.end(link.log.note("end"));
  link.loop.run();
  CHECK(link.log.text() == "1 end");
}

TEST_CASE("writing nothing returns true and its done runs", "[socket][write]") {
  Link link;
  CHECK(link.client.write("", link.log.done("1")));
  CHECK(link.client.write(BufferView(), link.log.done("2")));
  CHECK(link.log.empty());
  turn(link.loop);
  CHECK(link.log.text() == "1 2");
  link.client.destroy();
  link.loop.run();
}

TEST_CASE("what is written before connect goes out in order after ready", "[socket][write]") {
  TestLoop loop;
  EventLog log;
  std::string received;
  onesock::Server server(loop, [&](Socket& accepted) {
    accepted.on_data([&](BufferView data) { received += data.utf8(); });
  });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.connect(to_port(server.address().port));
  follow(client, log);
  CHECK(client.write("a", log.done("a")));
  CHECK(client.write("", log.done("empty")));
  CHECK(client.write("b", log.done("b")));
  CHECK_FALSE(client.write(std::string(20000, 'c'), log.done("c")));
  client.on_ready([&] { CHECK(client.write_queue_size() > 20000); });
  client.on_connect([&] { client.write("d", log.done("d")); });
  loop.post([&] { client.on_drain([&] { client.end("e", log.done("e")); }); });
  loop.run();
  CHECK(received == "ab" + std::string(20000, 'c') + "de");
  CHECK(log.text() == "connect ready drain a empty b c d e finish end close(false)");
}

TEST_CASE("end before connect sends what is queued, then FIN", "[socket][write]") {
  TestLoop loop;
  EventLog log;
  std::string received;
  onesock::Server server(loop, [&](Socket& accepted) {
    accepted.on_data([&](BufferView data) { received += data.utf8(); });
  });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.connect(to_port(server.address().port));
  follow(client, log);
  client.write("a", log.done("a"));
  client.end("b", log.done("end-done"));
  CHECK(client.ready_state() == "opening");
  loop.run();
  CHECK(received == "ab");
  CHECK(log.text() == "connect ready a end-done finish end close(false)");
}

TEST_CASE("write to a socket never connected is ERR_SOCKET_CLOSED", "[socket][write]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow(client, log);
  client.on_error([&](const Error& error) {
    CHECK(error.message() == "Socket is closed");
    CHECK(error.code() == std::errc::not_connected);
  });
  CHECK_FALSE(client.write("x", log.done("done")));
  CHECK(log.empty());
  CHECK(client.destroyed());
  CHECK(client.bytes_written() == 0);
  loop.run();
  CHECK(log.text() == "done(ERR_SOCKET_CLOSED) error(ERR_SOCKET_CLOSED) close(true)");
}

TEST_CASE("writing nothing to a socket that never gets connected is told so", "[socket][write]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  Socket client(loop);
  client.on_error([] {});
  client.connect(to_port(closed.port()));
  CHECK(client.write("", log.done("done")));
  loop.run();
  CHECK(log.text() == "done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION)");
}

TEST_CASE("destroy without an error tells pending dones ERR_STREAM_DESTROYED, before close",
          "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.peer.resume();
  CHECK(link.client.write("sent", link.log.done("sent")));
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  CHECK_FALSE(link.client.write("x", link.log.done("2")));
  link.client.end(link.log.done("end-done"));
  link.client.destroy();
  CHECK(link.client.write_queue_size() == 0);
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(link.log.text() ==
        "sent 1(ERR_STREAM_DESTROYED) 2(ERR_STREAM_DESTROYED) end-done(ERR_STREAM_DESTROYED) "
        "close(false)");
}

TEST_CASE("destroy with an error tells it, then the dones, then close(true)", "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.peer.resume();
  link.client.write(too_much(), link.log.done("1"));
  link.client.write("x", link.log.done("2"));
  link.client.destroy(Error("boom"));
  link.client.on_error([](const Error& error) { CHECK(error.message() == "boom"); });
  link.loop.run();
  CHECK(link.log.text() == "error(ECANCELED) 1(ECANCELED) 2(ECANCELED) close(true)");
}

TEST_CASE("write after destroy is false and its done's error, no event", "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.client.destroy();
  CHECK_FALSE(link.client.write("x", link.log.done("1")));
  link.client.end(link.log.done("2"));
  link.client.end("y", link.log.done("3"));
  CHECK(link.log.empty());
  link.client.on_close([&] { CHECK_FALSE(link.client.write("x", link.log.done("4"))); });
  link.loop.run();
  CHECK_FALSE(link.client.write("x", link.log.done("5")));
  link.loop.run();
  CHECK(link.log.text() ==
        "1(ERR_STREAM_DESTROYED) 2(ERR_STREAM_DESTROYED) 3(ERR_STREAM_DESTROYED) close(false) "
        "4(ERR_STREAM_DESTROYED) 5(ERR_STREAM_DESTROYED)");
}

TEST_CASE("write inside a done of a destroyed socket is told, and told last", "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.client.write(too_much(), [&](const Error& error) {
    link.log.done("1")(error);
    CHECK_FALSE(link.client.write("x", link.log.done("3")));
  });
  link.client.write("x", link.log.done("2"));
  link.client.destroy();
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() ==
        "1(ERR_STREAM_DESTROYED) 2(ERR_STREAM_DESTROYED) 3(ERR_STREAM_DESTROYED) close(false)");
}

TEST_CASE("a write past max_queued_bytes is refused whole and ends the connection",
          "[socket][write]") {
  Link link;
  follow(link.client, link.log);
  link.peer.resume();
  link.client.set_max_queued_bytes(too_much().size());
  link.client.on_error([&](const Error& error) {
    CHECK(error.message() ==
          "write ENOBUFS (max_queued_bytes " + std::to_string(too_much().size()) + ")");
    CHECK(error.code() == std::errc::no_buffer_space);
  });
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  const auto queued = link.client.write_queue_size();
  REQUIRE(queued > 0);
  CHECK_FALSE(link.client.write(std::string(too_much().size() - queued, 'y'), link.log.done("2")));
  CHECK(link.client.write_queue_size() == too_much().size());
  const auto written = link.client.bytes_written();
  CHECK_FALSE(link.client.write("z", link.log.done("3")));
  CHECK(link.client.write_queue_size() == 0);
  CHECK(link.client.bytes_written() == written);
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(link.log.text() == "3(ENOBUFS) error(ENOBUFS) 1(ENOBUFS) 2(ENOBUFS) close(true)");
}

TEST_CASE("max_queued_bytes holds while connecting too, and in end", "[socket][write]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  Socket client(loop);
  follow(client, log);
  client.set_max_queued_bytes(3).connect(to_port(closed.port()));
  CHECK(client.write("abc", log.done("1")));
  client.end("d", log.done("2"));
  loop.run();
  CHECK(log.text() ==
        "2(ENOBUFS) error(ENOBUFS) 1(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) close(true)");
}

TEST_CASE("when sending fails the failing done comes first, then error, the rest, close",
          "[socket][write]") {
  Link link;
  follow_quietly(link.client, link.log);
  link.client.pause();
  // Unread bytes keep the client from seeing the reset by reading.
  link.peer.write("unread");
  run_for(link.loop, milliseconds(5));
  link.peer.reset_and_destroy();
  run_for(link.loop, milliseconds(5));
  CHECK(link.log.empty());
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  CHECK_FALSE(link.client.write("x", link.log.done("2")));
  CHECK(link.log.empty());
  link.loop.run();
  CHECK((link.log.text() == "1(ECONNRESET) error(ECONNRESET) 2(ERR_STREAM_DESTROYED) close(true)" ||
         link.log.text() == "1(EPIPE) error(EPIPE) 2(ERR_STREAM_DESTROYED) close(true)"));
}

TEST_CASE("bytes_written counts what is queued", "[socket][write]") {
  Link link;
  link.client.write(too_much());
  CHECK(link.client.bytes_written() == too_much().size());
  CHECK(link.client.write_queue_size() < too_much().size());
  link.peer.resume();
  link.client.end("tail");
  link.loop.run();
  CHECK(link.client.bytes_written() == too_much().size() + 4);
  CHECK(link.peer.bytes_read() == too_much().size() + 4);
  CHECK(link.client.write_queue_size() == 0);
}

TEST_CASE("options of the connection may be set at any time", "[socket][write]") {
  Link link;
  Socket early(link.loop);
  for (const auto* socket : {&link.client, &link.peer, &early}) {
    socket->set_no_delay(false).set_no_delay().set_keep_alive();
    socket->set_keep_alive(true, std::chrono::seconds(30)).set_keep_alive(false);
  }
  CHECK(link.client.write("x", link.log.done("done")));
  turn(link.loop);
  CHECK(link.log.text() == "done");
  link.client.destroy();
  link.peer.resume();
  link.loop.run();
  link.client.set_no_delay().set_keep_alive().set_high_water_mark(1).set_max_queued_bytes(1);
}
