// onesock: what the blocking half's tests share: a connected pair, a closed port, a black hole.
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"
#include "onesock.hpp"
#include "support.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using support::patience;

/// A listener on a free port of 127.0.0.1.
inline onesock::Acceptor listening_acceptor() {
  onesock::Acceptor acceptor;
  acceptor.set_timeout(patience);
  REQUIRE(acceptor.listen(0, "127.0.0.1"));
  return acceptor;
}

/// Both ends of a connection, `client` the one that connected.
struct BlockingPair {
  BlockingPair() {
    client.set_timeout(patience);
    REQUIRE(client.connect(acceptor.address().port, "127.0.0.1"));
    auto accepted = acceptor.accept();
    REQUIRE(accepted);
    peer = std::move(*accepted);
    peer.set_timeout(patience);
  }

  onesock::Acceptor acceptor = listening_acceptor();
  onesock::Client client;
  onesock::Client peer;
};

/// A port where nobody listens.
inline int closed_port() {
  return listening_acceptor().address().port;
}

/// The bytes as text, or a word for nothing.
inline std::string text(const std::optional<onesock::Buffer>& bytes) {
  return bytes ? bytes->utf8() : "(nothing)";
}

/// A listener on every IPv4 address whose queue is full: Linux drops the next SYN, so that a
/// connect to any 127.x.x.x gets no answer.
struct Blackhole {
  Blackhole() {
    onesock::ListenOptions options;
    options.host = "0.0.0.0";
    options.backlog = 1;
    REQUIRE(acceptor.listen(options));
    bool full = false;
    while (!full && waiting.size() < 8) {
      waiting.emplace_back();
      waiting.back().set_timeout(std::chrono::milliseconds(100));
      full = !waiting.back().connect(port(), "127.0.0.1");
    }
    REQUIRE(full);
  }
  int port() const { return acceptor.address().port; }

  onesock::Acceptor acceptor;
  std::vector<onesock::Client> waiting;
};
