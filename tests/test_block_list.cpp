// onesock: BlockList alone, and as servers and connects ask it.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

#include "catch.hpp"
#include "support.hpp"

using onesock::BlockList;

TEST_CASE("an empty block list blocks nothing", "[block_list]") {
  const BlockList list;
  CHECK(list.empty());
  CHECK_FALSE(list.blocks("127.0.0.1"));
  CHECK_FALSE(list.blocks("::1"));
}

TEST_CASE("a blocked address is blocked, its neighbours are not", "[block_list]") {
  BlockList list;
  CHECK_FALSE(list.add_address("123.123.123.123"));
  CHECK_FALSE(list.add_address("8592:757c:efae:4e45::1"));
  CHECK(list.blocks("123.123.123.123"));
  CHECK_FALSE(list.blocks("123.123.123.122"));
  CHECK_FALSE(list.blocks("123.123.123.124"));
  CHECK(list.blocks("8592:757c:efae:4e45:0:0:0:1"));
  CHECK_FALSE(list.blocks("8592:757c:efae:4e45::2"));
}

TEST_CASE("an IPv4 rule blocks the mapped IPv6 form too", "[block_list]") {
  BlockList list;
  CHECK_FALSE(list.add_address("123.123.123.123"));
  CHECK(list.blocks("::ffff:7b7b:7b7b"));
  CHECK(list.blocks("::ffff:123.123.123.123"));
  CHECK_FALSE(list.blocks("::7b7b:7b7b"));
}

TEST_CASE("a range blocks both its ends and all between", "[block_list]") {
  BlockList list;
  CHECK_FALSE(list.add_range("10.0.0.250", "10.0.1.5"));
  CHECK_FALSE(list.blocks("10.0.0.249"));
  CHECK(list.blocks("10.0.0.250"));
  CHECK(list.blocks("10.0.0.255"));
  CHECK(list.blocks("10.0.1.5"));
  CHECK_FALSE(list.blocks("10.0.1.6"));
}

TEST_CASE("a subnet blocks its network whatever its host bits", "[block_list]") {
  BlockList list;
  CHECK_FALSE(list.add_subnet("10.20.30.40", 12));
  CHECK(list.blocks("10.16.0.0"));
  CHECK(list.blocks("10.31.255.255"));
  CHECK_FALSE(list.blocks("10.15.255.255"));
  CHECK_FALSE(list.blocks("10.32.0.0"));
  CHECK_FALSE(list.add_subnet("fe80::", 10));
  CHECK(list.blocks("febf:ffff::1"));
  CHECK(list.blocks("fe80::1%lo"));
  CHECK_FALSE(list.blocks("fec0::"));
}

TEST_CASE("subnets of no bits and of all bits are allowed", "[block_list]") {
  BlockList one;
  CHECK_FALSE(one.add_subnet("1.2.3.4", 32));
  CHECK(one.blocks("1.2.3.4"));
  CHECK_FALSE(one.blocks("1.2.3.5"));
  BlockList all;
  CHECK_FALSE(all.add_subnet("0.0.0.0", 0));
  CHECK(all.blocks("255.255.255.255"));
  CHECK_FALSE(all.blocks("::1"));
}

TEST_CASE("a bad rule is an error that names it and changes nothing", "[block_list]") {
  BlockList list;
  CHECK(list.add_address("1.2.3").message() == "block EINVAL: bad address \"1.2.3\"");
  CHECK(list.add_range("1.2.3.4", "1.2.3.3").message() ==
        "block EINVAL: bad end of range \"1.2.3.3\"");
  CHECK(list.add_range("1.2.3.4", "::ffff:1.2.3.5"));
  CHECK(list.add_subnet("localhost", 8).message() == "block EINVAL: bad network \"localhost\"");
  CHECK(list.add_subnet("10.0.0.0", 33).message() == "block EINVAL: bad prefix \"33\"");
  CHECK(list.add_subnet("::", -1));
  CHECK(list.empty());
  CHECK_FALSE(list.blocks("no address"));
}

TEST_CASE("copies name the same list", "[block_list]") {
  BlockList list;
  const auto copy = list;
  CHECK_FALSE(list.add_address("::1"));
  CHECK(copy.blocks("::1"));
}

TEST_CASE("a server drops the peers on its block list", "[block_list]") {
  support::TestLoop loop;
  onesock::ServerOptions options;
  REQUIRE_FALSE(options.block_list.add_subnet("127.0.0.0", 8));
  int connections = 0;
  std::string dropped;
  std::string told;
  onesock::Server server(loop, options, [&] { ++connections; });
  server.on_drop([&](const onesock::DropInfo& info) { dropped = info.remote.host; });
  server.listen({0, "127.0.0.1"});
  const auto client = onesock::connect(loop, {server.address().port, "127.0.0.1"});
  client.on_end([&] { told += "end "; });
  client.on_close([&](bool had_error) {
    told += had_error ? "close(true)" : "close(false)";
    server.close();
  });
  loop.run();
  CHECK(connections == 0);
  CHECK(dropped == "127.0.0.1");
  CHECK(told == "end close(false)");
}

TEST_CASE("a connect does not try an address on its block list", "[block_list]") {
  support::TestLoop loop;
  int connections = 0;
  onesock::Server server(loop, [&] { ++connections; });
  server.listen({0, "127.0.0.1"});
  onesock::ConnectOptions options;
  options.port = server.address().port;
  options.host = "127.0.0.1";
  REQUIRE_FALSE(options.block_list.add_address("127.0.0.1"));
  std::string name;
  const auto client = onesock::connect(loop, options);
  client.on_error([&](const onesock::Error& error) { name = error.name(); });
  client.on_close([&] { server.close(); });
  loop.run();
  CHECK(connections == 0);
  CHECK(name == "ERR_IP_BLOCKED");
}

TEST_CASE("a connect to the wildcard is one to loopback for a block list too", "[block_list]") {
  support::TestLoop loop;
  onesock::ConnectOptions options;
  options.port = 1;
  REQUIRE_FALSE(options.block_list.add_address("127.0.0.1"));
  REQUIRE_FALSE(options.block_list.add_address("::1"));
  for (const auto* wildcard : {"0.0.0.0", "::"}) {
    options.host = wildcard;
    std::string name;
    onesock::connect(loop, options).on_error([&](const onesock::Error& error) {
      name = error.name();
    });
    loop.run();
    CHECK(name == "ERR_IP_BLOCKED");
  }
}
