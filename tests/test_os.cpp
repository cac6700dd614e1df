// onesock: tests of the contract of the system (detail/os.hpp) over raw handles, loopback only.
// SPDX-License-Identifier: MIT

#include "onesock.hpp"

// In split mode the layer below the API is seen by the bodies only.
#ifndef ONESOCK_SPLIT

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "catch.hpp"
#include "raw_sockets.hpp"
#include "thread.hpp"

using namespace raw;

using support::has_ipv6;

namespace {

const std::string with_nul("a\0b", 3);

/// A name for a socket file in the folder of temporary files, gone before and after.
struct SocketFile {
  std::string path;
  explicit SocketFile(const std::string& name)
      : path((std::filesystem::temp_directory_path() / ("onesock-" + name)).string()) {
    os::remove_socket_file(path);
  }
  ~SocketFile() { os::remove_socket_file(path); }
};

Address local(const std::string& path) {
  return Address{path, 0, Family::local};
}

/// Windows before 10 1803, and Wine, have none; open_stream() says so.
bool has_local_sockets() {
  Handle handle = Handle::invalid;
  const std::error_code error = os::open_stream(Family::local, handle);
  os::close(handle);
  CHECK((!error || error == std::errc::address_family_not_supported));
  return !error;
}

bool would_block(Handle socket) {
  char letter = 0;
  std::size_t count = 7;
  const bool receives = os::receive(socket, &letter, 1, count) != std::errc::operation_would_block;
  const bool peeks = os::peek(socket, count) != std::errc::operation_would_block;
  return !receives && !peeks && count == 7;
}

bool is_readable(Handle handle) {
  Poller poller;
  std::vector<Readiness> ready;
  REQUIRE_FALSE(poller.watch(handle, Interest::read));
  REQUIRE_FALSE(poller.wait(std::chrono::milliseconds(0), ready));
  return !ready.empty();
}

bool is_closed_code(std::error_code error) {
  return error == std::errc::bad_file_descriptor || error == std::errc::not_a_socket;
}

int int_option(Handle socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  char* const place = reinterpret_cast<char*>(&value);
  REQUIRE(::getsockopt(os::native(socket), level, name, place, &size) == 0);
  return value;
}

bool is_inherited(Handle handle) {
#ifdef FD_CLOEXEC
  return (::fcntl(os::native(handle), F_GETFD) & FD_CLOEXEC) == 0;
#else
  DWORD flags = 0;
  REQUIRE(::GetHandleInformation(reinterpret_cast<HANDLE>(os::native(handle)), &flags) != 0);
  return (flags & HANDLE_FLAG_INHERIT) != 0;
#endif
}

void echo_between(Handle one, Handle other) {
  send_all(one, "there");
  REQUIRE(receive_all(other, 5) == "there");
  send_all(other, "and back");
  REQUIRE(receive_all(one, 8) == "and back");
}

}  // namespace

TEST_CASE("a stream of no family is an invalid argument", "[os]") {
  Handle handle = Handle::invalid;
  REQUIRE(os::open_stream(Family::any, handle) == std::errc::invalid_argument);
  REQUIRE(handle == Handle::invalid);
}

TEST_CASE("bytes go there and back, and both ends know both addresses", "[os]") {
  const std::string host = GENERATE(as<std::string>{}, "127.0.0.1", "::1");
  if (host == "::1" && !has_ipv6()) {
    SUCCEED("this machine has no IPv6");
    return;
  }
  const Owned listener = listen_on(Address::from_ip(host, 0));
  const Address where = os::local_address(listener.get());
  REQUIRE(where.host == host);
  REQUIRE(where.port > 0);
  const Owned client = connect_to(where);
  Address peer;
  const Owned server = accept_from(listener.get(), peer);
  REQUIRE(peer == os::local_address(client.get()));
  REQUIRE(peer == os::peer_address(server.get()));
  REQUIRE(os::peer_address(client.get()) == where);
  REQUIRE(os::local_address(server.get()) == where);
  echo_between(client.get(), server.get());
}

TEST_CASE("what is not bound has no address, and what is not connected no peer", "[os]") {
  const Owned socket = open_stream();
  REQUIRE(os::local_address(socket.get()).empty());
  REQUIRE(os::peer_address(socket.get()).empty());
  const Owned listener = listen_on_loopback();
  REQUIRE(os::peer_address(listener.get()).empty());
}

TEST_CASE("a local socket has a path, and its file goes when it is removed", "[os]") {
  if (!has_local_sockets()) return;
  const SocketFile file("echo.sock");
  const Owned listener = listen_on(local(file.path));
  REQUIRE(os::local_address(listener.get()) == local(file.path));
  const Owned client = connect_to(local(file.path));
  Address peer;
  const Owned server = accept_from(listener.get(), peer);
  REQUIRE(peer.host.empty());
  REQUIRE(os::peer_address(client.get()) == local(file.path));
  REQUIRE(os::local_address(client.get()).empty());
  echo_between(client.get(), server.get());

  const Owned second = open_stream(Family::local);
  REQUIRE(os::bind(second.get(), local(file.path)) == std::errc::address_in_use);
  os::remove_socket_file(file.path);
  REQUIRE_FALSE(std::filesystem::exists(file.path));
  REQUIRE_FALSE(os::bind(second.get(), local(file.path)));
}

TEST_CASE("a stale socket file refuses", "[os]") {
  if (!has_local_sockets()) return;
  const SocketFile file("stale.sock");
  Owned listener = listen_on(local(file.path));
  listener = Owned();
  const Owned client = open_stream(Family::local);
  REQUIRE(os::connect(client.get(), local(file.path)) == std::errc::connection_refused);
}

TEST_CASE("a path is taken whole or not at all", "[os]") {
  if (!has_local_sockets()) return;
  const Owned socket = open_stream(Family::local);
  const auto refused = [&socket](std::size_t length) {
    const Address address = local(std::string(length, 'p'));
    return os::connect(socket.get(), address) == std::errc::filename_too_long;
  };
  std::size_t longest = 1;
  while (!refused(longest + 1) && longest < 5000) ++longest;
  REQUIRE((longest == 107 || longest == 103));
  REQUIRE(refused(longest + 2));
  REQUIRE(refused(4096));
  const Address too_long = local(std::string(longest + 1, 'p'));
  REQUIRE(os::bind(socket.get(), too_long) == std::errc::filename_too_long);
  REQUIRE_FALSE(std::filesystem::exists(std::string(longest, 'p')));
  REQUIRE(os::bind(socket.get(), local("")) == std::errc::invalid_argument);
  REQUIRE(os::bind(socket.get(), local(with_nul)) == std::errc::invalid_argument);
}

TEST_CASE("the longest path works, with its last letter", "[os]") {
  if (!has_local_sockets()) return;
  std::string path = SocketFile("long-").path;
  path.resize((std::max)(path.size(), std::size_t{103}), 'p');
  const Owned listener = listen_on(local(path));
  REQUIRE(os::local_address(listener.get()).host == path);
  REQUIRE(std::filesystem::exists(path));
  os::remove_socket_file(path);
  REQUIRE_FALSE(std::filesystem::exists(path));
}

TEST_CASE("an abstract name works where there are any, and is not supported elsewhere", "[os]") {
  if (!has_local_sockets()) return;
  const Address name = local(std::string("\0onesock test ", 14) + with_nul);
  const Owned listener = open_stream(Family::local);
  const std::error_code error = os::bind(listener.get(), name);
  if (!os::has_abstract_names) {
    REQUIRE(error == std::errc::not_supported);
    return;
  }
  REQUIRE_FALSE(error);
  REQUIRE_FALSE(os::listen(listener.get(), 1));
  REQUIRE(os::local_address(listener.get()) == name);
  const Owned client = connect_to(name);
  Address peer;
  const Owned server = accept_from(listener.get(), peer);
  echo_between(client.get(), server.get());
}

TEST_CASE("the file of a path is removed only if the path is meant whole", "[os]") {
  const std::string path = SocketFile("plain").path;
  std::ofstream(path) << "x";
  os::remove_socket_file(path + with_nul);
  os::remove_socket_file('\0' + path);
  os::remove_socket_file("");
  REQUIRE(std::filesystem::exists(path));
  os::remove_socket_file(path);
  REQUIRE_FALSE(std::filesystem::exists(path));
}

TEST_CASE("an address that is none is an invalid argument", "[os]") {
  const Owned socket = open_stream();
  for (const Address& bad :
       {Address{}, Address{"127.0.0.1", 80, Family::any}, Address{"localhost", 80, Family::ipv4},
        Address{"127.0.0.1", 65536, Family::ipv4}, Address{"127.0.0.1", -1, Family::ipv4},
        Address{"127.0.0.1", 80, Family::ipv6},
        Address{"fe80::1%no such zone", 80, Family::ipv6}}) {
    REQUIRE(os::bind(socket.get(), bad) == std::errc::invalid_argument);
    REQUIRE(os::connect(socket.get(), bad) == std::errc::invalid_argument);
  }
}

TEST_CASE("a zone is a number or the name of an interface", "[os]") {
  REQUIRE(os::zone_number("7") == 7);
  REQUIRE(os::zone_number("4294967295") == 4294967295u);
  REQUIRE(os::zone_number("4294967296") == 0);
  REQUIRE(os::zone_number("-1") == 0);
  REQUIRE(os::zone_number("1x") == 0);
  REQUIRE(os::zone_number("no such zone") == 0);
  REQUIRE(os::zone_number(os::zone_text(1)) == 1);
  REQUIRE(os::zone_text(4294967295u) == "4294967295");
}

TEST_CASE("an address with a zone survives the way through the system's form", "[os]") {
  const Address address{"fe80::1%" + os::zone_text(1), 65535, Family::ipv6};
  sockaddr_storage storage{};
  socklen_t size = 0;
  REQUIRE_FALSE(os::to_sockaddr(address, storage, size));
  REQUIRE(size == sizeof(sockaddr_in6));
  REQUIRE(os::from_sockaddr(storage, size) == address);
  REQUIRE(os::from_sockaddr(storage, 0).empty());
}

TEST_CASE("an address in use is told as such", "[os]") {
  const Owned listener = listen_on_loopback();
  const Owned second = open_stream();
  REQUIRE_FALSE(os::set_exclusive(second.get(), true));
  std::error_code error = os::bind(second.get(), os::local_address(listener.get()));
  if (!error) error = os::listen(second.get(), 1);
  REQUIRE(error == std::errc::address_in_use);
}

TEST_CASE("an address of another machine cannot be bound", "[os]") {
  const Owned socket = open_stream();
  const std::error_code error = os::bind(socket.get(), Address::from_ip("192.0.2.1", 0));
  REQUIRE(error == std::errc::address_not_available);
}

TEST_CASE("several listen on one address if each says so, where the system can", "[os]") {
  const Owned first = open_stream();
  const std::error_code error = os::set_exclusive(first.get(), false);
  if (error) {
    REQUIRE(error == std::errc::not_supported);
    return;
  }
  REQUIRE_FALSE(os::bind(first.get(), Address::from_ip("127.0.0.1", 0)));
  REQUIRE_FALSE(os::listen(first.get(), 1));
  const Address where = os::local_address(first.get());
  const Owned second = open_stream();
  REQUIRE_FALSE(os::set_exclusive(second.get(), false));
  REQUIRE_FALSE(os::bind(second.get(), where));
  REQUIRE_FALSE(os::listen(second.get(), 1));
  const Owned third = open_stream();
  REQUIRE_FALSE(os::set_exclusive(third.get(), true));
  REQUIRE(os::bind(third.get(), where) == std::errc::address_in_use);
}

TEST_CASE("a port whose connections linger can be listened on again", "[os]") {
  Owned listener = listen_on_loopback();
  const Address where = os::local_address(listener.get());
  Pair pair = connect_pair(listener.get());
  pair.server = Owned();  // closed first: this side has the TIME_WAIT
  REQUIRE(receive_some(pair.client.get()).empty());
  pair.client = Owned();
  listener = Owned();
  REQUIRE(os::local_address(listen_on(where).get()) == where);
}

TEST_CASE("an IPv6 wildcard takes IPv4 peers unless told not to", "[os]") {
  if (!has_ipv6()) {
    SUCCEED("this machine has no IPv6");
    return;
  }
  const bool ipv6_only = GENERATE(false, true);
  const Owned listener = open_stream(Family::ipv6);
  REQUIRE_FALSE(os::set_exclusive(listener.get(), true));
  REQUIRE_FALSE(os::set_ipv6_only(listener.get(), ipv6_only));
  REQUIRE_FALSE(os::bind(listener.get(), Address::from_ip("::", 0)));
  REQUIRE_FALSE(os::listen(listener.get(), 1));
  const int port = os::local_address(listener.get()).port;
  if (ipv6_only) {
    REQUIRE(connect_to(Address::from_ip("::1", port)).get() != Handle::invalid);
    const Owned other = open_stream();
    REQUIRE_FALSE(os::set_exclusive(other.get(), true));
    REQUIRE_FALSE(os::bind(other.get(), Address::from_ip("127.0.0.1", port)));
    return;
  }
  const Owned client = connect_to(Address::from_ip("127.0.0.1", port));
  Address peer;
  const Owned server = accept_from(listener.get(), peer);
  REQUIRE(peer.host == "::ffff:127.0.0.1");
  REQUIRE(peer.family == Family::ipv6);
}

TEST_CASE("a listener that somebody else made is adopted, and nothing else is", "[os]") {
  const Owned listener = listen_on_loopback();
#ifdef FD_CLOEXEC
  const int descriptor = os::native(listener.get());
  REQUIRE(::fcntl(descriptor, F_SETFD, 0) == 0);
  REQUIRE(::fcntl(descriptor, F_SETFL, 0) == 0);
#endif
  REQUIRE_FALSE(os::adopt_listener(listener.get()));
  REQUIRE_FALSE(is_inherited(listener.get()));
  Handle accepted = Handle::invalid;
  Address peer;
  REQUIRE(os::accept(listener.get(), accepted, peer) == std::errc::operation_would_block);
  const Pair pair = connect_pair(listener.get());
  echo_between(pair.client.get(), pair.server.get());

  REQUIRE(os::adopt_listener(pair.client.get()) == std::errc::invalid_argument);
  REQUIRE(is_closed_code(os::adopt_listener(Handle::invalid)));
}

TEST_CASE("accept with nobody waiting would block", "[os]") {
  const Owned listener = listen_on_loopback();
  Handle accepted = Handle::invalid;
  Address peer;
  REQUIRE(os::accept(listener.get(), accepted, peer) == std::errc::operation_would_block);
  REQUIRE(accepted == Handle::invalid);
  REQUIRE(peer.empty());
}

TEST_CASE("accept on what does not listen is no passing error", "[os]") {
  const Owned socket = open_stream();
  REQUIRE_FALSE(os::bind(socket.get(), Address::from_ip("127.0.0.1", 0)));
  Handle accepted = Handle::invalid;
  Address peer;
  REQUIRE(os::accept(socket.get(), accepted, peer) == std::errc::invalid_argument);
}

TEST_CASE("a connection that was reset before we had it does not break the listener", "[os]") {
  const Owned listener = listen_on_loopback();
  Owned gone = connect_to(os::local_address(listener.get()));
  os::close_with_reset(gone.release());
  Handle accepted = Handle::invalid;
  Address peer;
  const std::error_code error = os::accept(listener.get(), accepted, peer);
  const Owned first(accepted);
  REQUIRE((!error || error == std::errc::connection_aborted ||
           error == std::errc::operation_would_block));
  const Pair pair = connect_pair(listener.get());
  echo_between(pair.client.get(), pair.server.get());
}

TEST_CASE("connecting to every address reaches this machine", "[os]") {
  const std::string host = GENERATE(as<std::string>{}, "0.0.0.0", "::");
  if (host == "::" && !has_ipv6()) {
    SUCCEED("this machine has no IPv6");
    return;
  }
  const std::string loopback = host == "::" ? "::1" : "127.0.0.1";
  const Owned listener = listen_on(Address::from_ip(loopback, 0));
  const int port = os::local_address(listener.get()).port;
  const Owned client = connect_to(Address::from_ip(host, port));
  REQUIRE(os::peer_address(client.get()) == Address::from_ip(loopback, port));
}

TEST_CASE("a socket that meets itself is refused", "[os]") {
  const Owned socket = open_stream();
  REQUIRE_FALSE(os::bind(socket.get(), Address::from_ip("127.0.0.1", 0)));
  std::error_code error = os::connect(socket.get(), os::local_address(socket.get()));
  if (error == std::errc::operation_in_progress) {
    REQUIRE(wait_for(socket.get(), Interest::connect) == Interest::connect);
    error = os::connect_result(socket.get());
  }
  REQUIRE(error == std::errc::connection_refused);
}

TEST_CASE("a connect under way says so when asked too early", "[os]") {
  // A full listener that never accepts lets the next ones wait.
  const Owned listener = open_stream();
  REQUIRE_FALSE(os::bind(listener.get(), Address::from_ip("127.0.0.1", 0)));
  REQUIRE_FALSE(os::listen(listener.get(), 1));
  std::vector<Owned> clients;
  int under_way = 0;
  for (int count = 0; count < 20 && under_way == 0; ++count) {
    clients.push_back(open_stream());
    const std::error_code error =
        os::connect(clients.back().get(), os::local_address(listener.get()));
    if (!error) continue;
    REQUIRE(error == std::errc::operation_in_progress);
    const std::error_code result = os::connect_result(clients.back().get());
    if (result == std::errc::operation_in_progress) ++under_way;
  }
  REQUIRE(under_way == 1);
}

TEST_CASE("connecting to a path that is not there fails at once", "[os]") {
  if (!has_local_sockets()) return;
  const SocketFile file("missing.sock");
  const Owned client = open_stream(Family::local);
  const std::error_code error = os::connect(client.get(), local(file.path));
  REQUIRE(
      (error == std::errc::no_such_file_or_directory || error == std::errc::connection_refused));
}

TEST_CASE("receiving from a silent peer would block", "[os]") {
  const Pair pair = open_pair();
  REQUIRE(would_block(pair.client.get()));
  REQUIRE(would_block(pair.server.get()));
}

TEST_CASE("a peek tells of a byte and leaves it there", "[os]") {
  const Pair pair = open_pair();
  send_all(pair.client.get(), "abc");
  REQUIRE(wait_for(pair.server.get(), Interest::read) == Interest::read);
  for (int again = 0; again < 3; ++again) {
    std::size_t waiting = 7;
    REQUIRE_FALSE(os::peek(pair.server.get(), waiting));
    REQUIRE(waiting == 1);
  }
  REQUIRE(receive_some(pair.server.get()) == "abc");
  REQUIRE(would_block(pair.server.get()));
}

TEST_CASE("a FIN is 0, behind all bytes, as often as one asks", "[os]") {
  const Pair pair = open_pair();
  send_all(pair.client.get(), "last");
  REQUIRE_FALSE(os::shutdown_send(pair.client.get()));
  REQUIRE(receive_all(pair.server.get(), 4) == "last");
  for (int again = 0; again < 3; ++again) {
    REQUIRE(wait_for(pair.server.get(), Interest::read) == Interest::read);
    std::size_t waiting = 7;
    REQUIRE_FALSE(os::peek(pair.server.get(), waiting));
    REQUIRE(waiting == 0);
    REQUIRE(receive_some(pair.server.get()).empty());
  }
  // Half closed: the other way is still open.
  send_all(pair.server.get(), "answer");
  REQUIRE(receive_all(pair.client.get(), 6) == "answer");
}

TEST_CASE("a reset by the peer is connection_reset", "[os]") {
  Pair pair = open_pair();
  os::close_with_reset(pair.client.release());
  REQUIRE(wait_for(pair.server.get(), Interest::read) == Interest::read);
  char letter = 0;
  std::size_t count = 7;
  REQUIRE(os::receive(pair.server.get(), &letter, 1, count) == std::errc::connection_reset);
  REQUIRE(count == 7);
}

TEST_CASE("a peek tells of a reset too", "[os]") {
  Pair pair = open_pair();
  os::close_with_reset(pair.client.release());
  REQUIRE(wait_for(pair.server.get(), Interest::read) == Interest::read);
  std::size_t waiting = 7;
  REQUIRE(os::peek(pair.server.get(), waiting) == std::errc::connection_reset);
}

TEST_CASE("sending on a connection that is gone is an error and no signal", "[os]") {
  Pair pair = open_pair();
  os::close_with_reset(pair.server.release());
  REQUIRE(wait_for(pair.client.get(), Interest::read) == Interest::read);
  for (int again = 0; again < 3; ++again) {
    std::size_t sent = 7;
    const std::error_code error = os::send(pair.client.get(), "x", 1, sent);
    REQUIRE((error == std::errc::connection_reset || error == std::errc::broken_pipe));
    REQUIRE(sent == 7);
  }
}

TEST_CASE("sending after our own FIN is broken_pipe and no signal", "[os]") {
  const Pair pair = open_pair();
  REQUIRE_FALSE(os::shutdown_send(pair.client.get()));
  std::size_t sent = 7;
  REQUIRE(os::send(pair.client.get(), "x", 1, sent) == std::errc::broken_pipe);
  REQUIRE(sent == 7);
}

TEST_CASE("a FIN can be sent once more, but not on what was never connected", "[os]") {
  const Pair pair = open_pair();
  REQUIRE_FALSE(os::shutdown_send(pair.client.get()));
  REQUIRE_FALSE(os::shutdown_send(pair.client.get()));
  const Owned never = open_stream();
  REQUIRE(os::shutdown_send(never.get()) == std::errc::not_connected);
}

TEST_CASE("a send takes what there is room for and loses nothing", "[os]") {
  const Pair pair = open_pair();
  std::string block(4 * 1024 * 1024, '\0');
  for (std::size_t index = 0; index < block.size(); ++index)
    block[index] = static_cast<char>(index / 1000 % 251);
  std::size_t done = 0;
  while (done < block.size()) {
    std::size_t sent = 0;
    const std::error_code error =
        os::send(pair.client.get(), block.data() + done, block.size() - done, sent);
    if (error) {
      const bool full = error == std::errc::operation_would_block;
      REQUIRE((full || error == std::errc::no_buffer_space));
      break;
    }
    REQUIRE(sent > 0);
    REQUIRE(sent <= os::transfer_limit);
    done += sent;
  }
  REQUIRE(done > 0);
  REQUIRE((receive_all(pair.server.get(), done) == block.substr(0, done)));
}

TEST_CASE("a peer that reads nothing makes a send block in the end", "[os]") {
  const Pair pair = open_pair();
  const std::string block(64 * 1024, 'x');
  std::error_code error;
  std::size_t sent = 0;
  std::size_t total = 0;
  while (!error && total < 256 * 1024 * 1024) {
    error = os::send(pair.client.get(), block.data(), block.size(), sent);
    if (!error) total += sent;
  }
  REQUIRE(error == std::errc::operation_would_block);
  REQUIRE(would_block(pair.client.get()));
}

TEST_CASE("a closed handle is told by every call", "[os]") {
  const Handle closed = open_stream().release();
  os::close(closed);
  char letter = 0;
  std::size_t count = 0;
  Handle accepted = Handle::invalid;
  Address peer;
  REQUIRE(is_closed_code(os::set_exclusive(closed, true)));
  REQUIRE(is_closed_code(os::bind(closed, Address::from_ip("127.0.0.1", 0))));
  REQUIRE(is_closed_code(os::listen(closed, 1)));
  REQUIRE(is_closed_code(os::accept(closed, accepted, peer)));
  REQUIRE(is_closed_code(os::connect(closed, Address::from_ip("127.0.0.1", 1))));
  REQUIRE(is_closed_code(os::connect_result(closed)));
  REQUIRE(is_closed_code(os::receive(closed, &letter, 1, count)));
  REQUIRE(is_closed_code(os::peek(closed, count)));
  REQUIRE(is_closed_code(os::send(closed, &letter, 1, count)));
  REQUIRE(is_closed_code(os::shutdown_send(closed)));
  REQUIRE(os::local_address(closed).empty());
  REQUIRE(os::peer_address(closed).empty());
  os::set_no_delay(closed, true);
  os::set_keep_alive(closed, true, std::chrono::seconds(1));
  os::close(Handle::invalid);
  os::close_with_reset(Handle::invalid);
}

TEST_CASE("small writes leave at once, or are gathered, as told", "[os]") {
  const Pair pair = open_pair();
  for (const bool no_delay : {true, false}) {
    os::set_no_delay(pair.client.get(), no_delay);
    REQUIRE((int_option(pair.client.get(), IPPROTO_TCP, TCP_NODELAY) != 0) == no_delay);
  }
}

TEST_CASE("what one connect asks of its socket is not the next one's; what a call sets stays",
          "[os]") {
  support::TestLoop loop;
  onesock::Server server(loop, [](onesock::Socket& client) { client.resume(); });
  server.listen(0, "127.0.0.1").unref();
  const onesock::Socket client(loop);
  // "delay", or "-"; "alive", or "-".
  const auto options_of = [&](onesock::ConnectOptions options, bool set_meanwhile = false) {
    std::string found;
    options.port = server.address().port;
    options.host = "127.0.0.1";
    client.connect(options, [&](onesock::Socket& connected) {
      const Handle handle = static_cast<Handle>(connected.native_handle());
      found = int_option(handle, IPPROTO_TCP, TCP_NODELAY) != 0 ? "- " : "delay ";
      found += int_option(handle, SOL_SOCKET, SO_KEEPALIVE) != 0 ? "alive" : "-";
      connected.end();
    });
    if (set_meanwhile) client.set_no_delay(true).set_keep_alive(false);
    loop.run();
    return found;
  };
  onesock::ConnectOptions unusual;
  unusual.no_delay = false;
  unusual.keep_alive = true;
  CHECK(options_of(unusual) == "delay alive");
  CHECK(options_of({}) == "- -");
  CHECK(options_of(unusual, true) == "- -");
  client.set_no_delay(false).set_keep_alive();
  CHECK(options_of({}) == "delay alive");
  CHECK(options_of({}) == "delay alive");
}

TEST_CASE("keep-alive is set with its idle time, in seconds rounded up", "[os]") {
  const Pair pair = open_pair();
  const Handle socket = pair.client.get();
  os::set_keep_alive(socket, true, std::chrono::milliseconds(61001));
  REQUIRE(int_option(socket, SOL_SOCKET, SO_KEEPALIVE) != 0);
#ifdef __linux__
  REQUIRE(int_option(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 62);
  os::set_keep_alive(socket, true, (std::chrono::milliseconds::max)());
  REQUIRE(int_option(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 32767);
  os::set_keep_alive(socket, true, std::chrono::milliseconds(0));
  REQUIRE(int_option(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 32767);
#endif
  os::set_keep_alive(socket, false, std::chrono::seconds(1));
  REQUIRE(int_option(socket, SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("no handle is inherited by a child process", "[os]") {
  const Owned listener = listen_on_loopback();
  const Pair pair = connect_pair(listener.get());
  os::Waker waker;
  REQUIRE_FALSE(os::open_waker(waker));
  const Owned reader(waker.reader);
  const Owned writer(waker.writer == waker.reader ? Handle::invalid : waker.writer);
  const Owned spare(os::open_spare());
  REQUIRE_FALSE(is_inherited(listener.get()));
  REQUIRE_FALSE(is_inherited(pair.client.get()));
  REQUIRE_FALSE(is_inherited(pair.server.get()));
  REQUIRE_FALSE(is_inherited(waker.reader));
  REQUIRE_FALSE(is_inherited(waker.writer));
  if (spare.get() != Handle::invalid) REQUIRE_FALSE(is_inherited(spare.get()));
}

TEST_CASE("when no descriptor is left every call says so, and the spare one helps", "[os]") {
  const Owned listener = listen_on_loopback();
  const Owned client = connect_to(os::local_address(listener.get()));
  REQUIRE(wait_for(listener.get(), Interest::read) == Interest::read);
  std::vector<Owned> held;
  do {
    held.emplace_back(os::open_spare());
  } while (held.back().get() != Handle::invalid && held.size() < 100000);
  held.pop_back();
  if (held.empty() || held.size() >= 99999) {
    SUCCEED("this system has no such end, or a far one");
    return;
  }
  Handle opened = Handle::invalid;
  Address peer;
  os::Waker waker;
  REQUIRE(os::open_stream(Family::ipv4, opened) == std::errc::too_many_files_open);
  REQUIRE(os::open_waker(waker) == std::errc::too_many_files_open);
  REQUIRE(waker.reader == Handle::invalid);
  REQUIRE(os::accept(listener.get(), opened, peer) == std::errc::too_many_files_open);
  REQUIRE(opened == Handle::invalid);
  held.pop_back();
  // One is not enough for a waker, and it gives back what it took.
  REQUIRE(os::open_waker(waker) == std::errc::too_many_files_open);
  REQUIRE_FALSE(os::accept(listener.get(), opened, peer));
  os::close(opened);
}

TEST_CASE("a waker wakes once however often it is called, until it is called again", "[os]") {
  os::Waker waker;
  REQUIRE_FALSE(os::open_waker(waker));
  REQUIRE_FALSE(is_readable(waker.reader));
  for (const int times : {1, 2, 1000}) {
    for (int count = 0; count < times; ++count) os::wake(waker);
    REQUIRE(wait_for(waker.reader, Interest::read) == Interest::read);
    REQUIRE(is_readable(waker.reader));
    os::drain(waker);
    REQUIRE_FALSE(is_readable(waker.reader));
  }
  os::drain(waker);
  REQUIRE_FALSE(is_readable(waker.reader));
  os::close_waker(waker);
  REQUIRE(waker.reader == Handle::invalid);
  REQUIRE(waker.writer == Handle::invalid);
  os::close_waker(waker);
}

TEST_CASE("waking what is full of wake-ups never blocks and keeps errno", "[os]") {
  os::Waker waker;
  REQUIRE_FALSE(os::open_waker(waker));
  errno = ERANGE;
  // A pipe holds 64 KiB, a datagram socket some hundreds.
  const int enough = waker.reader == waker.writer ? 2000 : 70000;
  for (int count = 0; count < enough; ++count) os::wake(waker);
  REQUIRE(errno == ERANGE);
  REQUIRE(is_readable(waker.reader));
  os::drain(waker);
  REQUIRE_FALSE(is_readable(waker.reader));
  os::close_waker(waker);
}

TEST_CASE("other threads wake a wait", "[os]") {
  os::Waker waker;
  REQUIRE_FALSE(os::open_waker(waker));
  for (int round = 0; round < 50; ++round) {
    support::Thread other([&waker] { os::wake(waker); });
    const Interest ready = wait_for(waker.reader, Interest::read);
    other.join();
    REQUIRE(ready == Interest::read);
    os::drain(waker);
  }
  os::close_waker(waker);
}

namespace {
os::Waker waker_of_handler;
}  // namespace

TEST_CASE("a signal handler may wake", "[os]") {
  REQUIRE_FALSE(os::open_waker(waker_of_handler));
  const auto before = std::signal(SIGINT, [](int) { os::wake(waker_of_handler); });
  REQUIRE(std::raise(SIGINT) == 0);
  std::signal(SIGINT, before);
  REQUIRE(wait_for(waker_of_handler.reader, Interest::read) == Interest::read);
  os::close_waker(waker_of_handler);
}

#ifdef ONESOCK_NO_THREADS

TEST_CASE("without threads none is started", "[os]") {
  REQUIRE_FALSE(os::start_thread([](void*) {}, nullptr));
}

#else

namespace {

/// What `work` returns on a thread of os::start_thread().
template <typename Work>
auto answer_of_thread(Work work) {
  struct Task {
    Work work;
    os::Waker told;
    std::optional<decltype(work())> answer;
  } task{work, {}, {}};
  REQUIRE_FALSE(os::open_waker(task.told));
  const auto run = [](void* argument) {
    Task& mine = *static_cast<Task*>(argument);
    mine.answer = mine.work();
    os::wake(mine.told);
  };
  REQUIRE(os::start_thread(run, &task));
  REQUIRE(wait_for(task.told.reader, Interest::read) == Interest::read);
  os::close_waker(task.told);
  return *task.answer;
}

thread_local int of_this_thread = 0;

}  // namespace

TEST_CASE("a started thread is another one and has its argument", "[os]") {
  of_this_thread = 1;
  REQUIRE(answer_of_thread([] { return of_this_thread; }) == 0);
  const std::string text = "of the starter";
  REQUIRE(answer_of_thread([text] { return text; }) == text);
}

TEST_CASE("a started thread has room on its stack and can resolve", "[os]") {
  const auto work = [] {
    volatile char room[64 * 1024];
    for (std::size_t index = 0; index < sizeof(room); index += 1024) room[index] = 1;
    std::vector<Address> addresses;
    const std::error_code error = os::resolve("localhost", Family::any, addresses);
    return !error && !addresses.empty();
  };
  REQUIRE(answer_of_thread(work));
}

TEST_CASE("a thread's value is its own, and there when its thread_local objects go", "[os]") {
  static void* found = nullptr;
  struct AsksAtTheEnd {
    ~AsksAtTheEnd() { found = os::thread_value(); }
  };
  void* const mine = os::thread_value();
  int theirs = 0;
  support::Thread other([&theirs] {
    static thread_local AsksAtTheEnd last;
    found = os::thread_value();
    if (found == nullptr) os::set_thread_value(&theirs);
  });
  other.join();
  REQUIRE(found == &theirs);
  REQUIRE(os::thread_value() == mine);
}

#ifdef SIGUSR1
TEST_CASE("a started thread leaves signals to the others", "[os]") {
  const auto work = [] {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGUSR1) == 1;
  };
  REQUIRE(answer_of_thread(work));
  REQUIRE_FALSE(work());
}
#endif

#endif

TEST_CASE("localhost is this machine, each address once, without a port", "[os]") {
  std::vector<Address> addresses;
  REQUIRE_FALSE(os::resolve("localhost", Family::any, addresses));
  REQUIRE_FALSE(addresses.empty());
  for (const Address& address : addresses) {
    REQUIRE(std::count(addresses.begin(), addresses.end(), address) == 1);
    REQUIRE(address.port == 0);
    REQUIRE((address.host == "::1" || address.host.rfind("127.", 0) == 0));
  }
}

TEST_CASE("only addresses of the family asked for are told", "[os]") {
  std::vector<Address> addresses;
  REQUIRE_FALSE(os::resolve("localhost", Family::ipv4, addresses));
  for (const Address& address : addresses) REQUIRE(address.family == Family::ipv4);
  std::vector<Address> others;
  const std::error_code error = os::resolve("localhost", Family::ipv6, others);
  // A hosts file may not have it; and without a network nobody else can be asked.
  const bool is_unknown =
      error == onesock::ResolveError::not_found || error == onesock::ResolveError::try_again;
  REQUIRE((error ? is_unknown : others[0].host == "::1"));
}

TEST_CASE("an IP address resolves to itself", "[os]") {
  std::vector<Address> addresses;
  REQUIRE_FALSE(os::resolve("127.0.0.7", Family::any, addresses));
  REQUIRE(addresses == std::vector<Address>{Address::from_ip("127.0.0.7", 0)});
}

TEST_CASE("a name that does not resolve says so and leaves the list alone", "[os]") {
  std::vector<Address> addresses = {Address::from_ip("127.0.0.1", 1)};
  const std::error_code error = os::resolve("x.invalid", Family::any, addresses);
  REQUIRE(std::string(error.category().name()) == onesock::resolve_category().name());
  REQUIRE(error.value() != 0);
  REQUIRE(addresses.size() == 1);
}

TEST_CASE("what can be no name is not found", "[os]") {
  for (const std::string& bad : {std::string(), std::string(256, 'a'), "localhost" + with_nul}) {
    std::vector<Address> addresses;
    const std::error_code error = os::resolve(bad, Family::any, addresses);
    REQUIRE(error == onesock::ResolveError::not_found);
    REQUIRE(addresses.empty());
  }
}

#endif
