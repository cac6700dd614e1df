// onesock: Socket: set_encoding, and writing in an encoding.
// SPDX-License-Identifier: MIT

#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

using namespace support;
using onesock::BufferView;
using onesock::Encoding;

namespace {

/// What a socket with this encoding tells when these pieces (in hex) come one by one, and then the
/// end.
std::string told(Encoding encoding, const std::vector<std::string>& pieces) {
  Link link;
  link.client.set_encoding(encoding);
  link.client.on_data([&](BufferView data) { link.log.add("[" + data.utf8() + "]"); });
  link.client.on_end(link.log.note("end"));
  link.peer.resume();
  std::size_t bytes = 0;
  for (const auto& piece : pieces) {
    link.peer.write(piece, Encoding::hex);
    bytes += piece.size() / 2;
    run_until(link.loop, [&] { return link.client.bytes_read() == bytes; });
  }
  link.peer.end();
  link.loop.run();
  return link.log.text();
}

}  // namespace

TEST_CASE("utf8 data never splits a character", "[socket][encoding]") {
  CHECK(told(Encoding::utf8, {"41e2", "82", "ac42"}) == "[A] [€B] end");
  CHECK(told(Encoding::utf8, {"f09f", "9880"}) == "[😀] end");
}

TEST_CASE("an incomplete utf8 tail is told before end", "[socket][encoding]") {
  CHECK(told(Encoding::utf8, {"e282"}) == "[\xEF\xBF\xBD] end");
  CHECK(told(Encoding::utf8, {"61", "e282"}) == "[a] [\xEF\xBF\xBD] end");
}

TEST_CASE("a byte order mark is kept", "[socket][encoding]") {
  CHECK(told(Encoding::utf8, {"efbb", "bf41"}) ==
        "[\xEF\xBB\xBF"
        "A] end");
}

TEST_CASE("hex, latin1 and raw data have no tail", "[socket][encoding]") {
  CHECK(told(Encoding::hex, {"e282", "ac"}) == "[e282] [ac] end");
  CHECK(told(Encoding::latin1, {"e9ff"}) == "[éÿ] end");
  CHECK(told(Encoding::raw, {"e2", "82"}) == "[\xEF\xBF\xBD] [\xEF\xBF\xBD] end");
}

TEST_CASE("base64 keeps groups of three, the padded rest comes before end", "[socket][encoding]") {
  CHECK(told(Encoding::base64, {"0102", "0304", "05"}) == "[AQID] [BAU=] end");
  CHECK(told(Encoding::base64url, {"fb", "ff"}) == "[-_8] end");
}

TEST_CASE("utf16le keeps units and pairs, and drops an odd byte at the end", "[socket][encoding]") {
  CHECK(told(Encoding::utf16le, {"4100", "42", "0043"}) == "[A] [B] end");
  CHECK(told(Encoding::utf16le, {"3dd8", "00de"}) == "[😀] end");
}

TEST_CASE("the data of an encoding knows it, and is streamed as text", "[socket][encoding]") {
  Link link;
  link.client.set_encoding(Encoding::hex).on_data([&](BufferView data) {
    std::ostringstream stream;
    stream << data;
    link.log.add(stream.str());
    link.client.set_encoding(Encoding::raw);  // From the next data on.
    if (link.log.count("4865") == 1) link.peer.end("He");
  });
  link.peer.resume().write("He");
  link.loop.run();
  CHECK(link.log.text() == "4865 <Buffer 48 65>");
}

TEST_CASE("a held tail waits for a paused reader, and so does end", "[socket][encoding]") {
  Link link;
  link.client.set_encoding(Encoding::utf8);
  follow(link.client, link.log);
  link.client.on_data([&] { link.client.pause(); });
  link.peer.write("61e282", Encoding::hex);
  run_until(link.loop, [&] { return link.log.has("data(a)"); });
  link.peer.end();
  run_for(link.loop, milliseconds(10));
  CHECK(link.log.text() == "data(a)");
  link.client.resume();
  link.loop.run();
  CHECK(link.log.text() == "data(a) data(\xEF\xBF\xBD) end finish close(false)");
}

TEST_CASE("a paused reader without a tail is told the end", "[socket][encoding]") {
  Link link;
  link.client.set_encoding(Encoding::utf8);
  follow(link.client, link.log);
  link.client.on_data([&] { link.client.pause(); });
  link.peer.write("a");
  run_until(link.loop, [&] { return link.log.has("data(a)"); });
  link.peer.end();
  link.loop.run();
  CHECK(link.log.text() == "data(a) end finish close(false)");
}

TEST_CASE("destroy inside the data of the tail tells no end", "[socket][encoding]") {
  Link link;
  link.client.set_encoding(Encoding::utf8);
  follow(link.client, link.log);
  link.client.on_data([&] { link.client.destroy(); });
  link.peer.resume().end("e282", Encoding::hex);
  link.loop.run();
  CHECK(link.log.text() == "data(\xEF\xBF\xBD) close(false)");
}

TEST_CASE("the tail of one life is not the next life's head", "[socket][encoding]") {
  TestLoop loop;
  EventLog log;
  onesock::Server server(loop, [&](onesock::Socket& accepted) {
    accepted.resume().write(log.empty() ? "61e2" : "62", Encoding::hex);
    if (!log.empty()) accepted.end();
  });
  server.listen(0, "127.0.0.1").unref();
  onesock::Socket client(loop);
  client.set_encoding(Encoding::utf8);
  follow(client, log);
  client.on_data([&] { client.destroy(); });
  client.on_close([&] {
    follow(client, log);
    client.connect(to_port(server.address().port));
  });
  client.connect(to_port(server.address().port));
  loop.run();
  CHECK(log.text() ==
        "connect ready data(a) close(false) connect ready data(b) end finish close(false)");
}

TEST_CASE("write and end take text in any encoding", "[socket][encoding]") {
  Link link;
  std::string received;
  link.peer.on_data([&](BufferView data) { received += data.utf8(); });
  link.client.resume();
  CHECK(link.client.write("48656c6c6f", Encoding::hex, link.log.done("hex")));
  CHECK(link.client.write("IFdv", Encoding::base64));
  CHECK(link.client.write("zz", Encoding::hex, link.log.done("nothing")));
  link.client.end("726c64", Encoding::hex, link.log.done("end"));
  link.loop.run();
  CHECK(received == "Hello World");
  CHECK(link.client.bytes_written() == 11);
  CHECK(link.log.text() == "hex nothing end");
}
