// onesock: lines and frames, cut in every way a stream may come.
// SPDX-License-Identifier: MIT

#include <memory>
#include <string>
#include <vector>

#include "onesock.hpp"

#include "catch.hpp"
#include "support.hpp"
#include "thread.hpp"

using onesock::Buffer;
using onesock::BufferView;
using onesock::FrameReader;
using onesock::Framing;

namespace {

const Framing prefixes[] = {Framing::u8, Framing::u16_be, Framing::u16_le, Framing::u32_be,
                            Framing::u32_le};

/// All messages of a stream that comes in pieces of `piece` bytes; what ends it is behind a '|'.
std::string read_all(FrameReader& reader, const std::string& stream, std::size_t piece) {
  std::string messages;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    reader.push(stream.substr(at, piece));
    while (const auto message = reader.next()) messages += '[' + message->utf8() + ']';
  }
  if (const auto last = reader.rest()) messages += '|' + last->utf8();
  return messages;
}

}  // namespace

TEST_CASE("lines are the same in pieces of any size", "[framing]") {
  const std::string stream = "one\ntwo\r\n\n\r\nth\rree\nlast";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader(Framing::lines);
    CHECK(read_all(reader, stream, piece) == "[one][two][][][th\rree]|last");
    CHECK_FALSE(reader.error());
  }
}

TEST_CASE("frames of every prefix are the same in pieces of any size", "[framing]") {
  for (const auto framing : prefixes) {
    std::string stream;
    for (const auto* message : {"one", "", "three"}) {
      stream += onesock::make_frame(message, framing)->raw();
    }
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
      FrameReader reader(framing);
      CHECK(read_all(reader, stream, piece) == "[one][][three]");
    }
  }
}

TEST_CASE("a prefix has the byte order of its name", "[framing]") {
  CHECK(onesock::make_frame("ab", Framing::u8)->hex() == "026162");
  CHECK(onesock::make_frame("ab", Framing::u16_be)->hex() == "00026162");
  CHECK(onesock::make_frame("ab", Framing::u16_le)->hex() == "02006162");
  CHECK(onesock::make_frame("ab", Framing::u32_be)->hex() == "000000026162");
  CHECK(onesock::make_frame("ab", Framing::u32_le)->hex() == "020000006162");
  CHECK(onesock::make_frame("ab", Framing::lines)->hex() == "61620a");
}

TEST_CASE("a message too long for its prefix makes no frame", "[framing]") {
  CHECK(onesock::make_frame(std::string(255, 'x'), Framing::u8));
  CHECK_FALSE(onesock::make_frame(std::string(256, 'x'), Framing::u8));
  CHECK(onesock::make_frame(std::string(65535, 'x'), Framing::u16_le));
  CHECK_FALSE(onesock::make_frame(std::string(65536, 'x'), Framing::u16_be));
  CHECK(onesock::make_frame(std::string(65536, 'x'), Framing::u32_be));
}

TEST_CASE("a line of the maximum passes, one byte more is EMSGSIZE for good", "[framing]") {
  for (const auto* end : {"\n", "\r\n"}) {
    FrameReader reader(Framing::lines, 4);
    CHECK(read_all(reader, std::string("1234") + end, 1) == "[1234]");
    CHECK_FALSE(reader.error());
    CHECK(read_all(reader, std::string("12345") + end + "ok\n", 1).empty());
    CHECK(reader.error().name() == "EMSGSIZE");
    reader.push("more\n");
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("a frame over the maximum is EMSGSIZE as soon as its prefix is read", "[framing]") {
  FrameReader reader(Framing::u32_be, 4);
  CHECK(read_all(reader, std::string("\0\0\0\4abcd", 8), 3) == "[abcd]");
  reader.push(BufferView(std::string_view("\xff\xff\xff\xff", 4)));
  CHECK_FALSE(reader.next());
  CHECK(reader.error().name() == "EMSGSIZE");
}

TEST_CASE("a frame that is cut off by the end is no message", "[framing]") {
  FrameReader reader(Framing::u8);
  CHECK(read_all(reader, std::string("\5abc", 4), 4).empty());
  CHECK_FALSE(reader.error());
}

TEST_CASE("on_line tells each line of a socket, the last one without its end too", "[framing]") {
  support::TestLoop loop;
  std::vector<std::string> lines;
  onesock::Server server(loop, [&](onesock::Socket& client) {
    onesock::on_line(client, [&](BufferView line) { lines.push_back(line.utf8()); });
    client.on_close([&] { server.close(); });
  });
  server.listen({0, "127.0.0.1"});
  onesock::connect(loop, {server.address().port, "127.0.0.1"}).end("one\ntwo\r\nthree");
  loop.run();
  CHECK(lines == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("a frame over the maximum ends its connection with EMSGSIZE, and no other", "[framing]") {
  support::TestLoop loop;
  std::vector<std::string> told;
  onesock::Server server(loop);
  server.on_connection([&](onesock::Socket& client) {
    onesock::on_frame(
        client, Framing::u16_be, [&](BufferView frame) { told.push_back(frame.utf8()); }, 8);
    client.on_error([&](const onesock::Error& error) { told.emplace_back(error.message()); });
  });
  server.listen({0, "127.0.0.1"});
  const auto good = onesock::connect(loop, {server.address().port, "127.0.0.1"});
  const auto bad = onesock::connect(loop, {server.address().port, "127.0.0.1"});
  bad.write(*onesock::make_frame("nine byte", Framing::u16_be));
  bad.on_data([] {});
  bad.on_close([&] {
    good.end(*onesock::make_frame("fine", Framing::u16_be));
    server.close();
  });
  loop.run();
  CHECK(told == std::vector<std::string>{"read EMSGSIZE", "fine"});
}

TEST_CASE("a listener of frames may destroy its socket in the middle of them", "[framing]") {
  support::TestLoop loop;
  int frames = 0;
  const auto token = std::make_shared<int>(0);
  onesock::Server server(loop);
  server.on_connection([&frames, server, token](onesock::Socket& client) {
    onesock::on_line(client, [&frames, &client, server, token] {
      ++frames;
      client.destroy();
      server.close();
    });
  });
  server.listen({0, "127.0.0.1"});
  const auto socket = onesock::connect(loop, {server.address().port, "127.0.0.1"});
  socket.on_error([](const onesock::Error&) {});
  socket.end("one\ntwo\nthree\n");
  loop.run();
  CHECK(frames == 1);
  CHECK(token.use_count() == 1);
}

TEST_CASE("read_frame reads a blocking client's frames to the end", "[framing]") {
  onesock::Acceptor acceptor;
  acceptor.set_timeout(std::chrono::seconds(10));
  REQUIRE(acceptor.listen(0, "127.0.0.1"));
  support::Thread peer([&acceptor] {
    auto client = acceptor.accept();
    if (!client) return;
    client->write(*onesock::make_frame("one", Framing::u16_le));
    client->write(*onesock::make_frame("two", Framing::u16_le));
  });
  onesock::Client client;
  client.set_timeout(std::chrono::seconds(10));
  REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
  FrameReader reader(Framing::u16_le);
  const auto one = onesock::read_frame(client, reader);
  const auto two = onesock::read_frame(client, reader);
  const auto none = onesock::read_frame(client, reader);
  peer.join();
  REQUIRE(one);
  REQUIRE(two);
  CHECK(*one == "one");
  CHECK(*two == "two");
  CHECK_FALSE(none);
  CHECK_FALSE(client.error());
}
