// onesock: Client: blocking calls, each with one deadline.
// SPDX-License-Identifier: MIT

#include "blocking_support.hpp"
#include "thread.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <type_traits>

#if __has_include(<sys/resource.h>)
#include <atomic>
#include <csignal>
#include <pthread.h>
#endif

using onesock::Acceptor;
using onesock::Buffer;
using onesock::BufferView;
using onesock::Client;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using support::to_port;

namespace {

// Long enough that what is on its way arrives, and no burden where nothing comes.
constexpr milliseconds short_time{100};

Buffer pattern(std::size_t size, std::uint32_t seed) {
  Buffer bytes = Buffer::alloc(size);
  for (auto& octet : bytes) {
    seed = seed * 1664525u + 1013904223u;
    octet = static_cast<std::uint8_t>(seed >> 24);
  }
  return bytes;
}

}  // namespace

TEST_CASE("a client and its peer hold the lesson's talk", "[client]") {
  BlockingPair pair;
  CHECK(pair.client.write("HelloWorld!!!"));
  CHECK(text(pair.peer.read_exactly(13)) == "HelloWorld!!!");
  CHECK(pair.peer.write("goodbye!!!"));
  CHECK(text(pair.client.read_exactly(10)) == "goodbye!!!");
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("what was read shows itself as utf8, hex and raw", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.client.write("h\xC3\xA9!"));
  const auto read = pair.peer.read_exactly(4);
  REQUIRE(read);
  CHECK(read->utf8() == "h\xC3\xA9!");
  CHECK(read->hex() == "68c3a921");
  CHECK(read->inspect() == "<Buffer 68 c3 a9 21>");
}

TEST_CASE("read gives nothing at the end and tells no error, as often as it is asked", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("last"));
  REQUIRE(pair.peer.end());
  CHECK(text(pair.client.read()) == "last");
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(pair.client.read());
    CHECK_FALSE(pair.client.error());
  }
  CHECK(pair.client.is_open());
}

TEST_CASE("read gives at most 64 KiB at once, and loses none of the rest", "[client]") {
  BlockingPair pair;
  const auto sent = pattern(200 * 1024, 1);
  support::Thread writer([&] {
    pair.peer.write(sent);
    pair.peer.end();
  });
  Buffer received;
  std::size_t largest = 0;
  while (const auto data = pair.client.read()) {
    CHECK_FALSE(data->empty());
    largest = (std::max)(largest, data->size());
    received.append(*data);
  }
  writer.join();
  CHECK(largest <= 64 * 1024);
  CHECK((received == sent));
}

TEST_CASE("read gives at most 64 KiB of what another read left, too", "[client]") {
  BlockingPair pair;
  const auto sent = pattern(100 * 1024, 2);
  support::Thread writer([&] {
    pair.peer.write(sent);
    pair.peer.end();
  });
  CHECK_FALSE(pair.client.read_exactly(sent.size() + 1));
  writer.join();
  const auto first = pair.client.read();
  const auto second = pair.client.read();
  REQUIRE((first && second));
  CHECK(first->size() == 64 * 1024);
  CHECK((Buffer::concat({*first, *second}) == sent));
}

TEST_CASE("read_exactly waits for all of it, and leaves what is behind it", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("abcdef"));
  CHECK(text(pair.client.read_exactly(2)) == "ab");
  CHECK(text(pair.client.read_exactly(3)) == "cde");
  support::Thread writer([&] { pair.peer.write("ghi"); });
  CHECK(text(pair.client.read_exactly(4)) == "fghi");
  writer.join();
}

TEST_CASE("read_exactly of no bytes is an empty value, at the end too", "[client]") {
  BlockingPair pair;
  const auto nothing = pair.client.read_exactly(0);
  REQUIRE(nothing);
  CHECK(nothing->empty());
  REQUIRE(pair.peer.end());
  CHECK_FALSE(pair.client.read());
  CHECK(pair.client.read_exactly(0));
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("an end in the middle of read_exactly keeps what came", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("half"));
  REQUIRE(pair.peer.end());
  CHECK_FALSE(pair.client.read_exactly(8));
  CHECK_FALSE(pair.client.error());
  CHECK(text(pair.client.read()) == "half");
  CHECK_FALSE(pair.client.read());
}

TEST_CASE("a timeout in the middle of read_exactly keeps what came", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("half"));
  pair.client.set_timeout(short_time);
  CHECK_FALSE(pair.client.read_exactly(8));
  CHECK(pair.client.error().name() == "ETIMEDOUT");
  pair.client.set_timeout(patience);
  REQUIRE(pair.peer.write(" and half"));
  CHECK(text(pair.client.read_exactly(8)) == "half and");
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("read_line strips both kinds of line end, and an empty line is a value", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("one\r\n\ntwo\n\r\nin\rside\nlast"));
  REQUIRE(pair.peer.end());
  CHECK(text(pair.client.read_line()) == "one");
  CHECK(text(pair.client.read_line()) == "");
  CHECK(text(pair.client.read_line()) == "two");
  CHECK(text(pair.client.read_line()) == "");
  CHECK(text(pair.client.read_line()) == "in\rside");
  CHECK(text(pair.client.read_line()) == "last");
  CHECK_FALSE(pair.client.read_line());
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("a last line without its newline keeps its carriage return", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("last\r"));
  REQUIRE(pair.peer.end());
  CHECK(text(pair.client.read_line()) == "last\r");
}

TEST_CASE("a timeout in the middle of a line keeps what came", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("first half, "));
  pair.client.set_timeout(short_time);
  CHECK_FALSE(pair.client.read_line());
  CHECK(pair.client.error().name() == "ETIMEDOUT");
  pair.client.set_timeout(patience);
  REQUIRE(pair.peer.write("second half\r\nnext"));
  CHECK(text(pair.client.read_line()) == "first half, second half");
  CHECK(text(pair.client.read()) == "next");
}

TEST_CASE("a line may have exactly max bytes, whatever its line end", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("12345\n12345\r\n12345"));
  REQUIRE(pair.peer.end());
  for (int i = 0; i < 3; ++i) CHECK(text(pair.client.read_line(5)) == "12345");
  CHECK_FALSE(pair.client.read_line(5));
}

TEST_CASE("a line beyond max is EMSGSIZE, and stays", "[client]") {
  const std::string lines = GENERATE("123456\nx\n", "123456\r\nx\n", "1234567\n", "123456");
  BlockingPair pair;
  REQUIRE(pair.peer.write(lines));
  REQUIRE(pair.peer.end());
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(pair.client.read_line(5));
    CHECK(pair.client.error().message() == "read EMSGSIZE");
  }
  CHECK(text(pair.client.read_exactly(lines.size())) == lines);
}

TEST_CASE("a line that goes beyond max is EMSGSIZE before its end comes", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("1234567"));
  CHECK_FALSE(pair.client.read_line(5));
  CHECK(pair.client.error().name() == "EMSGSIZE");
  REQUIRE(pair.peer.write("8\n"));
  CHECK(text(pair.client.read_line(8)) == "12345678");
}

TEST_CASE("many lines that came at once are read one by one", "[client]") {
  BlockingPair pair;
  constexpr int count = 20000;
  support::Thread writer([&] {
    std::string lines;
    for (int i = 0; i < count; ++i) lines += std::to_string(i) + "\r\n";
    pair.peer.write(lines);
  });
  int right = 0;
  for (int i = 0; i < count; ++i) {
    if (text(pair.client.read_line()) == std::to_string(i)) ++right;
  }
  writer.join();
  CHECK(right == count);
}

TEST_CASE("read_until gives its delimiter too, and leaves what is behind it", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("head: 1\r\n\r\nbody"));
  CHECK(text(pair.client.read_until("\r\n\r\n")) == "head: 1\r\n\r\n");
  CHECK(text(pair.client.read()) == "body");
}

TEST_CASE("read_until takes any bytes for its delimiter", "[client]") {
  BlockingPair pair;
  const std::string zeros(2, '\0');
  REQUIRE(pair.peer.write(std::string("a") + '\0' + "b" + zeros + "c"));
  const auto read = pair.client.read_until(zeros);
  REQUIRE(read);
  CHECK(read->hex() == "6100620000");
}

TEST_CASE("a delimiter that two receives share is found", "[client]") {
  // One receive takes 64 KiB: the delimiter lies across that border in every way.
  const std::string delimiter = "--end--";
  for (std::size_t before = 64 * 1024 - 8; before <= 64 * 1024 + 1; ++before) {
    BlockingPair pair;
    const std::string sent = std::string(before, '-') + delimiter + "rest";
    support::Thread writer([&] { pair.peer.write(sent); });
    const auto read = pair.client.read_until(delimiter, before);
    writer.join();
    REQUIRE(read);
    CHECK(read->size() == before + delimiter.size());
    CHECK(text(pair.client.read_exactly(4)) == "rest");
  }
}

TEST_CASE("read_until beyond max is EMSGSIZE, and the bytes stay", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("123456;;"));
  CHECK_FALSE(pair.client.read_until(";;", 5));
  CHECK(pair.client.error().name() == "EMSGSIZE");
  CHECK(pair.client.error().operation() == "read");
  CHECK(text(pair.client.read_until(";;", 6)) == "123456;;");
}

TEST_CASE("read_until and read_line take a max without end", "[client]") {
  constexpr auto most = (std::numeric_limits<std::size_t>::max)();
  BlockingPair pair;
  REQUIRE(pair.peer.write("a;b\nc"));
  CHECK(text(pair.client.read_until(";", most)) == "a;");
  CHECK(text(pair.client.read_line(most)) == "b");
}

TEST_CASE("an empty delimiter is a bad argument", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("bytes"));
  CHECK_FALSE(pair.client.read_until(""));
  CHECK(pair.client.error().name() == "EINVAL");
  CHECK(pair.client.error().message() == "read EINVAL: bad delimiter \"\"");
  CHECK(text(pair.client.read()) == "bytes");
}

TEST_CASE("an end before the delimiter is nothing and no error, and the bytes stay", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("no delimiter"));
  REQUIRE(pair.peer.end());
  CHECK_FALSE(pair.client.read_until(";"));
  CHECK_FALSE(pair.client.error());
  CHECK(text(pair.client.read_line()) == "no delimiter");
}

TEST_CASE("a read waits until its deadline, and not less", "[client]") {
  BlockingPair pair;
  pair.client.set_timeout(short_time);
  const auto begin = steady_clock::now();
  CHECK_FALSE(pair.client.read());
  CHECK(steady_clock::now() - begin >= short_time);
  CHECK(pair.client.error().message() == "read ETIMEDOUT");
  CHECK((pair.client.error().code() == std::errc::timed_out));
  CHECK(pair.client.is_open());
  REQUIRE(pair.peer.write("late"));
  CHECK(text(pair.client.read_exactly(4)) == "late");
}

TEST_CASE("bytes that keep coming do not put the deadline off", "[client]") {
  BlockingPair pair;
  support::Thread writer([&] {
    while (pair.peer.write(std::string(1000, 'x'))) {
    }
  });
  pair.client.set_timeout(short_time);
  CHECK_FALSE(pair.client.read_until("y", 1024 * 1024 * 1024));
  CHECK(pair.client.error().name() == "ETIMEDOUT");
  pair.client.close();
  writer.join();
}

TEST_CASE("a timeout of 0 or less is none", "[client]") {
  BlockingPair pair;
  pair.client.set_timeout(milliseconds(-5));
  support::Thread writer([&] { pair.peer.write("x"); });
  CHECK(text(pair.client.read()) == "x");
  writer.join();
}

TEST_CASE("a write that nobody reads ends at its deadline, and the stream is not gone on with",
          "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("still there"));
  pair.client.set_timeout(short_time);
  CHECK_FALSE(pair.client.write(Buffer::alloc(64 * 1024 * 1024)));
  CHECK(pair.client.error().message() == "write ETIMEDOUT");
  CHECK_FALSE(pair.client.write("behind the hole"));
  CHECK(pair.client.error().message() == "write ETIMEDOUT");
  CHECK_FALSE(pair.client.end());
  CHECK(pair.client.error().name() == "ETIMEDOUT");
  CHECK(text(pair.client.read()) == "still there");
}

// Fills the socket behind the Client's back; split mode does not show the system layer.
#ifndef ONESOCK_SPLIT
TEST_CASE("a write that sent nothing before its deadline may be tried again", "[client]") {
  BlockingPair pair;
  pair.client.set_timeout(milliseconds(20));
  const auto socket = static_cast<onesock::detail::Handle>(pair.client.native_handle());
  const auto filling = Buffer::alloc(64 * 1024);
  do {
    std::size_t sent = 0;
    while (!onesock::detail::os::send(socket, filling.data(), filling.size(), sent)) {
    }
  } while (pair.client.write("x"));
  CHECK(pair.client.error().message() == "write ETIMEDOUT");
  pair.client.set_timeout(patience);
  support::Thread reader([&] {
    while (pair.peer.read()) {
    }
  });
  CHECK(pair.client.write("y"));
  CHECK(pair.client.end());
  reader.join();
}
#endif

TEST_CASE("writing nothing is done at once", "[client]") {
  BlockingPair pair;
  CHECK(pair.client.write(""));
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("after end the peer reads the end, and we read on", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.client.write("question"));
  CHECK(pair.client.end());
  CHECK(pair.client.end());
  CHECK(text(pair.peer.read_exactly(8)) == "question");
  CHECK_FALSE(pair.peer.read());
  CHECK_FALSE(pair.peer.error());
  REQUIRE(pair.peer.write("answer"));
  CHECK(text(pair.client.read_exactly(6)) == "answer");
}

TEST_CASE("write after end is refused", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.client.end());
  CHECK_FALSE(pair.client.write("more"));
  CHECK(pair.client.error().name() == "ERR_STREAM_WRITE_AFTER_END");
  CHECK(pair.client.error().message() == "write after end");
  CHECK_FALSE(pair.peer.read());
  CHECK_FALSE(pair.peer.error());
}

TEST_CASE("writing to a peer that left fails, and raises no signal", "[client]") {
  BlockingPair pair;
  pair.peer.close();
  const std::string chunk(1000, 'x');
  int written = 0;
  while (written < 100000 && pair.client.write(chunk)) ++written;
  const auto name = pair.client.error().name();
  CHECK((name == "EPIPE" || name == "ECONNRESET"));
  CHECK(pair.client.error().operation() == "write");
}

TEST_CASE("a peer's reset is ECONNRESET, told again by each read", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.client.write("never read"));
  REQUIRE(pair.peer.write("last"));
  pair.peer.close();  // With bytes unread: a reset.
  CHECK_FALSE(pair.client.read_exactly(10));
  CHECK(pair.client.error().message() == "read ECONNRESET");
  CHECK(text(pair.client.read()) == "last");
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(pair.client.read());
    CHECK((pair.client.error().code() == std::errc::connection_reset));
  }
}

TEST_CASE("8 MiB go there and back, byte for byte", "[client]") {
  BlockingPair pair;
  constexpr std::size_t size = 8 * 1024 * 1024;
  const auto sent = pattern(size, 3);
  support::Thread echo([&] {
    const auto all = pair.peer.read_exactly(size);
    if (all) pair.peer.write(*all);
  });
  CHECK(pair.client.write(sent));
  const auto received = pair.client.read_exactly(size);
  echo.join();
  REQUIRE(received);
  CHECK((*received == sent));
}

TEST_CASE("a refused connect names the address, and leaves the client closed", "[client]") {
  const auto port = closed_port();
  Client client;
  client.set_timeout(patience);
  CHECK_FALSE(client.connect(port, "127.0.0.1"));
  CHECK(client.error().name() == "ECONNREFUSED");
  CHECK(client.error().message() == "connect ECONNREFUSED 127.0.0.1:" + std::to_string(port));
  CHECK_FALSE(client.is_open());
  CHECK_FALSE(client.read());
  CHECK(client.error().name() == "ERR_SOCKET_CLOSED");
}

TEST_CASE("a connect to itself is refused", "[client]") {
  auto options = to_port(closed_port());
  options.local_address = "127.0.0.1";
  options.local_port = options.port;
  Client client;
  client.set_timeout(patience);
  CHECK_FALSE(client.connect(options));
  CHECK(client.error().name() == "ECONNREFUSED");
}

TEST_CASE("a connect that nobody answers ends at the earlier deadline", "[client]") {
  Blackhole hole;
  Client client;
  auto options = to_port(hole.port());
  SECTION("its own") {
    client.set_timeout(short_time);
  }
  SECTION("the options'") {
    options.timeout = short_time;
  }
  SECTION("the options' before its own") {
    client.set_timeout(patience);
    options.timeout = short_time;
  }
  SECTION("its own before the options'") {
    client.set_timeout(short_time);
    options.timeout = patience;
  }
  const auto begin = steady_clock::now();
  CHECK_FALSE(client.connect(options));
  const auto taken = steady_clock::now() - begin;
  CHECK(taken >= short_time);
  CHECK(taken < patience);
  CHECK(client.error().message() == "connect ETIMEDOUT 127.0.0.1:" + std::to_string(options.port));
  CHECK_FALSE(client.is_open());
}

TEST_CASE("a connect by name finds the listener", "[client]") {
  auto acceptor = listening_acceptor();
  Client client;
  client.set_timeout(patience);
  REQUIRE(client.connect(acceptor.address().port));
  auto peer = acceptor.accept();
  REQUIRE(peer);
  CHECK(client.remote_address() == acceptor.address());
}

TEST_CASE("a name that does not exist is an error of getaddrinfo", "[client]") {
  Client client;
  client.set_timeout(patience);
  CHECK_FALSE(client.connect(1, std::string(300, 'x')));
  CHECK(client.error().name() == "ENOTFOUND");
  CHECK(client.error().operation() == "getaddrinfo");
  CHECK(client.error().message() == "getaddrinfo ENOTFOUND " + std::string(300, 'x'));
  CHECK_FALSE(client.is_open());
}

TEST_CASE("bad connect options are told, and change nothing", "[client]") {
  BlockingPair pair;
  auto options = to_port(80);
  std::string message;
  SECTION("port below 0") {
    options.port = -1;
    message = "connect: bad port -1";
  }
  SECTION("port above 65535") {
    options.port = 65536;
    message = "connect: bad port 65536";
  }
  SECTION("local port") {
    options.local_port = 65536;
    message = "connect: bad port 65536";
  }
  SECTION("local address") {
    options.local_address = "here";
    message = "connect EINVAL: bad local_address \"here\"";
  }
  SECTION("path") {
    options.path = std::string("a\0b", 3);
    message = "connect EINVAL: bad path \"a@b\"";
  }
  CHECK_FALSE(pair.client.connect(options));
  CHECK(pair.client.error().message() == message);
  REQUIRE(pair.peer.write("still up"));
  CHECK(text(pair.client.read_exactly(8)) == "still up");
}

TEST_CASE("connect closes an open connection first", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("of the first connection"));
  REQUIRE(pair.client.read_exactly(2));
  REQUIRE(pair.client.connect(pair.acceptor.address().port, "127.0.0.1"));
  auto second = pair.acceptor.accept();
  REQUIRE(second);
  CHECK_FALSE(pair.peer.read());
  REQUIRE(second->write("new"));
  CHECK(text(pair.client.read()) == "new");
}

TEST_CASE("connect starts anew after an end and a failed write", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.client.end());
  pair.peer.close();
  CHECK_FALSE(pair.client.read());
  REQUIRE(pair.client.connect(pair.acceptor.address().port, "127.0.0.1"));
  auto second = pair.acceptor.accept();
  REQUIRE(second);
  CHECK(pair.client.write("hello"));
  CHECK(text(second->read_exactly(5)) == "hello");
}

TEST_CASE("connect comes from the local address that was asked for", "[client]") {
  auto acceptor = listening_acceptor();
  auto options = to_port(acceptor.address().port);
  options.local_address = "127.0.0.1";
  options.local_port = closed_port();
  Client client;
  client.set_timeout(patience);
  REQUIRE(client.connect(options));
  auto peer = acceptor.accept();
  REQUIRE(peer);
  CHECK(peer->remote_address() == onesock::Address::from_ip("127.0.0.1", options.local_port));
  CHECK(client.local_address() == peer->remote_address());
}

TEST_CASE("a client tells both addresses, and the remote one after close, too", "[client]") {
  BlockingPair pair;
  CHECK(pair.client.remote_address() == pair.acceptor.address());
  CHECK(pair.client.local_address() == pair.peer.remote_address());
  CHECK(pair.peer.local_address() == pair.acceptor.address());
  CHECK(pair.client.native_handle() != ~std::uintptr_t{0});
  pair.client.close();
  CHECK(pair.client.remote_address() == pair.acceptor.address());
  CHECK(pair.client.local_address().empty());
  CHECK(pair.client.native_handle() == ~std::uintptr_t{0});
}

TEST_CASE("every call on a closed client tells so", "[client]") {
  Client client;
  SECTION("read") {
    CHECK_FALSE(client.read());
  }
  SECTION("read_exactly") {
    CHECK_FALSE(client.read_exactly(0));
  }
  SECTION("read_until") {
    CHECK_FALSE(client.read_until("\n"));
  }
  SECTION("read_line") {
    CHECK_FALSE(client.read_line());
  }
  SECTION("write") {
    CHECK_FALSE(client.write(""));
  }
  SECTION("end") {
    CHECK_FALSE(client.end());
  }
  CHECK(client.error().name() == "ERR_SOCKET_CLOSED");
  CHECK(client.error().message() == "Socket is closed");
}

TEST_CASE("a client never connected is closed, and harmless", "[client]") {
  Client client;
  client.close();
  CHECK_FALSE(client.is_open());
  CHECK_FALSE(client.error());
  CHECK(client.remote_address().empty());
  CHECK(client.local_address().empty());
  CHECK(client.native_handle() == ~std::uintptr_t{0});
}

TEST_CASE("close drops what was not read, and keeps the error", "[client]") {
  BlockingPair pair;
  REQUIRE(pair.peer.write("xyz"));
  REQUIRE(pair.client.read_exactly(1));
  CHECK_FALSE(pair.client.read_until(";", 0));
  const auto error = pair.client.error();
  REQUIRE(error);
  pair.client.close();
  pair.client.close();
  CHECK(pair.client.error() == error);
  CHECK_FALSE(pair.client.is_open());
  CHECK_FALSE(pair.client.read());
  CHECK(pair.client.error().name() == "ERR_SOCKET_CLOSED");
}

TEST_CASE("a call that succeeds clears the error of the one before", "[client]") {
  BlockingPair pair;
  CHECK_FALSE(pair.client.read_until(""));
  CHECK(pair.client.error());
  CHECK(pair.client.write("x"));
  CHECK_FALSE(pair.client.error());
}

TEST_CASE("a client moves with its connection and what it has not read; what is left is closed",
          "[client]") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Client>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Client>);
  BlockingPair pair;
  REQUIRE(pair.peer.write("line\nrest"));
  REQUIRE(pair.client.read_line());
  Client moved = std::move(pair.client);
  CHECK_FALSE(pair.client.is_open());
  CHECK_FALSE(pair.client.error());
  CHECK_FALSE(pair.client.read());
  CHECK(pair.client.error().name() == "ERR_SOCKET_CLOSED");
  CHECK(text(moved.read_exactly(4)) == "rest");
}

TEST_CASE("moving onto an open client, or leaving its scope, closes it", "[client]") {
  BlockingPair pair;
  SECTION("moved onto") {
    pair.client = Client();
  }
  SECTION("out of scope") {
    const Client gone = std::move(pair.client);
  }
  CHECK_FALSE(pair.peer.read());
  CHECK_FALSE(pair.peer.error());
}

TEST_CASE("IPv6 works as IPv4 does", "[client]") {
  Acceptor acceptor;
  acceptor.set_timeout(patience);
  Client client;
  client.set_timeout(patience);
  if (!acceptor.listen(0, "::1")) {
    WARN("no IPv6 on this machine: " << acceptor.error());
    CHECK_FALSE(client.connect(closed_port(), "::1"));
    CHECK(client.error().operation() == "connect");
    return;
  }
  REQUIRE(client.connect(acceptor.address().port, "::1"));
  auto peer = acceptor.accept();
  REQUIRE(peer);
  CHECK(client.remote_address() == acceptor.address());
  CHECK(client.remote_address().to_string() == "[::1]:" + std::to_string(acceptor.address().port));
  CHECK(client.write("six"));
  CHECK(text(peer->read_exactly(3)) == "six");
}

TEST_CASE("a local socket works as a port does", "[client]") {
  onesock::ListenOptions where;
  where.path = (std::filesystem::temp_directory_path() /
                ("onesock-client-" + std::to_string(closed_port()) + ".sock"))
                   .string();
  Acceptor acceptor;
  acceptor.set_timeout(patience);
  REQUIRE(acceptor.listen(where));
  CHECK(std::filesystem::exists(where.path));
  onesock::ConnectOptions options;
  options.path = where.path;
  Client client;
  client.set_timeout(patience);
  REQUIRE(client.connect(options));
  auto peer = acceptor.accept();
  REQUIRE(peer);
  CHECK(client.remote_address().host == where.path);
  CHECK((client.remote_address().family == onesock::Family::local));
  CHECK(client.write("by path"));
  CHECK(text(peer->read_exactly(7)) == "by path");
  acceptor.close();
  CHECK_FALSE(std::filesystem::exists(where.path));
  CHECK_FALSE(client.connect(options));
  CHECK(client.error().message() == "connect ENOENT " + where.path);
}

#if __has_include(<sys/resource.h>)
namespace {

std::atomic<int> signals{0};

// Until it goes, signals interrupt what waits: there is no SA_RESTART.
struct CountSignals {
  CountSignals() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++signals; };
    sigaction(SIGUSR1, &action, &before);
  }
  ~CountSignals() { sigaction(SIGUSR1, &before, nullptr); }
  struct sigaction before {};
};

}  // namespace

TEST_CASE("a signal does not end a call", "[client]") {
  const CountSignals counting;
  auto acceptor = listening_acceptor();
  const auto port = acceptor.address().port;
  const auto waiting = pthread_self();
  const auto interrupt = [&] {
    for (int i = 0; i < 200; ++i) {
      pthread_kill(waiting, SIGUSR1);
      support::yield();
    }
  };
  bool sent = false;
  support::Thread peer([&] {
    interrupt();
    Client client;
    client.set_timeout(patience);
    client.connect(port, "127.0.0.1");
    interrupt();
    sent = client.write("calm");
  });
  auto accepted = acceptor.accept();
  const auto read = accepted ? accepted->read_exactly(4) : std::nullopt;
  peer.join();
  CHECK(sent);
  CHECK(text(read) == "calm");
  CHECK(signals > 0);
}
#endif
