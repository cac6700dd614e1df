// SPDX-License-Identifier: MIT

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "onesock.hpp"
#include "support.hpp"

using namespace support;
using onesock::BufferView;
using onesock::Socket;

TEST_CASE("a pipe carries every byte and then the end, with a bounded queue", "[socket][pipe]") {
  Link link(half_open_server(), half_open_client());
  std::size_t longest = 0;
  CHECK(link.peer.pipe(link.peer) == link.peer);
  link.peer.on_data([&] { longest = (std::max)(longest, link.peer.write_queue_size()); });
  std::string received;
  link.client.on_data([&](BufferView data) { received += data.raw(); });
  link.client.on_end(link.log.note("end"));
  link.client.on_close([&](bool had_error) { link.log.add(had_error ? "failed" : "close"); });
  link.client.write(too_much());
  link.client.end();
  link.loop.run();
  const bool is_same = received == too_much();
  CHECK(is_same);
  CHECK(link.log.text() == "end close");
  CHECK(longest <= 16 * 1024 + 256 * 1024);
}

TEST_CASE("a pipe whose target closes pauses its source", "[socket][pipe]") {
  Link link;
  const Socket target(link.loop);
  link.peer.pipe(target);
  CHECK_FALSE(link.peer.is_paused());
  target.destroy();
  turn(link.loop);
  CHECK(link.peer.is_paused());
  link.client.destroy();
  link.peer.destroy();
  link.loop.run();
}

TEST_CASE("a pipe's listeners go with its ends", "[socket][pipe]") {
  const Token token = std::make_shared<int>(0);
  {
    Link link;
    link.peer.on_close([token] {});
    link.client.pipe(link.peer);
    link.peer.pipe(link.client);
    link.client.destroy();
    link.peer.destroy();
    link.loop.run();
  }
  CHECK(alive(token) == 0);
}
