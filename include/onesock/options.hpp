// onesock: the options of listen, of a server and of connect; every field has its default.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "address.hpp"
#include "block_list.hpp"
#include "error.hpp"

ONESOCK_BEGIN_NAMESPACE

/// Where and how a Server or an Acceptor listens. Mirrors Node's `server.listen(options)`.
///
/// C++20: `server.listen({.port = 6666, .host = "127.0.0.1"})`; C++17: `{6666, "127.0.0.1"}`.
struct ListenOptions {
  /// 0 to 65535; 0 lets the system choose one (ask address().port).
  int port = 0;
  /// An IP address, or a name (the first address of it is taken). Left out: every address of this
  /// machine, IPv6 and IPv4 together ("::"), or "0.0.0.0" where there is no IPv6, or none that
  /// takes IPv4 (OpenBSD).
  std::string host = {};
  /// True: nobody else gets this address, on any system. False: several processes or threads may
  /// listen on it if each says so, and the system spreads the connections; where it cannot, the
  /// error is ENOTSUP.
  bool exclusive = true;
  /// How many connections may wait to be accepted; the system may cut it.
  int backlog = 511;
  /// True: an IPv6 wildcard takes no IPv4 peers. OpenBSD: always so.
  bool ipv6_only = false;
  /// Listen on this Unix-domain socket instead of a port. The file is removed on close. A leading
  /// NUL makes it an abstract name (Linux).
  std::string path = {};
};

/// How a Server treats the connections it accepts. Mirrors Node's `net.createServer(options)`.
struct ServerOptions {
  /// False: after `end`, what is queued is written out, then our side ends too.
  bool allow_half_open = false;
  /// True: nothing is read from a connection until its resume().
  bool pause_on_connect = false;
  /// TCP_NODELAY: small writes leave at once (Node's default is off).
  bool no_delay = true;
  /// SO_KEEPALIVE: the system probes an idle peer.
  bool keep_alive = false;
  /// How long it is idle before the first probe; 0: the system's own time.
  std::chrono::milliseconds keep_alive_initial_delay{0};
  /// Peers that are accepted and closed at once; told as `drop`.
  BlockList block_list = {};
};

/// The answer of a look-up: an error, or the addresses (their ports are ignored).
using LookupAnswer = std::function<void(const Error&, const std::vector<Address>&)>;
/// A resolver of your own: called on the loop's thread with the host and the family wanted; calls
/// `answer` once, at once or later, on the loop's thread (from elsewhere: through Loop::post). If
/// it throws, the exception passes out of run(), and the look-up has failed: EAI_FAIL.
using LookupFunction =
    std::function<void(const std::string& host, Family family, LookupAnswer answer)>;

/// Whom and how to connect. Mirrors Node's `socket.connect(options)`.
struct ConnectOptions {
  /// 1 to 65535 (0 is told as refused, by the system).
  int port = 0;
  /// An IP address, which needs no look-up and no thread, or a name.
  std::string host = "localhost";
  /// Connect to this Unix-domain socket instead of a port.
  std::string path = {};
  /// Only addresses of this family; `any`: both.
  Family family = Family::any;
  /// The IP address to connect from; "": the system chooses.
  std::string local_address = {};
  /// The port to connect from; 0: the system chooses.
  int local_port = 0;
  /// One deadline for the look-up and every attempt: ETIMEDOUT. 0: none but the system's.
  std::chrono::milliseconds timeout{0};
  /// Replaces the system's resolver. A Client does not ask it: it has no loop.
  LookupFunction lookup = {};
  /// False: after `end`, what is queued is written out, then our side ends too.
  bool allow_half_open = false;
  /// TCP_NODELAY: small writes leave at once (Node's default is off).
  bool no_delay = true;
  /// SO_KEEPALIVE: the system probes an idle peer.
  bool keep_alive = false;
  /// How long it is idle before the first probe; 0: the system's own time.
  std::chrono::milliseconds keep_alive_initial_delay{0};
  /// Addresses that are not tried: they fail as ERR_IP_BLOCKED.
  BlockList block_list = {};
};

ONESOCK_END_NAMESPACE
