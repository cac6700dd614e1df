// onesock: Acceptor: the blocking listener.
// SPDX-License-Identifier: MIT

#include "blocking_support.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>

#if __has_include(<sys/resource.h>)
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

using onesock::Acceptor;
using onesock::Client;
using onesock::ListenOptions;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST_CASE("port 0 is a free port that the address tells", "[acceptor]") {
  const auto acceptor = listening_acceptor();
  CHECK(acceptor.listening());
  CHECK(acceptor.address().host == "127.0.0.1");
  CHECK(acceptor.address().port > 0);
  CHECK((acceptor.address().family == onesock::Family::ipv4));
  CHECK(acceptor.native_handle() != ~std::uintptr_t{0});
}

TEST_CASE("clients are accepted in the order they came", "[acceptor]") {
  auto acceptor = listening_acceptor();
  Client clients[3];
  for (auto& client : clients) REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
  for (auto& client : clients) {
    const auto accepted = acceptor.accept();
    REQUIRE(accepted);
    CHECK(accepted->remote_address() == client.local_address());
  }
}

TEST_CASE("accept waits until its deadline, and not less", "[acceptor]") {
  auto acceptor = listening_acceptor();
  constexpr milliseconds short_time{100};
  acceptor.set_timeout(short_time);
  const auto begin = steady_clock::now();
  CHECK_FALSE(acceptor.accept());
  CHECK(steady_clock::now() - begin >= short_time);
  CHECK(acceptor.error().name() == "ETIMEDOUT");
  CHECK(acceptor.error().operation() == "accept");
  CHECK(acceptor.error().address() == acceptor.address());
  CHECK(acceptor.listening());
  Client client;
  REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
  CHECK(acceptor.accept());
  CHECK_FALSE(acceptor.error());
}

TEST_CASE("what a client sent before it left is not lost", "[acceptor]") {
  auto acceptor = listening_acceptor();
  {
    Client client;
    REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
    REQUIRE(client.write("and away"));
  }
  auto accepted = acceptor.accept();
  REQUIRE(accepted);
  accepted->set_timeout(patience);
  CHECK(text(accepted->read_exactly(8)) == "and away");
  CHECK_FALSE(accepted->read());
  CHECK_FALSE(accepted->error());
}

TEST_CASE("an address in use is EADDRINUSE", "[acceptor]") {
  const auto first = listening_acceptor();
  Acceptor second;
  CHECK_FALSE(second.listen(first.address().port, "127.0.0.1"));
  CHECK(second.error().name() == "EADDRINUSE");
  CHECK(second.error().message() ==
        "listen EADDRINUSE: address already in use " + first.address().to_string());
  CHECK_FALSE(second.listening());
  CHECK(second.listen(0, "127.0.0.1"));
  CHECK_FALSE(second.error());
}

TEST_CASE("an address that is not ours is EADDRNOTAVAIL", "[acceptor]") {
  Acceptor acceptor;
  CHECK_FALSE(acceptor.listen(0, "192.0.2.1"));
  CHECK(acceptor.error().name() == "EADDRNOTAVAIL");
}

TEST_CASE("listen while listening is refused, and the first goes on", "[acceptor]") {
  auto acceptor = listening_acceptor();
  const auto address = acceptor.address();
  CHECK_FALSE(acceptor.listen(0, "127.0.0.1"));
  CHECK(acceptor.error().name() == "ERR_SERVER_ALREADY_LISTEN");
  CHECK(acceptor.address() == address);
  Client client;
  REQUIRE(client.connect(address.port, "127.0.0.1"));
  CHECK(acceptor.accept());
}

TEST_CASE("bad listen options are told", "[acceptor]") {
  Acceptor acceptor;
  ListenOptions options;
  std::string message;
  SECTION("port") {
    options.port = 65536;
    message = "listen: bad port 65536";
  }
  SECTION("backlog") {
    options.backlog = -1;
    message = "listen EINVAL: bad backlog \"-1\"";
  }
  SECTION("path") {
    options.path = std::string("a\0b", 3);
    message = "listen EINVAL: bad path \"a@b\"";
  }
  CHECK_FALSE(acceptor.listen(options));
  CHECK(acceptor.error().message() == message);
  CHECK_FALSE(acceptor.listening());
}

TEST_CASE("a host may be a name", "[acceptor]") {
  Acceptor acceptor;
  acceptor.set_timeout(patience);
  REQUIRE(acceptor.listen(0, "localhost"));
  Client client;
  client.set_timeout(patience);
  REQUIRE(client.connect(acceptor.address().port, acceptor.address().host));
  CHECK(acceptor.accept());
}

TEST_CASE("a host that is no name is an error of getaddrinfo", "[acceptor]") {
  Acceptor acceptor;
  acceptor.set_timeout(patience);
  CHECK_FALSE(acceptor.listen(0, std::string(256, 'x')));
  CHECK(acceptor.error().message() == "getaddrinfo ENOTFOUND " + std::string(256, 'x'));
}

TEST_CASE("no host is every address, IPv4 too", "[acceptor]") {
  Acceptor acceptor;
  acceptor.set_timeout(patience);
  REQUIRE(acceptor.listen(0));
  const auto host = acceptor.address().host;
  CHECK((host == "::" || host == "0.0.0.0"));
  Client client;
  client.set_timeout(patience);
  CHECK(client.connect(acceptor.address().port, "127.0.0.1"));
  CHECK(acceptor.accept());
}

TEST_CASE("after close nobody is accepted, and the port is free", "[acceptor]") {
  auto acceptor = listening_acceptor();
  const auto port = acceptor.address().port;
  acceptor.close();
  acceptor.close();
  CHECK_FALSE(acceptor.listening());
  CHECK(acceptor.address().empty());
  CHECK(acceptor.native_handle() == ~std::uintptr_t{0});
  CHECK_FALSE(acceptor.accept());
  CHECK(acceptor.error().name() == "ERR_SERVER_NOT_RUNNING");
  CHECK(acceptor.listen(port, "127.0.0.1"));
}

TEST_CASE("a port is free again although its last connection lingers", "[acceptor]") {
  auto acceptor = listening_acceptor();
  const auto port = acceptor.address().port;
  Client client;
  REQUIRE(client.connect(port, "127.0.0.1"));
  {
    auto accepted = acceptor.accept();  // It goes first: TIME_WAIT is on our side.
    REQUIRE(accepted);
    REQUIRE(accepted->end());
    CHECK_FALSE(client.read());
    REQUIRE(client.end());
    CHECK_FALSE(accepted->read());
  }
  acceptor.close();
  CHECK(acceptor.listen(port, "127.0.0.1"));
}

TEST_CASE("an acceptor moves with its port; what is left does not listen", "[acceptor]") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Acceptor>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Acceptor>);
  auto acceptor = listening_acceptor();
  const auto address = acceptor.address();
  const Acceptor moved = std::move(acceptor);
  CHECK(moved.address() == address);
  CHECK_FALSE(acceptor.listening());
  CHECK(acceptor.address().empty());
  CHECK_FALSE(acceptor.error());
  CHECK_FALSE(acceptor.accept());
  CHECK(acceptor.error().name() == "ERR_SERVER_NOT_RUNNING");
}

TEST_CASE("an acceptor that goes closes its port", "[acceptor]") {
  const auto port = closed_port();
  Client client;
  client.set_timeout(patience);
  CHECK_FALSE(client.connect(port, "127.0.0.1"));
  CHECK(client.error().name() == "ECONNREFUSED");
}

TEST_CASE("a file that is in the way of a local socket stays", "[acceptor]") {
  ListenOptions options;
  options.path = (std::filesystem::temp_directory_path() /
                  ("onesock-acceptor-" + std::to_string(closed_port()) + ".sock"))
                     .string();
  std::ofstream(options.path) << "mine";
  Acceptor acceptor;
  CHECK_FALSE(acceptor.listen(options));
  CHECK(acceptor.error().message() == "listen EADDRINUSE: address already in use " + options.path);
  CHECK(std::filesystem::remove(options.path));
  CHECK(acceptor.listen(options));
}

TEST_CASE("a path too long for the system is refused, not cut", "[acceptor]") {
  ListenOptions options;
  options.path = (std::filesystem::temp_directory_path() / std::string(200, 'x')).string();
  Acceptor acceptor;
  CHECK_FALSE(acceptor.listen(options));
  CHECK(acceptor.error().name() == "ENAMETOOLONG");
  CHECK_FALSE(std::filesystem::exists(options.path));
}

#if __has_include(<sys/resource.h>)
TEST_CASE("without descriptors accept tells EMFILE, and the client waits on", "[acceptor]") {
  auto acceptor = listening_acceptor();
  Client client;
  REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = ::open("/dev/null", O_RDONLY);
  REQUIRE(next >= 0);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool accepted = acceptor.accept().has_value();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(accepted);
  CHECK(acceptor.error().message() ==
        "accept EMFILE: too many open files " + acceptor.address().to_string());
  CHECK(acceptor.accept());
}
#endif
