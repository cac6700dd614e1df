// onesock: three clients, one after another, send bytes to an echo server and compare them; what
// each of them saw is printed. For faults_test.py, which has calls of the system fail meanwhile.
// SPDX-License-Identifier: MIT
//
//   fault_peer events LISTEN CONNECT BYTES     one loop for all; the hosts, LISTEN may be "any"
//   fault_peer blocking BYTES                  Client and Acceptor; BYTES must fit into the
//                                              system's buffers

#include "onesock.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace {

std::string pattern(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t place = 0; place < bytes; ++place)
    text[place] = static_cast<char>('a' + place * place % 23);
  return text;
}

/// What one of them saw, in order.
struct Actor {
  std::string name;
  std::string story = {};
  void note(const std::string& what) { story += " " + what; }
  void note(const onesock::Error& error) { note("error(" + error.message() + ")"); }
  void note_close(bool had_error) { note(had_error ? "close(true)" : "close(false)"); }
};

class Events {
 public:
  Events(const std::string& listen_host, std::string host, std::size_t bytes)
      : listen_host_(listen_host == "any" ? "" : listen_host),
        host_(std::move(host)),
        sent_(pattern(bytes)) {}

  void run() {
    loop_
        .set_timeout(std::chrono::seconds(20),
                     [this] {
                       actors_[0].note("HANG");
                       loop_.stop();
                     })
        .unref();
    server_.on_connection([this](onesock::Socket& peer) { serve(peer); });
    server_.on_listening([this] {
      address_ = server_.address();
      start_client();
    });
    server_.on_error([this](const onesock::Error& error) {
      actors_[0].note(error);
      // Once more: what failed must not be in the way.
      if (error.operation() == "listen" && !std::exchange(listened_twice_, true)) {
        server_.listen({0, listen_host_});
      }
    });
    server_.on_close([this] { actors_[0].note("closed"); });
    server_.listen({0, listen_host_});
    loop_.run();
    for (const auto& actor : actors_) std::cout << actor.name << ":" << actor.story << '\n';
    std::cout << "listened on " << (address_.empty() ? "nothing known" : address_.host)
              << std::endl;
  }

 private:
  void serve(onesock::Socket& peer) {
    auto& actor = actors_[0];
    actor.note("connection");
    peer.on_data([&peer](onesock::BufferView data) { peer.write(data); });
    peer.on_error([&actor](const onesock::Error& error) { actor.note(error); });
    peer.on_close([&actor](bool had_error) { actor.note_close(had_error); });
  }

  void start_client() {
    if (actors_.size() == 4) {
      server_.close();
      return;
    }
    actors_.push_back({"C" + std::to_string(actors_.size())});
    auto& actor = actors_.back();
    received_.clear();
    const auto client = onesock::connect(loop_, {address_.port, host_});
    client.on_connect([&actor, this](onesock::Socket& socket) {
      actor.note("connect");
      socket.write(sent_);
    });
    client.on_data([&actor, client, this](onesock::BufferView data) {
      received_ += data.raw();
      if (received_.size() < sent_.size()) return;
      actor.note(received_ == sent_ ? "ok" : "WRONG");
      client.end();
    });
    client.on_error([&actor](const onesock::Error& error) { actor.note(error); });
    client.on_close([&actor, this](bool had_error) {
      actor.note_close(had_error);
      start_client();
    });
  }

  const std::string listen_host_;
  const std::string host_;
  const std::string sent_;
  std::string received_;
  // First the server's; reserved, as the listeners hold references.
  std::vector<Actor> actors_ = [] {
    std::vector<Actor> actors;
    actors.reserve(4);
    actors.push_back({"S"});
    return actors;
  }();
  onesock::Address address_;
  bool listened_twice_ = false;
  onesock::Loop loop_;
  onesock::Server server_{loop_};
};

/// One step: "name", or "name(error)".
template <typename Endpoint>
bool step(const std::string& name, bool done, const Endpoint& endpoint) {
  std::cout << name;
  if (!done) std::cout << '(' << endpoint.error() << ')';
  std::cout << '\n';
  return done;
}

bool talk(onesock::Acceptor& acceptor, const std::string& sent) {
  onesock::Client client;
  client.set_timeout(std::chrono::seconds(10));
  if (!step("connect", client.connect(acceptor.address().port, "127.0.0.1"), client)) return false;
  auto peer = acceptor.accept();
  if (!step("accept", peer.has_value(), acceptor)) {
    peer = acceptor.accept();
    if (!step("accept", peer.has_value(), acceptor)) return false;
  }
  peer->set_timeout(std::chrono::seconds(10));
  if (!step("write", client.write(sent), client)) return false;
  const auto received = peer->read_exactly(sent.size());
  if (!step("read", received.has_value(), *peer)) return false;
  std::cout << (received->raw() == sent ? "ok\n" : "WRONG\n");
  if (!step("end", client.end(), client)) return false;
  return step("at the end", !peer->read() && !peer->error(), *peer);
}

void run_blocking(std::size_t bytes) {
  onesock::Acceptor acceptor;
  acceptor.set_timeout(std::chrono::seconds(10));
  if (!step("listen", acceptor.listen(0, "127.0.0.1"), acceptor) &&
      !step("listen", acceptor.listen(0, "127.0.0.1"), acceptor)) {
    return;
  }
  const auto sent = pattern(bytes);
  for (int tries = 0; tries < 2; ++tries) talk(acceptor, sent);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) return 2;
  try {
    const std::size_t bytes = std::stoul(arguments.back());
    if (arguments[0] == "blocking") {
      run_blocking(bytes);
    } else if (arguments.size() == 4) {
      Events(arguments[1], arguments[2], bytes).run();
    }
  } catch (const onesock::Failure& failure) {
    std::cout << "failure: " << failure.what() << std::endl;
  }
  return 0;
}
