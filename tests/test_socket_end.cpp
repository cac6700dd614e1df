// onesock: Socket: end: flushing, twice, and what is written too late.
// SPDX-License-Identifier: MIT

#include "support.hpp"

using namespace support;
using onesock::BufferView;
using onesock::Error;
using onesock::Socket;

TEST_CASE("end flushes what is queued, then FIN, then its done and finish", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  std::size_t received = 0;
  link.peer.on_data([&](BufferView data) { received += data.size(); });
  link.client.write(too_much(), link.log.done("done"));
  link.client.end("tail", link.log.done("end-done"));
  CHECK(link.client.ready_state() == "readOnly");
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(received == too_much().size() + 4);
  CHECK(link.log.text() == "done end-done finish end close(false)");
}

TEST_CASE("after end we can still read", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  link.peer.on_end([&] { link.peer.write("answer"); });
  link.peer.resume();
  link.client.end();
  link.loop.run();
  CHECK(link.log.text() == "finish data(answer) end close(false)");
}

TEST_CASE("end twice without data does no harm, both dones run", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  link.client.end(link.log.done("1"));
  link.client.end(link.log.done("2"));
  link.client.end();
  link.peer.on_end([&] { link.client.end(link.log.done("3")); });
  link.loop.run();
  CHECK(link.log.text() == "1 2 finish 3(ERR_STREAM_ALREADY_FINISHED) end close(false)");
}

TEST_CASE("end with data the second time is write after end", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.end("a", link.log.done("1"));
  link.client.end("b", link.log.done("2"));
  CHECK(link.client.destroyed());
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(link.log.text() ==
        "1(ERR_STREAM_WRITE_AFTER_END) error(ERR_STREAM_WRITE_AFTER_END) "
        "2(ERR_STREAM_WRITE_AFTER_END) close(true)");
  CHECK(server_log.text() == "data(a) end finish close(false)");
}

TEST_CASE("write after end is refused and ends the connection", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  EventLog server_log;
  follow(link.peer, server_log);
  link.client.end("a");
  link.client.on_error([](const Error& error) {
    CHECK(error.message() == "write after end");
    CHECK(error.code() == std::errc::broken_pipe);
  });
  CHECK_FALSE(link.client.write("b", link.log.done("done")));
  CHECK(link.client.bytes_written() == 1);
  link.loop.run();
  CHECK(link.log.text() ==
        "done(ERR_STREAM_WRITE_AFTER_END) error(ERR_STREAM_WRITE_AFTER_END) close(true)");
  CHECK(server_log.text() == "data(a) end finish close(false)");
}

TEST_CASE("write after end while connecting is refused too", "[socket][end]") {
  TestLoop loop;
  EventLog log;
  const ClosedPort closed;
  Socket client(loop);
  follow(client, log);
  client.connect(to_port(closed.port()));
  client.write("a", log.done("1"));
  client.end(log.done("end-done"));
  CHECK_FALSE(client.write("b", log.done("2")));
  loop.run();
  CHECK(log.text() ==
        "2(ERR_STREAM_WRITE_AFTER_END) error(ERR_STREAM_WRITE_AFTER_END) "
        "1(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) end-done(ERR_SOCKET_CLOSED_BEFORE_CONNECTION) "
        "close(true)");
}

TEST_CASE("write after the peer's end is EPIPE, what is queued is given up", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  CHECK_FALSE(link.client.write(too_much(), link.log.done("1")));
  link.peer.end();
  run_until(link.loop, [&] { return link.log.has("end"); });
  turn(link.loop);
  CHECK(link.client.write_queue_size() > 0);
  link.client.on_error([](const Error& error) {
    CHECK(error.message() == "This socket has been ended by the other party");
    CHECK(error.code() == std::errc::broken_pipe);
  });
  CHECK_FALSE(link.client.write("x", link.log.done("2")));
  CHECK(link.client.write_queue_size() == 0);
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() == "end 2(EPIPE) error(EPIPE) 1(EPIPE) close(true)");
}

TEST_CASE("end after the peer's end is no error", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  link.client.on_end([&] { link.client.end("bye", link.log.done("end-done")); });
  link.peer.resume().end();
  link.loop.run();
  CHECK(link.log.text() == "end end-done finish close(false)");
  CHECK(link.peer.bytes_read() == 3);
}

TEST_CASE("finish may come before data and end", "[socket][end]") {
  Link link;
  follow(link.client, link.log);
  link.client.end();
  link.client.on_finish([&] { link.peer.end("late"); });
  link.loop.run();
  CHECK(link.log.text() == "finish data(late) end close(false)");
}

TEST_CASE("end on a socket never connected is ERR_SOCKET_CLOSED", "[socket][end]") {
  TestLoop loop;
  EventLog log;
  Socket client(loop);
  follow(client, log);
  client.end("x", log.done("done"));
  loop.run();
  CHECK(log.text() == "done(ERR_SOCKET_CLOSED) error(ERR_SOCKET_CLOSED) close(true)");
}

TEST_CASE("end takes data, text in an encoding, or only a done", "[socket][end]") {
  const auto received_of = [](const std::function<void(const Socket&)>& act) {
    Link link;
    std::string received;
    link.peer.on_data([&](BufferView data) { received += data.utf8(); });
    act(link.client);
    link.loop.run();
    CHECK(link.peer.destroyed());
    return received;
  };
  bool called = false;
  CHECK(received_of([](const Socket& socket) { socket.end(); }).empty());
  CHECK(received_of([&](const Socket& socket) { socket.end([&] { called = true; }); }).empty());
  CHECK(called);
  CHECK(received_of([](const Socket& socket) { socket.end("text"); }) == "text");
  CHECK(received_of([](const Socket& socket) { socket.end(std::string("s")); }) == "s");
  CHECK(received_of([](const Socket& socket) { socket.end("6869", onesock::Encoding::hex); }) ==
        "hi");
  CHECK(received_of([](const Socket& socket) { socket.end(""); }).empty());
}
