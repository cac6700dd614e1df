// onesock: Socket: reading: data, end, pause and resume, late readers, half-open connections.
// SPDX-License-Identifier: MIT

#include "support.hpp"

using namespace support;
using onesock::BufferView;
using onesock::ServerOptions;
using onesock::Socket;

TEST_CASE("data is handed over in order and whole", "[socket]") {
  Link link;
  std::string sent;
  for (int number = 0; number < 60000; ++number) sent += std::to_string(number) + ' ';
  std::string received;
  link.client.on_data([&](BufferView data) { received += data.utf8(); });
  link.peer.resume().end(sent);
  link.loop.run();
  CHECK(received == sent);
  CHECK(link.client.bytes_read() == sent.size());
  CHECK(link.peer.bytes_written() == sent.size());
  CHECK(link.client.bytes_written() == 0);
}

TEST_CASE("end comes once, after the last data", "[socket]") {
  Link link;
  follow(link.client, link.log);
  link.peer.resume().write("a");
  link.peer.end("b");
  link.loop.run();
  CHECK(link.log.text() == "data(ab) end finish close(false)");
}

TEST_CASE("data goes to all listeners, those added meanwhile next time", "[socket]") {
  Link link;
  link.client.on_data([&] {
    link.log.add("1");
    if (link.log.count("1") == 1) {
      link.client.on_data(link.log.note("late"));
      link.peer.end("more");
    }
  });
  link.client.on_data(link.log.note("2"));
  link.peer.write("x");
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() == "1 2 1 2 late");
}

TEST_CASE("without a reader nothing is read and nothing is lost", "[socket]") {
  Link link;
  follow_quietly(link.client, link.log);
  link.peer.write("early ");
  link.peer.resume().end("bird");
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.empty());
  CHECK(link.client.bytes_read() == 0);
  CHECK(link.client.ready_state() == "open");
  follow(link.client, link.log);
  link.loop.run();
  // The first of the two sets of listeners; each event comes twice.
  CHECK(link.log.text() == "data(early bird) end end finish finish close(false) close(false)");
}

TEST_CASE("a FIN with nothing before it is told even if nobody reads", "[socket]") {
  Link link;
  follow_quietly(link.client, link.log);
  link.peer.end();
  link.loop.run();
  CHECK(link.log.text() == "end finish close(false)");
}

TEST_CASE("a FIN with nothing before it is told to a paused socket too", "[socket]") {
  Link link;
  follow(link.client, link.log);
  link.client.pause();
  link.peer.end();
  link.loop.run();
  CHECK(link.log.text() == "end finish close(false)");
}

TEST_CASE("resume drops what nobody listens for", "[socket]") {
  Link link;
  follow_quietly(link.client, link.log);
  link.client.resume();
  link.peer.end("unheard");
  link.loop.run();
  CHECK(link.log.text() == "end finish close(false)");
  CHECK(link.client.bytes_read() == 7);
}

TEST_CASE("pause holds data back until resume, the peer's end too", "[socket]") {
  Link link;
  follow(link.client, link.log);
  CHECK_FALSE(link.client.is_paused());
  link.client.pause();
  CHECK(link.client.is_paused());
  link.peer.resume().end("hello");
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.empty());
  CHECK(link.client.bytes_read() == 0);
  link.client.resume();
  CHECK_FALSE(link.client.is_paused());
  CHECK(link.log.empty());
  link.loop.run();
  CHECK(link.log.text() == "data(hello) end finish close(false)");
}

TEST_CASE("pause inside data takes effect before the next data", "[socket]") {
  Link link;
  link.loop.set_receive_buffer_size(4);
  follow(link.client, link.log);
  link.client.on_data([&](BufferView) {
    if (link.log.count("data(abcd)") == 1) link.client.pause();
  });
  link.peer.resume().end("abcdefgh");
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.text() == "data(abcd)");
  link.client.off_data();
  link.client.on_data([&](BufferView data) { link.log.add(data.utf8()); }).resume();
  link.loop.run();
  CHECK(link.log.text() == "data(abcd) efgh end finish close(false)");
}

TEST_CASE("after pause a new listener does not start the reading", "[socket]") {
  Link link;
  link.client.pause();
  follow(link.client, link.log);
  link.peer.resume().end("x");
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.empty());
  link.client.resume();
  link.loop.run();
  CHECK(link.log.text() == "data(x) end finish close(false)");
}

TEST_CASE("pause_on_connect waits for resume, a listener does not start it", "[socket]") {
  ServerOptions options;
  options.pause_on_connect = true;
  Link link(options);
  CHECK(link.peer.is_paused());
  follow(link.peer, link.log);
  link.client.write("one");
  link.client.resume().end("two");
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.empty());
  CHECK(link.peer.bytes_read() == 0);
  link.peer.resume();
  link.loop.run();
  CHECK(link.log.text() == "data(onetwo) end finish close(false)");
}

TEST_CASE("pause before connect holds", "[socket]") {
  TestLoop loop;
  EventLog log;
  onesock::Server server(loop, [](Socket& accepted) { accepted.resume().end("hi"); });
  server.listen(0, "127.0.0.1").unref();
  Socket client(loop);
  client.pause();
  follow(client, log);
  client.connect(to_port(server.address().port));
  run_for(loop, milliseconds(10));
  CHECK(log.text() == "connect ready");
  client.resume();
  loop.run();
  CHECK(log.text() == "connect ready data(hi) end finish close(false)");
}

TEST_CASE("a paused reader slows its writer down, and memory stays as it is", "[socket]") {
  Link link;
  std::size_t received = 0;
  link.client.on_data([&](BufferView data) {
    received += data.size();
    link.client.pause();
    link.loop.set_timeout(milliseconds(0), [&link] { link.client.resume(); });
  });
  CHECK_FALSE(link.peer.write(too_much()));
  link.peer.resume().end();
  turn(link.loop, 10);
  CHECK(link.peer.write_queue_size() > 0);
  link.loop.run();
  CHECK(received == too_much().size());
}

TEST_CASE("a waiting connection that nobody reads costs no turns", "[socket]") {
  Link link;
  link.peer.write("unread");
  run_for(link.loop, milliseconds(5));
  int turns = 0;
  bool is_over = false;
  link.loop.set_timeout(milliseconds(10), [&] { is_over = true; });
  while (!is_over) {
    ++turns;
    link.loop.run_once(milliseconds(10));
  }
  CHECK(turns <= 4);
  link.client.destroy();
  link.peer.destroy();
  link.loop.run();
}

TEST_CASE("off_data goes on reading, remove_all_listeners tells no more", "[socket]") {
  Link link;
  follow(link.client, link.log);
  link.client.off_data();
  link.peer.resume().end("dropped");
  link.loop.run();
  CHECK(link.log.text() == "end finish close(false)");
  CHECK(link.client.bytes_read() == 7);

  Link other;
  follow(other.client, other.log);
  other.client.remove_all_listeners();
  other.peer.resume().end("dropped");
  other.loop.run();
  CHECK(other.log.empty());
  CHECK(other.client.destroyed());
}

TEST_CASE("each off removes the listeners of its event alone", "[socket]") {
  Link link;
  follow(link.client, link.log);
  follow_attempts(link.client, link.log);
  link.client.off_lookup().off_connection_attempt().off_connection_attempt_failed();
  link.client.off_connection_attempt_timeout().off_connect().off_ready().off_end().off_finish();
  link.client.off_drain().off_timeout().off_error();
  link.peer.resume().end("x");
  link.loop.run();
  CHECK(link.log.text() == "data(x) close(false)");
  Link other;
  follow(other.client, other.log);
  other.client.off_close();
  other.peer.end();
  other.loop.run();
  CHECK(other.log.text() == "end finish");
}

TEST_CASE("empty listeners are ignored, and an empty data listener starts no reading", "[socket]") {
  Link link;
  link.client.on_data({}).on_end(nullptr).on_close({});
  link.client.set_timeout(milliseconds(0), {});
  link.peer.write("unread");
  run_for(link.loop, milliseconds(5));
  CHECK(link.client.bytes_read() == 0);
  link.client.destroy();
  link.peer.destroy();
  link.loop.run();
}

TEST_CASE("without half-open our side ends after the peer's", "[socket]") {
  Link link;
  EventLog server_log;
  follow(link.client, link.log);
  follow(link.peer, server_log);
  link.peer.on_end([&] {
    CHECK(link.peer.ready_state() == "writeOnly");
    CHECK(link.peer.write("late", server_log.done("done")));
  });
  link.client.end("q");
  link.loop.run();
  CHECK(link.log.text() == "finish data(late) end close(false)");
  CHECK(server_log.text() == "data(q) end done finish close(false)");
}

TEST_CASE("without half-open a queue is written out before our side ends", "[socket]") {
  Link link;
  follow(link.peer, link.log, "s.");
  std::size_t received = 0;
  link.client.pause();
  link.client.on_data([&](BufferView data) { received += data.size(); });
  CHECK_FALSE(link.peer.write(too_much(), link.log.done("s.done")));
  link.client.end();
  run_until(link.loop, [&] { return link.log.has("s.end"); });
  turn(link.loop);
  CHECK(link.log.text() == "s.end");
  CHECK(link.peer.write_queue_size() > 0);
  link.client.resume();
  link.loop.run();
  CHECK(received == too_much().size());
  CHECK(link.log.text() == "s.end s.done s.finish s.close(false)");
}

TEST_CASE("a half-open server goes on writing after the client's end", "[socket]") {
  Link link(half_open_server());
  EventLog server_log;
  follow(link.client, link.log);
  follow(link.peer, server_log);
  link.peer.on_end([&] {
    link.peer.write("late");
    link.loop.set_timeout(milliseconds(10), [&] {
      CHECK(link.peer.ready_state() == "writeOnly");
      link.peer.end("later");
    });
  });
  link.client.end("q");
  link.loop.run();
  CHECK(link.log.text() == "finish data(late) data(later) end close(false)");
  CHECK(server_log.text() == "data(q) end finish close(false)");
}

TEST_CASE("a half-open client goes on writing after the server's end", "[socket]") {
  Link link({}, half_open_client());
  EventLog server_log;
  follow(link.client, link.log);
  follow(link.peer, server_log);
  link.client.on_end([&] {
    link.loop.set_timeout(milliseconds(5), [&] {
      CHECK(link.client.ready_state() == "writeOnly");
      link.client.end("answer");
    });
  });
  link.peer.end("question");
  link.loop.run();
  CHECK(link.log.text() == "data(question) end finish close(false)");
  CHECK(server_log.text() == "finish data(answer) end close(false)");
}

TEST_CASE("both may end at once", "[socket]") {
  Link link;
  EventLog server_log;
  follow(link.client, link.log);
  follow(link.peer, server_log);
  link.client.end("a");
  link.peer.end("b");
  link.loop.run();
  CHECK(link.log.text() == "finish data(b) end close(false)");
  CHECK(server_log.text() == "finish data(a) end close(false)");
}

TEST_CASE("echoing to oneself inside data is safe, whatever the buffer's owner", "[socket]") {
  Link link;
  std::string received;
  link.peer.on_data([&](BufferView data) { link.peer.write(data); });
  link.client.on_data([&](BufferView data) {
    received += data.utf8();
    if (received.size() == too_much().size()) link.client.end();
  });
  link.client.write(too_much());
  link.loop.run();
  CHECK((received == too_much()));  // Not shown: it is long.
}
